//! One IMAP connection: dialled, logged in, folder open, every wait bounded (standard R12). async-imap carries commands and
//! parses responses, nothing else: its own collectors hide a tagged NO. Never shows what that crate's errors say, because
//! they quote mail. A link that failed or was abandoned in mid-command is dropped by `imap.rs`, never used again.

use crate::mailbox::collect::Mails;
use crate::mailbox::imap::ImapSettings;
use crate::mailbox::login::{Entered, enter};
use crate::mailbox::{After, DONE_KEYWORD, MailboxError};
use async_imap::imap_proto::{MailboxDatum, Response, ResponseCode, Status};
use futures::FutureExt;
use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

/// Time for one whole response, however steadily it trickles, in seconds.
const RESPONSE_SECONDS_MAX: u64 = 600;
/// Time to say good-bye, in seconds.
const LOGOUT_SECONDS_MAX: u64 = 5;

/// What SELECT or EXAMINE told about the folder, and what came after.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// UIDVALIDITY; `None` where missing or 0.
    pub(super) validity: Option<u32>,
    /// The lowest UID that no mail has yet, as far as we know; `None` where the server gave no UIDNEXT.
    pub(super) uid_next: Option<u32>,
    /// Mails in the folder.
    pub(super) exists: u32,
    /// Whether [`DONE_KEYWORD`] may be stored.
    pub(super) keyword: bool,
    /// Whether this connection has listed it from a cursor already.
    pub(super) listed: bool,
    /// Whether a mail was announced since the last listing began.
    pub(super) news: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// OK.
    Done,
    /// NO with TRYCREATE: the target folder is missing (RFC 9051 7.1).
    NoFolder,
    /// NO.
    No,
    /// BAD.
    Bad,
}

/// One response, as far as the caller must know: the rest is noted or gathered already.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The end of the command with this tag.
    Ended(String, Ending),
    /// `+`: the server waits for us.
    Continue,
    /// Anything untagged.
    Untagged,
}

/// An open connection.
pub(super) struct Link {
    session: Entered,
    server: String,
    command_max: Duration,
    quiet_max: Duration,
    capabilities: Vec<String>,
    /// The open folder.
    pub(super) folder: Folder,
    /// Whether the server said that it will hang up.
    pub(super) leaving: bool,
    /// Whether IDLE was refused although offered.
    pub(super) idle_refused: bool,
}

impl Link {
    /// Dials, starts TLS, logs in and opens the folder.
    pub(super) async fn open(settings: &ImapSettings) -> Result<Self, MailboxError> {
        let mut link = Self {
            session: enter(settings).await?,
            server: settings.endpoint.to_string(),
            command_max: settings.limits.command_max,
            quiet_max: settings.limits.quiet_max,
            capabilities: Vec::new(),
            folder: Folder::default(),
            leaving: false,
            idle_refused: false,
        };
        link.learn_capabilities().await?;
        link.open_folder(settings).await?;
        Ok(link)
    }

    /// Whether the server offers an extension.
    pub(super) fn offers(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|word| word == capability)
    }

    /// Runs a command that must end well.
    pub(super) async fn run(&mut self, command: &str, what: &'static str) -> Result<Mails, MailboxError> {
        let (mails, ending) = self.ask(command, what).await?;
        self.expect_done(ending, what)?;
        Ok(mails)
    }

    /// Turns an ending other than OK into an error.
    pub(super) fn expect_done(&self, ending: Ending, what: &'static str) -> Result<(), MailboxError> {
        let status = match ending {
            Ending::Done => return Ok(()),
            Ending::No | Ending::NoFolder => "NO",
            Ending::Bad => "BAD",
        };
        Err(MailboxError::Refused { server: self.server.clone(), what, status })
    }

    /// Runs a command and gathers the mails that it tells of; every untagged word about the folder is noted.
    pub(super) async fn ask(
        &mut self,
        command: &str,
        what: &'static str,
    ) -> Result<(Mails, Ending), MailboxError> {
        let tag = self.start(command, what).await?;
        let mut mails = Mails::default();
        let mut limit = self.command_max;
        loop {
            let heard = self.hear(what, limit, &mut mails).await?;
            // The first answer is due within the command time; mails that follow may each take the quiet time.
            limit = self.quiet_max;
            match heard {
                Heard::Ended(theirs, ending) if theirs == tag => return Ok((mails, ending)),
                _ => {}
            }
        }
    }

    /// Sends a command; gives its tag.
    pub(super) async fn start(&mut self, command: &str, what: &'static str) -> Result<String, MailboxError> {
        match timeout(self.command_max, self.session.run_command(command)).await {
            Ok(Ok(tag)) => Ok(tag.0),
            Ok(Err(_)) => Err(self.lost(what)),
            Err(_) => Err(self.too_late(what, self.command_max)),
        }
    }

    /// Sends the end of IDLE.
    pub(super) async fn send_done(&mut self) -> Result<(), MailboxError> {
        match timeout(self.command_max, self.session.run_command_untagged("DONE")).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.lost("DONE")),
            Err(_) => Err(self.too_late("DONE", self.command_max)),
        }
    }

    /// Reads one response, notes what it says about the folder and gathers what it says about mails; `quiet_max` bounds
    /// the time without a single byte. Cutting it off in mid-response loses nothing: what came stays in the reader.
    pub(super) async fn hear(
        &mut self,
        what: &'static str,
        quiet_max: Duration,
        mails: &mut Mails,
    ) -> Result<Heard, MailboxError> {
        let progress = self.session.get_ref().progress();
        // imap-proto cuts strings inside a character behind a response code; a panic there must not end the daemon.
        let mut reading = Box::pin(AssertUnwindSafe(self.session.read_response()).catch_unwind());
        let steadily = async {
            loop {
                let before = progress.load(Ordering::Relaxed);
                match timeout(quiet_max, &mut reading).await {
                    Ok(read) => return Some(read),
                    Err(_) if progress.load(Ordering::Relaxed) == before => return None,
                    Err(_) => {}
                }
            }
        };
        let read = timeout(Duration::from_secs(RESPONSE_SECONDS_MAX), steadily).await;
        drop(reading);
        match read {
            Ok(Some(Ok(Ok(Some(data))))) => {
                mails.take(data.parsed());
                Ok(self.note(data.parsed()))
            }
            Ok(Some(Ok(Ok(None)))) => Err(self.lost(what)),
            Ok(Some(Ok(Err(error)))) => Err(match self.session.get_ref().broken() {
                Some(why) => self.malformed(what, why),
                None if error.kind() == ErrorKind::Other => self.malformed(what, "not a response"),
                None => self.lost(what),
            }),
            Ok(Some(Err(_))) => Err(self.malformed(what, "a response that no parser can stand")),
            Ok(None) => Err(self.too_late(what, quiet_max)),
            Err(_) => Err(self.too_late(what, Duration::from_secs(RESPONSE_SECONDS_MAX))),
        }
    }

    fn note(&mut self, response: &Response<'_>) -> Heard {
        match response {
            Response::Done { tag, status, outcome } => {
                return Heard::Ended(tag.0.clone(), ending(status, outcome.code.as_ref()));
            }
            Response::Continue(_) => return Heard::Continue,
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.folder.news |= *count > self.folder.exists;
                self.folder.exists = *count;
            }
            Response::Expunge(_) => self.folder.exists = self.folder.exists.saturating_sub(1),
            Response::Data { status: Status::Bye, .. } => self.leaving = true,
            Response::Data { status: Status::Ok, outcome } => self.folder.learn(outcome.code.as_ref()),
            _ => {}
        }
        Heard::Untagged
    }

    /// Says good-bye, briefly.
    pub(super) async fn logout(mut self) {
        let farewell = async {
            // How it ends is the server's business.
            let _ = self.ask("LOGOUT", "LOGOUT").await;
        };
        // A server that does not answer good-byes is left without one.
        let _ = timeout(Duration::from_secs(LOGOUT_SECONDS_MAX), farewell).await;
    }

    /// The connection broke.
    pub(super) fn lost(&self, what: &'static str) -> MailboxError {
        MailboxError::Lost { server: self.server.clone(), what }
    }

    /// Nothing came in time.
    pub(super) fn too_late(&self, what: &'static str, limit: Duration) -> MailboxError {
        MailboxError::Timeout { server: self.server.clone(), what, seconds: limit.as_secs() }
    }

    fn malformed(&self, what: &'static str, why: &'static str) -> MailboxError {
        MailboxError::Malformed { server: self.server.clone(), what, why }
    }

    /// Asks again even where the login answer told, because many servers tell a shorter list there.
    async fn learn_capabilities(&mut self) -> Result<(), MailboxError> {
        self.session.get_mut().scanner_mut().forget_capabilities();
        self.run("CAPABILITY", "CAPABILITY").await?;
        self.capabilities = self.session.get_ref().scanner().capabilities().unwrap_or_default().to_vec();
        Ok(())
    }

    async fn open_folder(&mut self, settings: &ImapSettings) -> Result<(), MailboxError> {
        let name = quoted(&settings.folder).ok_or_else(|| MailboxError::Setting {
            server: self.server.clone(),
            what: "folder",
            why: "write the name as the server stores it, in ASCII (modified UTF-7, RFC 3501 5.1.3)",
        })?;
        // EXAMINE cannot change anything, not even \Recent.
        let (verb, what) = match settings.after {
            After::Leave => ("EXAMINE", "EXAMINE"),
            After::Keyword | After::Move { .. } => ("SELECT", "SELECT"),
        };
        self.folder = Folder::default();
        self.run(&format!("{verb} {name}"), what).await?;
        self.folder.news = false;
        Ok(())
    }
}

impl Folder {
    fn learn(&mut self, code: Option<&ResponseCode<'_>>) {
        match code {
            Some(ResponseCode::UidValidity(value)) => self.validity = Some(*value).filter(|value| *value > 0),
            Some(ResponseCode::UidNext(value)) => self.uid_next = Some(*value).filter(|value| *value > 0),
            Some(ResponseCode::PermanentFlags(flags)) => {
                self.keyword =
                    flags.iter().any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(DONE_KEYWORD));
            }
            _ => {}
        }
    }
}

fn ending(status: &Status, code: Option<&ResponseCode<'_>>) -> Ending {
    match (status, code) {
        (Status::Ok | Status::PreAuth, _) => Ending::Done,
        (Status::No, Some(ResponseCode::TryCreate)) => Ending::NoFolder,
        (Status::No | Status::Bye, _) => Ending::No,
        (Status::Bad, _) => Ending::Bad,
    }
}

/// An IMAP quoted string; `None` for what cannot be one.
pub(super) fn quoted(text: &str) -> Option<String> {
    let plain = text.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
    plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn folder_names_are_quoted_or_refused() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(quoted(name).as_deref(), expected);
        check("INBOX", Some("\"INBOX\""));
        check("a \"b\" \\c", Some("\"a \\\"b\\\" \\\\c\""));
        check("x\r\nA1 DELETE y", None);
        check("Entwürfe", None);
    }
}
