//! Mail from people who are not who they say, or whom nobody vouches for. The address on file is asked and nobody else;
//! a stranger learns nothing. Journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, BINA, Held, MEERA, RAVI, World, export_request, journeys};

const MALLORY: &str = "mallory@evil.example";
const AS_ASHA: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    a_stranger_who_claims_an_account_reaches_only_its_owner,
    a_stranger_who_is_in_no_book_hears_the_same,
    a_plain_user_may_not_ask_for_the_account,
    a_forged_sender_gets_no_mail_and_staff_may_accept,
    an_unchecked_sender_gets_no_mail_and_staff_may_accept,
    nobody_accepts_and_the_alarm_goes_off_after_one_business_day,
    many_answers_in_a_customers_name_are_told_to_staff,
);

async fn a_stranger_who_claims_an_account_reaches_only_its_owner(world: &mut World) {
    let letter = export_request("account 481516", "Mallory, Owner, mallory@evil.example");
    world.player(MALLORY).sends(&letter);
    world.settle().await;
    let [acknowledgement] = world.reads(MALLORY, ["We have your request"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    assert!(
        !challenge.headers.contains("In-Reply-To"),
        "nothing of the stranger's mail: {}",
        challenge.headers
    );

    // From here on the stranger hears nothing: no status, no cancelling, no confirming.
    for words in ["STATUS", "CANCEL", "NOT ME", "CONFIRM 0000-0000", "What takes you so long?"] {
        world.player(MALLORY).replies_to(&acknowledgement, words);
    }
    world.settle().await;
    assert!(world.inbox(MALLORY).is_empty());
    assert_eq!(world.register().await, ["awaiting-verification"]);

    world.player(ASHA).replies_to(&challenge, "NOT ME");
    world.settle().await;
    let [status] = world.reads(ASHA, ["Where your request"]);
    assert!(status.says("thank you for telling us that it was somebody else"), "{}", status.text);
    let [told] = world.staff_reads(["the customer says it was somebody else"]);
    assert!(told.says("Customer on file: Asha Rao"), "{}", told.text);
    assert_eq!(world.register().await, ["closed: suspected-fraud"]);
    world.after_days(15).await;
    assert!(world.inbox(MALLORY).is_empty());
}

async fn a_stranger_who_is_in_no_book_hears_the_same(world: &mut World) {
    let nobody = "nobody@nowhere.example";
    world.player(nobody).sends(&export_request("account 999999", "Nobody, Owner, nobody@nowhere.example"));
    world.player(MALLORY).sends(&export_request("account 481516", AS_ASHA));
    world.settle().await;
    let [unknown] = world.reads(nobody, ["We have your request"]);
    let [known] = world.reads(MALLORY, ["We have your request"]);
    let same = |text: &str| {
        text.replace("999999", "481516").replace(&unknown.reference().to_string(), "[reference]")
    };
    let expected = known.text.replace(&known.reference().to_string(), "[reference]");
    assert_eq!(same(&unknown.text), expected, "neither mail tells whether the account exists");
    world.reads(ASHA, ["Is it you?"]);

    world.after_days(14).await;
    let [expired] = world.reads(nobody, ["we could not make sure that it was you"]);
    let reminded = world.inbox(ASHA);
    assert_eq!(reminded.last().map(|notice| notice.subject.contains("is closed")), Some(true));
    let reason = "We could not make sure that the request came from the person whose data it is about";
    assert!(expired.says(reason) && reminded.last().is_some_and(|notice| notice.says(reason)));
    assert!(world.inbox(MALLORY).is_empty(), "what became of it is the owner's to know");
    assert_eq!(world.register().await, ["closed: expired", "closed: expired"]);
}

async fn a_plain_user_may_not_ask_for_the_account(world: &mut World) {
    let letter = export_request("account 481516, all data", "Bina Das, User, bina@acme.example");
    let challenge = world.asks(BINA, &letter).await;
    world.player(BINA).replies_to(&challenge, &format!("CONFIRM {}", challenge.code()));
    world.settle().await;
    let [refused] = world.reads(BINA, ["we have to say no"]);
    assert!(refused.says("GDPR article 15(4) (rights-of-others)"), "{}", refused.text);
    assert!(refused.says("You may ask again for a smaller part"), "{}", refused.text);
    world.staff_reads(["asked for a whole account without the role"]);
    assert_eq!(world.register().await, ["closed: rights-of-others"]);

    world.after(1).await;
    let challenge = world
        .asks(
            BINA,
            &export_request("user bina@acme.example, April 2025", "Bina Das, User, bina@acme.example"),
        )
        .await;
    world.confirms(BINA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, package) = world.opens_the_package(BINA);
    assert!(package.rows["call_logs"] > 0 && package.rows["call_logs"] < Held::BINA_CALLS);
    assert!(!package.text("data/call_logs.csv").contains("2025-05-"));
}

async fn a_forged_sender_gets_no_mail_and_staff_may_accept(world: &mut World) {
    world.player(ASHA).through("evil.example").sends(&export_request("number +91 98765 43210", AS_ASHA));
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty(), "no mail leaves");
    world.reads(RAVI, ["sender not proven"]);
    let [told] = world.reads(MEERA, ["sender not proven"]);
    assert!(told.says("asha@acme.example"), "{}", told.text);
    assert_eq!(world.register().await, ["recorded: sender-unauthenticated"]);

    world.player(MEERA).replies_to(&told, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by meera"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn an_unchecked_sender_gets_no_mail_and_staff_may_accept(world: &mut World) {
    world.player(MALLORY).through("unknown.invalid").sends(&export_request("account 481516", AS_ASHA));
    world.settle().await;
    let [told] = world.staff_reads(["sender not checked"]);
    assert_eq!(world.register().await, ["recorded: sender-unauthenticated"]);
    world.player(RAVI).replies_to(&told, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by ravi"]);
    world.reads(ASHA, ["Is it you?"]);
    assert!(world.inbox(MALLORY).is_empty(), "whoever wrote hears nothing, even now");
    assert_eq!(world.register().await, ["awaiting-verification"]);
}

async fn nobody_accepts_and_the_alarm_goes_off_after_one_business_day(world: &mut World) {
    world.player(ASHA).through("evil.example").sends(&export_request("number +91 98765 43210", AS_ASHA));
    world.settle().await;
    world.staff_reads(["sender not proven"]);
    world.after(23).await;
    assert!(world.inbox(RAVI).is_empty());
    world.after(9).await;
    let [alarm] = world.staff_reads(["Overdue: export request"]);
    assert!(alarm.says("The first reply to the customer is overdue"), "{}", alarm.text);
    world.after_days(3).await;
    assert!(world.inbox(RAVI).is_empty(), "said once");
    assert!(world.inbox(ASHA).is_empty());
}

async fn many_answers_in_a_customers_name_are_told_to_staff(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", AS_ASHA)).await;
    let forge = |world: &World, number: u8| {
        world
            .player(ASHA)
            .through("evil.example")
            .replies_to(&challenge, &format!("CONFIRM 0000-000{number}"));
    };
    for number in 0..4 {
        forge(world, number);
    }
    world.settle().await;
    assert!(world.inbox(RAVI).is_empty(), "a few come from servers that are set up badly");
    for number in 4..9 {
        forge(world, number);
    }
    world.settle().await;
    let [told] = world.staff_reads(["a mail in the name of customers was not believed"]);
    assert!(told.says("Nothing was decided by them"), "{}", told.text);
    // None of them has cost her a try.
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}
