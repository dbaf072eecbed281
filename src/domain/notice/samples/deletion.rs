//! Samples of the notices about a deletion: as it is agreed, as it is done in full and in part, and as the rest goes.
//! `samples.rs` says when they are used.

use super::{RECEIVED, about, asked, asked_widely, at, rights};
use crate::domain::left::{Left, Rows};
use crate::domain::notice::{
    ApprovedText, AttentionReason, CompletedDeleteText, DeletedLine, KeptPart, Notice, ObligationSettledText,
    OnFile,
};
use crate::domain::request::{Ground, Kind};
use jiff::civil::date;

fn line(category: &str, rows: u64, files: u64) -> DeletedLine {
    DeletedLine { category: category.into(), rows, files }
}

fn kept() -> Vec<KeptPart> {
    let part = |category: &str, ground, citation: &str| KeptPart {
        category: category.into(),
        rows: 5,
        ground,
        citation: citation.into(),
        from: None,
        until: None,
    };
    let law = part("Invoices", Ground::StatutoryRetention, "Income-tax Rules 1962, rule 6F(5)");
    vec![
        KeptPart { from: Some(date(2032, 1, 1)), until: Some(date(2033, 1, 1)), ..law.clone() },
        KeptPart { from: Some(date(2032, 1, 1)), until: Some(date(2032, 1, 1)), rows: 1, ..law.clone() },
        part("Recordings", Ground::LegalHold, "Order of the Delhi High Court of 4 March 2026"),
        part("Notes", Ground::NotCovered, "They tell about nobody."),
    ]
}

/// Rows went, and nothing else left.
pub(super) fn left(rows: Rows) -> Left {
    Left { rows, ..Left::default() }
}

/// Why staff must look at a deletion.
pub(super) fn attention(requester: &OnFile) -> [AttentionReason; 8] {
    let not_me = |rows| AttentionReason::NotMe { requester: requester.clone(), left: left(rows) };
    [
        AttentionReason::AllHeld { citations: vec!["Order of the Delhi High Court of 4 March 2026".into()] },
        AttentionReason::NeedsTwoApprovers,
        AttentionReason::ManyDeletions { accounts: 5, rows: None },
        AttentionReason::ManyDeletions { accounts: 26, rows: Some(104_220) },
        AttentionReason::BackupsOverdue { source: "telephony".into() },
        not_me(Rows::Going),
        not_me(Rows::Gone),
        AttentionReason::Withdrawn { requester: requester.clone(), left: left(Rows::Going) },
    ]
}

/// Every sample.
pub(super) fn all() -> Vec<Notice> {
    let approved = ApprovedText {
        about: about(Kind::Delete),
        asked: asked(),
        begins: at(date(2026, 3, 6), 11, 5),
        deleted: vec![line("Call logs", 1_204, 0), line("Recordings", 87, 0)],
        kept: kept(),
    };
    let nothing_kept = ApprovedText { kept: Vec::new(), ..approved.clone() };
    let completed = CompletedDeleteText {
        about: about(Kind::Delete),
        asked: asked_widely(),
        deleted: vec![line("Call logs", 1_204, 0), line("Recordings", 87, 86)],
        kept: kept(),
        backups_until: Some(date(2026, 4, 5)),
        received: RECEIVED,
        completed: at(date(2026, 3, 6), 11, 7),
        as_of: at(date(2026, 3, 2), 18, 30),
        plan: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        rights: rights(),
    };
    let whole = CompletedDeleteText { kept: Vec::new(), backups_until: None, ..completed.clone() };
    let nothing = CompletedDeleteText { deleted: Vec::new(), backups_until: None, ..completed.clone() };
    vec![
        Notice::Approved(approved),
        Notice::Approved(nothing_kept),
        Notice::CompletedDelete(completed),
        Notice::CompletedDelete(whole),
        Notice::CompletedDelete(nothing),
        Notice::ObligationSettled(ObligationSettledText {
            about: about(Kind::Delete),
            deleted: vec![line("Invoices", 5, 0), line("Notes", 0, 0)],
            completed: date(2026, 3, 6),
            settled: date(2033, 1, 1),
        }),
    ]
}
