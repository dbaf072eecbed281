//! Jobs: leased, fenced, never done by two.

use super::{State, on_both, recorded, reference, seconds, start};
use dsrd::domain::job::JobKind;
use dsrd::domain::left::Rows;
use dsrd::store::{ERASE_BEGUN, Engine, JobRow, Lease, Store, StoreError, Tick};
use jiff::Timestamp;

/// A lease lasts 20 seconds (decision 24).
const LEASE_S: i64 = 20;

async fn queued(store: &Store, jobs: &[(&str, i64)]) {
    recorded(store, 1).await;
    let mut tx = store.begin().await.unwrap();
    for (id, run_at) in jobs {
        tx.insert_jobs(&[((*id).to_owned(), &reference(1), JobKind::Export)], start() + seconds(*run_at))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, owner: &str, at: i64) -> Option<JobRow> {
    let mut tx = store.begin().await.unwrap();
    let job = tx
        .claim_job(owner, Tick { now: start() + seconds(at), server: start() + seconds(at) })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    job
}

async fn finish(store: &Store, lease: &Lease, at: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.begin().await.unwrap();
    tx.finish_job(lease, at).await?;
    tx.commit().await
}

#[tokio::test]
async fn jobs_are_claimed_in_their_order_once_each() {
    on_both(async |state| {
        let store = state.open().await;
        assert!(claim(&store, "a", 0).await.is_none());
        queued(&store, &[("late", 60), ("second", 2), ("first", 1)]).await;
        assert!(claim(&store, "a", 0).await.is_none(), "none is due yet");
        let first = claim(&store, "a", 5).await.expect("due");
        assert_eq!((first.lease.job.as_str(), first.lease.epoch, first.attempts), ("first", 1, 1));
        assert_eq!((&first.reference, first.kind), (&reference(1), JobKind::Export));
        assert_eq!(claim(&store, "b", 5).await.expect("due").lease.job, "second");
        assert!(claim(&store, "b", 5).await.is_none());
        assert_eq!(store.open_jobs().await.unwrap(), 3);
        finish(&store, &first.lease, start()).await.unwrap();
        assert_eq!(store.open_jobs().await.unwrap(), 2);
        assert!(finish(&store, &first.lease, start()).await.is_err(), "done once");
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing_any_more() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let stale = claim(&store, "a", 0).await.expect("due").lease;
        assert!(claim(&store, "b", LEASE_S).await.is_none(), "still leased");
        let taken = claim(&store, "b", LEASE_S + 1).await.expect("the lease is over");
        assert_eq!((taken.lease.epoch, taken.attempts), (2, 2));

        let late = start() + seconds(LEASE_S + 2);
        assert!(matches!(finish(&store, &stale, late).await, Err(StoreError::Lost(_))));
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.postpone_job(&stale, "x", late).await, Err(StoreError::Lost(_))));
        assert!(matches!(
            tx.record_step(&stale, "export calls", "rows=1", late).await,
            Err(StoreError::Lost(_))
        ));
        tx.commit().await.unwrap();
        assert!(store.steps_of(&reference(1)).await.unwrap().is_empty());
        finish(&store, &taken.lease, late).await.unwrap();
    })
    .await;
}

/// Decision 24: whose lease is over is said by the one clock that all daemons of a state share.
#[tokio::test]
async fn a_daemon_whose_clock_is_wrong_takes_nobodys_lease() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let server = store.server_time().await.unwrap();
        let of = async |owner: &str, ahead: i64| {
            let mut tx = store.begin().await.unwrap();
            let tick = Tick { now: start() + seconds(ahead), server: store.server_time().await.unwrap() };
            let job = tx.claim_job(owner, tick).await.unwrap();
            tx.commit().await.unwrap();
            job
        };
        let held = of("a", 0).await.expect("due").lease;
        let a_year = 366 * 24 * 3_600;
        assert!(of("b", a_year).await.is_none(), "ahead by a year");
        assert!(of("b", -a_year).await.is_none(), "behind by one");
        finish(&store, &held, start()).await.unwrap();
        let later = store.server_time().await.unwrap();
        assert!(later >= server && later < server + seconds(60), "the clock of a database runs");
    })
    .await;
}

#[tokio::test]
async fn what_else_a_stale_worker_wrote_goes_with_its_transaction() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let stale = claim(&store, "a", 0).await.expect("due").lease;
        claim(&store, "b", LEASE_S + 1).await.expect("the lease is over");
        let mut tx = store.begin().await.unwrap();
        tx.insert_jobs(&[("follow-up".to_owned(), &reference(1), JobKind::Plan)], start()).await.unwrap();
        assert!(tx.finish_job(&stale, start()).await.is_err());
        drop(tx);
        assert_eq!(store.open_jobs().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease_of_its_own_worker_only() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j1", 0), ("j2", 0)]).await;
        claim(&store, "a", 0).await.expect("due");
        claim(&store, "b", 0).await.expect("due");
        let mut tx = store.begin().await.unwrap();
        tx.heartbeat("a", start() + seconds(15)).await.unwrap();
        tx.commit().await.unwrap();
        let taken = claim(&store, "c", LEASE_S + 1).await.expect("b is gone");
        assert_eq!(taken.lease.job, "j2");
        assert!(claim(&store, "c", LEASE_S + 1).await.is_none(), "a lives");
        assert_eq!(claim(&store, "d", 15 + LEASE_S + 1).await.expect("a is gone too").lease.job, "j1");
    })
    .await;
}

#[tokio::test]
async fn a_postponed_job_comes_back_at_its_time_with_its_attempts() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let lease = claim(&store, "a", 0).await.expect("due").lease;
        let mut tx = store.begin().await.unwrap();
        tx.postpone_job(&lease, "crm does not answer", start() + seconds(30)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(claim(&store, "a", 29).await.is_none());
        assert_eq!(claim(&store, "a", 30).await.expect("due").attempts, 2);
    })
    .await;
}

#[tokio::test]
async fn a_step_stands_as_it_was_first_recorded() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let lease = claim(&store, "a", 0).await.expect("due").lease;
        let mut tx = store.begin().await.unwrap();
        tx.record_step(&lease, "export calls", "rows=1", start()).await.unwrap();
        tx.record_step(&lease, "export calls", "rows=2", start() + seconds(1)).await.unwrap();
        tx.record_step(&lease, "export bills", "rows=3", start() + seconds(1)).await.unwrap();
        tx.commit().await.unwrap();
        let steps = store.steps_of(&reference(1)).await.unwrap();
        let steps: Vec<(&str, &str)> =
            steps.iter().map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
        assert_eq!(steps, [("export calls", "rows=1"), ("export bills", "rows=3")]);
    })
    .await;
}

#[tokio::test]
async fn a_deletion_can_be_stopped_until_it_has_begun() {
    on_both(async |state| {
        let store = state.open().await;
        recorded(&store, 1).await;
        let queue = async |id: &str| {
            let mut tx = store.begin().await.unwrap();
            tx.insert_jobs(&[(id.to_owned(), &reference(1), JobKind::Erase)], start()).await.unwrap();
            tx.commit().await.unwrap();
            claim(&store, "a", 0).await.expect("due").lease
        };
        let begin = async |lease: &Lease| {
            let mut tx = store.begin().await.unwrap();
            tx.hold_job(lease).await?;
            tx.record_step(lease, ERASE_BEGUN, "p1", start()).await?;
            tx.commit().await
        };
        let stop = async |expected: Rows| {
            let mut tx = store.begin().await.unwrap();
            tx.hold_deletion(&reference(1), expected).await?;
            tx.abandon_jobs(&reference(1), start()).await?;
            tx.commit().await
        };
        let rows = async || store.left(&reference(1)).await.unwrap().rows;
        let first = queue("first").await;
        assert_eq!(rows().await, Rows::Untouched);
        begin(&first).await.unwrap();
        assert_eq!(rows().await, Rows::Going);
        assert!(matches!(stop(Rows::Untouched).await, Err(StoreError::Conflict(_))), "it began meanwhile");
        finish(&store, &first, start()).await.unwrap();
        assert_eq!(rows().await, Rows::Gone);

        let second = queue("second").await;
        assert_eq!(rows().await, Rows::Gone, "this one has touched nothing yet");
        stop(Rows::Gone).await.unwrap();
        assert!(matches!(begin(&second).await, Err(StoreError::Lost(_))), "it was stopped meanwhile");
    })
    .await;
}

#[tokio::test]
async fn at_its_start_the_only_daemon_takes_everything_back_and_one_of_several_does_not() {
    on_both(async |state| {
        let store = state.open().await;
        queued(&store, &[("j", 0)]).await;
        let lease = claim(&store, "a", 0).await.expect("due").lease;
        let mut tx = store.begin().await.unwrap();
        tx.release_leases().await.unwrap();
        tx.commit().await.unwrap();
        let taken = claim(&store, "b", 1).await;
        match state.engine {
            Engine::Sqlite => assert_eq!(taken.expect("free").lease.epoch, lease.epoch + 1),
            Engine::Postgres => assert!(taken.is_none(), "another daemon may be at it"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_share_the_jobs_and_none_is_done_twice() {
    on_both(async |state: &State| {
        let store = state.open().await;
        let ids: Vec<String> = (0..12).map(|number| format!("j{number:02}")).collect();
        queued(&store, &ids.iter().map(|id| (id.as_str(), 0)).collect::<Vec<_>>()).await;
        let workers = (0..4).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(job) = claim(&store, &format!("w{number}"), 0).await {
                    finish(&store, &job.lease, start()).await.unwrap();
                    done.push(job.lease.job);
                }
                done
            })
        });
        let done = futures::future::join_all(workers).await;
        let mut done: Vec<String> = done.into_iter().flat_map(Result::unwrap).collect();
        done.sort();
        assert_eq!(done, ids, "{:?}", state.engine);
    })
    .await;
}
