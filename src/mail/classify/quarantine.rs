//! Mail that people must look at, because programs disagree on who sent it (standard M4). What cannot be read at all never
//! comes here, see `incoming.rs`. See `mod.rs` for the order of the classes.

use crate::mail::incoming::Incoming;

/// A From made so that two programs read two senders.
pub(super) fn deceit(incoming: &Incoming) -> Option<String> {
    incoming.from.as_ref().err().filter(|problem| problem.is_suspicious()).map(ToString::to_string)
}

/// No sender at all.
pub(super) fn senderless(incoming: &Incoming) -> Option<String> {
    incoming.from.as_ref().err().map(ToString::to_string)
}
