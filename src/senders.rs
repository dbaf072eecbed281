//! Judges senders ourselves, where no mail server of the company does: DKIM signatures and DMARC alignment against DNS.
//! SPF needs the address of the sending host, which IMAP does not give, so it never counts here. Never answers, stores or
//! decides; what a verdict means is `domain/sender.rs`. The other way is `mail/authentication.rs`.

use crate::domain::address::Address;
use crate::domain::personal::Personal;
use crate::domain::sender::{SenderEvidence, SenderVerdict, SignatureSeen};
use futures::FutureExt;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, Error, MessageAuthenticator,
    SpfOutput,
};
use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Most signatures of one mail; each costs a question to DNS.
const SIGNATURES_MAX: usize = 8;
/// All questions about one mail together. Mails are judged side by side, so no batch waits longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// One question, which is asked twice.
const QUESTION_PATIENCE: Duration = Duration::from_secs(2);
/// What a signature must cover to carry a staff decision (standard M6). Cc belongs to it where there is one: who could add
/// it would choose to whom the mail was written.
const COVERED: [&str; 5] = ["from", "to", "subject", "date", "message-id"];
/// Fields that may stand once only (RFC 5322 3.6): a second one would not be the signed one.
const ONCE: [&str; 6] = ["from", "to", "cc", "subject", "date", "message-id"];

const PART_OF_THE_BODY: &str = "covers a part of the body (l=)";

/// Why no judge can be had.
#[derive(Debug, thiserror::Error)]
#[error("opening the DNS resolver that senders are judged by: {0}")]
pub struct ResolverUnusable(String);

/// What was found about one sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: SenderVerdict,
    /// What it rests on.
    pub evidence: SenderEvidence,
    /// Whether asking again later can change it.
    pub dns: Dns,
}

/// How DNS answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dns {
    /// What was needed is known, or nothing had to be asked.
    Answered,
    /// Something that the verdict hangs on could not be looked up for now.
    Failed,
}

impl Judgement {
    fn settled(verdict: SenderVerdict, reason: &str) -> Self {
        Self { verdict, evidence: SenderEvidence::said(format!("evaluated: {reason}")), dns: Dns::Answered }
    }

    /// DNS could not be asked, or did not answer: no verdict for now.
    pub fn in_vain(reason: &str) -> Self {
        Self { dns: Dns::Failed, ..Self::settled(SenderVerdict::Unknown, reason) }
    }
}

/// Asks DNS about senders.
pub struct Judge(MessageAuthenticator);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[judge of senders]")
    }
}

impl Judge {
    /// A judge that asks this resolver, or those of the host.
    pub fn new(resolver: Option<SocketAddr>) -> Result<Self, ResolverUnusable> {
        let unusable = |error: String| ResolverUnusable(error);
        let (config, mut options) = match resolver {
            None => read_system_conf().map_err(|error| unusable(error.to_string()))?,
            Some(at) => {
                let mut server = NameServerConfig::udp_and_tcp(at.ip());
                for connection in &mut server.connections {
                    connection.port = at.port();
                }
                (ResolverConfig::from_name_servers(vec![server]), ResolverOpts::default())
            }
        };
        options.timeout = QUESTION_PATIENCE;
        MessageAuthenticator::new(config, options).map(Self).map_err(|error| unusable(error.to_string()))
    }

    /// The verdict on a mail with this one sender; the reason holds no address and no domain.
    pub async fn verdict(&self, raw: &[u8], from: &Address) -> Judgement {
        // The library parses the mail anew, and such parsers have panicked before (facts.md trap 3).
        let weighed = AssertUnwindSafe(self.weigh(raw, from)).catch_unwind();
        match tokio::time::timeout(PATIENCE, weighed).await {
            Ok(Ok(judgement)) => judgement,
            Ok(Err(_)) => Judgement::settled(SenderVerdict::Unknown, "the mail broke the parser"),
            Err(_) => Judgement::in_vain("DNS did not answer in time"),
        }
    }

    async fn weigh(&self, raw: &[u8], from: &Address) -> Judgement {
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            return Judgement::settled(SenderVerdict::Unknown, "the mail cannot be read");
        };
        let sole = matches!(message.froms(), [one] if Address::parse(one).as_ref() == Some(from));
        if !sole || ONCE.iter().any(|name| count(&message, name) > 1) {
            return Judgement::settled(SenderVerdict::Unaligned, "a field that may stand once stands twice");
        }
        if count(&message, "dkim-signature") > SIGNATURES_MAX {
            return Judgement::settled(SenderVerdict::Unknown, "more signatures than are looked at");
        }
        let outputs = self.0.verify_dkim(&message).await;
        let signatures: Vec<SignatureSeen> = outputs.iter().map(|output| seen(output, from)).collect();
        // A broken hash proves nothing, and a signature over a part of the body lets anybody add to it.
        let sound: Vec<DkimOutput<'_>> = outputs
            .into_iter()
            .filter(|output| output.signature().is_none_or(|s| flaw(s).is_none()))
            .collect();
        let no_spf = SpfOutput::new(String::new());
        let dmarc = self.0.verify_dmarc(DmarcParameters::new(&message, &sound, "", &no_spf)).await;
        let has_cc = count(&message, "cc") > 0;
        let mut judgement = concluded(&dmarc, &sound, from, has_cc);
        judgement.evidence.policy = Some(policy(&dmarc).to_owned());
        judgement.evidence.signatures = signatures;
        judgement
    }
}

fn concluded(dmarc: &DmarcOutput, sound: &[DkimOutput<'_>], from: &Address, has_cc: bool) -> Judgement {
    let waits = sound.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)));
    match dmarc.dkim_result() {
        DmarcResult::Pass => covered(sound, from, has_cc),
        DmarcResult::None if signed_by_its_own(sound, from) => covered(sound, from, has_cc),
        DmarcResult::TempError(_) => Judgement::in_vain("the policy or a key cannot be looked up for now"),
        DmarcResult::PermError(_) => Judgement::settled(SenderVerdict::Unknown, "the policy cannot be read"),
        DmarcResult::Fail(_) | DmarcResult::None if waits => {
            Judgement::in_vain("a key cannot be looked up for now")
        }
        DmarcResult::Fail(_) | DmarcResult::None => {
            Judgement::settled(SenderVerdict::Unaligned, "no signature of the sender's domain")
        }
    }
}

fn count(message: &AuthenticatedMessage<'_>, name: &str) -> usize {
    let fields = message.raw_parsed_headers().iter();
    fields.filter(|(field, _)| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes())).count()
}

/// Why a signature counts nothing even where it verifies.
fn flaw(signature: &Signature) -> Option<&'static str> {
    match signature {
        Signature { a: Algorithm::RsaSha1, .. } => Some("rsa-sha1 proves nothing"),
        Signature { l: 1.., .. } => Some(PART_OF_THE_BODY),
        _ => None,
    }
}

fn seen(output: &DkimOutput<'_>, from: &Address) -> SignatureSeen {
    let signature = output.signature();
    let result = match output.result() {
        DkimResult::Pass => signature.and_then(flaw).unwrap_or("pass"),
        DkimResult::TempError(_) => "its key cannot be looked up for now",
        DkimResult::Neutral(Error::Dkim(DkimError::SignatureLength)) => PART_OF_THE_BODY,
        DkimResult::Neutral(_) => "expired or unreadable",
        DkimResult::Fail(_) => "does not match the mail",
        DkimResult::PermError(_) => "its key is missing or unusable",
        DkimResult::None => "none",
    };
    let named = |of: fn(&Signature) -> &String| signature.map_or_else(String::new, |s| of(s).clone());
    SignatureSeen {
        domain: Personal::new(named(|signature| &signature.d)),
        selector: Personal::new(named(|signature| &signature.s)),
        result: result.to_owned(),
        aligned: signature.is_some_and(|signature| is_aligned(signature, from)),
    }
}

fn policy(dmarc: &DmarcOutput) -> &'static str {
    match dmarc.policy() {
        Policy::None => "none",
        Policy::Quarantine => "quarantine",
        Policy::Reject => "reject",
        Policy::Unspecified => "no policy",
    }
}

fn passed<'a>(outputs: &'a [DkimOutput<'a>]) -> impl Iterator<Item = &'a Signature> {
    let passed = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    passed.filter_map(DkimOutput::signature)
}

/// Without a published policy the very same domain must have signed.
fn signed_by_its_own(outputs: &[DkimOutput<'_>], from: &Address) -> bool {
    passed(outputs).any(|signature| signature.d.eq_ignore_ascii_case(from.domain()))
}

fn is_aligned(signature: &Signature, from: &Address) -> bool {
    let (signer, sender) = (signature.d.to_ascii_lowercase(), from.domain());
    signer == sender || sender.ends_with(&format!(".{signer}")) || signer.ends_with(&format!(".{sender}"))
}

/// Aligned; whether the signature covers enough to carry a staff decision is the difference between the two verdicts.
fn covered(outputs: &[DkimOutput<'_>], from: &Address, has_cc: bool) -> Judgement {
    let whole = |signature: &Signature| {
        let signs = |name: &str| signature.h.iter().any(|signed| signed.eq_ignore_ascii_case(name));
        COVERED.iter().all(|name| signs(name)) && (!has_cc || signs("cc"))
    };
    if passed(outputs).any(|signature| is_aligned(signature, from) && whole(signature)) {
        Judgement::settled(SenderVerdict::Aligned, "dkim=pass aligned")
    } else {
        let reason = "dkim=pass aligned, but To, Cc, Subject, Date or Message-ID is not signed";
        Judgement::settled(SenderVerdict::SpfOnly, reason)
    }
}
