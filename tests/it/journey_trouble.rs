//! When the outside fails: a source that is gone, a server that refuses, asks for later, or breaks off. Nothing is lost and
//! nothing is sent twice without need. Journeys see only mail, staff and time (`world`).

use crate::rig::Mishap;
use crate::world::{ASHA, MEERA, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    a_dead_source_is_told_once_and_waited_for,
    a_refused_challenge_is_shown_to_staff,
    a_deferred_mail_is_delivered_once_later,
    a_cut_after_the_last_byte_is_tried_once_more_with_the_same_id,
    a_package_whose_mail_is_deferred_is_completed_when_it_leaves,
    a_refused_package_is_sent_again_when_the_operator_says_so,
    a_job_that_waits_runs_when_the_operator_says_so,
);

async fn a_dead_source_is_told_once_and_waited_for(world: &mut World) {
    world.loses_the_source();
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.settle().await;
    let [acknowledgement] = world.reads(ASHA, ["We have your request"]);
    let [told] = world.staff_reads(["a data store does not answer"]);
    assert!(told.says("Store: telephony"), "{}", told.text);
    assert_eq!(world.register().await, ["awaiting-verification: connector-down"]);
    world.after(1).await;
    world.after(5).await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "said once");
    world.player(ASHA).replies_to(&acknowledgement, "STATUS");
    world.settle().await;
    let [status] = world.reads(ASHA, ["Where your request"]);
    assert!(status.says("one of our systems is not answering"), "{}", status.text);

    world.finds_the_source();
    world.after(1).await;
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    assert_eq!(world.register().await, ["awaiting-verification"]);
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn a_refused_challenge_is_shown_to_staff(world: &mut World) {
    world.arm(Mishap::Reject, ASHA);
    world.player("assistant@acme.example").sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.settle().await;
    world.reads("assistant@acme.example", ["We have your request"]);
    let [told] = world.staff_reads(["a mail of ours came back"]);
    assert!(told.says("Mail: challenge To: asha@acme.example Server answered: 550"), "{}", told.text);
    assert_eq!(world.register().await, ["awaiting-verification: undeliverable"]);
    world.disarm(Mishap::Reject, ASHA);
    // The reminder is a new mail with a new code; when it arrives, the story goes on.
    world.after(24).await;
    let [reminder] = world.reads(ASHA, ["Reminder"]);
    world.confirms(ASHA, &reminder).await;
    world.staff_reads(["Please decide"]);
    assert_eq!(world.register().await, ["awaiting-approval"]);
}

async fn a_deferred_mail_is_delivered_once_later(world: &mut World) {
    world.arm(Mishap::Defer, ASHA);
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.settle().await;
    world.after(1).await;
    assert!(world.inbox(ASHA).is_empty());
    world.disarm(Mishap::Defer, ASHA);
    world.after(1).await;
    let [_, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    world.after(4).await;
    assert!(world.inbox(ASHA).is_empty(), "each once");
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn a_cut_after_the_last_byte_is_tried_once_more_with_the_same_id(world: &mut World) {
    world.arm(Mishap::HangAfterData, ASHA);
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.settle().await;
    let [_, first] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    world.after(1).await;
    assert!(world.inbox(ASHA).is_empty(), "it may well have arrived: nothing is sent again soon");
    world.after(4).await;
    let [_, second] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    assert_eq!(first.message_id, second.message_id, "mail programs show one mail");
    assert_eq!(first.code(), second.code());
    world.staff_reads(["a mail of ours may not have arrived", "a mail of ours may not have arrived"]);
    world.after(12).await;
    assert!(world.inbox(ASHA).is_empty(), "and never a third time");
    assert_eq!(world.register().await, ["awaiting-verification: undeliverable"]);
    world.disarm(Mishap::HangAfterData, ASHA);
    world.confirms(ASHA, &first).await;
    world.staff_reads(["Please decide"]);
    assert_eq!(world.register().await, ["awaiting-approval"], "it can be answered all the same");
}

async fn a_package_whose_mail_is_deferred_is_completed_when_it_leaves(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, May 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.arm(Mishap::Defer, ASHA);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    assert_eq!(world.register().await, ["delivering"], "done is what the server has accepted");
    assert!(world.inbox(ASHA).is_empty(), "and the passphrase waits for that");
    world.disarm(Mishap::Defer, ASHA);
    world.after(1).await;
    world.opens_the_package(ASHA);
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn a_refused_package_is_sent_again_when_the_operator_says_so(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, May 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.arm(Mishap::Reject, ASHA);
    world.decides(RAVI, &request, "APPROVE").await;
    let [_, told] = world.staff_reads(["Approved by ravi", "a mail of ours came back"]);
    let remedy = format!("\"dsrd requests retry {}\"", request.reference());
    assert!(told.says(&remedy), "{}", told.text);
    assert_eq!(world.register().await, ["delivering: undeliverable"]);

    // Too early: it comes back once more.
    world.retries(&request.reference()).await;
    world.staff_reads(["a mail of ours came back"]);
    assert_eq!(world.register().await, ["delivering: undeliverable"]);
    world.disarm(Mishap::Reject, ASHA);
    world.after(48).await;
    assert!(world.inbox(ASHA).is_empty(), "nothing goes by itself");
    world.retries(&request.reference()).await;
    let (first, _, opened) = world.opens_the_package(ASHA);
    assert!(opened.rows.values().sum::<u64>() > 0);
    assert_eq!(world.register().await, ["closed: completed"]);

    // The server took it, and the customer says that it never came: the same package leaves once more, in a new mail.
    world.retries(&request.reference()).await;
    let [second] = world.reads(ASHA, ["is ready"]);
    assert_eq!(first.attachments, second.attachments);
    assert_ne!(first.message_id, second.message_id);
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn a_job_that_waits_runs_when_the_operator_says_so(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, May 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.loses_the_package_folder();
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi", "a data store does not answer"]);
    world.finds_the_package_folder();
    world.settle().await;
    assert_eq!(world.register().await, ["executing: connector-down"], "its time has not come");
    world.retries(&request.reference()).await;
    world.opens_the_package(ASHA);
    assert_eq!(world.register().await, ["closed: completed"]);
}
