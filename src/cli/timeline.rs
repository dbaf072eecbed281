//! Audit entries in words: one line each, for `dsrd requests timeline` and `dsrd audit list`. Adds nothing to what the entry
//! says and hides nothing of it. The catalogue is `domain/audit/action.rs`.

use super::{logging, output};
use crate::domain::audit::{Action, Actor, Entry};
use crate::store::AuditRow;
use jiff::tz::TimeZone;

/// Whose entries are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Those of one request: its reference need not be said.
    One,
    /// Any.
    Any,
}

/// One entry as a line.
pub fn entry(row: &AuditRow, zone: &TimeZone, whose: Whose) -> String {
    let entry = match Entry::parse(&row.entry) {
        Ok(entry) => entry,
        Err(error) => return format!("{:>5}  {error}; see dsrd audit verify", row.seq),
    };
    let reference = match (whose, &entry.request) {
        (Whose::Any, Some(reference)) => format!("{reference}  "),
        (Whose::One, _) | (Whose::Any, None) => String::new(),
    };
    let reason = entry.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    let stages = match (&entry.from_stage, &entry.to_stage) {
        (Some(from), Some(to)) => format!("; {from} -> {to}"),
        (None, Some(to)) => format!("; now {to}"),
        (_, None) => String::new(),
    };
    let evidence: Vec<String> =
        entry.evidence.iter().map(|(name, value)| format!("{name}={}", short(value))).collect();
    let evidence = if evidence.is_empty() { String::new() } else { format!("  [{}]", evidence.join(" ")) };
    let (at, actor, words) = (output::moment(entry.at, zone), actor(&entry.actor), words(entry.action));
    logging::escaped(&format!("{:>5}  {at}  {reference}{actor}: {words}{reason}{stages}{evidence}", row.seq))
}

/// A hash by its beginning; whole ones stand in the JSON.
fn short(value: &str) -> &str {
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        value.get(..12).unwrap_or(value)
    } else {
        value
    }
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Requester => "the requester".to_owned(),
        Actor::Staff(name) => name.to_string(),
        Actor::Operator(user) => format!("the operator ({user})"),
        Actor::Daemon => "dsrd".to_owned(),
    }
}

const fn words(action: Action) -> &'static str {
    match action {
        Action::RequestRecorded => "a mail became this request",
        Action::ClarificationAsked => "asked the requester to complete the form",
        Action::Answered | Action::QuestionAnswered => "answered",
        Action::ChallengeSent => "a code went to the address on file",
        Action::CodeWrong => "a code did not match",
        Action::Verified => "proved who they are",
        Action::StaffAsked => "asked a member of staff who joined or changed",
        Action::Extended => "took the further time that the law allows",
        Action::Scoped => "completed the request in the person's place",
        Action::NotRequest => "said that the mail asks for nothing",
        Action::Frozen => "stopped: the account's owner disowned a request",
        Action::Retried => "had it tried again",
        Action::CodesLocked => "too many wrong codes: a list of staff codes is locked",
        Action::Withdrawn | Action::CancelledTooLate => "wanted the request stopped",
        Action::NotMe => "the address on file says that it never asked",
        Action::RequesterResolved => "found the person in the directory",
        Action::NoMatch => "nobody in the directory answers to it",
        Action::PlanFrozen => "counted and fixed what will be done",
        Action::ApprovalAsked => "asked staff to decide",
        Action::Approved => "approved the plan",
        Action::Refused => "refused",
        Action::QuestionAsked => "asked the requester a question",
        Action::Accepted => "let an unauthenticated mail go on to the challenge",
        Action::CallRecorded => "recorded a call-back",
        Action::SecondFactorAsked => "a call-back is needed",
        Action::CoolingOffStarted => "the deletion waits for its cooling-off time",
        Action::Vetoed => "stopped the approved deletion",
        Action::PlanDropped => "gave the plan up, because holds came or went",
        Action::HoldPlaced => "placed a legal hold",
        Action::HoldReleased => "released a legal hold",
        Action::HoldReviewed => "looked at a legal hold again: it stands on",
        Action::DeletionStarted => "the deletion began",
        Action::RowsErased | Action::ObligationSettled => "deleted rows",
        Action::EffectsVerified => "every source has answered that nothing is left",
        Action::DayLimitReached => "deletions of one day reached a limit",
        Action::BackupsOverdue => "nobody has shown in time that the backups are purged",
        Action::BackupsPurged => "recorded that the backups are purged",
        Action::BackupReplayed => "deleted again from a restored source",
        Action::RetentionRun => "deleted rows past their ceiling",
        Action::ExportStarted => "the export began",
        Action::PackageChecked => "the package was read again and agrees with its manifest",
        Action::Completed => "completed: the mail server took the notice of it",
        Action::Expired => "nobody answered in time",
        Action::ReminderSent => "sent a reminder",
        Action::AtRisk => "the due date comes near",
        Action::Breached => "the due date passed",
        Action::Blocked => "the request stands still",
        Action::Unblocked => "the request goes on",
        Action::NoticeQueued => "wrote a notice",
        Action::NoticeAccepted => "the mail server took a notice",
        Action::NoticeRejected => "the mail server refused a notice for good",
        Action::NoticeUncertain => "nobody knows whether the mail server took a notice",
        Action::Rejected => "asked for something that the rules do not allow; nothing changed",
        Action::StatusAsked => "asked how it stands",
        Action::MailStored => "took a mail from a mailbox",
        Action::MailQuarantined => "set a mail aside that cannot be handled",
        Action::MailRequeued => "had a mail in quarantine read once more",
        Action::MailDiscarded => "threw a mail in quarantine away",
        Action::MailListed => "listed old mail to staff",
        Action::StaffAdded => "added a member of staff",
        Action::StaffDisabled => "took all rights from a member of staff",
        Action::CodesIssued => "printed one-time codes for a member of staff",
        Action::JobStarted => "a job began",
        Action::JobFailed => "a job failed",
        Action::DaemonStarted => "the daemon came up",
        Action::DaemonStopped => "the daemon went down in order",
    }
}

#[cfg(test)]
mod tests {
    use super::{Whose, entry};
    use crate::domain::audit::{Action, Actor, Entry};
    use crate::domain::ids::{Reference, StaffName};
    use crate::domain::merkle::leaf_hash;
    use crate::store::AuditRow;
    use jiff::tz::TimeZone;
    use std::collections::BTreeMap;

    fn approved() -> Entry {
        Entry {
            at: "2026-01-09T09:24:00Z".parse().expect("a time"),
            request: Reference::parse("DSR-7K3M-9Q2X"),
            actor: Actor::Staff(StaffName::parse("meera").expect("a name")),
            action: Action::Approved,
            from_stage: Some("awaiting-approval".to_owned()),
            to_stage: Some("executing".to_owned()),
            reason: None,
            evidence: BTreeMap::from([
                (
                    "plan".to_owned(),
                    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
                ),
                ("rows".to_owned(), "12".to_owned()),
            ]),
        }
    }

    fn line(bytes: Vec<u8>, whose: Whose) -> String {
        let leaf = leaf_hash(&bytes);
        entry(
            &AuditRow { seq: 7, entry: bytes, leaf },
            &TimeZone::get("Asia/Kolkata").expect("a zone"),
            whose,
        )
    }

    #[test]
    fn an_entry_is_a_sentence() {
        insta::assert_snapshot!(line(approved().canonical(), Whose::One), @"    7  Fri 9 Jan 2026, 14:54  meera: approved the plan; awaiting-approval -> executing  [plan=9f86d081884c rows=12]");
        let started = Entry {
            request: None,
            actor: Actor::Daemon,
            action: Action::DaemonStarted,
            from_stage: None,
            to_stage: None,
            evidence: BTreeMap::new(),
            ..approved()
        };
        insta::assert_snapshot!(line(started.canonical(), Whose::Any), @"    7  Fri 9 Jan 2026, 14:54  dsrd: the daemon came up");
        let refused = Entry {
            action: Action::Refused,
            reason: Some("legal-hold".to_owned()),
            from_stage: None,
            evidence: BTreeMap::new(),
            actor: Actor::Operator("uid-0".to_owned()),
            ..approved()
        };
        insta::assert_snapshot!(line(refused.canonical(), Whose::Any), @"    7  Fri 9 Jan 2026, 14:54  DSR-7K3M-9Q2X  the operator (uid-0): refused (legal-hold); now executing");
    }

    #[test]
    fn what_is_no_entry_is_still_a_line() {
        let shown = line(b"{\n}".to_vec(), Whose::Any);
        assert!(shown.starts_with("    7  reading an audit entry: ") && !shown.contains('\n'), "{shown}");
    }
}
