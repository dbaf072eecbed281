//! Requests in the state: saved by transitions only, one version after the other, and believed only where columns and
//! sealed body agree.

use super::{after, arrival, blamed, on_both, record, recorded, reference, resolved, start};
use dsrd::domain::event::Event;
use dsrd::domain::left::Left;
use dsrd::domain::plan::{Plan, PlannedCategory};
use dsrd::domain::request::{Kind, Outcome, Stage};
use dsrd::domain::verification::Party;
use dsrd::store::{Filter, Store, StoreError};
use jiff::Timestamp;

async fn save(store: &Store, number: u128, event: &Event) {
    let row = store.request(&reference(number)).await.unwrap().expect("saved before");
    let mut tx = store.begin().await.unwrap();
    tx.save(&[(&after(Some(&row.request), event), &row.sealer)]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_request_comes_back_as_it_was_saved_and_counts_its_versions() {
    on_both(async |state| {
        let store = state.open().await;
        assert!(store.request(&reference(1)).await.unwrap().is_none());
        let first = recorded(&store, 1).await.request;
        assert_eq!(first.version, 1);
        let transition = after(None, &Event::Arrived(Box::new(arrival(1))));
        let expected = dsrd::domain::request::Request { version: 1, ..transition.request().clone() };
        assert_eq!(first, expected);
        save(&store, 1, &resolved()).await;
        let second = store.request(&reference(1)).await.unwrap().expect("there").request;
        assert_eq!(second.version, 2);
        assert!(second.subject.is_some());
        store.close().await;
        let third = state.open().await.request(&reference(1)).await.unwrap().expect("there").request;
        assert_eq!(third, second, "also with a key that is read from the state");
    })
    .await;
}

#[tokio::test]
async fn who_decided_on_an_old_version_saves_nothing() {
    on_both(async |state| {
        let store = state.open().await;
        let row = recorded(&store, 1).await;
        save(&store, 1, &resolved()).await;
        let mut tx = store.begin().await.unwrap();
        let stale =
            after(Some(&row.request), &Event::Cancelled { from: Party::Requester, left: Left::default() });
        assert!(matches!(tx.save(&[(&stale, &row.sealer)]).await, Err(StoreError::Conflict(_))));
        drop(tx);
        assert!(store.request(&reference(1)).await.unwrap().expect("there").request.is_open());
        let mut tx = store.begin().await.unwrap();
        let again = after(None, &Event::Arrived(Box::new(arrival(1))));
        let error = tx.save(&[(&again, &row.sealer)]).await.expect_err("a reference is drawn once");
        assert!(error.is_transient(), "another reference may be free: {error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_save_the_same_version_one_wins() {
    on_both(async |state| {
        let store = state.open().await;
        let row = recorded(&store, 1).await;
        let tries = (0..6).map(|_| {
            let (store, row) = (store.clone(), row.clone());
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let saved = tx.save(&[(&after(Some(&row.request), &resolved()), &row.sealer)]).await;
                if saved.is_ok() {
                    tx.commit().await.unwrap();
                }
                saved.is_ok()
            })
        });
        let won =
            futures::future::join_all(tries).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
        assert_eq!(won, 1, "{:?}", state.engine);
        assert_eq!(store.request(&reference(1)).await.unwrap().expect("there").request.version, 2);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    on_both(async |state| {
        let store = state.open().await;
        let mut tx = store.begin().await.unwrap();
        record(&mut tx, arrival(1)).await;
        drop(tx);
        assert!(store.request(&reference(1)).await.unwrap().is_none());
        assert_eq!(state.numbers("SELECT COUNT(*) FROM data_keys").await, [0]);
    })
    .await;
}

#[tokio::test]
async fn a_column_that_disagrees_with_the_sealed_body_is_named() {
    on_both(async |state| {
        let store = state.open().await;
        recorded(&store, 1).await;
        let check = async |set: &str, column: &str| {
            let undo: Vec<i64> = state.numbers("SELECT due_at FROM requests").await;
            state.raw(&format!("UPDATE requests SET {set}")).await.unwrap();
            let id = reference(1).as_str().to_owned();
            let expected = ("requests".to_owned(), column.to_owned(), id);
            assert_eq!(blamed(store.request(&reference(1)).await), expected, "{set}");
            assert_eq!(blamed(store.requests(Filter::All, 10).await), expected, "{set}");
            let good = format!("kind = 'export', stage = 'awaiting-verification', blocker = NULL, outcome = NULL, due_at = {}", undo[0]);
            state.raw(&format!("UPDATE requests SET {good}, wake_at = (SELECT MIN(since) FROM requests) + 1728000000000")).await.unwrap();
        };
        check("kind = 'delete'", "kind").await;
        let wake_at = store.request(&reference(1)).await.unwrap().expect("mended").request.wake_at;
        assert_eq!(wake_at, Some(Timestamp::from_second(start().as_second() + 20 * 86_400).unwrap()));
        check("stage = 'recorded'", "stage").await;
        check("blocker = 'undeliverable'", "blocker").await;
        check("stage = 'closed', outcome = 'expired', wake_at = NULL", "stage").await;
        check("due_at = due_at + 1", "due_at").await;
        check("wake_at = NULL", "wake_at").await;
    })
    .await;
}

#[tokio::test]
async fn a_body_that_was_changed_or_moved_is_not_opened() {
    on_both(async |state| {
        let store = state.open().await;
        recorded(&store, 1).await;
        recorded(&store, 2).await;
        let moved = "UPDATE requests SET key_id = other.key_id, body = other.body FROM requests AS other WHERE other.reference <> requests.reference";
        assert_eq!(state.raw(moved).await.unwrap(), 2);
        let (table, column, row) = blamed(store.request(&reference(1)).await);
        assert_eq!((table.as_str(), column.as_str(), row.as_str()), ("requests", "body", reference(1).as_str()));
    })
    .await;
}

#[tokio::test]
async fn the_register_lists_counts_and_wakes() {
    on_both(async |state| {
        let store = state.open().await;
        for number in 1..=3 {
            recorded(&store, number).await;
        }
        save(&store, 2, &Event::Cancelled { from: Party::Requester, left: Left::default() }).await;
        let listed = async |filter| {
            let rows = store.requests(filter, 10).await.unwrap();
            rows.into_iter().map(|row| row.request.reference).collect::<Vec<_>>()
        };
        assert_eq!(listed(Filter::All).await, [reference(1), reference(2), reference(3)]);
        assert_eq!(listed(Filter::Open).await, [reference(1), reference(3)]);
        assert_eq!(store.requests(Filter::All, 2).await.unwrap().len(), 2);
        let counts = store.requests_by_stage().await.unwrap();
        assert_eq!(counts, [("awaiting-verification".to_owned(), 2), ("closed".to_owned(), 1)]);
        let outcome = store.outcome_of(&reference(2)).await.unwrap();
        assert_eq!(outcome, Some((Outcome::Withdrawn.as_str().to_owned(), None)));
        assert_eq!(store.outcome_of(&reference(1)).await.unwrap(), None);
        let due = start() + super::seconds(20 * 86_400);
        assert!(store.requests_to_wake(due - super::seconds(1), 10).await.unwrap().is_empty());
        let woken = store.requests_to_wake(due, 10).await.unwrap();
        assert_eq!(woken.len(), 2, "the closed one sleeps");
        assert!(woken.iter().all(|row| !matches!(row.request.stage, Stage::Closed { .. })));
    })
    .await;
}

#[tokio::test]
async fn codes_are_open_until_they_are_void() {
    on_both(async |state| {
        let store = state.open().await;
        recorded(&store, 1).await;
        let mut tx = store.begin().await.unwrap();
        let until = start() + super::seconds(86_400);
        tx.insert_code("c1", &reference(1), "h1", (start(), until)).await.unwrap();
        tx.insert_code("c2", &reference(1), "h2", (start(), until)).await.unwrap();
        assert!(tx.insert_code("c3", &reference(2), "h3", (start(), until)).await.is_err(), "of no request");
        drop(tx);
        assert!(store.open_codes(&reference(1)).await.unwrap().is_empty());
        let mut tx = store.begin().await.unwrap();
        tx.insert_code("c1", &reference(1), "h1", (start(), until)).await.unwrap();
        tx.commit().await.unwrap();
        let open = store.open_codes(&reference(1)).await.unwrap();
        assert_eq!((open[0].hash.as_str(), open[0].expires_at), ("h1", until));
        let mut tx = store.begin().await.unwrap();
        tx.void_codes(&reference(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.open_codes(&reference(1)).await.unwrap().is_empty());
    })
    .await;
}

fn plan() -> Plan {
    let planned = PlannedCategory {
        name: "calls".to_owned(),
        title: "Calls".to_owned(),
        count: 2,
        keys: vec!["7".to_owned(), "x'; --".to_owned()],
        keys_sha256: String::new(),
        first: Some(start()),
        last: None,
        kept: Vec::new(),
        days: std::collections::BTreeMap::new(),
        table_rows: None,
    };
    Plan { reference: reference(1), kind: Kind::Export, as_of: start(), categories: vec![planned] }
}

#[tokio::test]
async fn a_plan_is_kept_with_its_keys_under_its_hash() {
    on_both(async |state| {
        let store = state.open().await;
        let row = recorded(&store, 1).await;
        let plan = plan();
        for _ in 0..2 {
            let mut tx = store.begin().await.unwrap();
            tx.insert_plan(&plan, &row.sealer, start()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(store.plan(&reference(1), &plan.hash()).await.unwrap(), Some(plan));
        assert_eq!(store.plan(&reference(1), "another").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_first_passphrase_stays_until_it_is_forgotten() {
    on_both(async |state| {
        let store = state.open().await;
        let row = recorded(&store, 1).await;
        assert_eq!(store.passphrase(&reference(1)).await.unwrap(), None);
        for drawn in ["first", "second"] {
            let mut tx = store.begin().await.unwrap();
            tx.insert_passphrase(&reference(1), drawn, &row.sealer, start()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(store.passphrase(&reference(1)).await.unwrap().as_deref(), Some("first"));
        let mut tx = store.begin().await.unwrap();
        tx.forget_passphrase(&reference(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.passphrase(&reference(1)).await.unwrap(), None);
    })
    .await;
}
