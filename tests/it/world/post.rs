//! Mail as people write and read it: players who send, forward and reply with their own programs, and notices as they lie
//! in an inbox. Codes and words are read out of the text, as a person would. Never looks into the state.

use super::{World, setup};
use crate::dns::NAMES;
use crate::rig::{rig, submit};
use dsrd::domain::ids::Reference;
use jiff::tz::TimeZone;
use mail_parser::{MessageParser, MimeHeaders};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::sync::atomic::{AtomicU32, Ordering};

/// Subject and body of a new mail.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) body: String,
}

impl Letter {
    pub(crate) fn new(subject: &str, body: &str) -> Self {
        Self { subject: subject.to_owned(), body: body.to_owned() }
    }
}

/// The template, filled in by somebody who asks for a copy.
pub(crate) fn export_request(scope: &str, requester: &str) -> Letter {
    template("Data Export Request – Acme Traders", scope, requester)
}

/// The template, filled in by somebody who asks for deletion.
pub(crate) fn delete_request(scope: &str, requester: &str) -> Letter {
    template("Data Delete Request – Acme Traders", scope, requester)
}

fn template(subject: &str, scope: &str, requester: &str) -> Letter {
    let body = format!(
        "Scope: {scope}\nLegal basis: Customer request\nRequester: {requester}\n\
         I acknowledge identity verification may be required.\n"
    );
    Letter::new(subject, &body)
}

/// Somebody with a mail program.
#[derive(Clone)]
pub(crate) struct Player<'w> {
    world: &'w World,
    address: String,
    helo: String,
    signs: Signs,
}

/// What a player's mail server does with DKIM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signs {
    /// It signs nothing.
    Nothing,
    /// It signs what a careful server signs.
    Everything,
    /// It signs From alone.
    FromAlone,
    /// It says how much of the body its signature covers (`l=`).
    APart,
}

impl<'w> Player<'w> {
    pub(super) fn new(world: &'w World, address: &str) -> Self {
        let helo = world.real(address.rsplit('@').next().unwrap());
        Self { world, address: address.to_owned(), helo, signs: Signs::Nothing }
    }

    /// The same, and their mail server signs.
    pub(crate) fn signing(mut self, signs: Signs) -> Self {
        self.signs = signs;
        self
    }

    /// The same From, sent by a host with this name: `unknown.invalid` for a mail server that checks nothing, another
    /// company's domain for a forgery.
    pub(crate) fn through(mut self, helo: &str) -> Self {
        self.helo = helo.to_owned();
        self
    }

    /// Sends a new mail to the watched mailbox; returns its Message-ID.
    pub(crate) fn sends(&self, letter: &Letter) -> String {
        let id = self.new_id();
        self.sends_with(letter, &[format!("Message-ID: <{id}>")]);
        id
    }

    /// Sends a new mail with headers of the player's own, the Message-ID among them.
    pub(crate) fn sends_with(&self, letter: &Letter, headers: &[String]) {
        self.submit(super::DESK, &letter.subject, headers, &letter.body);
    }

    /// Answers a notice above a quoted copy of it, as every mail program does.
    pub(crate) fn replies_to(&self, notice: &Notice, text: &str) {
        self.replies_over(notice, text, &notice.text);
    }

    /// Answers with the notice's lines as the player left them.
    pub(crate) fn replies_over(&self, notice: &Notice, text: &str, quoted: &str) {
        let mut body = format!("{text}\n\nOn {}, Telco <{}> wrote:\n", notice.date, notice.from);
        for line in quoted.lines() {
            writeln!(body, "> {line}").unwrap();
        }
        let subject = format!("Re: {}", notice.subject);
        self.submit(&notice.reply_to, &subject, &self.thread_headers(notice), &body);
    }

    /// Answers with a given subject and nothing quoted, as the prepared `mailto:` links do.
    pub(crate) fn writes(&self, subject: &str, text: &str) {
        let id = self.new_id();
        self.submit(super::DESK, subject, &[format!("Message-ID: <{id}>")], text);
    }

    fn thread_headers(&self, notice: &Notice) -> [String; 3] {
        let id = &notice.message_id;
        [
            format!("Message-ID: <{}>", self.new_id()),
            format!("In-Reply-To: <{id}>"),
            format!("References: <{id}>"),
        ]
    }

    fn new_id(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let domain = self.address.rsplit('@').next().unwrap();
        format!("letter-{}@{domain}", COUNT.fetch_add(1, Ordering::Relaxed))
    }

    fn submit(&self, to: &str, subject: &str, headers: &[String], body: &str) {
        let raw = self.composes(to, subject, headers, body);
        self.submit_raw(to, &raw);
    }

    /// The bytes of an answer to a notice, signed where the player's server signs.
    pub(crate) fn composes_answer(&self, notice: &Notice, text: &str) -> Vec<u8> {
        let subject = format!("Re: {}", notice.subject);
        self.composes(&notice.reply_to, &subject, &self.thread_headers(notice), text)
    }

    /// The bytes of a mail.
    pub(crate) fn composes(&self, to: &str, subject: &str, headers: &[String], body: &str) -> Vec<u8> {
        let world = self.world;
        let date = world.now().to_zoned(TimeZone::get("Asia/Kolkata").unwrap());
        let date = jiff::fmt::rfc2822::to_string(&date).unwrap();
        let name = self.address.split('@').next().unwrap();
        let mut text = format!("Date: {date}\nFrom: {name} <{}>\nTo: {to}\n", self.address);
        writeln!(text, "Subject: {subject}").unwrap();
        for header in headers {
            writeln!(text, "{header}").unwrap();
        }
        text.push_str("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n");
        writeln!(text, "Content-Transfer-Encoding: 8bit\n\n{body}").unwrap();
        let text = world.real(&text);
        let crlf = || text.replace('\n', "\r\n");
        let domain = world.real(self.address.rsplit('@').next().unwrap());
        let text = match self.signs {
            Signs::Nothing => text,
            Signs::Everything => world.dns().signed(&crlf(), &domain, "s1", &NAMES),
            Signs::FromAlone => world.dns().signed(&crlf(), &domain, "s1", &["From"]),
            Signs::APart => world.dns().signed_in_part(&crlf(), &domain),
        };
        text.into_bytes()
    }

    /// Hands over whatever bytes these are.
    pub(crate) fn submit_raw(&self, to: &str, raw: &[u8]) {
        let world = self.world;
        let to = world.real(to);
        submit(rig(), &self.helo, &world.real(&self.address), &to, raw).unwrap();
        self.stamp(&to);
    }

    /// The server's clock is the play's clock: Dovecot takes INTERNALDATE from the file's time.
    fn stamp(&self, to: &str) {
        let (local, domain) = to.split_once('@').unwrap();
        let mailbox = format!("{}@{domain}", local.split('+').next().unwrap());
        let folder = rig().mail_root.join(mailbox).join("new");
        let newest = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        let file = File::options().append(true).open(newest).unwrap();
        file.set_modified(self.world.now().into()).unwrap();
    }
}

/// A mail of ours, as it lies in an inbox.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) from: String,
    pub(crate) reply_to: String,
    pub(crate) date: String,
    pub(crate) message_id: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) attachments: Vec<(String, Vec<u8>)>,
    pub(crate) headers: String,
}

impl Notice {
    pub(super) fn parse(raw: &[u8], tag: &str) -> Self {
        let mail = MessageParser::default().parse(raw).expect("a mail");
        let shown = |text: &str| setup::shown(text, tag);
        let first = |address: Option<&mail_parser::Address<'_>>| {
            shown(address.and_then(|list| list.first()).and_then(|one| one.address()).unwrap_or_default())
        };
        let attachments = mail
            .attachments()
            .map(|part| (part.attachment_name().unwrap_or_default().to_owned(), part.contents().to_vec()));
        let head = String::from_utf8_lossy(raw);
        Self {
            subject: shown(mail.subject().unwrap_or_default()),
            text: shown(&mail.body_text(0).unwrap_or_default()).replace("\r\n", "\n"),
            html: shown(&mail.body_html(0).unwrap_or_default()),
            from: first(mail.from()),
            reply_to: first(mail.reply_to()),
            date: mail.date().map(mail_parser::DateTime::to_rfc822).unwrap_or_default(),
            message_id: shown(mail.message_id().unwrap_or_default()),
            in_reply_to: mail.in_reply_to().as_text().map(shown),
            attachments: attachments.collect(),
            headers: shown(head.split("\n\n").next().unwrap_or_default()),
        }
    }

    /// The code that stands alone on a line, `7K3M-9Q2X`, or the passphrase, `7K3-M9Q-…`.
    pub(crate) fn code(&self) -> String {
        self.find_code().unwrap_or_else(|| panic!("no code in {}", self.text))
    }

    fn find_code(&self) -> Option<String> {
        let is_group = |group: &str| {
            matches!(group.len(), 3 | 4)
                && group.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
        };
        let is_code = |line: &&str| line.contains('-') && line.split('-').all(is_group);
        self.text.lines().map(str::trim).find(is_code).map(str::to_owned)
    }

    /// The reference in the subject.
    pub(crate) fn reference(&self) -> Reference {
        Reference::find(&self.subject).unwrap_or_else(|| panic!("no reference in {}", self.subject))
    }

    /// Subject and text, with names in place of what is drawn.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("{}\n\n{}", self.subject, self.text.trim_end());
        if let Some(code) = self.find_code() {
            text = text.replace(&code, "[code]");
        }
        let drawn = [
            ("DSR-[0-9A-Z]{4}-[0-9A-Z]{4}", "DSR-0000-0000"),
            ("\\b[0-9a-f]{64}\\b", "[sha256]"),
            ("plan [0-9a-f]{12}", "plan [hash]"),
            ("\\([0-9.]+ kB\\)", "([size])"),
        ];
        for (pattern, name) in drawn {
            text = regex::Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
        }
        text
    }

    /// Whether the text holds these words; line ends and spaces do not matter.
    pub(crate) fn says(&self, words: &str) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        plain(&self.text).contains(&plain(words))
    }
}
