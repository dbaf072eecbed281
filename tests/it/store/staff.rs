//! Staff and their one-time codes.

use super::{address, meera, on_both, start};
use dsrd::domain::policy::{Staff, StaffRole};
use dsrd::store::{StaffState, Store, StoreError};

async fn add(store: &Store, staff: &Staff, key: &str) {
    let mut tx = store.begin().await.unwrap();
    tx.put_staff(staff, key, start()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn issue(store: &Store, codes: &[(&str, &str)]) {
    let mut tx = store.begin().await.unwrap();
    tx.void_staff_codes(&meera().name, start()).await.unwrap();
    for (id, hash) in codes {
        tx.insert_staff_code(id, &meera().name, hash, start()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn consume(store: &Store, id: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await.unwrap();
    tx.use_staff_code(id, "DSR-0000-0001 staff", start()).await?;
    tx.commit().await
}

#[tokio::test]
async fn staff_are_added_changed_disabled_and_added_again() {
    on_both(async |state| {
        let store = state.open().await;
        add(&store, &meera(), "k1").await;
        let moved = Staff { address: address("meera@new.example"), role: StaffRole::Dpo, ..meera() };
        add(&store, &moved, "k2").await;
        let listed = async || {
            let rows = store.staff().await.unwrap();
            rows.into_iter().map(|row| (row.staff, row.state, row.codes_left)).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, [(moved.clone(), StaffState::Active, 0)]);
        issue(&store, &[("c1", "h1"), ("c2", "h2")]).await;
        assert_eq!(listed().await, [(moved.clone(), StaffState::Active, 2)]);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.disable_staff(&meera().name, start()).await.unwrap(), 1);
        let nobody = dsrd::domain::ids::StaffName::parse("nobody").unwrap();
        assert_eq!(tx.disable_staff(&nobody, start()).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(listed().await, [(moved.clone(), StaffState::Disabled, 0)]);
        add(&store, &moved, "k3").await;
        assert_eq!(listed().await, [(moved, StaffState::Active, 0)], "old codes stay void");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_used_once_and_a_new_list_voids_the_old_one() {
    on_both(async |state| {
        let store = state.open().await;
        add(&store, &meera(), "k1").await;
        issue(&store, &[("c1", "h1"), ("c2", "h2")]).await;
        consume(&store, "c1").await.unwrap();
        assert!(matches!(consume(&store, "c1").await, Err(StoreError::Conflict(_))));
        assert!(matches!(consume(&store, "c9").await, Err(StoreError::Conflict(_))));
        assert_eq!(store.unused_codes(&meera().name).await.unwrap(), [("c2".to_owned(), "h2".to_owned())]);
        issue(&store, &[("c3", "h3")]).await;
        assert!(matches!(consume(&store, "c2").await, Err(StoreError::Conflict(_))));
        assert_eq!(store.unused_codes(&meera().name).await.unwrap(), [("c3".to_owned(), "h3".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_was_not_committed_is_not_used() {
    on_both(async |state| {
        let store = state.open().await;
        add(&store, &meera(), "k1").await;
        issue(&store, &[("c1", "h1")]).await;
        let mut tx = store.begin().await.unwrap();
        tx.use_staff_code("c1", "x", start()).await.unwrap();
        drop(tx);
        consume(&store, "c1").await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_code_at_once_exactly_one_wins() {
    on_both(async |state| {
        let store = state.open().await;
        add(&store, &meera(), "k1").await;
        issue(&store, &[("c1", "h1")]).await;
        let tries = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { consume(&store, "c1").await })
        });
        let results = futures::future::join_all(tries).await;
        let (mut won, mut lost) = (0, 0);
        for result in results {
            match result.unwrap() {
                Ok(()) => won += 1,
                Err(StoreError::Conflict(_)) => lost += 1,
                Err(other) => panic!("{:?}: {other}", state.engine),
            }
        }
        assert_eq!((won, lost), (1, 7), "{:?}", state.engine);
    })
    .await;
}
