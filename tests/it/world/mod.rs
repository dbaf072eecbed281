//! The world of the journeys: one support mailbox in Dovecot, one SMTP server, one state, one telephony company with two
//! customers, and a clock that moves by hand. Journeys see mail, staff and time; only the last look of a journey goes
//! into the state. Every address ends in `.example` for the play and is unique behind it. `rig.rs` has the servers.

mod post;
mod setup;
mod steps;
mod telephony;

pub(crate) use post::{Letter, Notice, Player, Signs, delete_request, export_request};
pub(crate) use setup::{Engine, Senders, Setup};
pub(crate) use steps::Opened;
pub(crate) use telephony::{FOREIGN, Held};

use crate::dns::Dns;
use crate::rig::{Mishap, is_unseen, rig};
use dsrd::config::Config;
use dsrd::daemon::assemble;
use dsrd::daemon::pumps::Pumps;
use dsrd::domain::audit::{self, Actor};
use dsrd::domain::ids::{Reference, StaffName};
use dsrd::env::{Clock, Env, Manual, Seeded};
use dsrd::store::{Filter, Store};
use dsrd::workflow::{Operation, Reply};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// The customers. Asha speaks for account 481516, Bina is a plain user of it, Omar owns another account.
pub(crate) const ASHA: &str = "asha@acme.example";
pub(crate) const BINA: &str = "bina@acme.example";
pub(crate) const OMAR: &str = "omar@other.example";
/// Two who may decide.
pub(crate) const RAVI: &str = "ravi@telco.example";
pub(crate) const MEERA: &str = "meera@telco.example";
/// The watched mailbox.
pub(crate) const DESK: &str = "privacy@telco.example";
/// The other one, where a play has two.
pub(crate) const SECOND: &str = "dpo@telco.example";
/// When every play begins: a Monday, 10:00 in India. Dates in notices are therefore the same in every run.
const BEGINS: &str = "2025-06-02T04:30:00Z";

/// Makes two tests of each journey, one for each engine of the state.
macro_rules! journeys {
    ($setup:expr => $($name:ident),+ $(,)?) => {
        $(mod $name {
            use crate::world::{Engine, Setup, World};

            #[tokio::test]
            async fn sqlite() {
                let mut world = World::begin(Engine::Sqlite, $setup).await;
                super::$name(&mut world).await;
                world.end().await;
            }

            #[tokio::test]
            async fn postgres() {
                let mut world = World::begin(Engine::Postgres, $setup).await;
                super::$name(&mut world).await;
                world.end().await;
            }
        })+
    };
}
pub(crate) use journeys;

/// Who sits at the keyboard.
fn operator() -> Actor {
    Actor::parse("operator:root").unwrap_or(Actor::Daemon)
}

/// The staff name that goes with an address.
fn name_of(address: &str) -> StaffName {
    StaffName::parse(address.split('@').next().unwrap()).unwrap()
}

/// A daemon with this configuration; `seed` makes its codes others than those of one before it.
async fn start(text: &str, dir: &TempDir, clock: &Arc<Manual>, seed: u64) -> Pumps {
    let folders = dsrd::config::Folders { base: dir.path().to_owned(), credentials: None };
    std::fs::write(dir.path().join("dsrd.toml"), text).unwrap();
    let config = Config::parse(text, "dsrd.toml", &folders).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    let env = Env { clock: Arc::clone(clock) as Arc<dyn Clock>, entropy: Arc::new(Seeded::new(seed)) };
    let pumps = Pumps::new(assemble::parts(&config, env).await.unwrap(), "test");
    pumps.workflow.start().await.unwrap();
    pumps
}

/// One play's world.
pub(crate) struct World {
    tag: String,
    dir: TempDir,
    clock: Arc<Manual>,
    pumps: Pumps,
    codes: HashMap<String, Vec<String>>,
    read: HashMap<String, usize>,
    telephony: PathBuf,
    dns: Option<Dns>,
    /// The configuration file, and how often the daemon was started.
    text: String,
    starts: u64,
}

impl World {
    /// An empty mailbox, a fresh state, the telephony company, and Ravi and Meera with their lists of codes.
    pub(crate) async fn begin(engine: Engine, setup: Setup) -> Self {
        let dir = TempDir::new().unwrap();
        let tag = setup::tag();
        let telephony = telephony::build(dir.path(), &tag).await;
        let dns = match setup.senders {
            Senders::Header => None,
            Senders::Evaluated => Some(Dns::begin().await),
        };
        let text = setup::configuration(&setup, engine, dir.path(), &tag, dns.as_ref().map(|dns| dns.at));
        let clock = Arc::new(Manual::new(setup.begins.parse().unwrap()));
        let pumps = start(&text, &dir, &clock, 1).await;
        let mut world = Self {
            tag,
            dir,
            clock,
            pumps,
            codes: HashMap::new(),
            read: HashMap::new(),
            telephony,
            dns,
            text,
            starts: 1,
        };
        for address in setup.approvers {
            world.joins_staff(address, "approver").await;
        }
        world
    }

    /// The last look of every journey: nothing is left to do, nobody got a mail that the play did not read, and the
    /// audit log verifies.
    pub(crate) async fn end(mut self) {
        self.settle().await;
        let unread = self.unread_mail();
        assert!(unread.is_empty(), "mail that the play did not expect: {unread:#?}");
        let head = self.store().audit_head().await.unwrap().expect("a log has a head");
        let mut rows = Vec::new();
        loop {
            let page = self.store().audit_page(rows.len().try_into().unwrap()).await.unwrap();
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        let entries = rows.iter().map(|row| (row.seq, row.entry.as_slice(), row.leaf));
        audit::verify(entries, head).unwrap();
        for row in &rows {
            let text = String::from_utf8_lossy(&row.entry);
            assert!(!text.contains(".example"), "an audit entry holds an address: {text}");
        }
        self.stops().await;
    }

    /// The operator changes the configuration and restarts the daemon.
    pub(crate) async fn reconfigures(&mut self, change: impl Fn(&str) -> String) {
        self.stops().await;
        self.text = change(&self.text);
        self.starts += 1;
        self.pumps = start(&self.text, &self.dir, &self.clock, self.starts).await;
        self.settle().await;
    }

    async fn stops(&mut self) {
        for mail in &mut self.pumps.mail {
            mail.close().await;
        }
        self.pumps.outbox.close().await;
        self.pumps.workflow.stop().await.unwrap();
    }

    /// The daemon is stopped and started anew.
    pub(crate) async fn restarts(&mut self) {
        self.stops().await;
        self.starts += 1;
        // Another seed: what the first one drew is in the state.
        self.pumps = start(&self.text, &self.dir, &self.clock, self.starts).await;
        self.settle().await;
    }

    /// How many entries of the audit log are about this.
    pub(crate) async fn audited(&self, action: audit::Action) -> usize {
        let page = self.store().audit_page(0).await.unwrap();
        let word = format!("\"{}\"", action.as_str());
        page.iter().filter(|row| String::from_utf8_lossy(&row.entry).contains(&word)).count()
    }

    /// Everything that is due now happens.
    pub(crate) async fn settle(&mut self) {
        self.pumps.settle().await.unwrap();
    }

    /// The mailbox is read, and nothing that follows from it is done yet.
    pub(crate) async fn reads_mail(&mut self) {
        self.pumps.mail[0].look().await.unwrap();
        while self.pumps.mail[0].turn().await.unwrap() > 0 {}
    }

    /// Jobs are done and mails leave until nothing is left of either, and no timer fires.
    pub(crate) async fn works_and_sends(&mut self) {
        while self.pumps.jobs.turn().await.unwrap() + self.pumps.outbox.turn().await.unwrap() > 0 {}
    }

    /// Mail is read, jobs are done and mails leave, turn by turn, until this one has come.
    pub(crate) async fn posts_until(&mut self, address: &str, part: &str) {
        loop {
            self.reads_mail().await;
            self.pumps.jobs.turn().await.unwrap();
            let sent = self.pumps.outbox.turn().await.unwrap();
            let mails = crate::rig::mails_of(rig(), &self.real(address));
            if mails.iter().any(|raw| Notice::parse(raw, &self.tag).subject.contains(part)) {
                return;
            }
            assert!(sent > 0, "{part} never comes");
        }
    }

    /// The operator withdraws a request while a worker and a courier are at it. Whether it was stopped.
    pub(crate) async fn races_with_a_withdrawal(&mut self, reference: &Reference, pauses: u32) -> bool {
        let workflow = Arc::clone(&self.pumps.workflow);
        let (jobs, outbox) = (&mut self.pumps.jobs, &mut self.pumps.outbox);
        let work = async { while jobs.turn().await.unwrap() + outbox.turn().await.unwrap() > 0 {} };
        let stop = async {
            for _ in 0..pauses {
                tokio::task::yield_now().await;
            }
            workflow.operate(Operation::Withdraw { reference: reference.clone() }, &operator()).await
        };
        let ((), reply) = tokio::join!(work, stop);
        match reply {
            Reply::Done => true,
            Reply::Unchanged { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    /// The files in the package folder.
    pub(crate) fn packages(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.dir.path().join("packages")).unwrap();
        files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    /// Time passes in one leap, then everything that is due happens.
    pub(crate) async fn after(&mut self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
        self.settle().await;
    }

    /// The daemon looks whether a day of work has begun.
    pub(crate) async fn looks_at_the_day(&mut self) {
        self.pumps.workflow.tell_day().await.unwrap();
        self.settle().await;
    }

    /// Days pass one by one, as the daemon lives them.
    pub(crate) async fn after_days(&mut self, days: u32) {
        for _ in 0..days {
            self.after(24).await;
        }
    }

    /// Now, as the play's clock says.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Hours pass, and the daemon is not there.
    pub(crate) fn daemon_is_away(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }

    /// The DNS server of a play in which the daemon asks DNS.
    pub(crate) fn dns(&self) -> &Dns {
        self.dns.as_ref().expect("the daemon asks DNS in this play")
    }

    /// A domain publishes its key and a policy.
    pub(crate) fn publishes(&self, domain: &str, policy: Option<&str>) {
        self.dns().publish(&self.real(domain), policy);
    }

    /// Somebody who writes from their own address, through their own server.
    pub(crate) fn player(&self, address: &str) -> Player<'_> {
        Player::new(self, address)
    }

    /// The operator adds a member of staff and prints their codes.
    pub(crate) async fn joins_staff(&mut self, address: &str, role: &str) {
        let (name, actor) = (name_of(address), operator());
        let real = dsrd::domain::address::Address::parse(&self.real(address)).unwrap();
        let add = Operation::AddStaff { name: name.clone(), address: real, role: role.to_owned() };
        assert_eq!(self.pumps.workflow.operate(add, &actor).await, Reply::Done);
        self.prints_codes(address).await;
    }

    /// The operator prints a new list of codes.
    pub(crate) async fn prints_codes(&mut self, address: &str) {
        let issue = Operation::IssueCodes { name: name_of(address) };
        let Reply::Codes { codes } = self.pumps.workflow.operate(issue, &operator()).await else {
            panic!("no codes for {address}");
        };
        self.codes.insert(address.to_owned(), codes);
    }

    /// A member of staff decides at the command line; what they are told when it changed nothing.
    pub(crate) async fn approves_by_hand(&self, address: &str, reference: &Reference, code: &str) -> String {
        let (reference, code) = (reference.clone(), code.to_owned());
        let approve = Operation::Approve { reference, staff: name_of(address), code };
        match self.pumps.workflow.operate(approve, &operator()).await {
            Reply::Unchanged { why } => why,
            other => panic!("{other:?}"),
        }
    }

    /// The operator has a request tried again.
    pub(crate) async fn retries(&mut self, reference: &Reference) {
        let retry = Operation::Retry { reference: reference.clone() };
        assert_eq!(self.pumps.workflow.operate(retry, &operator()).await, Reply::Done);
        self.settle().await;
    }

    /// The next unused code on the printed list of a member of staff.
    pub(crate) fn code(&mut self, address: &str) -> String {
        self.codes.get_mut(address).and_then(Vec::pop).unwrap_or_else(|| panic!("{address} has no list"))
    }

    /// What came to an address since the last look; exactly these subjects (or parts of them), in any order.
    pub(crate) fn reads<const N: usize>(&mut self, address: &str, subjects: [&str; N]) -> [Notice; N] {
        let mut came = self.inbox(address);
        let all: Vec<String> = came.iter().map(|notice| notice.subject.clone()).collect();
        assert_eq!(all.len(), N, "{address} got {all:#?}, not {subjects:#?}");
        subjects.map(|part| {
            let at = came.iter().position(|notice| notice.subject.contains(part));
            came.remove(at.unwrap_or_else(|| panic!("{address} got {all:#?}, not {subjects:#?}")))
        })
    }

    /// Both who may decide got exactly these; the mails of Ravi.
    pub(crate) fn staff_reads<const N: usize>(&mut self, subjects: [&str; N]) -> [Notice; N] {
        self.reads(MEERA, subjects);
        self.reads(RAVI, subjects)
    }

    /// Everything that came to an address since the last look, oldest first.
    pub(crate) fn inbox(&mut self, address: &str) -> Vec<Notice> {
        let mails = crate::rig::mails_of(rig(), &self.real(address));
        let seen = self.read.insert(address.to_owned(), mails.len()).unwrap_or(0);
        mails.iter().skip(seen).map(|raw| Notice::parse(raw, &self.tag)).collect()
    }

    /// The newest mail that an address has read already and whose subject holds this.
    pub(crate) fn earlier(&self, address: &str, subject: &str) -> Notice {
        let mails = crate::rig::mails_of(rig(), &self.real(address));
        let read = self.read.get(address).copied().unwrap_or(0);
        let notices = mails.iter().take(read).rev().map(|raw| Notice::parse(raw, &self.tag));
        notices.into_iter().find(|notice| notice.subject.contains(subject)).expect("a mail that was read")
    }

    /// Everything that ever came to an address, as it lies there.
    pub(crate) fn raw_inbox(&self, address: &str) -> Vec<Vec<u8>> {
        crate::rig::mails_of(rig(), &self.real(address))
    }

    /// Mails lie in the watched mailbox as if its server had taken them, in this order.
    pub(crate) fn finds_in_the_mailbox(&self, mails: impl Iterator<Item = String>) {
        let mails = mails.map(|mail| self.real(&mail));
        self.player(OMAR).sends(&Letter::new("Hello", "This mail makes the folder."));
        crate::rig::deliver(rig(), &self.real(DESK), mails, self.now());
    }

    fn unread_mail(&self) -> Vec<String> {
        let mut unread = Vec::new();
        for entry in std::fs::read_dir(&rig().mail_root).unwrap() {
            let real = entry.unwrap().file_name().to_string_lossy().into_owned();
            let address = self.shown(&real);
            if address == real || address == DESK || address == SECOND {
                continue;
            }
            let mails = crate::rig::mails_of(rig(), &real);
            for raw in mails.iter().skip(self.read.get(&address).copied().unwrap_or(0)) {
                unread.push(format!("{address}: {}", Notice::parse(raw, &self.tag).subject));
            }
        }
        unread
    }

    /// Whether the mail in the watched mailbox that contains `part` is still unseen.
    pub(crate) fn is_unseen(&self, part: &str) -> bool {
        is_unseen(rig(), &self.real(DESK), part)
    }

    /// Whether it carries a keyword: Dovecot writes those as lower-case letters behind the flags of the file's name.
    pub(crate) fn has_keyword(&self, part: &str) -> bool {
        let name = crate::rig::name_of(rig(), &self.real(DESK), part);
        name.split_once(":2,").is_some_and(|(_, flags)| flags.contains(|c: char| c.is_ascii_lowercase()))
    }

    /// From now on the SMTP server does this to mail for an address.
    pub(crate) fn arm(&self, mishap: Mishap, address: &str) {
        rig().arm(mishap, &self.real(address));
    }

    /// No longer.
    pub(crate) fn disarm(&self, mishap: Mishap, address: &str) {
        rig().disarm(mishap, &self.real(address));
    }

    /// The company's database is gone, as when a disk is not mounted.
    pub(crate) fn loses_the_source(&self) {
        std::fs::rename(&self.telephony, self.telephony.with_extension("away")).unwrap();
    }

    /// It is back.
    pub(crate) fn finds_the_source(&self) {
        std::fs::rename(self.telephony.with_extension("away"), &self.telephony).unwrap();
    }

    /// Packages can be written no more, as when a disk is not mounted.
    pub(crate) fn loses_the_package_folder(&self) {
        let folder = self.dir.path().join("packages");
        std::fs::rename(&folder, folder.with_extension("away")).unwrap();
    }

    /// They can again.
    pub(crate) fn finds_the_package_folder(&self) {
        let folder = self.dir.path().join("packages");
        std::fs::rename(folder.with_extension("away"), &folder).unwrap();
    }

    /// What an operator does at the command line.
    pub(crate) async fn operates(&self, operation: Operation) -> Reply {
        let actor = Actor::parse("operator:root").unwrap_or(Actor::Daemon);
        self.pumps.workflow.operate(operation, &actor).await
    }

    /// What `dsrd deadline` prints for a request that arrives now.
    pub(crate) fn asks_for_the_deadline(&self) -> String {
        let (file, now) = (self.dir.path().join("dsrd.toml"), self.now().to_string());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dsrd"));
        command.args(["deadline", "--received", &now, "-c"]).arg(file);
        let printed = command.output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        String::from_utf8(printed.stdout).unwrap()
    }

    /// The company's own programs write into its database.
    pub(crate) async fn company_writes(&self, sql: &str) {
        telephony::run(&self.telephony, &self.real(sql)).await;
    }

    /// How many rows the company's database holds of a condition, as `call_logs WHERE account_id = '481516'`.
    pub(crate) async fn company_holds(&self, what: &str) -> u64 {
        telephony::count(&self.telephony, what).await
    }

    /// The same of another database file of the company.
    pub(crate) async fn company_holds_in(&self, file: &std::path::Path, what: &str) -> u64 {
        telephony::count(file, what).await
    }

    /// Recordings on the company's disk whose name begins with this.
    pub(crate) fn recordings(&self, prefix: &str) -> usize {
        let folder = std::fs::read_dir(self.dir.path().join("recordings")).unwrap();
        let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).count()
    }

    /// The company dumps its database, as a backup does.
    pub(crate) fn company_backs_up(&self) {
        std::fs::copy(&self.telephony, self.telephony.with_extension("backup")).unwrap();
    }

    /// Where the company keeps what is old: a database of its own.
    pub(crate) fn archive(&self) -> PathBuf {
        self.telephony.with_file_name("archive.db")
    }

    /// And restores it from that dump, table by table, while its programs run.
    pub(crate) async fn company_restores(&self) {
        let backup = self.telephony.with_extension("backup");
        let table = |name: &str| format!("DELETE FROM {name}; INSERT INTO {name} SELECT * FROM old.{name};");
        let tables = ["call_logs", "recordings", "invoices"].map(table).concat();
        telephony::run(&self.telephony, &format!("ATTACH '{}' AS old; {tables}", backup.display())).await;
    }

    /// Time passes in one leap, to the second.
    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The register at the end: `stage`, or `stage: blocker`, or `closed: outcome`, a line for each request.
    pub(crate) async fn register(&self) -> Vec<String> {
        let rows = self.store().requests(Filter::All, 100).await.unwrap();
        let line = |row: dsrd::store::RequestRow| {
            let request = row.request;
            let why = request.blocker.map(dsrd::domain::request::Blocker::as_str);
            let outcome = request.stage.outcome();
            let ground = outcome.and_then(dsrd::domain::request::Outcome::ground);
            let more = why.or(ground.map(dsrd::domain::request::Ground::as_str));
            let more = more.or(outcome.map(dsrd::domain::request::Outcome::as_str));
            match more {
                Some(more) => format!("{}: {more}", request.stage.name()),
                None => request.stage.name().to_owned(),
            }
        };
        rows.into_iter().map(line).collect()
    }

    /// A request as the state holds it, for what stands in no mail.
    pub(crate) async fn last_look(&self, reference: &Reference) -> dsrd::domain::request::Request {
        self.store().request(reference).await.unwrap().expect("it is there").request
    }

    fn store(&self) -> &Store {
        self.pumps.workflow.store()
    }

    /// The unique text behind a play's text.
    pub(crate) fn real(&self, text: &str) -> String {
        setup::real(text, &self.tag)
    }

    /// And back.
    pub(crate) fn shown(&self, text: &str) -> String {
        setup::shown(text, &self.tag)
    }
}
