//! Our own mail, come back: nothing is ever done with it. See `mod.rs` for the order of the classes.

use crate::domain::address::Address;
use crate::mail::incoming::Incoming;

/// From equals an own address, or one of To and Delivered-To; the plus part does not count (decision 18).
pub(super) fn reason(incoming: &Incoming, own: &[Address]) -> Option<String> {
    let from = incoming.from.as_ref().ok()?.without_detail();
    if own.iter().any(|address| address.without_detail() == from) {
        return Some("the sender is an own address".to_owned());
    }
    let to_itself = incoming.addressed_to.iter().any(|address| address.without_detail() == from);
    to_itself.then(|| "the sender is also the recipient".to_owned())
}
