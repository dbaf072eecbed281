//! Two daemons on two machines with one state: whichever deleted, the other one can sweep a restored backup, because each
//! ships its erasure ledger to a folder that both have (decision 2). `world` has the company.

use crate::journey_delete::{approves, asks_to_delete};
use crate::world::{ASHA, Held, World, journeys};
use dsrd::workflow::{Operation, Reply};

const CALLS: &str = "call_logs WHERE account_id = '481516'";

journeys!(Setup::default() =>
    what_one_daemon_deleted_another_one_sweeps_from_a_restored_backup,
);

async fn what_one_daemon_deleted_another_one_sweeps_from_a_restored_backup(world: &mut World) {
    world.company_backs_up();
    let taken = world.now();
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    world.reads(ASHA, ["Your data is deleted"]);
    world.company_restores().await;
    let ledger_of = |name: &'static str, more: &'static str| {
        move |text: &str| {
            let begins = text.find("ledger_dir").unwrap();
            let (before, rest) = text.split_at(begins);
            let (_, after) = rest.split_once("\n\n").unwrap();
            format!("{before}ledger_dir = \"{name}\"\n{more}\n\n{after}")
        }
    };
    std::fs::create_dir(world.archive().with_file_name("common")).unwrap();
    let sweep = || Operation::BackupsRestored { source: "telephony".to_owned(), taken };

    // Another machine has a ledger of its own, which knows nothing of it.
    world.reconfigures(ledger_of("other", "")).await;
    assert_eq!(world.operates(sweep()).await, Reply::Replayed { deleted: 0, others: 0, held: 0 });
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS);

    // The first one begins to ship, what it wrote before included.
    world.reconfigures(ledger_of("erasures", "ship_dir = \"common\"\nship_name = \"one\"")).await;
    world.reconfigures(ledger_of("other", "ship_dir = \"common\"\nship_name = \"two\"")).await;
    let deleted = Held::ACME_CALLS + Held::ACME_RECORDINGS;
    assert_eq!(world.operates(sweep()).await, Reply::Replayed { deleted, others: 0, held: 0 });
    assert_eq!(world.company_holds(CALLS).await, 0);
    assert_eq!(world.company_holds("invoices").await, 2 * Held::ACME_INVOICES);
}
