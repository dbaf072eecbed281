//! One mail as one line of `dsrd parse` (interface.md). Whether a mail answers one of ours is known to the daemon by its
//! tokens; here the reference in the subject and plus-addresses of own mailboxes have to do. It reads no file; see
//! `cli/parse.rs`.

use super::ParseSettings;
use crate::domain::address::Address;
use crate::domain::command::{self, Command};
use crate::domain::form::{self, Problem, Understood};
use crate::domain::ids::Reference;
use crate::domain::scope::AccountScope;
use crate::mail::authentication;
use crate::mail::classify::{Class, Classified, Thread, classify};
use crate::mail::incoming::{Incoming, read};
use crate::mail::reply::new_text;
use serde::Serialize;
use std::fmt::Write as _;

/// One line of output.
#[derive(Serialize)]
pub(super) struct Line {
    path: String,
    pub(super) class: &'static str,
    reason: String,
    answer: bool,
    message_id: Option<String>,
    sha256: String,
    from: Option<String>,
    sender: Option<&'static str>,
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestOut>,
    pub(super) complete: bool,
    pub(super) problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandOut>,
}

#[derive(Serialize)]
struct RequestOut {
    kind: Option<&'static str>,
    legal_basis: String,
    acknowledged: bool,
    scope: ScopeOut,
    requester: RequesterOut,
}

#[derive(Serialize)]
struct ScopeOut {
    account: Option<String>,
    users: Vec<String>,
    numbers: Vec<String>,
    from: Option<jiff::civil::Date>,
    to: Option<jiff::civil::Date>,
    everything: bool,
    text: String,
}

#[derive(Serialize)]
struct RequesterOut {
    name: Option<String>,
    role: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Serialize)]
struct CommandOut {
    word: &'static str,
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<&'static str>,
    text: Option<String>,
}

/// What the daemon would make of one mail.
pub(super) fn line(path: &str, raw: &[u8], settings: &ParseSettings) -> Line {
    let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, raw).as_ref());
    let incoming = match read(raw, &settings.limits) {
        Ok(incoming) => incoming,
        Err(problem) => return Line::of(path, sha256, Classified::unreadable(&problem)),
    };
    let thread = thread(&incoming, &settings.own);
    let body = match thread {
        Thread::New => incoming.text.clone(),
        Thread::Ours => new_text(&incoming.text),
    };
    let understood = form::read(&incoming.subject, &body, &settings.context(&incoming));
    let classified = classify(&incoming, &settings.own, &understood, thread);
    let class = classified.class;
    let mut line = Line::of(path, sha256, classified);
    line.sender = Some(authentication::verdict(&incoming, &settings.trust).0.as_str());
    line.from = incoming.from.as_ref().ok().map(|from| from.expose().to_owned());
    line.message_id = incoming.message_id;
    line.subject = Some(incoming.subject);
    if class == Class::Request {
        line.complete = understood.is_complete();
        line.request = Some(RequestOut::of(&understood));
        line.problems = understood.problems;
    }
    if class == Class::Command {
        line.command = command::parse(&new_text(&incoming.text)).ok().map(|command| CommandOut::of(&command));
    }
    line
}

/// Ours when the subject carries a reference, or a recipient is an own mailbox with a plus detail (decision 13).
fn thread(incoming: &Incoming, own: &[Address]) -> Thread {
    let to_token = incoming.recipients.iter().any(|address| {
        address.detail().is_some_and(|detail| !detail.is_empty()) && own.contains(&address.without_detail())
    });
    if to_token || Reference::find(&incoming.subject).is_some() { Thread::Ours } else { Thread::New }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Line {
    fn of(path: &str, sha256: String, classified: Classified) -> Self {
        Self {
            path: path.to_owned(),
            class: classified.class.as_str(),
            reason: classified.reason,
            answer: classified.answer,
            message_id: None,
            sha256,
            from: None,
            sender: None,
            subject: None,
            request: None,
            complete: false,
            problems: Vec::new(),
            command: None,
        }
    }
}

impl RequestOut {
    fn of(understood: &Understood) -> Self {
        let form = &understood.form;
        let (scope, requester) = (&form.scope, &form.requester);
        let shown =
            |value: &Option<crate::domain::personal::Personal>| value.as_ref().map(|v| v.expose().clone());
        Self {
            kind: form.kind.map(crate::domain::request::Kind::as_str),
            legal_basis: form.legal_basis.clone(),
            acknowledged: form.acknowledged,
            scope: ScopeOut {
                account: scope.account.as_ref().map(|account| match account {
                    AccountScope::Own => "own".to_owned(),
                    AccountScope::Named(id) => id.clone(),
                }),
                users: scope.users.iter().map(|user| user.expose().clone()).collect(),
                numbers: scope.numbers.iter().map(|number| number.expose().clone()).collect(),
                from: scope.from,
                to: scope.to,
                everything: scope.everything,
                text: scope.text.expose().clone(),
            },
            requester: RequesterOut {
                name: shown(&requester.name),
                role: shown(&requester.role),
                email: requester.email.as_ref().map(|email| email.expose().to_owned()),
                phone: shown(&requester.phone),
            },
        }
    }
}

impl CommandOut {
    fn of(command: &Command) -> Self {
        let ground = match command {
            Command::Refuse { ground, .. } => ground.map(crate::domain::request::Ground::as_str),
            _ => None,
        };
        Self {
            word: command.word(),
            code: command.code().map(str::to_owned),
            ground,
            text: command.text().map(str::to_owned),
        }
    }
}
