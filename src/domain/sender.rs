//! What is known about who sent a mail, as one word that the rules can weigh (decisions 11 and 33).
//! It never says who the person is, only whether the From domain is spoken for. Found by `mail/authentication.rs`.

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
