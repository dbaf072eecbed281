//! The words of the command line, as clap reads them: one struct per command, used by the file of the same name. The
//! comments here are the help texts. Never opens or decides anything. interface.md names the commands; `mod.rs`
//! dispatches them.

use super::parse::ParseArgs;
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::policy::StaffRole;
use crate::domain::request::Ground;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::PathBuf;

/// Where the configuration lies unless `-c` says otherwise.
pub const CONFIG_DEFAULT: &str = "/etc/dsrd/dsrd.toml";

/// `-c FILE`.
#[derive(Args, Clone, Debug)]
pub struct ConfigFile {
    /// Configuration file; `dsrd init` writes one to start from
    #[arg(short = 'c', long = "config", value_name = "FILE", global = true, default_value = CONFIG_DEFAULT)]
    pub config: PathBuf,
}

/// `--json`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
}

/// `dsrd demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Keep the demo's files in this new folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// `dsrd run`.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `dsrd check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Look at the configuration and the files that it names only; connect to nothing
    #[arg(long)]
    pub offline: bool,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// `dsrd init`.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// Folder to write to; made if it is missing. Nothing that exists is overwritten
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

/// `dsrd parse`.
#[derive(Args, Clone, Debug)]
pub struct Parse {
    /// Configuration file; without one the built-in defaults hold
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to parse.
    #[command(flatten)]
    pub what: ParseArgs,
}

/// `dsrd requests`.
#[derive(Args, Clone, Debug)]
pub struct Requests {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: RequestsWhat,
}

/// REF.
#[derive(Args, Clone, Debug)]
pub struct Ref {
    /// Reference, such as DSR-7K3M-9Q2X; it stands in the subject of every mail about the request
    #[arg(value_name = "REF", value_parser = reference)]
    pub reference: Reference,
}

/// The words after `dsrd requests`.
#[derive(Subcommand, Clone, Debug)]
pub enum RequestsWhat {
    /// List the open requests: where each stands, why it stands still, when it is due
    List {
        /// List closed requests too
        #[arg(long)]
        all: bool,
    },
    /// Show all that is known about one request
    Show(Ref),
    /// Show what happened to a request, in order, from the audit log
    Timeline(Ref),
    /// Count what a request would touch: its frozen plan, or a dry run that stores nothing
    Plan(Ref),
    /// Take the further time that the law allows, once; asks for an unused one-time code of that member of staff
    Extend {
        /// Which request.
        #[command(flatten)]
        reference: Ref,
        /// Why, for the customer
        #[arg(value_name = "REASON")]
        reason: String,
        /// Who takes it
        #[arg(long = "as", value_name = "STAFF", value_parser = staff_name)]
        staff: StaffName,
    },
    /// Keep by law what belongs to the person who asks, as the word HOLD does by mail
    Hold {
        /// Which request.
        #[command(flatten)]
        reference: Ref,
        /// The order or law; customers whose data stays are told this line
        #[arg(value_name = "TEXT")]
        text: String,
        /// Who places it
        #[arg(long = "as", value_name = "STAFF", value_parser = staff_name)]
        staff: StaffName,
    },
    /// Try again now: send a mail that never arrived once more, run a job that waits
    Retry(Ref),
    /// Approve the frozen plan of a request; asks for an unused one-time code of that member of staff
    Approve {
        /// Which request.
        #[command(flatten)]
        reference: Ref,
        /// Who approves
        #[arg(long = "as", value_name = "STAFF", value_parser = staff_name)]
        staff: StaffName,
    },
    /// Refuse a request; asks for an unused one-time code of that member of staff
    Refuse {
        /// Which request.
        #[command(flatten)]
        reference: Ref,
        /// Why: identity-not-verified, legal-hold, statutory-retention, rights-of-others,
        /// manifestly-unfounded-or-excessive, no-match, outside-jurisdiction, not-covered or suspected-fraud
        #[arg(value_name = "GROUND", value_parser = ground)]
        ground: Ground,
        /// What the customer is told besides
        #[arg(value_name = "TEXT", default_value = "")]
        text: String,
        /// Who refuses
        #[arg(long = "as", value_name = "STAFF", value_parser = staff_name)]
        staff: StaffName,
    },
    /// Close a request that its requester took back by another way than mail
    Withdraw(Ref),
}

/// `dsrd quarantine`.
#[derive(Args, Clone, Debug)]
pub struct Quarantine {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: QuarantineWhat,
}

/// The words after `dsrd quarantine`.
#[derive(Subcommand, Clone, Debug)]
pub enum QuarantineWhat {
    /// List the mails that could not be handled, and why
    List,
    /// Show one of them as far as it can be read
    Show {
        /// Its number, from the list
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Read it once more, after its cause is gone
    Requeue {
        /// Its number, from the list
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Forget what it said; the mailbox keeps it
    Discard {
        /// Its number, from the list
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// `dsrd report`.
#[derive(Args, Clone, Debug)]
pub struct Report {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// First day of receipt that counts
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// Last day of receipt that counts
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
}

/// `dsrd completions`.
#[derive(Args, Clone, Debug)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `dsrd man`.
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// Folder to write a page for every command to; without one the page of dsrd itself is printed
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// `dsrd staff`.
#[derive(Args, Clone, Debug)]
pub struct Staff {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: StaffWhat,
}

/// NAME of a member of staff.
#[derive(Args, Clone, Debug)]
pub struct Name {
    /// Name: a-z, 0-9, dot, dash and underscore
    #[arg(value_name = "NAME", value_parser = staff_name)]
    pub name: StaffName,
}

/// The words after `dsrd staff`.
#[derive(Subcommand, Clone, Debug)]
pub enum StaffWhat {
    /// Add a member of staff, or change their address and role
    Add {
        /// Who.
        #[command(flatten)]
        name: Name,
        /// Where their mails go, and the only address that may answer them
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        address: Address,
        /// agent (is told, may ask and record call-backs), approver (may also decide) or dpo (the same, is told of all)
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: StaffRole,
    },
    /// List all members of staff with the codes that they have left
    List,
    /// Take away all rights of a member of staff; history stays
    Disable(Name),
    /// Print a fresh list of one-time codes; the old list ends. They are shown this once
    Codes(Name),
}

/// `dsrd audit`.
#[derive(Args, Clone, Debug)]
pub struct Audit {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: AuditWhat,
}

/// The words after `dsrd audit`.
#[derive(Subcommand, Clone, Debug)]
pub enum AuditWhat {
    /// Compute the whole log anew and compare it with its root; says which entry is wrong first
    Verify,
    /// List the entries, oldest first
    List {
        /// Only those of this request
        #[arg(long = "request", value_name = "REF", value_parser = reference)]
        reference: Option<Reference>,
    },
}

/// `dsrd holds`.
#[derive(Args, Clone, Debug)]
pub struct Holds {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: HoldsWhat,
}

/// What `dsrd holds` does.
#[derive(Subcommand, Clone, Debug)]
pub enum HoldsWhat {
    /// Place a legal hold: what it covers is not deleted, whoever asks, until it is released
    Add {
        /// Only rows of this account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Only rows of this user, as user columns hold it
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// Only rows with this phone number, such as +919876543210
        #[arg(long, value_name = "NUMBER")]
        number: Option<String>,
        /// Only rows of this category of `[[data]]`
        #[arg(long, value_name = "NAME")]
        category: Option<String>,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        ground: String,
        /// The order or law; customers whose data stays are told this line
        #[arg(long, value_name = "TEXT")]
        citation: String,
        /// Who answers for it
        #[arg(long, value_name = "NAME")]
        owner: String,
        /// The day on which somebody must ask whether it is still needed, such as 2027-01-31
        #[arg(long, value_name = "DAY")]
        review: Date,
    },
    /// List the holds that stand
    List {
        /// And those that were released
        #[arg(long)]
        all: bool,
    },
    /// A hold was looked at again and stands on; it is asked about next on another day
    Review {
        /// The hold, such as H-7K3M9Q
        #[arg(value_name = "HOLD")]
        id: String,
        /// That day, such as 2027-01-31
        #[arg(long, value_name = "DAY")]
        on: Date,
    },
    /// Release a hold; what it kept of finished deletions is deleted now
    Release {
        /// The hold, such as H-7K3M9Q
        #[arg(value_name = "HOLD")]
        id: String,
    },
}

/// `dsrd retention`.
#[derive(Args, Clone, Debug)]
pub struct Retention {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: RetentionWhat,
}

/// What `dsrd retention` does.
#[derive(Subcommand, Clone, Debug)]
pub enum RetentionWhat {
    /// Delete rows past their storage period; laws, holds and open exports keep theirs
    Run {
        /// Only count what would go
        #[arg(long)]
        dry_run: bool,
    },
}

/// `dsrd backups`.
#[derive(Args, Clone, Debug)]
pub struct Backups {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// What to do.
    #[command(subcommand)]
    pub what: BackupsWhat,
}

/// What `dsrd backups` does.
#[derive(Subcommand, Clone, Debug)]
pub enum BackupsWhat {
    /// List what backups still owe, and what was kept
    List,
    /// A source was restored from a backup: delete again what had been deleted since it was taken
    Restored {
        /// The source, a name of [sources.NAME]
        #[arg(long, value_name = "NAME")]
        source: String,
        /// When the backup was taken, such as 2026-03-01T02:00:00Z
        #[arg(long, value_name = "TIME")]
        taken: Timestamp,
    },
    /// No backup of a source holds any more what was deleted up to a time
    Purged {
        /// The source, a name of [sources.NAME]
        #[arg(long, value_name = "NAME")]
        source: String,
        /// Up to when
        #[arg(long, value_name = "TIME")]
        through: Timestamp,
        /// What shows it, such as a ticket or the name of a report; it stands in the audit log
        #[arg(long, value_name = "TEXT")]
        evidence: String,
    },
}

/// `dsrd deadline`.
#[derive(Args, Clone, Debug)]
pub struct Deadline {
    /// The configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
    /// When the request arrived: 2026-01-31, 2026-01-31T10:00 (both in the calendar's zone), or with an offset,
    /// 2026-01-31T10:00:00+05:30
    #[arg(long, value_name = "TIME")]
    pub received: String,
    /// Regime, such as gdpr, uk, ccpa or dpdp; without one the configured default
    #[arg(long, value_name = "NAME")]
    pub regime: Option<String>,
}

fn reference(text: &str) -> Result<Reference, &'static str> {
    Reference::parse(text).ok_or("a reference looks like DSR-7K3M-9Q2X")
}

fn staff_name(text: &str) -> Result<StaffName, &'static str> {
    StaffName::parse(text).ok_or("a name consists of a-z, 0-9, dot, dash and underscore")
}

fn address(text: &str) -> Result<Address, &'static str> {
    Address::parse(text).ok_or("it is not an e-mail address")
}

fn role(word: &str) -> Result<StaffRole, &'static str> {
    StaffRole::parse(word).ok_or("take agent, approver or dpo")
}

fn ground(word: &str) -> Result<Ground, String> {
    Ground::parse(word).ok_or_else(|| {
        let known: Vec<&str> = Ground::ALL.into_iter().map(Ground::as_str).collect();
        format!("take one of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{
        Audit, Backups, Check, Deadline, Demo, Holds, Init, Parse, Ref, Requests, RequestsWhat, Retention,
        Run, Staff,
    };
    use clap::{CommandFactory, Parser, Subcommand};

    /// Every command at once: the words must not clash whichever of them are dispatched.
    #[derive(Parser, Debug)]
    struct All {
        #[command(subcommand)]
        word: Word,
    }

    #[derive(Subcommand, Debug)]
    enum Word {
        Demo(Demo),
        Run(Run),
        Check(Check),
        Init(Init),
        Parse(Parse),
        Requests(Requests),
        Staff(Staff),
        Audit(Audit),
        Holds(Holds),
        Backups(Backups),
        Retention(Retention),
        Deadline(Deadline),
    }

    #[test]
    fn the_words_of_the_interface_are_read() {
        All::command().debug_assert();
        let check = |line: &str, good: bool| {
            let read = All::try_parse_from(line.split(' '));
            assert_eq!(read.is_ok(), good, "{line}: {read:?}");
        };
        check("dsrd demo", true);
        check("dsrd demo --keep /tmp/x", true);
        check("dsrd run -c dsrd.toml", true);
        check("dsrd run dsrd.toml", false);
        check("dsrd check -c dsrd.toml --offline --json", true);
        check("dsrd init", true);
        check("dsrd parse - --summary", true);
        check("dsrd parse -c x.toml a.eml b.eml", true);
        check("dsrd requests list --json", true);
        check("dsrd requests list -c x.toml", true);
        check("dsrd requests --json list", true);
        check("dsrd requests show", false);
        check("dsrd requests approve DSR-7K3M-9Q2X --as asha", true);
        check("dsrd requests approve DSR-7K3M-9Q2X", false);
        check("dsrd requests refuse DSR-7K3M-9Q2X legal-hold --as asha", true);
        check("dsrd requests refuse DSR-7K3M-9Q2X --as asha", false);
        check("dsrd requests refuse DSR-7K3M-9Q2X because --as asha", false);
        check("dsrd requests list --all", true);
        check("dsrd requests show 7K3M", false);
        check("dsrd requests extend DSR-7K3M-9Q2X reason --as asha", true);
        check("dsrd requests extend DSR-7K3M-9Q2X --as asha", false);
        check("dsrd requests retry DSR-7K3M-9Q2X", true);
        check("dsrd requests withdraw DSR-7K3M-9Q2X", true);
        check("dsrd staff add asha --address asha@acme.example --role approver", true);
        check("dsrd staff add asha --address asha --role approver", false);
        check("dsrd staff add asha --address asha@acme.example --role boss", false);
        check("dsrd staff add As:ha --address asha@acme.example --role dpo", false);
        check("dsrd staff add asha --address asha@acme.example", false);
        check("dsrd staff codes asha", true);
        check("dsrd audit verify", true);
        check("dsrd audit list --request DSR-7K3M-9Q2X --json", true);
        check("dsrd audit", false);
        let hold = "--ground order --citation 4/26 --owner meera --review 2027-01-31";
        check(&format!("dsrd holds add --account 481516 {hold}"), true);
        check("dsrd holds add --account 481516 --ground order", false);
        check("dsrd holds list --all --json", true);
        check("dsrd holds release H-7K3M9Q", true);
        check("dsrd holds review H-7K3M9Q --on 2027-01-31", true);
        check("dsrd requests hold DSR-7K3M-9Q2X order --as asha", true);
        check("dsrd backups restored --source crm --taken 2026-03-01T02:00:00Z", true);
        check("dsrd backups restored --source crm --taken yesterday", false);
        check("dsrd backups purged --source crm --through 2026-03-01T02:00:00Z --evidence T-17", true);
        check("dsrd backups purged --source crm --through 2026-03-01T02:00:00Z", false);
        check("dsrd backups list", true);
        check("dsrd retention run --dry-run --json", true);
        check("dsrd retention", false);
        check("dsrd deadline --received 2026-01-31T10:00:00+05:30 --regime uk -c x.toml", true);
        check("dsrd deadline", false);
    }

    #[test]
    fn the_configuration_is_where_the_package_puts_it_unless_told() {
        let all = All::try_parse_from(["dsrd", "requests", "-c", "x.toml", "show", "DSR-7K3M-9Q2X"]);
        let Ok(All { word: Word::Requests(requests) }) = all else { panic!("{all:?}") };
        assert_eq!(requests.file.config.to_str(), Some("x.toml"));
        assert!(
            matches!(requests.what, RequestsWhat::Show(Ref { reference }) if reference.as_str() == "DSR-7K3M-9Q2X")
        );
        let Ok(All { word: Word::Run(run) }) = All::try_parse_from(["dsrd", "run"]) else { panic!() };
        assert_eq!(run.file.config.to_str(), Some(super::CONFIG_DEFAULT));
    }
}
