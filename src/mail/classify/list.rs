//! Mailing list mail: somebody may have posted a form to a list, but a list is never answered. See `mod.rs` for the order
//! of the classes.

use super::sender_local;
use crate::mail::incoming::{Incoming, Mark};

/// Why it is list mail.
pub(super) fn reason(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    if marks.has(Mark::ListHeader) {
        return Some("a List- header".to_owned());
    }
    if marks.has(Mark::PrecedenceList) {
        return Some("Precedence: list".to_owned());
    }
    let local = sender_local(incoming);
    let manager = matches!(local.as_str(), "majordomo" | "listserv" | "mailman" | "listmaster")
        || local.starts_with("owner-")
        || local.ends_with("-owner");
    manager.then(|| "the sender is a mailing list".to_owned())
}
