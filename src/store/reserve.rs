//! Room kept back on the disk of the state (standard R11): a file that holds nothing but its place. When a write finds the
//! disk full, the file goes, so that what is begun can still be written down; taking new work waits until the file can be
//! made again. Belongs to the daemon: commands keep no room. On PostgreSQL the server has its own disk, and nothing is kept.
//! The same look finds that the state's file is no longer the one that is open.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Room kept back, in bytes (standard R11).
const RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// Room beyond it that must be there before it is made: else the room that it gave up would be taken for room.
const SPARE_BYTES: u64 = 16 * 1024 * 1024;

/// What an operator can do when the state's file is gone: the process still holds it.
const LOST: &str = "the state's file was removed or replaced while it was in use, so new mail stays in the mailbox and nothing \
                    is sent; copy the file out of /proc/<pid>/fd with sqlite3's .backup before you stop the daemon, and put it back";

/// Whether there is room for new work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// There is.
    Enough,
    /// The disk is full, or so nearly that no reserve can be kept.
    Full,
}

/// The file.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    /// Where it lies; none where no room is kept.
    path: Option<PathBuf>,
    /// The state's file, and which one it was at the first look.
    state: PathBuf,
    identity: OnceLock<(u64, u64)>,
    /// Whether this process keeps it.
    kept: AtomicBool,
    full: AtomicBool,
}

impl Reserve {
    /// The reserve beside a database file; none is made yet.
    pub(super) fn beside(file: &Path) -> Self {
        Self { path: Some(file.with_extension("reserve")), state: file.to_owned(), ..Self::default() }
    }

    /// Makes the file, or finds that there is no room for it.
    ///
    /// # Errors
    /// Also when the state's file was removed or replaced: what is written from then on is in no file that anybody could
    /// open, so it counts as full, and nothing new begins.
    pub(super) fn keep(&self) -> io::Result<Room> {
        self.kept.store(true, Ordering::Relaxed);
        if self.path.is_some() && !self.is_the_same_file() {
            self.full.store(true, Ordering::Relaxed);
            return Err(io::Error::other(LOST));
        }
        let made = self.path.as_deref().map_or(Ok(()), allocate);
        let room = match made {
            Ok(()) => Room::Enough,
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.remove();
                Room::Full
            }
            Err(error) => return Err(error),
        };
        self.full.store(room == Room::Full, Ordering::Relaxed);
        Ok(room)
    }

    fn is_the_same_file(&self) -> bool {
        let now = fs::metadata(&self.state).map(|file| (file.dev(), file.ino()));
        now.is_ok_and(|now| *self.identity.get_or_init(|| now) == now)
    }

    /// The disk is full: gives the room up, if it is ours.
    pub(super) fn give_up(&self) {
        if self.kept.load(Ordering::Relaxed) && !self.full.swap(true, Ordering::Relaxed) {
            self.remove();
        }
    }

    /// How it stood last.
    pub(super) fn room(&self) -> Room {
        if self.full.load(Ordering::Relaxed) { Room::Full } else { Room::Enough }
    }

    fn remove(&self) {
        // It may not be there; what matters is the room.
        let _ = self.path.as_deref().map(fs::remove_file);
    }
}

fn allocate(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    if file.metadata()?.len() >= RESERVE_BYTES {
        return Ok(());
    }
    let whole = RESERVE_BYTES + SPARE_BYTES;
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, whole) {
        // A file system that cannot allocate gets zeros.
        Err(rustix::io::Errno::OPNOTSUPP) => fill(&file, whole)?,
        allocated => allocated?,
    }
    file.set_len(RESERVE_BYTES)
}

fn fill(mut file: &File, whole: u64) -> io::Result<()> {
    let missing = whole - file.metadata()?.len();
    io::copy(&mut io::Read::take(io::repeat(0), missing), &mut file).map(drop)
}

#[cfg(test)]
mod tests {
    use super::{RESERVE_BYTES, Reserve, Room};

    #[test]
    fn the_room_is_kept_until_it_is_needed_and_kept_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state.db");
        std::fs::write(&state, "").expect("writes");
        let reserve = Reserve::beside(&state);
        let kept = || folder.path().join("state.reserve").metadata().map(|file| file.len()).ok();
        reserve.give_up();
        assert_eq!(
            (reserve.room(), kept()),
            (Room::Enough, None),
            "a command keeps no room and gives none up"
        );
        assert_eq!(reserve.keep().expect("keeps"), Room::Enough);
        assert_eq!(kept(), Some(RESERVE_BYTES));
        reserve.give_up();
        assert_eq!((reserve.room(), kept()), (Room::Full, None));
        assert_eq!(reserve.keep().expect("keeps"), Room::Enough);
        assert_eq!((reserve.room(), kept()), (Room::Enough, Some(RESERVE_BYTES)));
        std::fs::rename(&state, folder.path().join("elsewhere")).expect("moves");
        reserve.keep().expect_err("the state is gone");
        assert_eq!(reserve.room(), Room::Full);
        std::fs::write(&state, "").expect("writes");
        reserve.keep().expect_err("another file is not ours");
        std::fs::rename(folder.path().join("elsewhere"), &state).expect("moves");
        assert_eq!(reserve.keep().expect("keeps"), Room::Enough, "it is back");
    }
}
