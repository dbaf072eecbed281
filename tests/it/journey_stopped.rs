//! The customer stops a request while it is carried out and delivered: what can still be held back never leaves, and what
//! has left is said. Journeys see only mail, staff and time (`world`).

use crate::rig::Mishap;
use crate::world::{ASHA, MEERA, Notice, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    what_is_stopped_while_a_disk_is_away_hands_out_nothing,
    a_package_that_waits_for_the_server_never_leaves,
    a_passphrase_that_waits_for_the_server_never_leaves,
    a_package_that_may_have_left_is_told_so_and_never_opened,
    the_worker_the_courier_and_the_customer_race,
);

/// Asha's calls wait for a decision; the challenge that she answered, and Ravi's mail.
async fn awaiting_decision(world: &mut World) -> (Notice, Notice) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, May 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    (challenge, request)
}

async fn what_is_stopped_while_a_disk_is_away_hands_out_nothing(world: &mut World) {
    let (challenge, request) = awaiting_decision(world).await;
    world.loses_the_package_folder();
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi", "a data store does not answer"]);
    assert_eq!(world.register().await, ["executing: connector-down"]);

    world.player(ASHA).replies_to(&challenge, "CANCEL");
    world.settle().await;
    let [stopped] = world.reads(ASHA, ["We have stopped your request"]);
    insta::assert_snapshot!(stopped.whole(), @r#"
    [DSR-0000-0000] We have stopped your request

    Hello,

    as you wished, we have stopped the request for a copy of your data that came in on 2 June 2025. Nothing was sent and nothing was deleted.

    What it was about:
    - number +91 98765 43210
    - from 1 May 2025 to 31 May 2025

    You may ask again at any time.

    If it was not you who stopped it, please tell us.

    Stopped on: 2 June 2025

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
    let [told] = world.staff_reads(["the customer took the request back"]);
    assert!(told.says("Nothing has left, and nothing leaves any more"), "{}", told.text);
    world.finds_the_package_folder();
    world.after(5).await;
    assert_eq!(world.register().await, ["closed: withdrawn"]);
    assert_eq!(world.packages(), [] as [&str; 0]);

    // Nobody revives it, not even with a good code.
    world.decides(MEERA, &request, "APPROVE").await;
    world.reads(MEERA, ["Your answer changed nothing"]);
}

async fn a_package_that_waits_for_the_server_never_leaves(world: &mut World) {
    let (challenge, request) = awaiting_decision(world).await;
    world.arm(Mishap::Defer, ASHA);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    assert_eq!(world.register().await, ["delivering"]);
    assert_eq!(world.packages().len(), 1);

    world.player(ASHA).replies_to(&challenge, "NOT ME");
    world.settle().await;
    assert_eq!(world.register().await, ["closed: suspected-fraud"]);
    assert_eq!(world.packages(), [] as [&str; 0]);
    let [told] = world.staff_reads(["the customer says it was somebody else"]);
    assert!(told.says("Nothing has left, and nothing leaves any more"), "{}", told.text);
    world.disarm(Mishap::Defer, ASHA);
    world.after(6).await;
    let [answer] = world.reads(ASHA, ["Where your request"]);
    assert!(answer.says("Nothing was sent and nothing was deleted"), "{}", answer.text);
}

async fn a_passphrase_that_waits_for_the_server_never_leaves(world: &mut World) {
    let (challenge, request) = awaiting_decision(world).await;
    let code = world.code(RAVI);
    world.player(RAVI).replies_to(&request, &format!("APPROVE {code}"));
    world.posts_until(ASHA, "is ready").await;
    world.arm(Mishap::Defer, ASHA);
    world.settle().await;
    assert_eq!(world.register().await, ["closed: completed"]);
    world.staff_reads(["Approved by ravi"]);

    world.player(ASHA).replies_to(&challenge, "NOT ME");
    world.settle().await;
    let [told] = world.staff_reads(["the customer says it was somebody else"]);
    assert!(
        told.says("The package had left already; its passphrase has not, and never will"),
        "{}",
        told.text
    );
    assert_eq!(world.packages(), [] as [&str; 0]);
    world.disarm(Mishap::Defer, ASHA);
    world.after_days(6).await;
    let [_, answer] = world.reads(ASHA, ["is ready", "Where your request"]);
    assert!(answer.says("we will not send its passphrase, so nobody can open it"), "{}", answer.text);

    // A second one holds nothing back any more.
    world.player(ASHA).replies_to(&challenge, "CANCEL");
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);
}

async fn a_package_that_may_have_left_is_told_so_and_never_opened(world: &mut World) {
    let (challenge, request) = awaiting_decision(world).await;
    world.arm(Mishap::HangAfterData, ASHA);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    assert_eq!(world.register().await, ["delivering"], "nobody knows whether it was taken");
    world.disarm(Mishap::HangAfterData, ASHA);
    world.player(ASHA).replies_to(&challenge, "CANCEL");
    world.settle().await;
    let [_, stopped] = world.reads(ASHA, ["is ready", "We have stopped your request"]);
    assert!(stopped.says("The mail with your data may have left already"), "{}", stopped.text);
    let [told] = world.staff_reads(["the customer took the request back"]);
    assert!(told.says("The package may have left already"), "{}", told.text);
    world.after_days(6).await;
    assert!(world.inbox(ASHA).is_empty(), "not once more, and no passphrase");
    assert_eq!(world.register().await, ["closed: withdrawn"]);
}

/// Whoever commits first decides, and what the customer is told is true of what came.
async fn the_worker_the_courier_and_the_customer_race(world: &mut World) {
    for pauses in [0, 20, 100, 400, 1_000, 2_500, 6_000, 15_000] {
        let (_, request) = awaiting_decision(world).await;
        let code = world.code(RAVI);
        world.player(RAVI).replies_to(&request, &format!("APPROVE {code}"));
        world.reads_mail().await;
        assert_eq!(world.register().await.last().unwrap(), "executing");
        let stopped = Box::pin(world.races_with_a_withdrawal(&request.reference(), pauses)).await;
        world.settle().await;
        world.after(24).await;
        let came = world.inbox(ASHA);
        let one = |part: &str| came.iter().find(|notice| notice.subject.contains(part));
        let (package, passphrase) = (one("is ready").is_some(), one("passphrase").is_some());
        let told = one("We have stopped your request");
        assert_eq!(told.is_some(), stopped, "{pauses}");
        if let Some(told) = told {
            assert!(!package || !told.says("Nothing was sent"), "{pauses}: {}", told.text);
            assert!(
                !passphrase || told.says("Its passphrase") || told.says("with its passphrase"),
                "{pauses}"
            );
            assert_eq!(world.packages(), [] as [&str; 0], "{pauses}");
        } else {
            assert!(package && passphrase, "{pauses}: too late, and everything has left");
        }
        world.inbox(RAVI);
        world.inbox(MEERA);
    }
}
