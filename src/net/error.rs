//! Why a line to a server could not be opened. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

/// Why a line to a server could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// TLS is off for a host that is not this machine.
    #[error("refused to dial {server} without TLS: tls = \"none\" is for loopback hosts only")]
    PlainRefused {
        /// `host:port`.
        server: String,
    },
    /// The extra certificate authorities could not be read.
    #[error("could not read certificate authorities from {path}: {why}")]
    CaFile {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// No address, or no answer at any of them.
    #[error("could not connect to {server}: {why}")]
    Connect {
        /// `host:port`.
        server: String,
        /// The reason.
        why: String,
    },
    /// The TLS handshake failed.
    #[error("could not agree on TLS with {server}: {why}")]
    Handshake {
        /// `host:port`.
        server: String,
        /// The reason, as the TLS library says it.
        why: String,
    },
    /// The server does not offer STARTTLS, or refused it.
    #[error("could not start TLS with {server}: the server {why}")]
    StartTls {
        /// `host:port`.
        server: String,
        /// What the server did.
        why: &'static str,
    },
    /// Nothing happened in time.
    #[error("gave up on {server}: no {what} within {seconds} s")]
    Timeout {
        /// `host:port`.
        server: String,
        /// What was waited for.
        what: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The server said something that is not a line of its protocol.
    #[error("could not understand {server}: {why}")]
    Malformed {
        /// `host:port`.
        server: String,
        /// What is wrong with it; never the text itself.
        why: &'static str,
    },
}

impl NetError {
    /// Whether the same attempt may succeed later without anyone changing the configuration.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::PlainRefused { .. } | Self::CaFile { .. } | Self::StartTls { .. } => false,
            Self::Connect { .. } | Self::Handshake { .. } | Self::Timeout { .. } | Self::Malformed { .. } => {
                true
            }
        }
    }
}
