//! The IMAP mailbox against servers that lie, stall, cut and refuse.

use crate::scripted::Scripted;
use dsrd::mailbox::imap::{Idle, ImapMailbox, ImapSettings, Limits};
use dsrd::mailbox::{After, Content, Continuity, Cursor, Entry, Listing, MailId, Mailbox, MailboxError};
use dsrd::net::{Login, NetError, Secret, Tls};
use std::time::Duration;

const LOGIN: &str = r#"
    S: * OK ready
    C: P1 CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: P1 OK
    C: LOGIN "support" "secret"
    S: {tag} OK [CAPABILITY IMAP4rev1  IDLE] in
    C: CAPABILITY
    S: * CAPABILITY IMAP4rev1  IDLE MOVE 
    S: {tag} OK
"#;

fn opened(verb: &str, exists: u32, validity: &str, uid_next: &str) -> String {
    format!(
        "{LOGIN}
        C: {verb} \"INBOX\"
        S: * FLAGS (\\Seen)
        S: * OK [PERMANENTFLAGS (\\Seen \\*)] ok
        S: * {exists} EXISTS
        {validity}
        {uid_next}
        S: {{tag}} OK open"
    )
}

fn examined(exists: u32) -> String {
    opened("EXAMINE", exists, "S: * OK [UIDVALIDITY 9] ok", "S: * OK [UIDNEXT 8] ok")
}

fn listed(uid: u32) -> String {
    format!("S: * 1 FETCH (UID {uid} RFC822.SIZE 3 INTERNALDATE \"17-Jul-2026 02:44:25 +0000\")")
}

fn settings(server: &Scripted, tls: Tls, after: After) -> ImapSettings {
    ImapSettings {
        endpoint: server.endpoint(tls),
        login: Login::Password { user: "support".to_owned(), password: Secret::new("secret".to_owned()) },
        folder: "INBOX".to_owned(),
        after,
        idle: Idle::Offered,
        limits: Limits {
            command_max: Duration::from_secs(20),
            quiet_max: Duration::from_secs(20),
            idle_renew: Duration::from_millis(50),
            idle_done_max: Duration::from_millis(200),
            mail_bytes_max: 1000,
        },
    }
}

async fn mailbox(after: After, script: String) -> (ImapMailbox, Scripted) {
    let server = Scripted::start(vec![script]).await;
    (ImapMailbox::new(settings(&server, Tls::None, after)), server)
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.entries.iter().map(|entry| entry.id.0.as_str()).collect()
}

fn entry(id: &str, size_bytes: u64) -> Entry {
    Entry {
        id: MailId(id.to_owned()),
        size_bytes,
        received_at: "2026-07-17T02:44:25Z".parse().expect("time"),
    }
}

#[tokio::test]
async fn a_folder_is_listed_by_windows_and_the_last_mail_is_not_taken_for_a_new_one() {
    let script = format!(
        "{}
        C: UID FETCH 1:2 (UID RFC822.SIZE INTERNALDATE)
        {}
        S: * 1 FETCH (FLAGS (\\Seen))
        {}
        {}
        S: {{tag}} OK
        C: UID FETCH 3:4 (UID RFC822.SIZE INTERNALDATE)
        S: {{tag}} OK
        C: UID FETCH 5:7 (UID RFC822.SIZE INTERNALDATE)
        {}
        S: {{tag}} OK
        C: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)
        {}
        S: {{tag}} OK",
        examined(3),
        listed(2),
        listed(1),
        listed(2),
        listed(7),
        listed(7)
    );
    let (mut mailbox, server) = mailbox(After::Leave, script).await;
    let first = mailbox.list(&Cursor::default(), 2).await.expect("listed");
    assert_eq!((ids(&first), first.has_more), (vec!["9.1", "9.2"], true));
    let second = mailbox.list(&first.cursor_after, 2).await.expect("listed");
    assert_eq!((ids(&second), second.has_more), (vec!["9.7"], false));
    assert_eq!(second.cursor_after, Cursor("9.8".to_owned()));
    server.finished().await;
}

#[tokio::test]
async fn a_refused_fetch_is_an_error_and_not_an_empty_mailbox() {
    for status in ["NO", "BAD"] {
        let script = format!(
            "{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nS: {{tag}} {status} x",
            examined(3)
        );
        let (mut mailbox, server) = mailbox(After::Leave, script).await;
        let error = mailbox.list(&Cursor("9.8".to_owned()), 10).await.expect_err("refused");
        assert!(matches!(error, MailboxError::Refused { status: found, .. } if found == status), "{error}");
        assert!(error.is_transient());
        server.finished().await;
    }
}

#[tokio::test]
async fn a_cursor_that_lost_its_meaning_restarts_the_listing() {
    let validity = "S: * OK [UIDVALIDITY 9] ok";
    let next = "S: * OK [UIDNEXT 2] ok";
    for (cursor, validity, next, restarted) in [
        ("9.2", validity, next, false),
        ("8.2", validity, next, true),
        ("9.5", validity, next, true),
        ("9.2", "", next, true),
        ("9.2", "S: * OK [UIDVALIDITY 0] ok", next, true),
        ("9.2", validity, "", true),
        ("junk", validity, next, true),
    ] {
        let probe =
            if next.is_empty() { "C: UID FETCH * (UID)\nS: * 1 FETCH (UID 1)\nS: {tag} OK" } else { "" };
        let window = if restarted {
            format!("C: UID FETCH 1:1 (UID RFC822.SIZE INTERNALDATE)\n{}\nS: {{tag}} OK", listed(1))
        } else {
            String::new()
        };
        let script = format!(
            "{}\n{probe}\n{window}\nC: UID FETCH 2:* (UID RFC822.SIZE INTERNALDATE)\n{}\nS: {{tag}} OK",
            opened("EXAMINE", 1, validity, next),
            listed(1)
        );
        let (mut mailbox, server) = mailbox(After::Leave, script).await;
        let listing = mailbox.list(&Cursor(cursor.to_owned()), 10).await.expect("listed");
        let found = matches!(listing.continuity, Continuity::Restarted { .. });
        assert_eq!(
            (found, listing.entries.len()),
            (restarted, usize::from(restarted)),
            "{cursor} {validity}"
        );
        server.finished().await;
    }
}

#[tokio::test]
async fn bodies_come_by_uid_and_missing_ones_are_gone_or_owed() {
    let script = format!(
        "{}
        C: UID FETCH 1:4 (UID BODY.PEEK[])
        R: * 2 FETCH (BODY[] {{3}}\\r\\ntwo UID 2)\\r\\n
        S: * 4 FETCH (UID 2 FLAGS (\\Seen))
        S: * 3 FETCH (UID 3 BODY[] NIL)
        R: * 9 FETCH (UID 99 BODY[] {{3}}\\r\\nodd)\\r\\n
        R: * 1 FETCH (UID 1 BODY[] {{3}}\\r\\none)\\r\\n
        R: * 1 FETCH (UID 1 BODY[] {{3}}\\r\\none)\\r\\n
        S: * 4 EXPUNGE
        S: {{tag}} OK
        C: UID FETCH 7 (UID BODY.PEEK[HEADER]<0.262144>)
        R: * 7 FETCH (UID 7 BODY[HEADER]<0> {{4}}\\r\\nhead)\\r\\n
        S: {{tag}} OK
        C: UID FETCH 3:4 (UID)
        S: * 3 FETCH (UID 3)
        S: {{tag}} OK",
        examined(7)
    );
    let (mut mailbox, server) = mailbox(After::Leave, script).await;
    let wanted = [
        entry("9.1", 3),
        entry("9.2", 3),
        entry("9.3", 3),
        entry("9.4", 3),
        entry("9.7", 5000),
        entry("8.1", 3),
    ];
    let fetched = mailbox.fetch(&wanted).await.expect("fetched");
    let found: Vec<(&str, &Content)> =
        fetched.iter().map(|mail| (mail.id.0.as_str(), &mail.content)).collect();
    let large = Content::TooLarge { size: 5000, header: b"head".to_vec() };
    assert_eq!(
        found,
        [
            ("9.1", &Content::Raw(b"one".to_vec())),
            ("9.2", &Content::Raw(b"two".to_vec())),
            ("9.4", &Content::Gone),
            ("9.7", &large),
            ("8.1", &Content::Gone),
        ]
    );
    server.finished().await;
}

#[tokio::test]
async fn one_unreadable_mail_does_not_hold_up_the_rest_of_its_batch() {
    let script = format!(
        "{}
        C: UID FETCH 1:2 (UID BODY.PEEK[])
        S: {{tag}} NO [SERVERBUG] cannot read
        C: UID FETCH 1 (UID BODY.PEEK[])
        S: {{tag}} NO [SERVERBUG] cannot read
        C: UID FETCH 2 (UID BODY.PEEK[])
        R: * 2 FETCH (UID 2 BODY[] {{3}}\\r\\ntwo)\\r\\n
        S: {{tag}} OK
        C: UID FETCH 1 (UID)
        S: * 1 FETCH (UID 1)
        S: {{tag}} OK",
        examined(2)
    );
    let (mut mailbox, server) = mailbox(After::Leave, script).await;
    let fetched = mailbox.fetch(&[entry("9.1", 3), entry("9.2", 3)]).await.expect("fetched");
    assert_eq!(fetched.iter().map(|mail| mail.id.0.as_str()).collect::<Vec<_>>(), ["9.2"]);
    server.finished().await;
}

#[tokio::test]
async fn what_would_harm_the_parser_ends_the_line_and_the_next_call_connects_again() {
    let bomb = format!("S: * 1 FETCH (BODYSTRUCTURE {})", "(".repeat(3000));
    for evil in [
        bomb.as_str(),
        "S: * 1 FETCH (UID 1 BODY[] {4294967296}",
        "S: * 1 FETCH (UID 1 INTERNALDATE NIL)",
        "S: * OK [UIDNEXT 8]\u{e9}",
        "S: * this is no response",
    ] {
        let evil = format!("{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\n{evil}\nH:", examined(3));
        let honest =
            format!("{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nS: {{tag}} OK", examined(3));
        let server = Scripted::start(vec![evil, honest]).await;
        let mut mailbox = ImapMailbox::new(settings(&server, Tls::None, After::Leave));
        let cursor = Cursor("9.8".to_owned());
        let error = mailbox.list(&cursor, 10).await.expect_err("stopped");
        assert!(matches!(error, MailboxError::Malformed { .. }), "{error}");
        mailbox.list(&cursor, 10).await.expect("listed");
        server.finished().await;
    }
}

#[tokio::test]
async fn idle_wakes_on_mail_is_renewed_and_finds_dead_lines() {
    let first = format!("{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nS: {{tag}} OK", examined(3));
    let renewed = "C: IDLE\nS: + idling\nC: DONE\nS: {tag} OK\n";
    for (script, ok) in [
        (
            format!(
                "{renewed}C: IDLE\nS: + idling\nS: * OK still here\nS: * 4 EXISTS\nC: DONE\nS: {{tag}} OK"
            ),
            true,
        ),
        ("C: IDLE\nS: * 4 EXISTS\nS: + idling\nC: DONE\nS: {tag} OK".to_owned(), true),
        ("C: IDLE\nS: + idling\nX:".to_owned(), false),
        ("C: IDLE\nS: + idling\nS: * BYE closing\nX:".to_owned(), false),
        ("C: IDLE\nS: + idling\nC: DONE\nH:".to_owned(), false),
    ] {
        let (mut mailbox, server) = mailbox(After::Leave, format!("{first}\n{script}")).await;
        mailbox.list(&Cursor("9.8".to_owned()), 10).await.expect("listed");
        let waited = mailbox.wait(Duration::from_mins(1)).await;
        assert_eq!(waited.is_ok(), ok, "{script}: {waited:?}");
        drop(mailbox);
        server.finished().await;
    }
}

#[tokio::test]
async fn a_server_that_refuses_idle_is_polled() {
    for refusal in ["BAD unknown", "NO not now"] {
        let script = format!(
            "{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nS: {{tag}} OK\nC: IDLE\nS: {{tag}} {refusal}
            C: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nS: {{tag}} OK",
            examined(3)
        );
        let (mut mailbox, server) = mailbox(After::Leave, script).await;
        let cursor = Cursor("9.8".to_owned());
        mailbox.list(&cursor, 10).await.expect("listed");
        mailbox.wait(Duration::from_millis(10)).await.expect("polled");
        mailbox.wait(Duration::from_millis(10)).await.expect("polled");
        mailbox.list(&cursor, 10).await.expect("listed");
        server.finished().await;
    }
}

#[tokio::test]
async fn mail_announced_behind_an_answer_is_not_slept_over() {
    let script = format!(
        "{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\n{}\nS: * 5 EXISTS\nS: {{tag}} OK",
        examined(3),
        listed(8)
    );
    let (mut mailbox, server) = mailbox(After::Leave, script).await;
    mailbox.list(&Cursor("9.8".to_owned()), 10).await.expect("listed");
    mailbox.wait(Duration::from_mins(1)).await.expect("news");
    server.finished().await;
}

#[tokio::test]
async fn handled_mails_are_marked_or_moved_and_never_expunged() {
    let open = opened("SELECT", 3, "S: * OK [UIDVALIDITY 9] ok", "S: * OK [UIDNEXT 8] ok");
    let done = [MailId("9.3".to_owned()), MailId("9.2".to_owned()), MailId("8.7".to_owned())];
    let moved = || After::Move { folder: "Done".to_owned() };
    let store = "C: UID STORE 2:3 +FLAGS.SILENT ($DsrdDone)\nS: {tag} OK";
    for (after, script) in [
        (After::Keyword, format!("{open}\n{store}")),
        (After::Keyword, open.replace("\\*", "\\Draft")),
        (moved(), format!("{open}\nC: UID MOVE 2:3 \"Done\"\nS: * 3 EXPUNGE\nS: {{tag}} OK")),
        (moved(), format!("{}\n{store}", open.replace(" MOVE ", ""))),
        (
            moved(),
            format!(
                "{open}\nC: UID MOVE 2:3 \"Done\"\nS: {{tag}} NO [TRYCREATE] none\nC: CREATE \"Done\"
                S: {{tag}} OK\nC: UID MOVE 2:3 \"Done\"\nS: {{tag}} OK"
            ),
        ),
    ] {
        let (mut mailbox, server) = mailbox(after, script).await;
        mailbox.finish(&done).await.expect("finished");
        server.finished().await;
    }
}

#[tokio::test]
async fn passwords_are_not_sent_where_they_are_not_wanted_or_not_protected() {
    let disabled =
        "S: * OK hi\nC: P1 CAPABILITY\nS: * CAPABILITY IMAP4rev1  LOGINDISABLED\nS: P1 OK\nH:".to_owned();
    let (mut boxed, server) = mailbox(After::Leave, disabled).await;
    assert!(matches!(boxed.check().await, Err(MailboxError::LoginDisabled { .. })));
    server.finished().await;

    let refused = LOGIN.replace("S: {tag} OK [CAPABILITY IMAP4rev1  IDLE] in", "S: {tag} NO wrong\nH:");
    let (mut boxed, server) = mailbox(After::Leave, refused).await;
    let error = boxed.check().await.expect_err("refused");
    assert!(error.is_login() && !error.is_transient(), "{error}");
    server.finished().await;

    let server = Scripted::start(Vec::new()).await;
    let mut elsewhere = settings(&server, Tls::None, After::Leave);
    elsewhere.endpoint.host = "imap.acme.example".to_owned();
    let error = ImapMailbox::new(elsewhere).check().await.expect_err("refused");
    assert!(matches!(error, MailboxError::Net(NetError::PlainRefused { .. })), "{error}");
}

#[tokio::test]
async fn starttls_protects_the_login_and_injected_answers_break_it() {
    let before = "S: * OK hi\nC: P1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\nS: P1 OK\nC: P2 STARTTLS\n";
    let inside = examined(3).replace("S: * OK ready", "").replace("P1", "P3");
    let noop = "C: NOOP\nS: {tag} OK";
    let server = Scripted::start(vec![
        format!("{before}S: P2 OK go\nT:\n{inside}\n{noop}"),
        format!("{before}R: P2 OK go\\r\\n* CAPABILITY IMAP4rev1\\r\\nP3 OK\\r\\n\nT:"),
        format!("{before}S: P2 NO not now\nH:"),
        "S: * OK hi\nC: P1 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: P1 OK\nH:".to_owned(),
        "S: * PREAUTH welcome\nH:".to_owned(),
    ])
    .await;
    let settings = settings(&server, Tls::StartTls, After::Leave);
    let abilities = ImapMailbox::new(settings.clone()).check().await.expect("checked");
    assert_eq!((abilities.moves, abilities.idle, abilities.keyword, abilities.mails), (true, true, true, 3));
    let mut failed = Vec::new();
    for _ in 0..4 {
        failed.push(ImapMailbox::new(settings.clone()).check().await.expect_err("not protected"));
    }
    assert!(matches!(failed[0], MailboxError::Net(NetError::Handshake { .. })), "{}", failed[0]);
    assert!(matches!(failed[1], MailboxError::Net(NetError::StartTls { .. })), "{}", failed[1]);
    assert!(matches!(failed[2], MailboxError::Net(NetError::StartTls { .. })), "{}", failed[2]);
    assert!(matches!(failed[3], MailboxError::Refused { .. }), "{}", failed[3]);
    server.finished().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = Scripted::start(vec!["T:".to_owned()]).await;
    let mut settings = settings(&server, Tls::Implicit, After::Leave);
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("certificate");
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), other.cert.pem()).expect("written");
    settings.endpoint.ca_file = Some(file.path().to_owned());
    let error = ImapMailbox::new(settings).check().await.expect_err("refused");
    assert!(matches!(error, MailboxError::Net(NetError::Handshake { .. })), "{error}");
    server.finished().await;
}

#[tokio::test]
async fn a_call_abandoned_in_mid_command_costs_the_connection_and_nothing_else() {
    let silent = format!("{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\nH:", examined(3));
    let honest = format!(
        "{}\nC: UID FETCH 8:* (UID RFC822.SIZE INTERNALDATE)\n{}\nS: {{tag}} OK",
        examined(3),
        listed(8)
    );
    let server = Scripted::start(vec![silent, honest]).await;
    let mut mailbox = ImapMailbox::new(settings(&server, Tls::None, After::Leave));
    let cursor = Cursor("9.8".to_owned());
    let abandoned = tokio::time::timeout(Duration::from_millis(300), mailbox.list(&cursor, 10)).await;
    assert!(abandoned.is_err());
    let listing = mailbox.list(&cursor, 10).await.expect("listed");
    assert_eq!(ids(&listing), ["9.8"]);
    server.finished().await;
}
