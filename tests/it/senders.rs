//! Senders judged by DNS: mail that is really signed, and a DNS server on loopback that really answers. What must not pass
//! for the sender stands here row by row (standard M5 and M6).

use crate::dns::{Answer, Dns, Mood, NAMES};
use dsrd::domain::address::Address;
use dsrd::domain::sender::SenderVerdict::{self, Aligned, SpfOnly, Unaligned, Unknown};
use dsrd::senders::{self, Judge};

const HEAD: &str = "From: Asha Rao <asha@acme.example>\r\nTo: support@telco.example\r\nSubject: Data Export Request\r\n\
                    Date: Thu, 10 Apr 2025 10:00:00 +0530\r\nMessage-ID: <1@acme.example>\r\n";

struct Company {
    dns: Dns,
    judge: Judge,
}

impl Company {
    /// Keys for the company, for a part of it and for a stranger, with a policy of the company's own.
    async fn open(policy: Option<&str>) -> Self {
        let dns = Dns::begin().await;
        dns.publish("acme.example", policy);
        dns.publish("mail.acme.example", None);
        dns.publish("evil.example", None);
        dns.record("s2._domainkey.acme.example", Answer::Failure);
        let judge = Judge::new(Some(dns.at)).unwrap();
        Self { dns, judge }
    }

    fn signed(&self, raw: &str, domain: &str, selector: &str, names: &[&str]) -> String {
        self.dns.signed(raw, domain, selector, names)
    }

    async fn check(&self, what: &str, raw: &str, expected: SenderVerdict) {
        let from = Address::parse("asha@acme.example").unwrap();
        let found = self.judge.verdict(raw.as_bytes(), &from).await;
        let reason = &found.evidence.reason;
        assert_eq!(found.verdict, expected, "{what}: {reason}");
        assert!(!reason.contains("acme"), "the reason holds no domain of the sender: {reason}");
        assert!(!format!("{found:?}").contains("acme"), "evidence prints no domain: {found:?}");
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
    let signed = company.dns.signed_in_part(&mail(), "acme.example");
    company.check("l=", &signed, Unaligned).await;
    company.check("l= and more text", &format!("{signed}APPROVE 7K3M-9Q2X\r\n"), Unaligned).await;
}

#[tokio::test]
async fn what_dns_cannot_tell_for_now_is_asked_again_and_what_is_not_there_is_not() {
    let company = Company::open(Some("v=DMARC1; p=reject")).await;
    let from = Address::parse("asha@acme.example").unwrap();
    let dns = async |raw: &str| company.judge.verdict(raw.as_bytes(), &from).await.dns;
    let good = company.signed(&mail(), "acme.example", "s1", &NAMES);
    assert_eq!(dns(&company.signed(&mail(), "acme.example", "s2", &NAMES)).await, senders::Dns::Failed);
    assert_eq!(dns(&good.replace("s=s1", "s=s9")).await, senders::Dns::Answered);
    assert_eq!(dns(&mail()).await, senders::Dns::Answered);

    let none = Company::open(None).await;
    none.dns.is(Mood::Fails);
    let found = none.judge.verdict(good.as_bytes(), &from).await;
    assert_eq!((found.verdict, found.dns), (Unknown, senders::Dns::Failed));
    none.dns.is(Mood::Silent);
    let found = none.judge.verdict(good.as_bytes(), &from).await;
    assert_eq!((found.verdict, found.dns), (Unknown, senders::Dns::Failed), "after a few seconds");
}

#[tokio::test]
async fn a_staff_decision_needs_every_field_under_the_signature() {
    let company = Company::open(Some("v=DMARC1; p=reject")).await;
    for left_out in NAMES.iter().skip(1) {
        let names: Vec<&str> = NAMES.iter().filter(|name| *name != left_out).copied().collect();
        company.check(left_out, &company.signed(&mail(), "acme.example", "s1", &names), SpfOnly).await;
    }
    // Who can add a Cc chooses to whom the mail was written.
    let signed = company.signed(&mail(), "acme.example", "s1", &NAMES);
    company.check("Cc added", &format!("Cc: other@telco.example\r\n{signed}"), SpfOnly).await;
    let with_cc = format!("Cc: other@telco.example\r\n{}", mail());
    let names = ["From", "To", "Cc", "Subject", "Date", "Message-ID"];
    company.check("Cc signed", &company.signed(&with_cc, "acme.example", "s1", &names), Aligned).await;
    // Whatever else is added says nothing: the rest of the header is not read for decisions.
    company.check("Received added", &format!("Received: from relay.example\r\n{signed}"), Aligned).await;
    company.check("a Reply-To added", &format!("Reply-To: evil@evil.example\r\n{signed}"), Aligned).await;
}
