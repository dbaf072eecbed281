//! Several mailboxes in one daemon, the real binary: each has settings of its own, and one that is dead or says nothing
//! holds up no other. `daemon_process.rs` runs the process.

use crate::daemon_process::{ACKNOWLEDGED, Daemon, Engine, Site, Which, until};
use crate::rig::{name_of, rig, support_mailbox};
use dsrd::env::Env;
use jiff::SignedDuration;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Far below the 30 s after which a silent server counts as gone.
const SOON: SignedDuration = SignedDuration::from_secs(10);

fn part(daemon: &Daemon, name: &str) -> (String, String) {
    let answer = daemon.health();
    let body = answer.split_once("\r\n\r\n").map_or("{}", |(_, body)| body);
    let report: Value = serde_json::from_str(body).expect("JSON");
    let part = &report["parts"][format!("mailbox {name}")];
    let word = |key: &str| part[key].as_str().unwrap_or_default().to_owned();
    (word("state"), word("error"))
}

fn mailbox(name: &str, port: u16, user: &str, more: &str) -> String {
    format!(
        "[mailbox.{name}]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{user}\"\n\
         password_file = \"password\"\naddress = [\"{user}\"]\nsince = \"2020-01-01T00:00:00Z\"\n{more}\n"
    )
}

/// Puts a mail into a folder that is made for it.
fn appends(user: &str, folder: &str, mail: &str) {
    let mut line = TcpStream::connect(("127.0.0.1", rig().imap_port)).expect("connects");
    let (password, size) = (&rig().password, mail.len());
    write!(line, "a LOGIN {user} {password}\r\nb CREATE {folder}\r\nc APPEND {folder} {{{size}+}}\r\n{mail}\r\nd LOGOUT\r\n")
        .expect("says");
    let mut heard = String::new();
    line.read_to_string(&mut heard).expect("hears");
    assert!(heard.contains("c OK"), "{heard}");
}

async fn a_dead_and_a_silent_mailbox_hold_up_no_other(engine: Engine) {
    let site = Site::new(engine, rig().smtp_port).await;
    let dead = TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("address").port();
    // The host accepts for us; nobody ever says a word.
    let silent = TcpListener::bind("127.0.0.1:0").expect("bound");
    let silent_port = silent.local_addr().expect("address").port();
    let (quiet, late) = (support_mailbox("quiet"), support_mailbox("late"));
    let form = format!("Legal basis: Customer request\nScope: account\n{ACKNOWLEDGED}\nin the folder\n");
    let head =
        format!("From: {}\nSubject: Data Export Request\nMessage-ID: <1@x.example>\n", site.stranger(1));
    appends(&quiet, "requests", &format!("{head}\n{form}").replace('\n', "\r\n"));
    let settings = "answer = false\nafter = \"keyword\"\nfolder = \"requests\"";
    let more = [
        mailbox("absent", dead, "absent@telco.example", ""),
        mailbox("mute", silent_port, "mute@telco.example", ""),
        mailbox("quiet", rig().imap_port, &quiet, settings),
        mailbox("late", rig().imap_port, &late, "").replace("2020-01-01", "2099-01-01"),
    ];
    site.configure("[outbox]", &format!("{}[outbox]", more.concat()));
    let daemon = Daemon::spawn(&site, Which::First);
    until("the others have worked", async || {
        let good = |name: &str| part(&daemon, name).0 == "good";
        (good("support") && good("quiet") && good("late")).then_some(())
    })
    .await;

    let clock = Env::system();
    let begun = clock.now();
    site.asks(&site.asha(), "+91 98765 43210");
    site.sends(&site.stranger(3), &late, "Data Export Request - Acme Traders", "", &form);
    site.notice(&site.asha(), "We have your request").await;
    let took = clock.now().duration_since(begun);
    assert!(took < SOON, "acknowledged after {took}");

    // Each has settings of its own: the quiet one reads another folder, marks what it handled and answers nobody; what came
    // before its time is listed by the late one, and is no request.
    until("the handled mail is marked", async || {
        let name = name_of(rig(), &format!("{quiet}/.requests"), "in the folder");
        name.split_once(":2,").filter(|(_, flags)| flags.contains('a')).map(drop)
    })
    .await;
    let listed = "SELECT mailbox FROM mails WHERE state = 'listed'";
    until("the late one has listed it", async || (site.column(listed).await == ["late"]).then_some(())).await;
    assert_eq!(site.stages().await.len(), 2);
    assert!(site.inbox(&site.stranger(1)).is_empty() && site.inbox(&site.stranger(3)).is_empty());

    // Health names the ill ones, and them alone.
    assert_eq!(part(&daemon, "absent"), ("never".to_owned(), "connection".to_owned()));
    assert_eq!(part(&daemon, "mute").0, "never");
    for name in ["support", "quiet", "late"] {
        assert_eq!(part(&daemon, name), ("good".to_owned(), String::new()), "{name}");
    }
    assert!(daemon.health().starts_with("HTTP/1.1 503 "), "a monitor is told");
    if engine == Engine::Sqlite {
        until("the silent one is given up", async || (part(&daemon, "mute").1 == "connection").then_some(()))
            .await;
        site.asks(&site.stranger(2), "+91 98765 43210");
        site.notice(&site.stranger(2), "We have your request").await;
    }
    // Nor do they hold up a restart: on PostgreSQL the silent one is being waited for at this moment.
    let (ended, took) = daemon.terminate().await;
    assert!(ended.success() && took < SOON, "{ended:?} after {took}");
    drop(silent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_and_a_silent_mailbox_hold_up_no_other_sqlite() {
    a_dead_and_a_silent_mailbox_hold_up_no_other(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_and_a_silent_mailbox_hold_up_no_other_postgres() {
    a_dead_and_a_silent_mailbox_hold_up_no_other(Engine::Postgres).await;
}
