//! The barest IMAP client: commands and lines over one connection without TLS. The floors are built on it.

use crate::servers::{Facts, Maildir};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// A connection with the INBOX open.
pub(crate) struct Imap {
    pub(crate) reader: BufReader<TcpStream>,
}

impl Imap {
    /// Logs in and opens the INBOX, read-only.
    pub(crate) fn open(facts: &Facts, mailbox: &Maildir) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", facts.imap_port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut imap = Self { reader: BufReader::new(stream) };
        imap.until("* OK");
        imap.say(&format!("a LOGIN {} {}", mailbox.address, facts.password));
        imap.until("a OK");
        imap.say("b EXAMINE INBOX");
        imap.until("b OK");
        imap
    }

    /// Sends a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.reader.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads lines until one starts like this.
    pub(crate) fn until(&mut self, start: &str) {
        while !self.line().starts_with(start) {}
    }

    /// Reads a line.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.reader.read_line(&mut line).unwrap() > 0, "the IMAP server cut the line");
        line
    }
}
