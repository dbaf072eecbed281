//! The audit log: entries and head in one transaction, one log whoever writes.

use super::{on_both, reference, start};
use dsrd::domain::audit::{Action, Actor, AuditFault, Entry, Head, Verifier};
use dsrd::store::{Store, StoreError};
use std::collections::BTreeMap;

fn entry(number: u128) -> Entry {
    Entry {
        at: start(),
        request: Some(reference(number)),
        actor: Actor::Daemon,
        action: Action::NoticeQueued,
        from_stage: None,
        to_stage: None,
        reason: Some("say \"no\"\n\u{1}é".to_owned()),
        evidence: BTreeMap::from([("number".to_owned(), number.to_string())]),
    }
}

async fn append(store: &Store, entries: &[Entry]) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    // In two steps, as a batch of requests does.
    for entry in entries {
        tx.append_audit(std::slice::from_ref(entry)).await?;
    }
    tx.commit().await
}

/// Checks the whole log, page by page.
async fn verify(store: &Store) -> Result<Head, AuditFault> {
    let mut verifier = Verifier::new();
    let mut next = 0;
    loop {
        let page = store.audit_page(next).await.unwrap();
        if page.is_empty() {
            break;
        }
        for row in page {
            verifier.check(row.seq, &row.entry, row.leaf)?;
            next = row.seq + 1;
        }
    }
    verifier.finish(store.audit_head().await.unwrap().expect("a head"))
}

#[tokio::test]
async fn entries_and_head_are_written_together_and_verify() {
    on_both(async |state| {
        let store = state.open().await;
        assert_eq!(store.audit_head().await.unwrap(), None);
        append(&store, &[]).await.unwrap();
        assert_eq!(store.audit_head().await.unwrap(), None);
        append(&store, &[entry(1)]).await.unwrap();
        append(&store, &[entry(2), entry(1), entry(3)]).await.unwrap();
        assert_eq!(verify(&store).await.unwrap().size, 4);
        let of_one: Vec<u64> =
            store.audit_of(&reference(1)).await.unwrap().iter().map(|row| row.seq).collect();
        assert_eq!(of_one, [0, 2]);
        let read = Entry::parse(&store.audit_page(3).await.unwrap()[0].entry).unwrap();
        assert_eq!(read, entry(3));
        store.close().await;
        let store = state.open().await;
        append(&store, &[entry(4)]).await.unwrap();
        assert_eq!(verify(&store).await.unwrap().size, 5, "the log goes on where it was");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_no_trace_in_the_log() {
    on_both(async |state| {
        let store = state.open().await;
        append(&store, &[entry(1)]).await.unwrap();
        let before = verify(&store).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.append_audit(&[entry(2), entry(3)]).await.unwrap();
        drop(tx);
        assert_eq!(verify(&store).await.unwrap(), before);
        append(&store, &[entry(4)]).await.unwrap();
        assert_eq!(verify(&store).await.unwrap().size, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_write_at_once_write_one_log() {
    on_both(async |state| {
        let store = state.open().await;
        // Two daemons, where there can be two.
        let other = state.open().await;
        let writers = (0..6_u128).map(|writer| {
            let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move {
                for number in 0..8 {
                    append(&store, &[entry(writer), entry(number)]).await.unwrap();
                    let mut given_up = store.begin().await.unwrap();
                    given_up.append_audit(&[entry(99)]).await.unwrap();
                    drop(given_up);
                }
            })
        });
        for writer in futures::future::join_all(writers).await {
            writer.unwrap();
        }
        assert_eq!(verify(&store).await.unwrap().size, 96, "{:?}", state.engine);
        assert!(store.audit_of(&reference(99)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_done_to_the_log_past_the_store_is_found() {
    on_both(async |state| {
        let check = async |sql: &str, expected: &str| {
            let state = super::State::new(state.engine);
            let store = state.open().await;
            append(&store, &[entry(0), entry(1), entry(2)]).await.unwrap();
            state.raw(sql).await.unwrap();
            let fault = verify(&store).await.expect_err("tampered").to_string();
            assert!(fault.starts_with(expected), "{sql}: {fault}");
        };
        check(
            "UPDATE audit SET entry = REPLACE(entry, 'daemon', 'demon ') WHERE seq = 1",
            "audit entry 1 was changed",
        )
        .await;
        check("DELETE FROM audit WHERE seq = 1", "audit entry 1 is missing").await;
        check("DELETE FROM audit WHERE seq = 2", "the audit log has 2 entries, but its head says 3").await;
        check(
            "UPDATE audit SET leaf = (SELECT root FROM audit_head) WHERE seq = 0",
            "audit entry 0 was changed",
        )
        .await;
        check("UPDATE audit_head SET size = 2", "the audit log has 3 entries, but its head says 2").await;
    })
    .await;
}

#[tokio::test]
async fn a_long_log_comes_in_pages() {
    on_both(async |state| {
        let store = state.open().await;
        let entries: Vec<Entry> = (0..1_500).map(entry).collect();
        let mut tx = store.begin().await.unwrap();
        tx.append_audit(&entries).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.audit_page(0).await.unwrap().len(), 1_000);
        assert_eq!(store.audit_page(1_400).await.unwrap().len(), 100);
        assert_eq!(verify(&store).await.unwrap().size, 1_500);
    })
    .await;
}
