//! Opening the state: the schema, the durability settings, the master key.

use super::{KEY, OTHER_KEY, State, blamed, on_both, recorded, reference};
use dsrd::store::{Engine, StoreError};

#[tokio::test]
async fn a_state_opens_again_and_migrates_once() {
    on_both(async |state| {
        let store = state.open().await;
        assert_eq!(store.engine(), state.engine);
        recorded(&store, 1).await;
        store.close().await;
        let again = state.open().await;
        again.ping().await.unwrap();
        assert!(again.request(&reference(1)).await.unwrap().is_some());
        assert_eq!(state.numbers("SELECT COUNT(*) FROM _sqlx_migrations").await, [5]);
    })
    .await;
}

#[tokio::test]
async fn a_state_of_a_later_version_is_not_touched() {
    on_both(async |state| {
        state.open().await.close().await;
        state.raw("UPDATE _sqlx_migrations SET version = 99 WHERE version = 4").await.unwrap();
        assert!(matches!(state.try_open(KEY).await, Err(StoreError::Migrate(_))));
    })
    .await;
}

#[tokio::test]
async fn sqlite_writes_ahead_and_a_state_that_cannot_is_refused() {
    let state = State::new(Engine::Sqlite);
    let store = state.open().await;
    recorded(&store, 1).await;
    assert!(state.files().iter().any(|file| file.ends_with("state.db-wal")), "{:?}", state.files());
    let fleeting = State { url: "sqlite://nowhere?mode=memory".to_owned(), ..State::new(Engine::Sqlite) };
    match fleeting.try_open(KEY).await {
        Err(StoreError::Unsafe(problem)) => assert!(problem.contains("journal_mode is memory"), "{problem}"),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_postgresql_that_may_lose_commits_is_refused() {
    let state = State::new(Engine::Postgres);
    let (_, database) = state.url.rsplit_once('/').unwrap();
    state.raw(&format!("ALTER DATABASE {database} SET synchronous_commit = off")).await.unwrap();
    match state.try_open(KEY).await {
        Err(StoreError::Unsafe(problem)) => {
            assert!(problem.contains("synchronous_commit is off"), "{problem}");
        }
        other => panic!("{:?}", other.err()),
    }
    state.raw(&format!("ALTER DATABASE {database} SET synchronous_commit = local")).await.unwrap();
    state.open().await;
}

#[tokio::test]
async fn only_two_engines_are_known() {
    for url in ["mysql://x/y", "state.db", ""] {
        let state = State { url: url.to_owned(), ..State::new(Engine::Sqlite) };
        assert!(matches!(state.try_open(KEY).await, Err(StoreError::Url(named)) if named == url));
    }
}

#[tokio::test]
async fn another_master_key_is_found_out_before_anything_is_written() {
    on_both(async |state| {
        let store = state.open().await;
        store.check_master_key().await.unwrap();
        recorded(&store, 1).await;
        store.check_master_key().await.unwrap();
        store.close().await;
        let other = state.try_open(OTHER_KEY).await.unwrap();
        match other.check_master_key().await {
            Err(StoreError::Unsafe(problem)) => assert!(problem.contains("master key"), "{problem}"),
            other => panic!("{other:?}"),
        }
        let read = other.request(&reference(1)).await;
        assert_eq!(blamed(read).0, "data_keys");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_was_shredded_takes_its_data_with_it() {
    on_both(async |state| {
        let store = state.open().await;
        let mut tx = store.begin().await.unwrap();
        tx.new_sealer("lone", super::start()).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        state.raw("DELETE FROM data_keys WHERE id = 'lone'").await.unwrap();
        let (table, _, row) = blamed(state.open().await.sealer("lone").await);
        assert_eq!((table.as_str(), row.as_str()), ("data_keys", "lone"));
        // A key that is still needed cannot be shredded by mistake.
        recorded(&state.open().await, 1).await;
        assert!(state.raw("DELETE FROM data_keys").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_wrapped_key_opens_in_its_own_row_only() {
    on_both(async |state| {
        let store = state.open().await;
        recorded(&store, 1).await;
        recorded(&store, 2).await;
        store.close().await;
        let moved = "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys AS other WHERE other.id <> data_keys.id)";
        assert_eq!(state.raw(moved).await.unwrap(), 2);
        let read = state.open().await.request(&reference(1)).await;
        assert_eq!(blamed(read).1, "wrapped");
    })
    .await;
}
