//! A server that follows a script line by line, one script for each connection: `S:` says a line, `R:` says raw bytes
//! (`\r\n` written out), `C:` hears a line, `~:` hears a line that holds the text, `T:` begins TLS, `H:` keeps silent until
//! the client goes, `X:` hangs up. `{tag}` stands for the tag of the line heard last. A client that departs from the
//! script fails the test.

use dsrd::net::{Endpoint, Tls};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// A running scripted server.
pub(crate) struct Scripted {
    port: u16,
    ca: PathBuf,
    _dir: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl Scripted {
    /// Starts a server on 127.0.0.1 that plays `scripts`, one for each connection, in order.
    pub(crate) async fn start(scripts: Vec<String>) -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let (acceptor, pem) = certificate();
        let ca = dir.path().join("ca.pem");
        std::fs::write(&ca, pem).expect("written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let port = listener.local_addr().expect("address").port();
        let task = tokio::spawn(async move {
            let mut playing = tokio::task::JoinSet::new();
            for script in scripts {
                let (socket, _) = listener.accept().await.expect("accepted");
                socket.set_nodelay(true).expect("no delay");
                let acceptor = acceptor.clone();
                playing.spawn(async move { play(Box::new(socket), &acceptor, &script).await });
            }
            while let Some(played) = playing.join_next().await {
                played.expect("the client kept to the script");
            }
        });
        Self { port, ca, _dir: dir, task }
    }

    /// Where it is.
    pub(crate) fn endpoint(&self, tls: Tls) -> Endpoint {
        Endpoint { host: "localhost".to_owned(), port: self.port, tls, ca_file: Some(self.ca.clone()) }
    }

    /// Waits until every script was played to its end.
    pub(crate) async fn finished(self) {
        self.task.await.expect("the client kept to the script");
    }
}

fn certificate() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("server");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

async fn play(mut line: Box<dyn Line>, acceptor: &TlsAcceptor, script: &str) {
    let mut tag = String::new();
    for step in script.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
        let (verb, text) = step.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text).replace("{tag}", &tag);
        match verb {
            "S:" => say(&mut line, format!("{text}\r\n").as_bytes()).await,
            "R:" => say(&mut line, text.replace("\\r", "\r").replace("\\n", "\n").as_bytes()).await,
            "C:" | "~:" => {
                let heard = hear(&mut line).await;
                let (first, rest) = heard.split_once(' ').unwrap_or((&heard, ""));
                if first.starts_with('A') && first.len() == 5 {
                    first.clone_into(&mut tag);
                }
                let command = if first == tag { rest } else { &heard };
                let kept = if verb == "C:" { command == text } else { command.contains(&text) };
                assert!(kept, "expected {text:?}, heard {heard:?}");
            }
            "T:" => match acceptor.accept(line).await {
                Ok(protected) => line = Box::new(protected),
                Err(_) => return,
            },
            "H:" => {
                let mut rest = Vec::new();
                // However the client goes, it goes.
                let _ = line.read_to_end(&mut rest).await;
                return;
            }
            "X:" => {
                let _ = line.shutdown().await;
                return;
            }
            other => panic!("no such step {other:?}"),
        }
    }
}

async fn say(line: &mut Box<dyn Line>, bytes: &[u8]) {
    // A client that hung up is found out when it is next heard.
    if line.write_all(bytes).await.is_ok() {
        let _ = line.flush().await;
    }
}

async fn hear(line: &mut Box<dyn Line>) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n") {
        match line.read_u8().await {
            Ok(byte) => heard.push(byte),
            Err(error) => panic!("the client hung up after {:?}: {error}", String::from_utf8_lossy(&heard)),
        }
    }
    heard.truncate(heard.len() - 2);
    String::from_utf8(heard).expect("text")
}
