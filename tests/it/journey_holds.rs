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
    a_review_date_reminds_who_answers_for_the_hold_once,
    a_hold_at_the_command_line_is_the_word_hold,
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
    places_for(world, scope, "meera", "2025-12-01").await
}

async fn places_for(world: &World, scope: HoldScope, owner: &str, review_on: &str) -> String {
    let operation = Operation::PlaceHold {
        scope,
        ground: "pending trial".to_owned(),
        citation: "Order 4/25 of the Delhi High Court".to_owned(),
        owner: owner.to_owned(),
        review_on: review_on.parse().unwrap(),
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
    let [held] = world.staff_reads(["a legal hold covers everything"]);
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
    // The order stays, so she has an answer with the order's own words, in time.
    world.decides(RAVI, &held, "REFUSE legal-hold").await;
    world.staff_reads(["Refused by ravi"]);
    let [letter] = world.reads(ASHA, ["we have to say no"]);
    let place = "until the hold has ended. Legal ground: GDPR articles 17(3)(e) and 18; Order 4/25 of the Delhi High Court";
    assert!(letter.says(place), "{}", letter.text);
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

async fn a_review_date_reminds_who_answers_for_the_hold_once(world: &mut World) {
    let account = || HoldScope { account: Some("481516".into()), ..HoldScope::default() };
    let id = places_for(world, account(), "meera", "2025-06-07").await;
    world.looks_at_the_day().await;
    world.after_days(4).await;
    world.looks_at_the_day().await;
    assert!(world.inbox(MEERA).is_empty() && world.inbox(RAVI).is_empty(), "not before its day");
    // Its day is a Saturday, on which nobody is written to.
    world.after_days(1).await;
    world.looks_at_the_day().await;
    assert!(world.inbox(MEERA).is_empty());
    world.after_days(2).await;
    world.looks_at_the_day().await;
    let digest = "Data requests on 9 June 2025: 0 open, 0 overdue, 1 legal hold to look at";
    let [asked, _] = world.reads(MEERA, [&format!("is the legal hold {id} still needed?"), digest]);
    let text = asked.whole().replace(&id, "H-000000");
    insta::assert_snapshot!(text, @r#"
    Please look: is the legal hold H-000000 still needed?

    This legal hold was to be looked at again on 7 June 2025. While it stands, what it covers is not deleted, whoever asks.

    Hold: H-000000, Order 4/25 of the Delhi High Court
    Covers: account
    Stands since: 2 June 2025, for meera

    What to do
    Find out whether it is still needed. If it is not: "dsrd holds release H-000000". If it is: "dsrd holds review H-000000 --on DAY", with the next day on which to ask.

    -- 
    Telco
    Questions: privacy@telco.example
    "#);
    world.reads(RAVI, [digest]);

    // Said once, also over a restart; the digest has it until somebody has looked.
    world.restarts().await;
    world.after_days(1).await;
    world.looks_at_the_day().await;
    world.staff_reads(["Data requests on 10 June 2025: 0 open, 0 overdue, 1 legal hold to look at"]);
    let again = |day: &str| Operation::ReviewHold { id: id.clone(), review_on: day.parse().unwrap() };
    let Reply::Refused { why } = world.operates(again("2025-06-10")).await else {
        panic!("today is too soon")
    };
    assert!(why.contains("not after today"), "{why}");
    assert_eq!(world.operates(again("2025-06-12")).await, Reply::Done);
    world.after_days(1).await;
    world.looks_at_the_day().await;
    assert!(world.inbox(MEERA).is_empty(), "it was looked at");
    world.after_days(1).await;
    world.looks_at_the_day().await;
    world.reads(MEERA, ["still needed?", "Data requests on 12 June"]);
    world.reads(RAVI, ["Data requests on 12 June"]);
    assert_eq!(world.operates(Operation::ReleaseHold { id: id.clone() }).await, Reply::Done);
    let Reply::Refused { why } = world.operates(again("2025-07-01")).await else { panic!("it is lifted") };
    assert!(why.contains("no hold"), "{why}");
    // Nobody on the staff has the owner's name: everybody is asked.
    places_for(world, account(), "the legal department", "2025-06-13").await;
    world.after_days(1).await;
    world.looks_at_the_day().await;
    world.staff_reads(["still needed?", "Data requests on 13 June"]);
}

async fn a_hold_at_the_command_line_is_the_word_hold(world: &mut World) {
    world.joins_staff("kiran@telco.example", "agent").await;
    let request = asks_to_delete(world).await;
    world.inbox("kiran@telco.example");
    let hold = |name: &str| Operation::Hold {
        reference: request.reference(),
        staff: dsrd::domain::ids::StaffName::parse(name).unwrap(),
        text: "Order 9/25".to_owned(),
    };
    let Reply::Unchanged { why } = world.operates(hold("kiran")).await else {
        panic!("an agent decides nothing")
    };
    assert!(why.contains("may not decide"), "{why}");
    world.settle().await;
    world.reads("kiran@telco.example", ["Your answer changed nothing"]);
    assert_eq!(world.operates(hold("ravi")).await, Reply::Done);
    world.settle().await;
    let [_, held] = world.staff_reads(["Hold placed by ravi", "a legal hold covers everything"]);
    assert!(held.says("Order 9/25"), "{}", held.text);
    world.inbox("kiran@telco.example");
    assert_eq!(world.register().await, ["awaiting-approval: legal-hold"]);
    // It is the hold of this request, so the word RELEASE lifts it.
    world.player(RAVI).replies_to(&held, "RELEASE");
    world.settle().await;
    world.staff_reads(["Hold lifted by ravi", "Please decide"]);
    world.inbox("kiran@telco.example");
}
