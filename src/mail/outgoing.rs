//! One outgoing mail from values to bytes: the same values give the same bytes, because a re-sent mail must be the same
//! mail (invariant 6). Never puts what a requester wrote into a header, except the Message-ID that we answer, and that
//! only where it is plain. `incoming.rs` goes the other way.

use crate::domain::address::Address;
use crate::domain::notice::AutoSubmitted;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Attached, Body, Mailbox, MultiPart, SinglePart};
use std::time::SystemTime;

/// Message-IDs in `References`; the first and the newest are kept.
pub const REFERENCES_MAX: usize = 10;
/// Characters of a Message-ID that we answer; longer ones are left out.
pub const MESSAGE_ID_CHARS_MAX: usize = 250;
/// Characters of a subject, so that every mail program shows it.
pub const SUBJECT_CHARS_MAX: usize = 180;
/// Bytes of all attachments together; base64 adds a third, and servers refuse mail above 25 MB.
pub const ATTACHMENTS_BYTES_MAX: usize = 18 * 1024 * 1024;

/// A file in a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `[A-Za-z0-9._-]`, at most 64 characters (standard X2).
    pub name: String,
    /// Such as `application/zip`.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[attachment of {} bytes]", self.bytes.len())
    }
}

/// Everything that the bytes of a mail depend on.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Our address.
    pub from: Address,
    /// The company as configured; never a person.
    pub from_name: String,
    /// Whom it is for, without a display name.
    pub to: Address,
    /// Where answers go, with the thread's token where plus-addresses are on.
    pub reply_to: Option<Address>,
    /// `local@domain`, without angle brackets.
    pub message_id: String,
    /// The moment of writing.
    pub date: Timestamp,
    /// The Message-ID that it answers, with or without angle brackets.
    pub in_reply_to: Option<String>,
    /// The thread, oldest first.
    pub references: Vec<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Answer or own accord.
    pub auto_submitted: AutoSubmitted,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// Why a mail cannot be built. Building it again gives the same answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutgoingError {
    /// CR, LF, NUL or another control character where a header would hold it (standard M7).
    #[error("cannot build a mail: the {field} holds a control character")]
    ControlCharacter {
        /// Which field.
        field: &'static str,
    },
    /// Empty, too long, or not of the form that the field needs.
    #[error("cannot build a mail: the {field} {why}")]
    Unfit {
        /// Which field.
        field: &'static str,
        /// What it should be.
        why: &'static str,
    },
    /// The library refused the parts.
    #[error("cannot build a mail: {0}")]
    Refused(&'static str),
}

impl OutgoingError {
    /// Never.
    pub const fn is_transient(&self) -> bool {
        false
    }
}

/// The bytes of the mail, CRLF line ends, no line longer than 998 characters, ASCII throughout.
pub fn build(mail: &Outgoing) -> Result<Vec<u8>, OutgoingError> {
    check(mail)?;
    let mut builder = lettre::Message::builder()
        .from(Mailbox::new(Some(mail.from_name.clone()), address("sender", &mail.from)?))
        .to(Mailbox::new(None, address("recipient", &mail.to)?))
        .date(SystemTime::from(mail.date))
        .message_id(Some(format!("<{}>", mail.message_id)))
        .subject(mail.subject.clone())
        .raw_header(header("Auto-Submitted", mail.auto_submitted.as_str())?)
        .raw_header(header("X-Auto-Response-Suppress", "All")?);
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address("reply address", reply_to)?));
    }
    if let Some(id) = mail.in_reply_to.as_deref().and_then(plain_id) {
        builder = builder.raw_header(header("In-Reply-To", &id)?);
    }
    let references = references(mail);
    if !references.is_empty() {
        // One per line: the library would fold wherever it likes (lettre #688).
        builder = builder.raw_header(header("References", &references.join("\r\n "))?);
    }
    let body = alternative(mail)?;
    let message = if mail.attachments.is_empty() {
        builder.multipart(body)
    } else {
        let mut mixed = MultiPart::mixed().boundary(boundary(&mail.message_id, "m")).multipart(body);
        for attachment in &mail.attachments {
            mixed = mixed.singlepart(attached(attachment)?);
        }
        builder.multipart(mixed)
    };
    message
        .map(|message| message.formatted())
        .map_err(|_| OutgoingError::Refused("the sender or the recipient is missing"))
}

fn check(mail: &Outgoing) -> Result<(), OutgoingError> {
    let unfit = |field, why| Err(OutgoingError::Unfit { field, why });
    for (field, value) in [
        ("sender's name", mail.from_name.as_str()),
        ("subject", &mail.subject),
        ("Message-ID", &mail.message_id),
        ("answered Message-ID", mail.in_reply_to.as_deref().unwrap_or_default()),
    ] {
        one_line(field, value)?;
    }
    for id in &mail.references {
        one_line("thread's Message-ID", id)?;
    }
    if plain_id(&mail.message_id).is_none() || !mail.message_id.contains('@') {
        return unfit("Message-ID", "is not of the form local@domain");
    }
    if mail.subject.trim().is_empty() || mail.subject.chars().count() > SUBJECT_CHARS_MAX {
        return unfit("subject", "is empty or longer than 180 characters");
    }
    if mail.from_name.trim().is_empty() || mail.from_name.chars().count() > 80 {
        return unfit("sender's name", "is empty or longer than 80 characters");
    }
    if mail.text.trim().is_empty() || mail.html.trim().is_empty() {
        return unfit("body", "is empty");
    }
    if mail.text.contains('\0') || mail.html.contains('\0') {
        return Err(OutgoingError::ControlCharacter { field: "body" });
    }
    if mail.attachments.iter().map(|file| file.bytes.len()).sum::<usize>() > ATTACHMENTS_BYTES_MAX {
        return unfit("attachment", "is larger than 18 MiB");
    }
    Ok(())
}

/// lettre 0.11.23 panics on CR and LF in a display name (standard, finding 3), so nothing reaches it unchecked.
fn one_line(field: &'static str, value: &str) -> Result<(), OutgoingError> {
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(OutgoingError::ControlCharacter { field });
    }
    Ok(())
}

/// Only ASCII: SMTPUTF8 is not offered everywhere, and a mail that only some servers take is a mail lost.
fn address(field: &'static str, address: &Address) -> Result<lettre::Address, OutgoingError> {
    let bare = address.expose();
    if !bare.is_ascii() {
        return Err(OutgoingError::Unfit { field, why: "is not an ASCII address" });
    }
    bare.parse().map_err(|_| OutgoingError::Unfit { field, why: "is not an address that SMTP takes" })
}

fn header(name: &'static str, value: &str) -> Result<HeaderValue, OutgoingError> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| OutgoingError::Refused("a header has no proper name"))?;
    // Pre-encoded: every value that comes here is ours or has passed `plain_id`.
    Ok(HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned()))
}

/// `<id>` where the id is visible ASCII without brackets, quotes or spaces; others were not made to be answered.
fn plain_id(id: &str) -> Option<String> {
    let bare = id.trim();
    let bare = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(bare);
    let plain = !bare.is_empty()
        && bare.len() <= MESSAGE_ID_CHARS_MAX
        && bare.chars().all(|c| c.is_ascii_graphic() && !"<>\"\\(),;:[]".contains(c));
    plain.then(|| format!("<{bare}>"))
}

/// The thread, capped as RFC 5322 3.6.4 and Usenet practice have it: the first and the newest stay.
fn references(mail: &Outgoing) -> Vec<String> {
    let mut ids: Vec<String> =
        mail.references.iter().chain(&mail.in_reply_to).filter_map(|id| plain_id(id)).collect();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    if ids.len() > REFERENCES_MAX {
        ids.drain(1..=ids.len() - REFERENCES_MAX);
    }
    ids
}

/// Made of the Message-ID, because the library's own boundaries are random. `=_` can stand in neither
/// quoted-printable nor base64 (RFC 2045 6.7), so no part can hold it.
fn boundary(message_id: &str, part: &str) -> String {
    let token: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_{token}_{part}")
}

fn alternative(mail: &Outgoing) -> Result<MultiPart, OutgoingError> {
    Ok(MultiPart::alternative()
        .boundary(boundary(&mail.message_id, "a"))
        .singlepart(text_part(&mail.text, ContentType::TEXT_PLAIN)?)
        .singlepart(text_part(&mail.html, ContentType::TEXT_HTML)?))
}

/// Always quoted-printable: no relay rewraps it, and no line can look like a boundary or like mbox's `From `.
fn text_part(text: &str, content_type: ContentType) -> Result<SinglePart, OutgoingError> {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| OutgoingError::Refused("the text cannot be written as quoted-printable"))?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn attached(attachment: &Attachment) -> Result<SinglePart, OutgoingError> {
    let name = &attachment.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(OutgoingError::Unfit {
            field: "attachment's name",
            why: "holds more than letters, digits, ._-",
        });
    }
    let slash = |c: char| c.is_ascii_alphanumeric() || "/+.-".contains(c);
    let media_type = Some(&attachment.media_type).filter(|text| text.chars().all(slash));
    let content_type = media_type.and_then(|text| ContentType::parse(text).ok());
    let content_type =
        content_type.ok_or(OutgoingError::Unfit { field: "attachment's type", why: "is no media type" })?;
    let body = Body::new_with_encoding(attachment.bytes.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| OutgoingError::Refused("the attachment cannot be written as base64"))?;
    Ok(Attached::new(name.clone()).body(body, content_type))
}

#[cfg(test)]
mod tests {
    use super::{Attachment, Outgoing, OutgoingError, build};
    use crate::domain::address::Address;
    use crate::domain::notice::AutoSubmitted;
    use mail_parser::{MessageParser, MimeHeaders};

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    fn mail() -> Outgoing {
        Outgoing {
            from: address("support@acme.example"),
            from_name: "Acme Telephony".into(),
            to: address("asha@acme-traders.example"),
            reply_to: Some(address("support+4k2m9q7x1v@acme.example")),
            message_id: "0123456789abcdef0123456789abcdef@acme.example".into(),
            date: "2026-03-02T08:05:00Z".parse().expect("a time"),
            in_reply_to: Some("<a.b-c@mail.example>".into()),
            references: vec!["first@mail.example".into(), "<a.b-c@mail.example>".into()],
            subject: "[DSR-7K3M-9Q2X] The copy of your data – ready".into(),
            text: "Hello,\nit is ready. Ünïcode, a.\n.\n--=_x\nFrom here on\n".into(),
            html: "<p>Hello, it is ready. <a href=\"mailto:support@acme.example\">Answer</a></p>\n".into(),
            attachments: Vec::new(),
            auto_submitted: AutoSubmitted::Generated,
        }
    }

    fn zip() -> Attachment {
        let bytes = (0..=255).cycle().take(5_000).collect();
        Attachment { name: "DSR-7K3M-9Q2X.zip".into(), media_type: "application/zip".into(), bytes }
    }

    #[test]
    fn the_same_mail_is_the_same_bytes() {
        let mail = Outgoing { attachments: vec![zip()], ..mail() };
        let bytes = build(&mail).expect("builds");
        assert_eq!(bytes, build(&mail).expect("builds"));
        let text = String::from_utf8(bytes).expect("ASCII");
        assert!(text.is_ascii());
        assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        assert!(text.contains("\r\nDate: Mon, 02 Mar 2026 08:05:00 +0000\r\n"), "{text}");
    }

    #[test]
    fn a_mail_reads_back_as_it_was_written() {
        let mail = Outgoing { attachments: vec![zip()], ..mail() };
        let bytes = build(&mail).expect("builds");
        let read = MessageParser::new().parse(&bytes).expect("parses");
        assert_eq!(read.subject(), Some(mail.subject.as_str()));
        assert_eq!(read.message_id(), Some(mail.message_id.as_str()));
        assert_eq!(read.body_text(0).as_deref(), Some(mail.text.replace('\n', "\r\n").as_str()));
        assert_eq!(read.body_html(0).as_deref(), Some(mail.html.replace('\n', "\r\n").as_str()));
        let file = read.attachment(0).expect("an attachment");
        assert_eq!(
            (file.attachment_name(), file.contents()),
            (Some("DSR-7K3M-9Q2X.zip"), zip().bytes.as_slice())
        );
        let from = read.from().and_then(|from| from.first()).expect("a sender");
        assert_eq!((from.name(), from.address()), (Some("Acme Telephony"), Some("support@acme.example")));
        let to = read.to().and_then(|to| to.first()).expect("a recipient");
        assert_eq!((to.name(), to.address()), (None, Some("asha@acme-traders.example")));
        assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        assert_eq!(read.header_raw("X-Auto-Response-Suppress").map(str::trim), Some("All"));
        assert_eq!(read.in_reply_to().as_text(), Some("a.b-c@mail.example"));
        let references = read.references().as_text_list().expect("two");
        assert_eq!(references, ["first@mail.example", "a.b-c@mail.example"]);
    }

    #[test]
    fn control_characters_stop_a_mail_and_never_panic() {
        let check = |change: &dyn Fn(&mut Outgoing, &str)| {
            for bad in ["\r\n", "\n", "\r", "\0", "\u{1b}", "\u{85}", "\u{2028}", "\r\n\r\n", "\n "] {
                let mut mail = mail();
                change(&mut mail, &format!("a{bad}Bcc: victim@mail.example"));
                let result = std::panic::catch_unwind(|| build(&mail)).expect("no panic");
                assert!(matches!(result, Err(OutgoingError::ControlCharacter { .. })), "{bad:?}: {result:?}");
            }
        };
        check(&|mail, text| mail.from_name = text.into());
        check(&|mail, text| mail.subject = text.into());
        check(&|mail, text| mail.message_id = text.into());
        check(&|mail, text| mail.in_reply_to = Some(text.into()));
        check(&|mail, text| mail.references = vec![text.into()]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_before_it_is_queued() {
        let check = |change: &dyn Fn(&mut Outgoing), expected: &str| {
            let mut mail = mail();
            change(&mut mail);
            assert_eq!(
                build(&mail).expect_err(expected).to_string(),
                format!("cannot build a mail: {expected}")
            );
        };
        check(&|mail| mail.subject = " ".into(), "the subject is empty or longer than 180 characters");
        check(&|mail| mail.subject = "x".repeat(181), "the subject is empty or longer than 180 characters");
        check(&|mail| mail.from_name.clear(), "the sender's name is empty or longer than 80 characters");
        check(&|mail| mail.html = "\n".into(), "the body is empty");
        check(&|mail| mail.text.push('\0'), "the body holds a control character");
        check(&|mail| mail.to = address("ашa@acme.example"), "the recipient is not an ASCII address");
        check(&|mail| mail.message_id = "no-domain".into(), "the Message-ID is not of the form local@domain");
        check(
            &|mail| mail.message_id = "a b@c.example".into(),
            "the Message-ID is not of the form local@domain",
        );
        let named = |name: &str| Attachment { name: name.into(), ..zip() };
        for name in ["", "../x.zip", "a\"b.zip", ".zip", "a b.zip", "a\r\nb.zip", "ä.zip"] {
            let why = "the attachment's name holds more than letters, digits, ._-";
            check(&|mail| mail.attachments = vec![named(name)], why);
        }
        let typed = |media_type: &str| Attachment { media_type: media_type.into(), ..zip() };
        for media_type in ["zip", "application/zip; name=x", "a/b\r\nX: y", ""] {
            check(
                &|mail| mail.attachments = vec![typed(media_type)],
                "the attachment's type is no media type",
            );
        }
    }

    #[test]
    fn strange_message_ids_are_left_out_and_threads_are_capped() {
        let ids = |references: Vec<String>, in_reply_to: Option<&str>| {
            let in_reply_to = in_reply_to.map(str::to_owned);
            let bytes = build(&Outgoing { in_reply_to, references, ..mail() }).expect("builds");
            let text = String::from_utf8(bytes).expect("ASCII");
            let (headers, _) = text.split_once("\r\n\r\n").expect("headers");
            assert!(headers.lines().all(|line| line.len() < 300), "{headers}");
            let read = MessageParser::new().parse(text.as_bytes()).expect("parses");
            let count = match read.references() {
                mail_parser::HeaderValue::TextList(list) => list.len(),
                mail_parser::HeaderValue::Text(_) => 1,
                _ => 0,
            };
            (count, read.in_reply_to().as_text().map(str::to_owned))
        };
        assert_eq!(ids(vec!["a b@c".into(), "<x> <y>".into(), "ü@c".into()], Some("\"a\"@b")), (0, None));
        assert_eq!(ids(vec!["x".repeat(300)], Some("ok@b.example")), (1, Some("ok@b.example".into())));
        let many: Vec<String> = (0..200).map(|n| format!("id-{n}@mail.example")).collect();
        assert_eq!(ids(many, Some("id-199@mail.example")), (10, Some("id-199@mail.example".into())));
    }
}
