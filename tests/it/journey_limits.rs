//! What happens once a day: how much may be deleted, rows past their ceiling, and what staff are told. Journeys see mail,
//! staff and time, the company's own data, and what the audit log says at the end. `journey_delete.rs` has deletions.

use crate::world::{ASHA, Held, MEERA, Notice, OMAR, RAVI, World, delete_request, export_request, journeys};
use dsrd::domain::audit::Action;

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const OMAR_KHAN: &str = "Omar Khan, Owner, omar@other.example";
const ASHAS: &str = "call_logs WHERE account_id = '481516'";
const OMARS: &str = "call_logs WHERE account_id = '700700'";

journeys!(Setup { approval: "accounts_per_day_max = 1", ..Setup::default() } =>
    the_second_account_of_a_day_waits_visibly_and_goes_on_the_next,
);
journeys!(Setup { sections: "[retention]\nat = \"03:00\"", ..Setup::default() } =>
    rows_past_their_ceiling_go_once_a_day_also_over_a_restart,
);
journeys!(Setup { sections: "[digest]\ndaily = false", ..Setup::default() } =>
    staff_who_want_no_digest_get_none,
);

/// Somebody asks to have their account deleted, and it is approved.
async fn has_it_approved(world: &mut World, who: &str, scope: &str, requester: &str) -> Notice {
    let challenge = world.asks(who, &delete_request(scope, requester)).await;
    world.confirms(who, &challenge).await;
    let [call] = world.staff_reads(["a call-back is needed"]);
    world.decides(RAVI, &call, "CALLED it was them").await;
    let [_, request] = world.staff_reads(["Call-back recorded", "Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let [agreed] = world.reads(who, ["Your data will be deleted"]);
    agreed
}

async fn the_second_account_of_a_day_waits_visibly_and_goes_on_the_next(world: &mut World) {
    has_it_approved(world, ASHA, "account 481516, all data", ASHA_RAO).await;
    world.after(1).await;
    let agreed = has_it_approved(world, OMAR, "account 700700, all data", OMAR_KHAN).await;
    world.after(23).await;
    world.reads(ASHA, ["Your data is deleted"]);
    world.after(1).await;
    let [told] = world.staff_reads(["many deletions in one day"]);
    assert!(told.says("so this deletion waits and goes on by itself"), "{}", told.text);
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS);
    assert_eq!(world.register().await, ["closed: completed", "executing: anomaly"]);
    world.player(OMAR).replies_to(&agreed, "STATUS");
    world.settle().await;
    let [told] = world.reads(OMAR, ["Where your request"]);
    assert!(told.says("we have stopped it for a security check"), "{}", told.text);
    // All day long nothing more is said, and nothing goes.
    for _ in 0..22 {
        world.after(1).await;
    }
    assert!(world.inbox(RAVI).is_empty() && world.inbox(OMAR).is_empty());
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS);
    world.after(2).await;
    world.reads(OMAR, ["Your data is deleted"]);
    assert_eq!(world.company_holds(OMARS).await, 0);
    assert_eq!(world.company_holds(ASHAS).await, 0);
    assert_eq!(world.register().await, ["closed: completed", "closed: completed"]);
    world.inbox(MEERA);
}

async fn rows_past_their_ceiling_go_once_a_day_also_over_a_restart(world: &mut World) {
    let old = |name: &str| {
        format!(
            "INSERT INTO call_logs SELECT '{name}-' || id, account_id, user_id, '2024-01-02T01:00:00Z', caller, callee, \
             seconds, note FROM call_logs WHERE account_id = '700700' AND id NOT LIKE 'old%' LIMIT 30"
        )
    };
    // 10:00 on a Monday in India: the hour of today has passed, and what waits for it goes at once.
    world.company_writes(&old("old1")).await;
    world.settle().await;
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS);
    assert_eq!(world.audited(Action::RetentionRun).await, 1);
    // What turns old later on that day stays until the next, whatever happens to the daemon.
    world.company_writes(&old("old2")).await;
    world.after(6).await;
    world.restarts().await;
    world.after(10).await;
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS + 30, "02:00: not yet");
    world.after(1).await;
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS, "03:00");
    assert_eq!(world.audited(Action::RetentionRun).await, 2);
    world.company_writes(&old("old3")).await;
    world.restarts().await;
    world.after(23).await;
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS + 30, "02:00 on Wednesday: not yet");
    world.after(1).await;
    assert_eq!(world.company_holds(OMARS).await, Held::OTHER_CALLS, "03:00 on Wednesday");
    assert_eq!(world.audited(Action::RetentionRun).await, 3);
    // What nobody's ceiling reaches stays.
    assert_eq!(world.company_holds(ASHAS).await, Held::ACME_CALLS);
}

async fn staff_who_want_no_digest_get_none(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
    for _ in 0..3 {
        world.after(24).await;
        world.looks_at_the_day().await;
    }
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty());
    // What asks for something still comes.
    world.after_days(20).await;
    world.looks_at_the_day().await;
    world.staff_reads(["Due in 12 days"]);
}
