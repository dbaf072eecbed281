//! The mails that are waiting: the template filled in by as many customers, each with a sender, an address and a number of
//! their own, under the verdict of the company's mail server.

use crate::servers::Maildir;

/// The company's mail server, as it signs Authentication-Results.
pub(crate) const AUTHSERV: &str = "mx.bench.example";

/// The mail of customer `number`.
pub(crate) fn mail(number: usize, mailbox: &Maildir, now: jiff::Timestamp) -> Vec<u8> {
    let domain = format!("c{number}.example");
    let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let to = &mailbox.address;
    format!(
        "Authentication-Results: {AUTHSERV}; dmarc=pass header.from={domain}\r\n\
         Received: from mail.{domain} by {AUTHSERV}; {date}\r\n\
         Message-ID: <request-{number}@{domain}>\r\n\
         Date: {date}\r\n\
         From: Customer {number} <customer{number}@{domain}>\r\n\
         To: {to}\r\n\
         Subject: Data Export Request - Account A{number}\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         Scope: number +9198{}, 2026-01-01 to 2026-03-31\r\n\
         Legal basis: Customer request\r\n\
         Requester: Customer {number}, Owner, customer{number}@{domain}, +9198{}\r\n\
         I acknowledge identity verification may be required.\r\n",
        10_000_000 + number,
        10_000_000 + number,
    )
    .into_bytes()
}
