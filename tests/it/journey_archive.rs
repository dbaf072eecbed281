//! One kind of data in two places: the live table, and an archive in a database of its own (decision 4). Both are handed out,
//! both are deleted, and while one of them does not answer nothing is told to be done. `world` has the company.

use crate::journey_delete::{approves, asks_to_delete};
use crate::world::{ASHA, Held, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const CALLS: &str = "call_logs WHERE account_id = '481516'";
/// Calls of Asha's account in the archive.
const ARCHIVED: u64 = 30;

journeys!(Setup::default() =>
    a_copy_holds_the_archive_too,
    a_deletion_is_done_when_the_archive_has_answered_too,
);

/// Old calls of both accounts lie in another file.
async fn keeps_an_archive(world: &mut World) {
    std::fs::write(world.archive(), "").unwrap();
    let old = |account: &str| {
        format!(
            "INSERT INTO old.calls SELECT 'old-' || id, account_id, user_id, '2025-01-01T01:00:00Z', caller, callee, seconds, \
             note FROM call_logs WHERE account_id = '{account}' LIMIT {ARCHIVED};"
        )
    };
    let table = "CREATE TABLE old.calls (id TEXT PRIMARY KEY, account_id TEXT, user_id TEXT, started_at TEXT, caller TEXT, \
        callee TEXT, seconds INTEGER, note TEXT);";
    let (attach, detach) = (format!("ATTACH '{}' AS old;", world.archive().display()), "DETACH old;");
    let sql = [&attach, table, &old("481516"), &old("700700"), detach].concat();
    world.company_writes(&sql).await;
    let place = "also_in = [{ name = \"archived_calls\", source = \"archive\", table = \"calls\" }]\nretention_days = 365";
    let source = "[sources.archive]\nkind = \"sqlite\"\nurl = \"sqlite://archive.db\"\n\n[directory]";
    world
        .reconfigures(|text| {
            let text = text.replacen("retention_days = 365", place, 1);
            text.replacen("[directory]", source, 1)
        })
        .await;
}

/// How many rows the archive holds.
async fn archive_holds(world: &World) -> u64 {
    world.company_holds_in(&world.archive(), "calls").await
}

async fn a_copy_holds_the_archive_too(world: &mut World) {
    keeps_an_archive(world).await;
    let away = world.archive().with_extension("away");
    std::fs::rename(world.archive(), &away).unwrap();
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [down] = world.staff_reads(["a data store does not answer"]);
    assert!(down.says("Store: archive"), "{}", down.text);
    assert_eq!(world.register().await, ["awaiting-approval: connector-down"], "half an answer is none");

    std::fs::rename(&away, world.archive()).unwrap();
    world.after(1).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, opened) = world.opens_the_package(ASHA);
    assert_eq!(opened.rows["archived_calls"], ARCHIVED);
    assert!(opened.rows["call_logs"] > ARCHIVED, "{:?}", opened.rows);
    assert!(!opened.holds(crate::world::FOREIGN));
}

async fn a_deletion_is_done_when_the_archive_has_answered_too(world: &mut World) {
    keeps_an_archive(world).await;
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    let away = world.archive().with_extension("away");
    std::fs::rename(world.archive(), &away).unwrap();
    // A machine that was started anew without that disk.
    world.reconfigures(str::to_owned).await;
    world.after(24).await;
    let [down] = world.staff_reads(["a data store does not answer"]);
    assert!(down.says("Store: archive"), "{}", down.text);
    assert_eq!(world.register().await, ["executing: connector-down"]);
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS, "nothing goes before all can be counted");

    std::fs::rename(&away, world.archive()).unwrap();
    world.after(1).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Call logs: 240 records") && done.says("Call logs: 30 records"), "{}", done.text);
    assert_eq!((world.company_holds(CALLS).await, archive_holds(world).await), (0, ARCHIVED));
}
