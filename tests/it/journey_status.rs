//! The short words: STATUS in every stage, CANCEL in time and too late, and a deletion that nobody decides.
//! Journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, Notice, RAVI, World, delete_request, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    status_is_told_in_every_stage,
    a_request_is_cancelled_in_time,
    staff_hear_of_a_deletion_that_nobody_decides,
);

async fn status(world: &mut World, about: &Notice, expected: &str) {
    world.player(ASHA).replies_to(about, "STATUS");
    world.settle().await;
    let [status] = world.reads(ASHA, ["Where your request"]);
    assert!(status.says("you wanted to know where your request stands"), "{}", status.text);
    assert!(status.says(expected), "{expected}: {}", status.text);
}

async fn status_is_told_in_every_stage(world: &mut World) {
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.settle().await;
    let [acknowledgement, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    status(world, &acknowledgement, "Please answer the mail that we sent to the address on file").await;
    // Many mail programs offer no quoting, and people use capital letters as they like.
    world.player(ASHA).writes(&format!("Fwd: {}", acknowledgement.subject), "status");
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);

    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    status(world, &challenge, "A member of our staff is looking at the request").await;
    world.player(ASHA).replies_to(&challenge, "Hello? Is anybody there?");
    world.settle().await;
    let [told] = world.reads(ASHA, ["Where your request"]);
    assert!(told.says("we could not read your answer, so nothing has changed"), "{}", told.text);

    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
    status(world, &challenge, "it is done. You have had our answer").await;
    world.player(ASHA).replies_to(&challenge, "CANCEL");
    world.settle().await;
    let [late] = world.reads(ASHA, ["Where your request"]);
    assert!(late.says("your mail came too late to change anything"), "{}", late.text);
}

async fn a_request_is_cancelled_in_time(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.player(ASHA).replies_to(&challenge, "Cancel");
    world.settle().await;
    let [stopped] = world.reads(ASHA, ["We have stopped your request"]);
    assert!(stopped.says("as you wished, we have stopped the request"), "{}", stopped.text);
    assert_eq!(world.register().await, ["closed: withdrawn"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    assert_eq!(world.register().await, ["closed: withdrawn"]);
}

async fn staff_hear_of_a_deletion_that_nobody_decides(world: &mut World) {
    let letter = delete_request("number +91 98765 43210, 2025-01-01 to 2025-03-31", ASHA_RAO);
    let challenge = world.asks(ASHA, &letter).await;
    assert!(challenge.says("asked us for the deletion of your data"), "{}", challenge.text);
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
    let mut heard = Vec::new();
    for day in 1..=31 {
        world.after_days(1).await;
        world.inbox(crate::world::MEERA);
        for notice in world.inbox(RAVI) {
            heard.push(format!("day {day}: {}", notice.subject.split_once("] ").unwrap().1));
        }
    }
    insta::assert_snapshot!(heard.join("\n"), @r#"
    day 18: Due in 12 days: delete request
    day 25: Due in 5 days: delete request
    day 28: Due in 2 days: delete request
    day 31: Overdue: delete request
    "#);
}
