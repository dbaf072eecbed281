//! Samples of notices to staff that are about no request: a source, a mail in quarantine, senders who are not believed.
//! Invented people only. `../samples.rs` has the others.

use super::{at, company};
use crate::domain::ids::{Reference, StaffName};
use crate::domain::notice::{AttentionReason, AttentionText, Notice};
use jiff::civil::date;

/// What is about no request.
pub(super) fn attention() -> Vec<Notice> {
    let reasons = [
        AttentionReason::ConnectorDown { source: "telephony".into(), since: at(date(2026, 3, 3), 2, 40) },
        AttentionReason::Quarantine {
            mailbox: "support".into(),
            id: "q-17".into(),
            why: "two From lines".into(),
        },
        AttentionReason::Impostor { by: StaffName::parse("meera") },
        AttentionReason::Impostor { by: None },
        AttentionReason::ManyUnproven,
        AttentionReason::HoldReview {
            id: "H-7K3M9Q".into(),
            covers: vec!["account".into(), "category".into()],
            citation: "Order 4/25 of the Delhi High Court".into(),
            owner: "meera".into(),
            placed: date(2026, 3, 2),
            review_on: date(2026, 6, 1),
            request: Reference::parse("DSR-7K3M-9Q2X"),
        },
    ];
    reasons
        .into_iter()
        .map(|reason| {
            Notice::Attention(AttentionText {
                reference: None,
                kind: None,
                company: company(),
                about: reason,
                received: None,
                due: None,
            })
        })
        .collect()
}
