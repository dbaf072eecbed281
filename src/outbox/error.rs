//! Why a courier cannot work. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use crate::net::NetError;
use crate::net::oauth::TokenError;

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
    /// There is no access token to log in with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The access token was refused.
    #[error(
        "could not log in to {server}: it refused the access token with {code}, and that was a new one; see that the token's account or client may send over SMTP, and that user and scope fit"
    )]
    TokenRefused {
        /// `host:port`.
        server: String,
        /// The reply code.
        code: String,
    },
    /// The server takes no access tokens on this line.
    #[error(
        "could not log in to {server}: it does not offer AUTH XOAUTH2 on this line; see host, port and tls, or use password_file"
    )]
    TokensNotOffered {
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
            Self::Token(error) => error.is_transient(),
            Self::LoginNotOffered { .. } | Self::TokenRefused { .. } | Self::TokensNotOffered { .. } => false,
            Self::Lost { .. } | Self::Files { .. } => true,
        }
    }
}
