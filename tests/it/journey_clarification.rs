//! Forms that say too little: asked once for everything, answered in the person's own way. Journeys see only mail, staff
//! and time (`world`).

use crate::world::{ASHA, Letter, RAVI, World, journeys};

journeys!(Setup::default() =>
    an_incomplete_form_is_completed_in_two_answers,
    a_request_in_own_words_is_asked_for_the_form_and_shown_to_staff,
);

async fn an_incomplete_form_is_completed_in_two_answers(world: &mut World) {
    let body = "Scope: <account / user / number>\nRequester: Asha Rao, Owner, asha@acme.example\n";
    world.player(ASHA).sends(&Letter::new("Data Export Request - Acme", body));
    world.settle().await;
    let [first] = world.reads(ASHA, ["we need a little more"]);
    insta::assert_snapshot!(first.whole(), @r#"
    [DSR-0000-0000] Your request about your data: we need a little more

    Hello,

    we have your request for a copy of your data; it came in on 2 June 2025. Thank you for writing. To go on we need a little more from you:

    - The line "Scope:" still holds the words of the template. Please replace them with your account, a user, or a phone number, and a span of time if you like.
    - Please add your phone number after "Requester:".
    - Please write this sentence in your answer: I acknowledge identity verification may be required.

    Please answer this mail with the lines below, completed. What we understood is filled in; please put your own words in place of everything in <angle brackets>.

    Subject: Data Export Request –
    Scope: <account/user/number/timeframe>
    Legal basis: Customer request
    Requester: <Name>, <Role>, asha@acme.example, <Phone>
    I acknowledge identity verification may be required.

    You may also answer in your own words. You will have our answer by 2 July 2025 at the latest.

    What happens next
    When we have this, we check that it is really you, by writing to the e-mail address we have on file.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
    assert_eq!(world.register().await, ["recorded: needs-clarification"]);

    // She says the scope and overlooks the rest.
    world.player(ASHA).replies_to(&first, "Scope: number +91 98765 43210, Q1 2025\n\nThanks, Asha");
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty(), "one clarification an hour goes to one address");
    world.after(1).await;
    let [second] = world.reads(ASHA, ["we need a little more"]);
    assert!(!second.says("which data you mean"), "only what is still missing: {}", second.text);
    assert!(second.says("+919876543210"), "what is known stands in the form: {}", second.text);

    // Now she completes the form in the quoted copy, as people do.
    let quoted = second.text.replace("<Name>, <Role>", "Asha Rao, Owner");
    assert_ne!(quoted, second.text);
    world.player(ASHA).replies_over(&second, "Done, see below.", &quoted);
    world.settle().await;
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    assert!(challenge.says("number +91 98765 43210"), "{}", challenge.text);
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn a_request_in_own_words_is_asked_for_the_form_and_shown_to_staff(world: &mut World) {
    let words = "Hello,\nI would like a copy of all my personal data under GDPR, please.\nAsha";
    world.player(ASHA).sends(&Letter::new("My data", words));
    world.settle().await;
    world.reads(ASHA, ["we need a little more"]);
    let [shown] = world.staff_reads(["a request in own words"]);
    assert!(
        shown.says("> I would like a copy of all my personal data under GDPR, please."),
        "{}",
        shown.text
    );
    assert_eq!(world.register().await, ["recorded: needs-clarification"]);
}
