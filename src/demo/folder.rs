//! The demo's folder: its configuration, master key, Maildirs and the made-up company's files. New every time, closed to
//! others, and removed at the end unless it was asked for or the story stopped. `dsrd.toml` beside it is what stands in it.

use super::{DemoError, Trouble};
use crate::crypto::MasterKey;
use crate::env::Env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The demo's configuration. Its paths are relative, so a kept folder works wherever it is moved.
const CONFIG: &str = include_str!("dsrd.toml");

/// Whether the folder stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stay {
    /// It was asked for.
    Kept,
    /// Nobody asked for it.
    Temporary,
}

/// The demo's folder.
pub(super) struct Folder {
    path: PathBuf,
    stay: Stay,
}

impl Folder {
    /// Makes it. One that holds something already is refused: the story must begin at its beginning.
    pub(super) fn make(keep: Option<&Path>, host: &Env) -> Result<Self, DemoError> {
        let (path, stay) = if let Some(path) = keep {
            (path.to_owned(), Stay::Kept)
        } else {
            let name = format!("dsrd-demo-{:08x}", host.entropy.bits() >> 96);
            (std::env::temp_dir().join(name), Stay::Temporary)
        };
        let made = DirBuilder::new().mode(0o700).create(&path);
        let empty = || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && !(stay == Stay::Kept && empty()) => {
                let why = "it exists and is not an empty folder; name a new one".to_owned();
                Err(DemoError::Folder { path, why })
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let why = format!("{error}; name a folder that you may make with --keep DIR");
                Err(DemoError::Folder { path, why })
            }
            Ok(()) | Err(_) => Ok(Self { path, stay }),
        }
    }

    /// Writes the configuration and a fresh master key.
    pub(super) fn furnish(&self, host: &Env) -> Result<(), Trouble> {
        let mut random = Zeroizing::new([0_u8; 32]);
        host.entropy.fill(random.as_mut());
        let key = Zeroizing::new(MasterKey::generate_text(*random));
        write_new(&self.path.join("master.key"), key.as_bytes())?;
        write_new(&self.config(), CONFIG.as_bytes())
    }

    /// Where everything lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.path.join("dsrd.toml")
    }

    /// Whether it stays.
    pub(super) const fn stay(&self) -> Stay {
        self.stay
    }

    /// Removes a temporary folder. What cannot be removed is left to the host: the story is told all the same.
    pub(super) fn tidy_up(&self) {
        if self.stay == Stay::Temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes a file that does not exist yet, readable by its owner only, with the folders above it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
    };
    write().map_err(Trouble::broke(format!("write {}", path.display())))
}
