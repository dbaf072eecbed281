//! Mail of a bench without servers: Maildirs in and out, with the verdict that a mail server would write on top. Measures
//! nothing; `deletion.rs` does.

use jiff::Timestamp;
use mail_parser::MessageParser;
use std::fs;
use std::path::{Path, PathBuf};

/// The mail folders of one round.
pub(crate) struct Letters {
    home: PathBuf,
}

/// A mail of ours, as its reader sees it.
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    id: String,
}

impl Letter {
    /// The code that stands alone on an indented line.
    pub(crate) fn code(&self) -> &str {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("    "));
        lines.map(str::trim).find(|line| line.len() > 6).expect("a code")
    }
}

impl Letters {
    pub(crate) fn new(home: &Path) -> Self {
        for part in ["in/new", "in/cur", "in/tmp", "out"] {
            fs::create_dir_all(home.join(part)).unwrap();
        }
        Self { home: home.to_owned() }
    }

    /// Puts a mail into the watched mailbox.
    pub(crate) fn write(
        &self,
        from: &str,
        subject: &str,
        body: &str,
        answers: Option<&Letter>,
        at: Timestamp,
    ) {
        let domain = from.rsplit('@').next().unwrap();
        let number = fs::read_dir(self.home.join("in/new")).unwrap().count();
        let date = jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        let thread = answers.map_or_else(String::new, |letter| format!("In-Reply-To: <{}>\r\n", letter.id));
        let mail = format!(
            "Authentication-Results: mx.acme.example; dmarc=pass header.from={domain}\r\nFrom: <{from}>\r\n\
             To: <support@acme.example>\r\nDate: {date}\r\nMessage-ID: <{number}@{domain}>\r\n{thread}Subject: {subject}\r\n\r\n{body}\r\n"
        );
        let name = format!("{}.M{number}.bench", at.as_second());
        let waiting = self.home.join("in/tmp").join(&name);
        fs::write(&waiting, mail).unwrap();
        fs::File::options().append(true).open(&waiting).unwrap().set_modified(at.into()).unwrap();
        fs::rename(waiting, self.home.join("in/new").join(name)).unwrap();
    }

    /// The mail that came last.
    pub(crate) fn newest(&self, to: &str) -> Letter {
        let folder = self.home.join("out").join(to).join("new");
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        let raw = fs::read(files.last().expect("a mail")).unwrap();
        let mail = MessageParser::default().parse(&raw).unwrap();
        Letter {
            subject: mail.subject().unwrap_or_default().to_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            id: mail.message_id().unwrap_or_default().to_owned(),
        }
    }
}
