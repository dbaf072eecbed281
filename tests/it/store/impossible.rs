//! Rows that cannot be: the database refuses them, whoever writes them. Each case begins from a row that it takes.

use super::{State, on_both};
use sqlx::error::ErrorKind;

/// The columns of a good row of a table, with their values as SQL.
type Row = Vec<(&'static str, &'static str)>;

fn insert(table: &str, row: &Row, changes: &[(&'static str, &'static str)]) -> String {
    let value = |column: &str, value: &'static str| {
        changes.iter().find(|(name, _)| *name == column).map_or(value, |(_, value)| *value)
    };
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let values: Vec<&str> = row.iter().map(|(column, good)| value(column, good)).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

/// The good row is taken; with any one of the changes it is refused by a CHECK.
async fn bites(state: &State, table: &str, row: Row, changes: &[&[(&'static str, &'static str)]]) {
    for change in changes {
        assert!(change.iter().all(|(name, _)| row.iter().any(|(column, _)| column == name)), "{change:?}");
        match state.raw(&insert(table, &row, change)).await {
            Err(sqlx::Error::Database(refusal)) => {
                assert!(matches!(refusal.kind(), ErrorKind::CheckViolation), "{table} {change:?}: {refusal}");
            }
            other => panic!("{:?} took {table} {change:?}: {other:?}", state.engine),
        }
    }
    let taken = state.raw(&insert(table, &row, &[])).await;
    assert_eq!(taken.unwrap_or_else(|error| panic!("{table}: {error}")), 1);
}

const BYTES: &str = "(SELECT wrapped FROM data_keys WHERE id = 'k')";

async fn ready(state: &State) {
    let store = state.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.new_sealer("k", super::start()).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
}

fn request() -> Row {
    vec![
        ("reference", "'DSR-0000-0001'"),
        ("version", "1"),
        ("kind", "'export'"),
        ("stage", "'recorded'"),
        ("since", "0"),
        ("blocker", "NULL"),
        ("outcome", "NULL"),
        ("ground", "NULL"),
        ("received_at", "0"),
        ("due_at", "0"),
        ("wake_at", "NULL"),
        ("sender_index", "'i'"),
        ("subject_index", "NULL"),
        ("key_id", "'k'"),
        ("body", BYTES),
    ]
}

#[tokio::test]
async fn impossible_requests_are_refused() {
    on_both(async |state| {
        ready(state).await;
        let known = ("subject_index", "'s'");
        bites(
            state,
            "requests",
            request(),
            &[
                &[("version", "0")],
                &[("kind", "'both'")],
                &[("stage", "'thinking'")],
                &[("blocker", "'tired'")],
                &[("outcome", "'completed'")],
                &[("ground", "'legal-hold'")],
                &[("stage", "'closed'")],
                &[("stage", "'closed'"), ("outcome", "'vanished'")],
                &[("stage", "'closed'"), ("outcome", "'refused'")],
                &[("stage", "'closed'"), ("outcome", "'completed'"), ("ground", "'legal-hold'")],
                &[("stage", "'closed'"), ("outcome", "'expired'"), ("wake_at", "5")],
                &[("stage", "'closed'"), ("outcome", "'expired'"), ("blocker", "'undeliverable'")],
                &[("stage", "'awaiting-approval'")],
                &[("stage", "'executing'")],
                &[("stage", "'delivering'")],
                &[("stage", "'executing'"), known, ("kind", "NULL")],
            ],
        )
        .await;
        let refused =
            [("reference", "'r2'"), ("stage", "'closed'"), ("outcome", "'refused'"), ("ground", "'x'")];
        state.raw(&insert("requests", &request(), &refused)).await.unwrap();
        let executing = [("reference", "'r3'"), ("stage", "'executing'"), known];
        state.raw(&insert("requests", &request(), &executing)).await.unwrap();
        let keyless = [("reference", "'r4'"), ("key_id", "'nobody'")];
        assert!(state.raw(&insert("requests", &request(), &keyless)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn impossible_mails_are_refused() {
    on_both(async |state| {
        ready(state).await;
        let mail = vec![
            ("id", "'m'"),
            ("mailbox", "'support'"),
            ("mail_id", "'1'"),
            ("received_at", "0"),
            ("stored_at", "0"),
            ("sha256", "'s'"),
            ("state", "'stored'"),
            ("attempts", "0"),
            ("class", "NULL"),
            ("key_id", "'k'"),
            ("raw", BYTES),
        ];
        bites(
            state,
            "mails",
            mail,
            &[
                &[("state", "'lost'")],
                &[("attempts", "-1")],
                &[("raw", "NULL"), ("key_id", "NULL")],
                &[("raw", "NULL"), ("state", "'done'"), ("class", "'other'")],
                &[("key_id", "NULL")],
                &[("state", "'done'")],
                &[("state", "'listed'")],
                &[("state", "'quarantined'")],
            ],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn impossible_jobs_and_codes_are_refused() {
    on_both(async |state| {
        ready(state).await;
        state.raw(&insert("requests", &request(), &[])).await.unwrap();
        let job = vec![
            ("id", "'j'"),
            ("reference", "'DSR-0000-0001'"),
            ("kind", "'plan'"),
            ("state", "'queued'"),
            ("attempts", "0"),
            ("run_at", "0"),
            ("epoch", "0"),
            ("lease_until", "NULL"),
            ("created_at", "0"),
            ("done_at", "NULL"),
        ];
        let changes: [&[_]; 7] = [
            &[("kind", "'dance'")],
            &[("state", "'lost'")],
            &[("state", "'running'")],
            &[("lease_until", "5")],
            &[("state", "'done'")],
            &[("done_at", "5")],
            &[("state", "'done'"), ("done_at", "5"), ("lease_until", "5")],
        ];
        bites(state, "jobs", job, &changes).await;
        let code = vec![
            ("id", "'c'"),
            ("reference", "'DSR-0000-0001'"),
            ("code_hash", "'h'"),
            ("issued_at", "0"),
            ("expires_at", "0"),
            ("state", "'open'"),
        ];
        bites(state, "challenge_codes", code, &[&[("state", "'used twice'")]]).await;
    })
    .await;
}

#[tokio::test]
async fn impossible_letters_are_refused() {
    on_both(async |state| {
        ready(state).await;
        let letter = vec![
            ("id", "'o'"),
            ("notice", "'status'"),
            ("audience", "'customer'"),
            ("token_hash", "'t'"),
            ("to_index", "'i'"),
            ("sha256", "'s'"),
            ("key_id", "'k'"),
            ("parcel", BYTES),
            ("state", "'queued'"),
            ("attempts", "0"),
            ("doubts", "0"),
            ("next_at", "0"),
            ("expires_at", "0"),
            ("epoch", "0"),
            ("lease_until", "NULL"),
            ("created_at", "0"),
            ("settled_at", "NULL"),
        ];
        let changes: [&[_]; 8] = [
            &[("audience", "'press'")],
            &[("state", "'lost'")],
            &[("state", "'sending'")],
            &[("lease_until", "5")],
            &[("state", "'accepted'")],
            &[("settled_at", "5")],
            &[("parcel", "NULL")],
            &[("state", "'uncertain'"), ("parcel", "NULL")],
        ];
        bites(state, "outbox", letter, &changes).await;
    })
    .await;
}

#[tokio::test]
async fn impossible_staff_and_audit_heads_are_refused() {
    on_both(async |state| {
        ready(state).await;
        let staff = vec![
            ("name", "'meera'"),
            ("role", "'dpo'"),
            ("state", "'active'"),
            ("address_index", "'i'"),
            ("key_id", "'k'"),
            ("address", BYTES),
            ("created_at", "0"),
        ];
        bites(state, "staff", staff, &[&[("role", "'king'")], &[("state", "'asleep'")]]).await;
        let code = vec![
            ("id", "'c'"),
            ("staff", "'meera'"),
            ("code_hash", "'h'"),
            ("issued_at", "0"),
            ("used_at", "NULL"),
            ("used_for", "NULL"),
        ];
        bites(state, "staff_codes", code, &[&[("used_at", "5")], &[("used_for", "'x'")]]).await;
        let head = vec![("id", "1"), ("size", "0"), ("root", BYTES), ("frontier", BYTES)];
        bites(state, "audit_head", head, &[&[("id", "2")]]).await;
    })
    .await;
}
