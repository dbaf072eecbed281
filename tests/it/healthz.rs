//! Asks a daemon how it is, as a monitor does. The address comes from its log, because the tests let the host choose the port.
//! See `daemon_process.rs`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// What `/healthz` answers; nothing before it listens.
pub(crate) fn health(log: &str) -> String {
    let address = log.lines().find(|line| line.contains("serving /healthz")).and_then(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        value.get("address")?.as_str()?.parse::<SocketAddr>().ok()
    });
    let Some(Ok(mut stream)) = address.map(TcpStream::connect) else { return String::new() };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_to_string(&mut answer)).map(|_| answer).unwrap_or_default()
}
