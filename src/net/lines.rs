//! Lines of a mail protocol before TLS: greeting, capabilities, STARTTLS. Read byte by byte from the bare socket, so that
//! nothing that an attacker put behind the answer to STARTTLS can outlive the handshake (CVE-2021-38371): such bytes
//! stay in the socket and break it. Never used for mail itself. See `tls.rs`.

use crate::net::tls::Stream;
use crate::net::{Endpoint, NetError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Longest line before TLS, in bytes.
pub const LINE_BYTES_MAX: usize = 8 * 1024;
/// Time for one line, in seconds.
pub const LINE_SECONDS_MAX: u64 = 30;

/// Reads one line, without its end.
pub async fn read(stream: &mut Stream, endpoint: &Endpoint) -> Result<String, NetError> {
    let malformed = |why| NetError::Malformed { server: endpoint.to_string(), why };
    let reading = async {
        let mut line = Vec::with_capacity(128);
        loop {
            let byte = stream
                .read_u8()
                .await
                .map_err(|e| NetError::Connect { server: endpoint.to_string(), why: e.kind().to_string() })?;
            if byte == b'\n' {
                break;
            }
            if line.len() >= LINE_BYTES_MAX {
                return Err(malformed("a line before login is too long"));
            }
            line.push(byte);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|_| malformed("a line before login is not text"))
    };
    timeout(Duration::from_secs(LINE_SECONDS_MAX), reading).await.map_err(|_| NetError::Timeout {
        server: endpoint.to_string(),
        what: "answer",
        seconds: LINE_SECONDS_MAX,
    })?
}

/// Writes one command line; `line` comes without its end.
pub async fn write(stream: &mut Stream, endpoint: &Endpoint, line: &str) -> Result<(), NetError> {
    let writing = async {
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        stream.flush().await
    };
    timeout(Duration::from_secs(LINE_SECONDS_MAX), writing)
        .await
        .map_err(|_| NetError::Timeout {
            server: endpoint.to_string(),
            what: "room to write",
            seconds: LINE_SECONDS_MAX,
        })?
        .map_err(|e| NetError::Connect { server: endpoint.to_string(), why: e.kind().to_string() })
}
