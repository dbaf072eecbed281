//! Mail in: a mailbox that staff and dsrd share, as a list that only grows and mails that can be fetched. What is not ours
//! stays untouched: nothing is ever marked read, expunged or deleted (decision 17). Never parses a mail.
//! `imap.rs` and `maildir.rs` are the two kinds; `workflow::receive` takes what they give.

mod error;
pub use error::MailboxError;

pub mod backoff;
mod collect;
mod guard;
pub mod imap;
mod link;
mod login;
pub mod maildir;
mod sets;
pub mod wire;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The keyword that marks a mail as handled where `after = "keyword"`.
pub const DONE_KEYWORD: &str = "$DsrdDone";
/// Most header bytes kept of a mail that is too large to fetch (standard M1).
pub const HEADER_BYTES_MAX: usize = 256 * 1024;

/// One mail in one mailbox, opaque: IMAP `uidvalidity.uid`, Maildir base name (decision 19).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailId(pub String);

/// How far a mailbox has been listed, opaque; empty at first. Save it with the entries that it covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One listed mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which mail.
    pub id: MailId,
    /// Its size as the server states it, in bytes.
    pub size_bytes: u64,
    /// When it arrived: INTERNALDATE, or the file's modification time. `Timestamp::MAX` where the server does not say:
    /// take the earlier of this and now.
    pub received_at: Timestamp,
}

/// Whether a listing goes on from its cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The listing goes on where the cursor stood.
    Continued,
    /// The cursor meant nothing to the mailbox: everything is listed again from the start, and content decides what is
    /// new (RFC 9051 2.3.1.1).
    Restarted {
        /// What broke it.
        why: &'static str,
    },
}

/// One page of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Mails after the cursor, oldest first.
    pub entries: Vec<Entry>,
    /// The cursor to give next time.
    pub cursor_after: Cursor,
    /// Whether the cursor held.
    pub continuity: Continuity,
    /// Whether the next page is known not to be empty.
    pub has_more: bool,
}

/// What a mail turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Raw(Vec<u8>),
    /// Above the size limit: only its header was fetched, cut at [`HEADER_BYTES_MAX`].
    TooLarge {
        /// Its size as stated, in bytes.
        size: u64,
        /// Its header.
        header: Vec<u8>,
    },
    /// It is no longer there: someone moved or deleted it.
    Gone,
}

/// One fetched mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Which mail.
    pub id: MailId,
    /// When it arrived, as listed.
    pub received_at: Timestamp,
    /// What it is.
    pub content: Content,
}

/// What happens to a mail once it is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Leave,
    /// It gets the keyword [`DONE_KEYWORD`], where the server allows keywords.
    Keyword,
    /// It moves to another folder; without UID MOVE it gets the keyword instead.
    Move {
        /// The folder.
        folder: String,
    },
}

/// What a mailbox can do, for `dsrd check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Handled mails can be moved.
    pub moves: bool,
    /// New mail is announced at once.
    pub idle: bool,
    /// Handled mails can be marked with [`DONE_KEYWORD`].
    pub keyword: bool,
    /// Mails in the folder.
    pub mails: u64,
}

/// A mailbox.
#[async_trait]
pub trait Mailbox: Send {
    /// Lists at most `entries_max` mails after `cursor`. May name a mail again after a restart of the listing: the id
    /// decides.
    async fn list(&mut self, cursor: &Cursor, entries_max: usize) -> Result<Listing, MailboxError>;

    /// Fetches mails without marking them read. A mail that is there but that the server did not give is left out of
    /// the answer: ask again later.
    async fn fetch(&mut self, entries: &[Entry]) -> Result<Vec<Fetched>, MailboxError>;

    /// Does what `after` says to handled mails; ids that the mailbox no longer knows are passed over.
    async fn finish(&mut self, ids: &[MailId]) -> Result<(), MailboxError>;

    /// Waits until something new may be there, at most `at_most`.
    async fn wait(&mut self, at_most: Duration) -> Result<(), MailboxError>;

    /// Logs in, opens the folder and says what it can do.
    async fn check(&mut self) -> Result<Abilities, MailboxError>;

    /// Says good-bye; the next call connects again.
    async fn close(&mut self);
}
