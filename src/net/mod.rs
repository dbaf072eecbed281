//! Dialling: where a server is, how its line is protected, and how we log in. Shared by the adapters, which stand above
//! and never name each other. Never speaks a mail protocol beyond reading single lines before TLS; never logs a
//! credential. `tls.rs` dials, `lines.rs` reads what comes before STARTTLS, `oauth/` draws access tokens.

mod error;
pub use error::NetError;

pub mod http;
pub mod lines;
pub mod oauth;
pub mod tls;

use oauth::Tokens;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// How the line to a server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (RFC 8314): the recommended way.
    Implicit,
    /// Plain greeting, then TLS by command, never without it.
    StartTls,
    /// No TLS: for loopback hosts only.
    None,
}

/// Where a server is.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host name or IP address; the name that the certificate must carry.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the line is protected.
    pub tls: Tls,
    /// Extra certificate authorities (PEM), trusted beside the host's own store.
    pub ca_file: Option<PathBuf>,
}

impl Endpoint {
    /// Whether the host is this machine by its very name; only then may a line go without TLS.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Refuses what must never be dialled: a plain line to another machine.
    pub fn check(&self) -> Result<(), NetError> {
        if self.tls == Tls::None && !self.is_loopback() {
            return Err(NetError::PlainRefused { server: self.to_string() });
        }
        Ok(())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A password or token: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a credential; from here on it does not print.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The credential itself, for the one command that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// How we prove to a server who we are.
#[derive(Clone)]
pub enum Login {
    /// User name and password; the password was read from a file by the caller.
    Password {
        /// The user name, often the mailbox address.
        user: String,
        /// The password.
        password: Secret,
    },
    /// An access token that a provider issues (mechanism XOAUTH2).
    Token {
        /// The user name: the mailbox that the token opens.
        user: String,
        /// Where tokens come from.
        tokens: Arc<Tokens>,
    },
}

impl Login {
    /// Waits for what was begun on its behalf and must not be cut off.
    pub async fn settled(&self) {
        if let Self::Token { tokens, .. } = self {
            tokens.settled().await;
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[login]")
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Login, Secret, Tls};

    #[test]
    fn a_line_without_tls_is_for_this_machine_only() {
        let check = |host: &str, tls: Tls, allowed: bool| {
            let endpoint = Endpoint { host: host.to_owned(), port: 143, tls, ca_file: None };
            assert_eq!(endpoint.check().is_ok(), allowed, "{host}");
        };
        check("localhost", Tls::None, true);
        check("LOCALHOST", Tls::None, true);
        check("127.0.0.1", Tls::None, true);
        check("127.9.9.9", Tls::None, true);
        check("::1", Tls::None, true);
        check("[::1]", Tls::None, true);
        check("localhost.acme.example", Tls::None, false);
        check("10.0.0.1", Tls::None, false);
        check("imap.acme.example", Tls::None, false);
        check("imap.acme.example", Tls::StartTls, true);
    }

    #[test]
    fn credentials_do_not_print() {
        let login =
            Login::Password { user: "support".to_owned(), password: Secret::new("hunter2".to_owned()) };
        assert_eq!(format!("{login:?}"), "[login]");
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "[secret]");
    }
}
