//! Rows of a table that nobody listed hang on rows that are to go: the company's database would take them along. Nothing goes
//! until they are planned and approved themselves, for a request, by retention and after a restored backup.
//! `connectors.rs` has each kind of key; `world` has the company.

use crate::journey_delete::{approves, asks_to_delete};
use crate::world::{ASHA, Held, MEERA, RAVI, World, journeys};
use dsrd::workflow::{Operation, Reply, RetentionMode};

const CALLS: &str = "call_logs WHERE account_id = '481516'";
const NOTES: &str = "call_notes";
const LISTED: &str = r#"
[[data]]
name = "call_notes"
title = "Notes on calls"
purpose = "To help you better."
source = "telephony"
table = "call_notes"
key = "id"
time_column = "written_at"
account_column = "account_id"
columns = [{ name = "note", title = "Note" }]

[[data]]
name = "call_logs""#;

journeys!(Setup::default() =>
    rows_that_hang_on_others_stop_a_deletion_until_they_are_listed,
    rows_that_hang_on_others_are_taken_along_by_nothing_else,
    rows_that_hang_on_each_other_go_whatever_their_batches,
);

/// Two notes on calls of Asha's account and one on a call of another one; the database would delete them with the calls.
async fn notes(world: &World) {
    world
        .company_writes(
            "CREATE TABLE call_notes (id INTEGER PRIMARY KEY, account_id TEXT, written_at TEXT, \
             call_id TEXT REFERENCES call_logs ON DELETE CASCADE, note TEXT); \
             INSERT INTO call_notes (account_id, written_at, call_id, note) \
             SELECT account_id, started_at, id, 'upset' FROM call_logs WHERE id IN ('481516-1', '481516-2', '700700-1');",
        )
        .await;
}

fn listed(text: &str) -> String {
    text.replacen("\n[[data]]\nname = \"call_logs\"", LISTED, 1)
}

async fn rows_that_hang_on_others_stop_a_deletion_until_they_are_listed(world: &mut World) {
    notes(world).await;
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    let [told] = world.staff_reads(["other data hangs on what is to be deleted"]);
    assert!(told.says("In the way: 2 records of table call_notes"), "{}", told.text);
    assert!(told.says("list that table as a [[data]] category before call_logs"), "{}", told.text);
    assert_eq!((world.company_holds(CALLS).await, world.company_holds(NOTES).await), (Held::ACME_CALLS, 3));
    assert_eq!(world.register().await, ["executing: connector-down"]);
    world.after(5).await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "said once");

    world.reconfigures(listed).await;
    world.after(1).await;
    let [drift, again] = world.staff_reads(["the data changed since the plan", "Please decide"]);
    assert!(drift.says("Category: Notes on calls"), "{}", drift.text);
    world.reads(ASHA, ["Where your request"]);
    assert!(again.says("Notes on calls: 2") && again.says("Call logs: 240"), "{}", again.text);
    assert_eq!(world.company_holds(NOTES).await, 3, "nothing goes before it is approved anew");
    approves(world, &again).await;
    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Notes on calls: 2 records") && done.says("Call logs: 240 records"), "{}", done.text);
    assert_eq!((world.company_holds(CALLS).await, world.company_holds(NOTES).await), (0, 1));
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn rows_that_hang_on_others_are_taken_along_by_nothing_else(world: &mut World) {
    world.company_backs_up();
    let taken = world.now();
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    world.reads(ASHA, ["Your data is deleted"]);
    world.company_restores().await;
    notes(world).await;
    // What came back goes again, but not with notes that were never in any plan.
    let restored = || Operation::BackupsRestored { source: "telephony".to_owned(), taken };
    let refused = world.operates(restored()).await;
    assert!(format!("{refused:?}").contains("2 rows of table call_notes hang"), "{refused:?}");
    assert_eq!((world.company_holds(CALLS).await, world.company_holds(NOTES).await), (Held::ACME_CALLS, 3));

    // A year on every row is past its ceiling.
    world.seconds_pass(366 * 24 * 3_600);
    let retention = || Operation::Retention { mode: RetentionMode::Run };
    let Reply::Retention { lines } = world.operates(retention()).await else { panic!("retention answers") };
    let [calls, recordings] = &lines[..] else { panic!("{lines:?}") };
    let why = calls.stopped.as_deref().unwrap_or_default();
    assert!(calls.deleted == 0 && why.contains("3 rows of table call_notes hang"), "{lines:?}");
    assert_eq!((recordings.deleted, &recordings.stopped), (12, &None), "the others go on");
    assert_eq!(world.company_holds(NOTES).await, 3);

    world.company_writes("DELETE FROM call_notes WHERE account_id = '481516'").await;
    let swept = world.operates(restored()).await;
    assert_eq!(swept, Reply::Replayed { deleted: Held::ACME_CALLS, others: 0, held: 0 });
    assert_eq!(world.company_holds(NOTES).await, 1);
    world.settle().await;
    world.staff_reads(["backups may still hold deleted data"]);
}

async fn rows_that_hang_on_each_other_go_whatever_their_batches(world: &mut World) {
    // More than a batch, and one call at the very front hangs on one at the very end.
    world
        .company_writes(
            "ALTER TABLE call_logs ADD COLUMN first TEXT REFERENCES call_logs ON DELETE CASCADE; \
             INSERT INTO call_logs WITH RECURSIVE n(i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 15200) \
             SELECT 'many-' || i, '481516', 'u1', '2025-05-01T10:00:00Z', '+91', '+92', 1, 'own', NULL FROM n; \
             UPDATE call_logs SET first = 'many-15200' WHERE id = '481516-0';",
        )
        .await;
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Call logs: 5,441 records"), "{}", done.text);
    assert_eq!(world.company_holds(CALLS).await, 0);
}
