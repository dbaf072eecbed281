//! Legal holds: placed before the request, before the approval, and while an approved deletion waits; lifted again, and
//! what they kept goes by itself. Journeys see mail, staff and time, and the company's own data. `journey_delete.rs` has
//! deletions without them.

use crate::world::{ASHA, Held, MEERA, Notice, RAVI, World, delete_request, journeys};
use dsrd::domain::hold::HoldScope;
use dsrd::workflow::{Operation, Reply};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const CALLS: &str = "call_logs WHERE account_id = '481516'";

journeys!(Setup::default() =>
    a_hold_before_the_request_stops_it_and_its_release_goes_on,
    a_hold_by_mail_before_the_approval_makes_the_approval_void,
    a_hold_in_the_cooling_off_time_keeps_every_row,
    a_hold_on_a_number_keeps_its_rows_and_they_go_when_it_ends,
    the_data_protection_officer_stops_an_approved_deletion,
);

async fn confirms_a_deletion(world: &mut World) {
    let challenge = world.asks(ASHA, &delete_request("account 481516, all data", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
}

async fn asks_to_delete(world: &mut World) -> Notice {
    confirms_a_deletion(world).await;
    called_back(world).await
}

async fn called_back(world: &mut World) -> Notice {
    let [call] = world.staff_reads(["a call-back is needed"]);
    world.decides(RAVI, &call, "CALLED she knew the last invoice").await;
    let [_, request] = world.staff_reads(["Call-back recorded", "Please decide"]);
    request
}

async fn places(world: &World, scope: HoldScope) -> String {
    let operation = Operation::PlaceHold {
        scope,
        ground: "pending trial".to_owned(),
        citation: "Order 4/25 of the Delhi High Court".to_owned(),
        owner: "meera".to_owned(),
        review_on: "2025-12-01".parse().unwrap(),
    };
    match world.operates(operation).await {
        Reply::Held { id } => id,
        other => panic!("{other:?}"),
    }
}

async fn deletes_in_the_end(world: &mut World, request: &Notice, word: &str) {
    world.decides(RAVI, request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.reads(ASHA, ["Your data will be deleted"]);
    world.after(24).await;
    world.reads(ASHA, [word]);
}

async fn a_hold_before_the_request_stops_it_and_its_release_goes_on(world: &mut World) {
    let account = HoldScope { account: Some("481516".into()), ..HoldScope::default() };
    let id = places(world, account).await;
    confirms_a_deletion(world).await;
    let [held] = world.staff_reads(["a legal hold covers everything"]);
    assert!(held.says("Order 4/25 of the Delhi High Court"), "{}", held.text);
    assert_eq!(world.register().await, ["awaiting-approval: legal-hold"]);
    world.decides(RAVI, &held, "APPROVE").await;
    let [nothing] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(nothing.says("A legal hold covers all of it"), "{}", nothing.text);

    assert_eq!(world.operates(Operation::ReleaseHold { id }).await, Reply::Done);
    world.settle().await;
    let request = called_back(world).await;
    deletes_in_the_end(world, &request, "Your data is deleted").await;
    assert_eq!(world.company_holds(CALLS).await, 0);
}

async fn a_hold_by_mail_before_the_approval_makes_the_approval_void(world: &mut World) {
    let request = asks_to_delete(world).await;
    let theirs = world.earlier(MEERA, "Please decide");
    world.player(MEERA).replies_to(&theirs, "HOLD Order 4/25 of the Delhi High Court");
    world.settle().await;
    let [held, _] = world.staff_reads(["a legal hold covers everything", "Hold placed by meera"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    world.player(RAVI).replies_to(&held, "RELEASE");
    world.settle().await;
    let [_, again] = world.staff_reads(["Hold lifted by ravi", "Please decide"]);
    deletes_in_the_end(world, &again, "Your data is deleted").await;
    assert_eq!(world.company_holds(CALLS).await, 0);
}

async fn a_hold_in_the_cooling_off_time_keeps_every_row(world: &mut World) {
    let request = asks_to_delete(world).await;
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.reads(ASHA, ["Your data will be deleted"]);
    world.after(23).await;
    places(world, HoldScope { account: Some("481516".into()), ..HoldScope::default() }).await;
    world.after(48).await;
    world.staff_reads(["a legal hold covers everything"]);
    let [told] = world.reads(ASHA, ["Where your request"]);
    insta::assert_snapshot!(told.whole(), @r#"
    [DSR-0000-0000] Where your request about your data stands

    Hello,

    we told you that we would begin to delete your data. Our staff has to look at your request once more first, so the day that we named does not stand any more. You need not do anything: we write to you when it is decided.

    Where it stands: your identity is confirmed. A member of our staff is looking at the request.

    Your request came in on 2 June 2025. You will have our answer by 2 July 2025 at the latest.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS);
    assert_eq!(world.register().await, ["awaiting-approval: legal-hold"]);
}

async fn a_hold_on_a_number_keeps_its_rows_and_they_go_when_it_ends(world: &mut World) {
    let number = HoldScope { number: Some("+912222333344".into()), ..HoldScope::default() };
    let id = places(world, number).await;
    let request = asks_to_delete(world).await;
    assert!(request.says("Call logs: 48, stays: legal-hold, Order 4/25"), "{}", request.text);
    deletes_in_the_end(world, &request, "Your data is deleted, except what has to stay").await;
    assert_eq!(world.company_holds(CALLS).await, 48, "calls with that number");
    assert_eq!(world.operates(Operation::ReleaseHold { id }).await, Reply::Done);
    world.settle().await;
    let [told] = world.reads(ASHA, ["What had to stay is deleted now"]);
    assert!(told.says("Call logs: 48 records") && !told.says("Invoices"), "{}", told.text);
    assert_eq!(world.company_holds(CALLS).await, 0);
    assert_eq!(world.company_holds("call_logs WHERE account_id = '700700'").await, Held::OTHER_CALLS);
}

async fn the_data_protection_officer_stops_an_approved_deletion(world: &mut World) {
    world.joins_staff("devi@telco.example", "dpo").await;
    confirms_a_deletion(world).await;
    world.reads("devi@telco.example", ["a call-back is needed"]);
    let request = called_back(world).await;
    world.reads("devi@telco.example", ["Call-back recorded", "Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.reads(ASHA, ["Your data will be deleted"]);
    let [approved] = world.reads("devi@telco.example", ["Approved by ravi"]);
    let theirs = world.earlier(MEERA, "Approved by ravi");
    world.player(MEERA).replies_to(&theirs, "VETO");
    world.settle().await;
    world.reads(MEERA, ["Your answer changed nothing"]);
    world.player("devi@telco.example").replies_to(&approved, "VETO");
    world.settle().await;
    world.staff_reads(["Stopped by devi", "Please decide"]);
    let [_, again] = world.reads("devi@telco.example", ["Stopped by devi", "Please decide"]);
    // The customer, who was told a day, hears that it does not stand.
    let [told] = world.reads(ASHA, ["Where your request"]);
    assert!(told.says("You need not do anything: we write to you when it is decided"), "{}", told.text);
    world.after(48).await;
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS);
    assert_eq!(world.register().await, ["awaiting-approval"]);
    // The clock runs on: staff are warned, and she has an answer in time.
    world.after_days(20).await;
    world.staff_reads(["Due in 12 days"]);
    world.reads("devi@telco.example", ["Due in 12 days"]);
    world
        .decides("devi@telco.example", &again, "REFUSE not-covered There is a dispute about these calls.")
        .await;
    world.staff_reads(["Refused by devi"]);
    world.reads("devi@telco.example", ["Refused by devi"]);
    let [letter] = world.reads(ASHA, ["we have to say no"]);
    assert!(letter.says("> There is a dispute about these calls."), "{}", letter.text);
}
