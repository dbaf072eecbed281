//! Gathers what a FETCH answers, by UID, whatever the order: attributes in any order and over several responses, unsolicited
//! responses without a UID, UIDs that nobody asked for, bodies that are missing. The status of the command itself is
//! `link.rs`'s business. Pure.

use async_imap::imap_proto::{AttributeValue, Response};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Most mails remembered from one answer; beyond it the highest UIDs are dropped and come with the next page.
pub(super) const MAILS_MAX: usize = 65_536;

/// What one mail's responses said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// RFC822.SIZE.
    pub(super) size_bytes: Option<u64>,
    /// INTERNALDATE, where it could be read.
    pub(super) received_at: Option<Timestamp>,
    /// The body or header that was asked for.
    pub(super) body: Option<Vec<u8>>,
}

/// The mails that a FETCH told of.
#[derive(Debug, Default)]
pub(super) struct Mails(pub(super) BTreeMap<u32, Attributes>);

impl Mails {
    /// Takes one response; what is not about a mail with a UID is passed over.
    pub(super) fn take(&mut self, response: &Response<'_>) {
        let Response::Fetch(_, attributes) = response else { return };
        let uid = attributes.iter().find_map(|attribute| match attribute {
            AttributeValue::Uid(uid) if *uid > 0 => Some(*uid),
            _ => None,
        });
        let Some(uid) = uid else { return };
        let mail = self.0.entry(uid).or_default();
        for attribute in attributes {
            match attribute {
                AttributeValue::Rfc822Size(size) => mail.size_bytes = Some(u64::from(*size)),
                AttributeValue::InternalDate(text) => mail.received_at = internal_date(text),
                AttributeValue::BodySection { data: Some(data), .. } => mail.body = Some(data.to_vec()),
                _ => {}
            }
        }
        if self.0.len() > MAILS_MAX {
            self.0.pop_last();
        }
    }
}

/// Reads INTERNALDATE, `17-Jul-2026 02:44:25 -0700` (RFC 9051 `date-time`), the day padded by a space or not.
fn internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Mails, internal_date};
    use async_imap::imap_proto::Response;

    fn gather(lines: &[&str]) -> Vec<(u32, Attributes)> {
        let mut mails = Mails::default();
        for line in lines {
            let (_, response) = Response::parse(line.as_bytes()).expect("parses");
            mails.take(&response);
        }
        mails.0.into_iter().collect()
    }

    #[test]
    fn attributes_come_together_by_uid_whatever_their_order() {
        let date = "\"17-Jul-2026 02:44:25 +0000\"";
        let found = gather(&[
            &format!("* 2 FETCH (INTERNALDATE {date} RFC822.SIZE 9 UID 8)\r\n"),
            "* 1 FETCH (BODY[] {3}\r\nabc UID 7)\r\n",
            "* 1 FETCH (FLAGS (\\Seen))\r\n",
            "* 1 FETCH (UID 7 RFC822.SIZE 3)\r\n",
            "* 9 FETCH (UID 0 RFC822.SIZE 3)\r\n",
            "* 4 EXPUNGE\r\n",
            "* 3 FETCH (UID 9 BODY[] NIL)\r\n",
        ]);
        let at = "2026-07-17T02:44:25Z".parse().expect("time");
        let seven = Attributes { size_bytes: Some(3), received_at: None, body: Some(b"abc".to_vec()) };
        let eight = Attributes { size_bytes: Some(9), received_at: Some(at), body: None };
        assert_eq!(found, [(7, seven), (8, eight), (9, Attributes::default())]);
    }

    #[test]
    fn internal_dates_are_read_with_their_zone() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(internal_date(text), expected.map(|time| time.parse().expect("time")), "{text}");
        };
        check("17-Jul-2026 02:44:25 -0700", Some("2026-07-17T09:44:25Z"));
        check(" 7-Jul-2026 02:44:25 +0530", Some("2026-07-06T21:14:25Z"));
        check("7-Jul-2026 02:44:25 +0000", Some("2026-07-07T02:44:25Z"));
        check("31-Feb-2026 02:44:25 +0000", None);
        check("yesterday", None);
    }
}
