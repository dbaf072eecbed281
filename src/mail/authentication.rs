//! The verdict on a sender out of the Authentication-Results field of the operator's own mail server (RFC 8601). Only
//! the topmost field counts, and only under a configured authserv-id; everything below it can be forged (standard M5).
//! The server must strip forged fields of its own name (RFC 8601 5): nobody behind it can tell them apart.
//! Alignment is checked by us: same domain, or one the parent of the other. That is DMARC's relaxed mode without a
//! public suffix list: siblings do not align here, and a bare top-level domain aligns with nothing.

use super::incoming::Incoming;
use crate::domain::sender::SenderVerdict;

/// Whose verdicts are believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trust {
    /// The authserv-ids of the operator's own mail servers; none means that no verdict exists.
    pub authserv_ids: Vec<String>,
    /// Most Received fields above that field; below them it came with the mail. None where any number may stand there.
    pub received_above_max: Option<u32>,
}

/// Longest field that is read, bytes.
const FIELD_BYTES_MAX: usize = 16 * 1024;

/// The verdict, and in one line what it rests on: methods and results only, no address and no domain of the sender.
pub fn verdict(incoming: &Incoming, trust: &Trust) -> (SenderVerdict, String) {
    let Ok(from) = &incoming.from else {
        return (SenderVerdict::Unknown, "no single sender".to_owned());
    };
    let Some(top) = incoming.authentication_results.first() else {
        return (SenderVerdict::Unknown, "no Authentication-Results".to_owned());
    };
    if trust.received_above_max.is_some_and(|most| incoming.hops_since_verdict > most) {
        let reason = "the topmost Authentication-Results lies below what our servers add";
        return (SenderVerdict::Unknown, reason.to_owned());
    }
    let Some(field) = parse(top) else {
        return (SenderVerdict::Unknown, "the topmost Authentication-Results cannot be read".to_owned());
    };
    if !trust.authserv_ids.iter().any(|id| id.eq_ignore_ascii_case(&field.authserv_id)) {
        return (
            SenderVerdict::Unknown,
            "the topmost Authentication-Results is not by a trusted server".to_owned(),
        );
    }
    let (verdict, reason) = weigh(&field.results, from.domain());
    (verdict, format!("{}: {reason}", field.authserv_id))
}

fn weigh(results: &[MethodResult], from: &str) -> (SenderVerdict, String) {
    let passes = |method: &str, test: &dyn Fn(&MethodResult) -> bool| {
        results.iter().any(|r| r.method == method && r.result == "pass" && test(r))
    };
    let dmarc: Vec<&MethodResult> = results.iter().filter(|r| r.method == "dmarc").collect();
    let dkim_aligned =
        passes("dkim", &|r| r.identities(&["header.d", "header.i"]).any(|d| aligned(&d, from)));
    let dkim_same = passes("dkim", &|r| r.identities(&["header.d", "header.i"]).any(|d| d == from));
    let spf_aligned =
        passes("spf", &|r| r.identities(&["smtp.mailfrom", "smtp.mail"]).any(|d| aligned(&d, from)));
    if results.is_empty() {
        return (SenderVerdict::Unknown, "none".to_owned());
    }
    if let Some(bad) = dmarc.iter().find(|r| !matches!(r.result.as_str(), "pass" | "none" | "bestguesspass"))
    {
        // A temporary error is no verdict: it is neither a pass nor a failure of the sender.
        let verdict = if matches!(bad.result.as_str(), "temperror" | "permerror") {
            SenderVerdict::Unknown
        } else {
            SenderVerdict::Unaligned
        };
        return (verdict, format!("dmarc={}", word(&bad.result)));
    }
    let passed: Vec<&&MethodResult> = dmarc.iter().filter(|r| r.result == "pass").collect();
    if !passed.is_empty() {
        // Two results of one method in one field would let an injected one win: every one must name the From domain.
        let all = passed.iter().all(|r| r.identities(&["header.from"]).any(|d| d == from));
        // Where the server says that no signature of the domain passed, its DMARC pass rests on SPF, which never carries a
        // staff decision (decision 11). A server that says nothing of DKIM is believed (decision 39).
        let by_spf = !dkim_aligned && results.iter().any(|r| r.method == "dkim");
        return if all && passed.len() == dmarc.len() && by_spf {
            (SenderVerdict::SpfOnly, "dmarc=pass by SPF alone".to_owned())
        } else if all && passed.len() == dmarc.len() {
            (SenderVerdict::Aligned, "dmarc=pass".to_owned())
        } else {
            (SenderVerdict::Unaligned, "dmarc=pass for another domain".to_owned())
        };
    }
    if !dmarc.is_empty() && dkim_aligned {
        return (SenderVerdict::Aligned, "dmarc=none, dkim=pass aligned".to_owned());
    }
    // Without a DMARC result the policy is unknown; a strict one would still accept the very same domain.
    if dmarc.is_empty() && dkim_same {
        return (SenderVerdict::Aligned, "no dmarc, dkim=pass same domain".to_owned());
    }
    if spf_aligned {
        return (SenderVerdict::SpfOnly, "spf=pass aligned".to_owned());
    }
    (SenderVerdict::Unaligned, "nothing aligned passed".to_owned())
}

/// A result word is part of a trusted field, but only known letters go into evidence.
fn word(result: &str) -> String {
    result.chars().filter(char::is_ascii_alphabetic).take(16).collect()
}

/// Same domain, or one is the parent of the other; the shorter one must have two labels at least.
fn aligned(one: &str, other: &str) -> bool {
    let below = |child: &str, parent: &str| {
        parent.contains('.') && child.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
    };
    !one.is_empty() && (one == other || below(one, other) || below(other, one))
}

struct Parsed {
    authserv_id: String,
    results: Vec<MethodResult>,
}

struct MethodResult {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl MethodResult {
    /// The domains behind the named properties, lower case: of `user@domain`, `@domain` or `domain`.
    fn identities<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        self.properties.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| {
            let value = value.trim_matches(['<', '>']);
            value
                .rsplit_once('@')
                .map_or(value, |(_, domain)| domain)
                .trim_end_matches('.')
                .to_ascii_lowercase()
        })
    }
}

/// Reads one field. None when it is unfinished (open comment or quote), too long, or has no authserv-id.
fn parse(value: &str) -> Option<Parsed> {
    if value.len() > FIELD_BYTES_MAX {
        return None;
    }
    let groups = tokens(value)?;
    let mut groups = groups.into_iter();
    let head = groups.next()?;
    // `authserv-id [version]`: an `=` here means that the id was left out, as Microsoft 365 does; nobody to trust.
    let authserv_id = head.first().filter(|id| !id.contains('='))?.to_ascii_lowercase();
    let version_ok = head.get(1).is_none_or(|version| version == "1");
    if !version_ok || head.len() > 2 {
        return None;
    }
    let results = groups.filter_map(|group| method_result(&group)).collect();
    Some(Parsed { authserv_id, results })
}

fn method_result(group: &[String]) -> Option<MethodResult> {
    let (method, result) = group.first()?.split_once('=')?;
    let method = method.split('/').next().unwrap_or(method);
    let properties = group
        .iter()
        .skip(1)
        .filter_map(|token| token.split_once('='))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(MethodResult {
        method: method.to_ascii_lowercase(),
        result: result.to_ascii_lowercase(),
        properties,
    })
}

/// Splits at `;` into groups of tokens, comments dropped, quoted strings unquoted, blanks around `=` closed up.
fn tokens(value: &str) -> Option<Vec<Vec<String>>> {
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    let mut token = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for c in value.chars() {
        let inside = quoted || depth > 0;
        match c {
            _ if escaped => {
                escaped = false;
                if quoted {
                    token.push(c);
                }
            }
            '\\' if inside => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            _ if quoted => token.push(c),
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            ';' => {
                end_token(&mut groups, &mut token);
                groups.push(Vec::new());
            }
            c if c.is_whitespace() => end_token(&mut groups, &mut token),
            c => token.push(c),
        }
    }
    end_token(&mut groups, &mut token);
    (depth == 0 && !quoted && !escaped).then_some(groups)
}

/// RFC 8601 2.2 allows blanks and comments around `=` and `.`: such a piece belongs to its neighbour.
fn end_token(groups: &mut [Vec<String>], token: &mut String) {
    let piece = std::mem::take(token);
    let Some(group) = groups.last_mut().filter(|_| !piece.is_empty()) else { return };
    match group.last_mut() {
        Some(last) if piece.starts_with('=') || last.ends_with('=') => last.push_str(&piece),
        _ => group.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::{Trust, verdict};
    use crate::domain::sender::SenderVerdict::{self, Aligned, SpfOnly, Unaligned, Unknown};
    use crate::mail::incoming::{Limits, read};

    fn check(fields: &[&str], expected: SenderVerdict) {
        let mut raw = String::new();
        for field in fields {
            raw.push_str("Authentication-Results: ");
            raw.push_str(field);
            raw.push_str("\r\n");
        }
        raw.push_str("From: asha@acme.example\r\n\r\nx");
        let incoming = read(raw.as_bytes(), &Limits::default()).expect("reads");
        let authserv_ids = vec!["mx.dsrd.example".into(), "mx2.dsrd.example".into()];
        let trust = Trust { authserv_ids, received_above_max: None };
        let (found, evidence) = verdict(&incoming, &trust);
        assert_eq!(found, expected, "{fields:?}: {evidence}");
        assert!(!evidence.contains("acme"), "evidence holds no domain of the sender: {evidence}");
    }

    #[test]
    fn passes_of_common_servers_are_read() {
        check(&["mx.dsrd.example; dmarc=pass header.from=acme.example"], Aligned);
        check(
            &[
                "MX.dsrd.example 1; spf=fail smtp.mailfrom=x.example;\r\n dmarc=pass (p=NONE) header.from=Acme.example",
            ],
            Aligned,
        );
        check(
            &[
                "mx.dsrd.example;\r\n\tdkim=pass header.i=@acme.example header.s=s1;\r\n\tdmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=acme.example",
            ],
            Aligned,
        );
        check(&["mx2.dsrd.example; dmarc = pass header.from = \"acme.example\""], Aligned);
        check(&["mx.dsrd.example; dmarc/1=pass header.from=acme.example"], Aligned);
        check(&["mx.dsrd.example; dmarc=none; dkim=pass header.d=mail.acme.example"], Aligned);
        check(
            &[
                "mx.dsrd.example; dmarc=none header.from=acme.example; dkim=fail header.d=acme.example; dkim=pass header.d=acme.example",
            ],
            Aligned,
        );
        check(&["mx.dsrd.example; dkim=pass header.d=acme.example"], Aligned);
        check(&["mx.dsrd.example; dmarc=none; spf=pass smtp.mailfrom=bounce@mail.acme.example"], SpfOnly);
        check(&["mx.dsrd.example; spf=pass smtp.mailfrom=acme.example"], SpfOnly);
        for dkim in ["dkim=none", "dkim=fail header.d=acme.example", "dkim=pass header.d=relay.example"] {
            check(&[&format!("mx.dsrd.example; {dkim}; dmarc=pass header.from=acme.example")], SpfOnly);
        }
        check(
            &["mx.dsrd.example; dkim=pass header.d=mail.acme.example; spf=pass smtp.mailfrom=a@acme.example"],
            SpfOnly,
        );
    }

    #[test]
    fn failures_are_failures_and_errors_are_no_verdict() {
        check(
            &["mx.dsrd.example; dmarc=fail header.from=acme.example; dkim=pass header.d=acme.example"],
            Unaligned,
        );
        check(&["mx.dsrd.example; dmarc=quarantine header.from=acme.example"], Unaligned);
        check(
            &[
                "mx.dsrd.example; dmarc=none; dkim=fail header.d=acme.example; spf=softfail smtp.mailfrom=acme.example",
            ],
            Unaligned,
        );
        check(
            &[
                "mx.dsrd.example; dmarc=none; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example",
            ],
            Unaligned,
        );
        check(&["mx.dsrd.example; dmarc=pass header.from=evil.example"], Unaligned);
        check(&["mx.dsrd.example; dmarc=pass"], Unaligned);
        check(
            &["mx.dsrd.example; dmarc=pass header.from=acme.example; dmarc=pass header.from=evil.example"],
            Unaligned,
        );
        check(&["mx.dsrd.example; dmarc=none; dkim=pass header.d=example"], Unaligned);
        check(&["mx.dsrd.example; dmarc=none; dkim=pass header.d=notacme.example"], Unaligned);
        check(&["mx.dsrd.example; dmarc=none; spf=pass smtp.helo=acme.example"], Unaligned);
        check(&["mx.dsrd.example; dmarc=temperror header.from=acme.example"], Unknown);
        check(&["mx.dsrd.example; none"], Unknown);
        check(&[], Unknown);
    }

    #[test]
    fn a_field_below_what_our_servers_add_came_with_the_mail() {
        let check = |above: usize, most: Option<u32>, expected: SenderVerdict| {
            let raw = format!(
                "{}Authentication-Results: mx.dsrd.example; dmarc=pass header.from=acme.example\r\n\
                 Received: from x\r\nFrom: asha@acme.example\r\n\r\nx",
                "Received: from y\r\n".repeat(above)
            );
            let incoming = read(raw.as_bytes(), &Limits::default()).expect("reads");
            let trust = Trust { authserv_ids: vec!["mx.dsrd.example".into()], received_above_max: most };
            assert_eq!(verdict(&incoming, &trust).0, expected, "{above} of {most:?}");
        };
        check(0, Some(0), Aligned);
        check(1, Some(0), Unknown);
        check(1, Some(1), Aligned);
        check(2, Some(1), Unknown);
        check(9, None, Aligned);
    }

    #[test]
    fn forged_fields_have_no_say() {
        let forged = "mx.dsrd.example; dmarc=pass header.from=acme.example";
        check(&["evil.example; dmarc=pass header.from=acme.example"], Unknown);
        check(&["evil.example; none", forged], Unknown);
        check(&["mx.dsrd.example; dmarc=fail header.from=acme.example", forged], Unaligned);
        check(&["mx.dsrd.example.evil.example; dmarc=pass header.from=acme.example"], Unknown);
        check(&["(mx.dsrd.example;) evil.example; dmarc=pass header.from=acme.example"], Unknown);
        check(&["\"mx.dsrd.example\"x; dmarc=pass header.from=acme.example"], Unknown);
        check(&["mx.dsrd.example 2; dmarc=pass header.from=acme.example"], Unknown);
        check(&["mx.dsrd.example evil; dmarc=pass header.from=acme.example"], Unknown);
        check(&["dmarc=pass header.from=acme.example"], Unknown);
        check(&["mx.dsrd.example; dkim=fail (; dmarc=pass header.from=acme.example"], Unknown);
        check(
            &[
                "mx.dsrd.example; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=acme.example\"@evil.example",
            ],
            Unaligned,
        );
        check(
            &[
                "mx.dsrd.example; spf=fail (; dmarc=pass header.from=acme.example) smtp.mailfrom=a@evil.example",
            ],
            Unaligned,
        );
        check(&["mx.dsrd.example; dmarc=fail reason=\"dmarc=pass\" header.from=acme.example"], Unaligned);
    }
}
