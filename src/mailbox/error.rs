//! Why a mailbox could not do what was asked. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use crate::net::NetError;
use crate::net::oauth::TokenError;

/// Why a mailbox could not do what was asked. Never holds what the server said: that may be mail text.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The line could not be opened.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The server does not take passwords on this line (LOGINDISABLED).
    #[error(
        "could not log in to {server}: the server does not take passwords on this line; use tls = \"implicit\""
    )]
    LoginDisabled {
        /// `host:port`.
        server: String,
    },
    /// User name or password were refused.
    #[error("could not log in to {server}: user name or password refused")]
    LoginRefused {
        /// `host:port`.
        server: String,
    },
    /// There is no access token to log in with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The access token was refused.
    #[error(
        "could not log in to {server}: it refused the access token, and that was a new one; see that the token's account or client may open this mailbox over IMAP, and that user and scope fit"
    )]
    TokenRefused {
        /// `host:port`.
        server: String,
    },
    /// The server takes no access tokens.
    #[error("could not log in to {server}: it does not offer AUTH=XOAUTH2; see host, or use password_file")]
    TokensNotOffered {
        /// `host:port`.
        server: String,
    },
    /// The server answered NO or BAD.
    #[error("{server} refused {what} ({status})")]
    Refused {
        /// `host:port`.
        server: String,
        /// The command.
        what: &'static str,
        /// `NO` or `BAD`.
        status: &'static str,
    },
    /// The line broke.
    #[error("lost {server} during {what}")]
    Lost {
        /// `host:port`.
        server: String,
        /// The command.
        what: &'static str,
    },
    /// Nothing came in time.
    #[error("gave up on {server}: no answer to {what} within {seconds} s")]
    Timeout {
        /// `host:port`.
        server: String,
        /// The command.
        what: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The server broke the protocol, or a limit that protects us from it.
    #[error("could not understand {server} during {what}: {why}")]
    Malformed {
        /// `host:port`.
        server: String,
        /// The command.
        what: &'static str,
        /// What is wrong; never the text itself.
        why: &'static str,
    },
    /// A name in the configuration cannot be used.
    #[error("cannot use the configured {what} of {server}: {why}")]
    Setting {
        /// `host:port`, or the Maildir's path.
        server: String,
        /// Which setting.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A Maildir could not be read or written.
    #[error("could not {what} in {path}: {why}")]
    Files {
        /// The Maildir.
        path: String,
        /// What was attempted.
        what: &'static str,
        /// What the host says.
        why: String,
    },
}

impl MailboxError {
    /// Whether the same call may succeed later without anyone changing the configuration.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Net(error) => error.is_transient(),
            Self::Token(error) => error.is_transient(),
            Self::LoginDisabled { .. }
            | Self::LoginRefused { .. }
            | Self::TokenRefused { .. }
            | Self::TokensNotOffered { .. }
            | Self::Setting { .. } => false,
            Self::Refused { .. }
            | Self::Lost { .. }
            | Self::Timeout { .. }
            | Self::Malformed { .. }
            | Self::Files { .. } => true,
        }
    }

    /// Whether the server, or who issues its tokens, turned our credentials down: back off long, alert staff at the second
    /// time.
    pub fn is_login(&self) -> bool {
        match self {
            Self::LoginDisabled { .. }
            | Self::LoginRefused { .. }
            | Self::TokenRefused { .. }
            | Self::TokensNotOffered { .. } => true,
            Self::Token(error) => !error.is_transient(),
            _ => false,
        }
    }
}
