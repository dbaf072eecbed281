//! A mailbox on an IMAP server: listed by UID windows, fetched in batches with BODY.PEEK, watched by IDLE. Connects when
//! first used and again after any failure; the waiting in between is the caller's (`backoff.rs`). Never marks a mail
//! read, never expunges (decision 17); with `after = "leave"` the folder is open read-only. The wire is `link.rs`'s.

use crate::mailbox::collect::{Attributes, MAILS_MAX, Mails};
use crate::mailbox::link::{Ending, Folder, Heard, Link, quoted};
use crate::mailbox::sets::{Batch, batches};
use crate::mailbox::{
    Abilities, After, Content, Continuity, Cursor, DONE_KEYWORD, Entry, Fetched, HEADER_BYTES_MAX, Listing,
    MailId, Mailbox, MailboxError,
};
use crate::net::{Endpoint, Login};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The limits of an IMAP mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for a command's first answer.
    pub command_max: Duration,
    /// Time without a byte while an answer goes on.
    pub quiet_max: Duration,
    /// IDLE is ended and begun again this often (decision 24).
    pub idle_renew: Duration,
    /// Time for the answer to DONE; then the line is dead (decision 24).
    pub idle_done_max: Duration,
    /// Larger mails are not fetched, only their headers, in bytes (standard M1).
    pub mail_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_max: Duration::from_secs(30),
            quiet_max: Duration::from_mins(1),
            idle_renew: Duration::from_secs(45),
            idle_done_max: Duration::from_secs(15),
            mail_bytes_max: 25 * 1024 * 1024,
        }
    }
}

/// Whether to ask the server to announce mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Where the server offers it.
    Offered,
    /// Never: poll only.
    Off,
}

/// Where a mailbox is and what to do there.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// The server.
    pub endpoint: Endpoint,
    /// Who we are there.
    pub login: Login,
    /// The folder, as the server stores its name.
    pub folder: String,
    /// What happens to handled mails.
    pub after: After,
    /// Whether to use IDLE.
    pub idle: Idle,
    /// Limits.
    pub limits: Limits,
}

/// An IMAP mailbox.
pub struct ImapMailbox {
    settings: ImapSettings,
    link: Option<Link>,
}

impl ImapMailbox {
    /// A mailbox that connects when it is first used.
    pub fn new(settings: ImapSettings) -> Self {
        Self { settings, link: None }
    }

    /// Takes the connection out, so that one abandoned in mid-command is dropped and never used again.
    async fn take_link(&mut self) -> Result<Link, MailboxError> {
        match self.link.take() {
            Some(link) if !link.leaving => Ok(link),
            _ => {
                fault!("imap.open.before");
                let link = Link::open(&self.settings).await?;
                fault!("imap.open.after");
                Ok(link)
            }
        }
    }

    /// Puts the connection back where the outcome says that it still works.
    fn put_back<T>(&mut self, link: Link, outcome: Result<T, MailboxError>) -> Result<T, MailboxError> {
        if matches!(outcome, Ok(_) | Err(MailboxError::Refused { .. })) {
            self.link = Some(link);
        }
        outcome
    }
}

#[async_trait]
impl Mailbox for ImapMailbox {
    async fn list(&mut self, cursor: &Cursor, entries_max: usize) -> Result<Listing, MailboxError> {
        let mut link = self.take_link().await?;
        fault!("imap.list.before");
        let outcome = list(&mut link, cursor, entries_max.clamp(1, MAILS_MAX)).await;
        fault!("imap.list.after");
        self.put_back(link, outcome)
    }

    async fn fetch(&mut self, entries: &[Entry]) -> Result<Vec<Fetched>, MailboxError> {
        let mut link = self.take_link().await?;
        fault!("imap.fetch.before");
        let outcome = fetch(&mut link, entries, self.settings.limits.mail_bytes_max).await;
        fault!("imap.fetch.after");
        self.put_back(link, outcome)
    }

    async fn finish(&mut self, ids: &[MailId]) -> Result<(), MailboxError> {
        if self.settings.after == After::Leave || ids.is_empty() {
            return Ok(());
        }
        let mut link = self.take_link().await?;
        fault!("imap.finish.before");
        let outcome = finish(&mut link, &self.settings, ids).await;
        fault!("imap.finish.after");
        self.put_back(link, outcome)
    }

    async fn wait(&mut self, at_most: Duration) -> Result<(), MailboxError> {
        let mut link = self.take_link().await?;
        // A new connection may have missed mail: list first.
        if link.folder.news || !link.folder.listed {
            self.link = Some(link);
            return Ok(());
        }
        fault!("imap.wait.before");
        let idle = self.settings.idle == Idle::Offered && link.offers("IDLE") && !link.idle_refused;
        let outcome =
            if idle { idle_wait(&mut link, at_most, &self.settings.limits).await } else { Ok(false) };
        let refused = matches!(outcome, Ok(true));
        let outcome = self.put_back(link, outcome.map(|_| ()));
        if !idle || refused {
            tokio::time::sleep(at_most).await;
        }
        outcome
    }

    async fn check(&mut self) -> Result<Abilities, MailboxError> {
        let mut link = self.take_link().await?;
        let alive = link.run("NOOP", "NOOP").await.map(|_| Abilities {
            moves: link.offers("MOVE"),
            idle: link.offers("IDLE"),
            keyword: link.folder.keyword,
            mails: u64::from(link.folder.exists),
        });
        self.put_back(link, alive)
    }

    async fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.logout().await;
        }
        self.settings.login.settled().await;
    }
}

/// Where a listing begins: UID and whether the cursor held.
fn beginning(cursor: &Cursor, folder: &Folder) -> (u32, Continuity) {
    let restarted = |why| (1, Continuity::Restarted { why });
    if cursor.0.is_empty() {
        return (1, Continuity::Continued);
    }
    let Some((validity, next)) = split_pair(&cursor.0) else {
        return restarted("the cursor is not of this mailbox's kind");
    };
    match (folder.validity, folder.uid_next) {
        // Within one connection numbers hold even where the server names no UIDVALIDITY.
        _ if folder.listed && validity == folder.validity.unwrap_or(0) => (next, Continuity::Continued),
        (None, _) => restarted("the server gives no UIDVALIDITY"),
        (Some(theirs), _) if theirs != validity => restarted("UIDVALIDITY changed"),
        (_, None) => restarted("the server gives no UIDNEXT"),
        (_, Some(uid_next)) if uid_next < next => restarted("UIDNEXT went backwards"),
        _ => (next, Continuity::Continued),
    }
}

/// Largest window of UIDs asked for at once; it grows while a folder is sparse.
const WINDOW_UIDS_MAX: u32 = 65_536;

async fn list(link: &mut Link, cursor: &Cursor, entries_max: usize) -> Result<Listing, MailboxError> {
    let (mut next, continuity) = beginning(cursor, &link.folder);
    link.folder.listed = true;
    let known = known_end(link).await?;
    let mut found = BTreeMap::new();
    let mut window = u32::try_from(entries_max).unwrap_or(WINDOW_UIDS_MAX).min(WINDOW_UIDS_MAX);
    while next < known && found.len() < entries_max {
        let end = next.saturating_add(window - 1).min(known - 1);
        found.append(&mut window_of(link, &format!("{next}:{end}"), next).await?);
        next = end + 1;
        window = window.saturating_mul(2).min(WINDOW_UIDS_MAX);
    }
    if found.len() < entries_max {
        found.append(&mut newest(link, next).await?);
        if let Some((last, _)) = found.last_key_value() {
            next = next.max(last.saturating_add(1));
        }
    }
    if let Some(beyond) = found.keys().nth(entries_max).copied() {
        found.split_off(&beyond);
        next = beyond;
    }
    link.folder.uid_next = Some(known.max(next));
    let validity = link.folder.validity.unwrap_or(0);
    Ok(Listing {
        has_more: link.folder.uid_next.is_some_and(|end| next < end),
        entries: found.into_iter().map(|(uid, mail)| entry(validity, uid, &mail)).collect(),
        cursor_after: Cursor(format!("{validity}.{next}")),
        continuity,
    })
}

/// The lowest UID that no mail had when we last looked.
async fn known_end(link: &mut Link) -> Result<u32, MailboxError> {
    if let Some(uid_next) = link.folder.uid_next {
        return Ok(uid_next);
    }
    if link.folder.exists == 0 {
        return Ok(1);
    }
    let mails = link.run("UID FETCH * (UID)", "UID FETCH").await?;
    Ok(mails.0.last_key_value().map_or(1, |(uid, _)| uid.saturating_add(1)))
}

/// The mails from `next` on, whatever their number; asked twice where one was announced only behind the answer.
async fn newest(link: &mut Link, next: u32) -> Result<BTreeMap<u32, Attributes>, MailboxError> {
    link.folder.news = false;
    if link.folder.exists == 0 {
        // `*` names no mail in an empty folder, and some servers answer BAD.
        link.run("NOOP", "NOOP").await?;
    }
    let mut found = BTreeMap::new();
    for _ in 0..2 {
        if link.folder.exists == 0 {
            break;
        }
        link.folder.news = false;
        found = window_of(link, &format!("{next}:*"), next).await?;
        if !link.folder.news || !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

async fn window_of(link: &mut Link, set: &str, from: u32) -> Result<BTreeMap<u32, Attributes>, MailboxError> {
    let mut mails = link.run(&format!("UID FETCH {set} (UID RFC822.SIZE INTERNALDATE)"), "UID FETCH").await?;
    // `n:*` always names the last mail, even one below n (RFC 9051 9, seq-range); flags may come for any mail.
    mails.0.retain(|uid, mail| *uid >= from && mail.size_bytes.is_some());
    Ok(mails.0)
}

fn entry(validity: u32, uid: u32, mail: &Attributes) -> Entry {
    Entry {
        id: MailId(format!("{validity}.{uid}")),
        size_bytes: mail.size_bytes.unwrap_or(0),
        received_at: mail.received_at.unwrap_or(Timestamp::MAX),
    }
}

fn split_pair(text: &str) -> Option<(u32, u32)> {
    let (left, right) = text.split_once('.')?;
    Some((left.parse().ok()?, right.parse().ok()?))
}

/// The UID behind an id, if the id is of the folder as it is now.
fn uid_of(id: &MailId, folder: &Folder) -> Option<u32> {
    let (validity, uid) = split_pair(&id.0)?;
    (validity == folder.validity.unwrap_or(0)).then_some(uid)
}

async fn fetch(link: &mut Link, entries: &[Entry], bytes_max: u64) -> Result<Vec<Fetched>, MailboxError> {
    let wanted: Vec<(u32, u64)> = entries
        .iter()
        .filter_map(|entry| Some((uid_of(&entry.id, &link.folder)?, entry.size_bytes)))
        .collect();
    let (small, large): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, size)| *size <= bytes_max);
    let mut bodies = Mails::default();
    for batch in batches(small) {
        fetch_batch(link, &batch, &mut bodies).await?;
    }
    let mut headers = Mails::default();
    for (uid, _) in large {
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[HEADER]<0.{HEADER_BYTES_MAX}>)");
        merge(&mut headers, link.run(&command, "UID FETCH").await?);
    }
    let missing = still_there(link, entries, &bodies, &headers).await?;
    let mut fetched = Vec::with_capacity(entries.len());
    for entry in entries {
        let uid = uid_of(&entry.id, &link.folder);
        if uid.is_some_and(|uid| missing.contains(&uid)) {
            continue;
        }
        let body = uid.and_then(|uid| bodies.0.get_mut(&uid)).and_then(|mail| mail.body.take());
        let header = uid.and_then(|uid| headers.0.get_mut(&uid)).and_then(|mail| mail.body.take());
        let content = content(body, header, entry.size_bytes, bytes_max);
        fetched.push(Fetched { id: entry.id.clone(), received_at: entry.received_at, content });
    }
    Ok(fetched)
}

fn content(body: Option<Vec<u8>>, header: Option<Vec<u8>>, size: u64, bytes_max: u64) -> Content {
    match (body, header) {
        (Some(mut bytes), _) if bytes.len() as u64 > bytes_max => {
            let size = bytes.len() as u64;
            bytes.truncate(HEADER_BYTES_MAX);
            Content::TooLarge { size, header: bytes }
        }
        (Some(bytes), _) => Content::Raw(bytes),
        (None, Some(mut header)) => {
            header.truncate(HEADER_BYTES_MAX);
            Content::TooLarge { size, header }
        }
        (None, None) => Content::Gone,
    }
}

/// Fetches a batch; where the server refuses it, each mail alone, so that one unreadable mail does not hold up the rest.
async fn fetch_batch(link: &mut Link, batch: &Batch, bodies: &mut Mails) -> Result<(), MailboxError> {
    let (mails, ending) = link.ask(&body_command(&batch.set), "UID FETCH").await?;
    let alone = batch.uids.len() == 1;
    if ending != Ending::No || alone {
        link.expect_done(ending, "UID FETCH")?;
        merge(bodies, mails);
        return Ok(());
    }
    merge(bodies, mails);
    let mut refused = None;
    for uid in &batch.uids {
        if bodies.0.get(uid).is_some_and(|mail| mail.body.is_some()) {
            continue;
        }
        let (mails, ending) = link.ask(&body_command(&uid.to_string()), "UID FETCH").await?;
        match link.expect_done(ending, "UID FETCH") {
            Ok(()) => merge(bodies, mails),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) if !batch.uids.iter().any(|uid| bodies.0.contains_key(uid)) => Err(error),
        _ => Ok(()),
    }
}

fn body_command(set: &str) -> String {
    format!("UID FETCH {set} (UID BODY.PEEK[])")
}

/// Adds bodies to bodies; a later response without a body, such as one about flags, takes none away.
fn merge(into: &mut Mails, from: Mails) {
    for (uid, mail) in from.0 {
        let known = into.0.entry(uid).or_default();
        if mail.body.is_some() {
            known.body = mail.body;
        }
    }
}

/// Of the mails without a body, those that exist nevertheless: the server owes them to us.
async fn still_there(
    link: &mut Link,
    entries: &[Entry],
    bodies: &Mails,
    headers: &Mails,
) -> Result<BTreeSet<u32>, MailboxError> {
    let has = |mails: &Mails, uid: u32| mails.0.get(&uid).is_some_and(|mail| mail.body.is_some());
    let absent: Vec<(u32, u64)> = entries
        .iter()
        .filter_map(|entry| uid_of(&entry.id, &link.folder))
        .filter(|uid| !has(bodies, *uid) && !has(headers, *uid))
        .map(|uid| (uid, 0))
        .collect();
    let mut there = BTreeSet::new();
    for batch in batches(absent) {
        let mails = link.run(&format!("UID FETCH {} (UID)", batch.set), "UID FETCH").await?;
        there.extend(mails.0.into_keys().filter(|uid| batch.uids.contains(uid)));
    }
    Ok(there)
}

async fn finish(link: &mut Link, settings: &ImapSettings, ids: &[MailId]) -> Result<(), MailboxError> {
    let uids: Vec<(u32, u64)> =
        ids.iter().filter_map(|id| uid_of(id, &link.folder)).map(|uid| (uid, 0)).collect();
    for batch in batches(uids) {
        match &settings.after {
            After::Move { folder } if link.offers("MOVE") => {
                let name = quoted(folder).ok_or_else(|| MailboxError::Setting {
                    server: settings.endpoint.to_string(),
                    what: "folder to move to",
                    why: "write the name as the server stores it, in ASCII (modified UTF-7, RFC 3501 5.1.3)",
                })?;
                move_to(link, &batch, &name).await?;
            }
            After::Move { .. } | After::Keyword if link.folder.keyword => {
                let command = format!("UID STORE {} +FLAGS.SILENT ({DONE_KEYWORD})", batch.set);
                link.run(&command, "UID STORE").await?;
            }
            After::Leave | After::Keyword | After::Move { .. } => {}
        }
    }
    Ok(())
}

async fn move_to(link: &mut Link, batch: &Batch, name: &str) -> Result<(), MailboxError> {
    let command = format!("UID MOVE {} {name}", batch.set);
    let (_, ending) = link.ask(&command, "UID MOVE").await?;
    if ending != Ending::NoFolder {
        return link.expect_done(ending, "UID MOVE");
    }
    link.run(&format!("CREATE {name}"), "CREATE").await?;
    link.run(&command, "UID MOVE").await.map(|_| ())
}

/// Idles until news, or until the time is up; `true` says that the server refused to.
async fn idle_wait(link: &mut Link, at_most: Duration, limits: &Limits) -> Result<bool, MailboxError> {
    let mut due = std::pin::pin!(tokio::time::sleep(at_most));
    loop {
        let Some(tag) = idle_start(link, limits).await? else { return Ok(true) };
        let over = tokio::select! {
            heard = hear_news(link, limits) => heard.map(|()| true)?,
            () = tokio::time::sleep(limits.idle_renew) => false,
            () = &mut due => true,
        };
        idle_end(link, &tag, limits).await?;
        if over || link.folder.news {
            return Ok(false);
        }
    }
}

/// Begins IDLE; `None` when the server refuses, which is remembered.
async fn idle_start(link: &mut Link, limits: &Limits) -> Result<Option<String>, MailboxError> {
    let tag = link.start("IDLE", "IDLE").await?;
    loop {
        match link.hear("IDLE", limits.command_max, &mut Mails::default()).await? {
            Heard::Continue => return Ok(Some(tag)),
            Heard::Ended(theirs, _) if theirs == tag => {
                link.idle_refused = true;
                return Ok(None);
            }
            Heard::Ended(..) | Heard::Untagged => {}
        }
    }
}

/// Listens until a mail is announced. May be cut off at any point: what came stays in the reader.
async fn hear_news(link: &mut Link, limits: &Limits) -> Result<(), MailboxError> {
    while !link.folder.news {
        link.hear("IDLE", limits.idle_renew * 2, &mut Mails::default()).await?;
        if link.leaving {
            return Err(link.lost("IDLE"));
        }
    }
    Ok(())
}

/// Ends IDLE: a line that does not answer DONE is dead (decision 24).
async fn idle_end(link: &mut Link, tag: &str, limits: &Limits) -> Result<(), MailboxError> {
    link.send_done().await?;
    loop {
        match link.hear("DONE", limits.idle_done_max, &mut Mails::default()).await? {
            Heard::Ended(theirs, _) if theirs == tag => return Ok(()),
            _ => {}
        }
    }
}
