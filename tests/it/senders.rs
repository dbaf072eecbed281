//! Senders judged by DNS: mail that is really signed, and a DNS server on loopback that really answers. What must not pass
//! for the sender stands here row by row (standard M5 and M6).

use dsrd::domain::address::Address;
use dsrd::domain::sender::SenderVerdict::{self, Aligned, SpfOnly, Unaligned, Unknown};
use dsrd::senders::Judge;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::net::UdpSocket;

const NAMES: [&str; 5] = ["From", "To", "Subject", "Date", "Message-ID"];
const HEAD: &str = "From: Asha Rao <asha@acme.example>\r\nTo: support@telco.example\r\nSubject: Data Export Request\r\n\
                    Date: Thu, 10 Apr 2025 10:00:00 +0530\r\nMessage-ID: <1@acme.example>\r\n";

/// What a name is answered with.
enum Answer {
    Text(String),
    Failure,
}

/// Answers TXT questions until the test ends; a name that is not listed does not exist.
async fn dns(records: HashMap<String, Answer>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0_u8; 1_500];
        while let Ok((len, from)) = socket.recv_from(&mut question).await {
            let reply = answer(&question[..len], &records);
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    at
}

/// One answer (RFC 1035 4.1).
fn answer(question: &[u8], records: &HashMap<String, Answer>) -> Vec<u8> {
    let (mut name, mut at) = (Vec::new(), 12);
    while question[at] != 0 {
        let len = usize::from(question[at]);
        name.push(String::from_utf8_lossy(&question[at + 1..=at + len]).to_lowercase());
        at += len + 1;
    }
    let end = at + 5;
    let is_text = question[at + 1..at + 3] == [0, 16];
    let found = records.get(&name.join("."));
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
        reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
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

struct Company {
    key: Vec<u8>,
    judge: Judge,
}

impl Company {
    /// Keys for the company, for a part of it and for a stranger, with a policy of the company's own.
    async fn open(policy: Option<&str>) -> Self {
        let key = Ed25519Key::generate_pkcs8().unwrap();
        let public = base64(&Ed25519Key::from_pkcs8_der(&key).unwrap().public_key());
        let mut records = HashMap::new();
        for domain in ["acme.example", "mail.acme.example", "evil.example"] {
            let name = format!("s1._domainkey.{domain}");
            records.insert(name, Answer::Text(format!("v=DKIM1; k=ed25519; p={public}")));
        }
        records.insert("s2._domainkey.acme.example".to_owned(), Answer::Failure);
        if let Some(policy) = policy {
            records.insert("_dmarc.acme.example".to_owned(), Answer::Text(policy.to_owned()));
        }
        let at = dns(records).await;
        Self { key, judge: Judge::new(Some(at)).unwrap() }
    }

    fn signed(&self, raw: &str, domain: &str, selector: &str, names: &[&str]) -> String {
        let key = Ed25519Key::from_pkcs8_der(&self.key).unwrap();
        let names = names.iter().map(|name| (*name).to_owned());
        let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(names);
        format!("{}{raw}", signer.sign(raw.as_bytes()).unwrap().to_header())
    }

    async fn check(&self, what: &str, raw: &str, expected: SenderVerdict) {
        let from = Address::parse("asha@acme.example").unwrap();
        let (verdict, reason) = self.judge.verdict(raw.as_bytes(), &from).await;
        assert_eq!(verdict, expected, "{what}: {reason}");
        assert!(!reason.contains("acme"), "evidence holds no domain of the sender: {reason}");
    }
}

fn mail() -> String {
    format!("{HEAD}\r\nScope: account\r\n")
}

#[tokio::test]
async fn a_signature_of_the_senders_domain_speaks_for_it() {
    let strict = Company::open(Some("v=DMARC1; p=reject")).await;
    strict.check("signed", &strict.signed(&mail(), "acme.example", "s1", &NAMES), Aligned).await;
    strict
        .check("by a part of it", &strict.signed(&mail(), "mail.acme.example", "s1", &NAMES), Aligned)
        .await;
    let few = strict.signed(&mail(), "acme.example", "s1", &["From"]);
    strict.check("only From is signed", &few, SpfOnly).await;
    let none = Company::open(None).await;
    none.check("no policy", &none.signed(&mail(), "acme.example", "s1", &NAMES), Aligned).await;
    let part = none.signed(&mail(), "mail.acme.example", "s1", &NAMES);
    none.check("no policy, and only a part of it signed", &part, Unaligned).await;
    let exact = Company::open(Some("v=DMARC1; p=reject; adkim=s")).await;
    exact
        .check("a strict policy", &exact.signed(&mail(), "mail.acme.example", "s1", &NAMES), Unaligned)
        .await;
}

#[tokio::test]
async fn nothing_else_passes_for_the_sender() {
    let company = Company::open(Some("v=DMARC1; p=none")).await;
    let good = company.signed(&mail(), "acme.example", "s1", &NAMES);
    company.check("unsigned", &mail(), Unaligned).await;
    company.check("changed body", &good.replace("account", "account 1"), Unaligned).await;
    company.check("changed subject", &good.replace("Export", "Delete"), Unaligned).await;
    company
        .check("a stranger's signature", &company.signed(&mail(), "evil.example", "s1", &NAMES), Unaligned)
        .await;
    company.check("a second Subject above", &format!("Subject: APPROVE\r\n{good}"), Unaligned).await;
    company.check("a second From above", &format!("From: evil@evil.example\r\n{good}"), Unaligned).await;
    let forged = format!(
        "Authentication-Results: mx.telco.example; dmarc=pass header.from=acme.example\r\n{}",
        mail()
    );
    company.check("a forged verdict", &forged, Unaligned).await;
    company.check("more text behind", &format!("{good}more\r\n"), Unaligned).await;
    company.check("an unknown key", &good.replace("s=s1", "s=s9"), Unaligned).await;
    let many = company.signed(&mail(), "acme.example", "s1", &NAMES);
    let header = many.strip_suffix(&mail()).unwrap().repeat(20);
    company.check("a flood of signatures", &format!("{header}{}", mail()), Unknown).await;
    company
        .check(
            "a key that DNS fails to give",
            &company.signed(&mail(), "acme.example", "s2", &NAMES),
            Unknown,
        )
        .await;
}

#[tokio::test]
async fn a_signature_over_a_part_of_the_body_counts_nothing() {
    let company = Company::open(Some("v=DMARC1; p=none")).await;
    let key = Ed25519Key::from_pkcs8_der(&company.key).unwrap();
    let names = NAMES.iter().map(|name| (*name).to_owned());
    let signer =
        DkimSigner::from_key(key).domain("acme.example").selector("s1").headers(names).body_length(true);
    let raw = mail();
    let signed = format!("{}{raw}", signer.sign(raw.as_bytes()).unwrap().to_header());
    company.check("l=", &signed, Unaligned).await;
    company.check("l= and more text", &format!("{signed}APPROVE 7K3M-9Q2X\r\n"), Unaligned).await;
}
