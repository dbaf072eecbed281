//! What kind of mail it is, one function for each class, asked in the order of decision 12: own and bounces beat
//! everything, a filled form beats automatic and list mail, a reply in our thread is a command or nothing.
//! It looks at content only; who sent it and how often is weighed elsewhere (`authentication.rs`, `workflow`).

use super::incoming::{Incoming, Mark};
use super::reply::new_text;
use crate::domain::address::Address;
use crate::domain::command;
use crate::domain::form::{FormPresence, Understood};
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
    let found = as_own(incoming, own)
        .map(|reason| (Class::Own, reason, Answer::No))
        .or_else(|| as_bounce(incoming).map(|reason| (Class::Bounce, reason, Answer::No)))
        .or_else(|| as_deceit(incoming).map(|reason| (Class::Quarantine, reason, Answer::No)))
        .or_else(|| as_filled_form(incoming, understood))
        .or_else(|| as_auto_submitted(incoming).map(|reason| (Class::Auto, reason, Answer::No)))
        .or_else(|| as_list(incoming).map(|reason| (Class::List, reason, Answer::No)))
        .or_else(|| as_command(incoming, thread))
        .or_else(|| as_automatic(incoming).map(|reason| (Class::Auto, reason, Answer::No)))
        .or_else(|| as_senderless(incoming).map(|reason| (Class::Quarantine, reason, Answer::No)))
        .or_else(|| as_thread(thread))
        .or_else(|| as_unfilled_request(understood));
    let (class, reason, answer) =
        found.unwrap_or((Class::Other, "no request, no reply to a mail of ours".to_owned(), Answer::No));
    Classified { class, reason, answer: answer == Answer::Yes }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

type Found = Option<(Class, String, Answer)>;

/// From equals an own address, or one of To and Delivered-To; the plus part does not count (decision 18).
fn as_own(incoming: &Incoming, own: &[Address]) -> Option<String> {
    let from = incoming.from.as_ref().ok()?.without_detail();
    if own.iter().any(|address| address.without_detail() == from) {
        return Some("the sender is an own address".to_owned());
    }
    let to_itself = incoming.addressed_to.iter().any(|address| address.without_detail() == from);
    to_itself.then(|| "the sender is also the recipient".to_owned())
}

/// Delivery reports by form or by sender (RFC 3464, and the habits of servers that write none).
fn as_bounce(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    if marks.has(Mark::DeliveryReport) {
        return Some("a delivery report".to_owned());
    }
    if marks.has(Mark::FailedRecipients) {
        return Some("it names failed recipients".to_owned());
    }
    let local = sender_local(incoming);
    if matches!(local.as_str(), "mailer-daemon" | "mdaemon" | "double-bounce" | "mailerdaemon") {
        return Some("the sender is a mail server".to_owned());
    }
    let server_like = marks.has(Mark::NullReturnPath) || local == "postmaster" || local.contains("bounce");
    let subject = incoming.subject.to_lowercase();
    let begins = [
        "undelivered mail",
        "undeliverable",
        "delivery status notification",
        "mail delivery failed",
        "mail delivery failure",
        "delivery failure",
        "failure notice",
        "returned mail",
        "warning: message",
    ];
    (server_like && begins.iter().any(|words| subject.starts_with(words)))
        .then(|| "a mail server reports a failed delivery".to_owned())
}

/// A From made so that two programs read two senders (standard M4).
fn as_deceit(incoming: &Incoming) -> Option<String> {
    incoming.from.as_ref().err().filter(|problem| problem.is_suspicious()).map(ToString::to_string)
}

/// A filled form is a request whatever the headers say: the clock runs (facts.md 7, row 21).
fn as_filled_form(incoming: &Incoming, understood: &Understood) -> Found {
    if understood.filled != FormPresence::Filled {
        return None;
    }
    if let Err(problem) = &incoming.from {
        return Some((Class::Quarantine, format!("a form, but {problem}"), Answer::No));
    }
    let withheld =
        as_auto_submitted(incoming).or_else(|| as_list(incoming)).or_else(|| as_automatic(incoming));
    Some(match withheld {
        Some(why) => {
            (Class::Request, format!("a filled form in a mail that must not be answered: {why}"), Answer::No)
        }
        None => (Class::Request, "a filled form".to_owned(), Answer::Yes),
    })
}

/// It says itself that a machine sent it (RFC 3834 5), or it is a read receipt or a complaint report.
fn as_auto_submitted(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    [
        (Mark::AutoSubmitted, "Auto-Submitted"),
        (Mark::VendorAutoreply, "a vacation header"),
        (Mark::OtherReport, "a receipt or complaint report"),
    ]
    .into_iter()
    .find(|(mark, _)| marks.has(*mark))
    .map(|(_, reason)| reason.to_owned())
}

fn as_list(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    if marks.has(Mark::ListHeader) {
        return Some("a List- header".to_owned());
    }
    marks.has(Mark::PrecedenceList).then(|| "Precedence: list".to_owned())
}

/// Our thread, and the first new line is a command. People's mail carries X-Auto-Response-Suppress too (Exchange adds
/// it), so that header withholds the answer and not the command; every other automatic sign does both.
fn as_command(incoming: &Incoming, thread: Thread) -> Found {
    if thread == Thread::New || incoming.from.is_err() || as_machine_sender(incoming).is_some() {
        return None;
    }
    let command = command::parse(&new_text(&incoming.text)).ok()?;
    let answer = if incoming.marks.has(Mark::SuppressAnswers) { Answer::No } else { Answer::Yes };
    Some((Class::Command, format!("a reply to a mail of ours: {}", command.word()), answer))
}

/// Every weaker sign of automatic mail.
fn as_automatic(incoming: &Incoming) -> Option<String> {
    as_machine_sender(incoming)
        .or_else(|| incoming.marks.has(Mark::SuppressAnswers).then(|| "X-Auto-Response-Suppress".to_owned()))
        .or_else(|| as_vacation_subject(incoming))
}

fn as_machine_sender(incoming: &Incoming) -> Option<String> {
    let marks = &incoming.marks;
    let by_mark = [
        (Mark::PrecedenceBulk, "Precedence"),
        (Mark::NullReturnPath, "an empty return path"),
        (Mark::FeedbackId, "Feedback-ID"),
    ]
    .into_iter()
    .find(|(mark, _)| marks.has(*mark))
    .map(|(_, reason)| reason.to_owned());
    by_mark.or_else(|| {
        let local: String = sender_local(incoming).chars().filter(|c| !"-_.".contains(*c)).collect();
        let machine = local.starts_with("noreply")
            || local.starts_with("donotreply")
            || local.starts_with("dontreply")
            || local.ends_with("noreply")
            || matches!(local.as_str(), "postmaster" | "bounce" | "bounces" | "autoreply" | "notifications");
        machine.then(|| "the sender takes no replies".to_owned())
    })
}

/// Out-of-office mail of programs that set no header at all (facts.md 8: every peer answered it).
fn as_vacation_subject(incoming: &Incoming) -> Option<String> {
    let subject = incoming.subject.to_lowercase();
    let begins = [
        "automatic reply:",
        "auto reply:",
        "auto-reply:",
        "autoreply:",
        "auto:",
        "out of office",
        "out-of-office",
        "vacation reply",
        "i am out of office",
        "automatische antwort:",
        "abwesenheit",
        "réponse automatique",
        "respuesta automática",
        "risposta automatica",
    ];
    begins.iter().any(|words| subject.starts_with(words)).then(|| "an out-of-office subject".to_owned())
}

fn as_senderless(incoming: &Incoming) -> Option<String> {
    incoming.from.as_ref().err().map(ToString::to_string)
}

/// A reply to us that is no command: nothing changes, but it is told what was not understood, or taken as an answer.
fn as_thread(thread: Thread) -> Found {
    (thread == Thread::Ours)
        .then(|| (Class::Command, "a reply to a mail of ours without a command".to_owned(), Answer::Yes))
}

/// A template left empty, or a request in a person's own words; both yield to automatic and list mail.
fn as_unfilled_request(understood: &Understood) -> Found {
    let reason = match understood.filled {
        FormPresence::Unfilled => "a template that was not filled in",
        FormPresence::OwnWords => "a request in own words",
        FormPresence::Filled | FormPresence::Absent => return None,
    };
    Some((Class::Request, reason.to_owned(), Answer::Yes))
}

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
        let blank = include_str!("../../templates/forms/export.txt");
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
