//! One daemon for one SQLite state, whatever socket each would listen on: a lock on a file beside the state, which the
//! kernel gives back when the process ends, however it ends. Refuses a state on a network file system, where neither locks
//! nor SQLite's shared memory can be relied on (standard R9). PostgreSQL needs none of this: leases live in it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Where Linux says what is mounted where (proc(5)).
const MOUNTS: &str = "/proc/self/mountinfo";
/// File systems that other machines may write to at the same time.
const NETWORK: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "ocfs2",
];

/// The lock, held as long as this lives.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Why a state could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("another dsrd holds the lock {}", .0.display())]
    Held(PathBuf),
    /// It lies on a network file system.
    #[error("the folder {} lies on a network file system ({kind}), where two machines could write to it", folder.display())]
    Network {
        /// The state's folder.
        folder: PathBuf,
        /// As the kernel names it.
        kind: String,
    },
    /// The lock file could not be opened or locked.
    #[error("locking {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StateLock {
    /// Takes the state for this process.
    ///
    /// # Errors
    /// At once, when another process has it: waiting would only hide a second daemon.
    pub fn take(state: &Path) -> Result<Self, LockError> {
        let folder = state.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let here = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        // Without the list nothing is known to be wrong; a host without /proc is no network file system for that.
        let mounts = std::fs::read_to_string(MOUNTS).unwrap_or_default();
        if let Some(kind) = file_system(&mounts, &here).filter(|kind| NETWORK.contains(&kind.as_str())) {
            return Err(LockError::Network { folder: here, kind });
        }
        let path = lock_path(state);
        let io = |source| LockError::Io { path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(path)),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }

    /// Whether a daemon has the state. A state that nobody ever ran on has no lock file.
    pub fn is_held(state: &Path) -> io::Result<bool> {
        let file = match File::open(lock_path(state)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Beside the state and never the state itself: on some systems the two kinds of lock meet (flock(2), NFS).
fn lock_path(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// The kind of the file system that a folder lies on: that of the longest mount point above it; of two at one place the
/// later one, which covers the other.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let (head, tail) = line.split_once(" - ")?;
        let point = unescaped(head.split(' ').nth(4)?);
        let kind = tail.split(' ').next()?;
        let depth = Path::new(&point).components().count();
        if folder.starts_with(&point) && found.as_ref().is_none_or(|(before, _)| depth >= *before) {
            found = Some((depth, kind.to_owned()));
        }
    }
    found.map(|(_, kind)| kind)
}

/// proc(5): a space is `\040`, a tab `\011`, a line end `\012`, a backslash `\134`.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |text, (written, meant)| text.replace(written, meant))
}

#[cfg(test)]
mod tests {
    use super::{LockError, StateLock, file_system};
    use std::path::Path;

    #[test]
    fn a_state_has_one_holder_and_is_free_when_it_is_gone() {
        let dir = tempfile::tempdir().expect("folder");
        let state = dir.path().join("state.db");
        assert!(!StateLock::is_held(&state).expect("looks"), "nobody ever ran");
        let lock = StateLock::take(&state).expect("the first");
        assert!(matches!(StateLock::take(&state), Err(LockError::Held(_))));
        assert!(StateLock::is_held(&state).expect("looks"));
        assert!(StateLock::take(&dir.path().join("other.db")).is_ok(), "another state is another lock");
        drop(lock);
        assert!(!StateLock::is_held(&state).expect("looks"));
        StateLock::take(&state).expect("free again");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let state = Path::new("/proc/self/state.db");
        assert!(matches!(StateLock::take(state), Err(LockError::Io { .. })));
    }

    #[test]
    fn the_file_system_of_a_folder_is_that_of_its_mount() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:44 / /srv rw shared:9 - nfs4 files:/srv rw\n\
                      31 30 8:2 / /srv/local rw - xfs /dev/sdb1 rw\n\
                      32 22 0:45 / /mnt/two\\040words rw - cifs //files/share rw\n\
                      33 22 0:46 / /over rw - ext4 /dev/sdc1 rw\n\
                      34 22 0:47 / /over rw - 9p host rw\n";
        let check = |folder: &str, kind: Option<&str>| {
            assert_eq!(file_system(mounts, Path::new(folder)).as_deref(), kind, "{folder}");
        };
        check("/var/lib/dsrd", Some("ext4"));
        check("/srv", Some("nfs4"));
        check("/srv/dsrd", Some("nfs4"));
        check("/srvdata", Some("ext4"));
        check("/srv/local/dsrd", Some("xfs"));
        check("/mnt/two words/dsrd", Some("cifs"));
        check("/over/dsrd", Some("9p"));
        assert_eq!(file_system("", Path::new("/")), None);
        assert_eq!(file_system("nonsense", Path::new("/")), None);
    }
}
