//! The test's side of the provider of access tokens (`tests/token_server.py`): says who a client is, sees what it asked for,
//! and takes a token away again. Never a client of its own. See `oauth.rs` for the stories.

use crate::rig::rig;
use dsrd::net::{Endpoint, Tls};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

/// A client that no other test has.
pub(crate) struct Client {
    /// Its id.
    pub(crate) id: String,
}

impl Client {
    /// Makes a client known; `facts` are those of the server's head.
    pub(crate) fn known(facts: &Value) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let client = Self { id: format!("client-{}-{number}", std::process::id()) };
        client.now(facts);
        client
    }

    /// Changes what is known of it.
    pub(crate) fn now(&self, facts: &Value) {
        http("PUT", &format!("/clients/{}", self.id), &facts.to_string());
    }

    /// The forms of its token requests, oldest first.
    pub(crate) fn grants(&self) -> Vec<BTreeMap<String, String>> {
        serde_json::from_value(self.seen()["grants"].take()).expect("forms")
    }

    /// How many token requests it sent.
    pub(crate) fn asked(&self) -> usize {
        self.grants().len()
    }

    /// From now on mail servers refuse every token that it was given.
    pub(crate) fn revoked(&self) {
        let tokens: Vec<String> = serde_json::from_value(self.seen()["tokens"].take()).expect("tokens");
        for token in tokens {
            http("POST", "/revoke", &format!("token={token}"));
        }
    }

    fn seen(&self) -> Value {
        serde_json::from_str(&http("GET", &format!("/clients/{}", self.id), "")).expect("JSON")
    }
}

/// The provider over TLS, as it is on the Internet.
pub(crate) fn protected() -> Endpoint {
    let (port, ca_file) = (rig().tokens_port, Some(rig().ca_file.clone()));
    Endpoint { host: "localhost".to_owned(), port, tls: Tls::Implicit, ca_file }
}

/// The provider on this machine.
pub(crate) fn plain() -> Endpoint {
    Endpoint { host: "127.0.0.1".to_owned(), port: rig().token_port, tls: Tls::None, ca_file: None }
}

fn http(method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", rig().token_port)).expect("the provider listens");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{method} {path}: {answer}");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}
