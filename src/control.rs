//! The Unix socket by which commands reach the running daemon: one JSON line in, one JSON line out. Only the daemon's own
//! user and root may speak, and who spoke stands in the audit log (decision 23). `workflow::operate` carries it out.

use crate::domain::audit::Actor;
use crate::workflow::{Operation, Reply, Workflow};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// How long the peer may take to speak or to listen.
const EXCHANGE_MAX: Duration = Duration::from_secs(30);

/// The bound socket; its file goes away with it.
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Binds the socket. A file that nobody answers behind is left over from a crash and replaced.
    ///
    /// # Errors
    /// `AddrInUse` when a daemon answers there.
    pub async fn bind(path: &Path) -> io::Result<Self> {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another dsrd answers on this socket"));
        }
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        match tokio::fs::remove_file(path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let socket = UnixListener::bind(path)?;
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        tokio::fs::set_permissions(path, owner_only).await?;
        Ok(Self { socket, path: path.to_owned() })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Nobody is left to tell; a file that stays is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Answers one command after another until `stop`. `ring` wakes the loops, which may have work now.
pub async fn serve(listener: Listener, workflow: &Workflow, ring: impl Fn(), stop: &CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.socket.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            continue;
        };
        match exchange(stream, workflow).await {
            Ok(()) => ring(),
            Err(error) => tracing::warn!(%error, "a command on the control socket could not be answered"),
        }
    }
}

async fn exchange(stream: UnixStream, workflow: &Workflow) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let actor = Actor::Operator(format!("uid-{}", peer.uid()));
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    // Only the waiting for the peer is timed: a transaction must not be dropped half begun (store/mod.rs).
    let mut lines = BufReader::new(read.take(LINE_BYTES_MAX));
    timeout(EXCHANGE_MAX, lines.read_line(&mut line)).await??;
    let reply = match serde_json::from_str::<Operation>(&line) {
        Ok(operation) => workflow.operate(operation, &actor).await,
        Err(error) => Reply::Failed { why: format!("the daemon does not understand this command: {error}") },
    };
    let mut answer = serde_json::to_vec(&reply)?;
    answer.push(b'\n');
    timeout(EXCHANGE_MAX, write.write_all(&answer)).await?
}

/// Asks the running daemon; none when no daemon listens.
pub async fn ask(path: &Path, operation: &Operation) -> io::Result<Option<Reply>> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut line = serde_json::to_vec(operation)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut answer).await?;
    Ok(Some(serde_json::from_str(&answer)?))
}
