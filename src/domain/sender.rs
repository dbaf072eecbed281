//! What is known about who sent a mail, as one word that the rules can weigh (decisions 11 and 33).
//! It never says who the person is, only whether the From domain is spoken for. Found by `mail/authentication.rs`.

use super::personal::Personal;
use serde::{Deserialize, Serialize};

/// The verdict on the From address of one mail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SenderVerdict {
    /// `dmarc=pass`, or an aligned DKIM pass where no DMARC policy is published.
    Aligned,
    /// Something aligned that proves less: SPF alone, or a signature that leaves out a field which a decision rests on.
    /// Enough for customers, never for staff (standard M5, M6).
    SpfOnly,
    /// There is a verdict and it does not speak for the From domain.
    Unaligned,
    /// No trusted verdict exists (decision 33).
    Unknown,
}

impl SenderVerdict {
    /// Whether a mail with this verdict may be answered and believed as a customer's.
    pub const fn speaks_for_customer(self) -> bool {
        matches!(self, Self::Aligned | Self::SpfOnly)
    }

    /// Whether a mail with this verdict may carry a staff decision.
    pub const fn speaks_for_staff(self) -> bool {
        matches!(self, Self::Aligned)
    }

    /// The word in state columns, logs and audit entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aligned => "aligned",
            Self::SpfOnly => "spf-only",
            Self::Unaligned => "unaligned",
            Self::Unknown => "unknown",
        }
    }
}

/// What a verdict rests on, kept sealed with the request. Domains and selectors may name a person; the rest never does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SenderEvidence {
    /// In one line: who judged, by what, and what came of it.
    pub reason: String,
    /// The DKIM signatures that we looked at ourselves, in the order of the mail.
    #[serde(default)]
    pub signatures: Vec<SignatureSeen>,
    /// The DMARC policy of the From domain as we found it: `none`, `quarantine`, `reject`, or `no policy`.
    #[serde(default)]
    pub policy: Option<String>,
    /// How DNS answered us, and how often it had failed before.
    #[serde(default)]
    pub dns: Option<String>,
}

/// One signature of a mail, checked by us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignatureSeen {
    /// Who signed (`d=`); empty where the signature is not even read.
    pub domain: Personal,
    /// By which key (`s=`).
    pub selector: Personal,
    /// `pass`, or why not.
    pub result: String,
    /// Whether it speaks for the From domain.
    pub aligned: bool,
}

impl SenderEvidence {
    /// What needs no more than a line.
    pub fn said(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::SenderVerdict::{Aligned, SpfOnly, Unaligned, Unknown};

    #[test]
    fn spf_alone_is_enough_for_customers_and_never_for_staff() {
        let check = |verdict: super::SenderVerdict, customer: bool, staff: bool| {
            assert_eq!(verdict.speaks_for_customer(), customer, "{verdict:?}");
            assert_eq!(verdict.speaks_for_staff(), staff, "{verdict:?}");
        };
        check(Aligned, true, true);
        check(SpfOnly, true, false);
        check(Unaligned, false, false);
        check(Unknown, false, false);
    }
}
