//! Outgoing mail: frozen, claimed, settled once, and found again by its thread token.

use super::{address, meera, on_both, recorded, reference, seconds, start};
use dsrd::domain::address::Address;
use dsrd::domain::left::{Far, Left};
use dsrd::domain::notice::{Audience, NoticeKind};
use dsrd::store::{NewParcel, OutboxRow, Settlement, Store, StoreError, Thread, Tick};

const LEASE_S: i64 = 20;

/// A mail to the customer with a name for its row and its token.
fn parcel<'a>(id: &'a str, to: &'a Address, bytes: &'a [u8]) -> NewParcel<'a> {
    NewParcel {
        id,
        reference: None,
        notice: NoticeKind::Acknowledgement,
        audience: Audience::Customer,
        staff: None,
        plan_hash: None,
        token_hash: id,
        envelope_from: None,
        to,
        bytes,
        sha256: "s",
        next_at: start(),
        expires_at: start() + seconds(3_600),
    }
}

async fn queue(store: &Store, parcels: Vec<NewParcel<'_>>) {
    let sealer = match store.request(&reference(1)).await.unwrap() {
        Some(row) => row.sealer,
        None => recorded(store, 1).await.sealer,
    };
    let mut tx = store.begin().await.unwrap();
    for parcel in parcels {
        tx.insert_parcels(&[(parcel, &sealer)], start()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, owner: &str, at: i64) -> Vec<OutboxRow> {
    let mut tx = store.begin().await.unwrap();
    let claims = tx
        .claim_parcels(owner, Tick { now: start() + seconds(at), server: start() + seconds(at) }, 10)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.open_parcels(claims).await.unwrap()
}

async fn settle(store: &Store, row: &OutboxRow, settlement: &Settlement<'_>) -> Result<(), StoreError> {
    let mut tx = store.begin().await.unwrap();
    let held = tx.settle_parcels(&[row], settlement, start()).await?;
    if held.is_empty() {
        return Err(StoreError::Conflict(row.id.clone()));
    }
    tx.commit().await
}

#[tokio::test]
async fn a_mail_leaves_with_the_very_bytes_that_were_queued() {
    on_both(async |state| {
        let store = state.open().await;
        let (to, from) = (address("asha@acme.example"), address("desk@support.example"));
        // Line ends, bytes that are no text, and nothing at all.
        let mails: [&[u8]; 3] = [b"Subject: x\r\n\r\n\n\nbody\n", &[0, 10, 255, 10], b""];
        for (id, bytes) in ["1", "2", "3"].iter().zip(mails) {
            queue(&store, vec![NewParcel { envelope_from: Some(&from), ..parcel(id, &to, bytes) }]).await;
        }
        let rows = claim(&store, "a", 0).await;
        for (row, bytes) in rows.iter().zip(mails) {
            assert_eq!(row.bytes, bytes);
            assert_eq!((&row.to, row.envelope_from.as_ref()), (&to, Some(&from)));
            assert_eq!((row.epoch, row.attempts, row.doubts), (1, 1, 0));
            assert_eq!((row.notice, row.audience), (NoticeKind::Acknowledgement, Audience::Customer));
            assert_eq!(row.expires_at, start() + seconds(3_600));
        }
        assert_eq!(rows.len(), 3);
        assert!(claim(&store, "b", 0).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_back_is_never_sent_and_what_had_left_is_known() {
    on_both(async |state| {
        let store = state.open().await;
        let (to, about) = (address("asha@acme.example"), reference(1));
        let about = |id, notice| NewParcel { reference: Some(&about), notice, ..parcel(id, &to, b"mail") };
        let take_back = async |expected: Left| {
            let mut tx = store.begin().await.unwrap();
            tx.take_back(&reference(1), expected, start()).await?;
            tx.commit().await
        };
        queue(&store, vec![about("1", NoticeKind::CompletedExport), about("2", NoticeKind::Status)]).await;
        let left = |package, passphrase| Left { package, passphrase, ..Left::default() };
        assert_eq!(store.left(&reference(1)).await.unwrap(), Left::default());
        let rows = claim(&store, "a", 0).await;
        assert_eq!(store.left(&reference(1)).await.unwrap(), left(Far::Perhaps, Far::No));
        assert_eq!(store.still_claimed(&rows).await.unwrap().len(), 2);
        // Decided while it was still thought to wait: decided anew.
        assert!(matches!(take_back(Left::default()).await, Err(StoreError::Conflict(_))));
        take_back(left(Far::Perhaps, Far::No)).await.unwrap();
        assert_eq!(store.still_claimed(&rows).await.unwrap().into_iter().collect::<Vec<_>>(), ["2"]);
        let later = Settlement::Deferred("451 later", start());
        assert!(settle(&store, &rows[0], &later).await.is_err(), "the courier has lost it");
        settle(&store, &rows[1], &later).await.unwrap();
        let again: Vec<_> = claim(&store, "b", 9_999).await.into_iter().map(|row| row.id).collect();
        assert_eq!(again, ["2"], "a status is no secret");
        assert_eq!(
            store.left(&reference(1)).await.unwrap(),
            left(Far::Perhaps, Far::No),
            "and stays in doubt"
        );
        assert_eq!(state.numbers("SELECT COUNT(*) FROM outbox WHERE parcel IS NULL").await, [1]);
    })
    .await;
}

#[tokio::test]
async fn what_becomes_of_a_mail_decides_whether_it_is_sent_again() {
    on_both(async |state| {
        let store = state.open().await;
        let to = address("asha@acme.example");
        queue(&store, ["1", "2", "3", "4"].iter().map(|id| parcel(id, &to, b"mail")).collect()).await;
        let rows = claim(&store, "a", 0).await;
        let later = start() + seconds(60);
        settle(&store, &rows[0], &Settlement::Accepted("250 ok")).await.unwrap();
        settle(&store, &rows[1], &Settlement::Failed("550 no")).await.unwrap();
        settle(&store, &rows[2], &Settlement::Deferred("451 later", later)).await.unwrap();
        settle(&store, &rows[3], &Settlement::Uncertain("cut", later)).await.unwrap();
        assert_eq!(store.outbox_backlog().await.unwrap(), (2, Some(start())));
        assert_eq!(store.next_parcel_at().await.unwrap(), Some(later));
        assert_eq!(state.numbers("SELECT COUNT(*) FROM outbox WHERE parcel IS NULL").await, [2]);
        assert!(claim(&store, "a", 59).await.is_empty());
        let again = claim(&store, "a", 60).await;
        let facts: Vec<_> = again.iter().map(|row| (row.id.as_str(), row.attempts, row.doubts)).collect();
        assert_eq!(facts, [("3", 2, 0), ("4", 2, 1)]);
        assert!(again.iter().all(|row| row.bytes == b"mail"), "the same mail again");
        for row in &again {
            settle(&store, row, &Settlement::Accepted("250 ok")).await.unwrap();
        }
        assert_eq!(store.outbox_backlog().await.unwrap(), (0, None));
        assert_eq!(store.next_parcel_at().await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_mail_of_a_lost_worker_is_sent_by_the_next_and_settled_by_them_alone() {
    on_both(async |state| {
        let store = state.open().await;
        let to = address("asha@acme.example");
        queue(&store, vec![parcel("1", &to, b"mail")]).await;
        let stale = claim(&store, "a", 0).await.remove(0);
        assert!(claim(&store, "b", LEASE_S).await.is_empty());
        let taken = claim(&store, "b", LEASE_S + 1).await.remove(0);
        assert_eq!((taken.epoch, &taken.bytes), (2, &stale.bytes));
        let later = start() + seconds(60);
        for settlement in [
            Settlement::Accepted("250"),
            Settlement::Failed("550"),
            Settlement::Deferred("451", later),
            Settlement::Uncertain("cut", later),
        ] {
            assert!(matches!(settle(&store, &stale, &settlement).await, Err(StoreError::Conflict(_))));
        }
        settle(&store, &taken, &Settlement::Accepted("250")).await.unwrap();
        assert!(settle(&store, &taken, &Settlement::Failed("550")).await.is_err(), "settled once");
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_keeps_mails_too() {
    on_both(async |state| {
        let store = state.open().await;
        let to = address("asha@acme.example");
        queue(&store, vec![parcel("1", &to, b"mail")]).await;
        claim(&store, "a", 0).await;
        let mut tx = store.begin().await.unwrap();
        tx.heartbeat("a", start() + seconds(15)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(claim(&store, "b", LEASE_S + 1).await.is_empty());
        assert_eq!(claim(&store, "b", 15 + LEASE_S + 1).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_finds_what_its_mail_was_about_long_after_it_left() {
    on_both(async |state| {
        let store = state.open().await;
        let (to, about) = (address("meera@desk.example"), reference(1));
        let staff = meera().name;
        let asks = NewParcel {
            reference: Some(&about),
            notice: NoticeKind::ApprovalRequest,
            audience: Audience::Staff,
            staff: Some(&staff),
            plan_hash: Some("p1"),
            ..parcel("t1", &to, b"mail")
        };
        let digest = NewParcel { notice: NoticeKind::Digest, ..parcel("t2", &to, b"mail") };
        queue(&store, vec![asks, digest]).await;
        for row in claim(&store, "a", 0).await {
            settle(&store, &row, &Settlement::Accepted("250")).await.unwrap();
        }
        let expected = Thread {
            reference: about,
            notice: NoticeKind::ApprovalRequest,
            staff: Some(staff),
            plan_hash: Some("p1".to_owned()),
        };
        let tokens = ["t0", "t1", "t2"].map(str::to_owned);
        assert_eq!(store.threads(&tokens).await.unwrap(), [("t1".to_owned(), expected)]);
        assert!(store.threads(&[]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_token_is_never_given_twice() {
    on_both(async |state| {
        let store = state.open().await;
        let to = address("asha@acme.example");
        queue(&store, vec![parcel("1", &to, b"mail")]).await;
        let row = store.request(&reference(1)).await.unwrap().expect("there");
        let mut tx = store.begin().await.unwrap();
        let same = NewParcel { token_hash: "1", ..parcel("2", &to, b"mail") };
        assert!(tx.insert_parcels(&[(same, &row.sealer)], start()).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn recent_answers_are_counted_by_recipient() {
    on_both(async |state| {
        let store = state.open().await;
        let (asha, bela) = (address("asha@acme.example"), address("bela@acme.example"));
        let challenge = NewParcel { notice: NoticeKind::Challenge, ..parcel("3", &asha, b"mail") };
        queue(&store, vec![parcel("1", &asha, b"mail"), parcel("2", &bela, b"mail"), challenge]).await;
        let counted = store.answers_since(start()).await.unwrap();
        let mut found: Vec<String> = counted.into_iter().map(|(index, _)| index).collect();
        let mut expected = [&asha, &bela].map(|to| store.keyring().index("address", to.expose()));
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert!(store.answers_since(start() + seconds(1)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_completion_that_was_accepted_before_a_crash_is_found() {
    on_both(async |state| {
        let store = state.open().await;
        let (to, about) = (address("asha@acme.example"), reference(1));
        let mail = NewParcel {
            reference: Some(&about),
            notice: NoticeKind::CompletedExport,
            ..parcel("1", &to, b"mail")
        };
        queue(&store, vec![mail]).await;
        let row = claim(&store, "a", 0).await.remove(0);
        state.raw("UPDATE requests SET stage = 'delivering', subject_index = 's'").await.unwrap();
        let late = start() + seconds(1_000);
        assert_eq!(store.accepted_but_delivering(late).await.unwrap(), []);
        settle(&store, &row, &Settlement::Accepted("250")).await.unwrap();
        let early = start() - seconds(1);
        assert_eq!(store.accepted_but_delivering(early).await.unwrap(), []);
        let delivered = [(about, NoticeKind::CompletedExport)];
        assert_eq!(store.accepted_but_delivering(late).await.unwrap(), delivered);
    })
    .await;
}
