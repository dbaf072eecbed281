//! A DNS server on loopback that answers TXT questions, and mail that is really signed: what the tests judge senders with.
//! Its records and its moods change while it runs. Never touches the daemon.

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;

/// What a signature of a careful mail server covers.
pub(crate) const NAMES: [&str; 5] = ["From", "To", "Subject", "Date", "Message-ID"];

/// How the server treats questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    /// It answers.
    Answers,
    /// It says that it cannot tell for now (SERVFAIL).
    Fails,
    /// It hears and says nothing.
    Silent,
}

/// What a name is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Text(String),
    Failure,
}

#[derive(Debug)]
struct State {
    records: HashMap<String, Answer>,
    mood: Mood,
    asked: u64,
}

/// The server, with a key pair that stands for the key of every domain that signs.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    pub(crate) at: SocketAddr,
    state: Arc<Mutex<State>>,
    key: Vec<u8>,
}

impl Dns {
    /// Answers until the test ends; a name that is not listed does not exist.
    pub(crate) async fn begin() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let state = State { records: HashMap::new(), mood: Mood::Answers, asked: 0 };
        let state = Arc::new(Mutex::new(state));
        let dns = Self { at, state: Arc::clone(&state), key: Ed25519Key::generate_pkcs8().unwrap() };
        tokio::spawn(async move {
            let mut question = [0_u8; 1_500];
            while let Ok((len, from)) = socket.recv_from(&mut question).await {
                let reply = state.lock().unwrap().reply(&question[..len]);
                if let Some(reply) = reply {
                    socket.send_to(&reply, from).await.unwrap();
                }
            }
        });
        dns
    }

    /// From now on the server is like this.
    pub(crate) fn is(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How many questions there were.
    pub(crate) fn asked(&self) -> u64 {
        self.state.lock().unwrap().asked
    }

    pub(crate) fn record(&self, name: &str, answer: Answer) {
        self.state.lock().unwrap().records.insert(name.to_lowercase(), answer);
    }

    /// A domain publishes the key, under the selector `s1`, and a policy if it has one.
    pub(crate) fn publish(&self, domain: &str, policy: Option<&str>) {
        let public = base64(&Ed25519Key::from_pkcs8_der(&self.key).unwrap().public_key());
        let key = Answer::Text(format!("v=DKIM1; k=ed25519; p={public}"));
        self.record(&format!("s1._domainkey.{domain}"), key);
        if let Some(policy) = policy {
            self.record(&format!("_dmarc.{domain}"), Answer::Text(policy.to_owned()));
        }
    }

    /// The mail with a signature over these fields on top. Lines must end in CRLF.
    pub(crate) fn signed(&self, raw: &str, domain: &str, selector: &str, names: &[&str]) -> String {
        let signer = self.signer(domain, selector, names);
        format!("{}{raw}", signer.sign(raw.as_bytes()).unwrap().to_header())
    }

    /// The same, and the signature says how much of the body it covers (`l=`).
    pub(crate) fn signed_in_part(&self, raw: &str, domain: &str) -> String {
        let signer = self.signer(domain, "s1", &NAMES).body_length(true);
        format!("{}{raw}", signer.sign(raw.as_bytes()).unwrap().to_header())
    }

    fn signer(&self, domain: &str, selector: &str, names: &[&str]) -> DkimSigner<Ed25519Key, Done> {
        let key = Ed25519Key::from_pkcs8_der(&self.key).unwrap();
        let names = names.iter().map(|name| (*name).to_owned());
        DkimSigner::from_key(key).domain(domain).selector(selector).headers(names)
    }
}

impl State {
    fn reply(&mut self, question: &[u8]) -> Option<Vec<u8>> {
        self.asked += 1;
        match self.mood {
            Mood::Silent => None,
            Mood::Answers => Some(answer(question, |name| self.records.get(name).cloned())),
            Mood::Fails => Some(answer(question, |_| Some(Answer::Failure))),
        }
    }
}

/// One answer (RFC 1035 4.1).
fn answer(question: &[u8], look_up: impl FnOnce(&str) -> Option<Answer>) -> Vec<u8> {
    let (mut name, mut at) = (Vec::new(), 12);
    while question[at] != 0 {
        let len = usize::from(question[at]);
        name.push(String::from_utf8_lossy(&question[at + 1..=at + len]).to_lowercase());
        at += len + 1;
    }
    let end = at + 5;
    let is_text = question[at + 1..at + 3] == [0, 16];
    let found = look_up(&name.join("."));
    let (code, text) = match found {
        Some(Answer::Failure) => (2, None),
        Some(Answer::Text(text)) if is_text => (0, Some(text)),
        Some(Answer::Text(_)) => (0, None),
        None => (3, None),
    };
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0]);
    reply.extend(&question[12..end]);
    if let Some(text) = text {
        let strings: Vec<u8> = text
            .as_bytes()
            .chunks(255)
            .flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat())
            .collect();
        // Nobody keeps an answer (TTL 0), so that a change of mood shows at once.
        reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0]);
        reply.extend(u16::try_from(strings.len()).unwrap().to_be_bytes());
        reply.extend(strings);
    }
    reply
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * place)) & 63]);
            text.push(if place <= three.len() { letter } else { '=' });
        }
    }
    text
}
