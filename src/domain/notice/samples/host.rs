//! Samples of notices to staff that are about no request: a source, a mail in quarantine, senders who are not believed.
//! Invented people only. `../samples.rs` has the others.

use super::{at, company};
use crate::domain::ids::StaffName;
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
