//! What a report says about a mail of ours: whether it failed, waits or was complained about, with which status, and the
//! Message-IDs by which the notice is found. Reads the standard parts (RFC 3464, RFC 5965, RFC 8098) and the prose of
//! servers that write none. A report is as forgeable as any mail: it counts only with a token that we gave out.

use super::incoming::{Incoming, Mark};
use mail_parser::{Message, MimeHeaders, PartType};

/// What became of the mail that is reported on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// Given up for good: the address or the mail was refused.
    Hard,
    /// Given up after a time: the server was away or the mailbox full.
    Soft,
    /// Still being tried.
    Delayed,
    /// Delivered, passed on or read.
    Arrived,
    /// The recipient called it spam.
    Complaint,
}

impl Fate {
    /// The word in reasons and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Delayed => "delayed",
            Self::Arrived => "arrived",
            Self::Complaint => "complaint",
        }
    }

    /// Whether the mail will not arrive.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Hard | Self::Soft)
    }
}

/// A report, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// What became of the mail.
    pub fate: Fate,
    /// The enhanced status code (RFC 3463) or the SMTP code; empty where there is none.
    pub status: String,
    /// Message-IDs of the reported mail, without angle brackets.
    pub message_ids: Vec<String>,
}

/// Bytes of a report's parts that are read, for each part and in all.
const PART_BYTES_MAX: usize = 8 * 1024;
const PARTS_BYTES_MAX: usize = 32 * 1024;
/// Most Message-IDs that are looked at.
const IDS_MAX: usize = 10;

/// The machine-readable parts of a report, and the header of the mail that it returns, as one text.
pub(crate) fn parts(message: &Message<'_>) -> String {
    let mut text = String::new();
    for part in &message.parts {
        if text.len() >= PARTS_BYTES_MAX {
            break;
        }
        if let PartType::Message(inner) = &part.body {
            if let Some(id) = inner.message_id() {
                text.push_str("\nMessage-ID: <");
                text.push_str(id);
                text.push_str(">\n");
            }
            continue;
        }
        let is_report = part.content_type().is_some_and(|kind| {
            let subtype = kind.subtype().unwrap_or("").to_ascii_lowercase();
            let subtype = subtype.strip_prefix("global-").unwrap_or(&subtype);
            matches!(
                subtype,
                "delivery-status"
                    | "feedback-report"
                    | "disposition-notification"
                    | "rfc822-headers"
                    | "headers"
            )
        });
        if is_report {
            let bytes = part.contents();
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(bytes.get(..PART_BYTES_MAX).unwrap_or(bytes)));
        }
    }
    text
}

/// Reads a mail that is known to be a report.
pub fn read(incoming: &Incoming) -> Report {
    let status = field(&incoming.report, "status").and_then(|value| code(&value));
    let status = status.or_else(|| code(&incoming.text)).unwrap_or_default();
    let fate = fate(incoming, &status);
    Report { fate, status, message_ids: message_ids(incoming) }
}

fn fate(incoming: &Incoming, status: &str) -> Fate {
    if incoming.marks.has(Mark::OtherReport) && !incoming.marks.has(Mark::DeliveryReport) {
        let is_complaint = field(&incoming.report, "feedback-type").is_some();
        return if is_complaint { Fate::Complaint } else { Fate::Arrived };
    }
    let action = field(&incoming.report, "action").unwrap_or_default();
    match action.split_whitespace().next().unwrap_or("") {
        "delayed" => return Fate::Delayed,
        "delivered" | "relayed" | "expanded" => return Fate::Arrived,
        "failed" => {}
        _ if waits(incoming) => return Fate::Delayed,
        _ => {}
    }
    if status.starts_with('4') { Fate::Soft } else { Fate::Hard }
}

/// The words of servers that have no field for it.
fn waits(incoming: &Incoming) -> bool {
    let subject = incoming.subject.to_lowercase();
    let text: String = incoming.text.chars().take(PART_BYTES_MAX).collect::<String>().to_lowercase();
    let in_subject = ["delayed", "warning: message", "warning: could not send", "delay)", "verzögert"];
    let in_text = [
        "will be retried",
        "will keep trying",
        "will continue to try",
        "still being retried",
        "still trying",
        "you do not need to resend",
        "this is a warning message only",
    ];
    in_subject.iter().any(|words| subject.contains(words)) || in_text.iter().any(|words| text.contains(words))
}

/// The first field of that name in the machine-readable parts, in small letters.
fn field(report: &str, name: &str) -> Option<String> {
    report.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
    })
}

/// The first status code: `5.1.1` (RFC 3463), else `550` (RFC 5321).
fn code(text: &str) -> Option<String> {
    let words = || {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .map(|word| word.trim_matches('.'))
            .filter(|word| word.starts_with(['4', '5']))
    };
    let is_enhanced = |word: &&str| {
        let mut parts = word.split('.');
        let class = parts.next().is_some_and(|class| class.len() == 1);
        let rest: Vec<&str> = parts.collect();
        class && rest.len() == 2 && rest.iter().all(|part| (1..=3).contains(&part.len()))
    };
    let is_plain =
        |word: &&str| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()) && **word < *"560";
    let found = words().take(PART_BYTES_MAX).find(is_enhanced);
    found.or_else(|| words().take(PART_BYTES_MAX).find(is_plain)).map(str::to_owned)
}

fn message_ids(incoming: &Incoming) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for line in incoming.report.lines().chain(incoming.text.lines()) {
        let bare = line.trim_start_matches(['>', ' ', '\t', '|']);
        let Some((name, value)) = bare.split_once(':') else { continue };
        if !name.trim().eq_ignore_ascii_case("message-id")
            && !name.trim().eq_ignore_ascii_case("original-message-id")
        {
            continue;
        }
        let id = value.trim().trim_start_matches('<').split('>').next().unwrap_or("").trim();
        if !id.is_empty() && ids.len() < IDS_MAX && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::{Fate, read};
    use crate::mail::incoming::{self, Limits};

    fn check(raw: &str, fate: Fate, status: &str, ids: &[&str]) {
        let incoming = incoming::read(raw.as_bytes(), &Limits::default()).expect("reads");
        let report = read(&incoming);
        assert_eq!((report.fate, report.status.as_str()), (fate, status), "{raw}");
        assert_eq!(report.message_ids, ids, "{raw}");
    }

    fn dsn(fields: &str, returned: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.acme.example\nTo: s@x.example\nSubject: Undelivered Mail Returned to Sender\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n\
             Final-Recipient: rfc822; asha@acme.example\n{fields}\n\n{returned}--b--\n"
        )
    }

    #[test]
    fn standard_reports_are_read() {
        let whole =
            "--b\nContent-Type: message/rfc822\n\nFrom: s@x.example\nMessage-ID: <tok@x.example>\n\nhi\n";
        let headers =
            "--b\nContent-Type: text/rfc822-headers\n\nFrom: s@x.example\nMessage-Id: <tok@x.example>\n\n";
        check(&dsn("Action: failed\nStatus: 5.1.1", whole), Fate::Hard, "5.1.1", &["tok@x.example"]);
        check(&dsn("Action: failed\nStatus: 4.4.1", headers), Fate::Soft, "4.4.1", &["tok@x.example"]);
        check(&dsn("Action: delayed\nStatus: 4.4.1", headers), Fate::Delayed, "4.4.1", &["tok@x.example"]);
        check(&dsn("Action: relayed\nStatus: 2.0.0", ""), Fate::Arrived, "", &[]);
        check(
            "From: p@acme.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
             --b\n\nspam\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n\
             --b\nContent-Type: message/rfc822\n\nMessage-ID: <tok@x.example>\n\nhi\n--b--\n",
            Fate::Complaint,
            "",
            &["tok@x.example"],
        );
        check(
            "From: a@acme.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n\
             --b\n\nread\n--b\nContent-Type: message/disposition-notification\n\n\
             Original-Message-ID: <tok@x.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
            Fate::Arrived,
            "",
            &["tok@x.example"],
        );
    }

    #[test]
    fn the_prose_of_servers_without_a_standard_part_is_read() {
        check(
            "From: MAILER-DAEMON@mx.acme.example\nSubject: failure notice\n\nHi. This is the qmail-send program.\n\n\
             <asha@acme.example>:\n550 sorry, no mailbox here by that name (#5.1.1)\n\n\
             --- Below this line is a copy of the message.\n\nMessage-ID: <tok@x.example>\nSubject: hi\n",
            Fate::Hard,
            "5.1.1",
            &["tok@x.example"],
        );
        check(
            "From: mailer-daemon@exim.example\nSubject: Warning: message 1abc delayed 24 hours\n\n\
             No action is required on your part. Delivery attempts will continue; 452 mailbox full.\n",
            Fate::Delayed,
            "452",
            &[],
        );
        check(
            "From: postmaster@x.example\nSubject: Undeliverable: hi\n\nUnknown user.\n",
            Fate::Hard,
            "",
            &[],
        );
        check(
            "From: mailer-daemon@x.example\nSubject: Returned mail\n\n452 4.2.2 over quota\n> Message-Id: <tok@x.example>\n",
            Fate::Soft,
            "4.2.2",
            &["tok@x.example"],
        );
    }
}
