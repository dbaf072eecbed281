//! One received mail as values. `read` never panics and never trusts: limits are checked before parsing where that can
//! be done (standard M1), the parser runs inside `catch_unwind` (facts.md trap 3), and a wrong charset loses no mail.
//! It decides nothing: see `classify/mod.rs`.

pub use super::from::FromProblem;
pub use super::marks::{AutoMarks, Mark};
use super::{bounce, from, headers, marks, text};
use crate::domain::address::Address;
use headers::Field;
use jiff::Timestamp;
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MimeHeaders, PartType};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The bounds of one mail (standard M1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest mail, bytes.
    pub bytes_max: usize,
    /// Largest header block, bytes.
    pub header_bytes_max: usize,
    /// Most header fields.
    pub headers_max: usize,
    /// Most MIME parts, those of attached mails included.
    pub parts_max: usize,
    /// Deepest nesting of MIME parts.
    pub depth_max: usize,
    /// Longest text that is kept, bytes; the rest is cut off.
    pub text_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 25 * 1024 * 1024,
            header_bytes_max: 256 * 1024,
            headers_max: 1_000,
            parts_max: 200,
            depth_max: 20,
            text_bytes_max: 64 * 1024,
        }
    }
}

/// Why a mail could not be read at all. The words are safe to log: nothing of the mail is in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// More than `bytes_max`.
    #[error("the mail is larger than the limit")]
    TooLarge,
    /// More than `header_bytes_max`.
    #[error("the mail's header is larger than the limit")]
    HeaderTooLarge,
    /// More than `headers_max`.
    #[error("the mail has more header fields than the limit")]
    TooManyHeaders,
    /// More than `parts_max`.
    #[error("the mail has more parts than the limit")]
    TooManyParts,
    /// More than `depth_max`.
    #[error("the mail's parts are nested deeper than the limit")]
    TooDeep,
    /// The parser found no mail in it.
    #[error("the bytes are not a mail")]
    Malformed,
    /// The parser panicked.
    #[error("the mail broke the parser")]
    ParserPanic,
}

/// Most characters of a subject that are kept.
const SUBJECT_CHARS_MAX: usize = 1_000;
/// Most addresses that are read out of recipient fields.
const RECIPIENTS_MAX: usize = 1_000;
/// Most message ids that are read out of In-Reply-To and References.
const IDS_MAX: usize = 200;

/// One received mail. `Debug` shows no address; subject and text are attacker text and must not be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// Message-ID without angle brackets. Chosen by the sender: never an identity by itself (standard R2).
    pub message_id: Option<String>,
    /// In-Reply-To ids without angle brackets.
    pub in_reply_to: Vec<String>,
    /// References ids without angle brackets, oldest first.
    pub references: Vec<String>,
    /// The one sender, or why there is none.
    pub from: Result<Address, FromProblem>,
    /// Local part of a From that is no full address, lower case: `mailer-daemon`, `root`.
    pub from_local: String,
    /// Decoded, white space collapsed, at most 1,000 characters.
    pub subject: String,
    /// The Date field.
    pub date: Option<Timestamp>,
    /// The day that the Date field names, in the sender's own zone: "the last 90 days" end on it.
    pub written_on: Option<jiff::civil::Date>,
    /// Delivered-To, X-Original-To, Envelope-To, Resent-To, To, Cc, in that order, each address once.
    pub recipients: Vec<Address>,
    /// To and Delivered-To only: a mail from one of these to itself is our own (decision 18).
    pub addressed_to: Vec<Address>,
    /// To and Cc as the sender wrote them, which a signature can cover; Delivered-To is added on the way.
    pub written_to: Vec<Address>,
    /// The body as plain lines, at most `Limits::text_bytes_max` bytes.
    pub text: String,
    /// The machine-readable parts of a report, and the Message-ID of a mail that is attached; read by `bounce.rs`.
    pub report: String,
    /// Signs of automatic mail.
    pub marks: AutoMarks,
    /// Authentication-Results values, unfolded, topmost first. Only the first can be believed (RFC 8601 5).
    pub authentication_results: Vec<String>,
    /// SHA-256 over normalised From, Date, Subject and body: with the Message-ID the same mail (decision 10).
    pub fingerprint: [u8; 32],
    /// Received fields above the topmost Authentication-Results: the servers that handled the mail after it was judged.
    pub hops_since_verdict: u32,
    /// Attachments or other parts that were not read.
    pub has_other_parts: bool,
}

/// Reads one mail. Errors: see `Unreadable`; the caller sets such a mail aside (design invariant 10).
pub fn read(raw: &[u8], limits: &Limits) -> Result<Incoming, Unreadable> {
    if raw.len() > limits.bytes_max {
        return Err(Unreadable::TooLarge);
    }
    let header_bytes = headers::block_bytes(raw);
    if header_bytes > limits.header_bytes_max {
        return Err(Unreadable::HeaderTooLarge);
    }
    let fields = headers::split(raw.get(..header_bytes).unwrap_or(raw));
    if fields.len() > limits.headers_max {
        return Err(Unreadable::TooManyHeaders);
    }
    // mail-parser has panicked before (facts.md trap 3, its issues 120, 145, 155); nothing of ours is shared with it.
    catch_unwind(AssertUnwindSafe(|| {
        let message = MessageParser::default().parse(raw).ok_or(Unreadable::Malformed)?;
        let read = within(&message, limits).map(|()| build(&message, &fields, limits));
        dismantle(message);
        read
    }))
    .unwrap_or(Err(Unreadable::ParserPanic))
}

/// Parts and depth, counted without recursion because a mail may nest a hundred thousand deep.
fn within(message: &Message<'_>, limits: &Limits) -> Result<(), Unreadable> {
    let mut parts = 0_usize;
    let mut open = vec![(message, 1_usize)];
    while let Some((message, depth)) = open.pop() {
        parts += message.parts.len();
        if parts > limits.parts_max {
            return Err(Unreadable::TooManyParts);
        }
        let mut depths = vec![depth; message.parts.len()];
        for (index, part) in message.parts.iter().enumerate() {
            // The parser lists a container before its children, so one pass settles every depth.
            let own = depths.get(index).copied().unwrap_or(depth);
            if own > limits.depth_max {
                return Err(Unreadable::TooDeep);
            }
            match &part.body {
                PartType::Multipart(children) => {
                    for child in children.iter().filter_map(|&id| usize::try_from(id).ok()) {
                        if child > index
                            && let Some(slot) = depths.get_mut(child)
                        {
                            *slot = own + 1;
                        }
                    }
                }
                PartType::Message(inner) => open.push((inner, own + 1)),
                PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {}
            }
        }
    }
    Ok(())
}

/// Takes nested mails apart one by one: dropping them as a tree would recurse once per level and overflow the stack.
fn dismantle(message: Message<'_>) {
    let mut open = vec![message];
    while let Some(message) = open.pop() {
        for part in message.parts {
            if let PartType::Message(inner) = part.body {
                open.push(inner);
            }
        }
    }
}

fn build(message: &Message<'_>, fields: &[Field], limits: &Limits) -> Incoming {
    let from = from::read(fields, &parsed_from(message));
    let subject = subject(message);
    let date = date(message);
    let text = text::body(message, limits.text_bytes_max);
    let read_parts = if message.text_body.is_empty() { &message.html_body } else { &message.text_body };
    let other = |part: &mail_parser::MessagePart<'_>| {
        matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_))
    };
    Incoming {
        message_id: message.message_id().map(str::to_owned),
        in_reply_to: ids(message.in_reply_to()),
        references: ids(message.references()),
        from_local: from_local(fields),
        fingerprint: fingerprint(&from, fields, date, &subject, &text),
        from,
        subject,
        date,
        written_on: written_on(message),
        recipients: recipients(
            message,
            fields,
            &["delivered-to", "x-original-to", "envelope-to", "resent-to", "to", "cc"],
        ),
        addressed_to: recipients(message, fields, &["to", "delivered-to"]),
        written_to: recipients(message, fields, &["to", "cc"]),
        text,
        report: bounce::parts(message),
        marks: marks::collect(fields, &content_types(message)),
        authentication_results: headers::values(fields, "authentication-results")
            .map(str::to_owned)
            .collect(),
        hops_since_verdict: hops_since_verdict(fields),
        has_other_parts: message.parts.iter().any(other) || read_parts.len() < message.attachments.len(),
    }
}

/// One entry for each From field and mailbox that the parser sees.
fn parsed_from(message: &Message<'_>) -> Vec<Option<String>> {
    message
        .header_values(HeaderName::From)
        .filter_map(HeaderValue::as_address)
        .flat_map(mail_parser::Address::iter)
        .map(|mailbox| mailbox.address.as_deref().map(str::to_owned))
        .collect()
}

fn from_local(fields: &[Field]) -> String {
    let value = headers::values(fields, "from").next().unwrap_or("");
    let value = value.rsplit_once('<').map_or(value, |(_, inner)| inner);
    let local = value.split(['@', '>', '(']).next().unwrap_or("");
    local.trim().trim_matches('"').chars().take(64).collect::<String>().to_ascii_lowercase()
}

fn subject(message: &Message<'_>) -> String {
    let decoded: String =
        message.subject().unwrap_or("").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let collapsed = decoded.split_whitespace().collect::<Vec<_>>().join(" ");
    collapsed.chars().take(SUBJECT_CHARS_MAX).collect()
}

fn date(message: &Message<'_>) -> Option<Timestamp> {
    let date = message.date().filter(|date| date.is_valid())?;
    Timestamp::from_second(date.to_timestamp()).ok()
}

fn written_on(message: &Message<'_>) -> Option<jiff::civil::Date> {
    let date = message.date().filter(|date| date.is_valid())?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    jiff::civil::Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(list) => list.iter().take(IDS_MAX).map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The addresses of the named fields, in the order of the names. Only the parser's view for To and Cc, which may hold
/// names and groups; the trace fields hold a bare address.
fn recipients(message: &Message<'_>, fields: &[Field], names: &[&str]) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for &name in names {
        let structured = match name {
            "to" => Some(HeaderName::To),
            "cc" => Some(HeaderName::Cc),
            "resent-to" => Some(HeaderName::ResentTo),
            _ => None,
        };
        let written: Vec<String> = match structured {
            Some(header) => message
                .header_values(header)
                .filter_map(HeaderValue::as_address)
                .flat_map(mail_parser::Address::iter)
                .filter_map(|mailbox| mailbox.address.as_deref().map(str::to_owned))
                .collect(),
            None => {
                headers::values(fields, name).map(|v| v.trim().trim_matches(['<', '>']).to_owned()).collect()
            }
        };
        for address in written.iter().filter_map(|text| Address::parse(text)) {
            if found.len() < RECIPIENTS_MAX && !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

/// `type/subtype; report-type=…` of every part of the outer mail, lower case.
fn content_types(message: &Message<'_>) -> Vec<String> {
    message
        .parts
        .iter()
        .filter_map(MimeHeaders::content_type)
        .map(|c| {
            let report = c.attribute("report-type").unwrap_or("");
            format!("{}/{}; {report}", c.ctype(), c.subtype().unwrap_or("")).to_ascii_lowercase()
        })
        .collect()
}

/// Trace headers, folding, re-encoding and white space may differ between two copies of one mail; these may not.
fn hops_since_verdict(fields: &[Field]) -> u32 {
    let above = fields.iter().take_while(|field| field.name != "authentication-results");
    u32::try_from(above.filter(|field| field.name == "received").count()).unwrap_or(u32::MAX)
}

fn fingerprint(
    from: &Result<Address, FromProblem>,
    fields: &[Field],
    date: Option<Timestamp>,
    subject: &str,
    text: &str,
) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut add = |part: &str| {
        for word in part.split_whitespace() {
            context.update(word.as_bytes());
            context.update(b" ");
        }
        context.update(b"\0");
    };
    match from {
        Ok(address) => add(address.expose()),
        Err(_) => headers::values(fields, "from").for_each(&mut add),
    }
    match date {
        Some(date) => add(&date.as_second().to_string()),
        None => add(headers::values(fields, "date").next().unwrap_or("")),
    }
    add(subject);
    add(text);
    let mut bytes = [0_u8; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Limits, Unreadable, read};
    use crate::domain::address::Address;
    use std::fmt::Write as _;

    fn mail(extra: &str, body: &str) -> Vec<u8> {
        format!("From: a@b.example\r\nTo: s@x.example\r\nSubject: hi\r\n{extra}\r\n{body}").into_bytes()
    }

    #[test]
    fn headers_and_text_are_read() {
        let raw = mail(
            "Message-ID: <1@b.example>\r\nIn-Reply-To: <0@x.example>\r\nReferences: <r1@x> <r2@x>\r\n\
             Date: Mon, 3 Mar 2025 10:00:00 +0530\r\nDelivered-To: s+tok@x.example\r\nCc: S@x.example, c@d.example\r\n",
            "one\r\ntwo\r\n",
        );
        let mail = read(&raw, &Limits::default()).expect("reads");
        assert_eq!(mail.message_id.as_deref(), Some("1@b.example"));
        assert_eq!(mail.in_reply_to, ["0@x.example"]);
        assert_eq!(mail.references, ["r1@x", "r2@x"]);
        assert_eq!(mail.date.map(|d| d.to_string()).as_deref(), Some("2025-03-03T04:30:00Z"));
        let to: Vec<_> = mail.recipients.iter().map(Address::expose).collect();
        assert_eq!(to, ["s+tok@x.example", "s@x.example", "c@d.example"]);
        assert_eq!(mail.text, "one\ntwo\n");
        assert!(!mail.has_other_parts);
    }

    #[test]
    fn the_fingerprint_survives_relaying_and_not_an_edit() {
        let of = |extra: &str, body: &str| {
            read(&mail(extra, body), &Limits::default()).expect("reads").fingerprint
        };
        let first = of("Date: Mon, 3 Mar 2025 10:00:00 +0530\r\n", "Scope: account\r\n");
        let relayed = of(
            "Received: from x\r\nDate: Mon, 3 Mar 2025 04:30:00 +0000\r\n\
             Content-Transfer-Encoding: base64\r\n",
            "U2NvcGU6IGFjY291bnQK\r\n",
        );
        assert_eq!(first, relayed);
        assert_ne!(first, of("Date: Mon, 3 Mar 2025 10:00:00 +0530\r\n", "Scope: account 1\r\n"));
    }

    #[test]
    fn every_limit_is_held() {
        let check = |raw: &[u8], limits: Limits, expected: Unreadable| {
            assert_eq!(read(raw, &limits).err(), Some(expected));
        };
        let standard = Limits::default();
        check(&mail("", "x"), Limits { bytes_max: 10, ..standard }, Unreadable::TooLarge);
        check(&mail("", "x"), Limits { header_bytes_max: 10, ..standard }, Unreadable::HeaderTooLarge);
        check(&mail("", "x"), Limits { headers_max: 2, ..standard }, Unreadable::TooManyHeaders);
        check(b"", standard, Unreadable::Malformed);
        let mut body = String::new();
        for _ in 0..300 {
            body.push_str("--b\r\n\r\nx\r\n");
        }
        body.push_str("--b--\r\n");
        check(
            &mail("Content-Type: multipart/mixed; boundary=b\r\n", &body),
            standard,
            Unreadable::TooManyParts,
        );
        let mut nested = String::new();
        for level in 1..40 {
            write!(nested, "--b{}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n", level - 1)
                .expect("writes");
        }
        check(
            &mail("Content-Type: multipart/mixed; boundary=b0\r\n", &nested),
            standard,
            Unreadable::TooDeep,
        );
    }

    #[test]
    fn a_hundred_thousand_nested_mails_do_not_overflow_the_stack() {
        let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
        let raw = mail("", "").into_iter().chain(nested.into_bytes()).collect::<Vec<_>>();
        assert!(read(&raw, &Limits::default()).is_ok(), "the body of a text mail is text");
        let raw = ["From: a@b.example\r\n", &"Content-Type: message/rfc822\r\n\r\n".repeat(100_000)].concat();
        assert_eq!(read(raw.as_bytes(), &Limits::default()).err(), Some(Unreadable::TooDeep));
    }
}
