//! The daemon dies, freezes and stops, and nothing is lost or done twice: the real binary, SIGKILL with the stage asserted
//! (decision 51), on both engines of the state. Where the kill came between the server's acceptance and our commit, the
//! one mail arrives once more, byte for byte (standard R4). Rows R1, R3, R4, R8 and R19 of the reliability table.

#![expect(clippy::print_stdout, reason = "how many acknowledgements came twice is worth a look")]

use crate::daemon_process::{ACKNOWLEDGED, Daemon, Engine, Notice, Site, Which, until};
use crate::rig::rig;
use crate::smtp_trap::{Line, Trap};
use dsrd::env::{Entropy, Seeded};
use dsrd::package::{self, Passphrase};
use dsrd::store::Filter;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// The number of the account that the company's database knows.
const OWN_NUMBER: &str = "+91 98765 43210";
/// A stop may take this long (decision 24).
const DRAIN_MAX: SignedDuration = SignedDuration::from_secs(25);

/// Makes a test for each engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use crate::daemon_process::Engine;

            #[tokio::test]
            async fn sqlite() {
                super::$name(Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(Engine::Postgres).await;
            }
        })+
    };
}

on_both_engines! {
    killed_in_every_stage_an_export_is_completed_once,
    killed_at_random_a_hundred_requests_are_answered_once,
    killed_while_sending_it_repeats_a_handful_of_many,
    stopped_under_load_it_leaves_nothing_half_done,
    an_answer_that_was_lost_is_not_asked_for_again_at_once,
}

async fn killed_in_every_stage_an_export_is_completed_once(engine: Engine) {
    let line = Line::open().await;
    let site = Site::new(engine, line.port).await;
    let (asha, ravi) = (site.asha(), site.ravi());
    let daemon = Daemon::start(&site, Which::First).await;
    let codes = daemon.adds_staff("ravi", &ravi).await;

    site.asks_in_part(&asha, ACKNOWLEDGED);
    let clarification = site.notice(&asha, "we need a little more").await;
    all_accepted(&site).await;
    dies(&site, daemon, "recorded").await;

    let daemon = Daemon::start(&site, Which::First).await;
    let lock = site.lock_company().await;
    site.replies(&asha, &clarification, &format!("Scope: number {OWN_NUMBER}\n{ACKNOWLEDGED}"));
    works_on(&site, "resolve").await;
    dies(&site, daemon, "awaiting-verification").await;
    drop(lock);

    line.set("Is it you?", Trap::BehindTheEnd);
    let daemon = Daemon::spawn(&site, Which::First);
    let challenge = site.notice(&asha, "Is it you?").await;
    dies(&site, daemon, "awaiting-verification").await;

    let daemon = Daemon::start(&site, Which::First).await;
    all_accepted(&site).await;
    let lock = site.lock_company().await;
    site.replies(&asha, &challenge, &format!("CONFIRM {}", challenge.code()));
    works_on(&site, "plan").await;
    site.notice(&asha, "stands").await;
    all_accepted(&site).await;
    dies(&site, daemon, "awaiting-approval").await;
    drop(lock);

    let daemon = Daemon::start(&site, Which::First).await;
    let approval = site.notice(&ravi, "Please decide by").await;
    all_accepted(&site).await;
    assert_eq!(site.column(OPEN_JOBS).await, [""; 0], "the plan is frozen");
    dies(&site, daemon, "awaiting-approval").await;

    let daemon = Daemon::start(&site, Which::First).await;
    let lock = site.lock_company().await;
    site.replies(&ravi, &approval, &format!("APPROVE {}", codes[0]));
    works_on(&site, "export").await;
    site.notice(&ravi, "Approved by").await;
    all_accepted(&site).await;
    dies(&site, daemon, "executing").await;
    drop(lock);

    line.set("copy of your data is ready", Trap::BehindTheEnd);
    let daemon = Daemon::spawn(&site, Which::First);
    let package = site.notice(&asha, "copy of your data is ready").await;
    dies(&site, daemon, "delivering").await;

    line.set("The passphrase", Trap::BeforeTheEnd);
    let daemon = Daemon::spawn(&site, Which::First);
    until("the passphrase is on its way", async || line.has_sprung().then_some(())).await;
    dies(&site, daemon, "closed").await;

    let daemon = Daemon::start(&site, Which::First).await;
    let passphrase = site.notice(&asha, "The passphrase").await.code();
    all_accepted(&site).await;
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    completed_once(&site, &package, passphrase).await;
    let words = ["a little more", "Is it you?", "stands", "copy of your data is ready", "The passphrase"];
    // The kills meet the challenge and the package behind the end of DATA; the status mail may be met by chance.
    assert!(matches!(copies(&site.inbox(&asha), &words)[..], [1, 2, 1..=2, 2, 1]));
    assert_eq!(copies(&site.inbox(&ravi), &["Please decide by", "Approved by"]), [1, 1]);
}

/// Jobs that are not done.
const OPEN_JOBS: &str = "SELECT kind FROM jobs WHERE state <> 'done'";
/// Mails that the server has not accepted.
const OPEN_MAILS: &str = "SELECT notice FROM outbox WHERE state <> 'accepted'";
/// Acknowledgements that the server has accepted.
const ACCEPTED_ANSWERS: &str =
    "SELECT notice FROM outbox WHERE state = 'accepted' AND notice = 'acknowledgement'";
/// Rights to work that somebody holds.
const LEASES: &str = "SELECT kind FROM jobs WHERE state = 'running' UNION ALL SELECT notice FROM outbox WHERE state = 'sending'";

/// Waits until a job of this kind, and no other, is being worked on.
async fn works_on(site: &Site, kind: &str) {
    let running = "SELECT kind FROM jobs WHERE state = 'running'";
    until(kind, async || (site.column(running).await == [kind]).then_some(())).await;
}

/// Waits until every mail so far was accepted and that is written down.
async fn all_accepted(site: &Site) {
    until("every mail is accepted", async || site.column(OPEN_MAILS).await.is_empty().then_some(())).await;
}

/// SIGKILL in this stage of the one request.
async fn dies(site: &Site, daemon: Daemon, stage: &str) {
    daemon.kill9();
    assert_eq!(site.stages().await, [stage]);
    site.leases_run_out().await;
}

/// One request, one package, what the customer holds is what the register names, and a log that verifies.
async fn completed_once(site: &Site, package: &Notice, passphrase: String) {
    let store = site.store().await;
    let requests = store.requests(Filter::All, 10).await.unwrap();
    store.close().await;
    let [row] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(row.request.stage.outcome().map(dsrd::domain::request::Outcome::as_str), Some("completed"));
    let files = site.packages();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(Some(std::fs::read(&files[0]).unwrap()), package.attached);
    let checked =
        tokio::task::spawn_blocking(move || package::check(&files[0], &Passphrase::new(passphrase)));
    let checked = checked.await.unwrap().unwrap();
    assert_eq!(row.request.package.as_ref().map(|facts| &facts.sha256), Some(&checked.sha256));
    assert_eq!(checked.rows, BTreeMap::from([("call_logs".to_owned(), 2)]));
    assert_eq!(site.column(LEASES).await, [""; 0]);
    site.audit_verifies().await;
}

/// How often each of these notices came, and no other one. Panics when copies of one notice differ.
fn copies(inbox: &[Notice], words: &[&str]) -> Vec<usize> {
    let mut counts = vec![0; words.len()];
    let mut first: Vec<Option<&Notice>> = vec![None; words.len()];
    for notice in inbox {
        let at = words.iter().position(|words| notice.subject.contains(words));
        let at = at.unwrap_or_else(|| panic!("an unexpected notice: {}", notice.subject));
        counts[at] += 1;
        assert_eq!(first[at].get_or_insert(notice), &notice, "copies of one notice are the same bytes");
    }
    counts
}

/// Kills of the random journey, and mails between two of them.
const KILLS: usize = 15;
const MAILS: usize = 100;

async fn killed_at_random_a_hundred_requests_are_answered_once(engine: Engine) {
    let site = Site::new(engine, rig().smtp_port).await;
    let moments = Seeded::new(8);
    let mut sent = 0;
    for kill in 1..=KILLS {
        let daemon = Daemon::spawn(&site, Which::First);
        while sent < MAILS * kill / KILLS {
            site.asks(&site.stranger(sent), &format!("+91 98765 {sent:05}"));
            sent += 1;
        }
        let mut looks = moments.bits() % 60;
        until("the moment of the kill comes", async || {
            looks = looks.checked_sub(1)?;
            (looks == 0).then_some(())
        })
        .await;
        daemon.kill9();
    }
    let daemon = Daemon::start(&site, Which::First).await;
    until("everybody is answered", async || {
        (site.column(ACCEPTED_ANSWERS).await.len() >= MAILS).then_some(())
    })
    .await;
    until("every job is done", async || site.column(OPEN_JOBS).await.is_empty().then_some(())).await;
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(site.stages().await.len(), MAILS);
    let mut twice = 0;
    for number in 0..MAILS {
        let copies = copies(&site.inbox(&site.stranger(number)), &["We have your request"])[0];
        assert!(copies > 0, "stranger {number} has no answer");
        twice += copies - 1;
    }
    println!("{KILLS} kills, {MAILS} requests, {twice} acknowledgements twice");
    assert_eq!(site.column(OPEN_MAILS).await, [""; 0]);
    site.audit_verifies().await;
}

/// Mails that may be on their way before what became of them is written down.
const UNSETTLED_MAX: usize = 12;

async fn killed_while_sending_it_repeats_a_handful_of_many(engine: Engine) {
    let line = Line::open().await;
    let site = Site::new(engine, line.port).await;
    let many = 40;
    for number in 0..many {
        site.asks(&site.stranger(number), &format!("+91 98765 {number:05}"));
    }
    let arrived = || (0..many).map(|number| site.inbox(&site.stranger(number)).len()).sum::<usize>();
    line.set("We have your request", Trap::BeforeTheEnd);
    let daemon = Daemon::spawn(&site, Which::First);
    until("one mail hangs and the others of its group are through", async || {
        (arrived() == UNSETTLED_MAX - 1).then_some(())
    })
    .await;
    daemon.kill9();
    site.leases_run_out().await;
    let daemon = Daemon::start(&site, Which::First).await;
    until("everybody is answered", async || {
        (site.column(ACCEPTED_ANSWERS).await.len() >= many).then_some(())
    })
    .await;
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(arrived(), many + UNSETTLED_MAX - 1);
    for number in 0..many {
        copies(&site.inbox(&site.stranger(number)), &["We have your request"]);
    }
}

async fn stopped_under_load_it_leaves_nothing_half_done(engine: Engine) {
    let site = Site::new(engine, rig().smtp_port).await;
    let many = 60;
    let daemon = Daemon::start(&site, Which::First).await;
    for number in 0..many {
        site.asks(&site.stranger(number), &format!("+91 98765 {number:05}"));
    }
    until("the first answers leave", async || (!site.inbox(&site.stranger(0)).is_empty()).then_some(()))
        .await;
    let (ended, took) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    assert!(took <= DRAIN_MAX, "{took:?}");
    assert_eq!(site.column(LEASES).await, [""; 0], "nobody has to be rescued");

    let daemon = Daemon::start(&site, Which::First).await;
    until("everybody is known", async || (site.stages().await.len() >= many).then_some(())).await;
    all_accepted(&site).await;
    until("every job is done", async || site.column(OPEN_JOBS).await.is_empty().then_some(())).await;
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    for number in 0..many {
        assert_eq!(copies(&site.inbox(&site.stranger(number)), &["We have your request"]), [1]);
    }
    assert_eq!(site.stages().await.len(), many);
    site.audit_verifies().await;
}

/// A frozen process is as good as dead: after its lease another one takes the job over. When it wakes it can write nothing.
#[tokio::test]
async fn a_frozen_daemon_that_wakes_after_its_lease_writes_nothing_twice() {
    let site = Site::new(Engine::Postgres, rig().smtp_port).await;
    let (asha, ravi) = (site.asha(), site.ravi());
    let frozen = Daemon::start(&site, Which::First).await;
    let codes = frozen.adds_staff("ravi", &ravi).await;
    site.asks(&asha, OWN_NUMBER);
    let challenge = site.notice(&asha, "Is it you?").await;
    site.replies(&asha, &challenge, &format!("CONFIRM {}", challenge.code()));
    let approval = site.notice(&ravi, "Please decide by").await;
    let lock = site.lock_company().await;
    site.replies(&ravi, &approval, &format!("APPROVE {}", codes[0]));
    works_on(&site, "export").await;
    site.notice(&ravi, "Approved by").await;
    all_accepted(&site).await;
    frozen.freeze();
    drop(lock);

    let second = Daemon::start(&site, Which::Second).await;
    let package = site.notice(&asha, "copy of your data is ready").await;
    let passphrase = site.notice(&asha, "The passphrase").await.code();
    all_accepted(&site).await;
    frozen.thaw();
    until("the frozen one learns that it is too late", async || {
        frozen.log().contains("the lease was lost").then_some(())
    })
    .await;
    for daemon in [frozen, second] {
        let (ended, _) = daemon.terminate().await;
        assert!(ended.success(), "{ended}");
    }
    completed_once(&site, &package, passphrase).await;
    let words =
        ["We have your request", "Is it you?", "stands", "copy of your data is ready", "The passphrase"];
    assert_eq!(copies(&site.inbox(&asha), &words), [1; 5]);
    assert_eq!(copies(&site.inbox(&ravi), &["Please decide by", "Approved by"]), [1, 1]);
}

/// The line breaks when the server has the mail and we do not know it (RFC 1047): it is tried once more, hours later.
async fn an_answer_that_was_lost_is_not_asked_for_again_at_once(engine: Engine) {
    let line = Line::open().await;
    let site = Site::new(engine, line.port).await;
    let asha = site.asha();
    line.set("We have your request", Trap::Reset);
    let daemon = Daemon::start(&site, Which::First).await;
    site.asks(&asha, OWN_NUMBER);
    site.notice(&asha, "Is it you?").await;
    let uncertain = "SELECT notice FROM outbox WHERE state = 'uncertain' AND doubts = 1";
    until("the doubt is written down", async || {
        (site.column(uncertain).await == ["acknowledgement"]).then_some(())
    })
    .await;
    daemon.kill9();
    site.leases_run_out().await;
    let daemon = Daemon::start(&site, Which::First).await;
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(site.column(uncertain).await, ["acknowledgement"], "neither lost nor sent again");
    assert_eq!(site.stages().await, ["awaiting-verification"]);
    let inbox = site.inbox(&asha);
    assert_eq!(copies(&inbox, &["We have your request", "Is it you?"])[0], 1);
    site.audit_verifies().await;
}
