//! A mailbox in a Maildir on this host: `new/` and `cur/`, a mail being its base name, whatever its flags (decision 19).
//! Renames nothing except to move a handled mail to a sub-Maildir; never touches flags, never deletes. Watches by the
//! directories' modification times. The IMAP kind is `imap.rs`.

use crate::mailbox::{
    Abilities, After, Content, Continuity, Cursor, Entry, Fetched, HEADER_BYTES_MAX, Listing, MailId,
    Mailbox, MailboxError,
};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const LOOK_FIRST: Duration = Duration::from_millis(250);
const LOOK_MOST: Duration = Duration::from_secs(2);

/// Where a Maildir is and what to do there.
#[derive(Clone, Debug)]
pub struct MaildirSettings {
    /// The directory that holds `new` and `cur`.
    pub dir: PathBuf,
    /// What happens to handled mails; a Maildir has no keywords, so `Keyword` leaves them.
    pub after: After,
    /// Of larger mails only the header is read, in bytes (standard M1).
    pub mail_bytes_max: u64,
}

/// A Maildir mailbox.
pub struct MaildirMailbox {
    settings: MaildirSettings,
    seen: Seen,
    looked_at: Option<[SystemTime; 2]>,
}

/// Base names in the order in which they were first seen, each with a digest of all up to it: a cursor is a position
/// and that digest, so it holds only where exactly these mails stand before it, even after a restart.
#[derive(Default)]
struct Seen {
    order: Vec<(String, String)>,
    known: HashSet<String>,
}

impl Seen {
    fn add(&mut self, base: &str) {
        if !self.known.insert(base.to_owned()) {
            return;
        }
        let before = self.order.last().map_or("", |(_, digest)| digest.as_str());
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{before}/{base}").as_bytes());
        let half = digest.as_ref().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        self.order.push((base.to_owned(), format!("{half:032x}")));
    }

    /// The position that a cursor stands for, if it still means the same mails.
    fn position(&self, cursor: &Cursor) -> Option<usize> {
        let (position, digest) = cursor.0.split_once('.')?;
        let position: usize = position.parse().ok()?;
        if position == 0 {
            return Some(0);
        }
        let (_, theirs) = self.order.get(position - 1)?;
        (theirs == digest).then_some(position)
    }

    fn cursor(&self, position: usize) -> Cursor {
        let digest = position.checked_sub(1).and_then(|last| self.order.get(last));
        Cursor(format!("{position}.{}", digest.map_or("", |(_, digest)| digest.as_str())))
    }
}

impl MaildirMailbox {
    /// A mailbox on a directory, which is read when first used.
    pub fn new(settings: MaildirSettings) -> Self {
        Self { settings, seen: Seen::default(), looked_at: None }
    }

    fn files_error(&self, what: &'static str, error: &io::Error) -> MailboxError {
        MailboxError::Files { path: self.settings.dir.display().to_string(), what, why: error.to_string() }
    }

    /// Runs blocking file work off the runtime's threads.
    async fn off<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&MaildirSettings) -> io::Result<T> + Send + 'static,
    ) -> Result<T, MailboxError> {
        let settings = self.settings.clone();
        let done = tokio::task::spawn_blocking(move || work(&settings)).await;
        done.unwrap_or_else(|_| Err(io::Error::other("the work was abandoned")))
            .map_err(|error| self.files_error(what, &error))
    }
}

#[async_trait]
impl Mailbox for MaildirMailbox {
    async fn list(&mut self, cursor: &Cursor, entries_max: usize) -> Result<Listing, MailboxError> {
        let (looked_at, files) = self
            .off("list mails", |settings| {
                let looked_at = times(&settings.dir)?;
                Ok((looked_at, files(&settings.dir)?))
            })
            .await?;
        self.looked_at = Some(looked_at);
        let mut fresh: Vec<&MailFile> =
            files.values().filter(|file| !self.seen.known.contains(&file.base)).collect();
        fresh.sort_by(|a, b| (a.received_at, &a.base).cmp(&(b.received_at, &b.base)));
        for file in fresh {
            self.seen.add(&file.base);
        }
        let (mut position, continuity) = match self.seen.position(cursor) {
            Some(position) => (position, Continuity::Continued),
            None if cursor.0.is_empty() => (0, Continuity::Continued),
            None => (0, Continuity::Restarted { why: "not the mails that stood before the cursor" }),
        };
        let mut entries = Vec::new();
        while let Some((base, _)) = self.seen.order.get(position) {
            if entries.len() == entries_max {
                break;
            }
            entries.extend(files.get(base).map(MailFile::entry));
            position += 1;
        }
        let has_more = position < self.seen.order.len();
        Ok(Listing { entries, cursor_after: self.seen.cursor(position), continuity, has_more })
    }

    async fn fetch(&mut self, entries: &[Entry]) -> Result<Vec<Fetched>, MailboxError> {
        let entries = entries.to_vec();
        self.off("read mails", move |settings| {
            let files = files(&settings.dir)?;
            entries
                .into_iter()
                .map(|entry| {
                    let content = match files.get(&entry.id.0) {
                        Some(file) => read(&file.path, settings.mail_bytes_max)?,
                        None => Content::Gone,
                    };
                    Ok(Fetched { id: entry.id, received_at: entry.received_at, content })
                })
                .collect()
        })
        .await
    }

    async fn finish(&mut self, ids: &[MailId]) -> Result<(), MailboxError> {
        let After::Move { folder } = self.settings.after.clone() else { return Ok(()) };
        if folder.is_empty() || folder.contains(['/', '\0']) || folder.starts_with('.') {
            return Err(MailboxError::Setting {
                server: self.settings.dir.display().to_string(),
                what: "folder to move to",
                why: "a sub-Maildir's name has no slash and does not begin with a dot",
            });
        }
        let ids = ids.to_vec();
        self.off("move mails", move |settings| move_to(&settings.dir, &folder, &ids)).await
    }

    async fn wait(&mut self, at_most: Duration) -> Result<(), MailboxError> {
        let watching = async {
            let mut pause = LOOK_FIRST;
            loop {
                let now = self.off("look for mail", |settings| times(&settings.dir)).await?;
                if self.looked_at != Some(now) {
                    return Ok(());
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOK_MOST);
            }
        };
        tokio::time::timeout(at_most, watching).await.unwrap_or(Ok(()))
    }

    async fn check(&mut self) -> Result<Abilities, MailboxError> {
        let mails = self.off("list mails", |settings| Ok(files(&settings.dir)?.len() as u64)).await?;
        Ok(Abilities { moves: true, idle: false, keyword: false, mails })
    }

    async fn close(&mut self) {
        self.looked_at = None;
    }
}

struct MailFile {
    base: String,
    path: PathBuf,
    size_bytes: u64,
    received_at: Timestamp,
}

impl MailFile {
    fn entry(&self) -> Entry {
        Entry { id: MailId(self.base.clone()), size_bytes: self.size_bytes, received_at: self.received_at }
    }
}

fn times(dir: &Path) -> io::Result<[SystemTime; 2]> {
    let time = |name: &str| fs::metadata(dir.join(name))?.modified();
    Ok([time("new")?, time("cur")?])
}

/// All mails by base name. `new` is read first: a mail that moves to `cur` meanwhile is seen twice rather than never.
fn files(dir: &Path) -> io::Result<HashMap<String, MailFile>> {
    let mut found = HashMap::new();
    for sub in ["new", "cur"] {
        for item in fs::read_dir(dir.join(sub))? {
            let item = item?;
            let name = item.file_name();
            // Other names are no Maildir names; a name must come back unharmed from the state.
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let metadata = match item.metadata() {
                Ok(metadata) if metadata.is_file() => metadata,
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let base = name.split_once(':').map_or(name, |(base, _)| base).to_owned();
            let received_at = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
            let file = MailFile {
                base: base.clone(),
                path: item.path(),
                size_bytes: metadata.len(),
                received_at: received_at.unwrap_or(Timestamp::MAX),
            };
            found.insert(base, file);
        }
    }
    Ok(found)
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Content> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Gone),
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    // The file may have grown since it was measured.
    file.take(if size > bytes_max { HEADER_BYTES_MAX as u64 } else { bytes_max }).read_to_end(&mut bytes)?;
    Ok(if size > bytes_max {
        Content::TooLarge { size, header: header_of(bytes) }
    } else {
        Content::Raw(bytes)
    })
}

fn header_of(mut bytes: Vec<u8>) -> Vec<u8> {
    let crlf = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let lf = bytes.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    if let Some(end) = crlf.into_iter().chain(lf).min() {
        bytes.truncate(end);
    }
    bytes
}

fn move_to(dir: &Path, folder: &str, ids: &[MailId]) -> io::Result<()> {
    let target = dir.join(format!(".{folder}"));
    for sub in ["tmp", "new", "cur"] {
        fs::create_dir_all(target.join(sub))?;
    }
    let files = files(dir)?;
    for file in ids.iter().filter_map(|id| files.get(&id.0)) {
        let (Some(name), Some(sub)) = (file.path.file_name(), file.path.parent().and_then(Path::file_name))
        else {
            continue;
        };
        match fs::rename(&file.path, target.join(sub).join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for sub in ["new", "cur"] {
        File::open(target.join(sub))?.sync_all()?;
        File::open(dir.join(sub))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MaildirMailbox, MaildirSettings};
    use crate::mailbox::{After, Content, Continuity, Cursor, Listing, Mailbox};
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    fn maildir(mails: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("folder");
        for sub in ["tmp", "new", "cur"] {
            fs::create_dir(dir.path().join(sub)).expect("created");
        }
        for (name, text) in mails {
            fs::write(dir.path().join(name), text).expect("written");
        }
        dir
    }

    fn mailbox(dir: &Path, after: After) -> MaildirMailbox {
        MaildirMailbox::new(MaildirSettings { dir: dir.to_owned(), after, mail_bytes_max: 20 })
    }

    fn names(listing: &Listing) -> Vec<&str> {
        let mut names: Vec<&str> = listing.entries.iter().map(|entry| entry.id.0.as_str()).collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn mails_are_listed_once_whatever_their_flags_become() {
        let dir = maildir(&[("new/a", "x"), ("cur/b:2,S", "y"), ("cur/.hidden", ""), ("tmp/c", "")]);
        let mut mailbox = mailbox(dir.path(), After::Leave);
        let first = mailbox.list(&Cursor::default(), 10).await.expect("listed");
        assert_eq!((names(&first), first.has_more), (vec!["a", "b"], false));
        fs::rename(dir.path().join("new/a"), dir.path().join("cur/a:2,RS")).expect("renamed");
        fs::write(dir.path().join("new/d"), "z").expect("written");
        let second = mailbox.list(&first.cursor_after, 10).await.expect("listed");
        assert_eq!((names(&second), &second.continuity), (vec!["d"], &Continuity::Continued));
        let again = mailbox.list(&first.cursor_after, 10).await.expect("listed");
        assert_eq!(names(&again), ["d"]);
    }

    #[tokio::test]
    async fn a_cursor_holds_after_a_restart_only_where_the_same_mails_stand_before_it() {
        let dir = maildir(&[("new/a", "x"), ("new/b", "y"), ("new/c", "z")]);
        let page = mailbox(dir.path(), After::Leave).list(&Cursor::default(), 2).await.expect("listed");
        assert_eq!((page.entries.len(), page.has_more), (2, true));
        let rest = mailbox(dir.path(), After::Leave).list(&page.cursor_after, 9).await.expect("listed");
        assert_eq!((rest.entries.len(), rest.continuity), (1, Continuity::Continued));
        let first = page.entries.first().expect("one").id.0.clone();
        fs::remove_file(dir.path().join("new").join(first)).expect("removed");
        let all = mailbox(dir.path(), After::Leave).list(&page.cursor_after, 9).await.expect("listed");
        assert!(matches!(all.continuity, Continuity::Restarted { .. }));
        assert_eq!(all.entries.len(), 2);
    }

    #[tokio::test]
    async fn large_and_vanished_mails_are_told_apart() {
        let large = format!("Subject: x\n\n{}", "body ".repeat(9));
        let dir = maildir(&[("new/a", "Subject: a\n\nhi"), ("new/big", &large), ("new/gone", "x")]);
        let mut mailbox = mailbox(dir.path(), After::Leave);
        let listing = mailbox.list(&Cursor::default(), 10).await.expect("listed");
        fs::remove_file(dir.path().join("new/gone")).expect("removed");
        for fetched in mailbox.fetch(&listing.entries).await.expect("fetched") {
            let expected = match fetched.id.0.as_str() {
                "a" => Content::Raw(b"Subject: a\n\nhi".to_vec()),
                "big" => Content::TooLarge { size: 57, header: b"Subject: x\n\n".to_vec() },
                _ => Content::Gone,
            };
            assert_eq!(fetched.content, expected);
        }
        assert!(dir.path().join("new/a").exists());
    }

    #[tokio::test]
    async fn handled_mails_move_with_their_flags_and_others_stay() {
        let dir = maildir(&[("new/a", "x"), ("cur/b:2,S", "y"), ("new/c", "z")]);
        let mut mailbox = mailbox(dir.path(), After::Move { folder: "Done".to_owned() });
        let listing = mailbox.list(&Cursor::default(), 10).await.expect("listed");
        let ids: Vec<_> = listing.entries.into_iter().map(|e| e.id).filter(|id| id.0 != "c").collect();
        mailbox.finish(&ids).await.expect("moved");
        mailbox.finish(&ids).await.expect("moved again");
        for (name, there) in
            [(".Done/new/a", true), (".Done/cur/b:2,S", true), ("new/c", true), ("new/a", false)]
        {
            assert_eq!(dir.path().join(name).exists(), there, "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_name_cannot_leave_the_maildir() {
        let dir = maildir(&[]);
        for folder in ["../x", "a/b", ".", "..", ""] {
            let mut mailbox = mailbox(dir.path(), After::Move { folder: folder.to_owned() });
            assert!(mailbox.finish(&[]).await.is_err(), "{folder}");
        }
    }

    #[tokio::test]
    async fn a_delivery_ends_the_wait() {
        let dir = maildir(&[("new/a", "x")]);
        let mut mailbox = mailbox(dir.path(), After::Leave);
        mailbox.list(&Cursor::default(), 10).await.expect("listed");
        mailbox.wait(Duration::from_millis(10)).await.expect("nothing new");
        fs::write(dir.path().join("new/b"), "y").expect("written");
        let waited = tokio::time::timeout(Duration::from_secs(20), mailbox.wait(Duration::from_mins(1)));
        waited.await.expect("ended early").expect("news");
    }
}
