//! Why a use-case could not be carried out. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use crate::connectors::ConnectorError;
use crate::ledger::LedgerError;
use crate::mail::outgoing::OutgoingError;
use crate::notices::NoticeError;
use crate::store::StoreError;

/// Why a use-case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source of the company.
    #[error(transparent)]
    Source(#[from] ConnectorError),
    /// A template.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// A mail could not be built.
    #[error(transparent)]
    Mail(#[from] OutgoingError),
    /// The package.
    #[error("{0}")]
    Package(String),
    /// The erasure ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Wrong use.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Whether the disk below the state failed: the process must end (standard R10).
    pub fn is_disk_failure(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_failure())
    }

    /// Whether there was no room on the disk of the state (standard R11).
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_full())
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Source(error) => error.is_transient(),
            Self::Package(_) => true,
            Self::Ledger(error) => error.is_transient(),
            Self::Notice(_) | Self::Mail(_) | Self::Refused(_) => false,
        }
    }
}
