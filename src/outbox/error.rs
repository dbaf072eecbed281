//! Why a courier cannot work. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use crate::net::NetError;

/// Why a courier cannot work at all.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// The line could not be opened.
    #[error(transparent)]
    Net(#[from] NetError),
    /// User name or password were refused.
    #[error("could not log in to {server}: refused with {code}")]
    LoginRefused {
        /// `host:port`.
        server: String,
        /// The reply code.
        code: String,
    },
    /// The server wants no password on this line, or none in a way that we know.
    #[error("could not log in to {server}: it offers neither AUTH PLAIN nor AUTH LOGIN on this line")]
    LoginNotOffered {
        /// `host:port`.
        server: String,
    },
    /// The server turned us away.
    #[error("{server} refused {what} with {code}")]
    Refused {
        /// `host:port`.
        server: String,
        /// What was attempted.
        what: &'static str,
        /// The reply code.
        code: String,
    },
    /// The line broke or nothing came in time.
    #[error("lost {server} during {what}: {why}")]
    Lost {
        /// `host:port`.
        server: String,
        /// What was attempted.
        what: &'static str,
        /// What happened.
        why: &'static str,
    },
    /// A directory could not be written.
    #[error("could not {what} in {path}: {why}")]
    Files {
        /// The directory.
        path: String,
        /// What was attempted.
        what: &'static str,
        /// What the host says.
        why: String,
    },
}

impl CourierError {
    /// Whether the same call may succeed later without anyone changing the configuration.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Net(error) => error.is_transient(),
            Self::LoginRefused { code, .. } | Self::Refused { code, .. } => code.starts_with('4'),
            Self::LoginNotOffered { .. } => false,
            Self::Lost { .. } | Self::Files { .. } => true,
        }
    }
}
