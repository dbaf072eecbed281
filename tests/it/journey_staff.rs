//! Staff decide: they refuse, ask back, and mistype; and nobody decides about their own request. Journeys see only mail,
//! staff and time (`world`).

use crate::world::{ASHA, MEERA, Notice, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    staff_refuse_with_a_ground_and_the_letter_is_complete,
    a_question_goes_to_the_customer_and_the_answer_comes_back,
    what_staff_mistype_changes_nothing_and_is_answered,
    the_requester_never_decides,
    the_second_of_two_deciders_comes_too_late,
    five_wrong_codes_lock_a_list_until_a_new_one_is_printed,
);

journeys!(Setup { approvers: &[], ..Setup::default() } =>
    staff_who_join_later_are_asked_what_waits_for_them,
);

/// Asha's calls wait for a decision; the mails that ask Ravi and Meera for it.
async fn awaiting_decision(world: &mut World) -> (Notice, Notice) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, January 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [for_ravi] = world.reads(RAVI, ["Please decide"]);
    let [for_meera] = world.reads(MEERA, ["Please decide"]);
    (for_ravi, for_meera)
}

async fn staff_refuse_with_a_ground_and_the_letter_is_complete(world: &mut World) {
    let (_, for_meera) = awaiting_decision(world).await;
    let words = "REFUSE rights-of-others These calls were made by a colleague of yours.";
    world.decides(MEERA, &for_meera, words).await;
    world.staff_reads(["Refused by meera"]);
    let [letter] = world.reads(ASHA, ["we have to say no"]);
    insta::assert_snapshot!(letter.whole(), @r#"
    [DSR-0000-0000] Your request about your data: we have to say no

    Hello,

    on 2 June 2025 you asked us for a copy of your data. We are sorry: we have to say no.

    What you asked about:
    - number +91 98765 43210
    - from 1 January 2025 to 31 January 2025

    What we refuse, and why:

    The whole request: this data also tells about other people, and their rights stand against it. Legal ground: GDPR article 15(4) (rights-of-others).
    What you can do: You may ask again for a smaller part, such as only what tells about you.

    Nothing was sent and nothing was deleted.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    Our staff adds:
    > These calls were made by a colleague of yours.

    Your rights
    If you are not content with this, write to Grievance Officer, Telco, grievance@telco.example. You may also complain to the Data Protection Board of India. You may also go to court (GDPR article 79). The law that gives you these rights is the EU General Data Protection Regulation (GDPR).

    Date of this decision: 2 June 2025

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
    assert_eq!(world.register().await, ["closed: rights-of-others"]);

    // Whoever decides now is told that it is over.
    world.decides(MEERA, &for_meera, "APPROVE").await;
    let [told] = world.reads(MEERA, ["Your answer changed nothing"]);
    assert!(told.says("does not wait for this word now"), "{}", told.text);
}

async fn a_question_goes_to_the_customer_and_the_answer_comes_back(world: &mut World) {
    let (for_ravi, for_meera) = awaiting_decision(world).await;
    world.player(RAVI).replies_to(&for_ravi, "ASK Do you need the calls of the whole month?");
    world.settle().await;
    world.staff_reads(["Question sent by ravi"]);
    let [question] = world.reads(ASHA, ["A question about your request"]);
    assert!(question.says("Do you need the calls of the whole month?"), "{}", question.text);
    assert_eq!(world.register().await, ["awaiting-approval: staff-question"]);

    world.player(ASHA).replies_to(&question, "Yes please.\n\nThe tax office wants them all.");
    world.settle().await;
    let [answer] = world.staff_reads(["The customer has answered"]);
    assert!(answer.says("The question, by ravi: > Do you need the calls"), "{}", answer.text);
    assert!(answer.says("> Yes please. > > The tax office wants them all."), "{}", answer.text);
    assert!(!answer.says("somebody asks"), "nothing of the quoted mail");

    // The plan is the same, so the mails that asked for a decision still stand.
    world.decides(MEERA, &for_meera, "APPROVE").await;
    world.staff_reads(["Approved by meera"]);
    world.opens_the_package(ASHA);
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn what_staff_mistype_changes_nothing_and_is_answered(world: &mut World) {
    let (for_ravi, _) = awaiting_decision(world).await;
    let check = async |world: &mut World, text: &str, expected: &str| {
        world.player(RAVI).replies_to(&for_ravi, text);
        world.settle().await;
        let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
        assert!(told.says(expected), "{text}: {}", told.text);
        assert_eq!(world.register().await, ["awaiting-approval"], "{text}");
    };
    let code = world.code(RAVI);
    check(world, "Looks good to me, please go ahead", "did not start with a word that we know").await;
    check(world, "I do not APPROVE", "did not start with a word that we know").await;
    check(world, "APPROVE 0000-0000", "wrong or used before").await;
    check(world, &format!("REFUSE {code} because I say so"), "named no ground").await;
    check(world, &format!("CALLED {code} nobody asked me to"), "does not wait for this word now").await;
    check(world, "ACCEPT", "does not wait for this word now").await;

    // A code of Meera's is none of Ravi's; none of all this has used his up.
    let hers = world.code(MEERA);
    check(world, &format!("APPROVE {hers}"), "wrong or used before").await;
    world.player(RAVI).replies_to(&for_ravi, &format!("approve {}", code.to_lowercase()));
    world.settle().await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn the_requester_never_decides(world: &mut World) {
    // Ravi is staff and, in the directory, an owner of the account that he asks about.
    let own = export_request("number +91 98765 43210, January 2025", "Ravi Iyer, Owner, ravi@telco.example");
    let challenge = world.asks(RAVI, &own).await;
    world.confirms(RAVI, &challenge).await;
    let [for_meera] = world.reads(MEERA, ["Please decide"]);
    assert!(world.inbox(RAVI).is_empty(), "the requester is asked for no decision");

    // Meera forwards it; he answers in her thread, with a good code of his own.
    let unchanged = "awaiting-approval";
    world.decides(RAVI, &for_meera, "APPROVE").await;
    let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(told.says("did not come as a reply to our mail to you"), "{}", told.text);
    assert_eq!(world.register().await, [unchanged]);
    // He writes a new mail with the reference, which is no secret.
    let (code, subject) = (world.code(RAVI), format!("Re: [{}]", for_meera.reference()));
    world.player(RAVI).writes(&subject, &format!("APPROVE {code}"));
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    assert_eq!(world.register().await, [unchanged]);
    // Somebody uses Meera's address, and no server vouches for it.
    let hers = world.code(MEERA);
    world.player(MEERA).through("evil.example").replies_to(&for_meera, &format!("APPROVE {hers}"));
    world.settle().await;
    world.staff_reads(["a mail in the name of meera was not believed"]);
    assert_eq!(world.register().await, [unchanged]);

    world.player(MEERA).replies_to(&for_meera, &format!("APPROVE {hers}"));
    world.settle().await;
    world.reads(MEERA, ["Approved by meera"]);
    let came = world.inbox(RAVI);
    let subjects: Vec<&str> = came.iter().map(|notice| notice.subject.as_str()).collect();
    assert_eq!(
        came.len(),
        3,
        "his data, its passphrase, and what every member of staff is told: {subjects:?}"
    );
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn the_second_of_two_deciders_comes_too_late(world: &mut World) {
    let (for_ravi, for_meera) = awaiting_decision(world).await;
    let (his, hers) = (world.code(RAVI), world.code(MEERA));
    world.player(RAVI).replies_to(&for_ravi, &format!("REFUSE {his} not-covered"));
    world.player(MEERA).replies_to(&for_meera, &format!("APPROVE {hers}"));
    world.settle().await;
    world.reads(RAVI, ["Refused by ravi"]);
    world.reads(MEERA, ["Refused by ravi", "Your answer changed nothing"]);
    world.reads(ASHA, ["we have to say no"]);
    assert_eq!(world.register().await, ["closed: not-covered"]);
}

async fn five_wrong_codes_lock_a_list_until_a_new_one_is_printed(world: &mut World) {
    let (for_ravi, for_meera) = awaiting_decision(world).await;
    let code = world.code(RAVI);
    for _ in 0..3 {
        world.player(RAVI).replies_to(&for_ravi, "APPROVE 0000-0000");
        world.settle().await;
        world.reads(RAVI, ["Your answer changed nothing"]);
    }
    // Two at once, and one of them at the command line: counted one after the other.
    let by_hand = world.approves_by_hand(RAVI, &for_ravi.reference(), "0000-0000").await;
    assert!(by_hand.contains("not an unused one of this person"), "{by_hand}");
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    for _ in 0..2 {
        world.player(RAVI).replies_to(&for_ravi, "APPROVE 1111-1111");
    }
    world.settle().await;
    let [first, second, told] =
        world.reads(RAVI, ["Your answer changed nothing", "Your answer changed nothing", "is locked"]);
    assert!(first.says("your list is locked") && second.says("your list is locked"), "{}", second.text);
    assert!(told.says("Five codes in the name of ravi were wrong"), "{}", told.text);
    world.reads(MEERA, ["the code list of ravi is locked"]);

    // Not even a good one counts now, by mail or by hand.
    world.player(RAVI).replies_to(&for_ravi, &format!("APPROVE {code}"));
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    let by_hand = world.approves_by_hand(RAVI, &for_ravi.reference(), &code).await;
    assert!(by_hand.contains("their list is locked"), "{by_hand}");
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    assert_eq!(world.register().await, ["awaiting-approval"]);

    // Meera's list is her own; and a fresh list opens the way for Ravi.
    world.prints_codes(RAVI).await;
    world.decides(RAVI, &for_ravi, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
    world.decides(MEERA, &for_meera, "APPROVE").await;
    world.reads(MEERA, ["Your answer changed nothing"]);
}

async fn staff_who_join_later_are_asked_what_waits_for_them(world: &mut World) {
    // An agent is there, who may not decide.
    world.joins_staff("kiran@telco.example", "agent").await;
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210, January 2025", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [nobody] = world.reads("kiran@telco.example", ["nobody may decide"]);
    assert!(nobody.says("They are asked by mail as soon as they are added"), "{}", nobody.text);
    world.after_days(2).await;

    world.joins_staff(MEERA, "approver").await;
    world.settle().await;
    let [request] = world.reads(MEERA, ["Please decide"]);
    assert!(world.inbox("kiran@telco.example").is_empty());
    // Added again as she was, she is not asked again; with another address she is, because the first mail is not hers.
    world.joins_staff(MEERA, "approver").await;
    world.settle().await;
    assert!(world.inbox(MEERA).is_empty());
    world.joins_staff(MEERA, "dpo").await;
    world.settle().await;
    world.reads(MEERA, ["Please decide"]);
    world.decides(MEERA, &request, "APPROVE").await;
    world.reads(MEERA, ["Approved by meera"]);
    world.reads("kiran@telco.example", ["Approved by meera"]);
    world.opens_the_package(ASHA);
}
