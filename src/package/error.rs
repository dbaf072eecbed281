//! Why a package could not be written or read. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use super::SourceFailure;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Reading or writing failed.
    #[error("cannot {doing}: {reason}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The operating system's words.
        reason: String,
    },
    /// A source failed.
    #[error("{category}: {failure}")]
    Source {
        /// The category.
        category: String,
        /// What the connector said.
        failure: SourceFailure,
    },
    /// More rows or files are gone than the plan tolerates (standard S9): the plan must be made anew.
    #[error("{category}: {gone} of {planned} planned {what} are gone: plan again")]
    Drift {
        /// The category.
        category: String,
        /// "rows" or "files".
        what: &'static str,
        /// How many there should be.
        planned: u64,
        /// How many are gone.
        gone: u64,
    },
    /// A source gave more or fewer rows than it was asked for.
    #[error("{category}: the source accounted for {found} of {planned} planned rows")]
    Miscounted {
        /// The category.
        category: String,
        /// How many there should be.
        planned: u64,
        /// Rows and gone keys together.
        found: u64,
    },
    /// A name for the archive that is not safe everywhere.
    #[error("{0:?} cannot be a name in a package: use a-z, 0-9, dot, dash and underscore, at most 64")]
    BadName(String),
    /// A page could not be rendered.
    #[error("cannot make the pages of a package: {0}")]
    Page(#[from] crate::render::RenderError),
    /// What was written is not what was meant.
    #[error("the package is damaged: {0}")]
    Damaged(String),
    /// The passphrase does not open it.
    #[error("the passphrase does not open the package")]
    WrongPassphrase,
    /// The writing thread ended early.
    #[error("the package was given up before it was complete")]
    Abandoned,
}

impl PackageError {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Damaged(_) | Self::Abandoned => true,
            Self::Source { failure, .. } => failure.transient,
            Self::Drift { .. }
            | Self::Miscounted { .. }
            | Self::BadName(_)
            | Self::Page(_)
            | Self::WrongPassphrase => false,
        }
    }

    pub(super) fn io(doing: &'static str, error: &std::io::Error) -> Self {
        Self::Io { doing, reason: error.to_string() }
    }
}
