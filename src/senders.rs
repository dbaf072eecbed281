//! Judges senders ourselves, where no mail server of the company does: DKIM signatures and DMARC alignment against DNS.
//! SPF needs the address of the sending host, which IMAP does not give, so it never counts here. Never answers, stores or
//! decides; what a verdict means is `domain/sender.rs`. The other way is `mail/authentication.rs`.

use crate::domain::address::Address;
use crate::domain::sender::SenderVerdict;
use futures::FutureExt;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Signature;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput};
use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Most signatures of one mail; each costs a question to DNS.
const SIGNATURES_MAX: usize = 8;
/// All questions about one mail together.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a signature must cover to carry a staff decision (standard M6).
const COVERED: [&str; 5] = ["from", "to", "subject", "date", "message-id"];
/// Fields that may stand once only (RFC 5322 3.6): a second one would not be the signed one.
const ONCE: [&str; 6] = ["from", "to", "cc", "subject", "date", "message-id"];

/// Why no judge can be had.
#[derive(Debug, thiserror::Error)]
#[error("opening the DNS resolver that senders are judged by: {0}")]
pub struct ResolverUnusable(String);

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
        let authenticator = match resolver {
            None => MessageAuthenticator::new_system_conf(),
            Some(at) => {
                let mut server = NameServerConfig::udp_and_tcp(at.ip());
                for connection in &mut server.connections {
                    connection.port = at.port();
                }
                MessageAuthenticator::new(
                    ResolverConfig::from_name_servers(vec![server]),
                    ResolverOpts::default(),
                )
            }
        };
        authenticator.map(Self).map_err(|error| ResolverUnusable(error.to_string()))
    }

    /// The verdict, and in one line what it rests on; no address and no domain of the sender is in it.
    pub async fn verdict(&self, raw: &[u8], from: &Address) -> (SenderVerdict, String) {
        // The library parses the mail anew, and such parsers have panicked before (facts.md trap 3).
        let weighed = AssertUnwindSafe(self.weigh(raw, from)).catch_unwind();
        match tokio::time::timeout(PATIENCE, weighed).await {
            Ok(Ok((verdict, reason))) => (verdict, format!("evaluated: {reason}")),
            Ok(Err(_)) => (SenderVerdict::Unknown, "evaluated: the mail broke the parser".to_owned()),
            Err(_) => (SenderVerdict::Unknown, "evaluated: DNS did not answer in time".to_owned()),
        }
    }

    async fn weigh(&self, raw: &[u8], from: &Address) -> (SenderVerdict, &'static str) {
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            return (SenderVerdict::Unknown, "the mail cannot be read");
        };
        let sole = matches!(message.froms(), [one] if Address::parse(one).as_ref() == Some(from));
        if !sole || ONCE.iter().any(|name| count(&message, name) > 1) {
            return (SenderVerdict::Unaligned, "a field that may stand once stands twice");
        }
        if count(&message, "dkim-signature") > SIGNATURES_MAX {
            return (SenderVerdict::Unknown, "more signatures than are looked at");
        }
        let mut outputs = self.0.verify_dkim(&message).await;
        // A broken hash proves nothing, and a signature over a part of the body lets anybody add to it.
        outputs.retain(|output| output.signature().is_none_or(|s| s.a != Algorithm::RsaSha1 && s.l == 0));
        let no_spf = SpfOutput::new(String::new());
        let dmarc = self.0.verify_dmarc(DmarcParameters::new(&message, &outputs, "", &no_spf)).await;
        let waits = outputs.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)));
        match dmarc.dkim_result() {
            DmarcResult::Pass => covered(&outputs, from),
            DmarcResult::None if signed_by_its_own(&outputs, from) => covered(&outputs, from),
            DmarcResult::TempError(_) | DmarcResult::PermError(_) => {
                (SenderVerdict::Unknown, "the policy cannot be looked up")
            }
            DmarcResult::Fail(_) | DmarcResult::None if waits => {
                (SenderVerdict::Unknown, "a key cannot be looked up")
            }
            DmarcResult::Fail(_) | DmarcResult::None => {
                (SenderVerdict::Unaligned, "no signature of the sender\'s domain")
            }
        }
    }
}

fn count(message: &AuthenticatedMessage<'_>, name: &str) -> usize {
    let fields = message.raw_parsed_headers().iter();
    fields.filter(|(field, _)| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes())).count()
}

fn passed<'a>(outputs: &'a [DkimOutput<'a>]) -> impl Iterator<Item = &'a Signature> {
    let passed = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    passed.filter_map(DkimOutput::signature)
}

/// Without a published policy the very same domain must have signed.
fn signed_by_its_own(outputs: &[DkimOutput<'_>], from: &Address) -> bool {
    passed(outputs).any(|signature| signature.d.eq_ignore_ascii_case(from.domain()))
}

/// Aligned; whether the signature covers enough to carry a staff decision is the difference between the two verdicts.
fn covered(outputs: &[DkimOutput<'_>], from: &Address) -> (SenderVerdict, &'static str) {
    let aligned = |signature: &Signature| {
        let (signer, sender) = (signature.d.to_ascii_lowercase(), from.domain());
        signer == sender || sender.ends_with(&format!(".{signer}")) || signer.ends_with(&format!(".{sender}"))
    };
    let whole = |signature: &Signature| {
        COVERED.iter().all(|name| signature.h.iter().any(|signed| signed.eq_ignore_ascii_case(name)))
    };
    if passed(outputs).any(|signature| aligned(signature) && whole(signature)) {
        (SenderVerdict::Aligned, "dkim=pass aligned")
    } else {
        (SenderVerdict::SpfOnly, "dkim=pass aligned, but To, Subject, Date or Message-ID is not signed")
    }
}
