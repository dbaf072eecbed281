//! `oauth2` in `[mailbox.NAME]` and `[outbox]`: where access tokens come from, and which files hold the secrets for them.
//! Never asks anybody. `net/oauth/` gets these as plain values from the daemon.

use super::problem::Findings;
use super::values::is_loopback;
use hyper::Uri;
use serde::Deserialize;
use std::path::PathBuf;

/// How the daemon proves to the provider who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grant {
    /// With `client_id` and the client's secret (RFC 6749 4.4).
    ClientCredentials,
    /// With a refresh token (RFC 6749 6).
    RefreshToken {
        /// The file that holds it.
        file: PathBuf,
    },
}

/// A token endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenUrl {
    /// Whether the line is protected; without it the host is this machine.
    pub https: bool,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

/// Where access tokens come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuth2 {
    /// Who is asked.
    pub token_url: TokenUrl,
    /// More certificate authorities (PEM) beside the host's own.
    pub ca_file: Option<PathBuf>,
    /// The client's id.
    pub client_id: String,
    /// The file with the client's secret.
    pub client_secret_file: Option<PathBuf>,
    /// How.
    pub grant: Grant,
    /// What the token shall be good for.
    pub scope: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrantWord {
    ClientCredentials,
    RefreshToken,
}

/// `oauth2` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OAuth2Text {
    grant: Option<GrantWord>,
    token_url: Option<String>,
    ca_file: Option<PathBuf>,
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    refresh_token_file: Option<PathBuf>,
    scope: Option<String>,
}

impl OAuth2Text {
    pub(super) fn judge(self, section: &str, findings: &mut Findings<'_>) -> Option<OAuth2> {
        let remedy = "write the provider's token endpoint, https://...";
        let url = findings.required(section, "token_url", self.token_url, remedy);
        let token_url = url.and_then(|url| match token_url(&url) {
            Ok(url) => Some(url),
            Err(said) => {
                findings.add_said(section, "token_url", said);
                None
            }
        });
        let remedy = "write the id that the provider gave this client";
        let client_id = findings.required(section, "client_id", self.client_id, remedy);
        let client_secret_file = self.client_secret_file.map(|file| findings.credential(&file));
        let remedy = "write \"client-credentials\" or \"refresh-token\"";
        let word = findings.required(section, "grant", self.grant, remedy)?;
        let grant = match (word, self.refresh_token_file) {
            (GrantWord::RefreshToken, Some(file)) => {
                Some(Grant::RefreshToken { file: findings.credential(&file) })
            }
            (GrantWord::RefreshToken, None) => {
                let remedy = "name the file that holds the provider's refresh token";
                findings.add(section, "refresh_token_file", "is missing", remedy);
                None
            }
            (GrantWord::ClientCredentials, Some(_)) => {
                let what = "has no use with grant = \"client-credentials\"";
                findings.add(section, "refresh_token_file", what, "take it out");
                None
            }
            (GrantWord::ClientCredentials, None) => {
                if client_secret_file.is_none() {
                    let remedy = "name the file that holds the client's secret";
                    findings.add(section, "client_secret_file", "is missing", remedy);
                }
                Some(Grant::ClientCredentials)
            }
        };
        let ca_file = self.ca_file.map(|file| findings.path(&file));
        Some(OAuth2 {
            token_url: token_url?,
            ca_file,
            client_id: client_id?,
            client_secret_file,
            grant: grant?,
            scope: self.scope,
        })
    }
}

/// Reads a token endpoint's address, or says what is wrong with it and what to do.
fn token_url(text: &str) -> Result<TokenUrl, &'static str> {
    let uri: Uri =
        text.parse().map_err(|_| "is no address; write the provider's token endpoint, https://...")?;
    let authority =
        uri.authority().ok_or("names no host; write the provider's token endpoint, https://...")?;
    if authority.as_str().contains('@') {
        return Err("holds a name or a password; use client_id and client_secret_file");
    }
    let host = authority.host();
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") if is_loopback(host.trim_start_matches('[').trim_end_matches(']')) => false,
        _ => return Err("would send secrets in the clear; write https:// (http is for this machine only)"),
    };
    Ok(TokenUrl {
        https,
        host: host.to_owned(),
        port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
        path: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::{TokenUrl, token_url};

    #[test]
    fn secrets_go_to_a_protected_address_only() {
        let check =
            |text: &str, expected: Result<(bool, &str, u16, &str), &str>| match (token_url(text), expected) {
                (Ok(url), Ok((https, host, port, path))) => {
                    let (host, path) = (host.to_owned(), path.to_owned());
                    assert_eq!(url, TokenUrl { https, host, port, path }, "{text}");
                }
                (Err(said), Err(part)) => {
                    assert!(said.contains(part) && said.contains("; "), "{text}: {said}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            };
        let microsoft = "https://login.microsoftonline.com/0000-11/oauth2/v2.0/token";
        check(microsoft, Ok((true, "login.microsoftonline.com", 443, "/0000-11/oauth2/v2.0/token")));
        check(
            "https://sso.acme.example:8443/token?realm=x",
            Ok((true, "sso.acme.example", 8443, "/token?realm=x")),
        );
        check("https://sso.acme.example", Ok((true, "sso.acme.example", 443, "/")));
        check("http://127.0.0.1:8080/token", Ok((false, "127.0.0.1", 8080, "/token")));
        check("http://[::1]/token", Ok((false, "[::1]", 80, "/token")));
        check("http://sso.acme.example/token", Err("in the clear"));
        check("ftp://sso.acme.example/token", Err("in the clear"));
        check("https://id:hunter2@sso.acme.example/token", Err("password"));
        check("/token", Err("names no host"));
        check("https://a b/", Err("is no address"));
    }
}
