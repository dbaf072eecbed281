//! The only way between the players and dsrd: Maildirs below one folder, as a local mail server keeps them. Mail to the
//! company passes the demo's own server, which writes its verdict on the sender on top (RFC 8601); mail from dsrd is
//! opened as a mail program does, by moving it from `new` to `cur`. Never looks into dsrd's state.

use super::Trouble;
use super::folder::write_new;
use crate::env::Env;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use mail_parser::{MessageParser, MimeHeaders};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The company's address.
pub(super) const SUPPORT: &str = "support@telephony.example";
/// The name under which the demo's mail server gives its verdict: `[sender_auth] authserv_ids`.
const SERVER: &str = "mx.telephony.example";

/// Someone who is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Player {
    /// As the story calls them.
    pub(super) name: &'static str,
    /// As their mail program writes it.
    pub(super) full_name: &'static str,
    /// Where they get mail.
    pub(super) address: &'static str,
}

/// A mail as its reader sees it.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// Name and address.
    pub(super) from: String,
    /// The address.
    pub(super) to: String,
    /// Decoded.
    pub(super) subject: String,
    /// The plain text.
    pub(super) text: String,
    /// Name and content of each attachment.
    pub(super) attachments: Vec<(String, Vec<u8>)>,
    message_id: String,
}

impl Letter {
    /// The code that stands alone on an indented line, as a person would find it.
    pub(super) fn code(&self) -> Option<&str> {
        let code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("    "));
        lines.map(str::trim).find(|line| line.len() > 6 && line.chars().all(code))
    }
}

/// The mail server's folder, with its clock.
pub(super) struct Mailroom {
    root: PathBuf,
    env: Env,
    zone: TimeZone,
}

impl Mailroom {
    /// Opens a mailbox for the company below `root`.
    pub(super) fn open(root: PathBuf, env: Env, zone: TimeZone) -> Result<Self, Trouble> {
        for part in ["tmp", "new", "cur"] {
            let path = root.join(SUPPORT).join(part);
            fs::create_dir_all(&path).map_err(Trouble::broke(format!("make {}", path.display())))?;
        }
        Ok(Self { root, env, zone })
    }

    /// Now, on the company's wall.
    pub(super) fn now(&self) -> Zoned {
        self.env.now().to_zoned(self.zone.clone())
    }

    /// A new mail to the company; gives it back as its reader sees it, with the file that holds it.
    pub(super) fn write(
        &self,
        from: Player,
        subject: &str,
        text: &str,
    ) -> Result<(Letter, PathBuf), Trouble> {
        self.deliver(from, subject, text, None)
    }

    /// An answer to a mail of the company, which is quoted below it.
    pub(super) fn reply(&self, from: Player, letter: &Letter, text: &str) -> Result<Letter, Trouble> {
        let day = self.now().strftime("%a, %-d %b %Y").to_string();
        let mut whole = format!("{text}\n\nOn {day}, {} wrote:\n", letter.from);
        for line in letter.text.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(whole, "> {line}");
        }
        let subject = format!("Re: {}", letter.subject);
        self.deliver(from, &subject, &whole, Some(&letter.message_id)).map(|(letter, _)| letter)
    }

    fn deliver(
        &self,
        from: Player,
        subject: &str,
        text: &str,
        answers: Option<&str>,
    ) -> Result<(Letter, PathBuf), Trouble> {
        let now = self.env.now();
        let id = format!("{:016x}", self.env.entropy.bits() >> 64);
        let raw = self.raw(from, subject, text, answers, &id)?;
        let support = self.root.join(SUPPORT);
        let name = format!("{}.{id}.{SERVER}", now.as_second());
        let (draft, path) = (support.join("tmp").join(&name), support.join("new").join(&name));
        write_new(&draft, raw.as_bytes())?;
        // A mailbox takes the file's time for the moment of arrival, and here that is the story's clock.
        let dated = File::options().write(true).open(&draft);
        dated
            .and_then(|file| file.set_modified(SystemTime::from(now)))
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(Trouble::broke(format!("deliver {}", path.display())))?;
        Ok((parse(raw.as_bytes(), &path)?, path))
    }

    /// The mail as it lies in the mailbox: what the server adds on top, then what the sender's program wrote.
    fn raw(
        &self,
        from: Player,
        subject: &str,
        text: &str,
        answers: Option<&str>,
        id: &str,
    ) -> Result<String, Trouble> {
        let Player { full_name, address, .. } = from;
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
        let date = rfc2822(self.env.now(), &self.zone)?;
        let thread = answers.map_or(String::new(), |id| format!("In-Reply-To: <{id}>\nReferences: <{id}>\n"));
        let subject = encoded(subject);
        Ok(format!(
            "Authentication-Results: {SERVER}; spf=pass smtp.mailfrom={address};\n\
             \tdkim=pass header.d={domain}; dmarc=pass header.from={domain}\n\
             Received: from mail.{domain} by {SERVER}; {date}\n\
             Delivered-To: {SUPPORT}\n\
             From: {full_name} <{address}>\nTo: {SUPPORT}\nSubject: {subject}\nDate: {date}\n\
             Message-ID: <{id}@{domain}>\n{thread}\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
        ))
    }

    /// The player's unread mail, oldest first; from now on it is read.
    pub(super) fn unread(&self, player: Player) -> Result<Vec<Letter>, Trouble> {
        let home = self.root.join(player.address);
        let mut found = Vec::new();
        // Before the first mail to this person there is no folder.
        for item in fs::read_dir(home.join("new")).into_iter().flatten() {
            let item = item.map_err(Trouble::broke(format!("list {}", home.display())))?;
            let written = item.metadata().and_then(|metadata| metadata.modified());
            found.push((written.unwrap_or(SystemTime::UNIX_EPOCH), item.path()));
        }
        found.sort();
        let letters = found.into_iter().map(|(_, path)| {
            let raw = fs::read(&path).map_err(Trouble::broke(format!("read {}", path.display())))?;
            let letter = parse(&raw, &path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            fs::rename(&path, home.join("cur").join(format!("{name}:2,S")))
                .map_err(Trouble::broke(format!("mark {} as read", path.display())))?;
            Ok(letter)
        });
        letters.collect()
    }

    /// Whether anybody ever wrote to this address.
    pub(super) fn knows(&self, address: &str) -> bool {
        self.root.join(address).exists()
    }
}

fn rfc2822(at: Timestamp, zone: &TimeZone) -> Result<String, Trouble> {
    jiff::fmt::rfc2822::to_string(&at.to_zoned(zone.clone())).map_err(Trouble::broke("write a date"))
}

/// A header value as mail programs write it: what is not ASCII becomes an encoded word (RFC 2047, section 4.2).
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut word = String::from("=?utf-8?Q?");
    for byte in text.bytes() {
        match byte {
            b' ' => word.push('_'),
            _ if byte.is_ascii_alphanumeric() => word.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => _ = write!(word, "={byte:02X}"),
        }
    }
    word + "?="
}

fn parse(raw: &[u8], path: &Path) -> Result<Letter, Trouble> {
    let unreadable = || Trouble::unexpected("a readable mail", format!("{} that is none", path.display()));
    let mail = MessageParser::default().parse(raw).ok_or_else(unreadable)?;
    let from = mail.from().and_then(|from| from.first()).ok_or_else(unreadable)?;
    let to = mail.to().and_then(|to| to.first()).ok_or_else(unreadable)?;
    let address = from.address().unwrap_or_default();
    let attachments = mail
        .attachments()
        .map(|part| (part.attachment_name().unwrap_or("unnamed").to_owned(), part.contents().to_vec()));
    Ok(Letter {
        from: from.name().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>")),
        to: to.address().unwrap_or_default().to_owned(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: mail.body_text(0).unwrap_or_default().replace("\r\n", "\n").trim_end().to_owned(),
        attachments: attachments.collect(),
        message_id: mail.message_id().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Letter, encoded, parse};
    use std::path::Path;

    #[test]
    fn a_code_stands_alone_on_an_indented_line() {
        let check = |text: &str, expected: Option<&str>| {
            let raw = format!("From: a@b.example\nTo: c@d.example\nSubject: x\n\n{text}");
            let letter: Letter = parse(raw.as_bytes(), Path::new("x")).expect("parses");
            assert_eq!(letter.code(), expected, "{text}");
        };
        check("Answer with the code.\n\n    7K3M-9Q2X\n\nThanks", Some("7K3M-9Q2X"));
        check("    7K3-M9Q-2XA-B4C-D5E-F6G", Some("7K3-M9Q-2XA-B4C-D5E-F6G"));
        check("7K3M-9Q2X\n    AND MORE WORDS\n    SHORT", None);
    }

    #[test]
    fn a_subject_outside_ascii_is_encoded_and_comes_back() {
        let subject = encoded("Data Export Request \u{2013} Acme Traders");
        assert!(subject.is_ascii());
        let raw = format!("From: a@b.example\nTo: c@d.example\nSubject: {subject}\n\nx");
        let letter = parse(raw.as_bytes(), Path::new("x")).expect("parses");
        assert_eq!(letter.subject, "Data Export Request \u{2013} Acme Traders");
    }
}
