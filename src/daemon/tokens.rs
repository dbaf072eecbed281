//! Keeps refresh tokens that a provider replaced, sealed with the master key, in files of `[keys] token_dir`: the given one
//! lies where the daemon may not write (systemd's credentials), and a copy of the state's folder must open no mailbox.
//! A file is named by a keyed hash of the token that the operator gave, so that a newly given one is never shadowed by
//! what replaced an older one. Durable before `replace` returns. `net/oauth/` asks for it.

use crate::crypto::MasterKey;
use crate::crypto::index::IndexKey;
use crate::crypto::seal::{Aad, DataKey, NONCE_BYTES, OVERHEAD_BYTES};
use crate::env::Entropy;
use crate::net::Secret;
use crate::net::oauth::{KeepError, KeptToken, TokenKeeper};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Length of a sealed data key, which a file begins with.
const WRAPPED_BYTES: usize = OVERHEAD_BYTES + 32;

/// The folder of replaced refresh tokens.
pub struct TokenFolder {
    dir: PathBuf,
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
}

impl TokenFolder {
    /// A folder that is made when it is first needed.
    pub fn new(dir: PathBuf, key: MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        Self { dir, key: Arc::new(key), entropy }
    }

    /// Makes the folder, closed to others, for the owner of the one that it lies in: a command that runs as root must leave
    /// nothing behind that the daemon cannot read.
    fn make(&self) -> Result<(), KeepError> {
        if self.dir.is_dir() {
            return Ok(());
        }
        let failed = |error: io::Error| files("make the folder", &self.dir, &error);
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            // Somebody was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.dir.is_dir() => return Ok(()),
            made => made.map_err(failed)?,
        }
        give_to_owner_of(self.dir.parent().unwrap_or(Path::new(".")), &self.dir).map_err(failed)
    }
}

impl TokenKeeper for TokenFolder {
    fn open(&self, given: &Secret) -> Result<Box<dyn KeptToken>, KeepError> {
        self.make()?;
        let name = IndexKey::derive(&self.key).index("refresh token", given.reveal());
        let lock_path = self.dir.join(format!("{name}.lock"));
        let failed = |error: io::Error| files("lock", &lock_path, &error);
        let mut options = OpenOptions::new();
        let lock =
            options.write(true).create(true).truncate(false).mode(0o600).open(&lock_path).map_err(failed)?;
        give_to_owner_of(&self.dir, &lock_path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let path = self.dir.join(&name);
        let sealed = match fs::read(&path) {
            Ok(sealed) => Some(sealed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(files("read the kept refresh token", &path, &error)),
        };
        let newest = sealed.map(|sealed| unseal(&self.key, &name, &sealed, &path)).transpose()?;
        let (key, entropy) = (Arc::clone(&self.key), Arc::clone(&self.entropy));
        Ok(Box::new(Kept { _lock: lock, path, name, newest, key, entropy }))
    }
}

/// One token, held by us alone.
struct Kept {
    _lock: File,
    path: PathBuf,
    name: String,
    newest: Option<Secret>,
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
}

impl KeptToken for Kept {
    fn newest(&self) -> Option<Secret> {
        self.newest.clone()
    }

    fn replace(&self, newest: &Secret) -> Result<(), KeepError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let fresh = self.path.with_extension("new");
        let written = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(&seal(&self.key, self.entropy.as_ref(), &self.name, newest))?;
            give_to_owner_of(folder, &fresh)?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)?;
            File::open(folder)?.sync_all()
        };
        written().map_err(|error| files("keep the new refresh token in", &self.path, &error))
    }
}

fn files(what: &'static str, path: &Path, error: &io::Error) -> KeepError {
    KeepError::Files { what, path: path.display().to_string(), why: error.to_string() }
}

fn give_to_owner_of(folder: &Path, path: &Path) -> io::Result<()> {
    let (theirs, ours) = (fs::metadata(folder)?, fs::metadata(path)?);
    if (theirs.uid(), theirs.gid()) == (ours.uid(), ours.gid()) {
        return Ok(());
    }
    chown(path, Some(theirs.uid()), Some(theirs.gid()))
}

/// Where a token stands: it opens under no other name.
fn place(name: &str) -> Aad<'_> {
    Aad { table: "tokens", row: name, column: "refresh_token", version: 1 }
}

/// A data key of its own for each write, sealed by the master key, and the token sealed by it.
fn seal(master: &MasterKey, entropy: &dyn Entropy, name: &str, token: &Secret) -> Vec<u8> {
    let (mut key, mut nonces) = (Zeroizing::new([0_u8; 32]), [[0_u8; NONCE_BYTES]; 2]);
    entropy.fill(key.as_mut());
    for nonce in &mut nonces {
        entropy.fill(nonce);
    }
    let key = DataKey::new(*key);
    let mut bytes = master.wrap(&key, name, nonces[0]);
    bytes.extend(key.seal(&place(name), token.reveal().as_bytes(), nonces[1]));
    bytes
}

fn unseal(master: &MasterKey, name: &str, bytes: &[u8], path: &Path) -> Result<Secret, KeepError> {
    let failed = |why: String| KeepError::Sealed { path: path.display().to_string(), why };
    let (wrapped, sealed) =
        bytes.split_at_checked(WRAPPED_BYTES).ok_or_else(|| failed("it is cut off".to_owned()))?;
    let key = master.unwrap(wrapped, name).map_err(|error| failed(error.fault.to_string()))?;
    let token = key.open(&place(name), sealed).map_err(|error| failed(error.fault.to_string()))?;
    String::from_utf8(token).map(Secret::new).map_err(|_| failed("it holds no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::TokenFolder;
    use crate::crypto::MasterKey;
    use crate::env::Seeded;
    use crate::net::Secret;
    use crate::net::oauth::{KeepError, KeptToken, TokenKeeper};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::sync::Arc;

    fn folder(dir: &Path) -> TokenFolder {
        let key = MasterKey::from_file_text(&"07ff".repeat(16)).expect("a key");
        TokenFolder::new(dir.join("tokens"), key, Arc::new(Seeded::new(7)))
    }

    fn newest(kept: &dyn KeptToken) -> Option<String> {
        kept.newest().map(|token| token.reveal().to_owned())
    }

    #[test]
    fn a_replaced_token_is_found_again_sealed_and_under_the_given_one_alone() {
        let dir = tempfile::tempdir().expect("folder");
        let [given, other] = ["given-1", "given-2"].map(|token| Secret::new(token.to_owned()));
        let kept = folder(dir.path()).open(&given).expect("opens");
        assert_eq!(newest(kept.as_ref()), None);
        for token in ["hunter2", "hunter3"] {
            kept.replace(&Secret::new(token.to_owned())).expect("kept");
        }
        drop(kept);
        let again = folder(dir.path()).open(&given).expect("opens");
        assert_eq!(newest(again.as_ref()).as_deref(), Some("hunter3"));
        let new = folder(dir.path()).open(&other).expect("opens");
        assert_eq!(newest(new.as_ref()), None, "a newly given token is not shadowed");

        let tokens = dir.path().join("tokens");
        assert_eq!(tokens.metadata().expect("there").permissions().mode() & 0o777, 0o700);
        for entry in std::fs::read_dir(tokens).expect("there") {
            let entry = entry.expect("entry");
            assert_eq!(entry.metadata().expect("there").permissions().mode() & 0o777, 0o600);
            let bytes = std::fs::read(entry.path()).expect("read");
            for text in [&b"hunter"[..], b"given"] {
                assert!(!bytes.windows(text.len()).any(|window| window == text), "{entry:?}");
                let name = entry.file_name().into_encoded_bytes();
                assert!(!name.windows(text.len()).any(|window| window == text), "{entry:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_kept_or_opened_says_what_to_do() {
        let dir = tempfile::tempdir().expect("folder");
        let given = Secret::new("given".to_owned());
        let kept = folder(dir.path()).open(&given).expect("opens");
        kept.replace(&Secret::new("hunter2".to_owned())).expect("kept");
        drop(kept);
        let files = || std::fs::read_dir(dir.path().join("tokens")).expect("there").flatten();
        let path = files().map(|entry| entry.path()).find(|path| path.extension().is_none()).expect("kept");
        let mut bytes = std::fs::read(&path).expect("read");
        bytes.truncate(20);
        std::fs::write(&path, &bytes).expect("cut");
        let Err(error) = folder(dir.path()).open(&given) else { panic!("opened") };
        assert!(matches!(error, KeepError::Sealed { .. }), "{error}");
        assert!(error.to_string().contains("; restore the master key"), "{error}");
        assert!(!error.to_string().contains("hunter2"));

        std::fs::write(dir.path().join("file"), "").expect("written");
        let nowhere = dir.path().join("file");
        let Err(error) = folder(&nowhere).open(&given) else { panic!("opened") };
        assert!(error.to_string().contains("; let the daemon's user"), "{error}");
    }
}
