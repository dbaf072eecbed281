//! What staff do besides deciding, all by mail: take further time, complete a request in a person's place, put aside what
//! asks for nothing; and an account that its owner had frozen. Journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, BINA, Letter, MEERA, OMAR, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    further_time_is_taken_once_and_told_in_time,
    a_request_in_own_words_is_completed_by_staff,
    a_forwarded_request_is_completed_for_the_customer,
    a_mail_that_asks_for_nothing_is_closed_quietly,
    not_me_freezes_the_account_for_thirty_days,
    not_me_stops_what_is_about_to_leave_for_the_same_account,
    a_frozen_account_is_thawed_by_staff,
    staff_are_told_every_working_day_how_requests_stand,
);

async fn further_time_is_taken_once_and_told_in_time(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.player(RAVI).replies_to(&request, "EXTEND because it is much");
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);

    world.decides(RAVI, &request, "EXTEND There are many recordings to hear.").await;
    let [told] = world.staff_reads(["Extended by ravi"]);
    assert!(told.says("Answer to the customer due: 2 September 2025"), "{}", told.text);
    let [letter] = world.reads(ASHA, ["Your request takes longer"]);
    insta::assert_snapshot!(letter.whole(), @r#"
    [DSR-0000-0000] Your request takes longer: until 2 September 2025

    Hello,

    your request for a copy of your data, which came in on 2 June 2025, takes us longer than we thought. You were to have our answer by 2 July 2025; now you will have it by 2 September 2025 at the latest.

    Why it takes longer, as our staff says:
    > There are many recordings to hear.

    What you asked about:
    - number +91 98765 43210

    You need not do anything. The law allows us to take this further time once.

    Your rights
    If you are not content with this, write to Grievance Officer, Telco, grievance@telco.example. You may also complain to the Data Protection Board of India. You may also go to court (GDPR article 79). The law that gives you these rights is the EU General Data Protection Regulation (GDPR).

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);

    world.decides(RAVI, &request, "EXTEND And once more.").await;
    let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(told.says("The law allows it once"), "{}", told.text);
    // The old date passes in silence.
    world.after_days(35).await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(ASHA).is_empty());
    world.inbox(MEERA);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn a_request_in_own_words_is_completed_by_staff(world: &mut World) {
    let words = "Hello,\n\nplease send me a copy of all the data that you have about me.\n\nAsha\n";
    world.player(ASHA).sends(&Letter::new("my data", words));
    world.settle().await;
    world.reads(ASHA, ["we need a little more"]);
    let [request] = world.staff_reads(["a request in own words"]);
    assert!(request.says("> please send me a copy of all the data"), "{}", request.text);

    let answer = async |world: &mut World, text: &str| {
        world.player(RAVI).replies_to(&request, text);
        world.settle().await;
    };
    answer(world, "SCOPE as usual, please").await;
    let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(told.says("could not read a line of the form"), "{}", told.text);
    answer(world, "SCOPE number +91 98765 43210, May 2025").await;
    let [told] = world.staff_reads(["Completed by ravi"]);
    assert!(told.says("number +91 98765 43210") && told.says("Still missing"), "{}", told.text);
    answer(world, &format!("SCOPE Requester: {ASHA_RAO}")).await;
    let [told] = world.staff_reads(["Completed by ravi"]);
    assert!(told.says("Nothing is missing"), "{}", told.text);
    answer(world, "ACCEPT").await;
    world.staff_reads(["Sender accepted by ravi"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, opened) = world.opens_the_package(ASHA);
    assert!(opened.rows.values().sum::<u64>() > 0);
}

async fn a_forwarded_request_is_completed_for_the_customer(world: &mut World) {
    // Ravi took a call and writes down what he heard; the customer's own mail never came to this mailbox.
    let words = "A customer asks for a copy of her data, please see below.\n\nFwd: please send me all my data. Asha Rao\n";
    world.player(RAVI).sends(&Letter::new("Fwd: a customer wants a copy of her data", words));
    world.settle().await;
    let for_ravi = world.inbox(RAVI);
    let [for_meera] = world.reads(MEERA, ["a request in own words"]);
    let for_ravi = for_ravi.iter().find(|notice| notice.subject.contains("own words")).unwrap();
    let lines = "SCOPE number +91 98765 43210, May 2025\nRequester: Asha Rao, Owner, asha@acme.example";
    world.player(RAVI).replies_to(for_ravi, &format!("{lines}\nData Export Request"));
    world.settle().await;
    world.staff_reads(["Completed by ravi"]);
    // Whoever brought it may not accept it.
    world.player(RAVI).replies_to(for_ravi, "ACCEPT");
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    world.player(MEERA).replies_to(&for_meera, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by meera"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    world.confirms(ASHA, &challenge).await;
    world.reads(MEERA, ["Please decide"]);
}

async fn a_mail_that_asks_for_nothing_is_closed_quietly(world: &mut World) {
    let words = "Hello,\n\nplease send me a copy of all the data that you have about me.\n";
    world.player(OMAR).sends(&Letter::new("offer", words));
    world.settle().await;
    world.reads(OMAR, ["we need a little more"]);
    let [request] = world.staff_reads(["a request in own words"]);
    world.player(RAVI).replies_to(&request, "NOTREQUEST");
    world.settle().await;
    world.staff_reads(["No request, says ravi"]);
    assert_eq!(world.register().await, ["closed: withdrawn"]);
    assert!(world.inbox(OMAR).is_empty());
    world.player(MEERA).replies_to(&request, "NOTREQUEST");
    world.settle().await;
    world.inbox(MEERA);
}

async fn not_me_freezes_the_account_for_thirty_days(world: &mut World) {
    // Mallory, a colleague, asks twice in Asha's name; one of the two is approved before Asha looks.
    let letter = export_request("number +91 98765 43210, May 2025", ASHA_RAO);
    let first = world.asks(ASHA, &letter).await;
    world.confirms(ASHA, &first).await;
    world.staff_reads(["Please decide"]);
    world.after(2).await;
    let second = world.asks(ASHA, &export_request("number +91 98765 43210, April 2025", ASHA_RAO)).await;

    // Nobody else can freeze an account, not even with our mail in hand.
    world.player(BINA).replies_to(&second, "NOT ME");
    world.player(ASHA).through("evil.example").replies_to(&second, "NOT ME");
    world.settle().await;
    assert_eq!(world.register().await, ["awaiting-approval", "awaiting-verification"]);

    // One transaction: as soon as her mail is read, before any timer or worker has its turn, both stand still.
    world.player(ASHA).replies_to(&second, "NOT ME");
    world.reads_mail().await;
    assert_eq!(world.register().await, ["awaiting-verification", "closed: suspected-fraud"]);
    world.settle().await;
    let [answer] = world.reads(ASHA, ["Where your request"]);
    assert!(answer.says("For thirty days we do nothing for your account"), "{}", answer.text);
    let [_, waits] =
        world.staff_reads(["the customer says it was somebody else", "a request for a frozen account"]);
    assert!(waits.says("Frozen until: 2 July 2025"), "{}", waits.text);
    assert_eq!(world.register().await, ["awaiting-verification", "closed: suspected-fraud"]);

    // What comes meanwhile is acknowledged like any other and waits. Another account is not touched.
    world.after(24).await;
    world.player(ASHA).sends(&letter);
    world.settle().await;
    world.reads(ASHA, ["We have your request"]);
    world.staff_reads(["a request for a frozen account"]);
    let omar = "Omar Said, Owner, omar@other.example";
    world.asks(OMAR, &export_request("account", omar)).await;
    world.after_days(28).await;
    world.inbox(OMAR);
    assert!(world.inbox(ASHA).is_empty(), "nothing is asked of the owner meanwhile");
    world.after_days(1).await;
    world.reads(ASHA, ["Is it you?", "Is it you?"]);
    world.inbox(RAVI);
    world.inbox(MEERA);
    world.inbox(OMAR);
}

async fn not_me_stops_what_is_about_to_leave_for_the_same_account(world: &mut World) {
    let first = world.asks(ASHA, &export_request("number +91 98765 43210, May 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &first).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.after(2).await;
    let second = world.asks(ASHA, &export_request("number +91 98765 43210, April 2025", ASHA_RAO)).await;
    // The first is approved: a worker would write the package now, and a courier take it.
    let code = world.code(RAVI);
    world.player(RAVI).replies_to(&request, &format!("APPROVE {code}"));
    world.reads_mail().await;
    assert_eq!(world.register().await, ["executing", "awaiting-verification"]);
    world.player(ASHA).replies_to(&second, "NOT ME");
    world.reads_mail().await;
    world.works_and_sends().await;
    world.reads(ASHA, ["Where your request"]);
    assert!(world.packages().is_empty(), "{:?}", world.packages());
    assert_eq!(world.register().await, ["awaiting-verification", "closed: suspected-fraud"]);
    world.staff_reads([
        "Approved by ravi",
        "the customer says it was somebody else",
        "a request for a frozen account",
    ]);
    // The timers have nothing left to do.
    world.after(24).await;
    assert!(world.inbox(ASHA).is_empty() && world.inbox(RAVI).is_empty());
    world.inbox(MEERA);
}

async fn a_frozen_account_is_thawed_by_staff(world: &mut World) {
    let letter = export_request("number +91 98765 43210, May 2025", ASHA_RAO);
    let first = world.asks(ASHA, &letter).await;
    world.player(ASHA).replies_to(&first, "NOT ME");
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);
    world.staff_reads(["the customer says it was somebody else"]);
    world.after(24).await;
    world.player(ASHA).sends(&letter);
    world.settle().await;
    world.reads(ASHA, ["We have your request"]);
    let [frozen] = world.staff_reads(["a request for a frozen account"]);
    // Ravi has called her: it is really hers.
    world.player(RAVI).replies_to(&frozen, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by ravi"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn staff_are_told_every_working_day_how_requests_stand(world: &mut World) {
    world.looks_at_the_day().await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "nothing is open");
    world.asks(OMAR, &export_request("account", "Omar Said, Owner, omar@other.example")).await;
    world.after(24).await;
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
    world.looks_at_the_day().await;
    let [digest] = world.staff_reads(["Data requests on 3 June 2025: 2 open, 0 overdue"]);
    assert!(digest.says("due 3 July 2025: waits for staff: waiting for a decision"), "{}", digest.text);
    assert!(digest.says("waits for the customer: waiting for the customer to confirm"), "{}", digest.text);
    let place = |words: &str| digest.text.find(words).unwrap();
    assert!(
        place("waits for staff") < place("due 2 July 2025"),
        "what staff can do comes first, though due later"
    );
    world.looks_at_the_day().await;
    // Once a day; in the night and on a Sunday nobody is written to.
    world.after(12).await;
    world.looks_at_the_day().await;
    world.after(4 * 24).await;
    world.looks_at_the_day().await;
    assert!(world.inbox(RAVI).is_empty());
    world.inbox(OMAR);
    world.inbox(MEERA);
}
