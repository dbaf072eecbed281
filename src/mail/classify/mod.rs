//! What kind of mail it is, one file for each class, asked in the order of decision 12: own and bounces beat everything,
//! a filled form beats automatic and list mail, a reply in our thread is a command or nothing.
//! It looks at content only; who sent it and how often is weighed elsewhere (`authentication.rs`, `workflow`).

mod auto;
mod bounce;
mod command;
mod list;
mod own;
mod quarantine;
mod request;

use super::incoming::Incoming;
use crate::domain::address::Address;
use crate::domain::form::Understood;
use serde::Serialize;

/// The classes of interface.md's `dsrd parse`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A request, complete or not.
    Request,
    /// A reply in a thread of ours. Whether its first line is a command is `domain::command::parse`'s word.
    Command,
    /// Automatic mail: never answered.
    Auto,
    /// A delivery report.
    Bounce,
    /// Mailing list mail.
    List,
    /// Our own mail, come back.
    Own,
    /// None of our business: stays untouched in the mailbox.
    Other,
    /// Must be looked at by staff.
    Quarantine,
}

impl Class {
    /// The word in state columns and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Command => "command",
            Self::Auto => "auto",
            Self::Bounce => "bounce",
            Self::List => "list",
            Self::Own => "own",
            Self::Other => "other",
            Self::Quarantine => "quarantine",
        }
    }
}

/// Whether a mail answers one of ours; found by the plus-address token, the ids or the subject (decision 13).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Thread {
    /// It begins a conversation.
    New,
    /// It stands in a thread of ours.
    Ours,
}

/// A class, why, and whether an automatic mail may leave for it. `answer` judges content only (decision 18).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// One line without personal data.
    pub reason: String,
    /// Whether an automatic answer may leave.
    pub answer: bool,
}

impl Classified {
    /// The class of a mail that cannot be read at all.
    pub fn unreadable(problem: &super::incoming::Unreadable) -> Self {
        Self { class: Class::Quarantine, reason: problem.to_string(), answer: false }
    }
}

/// Classifies. In a thread of ours, `understood` must come from the new text, so that a quoted form does not count.
pub fn classify(incoming: &Incoming, own: &[Address], understood: &Understood, thread: Thread) -> Classified {
    let silent = |class: Class, reason: Option<String>| reason.map(|reason| (class, reason, Answer::No));
    let found = silent(Class::Own, own::reason(incoming, own))
        .or_else(|| silent(Class::Bounce, bounce::reason(incoming)))
        .or_else(|| silent(Class::Quarantine, quarantine::deceit(incoming)))
        .or_else(|| request::filled(incoming, understood))
        .or_else(|| silent(Class::Auto, auto::by_its_own_word(incoming)))
        .or_else(|| silent(Class::List, list::reason(incoming)))
        .or_else(|| command::in_thread(incoming, thread))
        .or_else(|| silent(Class::Auto, auto::by_weaker_signs(incoming)))
        .or_else(|| silent(Class::Quarantine, quarantine::senderless(incoming)))
        .or_else(|| command::other_reply(thread))
        .or_else(|| request::unfilled(understood));
    let (class, reason, answer) =
        found.unwrap_or((Class::Other, "no request, no reply to a mail of ours".to_owned(), Answer::No));
    Classified { class, reason, answer: answer == Answer::Yes }
}

/// Whether a mail is a delivery report, whoever it is about.
pub fn is_bounce(incoming: &Incoming) -> bool {
    bounce::reason(incoming).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

type Found = Option<(Class, String, Answer)>;

/// The part of the sender before the `@`, lower case.
fn sender_local(incoming: &Incoming) -> String {
    match &incoming.from {
        Ok(address) => address.expose().split('@').next().unwrap_or("").to_owned(),
        Err(_) => incoming.from_local.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Thread, classify};
    use crate::domain::address::Address;
    use crate::domain::form::{self, ReadingContext};
    use crate::mail::incoming::{Limits, read};

    const FORM: &str = "Scope: account\nLegal basis: Customer request\nRequester: Asha, Owner, a@b.example\n\
                        I acknowledge identity verification may be required.\n";

    fn check_in(thread: Thread, header: &str, body: &str, expected: (Class, bool)) {
        let raw = format!("To: s@dsrd.example\n{header}\n{body}");
        let incoming = read(raw.as_bytes(), &Limits::default()).expect("reads");
        let context = ReadingContext::new(jiff::civil::date(2025, 4, 1));
        let understood = form::read(&incoming.subject, &incoming.text, &context);
        let own = [Address::parse("s@dsrd.example").expect("parses")];
        let found = classify(&incoming, &own, &understood, thread);
        assert_eq!((found.class, found.answer), expected, "{header:?} {}", found.reason);
    }

    fn check(header: &str, body: &str, expected: (Class, bool)) {
        check_in(Thread::New, header, body, expected);
    }

    #[test]
    fn own_mail_and_bounces_beat_everything() {
        check("From: s+x@dsrd.example\n", FORM, (Class::Own, false));
        check("From: o@x.example\nDelivered-To: o+1@x.example\n", FORM, (Class::Own, false));
        check("From: MAILER-DAEMON (Mail Delivery System)\n", FORM, (Class::Bounce, false));
        check("From: postmaster@x.example\nSubject: Undeliverable: x\n", FORM, (Class::Bounce, false));
        check("From: a@b.example\nX-Failed-Recipients: c@d.example\n", FORM, (Class::Bounce, false));
        check(
            "From: a@b.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n",
            "--b\n\nx\n--b--\n",
            (Class::Bounce, false),
        );
    }

    #[test]
    fn a_filled_form_is_a_request_and_signs_of_machines_only_silence_the_answer() {
        let filled = "From: a@b.example\nSubject: Data Export Request\n";
        check(filled, FORM, (Class::Request, true));
        for mark in [
            "Auto-Submitted: auto-replied",
            "Precedence: bulk",
            "List-Id: <x.y.example>",
            "X-Auto-Response-Suppress: All",
            "Return-Path: <>",
        ] {
            check(&format!("{filled}{mark}\n"), FORM, (Class::Request, false));
        }
        check("From: no-reply@b.example\nSubject: Data Export Request\n", FORM, (Class::Request, false));
        check("Subject: Data Export Request\n", FORM, (Class::Quarantine, false));
    }

    #[test]
    fn an_unfilled_template_and_own_words_yield_to_machines() {
        let blank = include_str!("../../../templates/forms/export.txt");
        check("From: a@b.example\nSubject: x\n", blank, (Class::Request, true));
        check("From: a@b.example\nList-Id: <x.y.example>\n", blank, (Class::List, false));
        let words = "Please delete all my personal data.";
        check("From: a@b.example\nSubject: x\n", words, (Class::Request, true));
        check("From: a@b.example\nSubject: Automatic reply: x\n", words, (Class::Auto, false));
    }

    #[test]
    fn automatic_and_list_mail_is_told_apart() {
        check("From: a@b.example\nAuto-Submitted: auto-replied\n", "away", (Class::Auto, false));
        check("From: a@b.example\nAuto-Submitted: no\n", "hi", (Class::Other, false));
        check("From: a@b.example\nPrecedence: bulk\n", "away", (Class::Auto, false));
        check("From: a@b.example\nPrecedence: list\n", "news", (Class::List, false));
        check("From: a@b.example\nPrecedence: bulk\nList-Unsubscribe: <x>\n", "news", (Class::List, false));
        check("From: Do-Not-Reply@b.example\n", "x", (Class::Auto, false));
        check("From: root (Cron Daemon)\nAuto-Submitted: auto-generated\n", "x", (Class::Auto, false));
        check("From: a@b.example\nSubject: Out of Office: x\n", "away", (Class::Auto, false));
    }

    #[test]
    fn commands_count_in_our_threads_only() {
        let confirm = "CONFIRM 7K3M-9Q2X\n\n> old";
        check_in(Thread::Ours, "From: a@b.example\n", confirm, (Class::Command, true));
        check_in(Thread::Ours, "From: a@b.example\n", "Thanks a lot", (Class::Command, true));
        check_in(Thread::New, "From: a@b.example\n", confirm, (Class::Other, false));
        check_in(
            Thread::Ours,
            "From: a@b.example\nAuto-Submitted: auto-replied\n",
            confirm,
            (Class::Auto, false),
        );
        check_in(Thread::Ours, "From: a@b.example\nReturn-Path: <>\n", confirm, (Class::Auto, false));
        check_in(
            Thread::Ours,
            "From: a@b.example\nX-Auto-Response-Suppress: OOF\n",
            confirm,
            (Class::Command, false),
        );
        check_in(
            Thread::Ours,
            "From: a@b.example\nSubject: Automatic reply: x\n",
            "I am away",
            (Class::Auto, false),
        );
    }

    #[test]
    fn deceitful_senders_are_set_aside() {
        check("From: a@b.example\nFrom: c@b.example\n", "hi", (Class::Quarantine, false));
        check("From: a@b.example\0\n", "hi", (Class::Quarantine, false));
        check("Subject: hi\n", "hi", (Class::Quarantine, false));
    }
}
