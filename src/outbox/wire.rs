//! The SMTP line as lettre sees it. Bounds what a server may say before lettre buffers it, remembers whether the end of a
//! mail has left us (then a missing answer means uncertain, not failed), and turns line ends into CRLF, because a bare LF
//! before a dot would let a mail smuggle another one. See `dialog.rs`, which speaks over it.

use crate::net::tls::Stream;
use lettre::transport::smtp::client::AsyncTokioStream;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longest reply line, in bytes; RFC 5321 4.5.3.1.5 says 512.
const REPLY_LINE_BYTES_MAX: usize = 1000;
const MAIL_END: [u8; 5] = *b"\r\n.\r\n";

/// Says whether the end of a mail has been written since it was last cleared.
#[derive(Clone, Debug, Default)]
pub(super) struct MailEnd(Arc<AtomicBool>);

impl MailEnd {
    /// Before a mail begins.
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the server may have the whole mail.
    pub(super) fn is_written(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A guarded line.
pub(super) struct Wire {
    inner: Stream,
    /// Handed out before anything from the server.
    before: &'static [u8],
    line: Vec<u8>,
    /// The last bytes that have left, fewer than the end of a mail.
    tail: Vec<u8>,
    end: MailEnd,
}

impl Wire {
    /// Guards a line; `before` is read first: behind STARTTLS there is no greeting, but lettre waits for one.
    pub(super) fn new(inner: Stream, before: &'static [u8], end: MailEnd) -> Self {
        Self { inner, before, line: Vec::new(), tail: Vec::new(), end }
    }

    /// Looks for the end of a mail in what has left, which may lie across two writes.
    fn left(&mut self, bytes: &[u8]) {
        const BEFORE: usize = MAIL_END.len() - 1;
        let mut joint = std::mem::take(&mut self.tail);
        joint.extend_from_slice(bytes.get(..BEFORE).unwrap_or(bytes));
        let ends = |bytes: &[u8]| bytes.windows(MAIL_END.len()).any(|window| window == MAIL_END);
        if ends(&joint) || ends(bytes) {
            self.end.0.store(true, Ordering::Relaxed);
        }
        let kept = if bytes.len() < BEFORE { &joint } else { bytes };
        self.tail = kept.get(kept.len().saturating_sub(BEFORE)..).unwrap_or_default().to_vec();
    }

    fn look(&mut self, came: &[u8]) -> io::Result<()> {
        let refuse = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        for byte in came {
            self.line.push(*byte);
            if self.line.len() > REPLY_LINE_BYTES_MAX {
                return refuse("a reply line is too long");
            }
            if *byte == b'\n' {
                // lettre panics on an EHLO keyword line that holds spaces only.
                let blank = self
                    .line
                    .strip_prefix(b"250")
                    .and_then(<[u8]>::split_first)
                    .is_some_and(|(_, text)| text.len() > 2 && text.iter().all(u8::is_ascii_whitespace));
                if blank {
                    return refuse("a reply line is blank");
                }
                self.line.clear();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[smtp line]")
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.before.is_empty() {
            let (now, later) = this.before.split_at(this.before.len().min(buf.remaining()));
            buf.put_slice(now);
            this.before = later;
            return Poll::Ready(Ok(()));
        }
        let start = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let came = buf.filled().get(start..).unwrap_or_default();
        Poll::Ready(this.look(came))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, buf))?;
        this.left(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// The mail with every line end as CRLF and without the last one, which the end of the mail brings.
pub(super) fn body_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut bare = false;
    let mut before = 0_u8;
    for byte in bytes {
        bare |= (*byte == b'\n') != (before == b'\r');
        before = *byte;
    }
    let whole: Cow<'_, [u8]> =
        if bare || before == b'\r' { Cow::Owned(with_crlf(bytes)) } else { bytes.into() };
    match whole {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.strip_suffix(b"\r\n").unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            if bytes.ends_with(b"\r\n") {
                bytes.truncate(bytes.len() - 2);
            }
            Cow::Owned(bytes)
        }
    }
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut before = 0_u8;
    for byte in bytes {
        match (*byte, before) {
            (b'\n', b'\r') => {}
            (b'\r' | b'\n', _) => out.extend_from_slice(b"\r\n"),
            (other, _) => out.push(other),
        }
        before = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::body_of;

    #[test]
    fn every_line_ends_in_crlf_and_the_last_end_is_left_to_the_protocol() {
        let check = |input: &[u8], expected: &[u8]| {
            assert_eq!(body_of(input).as_ref(), expected, "{}", input.escape_ascii());
        };
        check(b"a\r\nb\r\n", b"a\r\nb");
        check(b"a\nb\n", b"a\r\nb");
        check(b"a\rb", b"a\r\nb");
        check(b"a\r\r\nb", b"a\r\n\r\nb");
        check(b"a\n\r\nb", b"a\r\n\r\nb");
        check(b"a\r", b"a");
        check(b"\n.\nMAIL FROM:<x>\n", b"\r\n.\r\nMAIL FROM:<x>");
        check(b"", b"");
        check(b"a\r\n\r\n", b"a\r\n");
    }
}
