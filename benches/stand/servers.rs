//! The Dovecot of a bench: started by `tests/servers.py`, stopped when this goes. Puts mail into Maildirs as a local
//! delivery does (tmp, then rename). Measures nothing; `intake.rs` and `latency.rs` do.

use serde::Deserialize;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Debian's own interpreter, as `tests/servers.py` wants it.
const PYTHON: &str = "/usr/bin/python3";

/// A running Dovecot.
pub(crate) struct Servers {
    pub(crate) facts: Facts,
    child: Child,
}

/// What `tests/servers.py` says of itself.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) imap_port: u16,
    pub(crate) imaps_port: u16,
    pub(crate) mail_root: PathBuf,
    pub(crate) ca_file: PathBuf,
    pub(crate) password: String,
}

impl Servers {
    /// Starts Dovecot alone.
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers.py");
        let mut child = Command::new(PYTHON)
            .arg(script)
            .args(["--only", "imap"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the benches need what tests/run installs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "Dovecot did not start; tests/run installs what it needs");
        Self { facts: serde_json::from_str(&line).unwrap(), child }
    }

    /// A mailbox that nobody else uses.
    pub(crate) fn fresh_mailbox(&self) -> Maildir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let address = format!("support-{}@bench.example", COUNT.fetch_add(1, Ordering::Relaxed));
        let owner = fs::metadata(&self.facts.mail_root).unwrap();
        let maildir = Maildir {
            folder: self.facts.mail_root.join(&address),
            address,
            owner: (owner.uid(), owner.gid()),
        };
        for part in ["", "tmp", "new", "cur"] {
            let folder = maildir.folder.join(part);
            fs::create_dir_all(&folder).unwrap();
            maildir.own(&folder);
        }
        maildir
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A mailbox as a local delivery sees it.
pub(crate) struct Maildir {
    pub(crate) address: String,
    folder: PathBuf,
    owner: (u32, u32),
}

impl Maildir {
    /// Delivers one mail: from the rename on, the server can see it.
    pub(crate) fn deliver(&self, number: usize, mail: &[u8]) {
        let name = format!("{}.M{number}.bench", 1_700_000_000 + number);
        let waiting = self.folder.join("tmp").join(&name);
        fs::write(&waiting, mail).unwrap();
        self.own(&waiting);
        fs::rename(waiting, self.folder.join("new").join(name)).unwrap();
    }

    fn own(&self, path: &Path) {
        let found = fs::metadata(path).unwrap();
        if (found.uid(), found.gid()) != self.owner {
            chown(path, Some(self.owner.0), Some(self.owner.1)).unwrap();
        }
    }
}
