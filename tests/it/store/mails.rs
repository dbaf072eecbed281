//! Inbound mail in the state: once by name, once by content, and nothing of what is not ours.

use super::{State, on_both, seconds, start};
use dsrd::store::{Attempt, Content, Keep, NewMail, Postponed, Settled, Store};
use std::collections::HashSet;

fn mail<'a>(id: &'a str, mail_id: &'a str, raw: &'a [u8]) -> NewMail<'a> {
    NewMail { id, mailbox: "support", mail_id, received_at: start(), sha256: mail_id, raw }
}

async fn store_mails(store: &Store, mails: Vec<NewMail<'_>>) {
    let mut tx = store.begin().await.unwrap();
    for mail in mails {
        tx.insert_mails(&[mail], start()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn settle(store: &Store, id: &str, state: &'static str, keep_raw: Keep) {
    let mut tx = store.begin().await.unwrap();
    let fingerprint = format!("print of {id}");
    tx.settle_mails(&[Settled {
        id,
        state,
        class: "other",
        reason: "test",
        reference: None,
        fingerprint: Some(&fingerprint),
        keep_raw,
    }])
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn set(of: &[&str]) -> HashSet<String> {
    names(of).into_iter().collect()
}

async fn keys(state: &State) -> i64 {
    state.numbers("SELECT COUNT(*) FROM data_keys").await[0]
}

#[tokio::test]
async fn a_mail_is_stored_once_by_its_name_in_the_mailbox() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "a", b"first"), mail("2", "a", b"again")]).await;
        store_mails(&store, vec![mail("3", "a", b"and again")]).await;
        let elsewhere = NewMail { mailbox: "privacy", ..mail("4", "a", b"elsewhere") };
        store_mails(&store, vec![elsewhere]).await;
        let waiting = store.waiting_mails("support", 10, start() + seconds(99)).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].id.as_str(), waiting[0].raw.as_slice()), ("1", b"first".as_slice()));
        assert_eq!(store.waiting_mails("privacy", 10, start() + seconds(99)).await.unwrap().len(), 1);
        assert_eq!(keys(state).await, 2, "no key is left of what was not stored");
        let known = store.known_mails("support", &names(&["a", "b"])).await.unwrap();
        assert_eq!(known, set(&["a"]));
        assert_eq!(store.known_mails("support", &[]).await.unwrap(), set(&[]));
    })
    .await;
}

#[tokio::test]
async fn mails_wait_in_the_order_in_which_they_were_stored() {
    on_both(async |state| {
        let store = state.open().await;
        let raw: Vec<u8> = (0..=255).collect();
        for (late, id) in [(2, "1"), (1, "2"), (0, "3")] {
            let mut tx = store.begin().await.unwrap();
            tx.insert_mails(&[mail(id, id, &raw)], start() + seconds(late)).await.unwrap();
            tx.commit().await.unwrap();
        }
        let waiting = store.waiting_mails("support", 2, start() + seconds(99)).await.unwrap();
        assert_eq!(waiting.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["3", "2"]);
        assert!(waiting.iter().all(|row| row.raw == raw && row.received_at == start() && row.attempts == 1));
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_waits_and_its_reading_counts_no_attempt() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "a", b"waits"), mail("2", "b", b"goes on")]).await;
        assert_eq!(store.next_judging("support").await.unwrap(), None);
        let until = start() + seconds(60);
        let mut tx = store.begin().await.unwrap();
        tx.count_attempt(&names(&["1"]), Attempt::Begins).await.unwrap();
        tx.postpone_mails(&[Postponed { id: "1".to_owned(), until }]).await.unwrap();
        tx.commit().await.unwrap();
        let ids = async |after| {
            let rows = store.waiting_mails("support", 10, start() + seconds(after)).await.unwrap();
            rows.into_iter().map(|row| (row.id, row.attempts, row.judged)).collect::<Vec<_>>()
        };
        let row = |id: &str, judged| (id.to_owned(), 1, judged);
        assert_eq!(ids(59).await, [row("2", 0)]);
        assert_eq!(ids(60).await, [row("1", 1), row("2", 0)]);
        assert_eq!(store.next_judging("support").await.unwrap(), Some(until));
        assert_eq!(store.next_judging("privacy").await.unwrap(), None);
        settle(&store, "1", "done", Keep::Nothing).await;
        assert_eq!(store.next_judging("support").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_lookup_of_very_many_names_is_answered() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "m7", b"x"), mail("2", "m1499", b"y")]).await;
        let many: Vec<String> = (0..1_500).map(|number| format!("m{number}")).collect();
        assert_eq!(store.known_mails("support", &many).await.unwrap(), set(&["m7", "m1499"]));
    })
    .await;
}

#[tokio::test]
async fn other_peoples_mail_leaves_its_identity_and_no_bytes() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "a", b"private"), mail("2", "b", b"ours")]).await;
        settle(&store, "1", "done", Keep::Nothing).await;
        settle(&store, "2", "done", Keep::Raw).await;
        assert!(store.waiting_mails("support", 10, start() + seconds(99)).await.unwrap().is_empty());
        assert_eq!(
            state.numbers("SELECT COUNT(*) FROM mails WHERE raw IS NULL AND key_id IS NULL").await,
            [1]
        );
        assert_eq!(keys(state).await, 1, "its key is shredded");
        assert_eq!(store.known_mails("support", &names(&["a", "b"])).await.unwrap(), set(&["a", "b"]));
    })
    .await;
}

#[tokio::test]
async fn a_content_counts_as_seen_once_its_mail_was_read() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "a", b"one"), mail("2", "b", b"two")]).await;
        let hashes = names(&["a", "b", "c"]);
        assert_eq!(store.seen_contents(Content::Sha256, &hashes).await.unwrap(), set(&[]));
        settle(&store, "1", "done", Keep::Raw).await;
        assert_eq!(store.seen_contents(Content::Sha256, &hashes).await.unwrap(), set(&["a"]));
        let prints = names(&["print of 1", "print of 2"]);
        assert_eq!(store.seen_contents(Content::Fingerprint, &prints).await.unwrap(), set(&["print of 1"]));
    })
    .await;
}

#[tokio::test]
async fn attempts_are_counted_before_a_mail_is_read() {
    on_both(async |state| {
        let store = state.open().await;
        store_mails(&store, vec![mail("1", "a", b"one"), mail("2", "b", b"two")]).await;
        let mut tx = store.begin().await.unwrap();
        tx.mark_leftover_mails().await.unwrap();
        tx.count_attempt(&names(&["2"]), Attempt::Begins).await.unwrap();
        tx.commit().await.unwrap();
        let attempts = async || {
            let waiting = store.waiting_mails("support", 10, start() + seconds(99)).await.unwrap();
            waiting.iter().map(|row| row.attempts).collect::<Vec<_>>()
        };
        assert_eq!(attempts().await, [2, 3]);
        let mut tx = store.begin().await.unwrap();
        tx.count_attempt(&names(&["2"]), Attempt::Ended).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(attempts().await, [2, 2], "a reading that ended is no sign against the mail");
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_set_aside_at_once() {
    on_both(async |state| {
        let store = state.open().await;
        for _ in 0..2 {
            let mut tx = store.begin().await.unwrap();
            let id = format!("{}", keys(state).await);
            tx.insert_unfetched(mail(&id, "a", b"header"), "too large", start()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(store.waiting_mails("support", 10, start() + seconds(99)).await.unwrap().is_empty());
        assert_eq!(state.numbers("SELECT COUNT(*) FROM mails WHERE state = 'quarantined'").await, [1]);
        assert_eq!(keys(state).await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_place_in_a_mailbox_moves_and_its_beginning_stands() {
    on_both(async |state| {
        let store = state.open().await;
        assert_eq!(store.place("support").await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        tx.set_place("support", "1:5", start()).await.unwrap();
        tx.set_place("support", "1:9", start() + seconds(9)).await.unwrap();
        tx.commit().await.unwrap();
        let place = store.place("support").await.unwrap().expect("set");
        assert_eq!((place.cursor.as_str(), place.since, place.listed), ("1:9", start(), false));
        let mut tx = store.begin().await.unwrap();
        tx.set_listed("support", start()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.place("support").await.unwrap().expect("set").listed);
        store_mails(&store, vec![mail("1", "a", b"old")]).await;
        settle(&store, "1", "listed", Keep::Raw).await;
        assert_eq!(store.listed_mails("support").await.unwrap(), 1);
    })
    .await;
}
