//! How a request stands, in the words that notices know, and for whom it waits. Decides nothing; `compose.rs` puts it into
//! mails and `lifecycle.rs` into the digest.

use crate::domain::erasure::ErasureFacts;
use crate::domain::notice::{Standing, WaitsFor};
use crate::domain::request::{Blocker, Check, Outcome, PlanState, Request, Stage};

/// Where a request stands, for people: why it stands still wins over where.
pub(super) fn standing(request: &Request) -> Standing {
    if let Some(blocker) = request.blocker {
        return match blocker {
            Blocker::NeedsClarification => Standing::NeedsClarification,
            Blocker::SenderUnauthenticated => Standing::SenderUnauthenticated,
            Blocker::NeedsSecondFactor => Standing::NeedsSecondFactor,
            Blocker::Undeliverable => Standing::Undeliverable,
            Blocker::ConnectorDown => Standing::ConnectorDown,
            Blocker::PlanDrift => Standing::PlanDrift,
            Blocker::StaffQuestion => Standing::StaffQuestion,
            Blocker::LegalHold => Standing::LegalHold,
            Blocker::Anomaly => Standing::Anomaly,
        };
    }
    match &request.stage {
        Stage::Recorded { .. } => Standing::Recorded,
        Stage::AwaitingVerification { check: Check::Frozen { .. }, .. } => Standing::Anomaly,
        Stage::AwaitingVerification { .. } => Standing::AwaitingVerification,
        Stage::AwaitingApproval { .. } => Standing::AwaitingApproval,
        Stage::CoolingOff { .. } => Standing::CoolingOff,
        Stage::Executing { .. } => Standing::Executing,
        Stage::Delivering { .. } => Standing::Delivering,
        Stage::Closed { outcome, .. } => match outcome {
            Outcome::Completed if request.erasure.as_ref().is_some_and(ErasureFacts::is_partial) => {
                Standing::CompletedPartly
            }
            Outcome::Completed => Standing::Completed,
            Outcome::Refused(_) => Standing::Refused,
            Outcome::Withdrawn => Standing::Withdrawn,
            Outcome::Expired => Standing::Expired,
        },
    }
}

/// Whom an open request waits for, as its blocker says, else its stage.
pub(super) fn waits_for(request: &Request) -> WaitsFor {
    match (request.blocker, &request.stage) {
        (Some(Blocker::NeedsClarification | Blocker::StaffQuestion), _) => WaitsFor::Customer,
        (Some(Blocker::ConnectorDown), _) => WaitsFor::Operator,
        (
            Some(
                Blocker::SenderUnauthenticated
                | Blocker::NeedsSecondFactor
                | Blocker::Undeliverable
                | Blocker::PlanDrift
                | Blocker::LegalHold,
            ),
            _,
        )
        | (None, Stage::Recorded { .. } | Stage::AwaitingApproval { plan: PlanState::Frozen, .. }) => {
            WaitsFor::Staff
        }
        (None, Stage::AwaitingVerification { check: Check::NoMatch | Check::Challenged { .. }, .. }) => {
            WaitsFor::Customer
        }
        // Beyond the limit of a day a deletion goes on by itself.
        (Some(Blocker::Anomaly), _)
        | (
            None,
            Stage::AwaitingVerification { check: Check::Resolving | Check::Frozen { .. }, .. }
            | Stage::AwaitingApproval { plan: PlanState::Planning, .. }
            | Stage::CoolingOff { .. }
            | Stage::Executing { .. }
            | Stage::Delivering { .. }
            | Stage::Closed { .. },
        ) => WaitsFor::Nobody,
    }
}
