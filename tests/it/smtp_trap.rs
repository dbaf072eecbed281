//! A line between the daemon and the SMTP server that can go bad at the worst moment of one chosen mail: before the
//! server has it, or behind it while the answer is still on its way. Passes bytes on and understands no more of SMTP than
//! the end of a mail. `journey_killed.rs` sets the traps.

use crate::rig::rig;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the mail that a trap is set for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trap {
    /// The server never gets it: the line is silent from its first byte on.
    BeforeTheEnd,
    /// The server gets all of it and takes it; its answer never comes through.
    BehindTheEnd,
    /// The same, and then the line is reset.
    Reset,
}

#[derive(Default)]
struct Set {
    /// Part of the subject, and what happens to that mail.
    armed: Option<(String, Trap)>,
    sprung: bool,
}

/// The line, with room for one trap.
pub(crate) struct Line {
    /// Where the daemon connects to.
    pub(crate) port: u16,
    set: Arc<Mutex<Set>>,
}

impl Line {
    /// A line to the SMTP server of the rig that only passes bytes on.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let set: Arc<Mutex<Set>> = Arc::default();
        let shared = Arc::clone(&set);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, Arc::clone(&shared)));
            }
        });
        Self { port, set }
    }

    /// The next mail whose subject contains `words` meets the trap, and only that one.
    pub(crate) fn set(&self, words: &str, trap: Trap) {
        *self.set.lock().unwrap() = Set { armed: Some((words.to_owned(), trap)), sprung: false };
    }

    /// Whether the mail came.
    pub(crate) fn has_sprung(&self) -> bool {
        self.set.lock().unwrap().sprung
    }
}

async fn carry(client: TcpStream, set: Arc<Mutex<Set>>) {
    let server = TcpStream::connect(("127.0.0.1", rig().smtp_port)).await.unwrap();
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let caught: Arc<Mutex<Option<Trap>>> = Arc::default();
    let forward = tokio::spawn(forth(from_client, to_server, set, Arc::clone(&caught)));
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
        match *caught.lock().unwrap() {
            None => {}
            Some(Trap::BeforeTheEnd | Trap::BehindTheEnd) => continue,
            Some(Trap::Reset) => break,
        }
        if to_client.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    if *caught.lock().unwrap() == Some(Trap::Reset) {
        to_client.as_ref().set_zero_linger().unwrap();
    }
    forward.abort();
}

/// From the daemon to the server, with an eye on the mail that the trap is set for.
async fn forth(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    set: Arc<Mutex<Set>>,
    caught: Arc<Mutex<Option<Trap>>>,
) {
    let mut mail = Vec::new();
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = client.read(&mut bytes).await {
        mail.extend_from_slice(&bytes[..read]);
        let found = sprung(&set, &mail);
        if let Some(trap) = found {
            *caught.lock().unwrap() = Some(trap);
        }
        if *caught.lock().unwrap() != Some(Trap::BeforeTheEnd)
            && server.write_all(&bytes[..read]).await.is_err()
        {
            break;
        }
        if mail.ends_with(b"\r\n.\r\n") {
            mail.clear();
        }
    }
    let _ = server.shutdown().await;
}

fn sprung(set: &Mutex<Set>, mail: &[u8]) -> Option<Trap> {
    // A long subject is folded at any space (RFC 5322 section 2.2.3).
    let text = String::from_utf8_lossy(mail).replace("\r\n ", " ");
    let mut set = set.lock().unwrap();
    let mut subjects = text.lines().filter(|line| line.starts_with("Subject: "));
    let hit = set.armed.as_ref().is_some_and(|(words, _)| subjects.any(|line| line.contains(words.as_str())));
    if !hit {
        return None;
    }
    set.sprung = true;
    set.armed.take().map(|(_, trap)| trap)
}
