//! The socket as async-imap sees it: every byte that comes in passes `wire.rs` first. Also counts bytes, so that a slow
//! large mail is told from a dead line, and remembers why it stopped, because async-imap's own errors hold mail text
//! and must not be shown.

use crate::mailbox::wire::Scanner;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const CHUNK_BYTES: usize = 16 * 1024;

/// A stream with a scanner before its reader.
pub(super) struct Guard<S> {
    inner: S,
    scanner: Scanner,
    chunk: Box<[u8]>,
    passed: Vec<u8>,
    taken: usize,
    /// Written but not flushed: async-imap writes tag, space, command and line end one by one.
    unsent: Vec<u8>,
    progress: Arc<AtomicU64>,
    broken: Option<&'static str>,
}

impl<S> Guard<S> {
    /// Guards a stream on which nobody has logged in yet; literals may have at most `literal_bytes_max` bytes.
    pub(super) fn new(inner: S, literal_bytes_max: u64) -> Self {
        Self {
            inner,
            scanner: Scanner::before_login(literal_bytes_max),
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
            passed: Vec::new(),
            taken: 0,
            unsent: Vec::new(),
            progress: Arc::default(),
            broken: None,
        }
    }

    /// What the scanner knows.
    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// The scanner, to make it forget.
    pub(super) fn scanner_mut(&mut self) -> &mut Scanner {
        &mut self.scanner
    }

    /// Counts the bytes that came in.
    pub(super) fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }

    /// Why the scanner stopped the stream, if it did.
    pub(super) fn broken(&self) -> Option<&'static str> {
        self.broken
    }
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[guarded stream]")
    }
}

impl<S: AsyncWrite + Unpin> Guard<S> {
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.unsent))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if let Some(passed) = this.passed.get(this.taken..).filter(|passed| !passed.is_empty()) {
                let take = passed.len().min(buf.remaining());
                buf.put_slice(passed.get(..take).unwrap_or_default());
                this.taken += take;
                return Poll::Ready(Ok(()));
            }
            this.passed.clear();
            this.taken = 0;
            let mut chunk = ReadBuf::new(&mut this.chunk);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut chunk))?;
            let came = chunk.filled();
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.progress.fetch_add(came.len() as u64, Ordering::Relaxed);
            if let Err(why) = this.scanner.feed(came, &mut this.passed) {
                this.broken = Some(why);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.unsent.len() >= CHUNK_BYTES {
            ready!(this.send(cx))?;
        }
        this.unsent.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.send(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
