//! Delivery reports, by form or by sender (RFC 3464, and the habits of servers that write none). Which notice one is about
//! is read by `mail/bounce.rs`. See `mod.rs` for the order of the classes.

use super::sender_local;
use crate::mail::incoming::{Incoming, Mark};

/// How mail servers begin the subject of a report, in small letters.
const SUBJECTS: [&str; 25] = [
    "undelivered mail",
    "undeliverable",
    "undeliverable mail",
    "delivery status notification",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery system",
    "mail system error",
    "delivery failure",
    "delivery has failed",
    "delivery delayed",
    "delivery incomplete",
    "delivery notification",
    "failure notice",
    "returned mail",
    "returned to sender",
    "message delivery failure",
    "message undeliverable",
    "warning: message",
    "warning: could not send message",
    "unzustellbar",
    "nicht zustellbar",
    "non remis",
    "no se puede entregar",
    "não é possível entregar",
];

/// Why it is a report.
pub(super) fn reason(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    if marks.has(Mark::DeliveryReport) {
        return Some("a delivery report".to_owned());
    }
    if marks.has(Mark::FailedRecipients) {
        return Some("it names failed recipients".to_owned());
    }
    let local = sender_local(incoming);
    let is_server = matches!(
        local.as_str(),
        "mailer-daemon"
            | "mdaemon"
            | "double-bounce"
            | "mailerdaemon"
            | "mailer_daemon"
            | "maildaemon"
            | "mail-daemon"
    );
    if is_server {
        return Some("the sender is a mail server".to_owned());
    }
    let server_like = marks.has(Mark::NullReturnPath)
        || matches!(local.as_str(), "postmaster" | "microsoftexchange" | "mailer")
        || local.starts_with("microsoftexchange")
        || local.contains("bounce");
    let subject = incoming.subject.to_lowercase();
    (server_like && SUBJECTS.iter().any(|words| subject.starts_with(words)))
        .then(|| "a mail server reports a failed delivery".to_owned())
}
