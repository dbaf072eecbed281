//! Why no access token is there. Says what was attempted, where, why it failed and, behind the last semicolon, what to do.
//! Never holds a token, a secret or a provider's text: only codes that are known here. See `mod.rs` for what is done.

use crate::net::NetError;

/// Why no access token is there.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The provider could not be asked.
    #[error(
        "could not get an access token from {url}: {source}; see token_url, and that the provider can be reached from here"
    )]
    Line {
        /// The token endpoint.
        url: String,
        /// The reason.
        source: NetError,
    },
    /// The provider said no.
    #[error("could not get an access token from {url}: the provider refused with {code}; {remedy}")]
    Refused {
        /// The token endpoint.
        url: String,
        /// Its error code (RFC 6749 5.2), as far as it is known here, and numbers that it added.
        code: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The provider cannot answer now.
    #[error(
        "could not get an access token from {url}: the provider answered HTTP {status}; it is tried again by itself"
    )]
    Later {
        /// The token endpoint.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer is none of a token endpoint.
    #[error("could not get an access token from {url}: {why}; see that token_url is a token endpoint")]
    Malformed {
        /// The token endpoint.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The refresh token could not be read.
    #[error(
        "could not read the refresh token {path}: {why}; write the provider's refresh token into that file"
    )]
    File {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// The place for replaced refresh tokens cannot be used.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// Another process renews the same refresh token at this moment.
    #[error(
        "could not get an access token from {url}: another process has been renewing it for {seconds} s; end a dsrd check that hangs"
    )]
    Busy {
        /// The token endpoint.
        url: String,
        /// For how long we waited.
        seconds: u64,
    },
    /// The work ended by itself.
    #[error("could not get an access token from {url}: the work was cut off; it is tried again by itself")]
    CutOff {
        /// The token endpoint.
        url: String,
    },
}

/// Why a refresh token that the provider replaced cannot be kept or found again.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The folder or a file in it cannot be used.
    #[error("could not {what} {path}: {why}; let the daemon's user read and write [keys] token_dir")]
    Files {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: String,
        /// The reason.
        why: String,
    },
    /// The kept token was sealed with another key, or was changed.
    #[error(
        "could not open the kept refresh token {path}: {why}; restore the master key, or delete that file and write a new refresh token into refresh_token_file"
    )]
    Sealed {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
}

impl TokenError {
    /// Whether the same attempt may succeed later without anyone changing anything here.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Line { source, .. } => source.is_transient(),
            Self::Later { .. } | Self::CutOff { .. } | Self::Busy { .. } => true,
            Self::Refused { .. } | Self::Malformed { .. } | Self::File { .. } | Self::Keep(_) => false,
        }
    }
}
