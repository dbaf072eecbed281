//! Replies in a thread of ours. Deny by default: the first new line is exactly one command (`domain::command`), or the
//! reply changes nothing. See `mod.rs` for the order of the classes.

use super::{Answer, Class, Found, Thread, auto};
use crate::domain::command;
use crate::mail::incoming::{Incoming, Mark};
use crate::mail::reply::new_text;

/// Our thread, and the first new line is a command. People's mail carries X-Auto-Response-Suppress too (Exchange adds
/// it), so that header withholds the answer and not the command; every other automatic sign does both.
pub(super) fn in_thread(incoming: &Incoming, thread: Thread) -> Found {
    let automatic = auto::by_its_sender(incoming).or_else(|| auto::by_its_subject(incoming));
    if thread == Thread::New || incoming.from.is_err() || automatic.is_some() {
        return None;
    }
    let command = command::parse(&new_text(&incoming.text)).ok()?;
    let answer = if incoming.marks.has(Mark::SuppressAnswers) { Answer::No } else { Answer::Yes };
    Some((Class::Command, format!("a reply to a mail of ours: {}", command.word()), answer))
}

/// A reply to us that is no command: nothing changes, but it is told what was not understood, or taken as an answer.
pub(super) fn other_reply(thread: Thread) -> Found {
    (thread == Thread::Ours)
        .then(|| (Class::Command, "a reply to a mail of ours without a command".to_owned(), Answer::Yes))
}
