//! How a play's daemon is configured: TOML text, read by `Config::parse` like an operator's own. Never builds settings by
//! hand. `config.example.toml` says what the keys mean.

use crate::rig::{fresh_postgres, rig};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// What keeps the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// What a play changes in the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// `[mailbox.support] answer`.
    pub(crate) answer: bool,
    /// `[mailbox.support] after`.
    pub(crate) after: &'static str,
    /// `[mailbox.support] since`, if it is said.
    pub(crate) since: Option<&'static str>,
    /// `[outbox] plus_addressing`.
    pub(crate) plus_addressing: bool,
    /// Who may decide.
    pub(crate) approvers: &'static [&'static str],
    /// `[approval] two_approvers_percent`.
    pub(crate) two_approvers_percent: u8,
    /// `[sender_auth] mode`.
    pub(crate) senders: Senders,
    /// Whether a second mailbox is watched, too.
    pub(crate) second_mailbox: bool,
    /// When the play begins.
    pub(crate) begins: &'static str,
    /// `[regimes] default`.
    pub(crate) law: &'static str,
    /// Further lines of `[calendar]`.
    pub(crate) calendar: &'static str,
    /// Further lines of `[approval]`.
    pub(crate) approval: &'static str,
    /// Whole sections that no other play has.
    pub(crate) sections: &'static str,
}

/// Who tells about senders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Senders {
    /// The mail server's header.
    Header,
    /// We ask DNS.
    Evaluated,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            answer: true,
            after: "leave",
            since: Some("2025-06-01T00:00:00Z"),
            plus_addressing: false,
            approvers: &[super::RAVI, super::MEERA],
            two_approvers_percent: 100,
            senders: Senders::Header,
            second_mailbox: false,
            begins: super::BEGINS,
            law: "gdpr",
            calendar: "",
            approval: "",
            sections: "",
        }
    }
}

/// A word that stands in every address of one play and of no other.
pub(super) fn tag() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("w{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// `asha@acme.example` becomes `asha@acme.TAG.example`.
pub(super) fn real(text: &str, tag: &str) -> String {
    text.replace(".example", &format!(".{tag}.example"))
}

/// And back.
pub(super) fn shown(text: &str, tag: &str) -> String {
    text.replace(&format!(".{tag}.example"), ".example")
}

/// The whole file.
pub(super) fn configuration(
    setup: &Setup,
    engine: Engine,
    dir: &Path,
    tag: &str,
    resolver: Option<SocketAddr>,
) -> String {
    let rig = rig();
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    std::fs::write(dir.join("master.key"), key).unwrap();
    std::fs::write(dir.join("password"), &rig.password).unwrap();
    let state = match engine {
        Engine::Sqlite => format!("sqlite://{}", dir.join("state.db").display()),
        Engine::Postgres => fresh_postgres("journey"),
    };
    let mut text = real(COMPANY, tag);
    write!(text, "[state]\nurl = \"{state}\"\n").unwrap();
    let host = "host = \"127.0.0.1\"\ntls = \"none\"\npassword_file = \"password\"\n";
    let desk = real(super::DESK, tag);
    write!(text, "[mailbox.support]\nkind = \"imap\"\nport = {}\n{host}", rig.imap_port).unwrap();
    write!(text, "user = \"{desk}\"\naddress = [\"{desk}\"]\nanswer = {}\n", setup.answer).unwrap();
    writeln!(text, "after = \"{}\"", setup.after).unwrap();
    if let Some(since) = setup.since {
        writeln!(text, "since = \"{since}\"").unwrap();
    }
    if setup.second_mailbox {
        let second = real(super::SECOND, tag);
        write!(text, "[mailbox.second]\nkind = \"imap\"\nport = {}\n{host}", rig.imap_port).unwrap();
        write!(text, "user = \"{second}\"\naddress = [\"{second}\"]\nafter = \"leave\"\n").unwrap();
        writeln!(text, "since = \"2025-06-01T00:00:00Z\"").unwrap();
    }
    write!(text, "[outbox]\nkind = \"smtp\"\nport = {}\n{host}", rig.smtp_port).unwrap();
    write!(text, "user = \"{desk}\"\nfrom = \"{desk}\"\n").unwrap();
    writeln!(text, "plus_addressing = {}", setup.plus_addressing).unwrap();
    writeln!(text, "[approval]\ntwo_approvers_percent = {}", setup.two_approvers_percent).unwrap();
    writeln!(text, "{}", setup.approval).unwrap();
    writeln!(text, "[calendar]\ntimezone = \"Asia/Kolkata\"\n{}", setup.calendar).unwrap();
    writeln!(text, "[regimes]\ndefault = \"{}\"\n{}", setup.law, setup.sections).unwrap();
    text.push_str("[sender_auth]\nauthserv_ids = [\"mx.test.example\"]\nreceived_above = 0\n");
    if let Some(resolver) = resolver {
        write!(text, "mode = \"evaluate\"\nresolver = \"{resolver}\"\n").unwrap();
    }
    text.push_str(super::telephony::SECTIONS);
    text
}

const COMPANY: &str = r#"
[company]
name = "Telco"
support = "privacy@telco.example"
grievance_officer = "Grievance Officer, Telco, grievance@telco.example"
complaint_authority = "the Data Protection Board of India"

[keys]
master_key_file = "master.key"

[delivery]
package_dir = "packages"

[erasure]
ledger_dir = "erasures"

"#;
