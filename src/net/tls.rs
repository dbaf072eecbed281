//! Opens TCP lines and puts TLS on them: TLS 1.2 or 1.3 over ring, certificates checked against the host's store and,
//! where configured, a PEM file beside it. Never falls back to a plain line, never skips a check.
//! `mod.rs` says where to; the protocols stand in `mailbox` and `outbox`.

use crate::net::{Endpoint, NetError, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls_platform_verifier::Verifier;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Time to connect, TLS handshake included, in seconds (standard R12).
pub const CONNECT_SECONDS_MAX: u64 = 15;

/// A line to a server, protected or, on loopback, plain.
#[derive(Debug)]
pub enum Stream {
    /// Plain TCP: loopback, or before STARTTLS.
    Plain(TcpStream),
    /// TLS over TCP.
    Protected(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The address at the other end.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(tcp) => tcp.peer_addr(),
            Self::Protected(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}

/// Connects to a server. `Implicit` comes back protected, `StartTls` comes back plain and waits for [`protect`].
pub async fn dial(endpoint: &Endpoint) -> Result<Stream, NetError> {
    endpoint.check()?;
    let dialling = async {
        let tcp = connect(endpoint).await?;
        match endpoint.tls {
            Tls::Implicit => handshake(endpoint, tcp).await,
            Tls::StartTls | Tls::None => Ok(Stream::Plain(tcp)),
        }
    };
    within_connect_time(endpoint, dialling).await
}

/// Puts TLS on a plain line after the server agreed to STARTTLS.
pub async fn protect(endpoint: &Endpoint, stream: Stream) -> Result<Stream, NetError> {
    match stream {
        Stream::Plain(tcp) => within_connect_time(endpoint, handshake(endpoint, tcp)).await,
        Stream::Protected(_) => Ok(stream),
    }
}

async fn within_connect_time<T>(
    endpoint: &Endpoint,
    work: impl Future<Output = Result<T, NetError>>,
) -> Result<T, NetError> {
    timeout(Duration::from_secs(CONNECT_SECONDS_MAX), work).await.map_err(|_| NetError::Timeout {
        server: endpoint.to_string(),
        what: "connection",
        seconds: CONNECT_SECONDS_MAX,
    })?
}

async fn connect(endpoint: &Endpoint) -> Result<TcpStream, NetError> {
    let failed = |why: String| NetError::Connect { server: endpoint.to_string(), why };
    let host = endpoint.host.trim_start_matches('[').trim_end_matches(']');
    let addresses = lookup_host((host, endpoint.port)).await.map_err(|e| failed(e.to_string()))?;
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        // A hosts file may point the name localhost elsewhere.
        if endpoint.tls == Tls::None && !address.ip().is_loopback() {
            return Err(NetError::PlainRefused { server: endpoint.to_string() });
        }
        match connect_to(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = error.to_string(),
        }
    }
    Err(failed(last))
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_keepalive(true)?;
    // Commands are small writes that wait for an answer; without this each one waits 40 ms for a delayed ACK.
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

async fn handshake(endpoint: &Endpoint, tcp: TcpStream) -> Result<Stream, NetError> {
    let failed = |why: String| NetError::Handshake { server: endpoint.to_string(), why };
    let host = endpoint.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|e| failed(e.to_string()))?;
    let ours = endpoint.clone();
    // Reading the host's certificate store is blocking work.
    let config = tokio::task::spawn_blocking(move || client_config(&ours))
        .await
        .map_err(|_| failed("the certificate store could not be read".to_owned()))??;
    let stream = TlsConnector::from(config).connect(name, tcp).await.map_err(|e| failed(e.to_string()))?;
    Ok(Stream::Protected(Box::new(stream)))
}

fn client_config(endpoint: &Endpoint) -> Result<Arc<rustls::ClientConfig>, NetError> {
    let failed = |e: rustls::Error| NetError::Handshake { server: endpoint.to_string(), why: e.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(extra_roots(endpoint)?, Arc::clone(&provider)).map_err(failed)?;
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn extra_roots(endpoint: &Endpoint) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let Some(path) = &endpoint.ca_file else { return Ok(Vec::new()) };
    let failed = |why: String| NetError::CaFile { path: path.display().to_string(), why };
    let roots: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|e| failed(e.to_string()))?
        .collect::<Result<_, _>>()
        .map_err(|e| failed(e.to_string()))?;
    if roots.is_empty() {
        return Err(failed("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Protected(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Protected(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Protected(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Protected(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
