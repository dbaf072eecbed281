//! Reads what a token endpoint answers (RFC 6749 5.1 and 5.2). Takes nothing on trust: a token must be text that a mail
//! command can carry, an error is shown only where its code is known here. Pure; `mod.rs` asks.

use crate::net::Secret;
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

/// How long a token lives where the provider does not say (RFC 6749 5.1 lets it be silent).
const LIFETIME_DEFAULT: Duration = Duration::from_mins(5);
/// The longest life that is believed.
const LIFETIME_MAX: Duration = Duration::from_hours(24);
/// Longest token, in bytes: an AUTH line has 12,288 (RFC 4954 4), and base64 needs a third of them.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Most of a provider's own error numbers that are shown.
const NUMBERS_MAX: usize = 3;

/// The error codes of RFC 6749 5.2 and 4.1.2.1, and those that Microsoft adds.
const CODES: [&str; 10] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "interaction_required",
    "consent_required",
    "invalid_resource",
];

/// What a provider gave.
#[derive(Debug)]
pub(super) struct Granted {
    /// The access token.
    pub(super) access: Secret,
    /// How long it lives.
    pub(super) lifetime: Duration,
    /// The refresh token that takes the old one's place, where there is one.
    pub(super) refresh: Option<Secret>,
}

/// What it did instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It said no.
    Refused {
        /// The code, if it is known here.
        known: Option<&'static str>,
        /// What may be shown of the refusal.
        shown: String,
    },
    /// It cannot now: its status.
    Later(u16),
    /// It is no token endpoint.
    Malformed(&'static str),
}

#[derive(Deserialize)]
struct GrantedText {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RefusedText {
    error: Value,
    error_codes: Vec<Value>,
}

/// Reads an answer.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Granted, Fault> {
    match status {
        200 => granted(body),
        408 | 429 | 500.. => Err(Fault::Later(status)),
        400..=499 => Err(refused(status, body)),
        300..=399 => Err(Fault::Malformed("it sends us on to another address, where no secret is sent")),
        _ => Err(Fault::Malformed("its answer has an unknown status")),
    }
}

fn granted(body: &[u8]) -> Result<Granted, Fault> {
    let text: GrantedText = serde_json::from_slice(body)
        .map_err(|_| Fault::Malformed("its answer is not the JSON of RFC 6749 5.1"))?;
    if text.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(Fault::Malformed("its token is no bearer token"));
    }
    let secret = |token: String| {
        let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && token.len() <= TOKEN_BYTES_MAX {
            Ok(Secret::new(token))
        } else {
            Err(Fault::Malformed("its token is empty, too long, or holds what no token may (RFC 6750 2.1)"))
        }
    };
    Ok(Granted {
        access: secret(text.access_token)?,
        lifetime: text.expires_in.as_ref().and_then(seconds).unwrap_or(LIFETIME_DEFAULT).min(LIFETIME_MAX),
        refresh: text.refresh_token.filter(|token| !token.is_empty()).map(secret).transpose()?,
    })
}

/// A number, or a number in quotes, as some providers write it.
fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.map(Duration::from_secs)
}

fn refused(status: u16, body: &[u8]) -> Fault {
    let text: RefusedText = serde_json::from_slice(body).unwrap_or_default();
    let known = text.error.as_str().and_then(|code| CODES.into_iter().find(|known| *known == code));
    let mut shown = match known {
        Some(code) => format!("{code} (HTTP {status}"),
        None => format!("an unknown code (HTTP {status}"),
    };
    // Microsoft's own numbers, which its pages explain (AADSTS50034 and so on).
    for number in text.error_codes.iter().filter_map(Value::as_u64).take(NUMBERS_MAX) {
        // Writing to a String cannot fail.
        let _ = write!(shown, ", AADSTS{number}");
    }
    shown.push(')');
    Fault::Refused { known, shown }
}

#[cfg(test)]
mod tests {
    use super::{Fault, read};
    use crate::net::Secret;
    use std::time::Duration;

    #[test]
    fn tokens_are_read_with_their_lives() {
        let check = |body: &str, access: &str, seconds: u64, refresh: Option<&str>| {
            let granted = read(200, body.as_bytes()).expect("granted");
            let newest = granted.refresh.as_ref().map(Secret::reveal);
            assert_eq!((granted.access.reveal(), newest), (access, refresh), "{body}");
            assert_eq!(granted.lifetime, Duration::from_secs(seconds), "{body}");
        };
        check(r#"{"access_token":"a.b-c","token_type":"Bearer","expires_in":3599}"#, "a.b-c", 3_599, None);
        check(
            r#"{"access_token":"a","token_type":"bearer","expires_in":"60","refresh_token":"r"}"#,
            "a",
            60,
            Some("r"),
        );
        check(r#"{"access_token":"a","refresh_token":"","scope":["x"]}"#, "a", 300, None);
        check(r#"{"access_token":"a","expires_in":999999999}"#, "a", 86_400, None);
        check(r#"{"access_token":"a","expires_in":-5}"#, "a", 300, None);
    }

    #[test]
    fn what_is_no_token_is_not_taken() {
        let check = |body: &str, expected: &str| {
            let Err(Fault::Malformed(why)) = read(200, body.as_bytes()) else { panic!("{body} was taken") };
            assert!(why.contains(expected), "{body}: {why}");
        };
        check("<html>sign in</html>", "RFC 6749");
        check(r#"{"token":"a"}"#, "RFC 6749");
        check(r#"{"access_token":"a","token_type":"mac"}"#, "bearer");
        check(r#"{"access_token":""}"#, "empty");
        check(r#"{"access_token":"a\u0001auth=Bearer b"}"#, "empty");
        check(r#"{"access_token":"a b"}"#, "empty");
        check(&format!(r#"{{"access_token":"{}"}}"#, "a".repeat(9_000)), "too long");
    }

    #[test]
    fn refusals_show_known_codes_and_nothing_that_the_provider_wrote() {
        let check = |status: u16, body: &str, known: Option<&str>, shown: &str| {
            let found = read(status, body.as_bytes()).expect_err(body);
            let Fault::Refused { known: code, shown: text } = found else { panic!("{body}: {found:?}") };
            assert_eq!((code, text.as_str()), (known, shown), "{body}");
        };
        check(
            400,
            r#"{"error":"invalid_grant","error_description":"AADSTS70008: asha@acme.example ..."}"#,
            Some("invalid_grant"),
            "invalid_grant (HTTP 400)",
        );
        check(
            401,
            r#"{"error":"invalid_client","error_codes":[7000215, "x", 5]}"#,
            Some("invalid_client"),
            "invalid_client (HTTP 401, AADSTS7000215, AADSTS5)",
        );
        check(400, r#"{"error":"asha@acme.example"}"#, None, "an unknown code (HTTP 400)");
        check(403, "<html>", None, "an unknown code (HTTP 403)");
        for (status, expected) in [(429, Fault::Later(429)), (503, Fault::Later(503))] {
            assert_eq!(read(status, b"{}").expect_err("later"), expected);
        }
        assert!(matches!(read(302, b"{}"), Err(Fault::Malformed(_))));
        assert!(matches!(read(204, b""), Err(Fault::Malformed(_))));
    }
}
