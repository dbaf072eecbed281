//! What a request is: its kind, where it stands (`Stage`), why it stands still (`Blocker`), how it ended (`Outcome`).
//! The three never mix. Nothing here changes a request; only `transition::decide` does.

use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A copy of the data (GDPR art. 15 and 20).
    Export,
    /// Erasure (GDPR art. 17).
    Delete,
}

impl Kind {
    /// The word in state columns, logs and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Delete => "delete",
        }
    }
}

/// Why a request or a part of it is refused (law.md).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The requester could not be identified.
    IdentityNotVerified,
    /// A legal hold or court order.
    LegalHold,
    /// A law says how long it must be kept.
    StatutoryRetention,
    /// The copy would harm others (GDPR 15(4)).
    RightsOfOthers,
    /// Manifestly unfounded or excessive (GDPR 12(5)).
    ManifestlyUnfoundedOrExcessive,
    /// Nobody in the directory answers to it.
    NoMatch,
    /// Another law's business.
    OutsideJurisdiction,
    /// Not covered by the law that is relied on.
    NotCovered,
    /// Signs of fraud.
    SuspectedFraud,
}

impl Ground {
    /// Every ground, in the order of law.md.
    pub const ALL: [Self; 9] = [
        Self::IdentityNotVerified,
        Self::LegalHold,
        Self::StatutoryRetention,
        Self::RightsOfOthers,
        Self::ManifestlyUnfoundedOrExcessive,
        Self::NoMatch,
        Self::OutsideJurisdiction,
        Self::NotCovered,
        Self::SuspectedFraud,
    ];

    /// The word that staff type and columns hold.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityNotVerified => "identity-not-verified",
            Self::LegalHold => "legal-hold",
            Self::StatutoryRetention => "statutory-retention",
            Self::RightsOfOthers => "rights-of-others",
            Self::ManifestlyUnfoundedOrExcessive => "manifestly-unfounded-or-excessive",
            Self::NoMatch => "no-match",
            Self::OutsideJurisdiction => "outside-jurisdiction",
            Self::NotCovered => "not-covered",
            Self::SuspectedFraud => "suspected-fraud",
        }
    }

    /// Reads the word that staff typed; case falls away.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str().eq_ignore_ascii_case(word))
    }
}
