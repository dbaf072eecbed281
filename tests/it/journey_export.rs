//! The main story: a customer asks, proves who they are, staff agree, and the package arrives, complete and without a row
//! of anybody else. Never looks inside: journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, BINA, FOREIGN, Held, MEERA, Notice, OMAR, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const BINA_DAS: &str = "Bina Das, User, bina@acme.example";

journeys!(Setup::default() =>
    a_whole_account_is_exported_after_a_call_back,
    calls_of_a_number_reach_their_owner,
    a_plain_user_gets_their_own_rows_and_no_others,
    two_requests_for_one_person_run_side_by_side,
);
journeys!(Setup { plus_addressing: true, ..Setup::default() } => plus_addresses_carry_the_conversation);

async fn a_whole_account_is_exported_after_a_call_back(world: &mut World) {
    let id = world.player(ASHA).sends(&export_request("account 481516, all data", ASHA_RAO));
    world.settle().await;
    let [acknowledgement, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    reads_the_acknowledgement(&acknowledgement);
    reads_the_challenge(&challenge);
    assert_eq!(acknowledgement.in_reply_to, Some(id), "it stands under her mail");
    assert!(challenge.html.contains(&challenge.code()), "{}", challenge.html);

    world.confirms(ASHA, &challenge).await;
    let [call] = world.staff_reads(["a call-back is needed"]);
    assert!(call.says("Phone on file: +919812345678"), "{}", call.text);

    world.decides(RAVI, &call, "CALLED spoke to Asha, she knew the last invoice").await;
    let [_, request] = world.staff_reads(["Call-back recorded by ravi", "Please decide"]);
    reads_the_request_for_approval(&request);

    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (ready, passphrase, package) = world.opens_the_package(ASHA);
    reads_the_completion(&ready);
    reads_the_passphrase(&passphrase);
    assert!(!ready.says(&passphrase.code()), "the package's mail never holds what opens it");
    assert_eq!(package.rows["call_logs"], Held::ACME_CALLS);
    assert_eq!(package.rows["recordings"], Held::ACME_RECORDINGS);
    assert_eq!(package.rows["invoices"], Held::ACME_INVOICES);
    let recordings = package.files.keys().filter(|name| name.contains(".wav")).count();
    assert_eq!(recordings as u64, Held::ACME_RECORDINGS);
    assert!(package.holds("own") && !package.holds(FOREIGN), "no row and no file of the other account");
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn calls_of_a_number_reach_their_owner(world: &mut World) {
    let letter = export_request("number +91 98765 43210, 2025-01-01 to 2025-03-31", ASHA_RAO);
    let challenge = world.asks(ASHA, &letter).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.reads(MEERA, ["Please decide"]);
    world.reads(RAVI, ["Please decide"]);
    world.decides(MEERA, &request, "APPROVE").await;
    world.staff_reads(["Approved by meera"]);
    let (_, _, package) = world.opens_the_package(ASHA);
    let calls = package.text("data/call_logs.csv");
    assert_eq!(package.rows["call_logs"], Held::ACME_CALLS_OF_THREE_MONTHS);
    assert!(calls.contains("2025-03-") && !calls.contains("2025-04-"), "{calls}");
    // Omar's account holds calls with this very number: they are his, not hers.
    assert!(calls.contains("+912222333344") && !package.holds(FOREIGN));
    assert_eq!((package.rows["recordings"], package.rows["invoices"]), (0, 0));
}

async fn a_plain_user_gets_their_own_rows_and_no_others(world: &mut World) {
    let challenge = world.asks(BINA, &export_request("user bina@acme.example", BINA_DAS)).await;
    world.confirms(BINA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, package) = world.opens_the_package(BINA);
    assert_eq!(package.rows["call_logs"], Held::BINA_CALLS);
    assert_eq!((package.rows["recordings"], package.rows["invoices"]), (0, 0));
}

async fn two_requests_for_one_person_run_side_by_side(world: &mut World) {
    world.player(ASHA).sends(&export_request("number +91 98765 43210, January 2025", ASHA_RAO));
    world.player(ASHA).sends(&export_request("number +91 98765 43210, February 2025", ASHA_RAO));
    world.settle().await;
    // One acknowledgement an hour goes to one address; the other waits. The conversation does not.
    let [_, one, other] = world.reads(ASHA, ["We have your request", "Is it you?", "Is it you?"]);
    assert_ne!(one.reference(), other.reference());
    world.after(1).await;
    world.reads(ASHA, ["We have your request"]);

    world.confirms(ASHA, &one).await;
    let [first] = world.staff_reads(["Please decide"]);
    world.confirms(ASHA, &other).await;
    let [second] = world.staff_reads(["Please decide"]);
    world.decides(RAVI, &second, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, package) = world.opens_the_package(ASHA);
    let months = |text: &str| (text.contains("2025-01-"), text.contains("2025-02-"));
    let february = months(&package.text("data/call_logs.csv"));
    world.decides(RAVI, &first, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, package) = world.opens_the_package(ASHA);
    let january = months(&package.text("data/call_logs.csv"));
    // Which of the two came in first is the mail server's business.
    assert!(
        [january, february] == [(true, false), (false, true)]
            || [january, february] == [(false, true), (true, false)]
    );
    assert_eq!(world.register().await, ["closed: completed", "closed: completed"]);
}

async fn plus_addresses_carry_the_conversation(world: &mut World) {
    let challenge =
        world.asks(OMAR, &export_request("account", "Omar Khan, Owner, omar@other.example")).await;
    assert!(challenge.reply_to.starts_with("privacy+"), "{}", challenge.reply_to);
    world.confirms(OMAR, &challenge).await;
    world.reads(RAVI, ["a call-back is needed"]);
    let [call] = world.reads(MEERA, ["a call-back is needed"]);
    world.decides(MEERA, &call, "CALLED he called back from his own number").await;
    world.reads(RAVI, ["Call-back recorded", "Please decide"]);
    let [_, request] = world.reads(MEERA, ["Call-back recorded", "Please decide"]);
    assert!(request.reply_to.starts_with("privacy+"), "{}", request.reply_to);
    world.decides(MEERA, &request, "APPROVE").await;
    world.staff_reads(["Approved by meera"]);
    let (_, _, package) = world.opens_the_package(OMAR);
    assert_eq!(package.rows["call_logs"], Held::OTHER_CALLS);
    assert_eq!(world.register().await, ["closed: completed"]);
}

/// The acknowledgement, as the customer reads it.
fn reads_the_acknowledgement(acknowledgement: &Notice) {
    insta::assert_snapshot!(acknowledgement.whole(), @r#"
    [DSR-0000-0000] We have your request for a copy of your data

    Hello,

    we have your request for a copy of your data. Thank you for writing.

    What we understood:
    - account 481516
    - all data

    It came in on 2 June 2025. You will have our answer by 2 July 2025 at the latest.

    What happens next
    First we check that it is really you, so that nobody else gets hold of your data. We do this by writing to the e-mail address we have on file. Please look there and answer that mail.

    To see where your request stands, answer this mail with the word STATUS in the first line.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

/// The challenge to the address on file.
fn reads_the_challenge(challenge: &Notice) {
    insta::assert_snapshot!(challenge.whole(), @r#"
    [DSR-0000-0000] Is it you? Please confirm a request about your data

    Hello,

    somebody, perhaps you, asked us for a copy of your data. We write to the address we have on file to make sure that it was you.

    What was asked about:
    - account 481516
    - all data

    Was it you?
    Answer this mail with the word CONFIRM and the code below, both in the first line.

        [code]

    The code works until 3 June 2025, 10:00 (Asia/Kolkata). If we hear nothing by 16 June 2025, we close the request.

    Changed your mind? Answer with the word CANCEL.

    Was it somebody else? Answer with the words NOT ME, and we look into it. Without your answer nothing is sent and nothing is deleted.

    One tap opens a ready answer:
    Yes, it was me: mailto:privacy@telco.example?subject=Re%3A%20%5BDSR-0000-0000%5D&body=CONFIRM%20[code]
    No, stop it: mailto:privacy@telco.example?subject=Re%3A%20%5BDSR-0000-0000%5D&body=CANCEL
    It was somebody else: mailto:privacy@telco.example?subject=Re%3A%20%5BDSR-0000-0000%5D&body=NOT%20ME

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

/// What staff decide on.
fn reads_the_request_for_approval(request: &Notice) {
    insta::assert_snapshot!(request.whole(), @r#"
    [DSR-0000-0000] Please decide by 2 July 2025: export, 251 records

    ravi, please decide by 2 July 2025.

    Asked for: a copy of the data (export)
    About: account 481516; all data
    By: Asha Rao, Owner of account 481516, asha@acme.example
    Identity: confirmed with the code sent to this address on file, and by a call-back by ravi
    Came in: 2 June 2025

    To agree: write APPROVE and an unused code of yours.
    To refuse: write REFUSE, an unused code of yours and a ground from the list below.
    To put a question to the customer: write ASK and the question.

    Answer this mail, with the word in the first line. Your codes are on the list that "dsrd staff codes" printed for you; each works once.

    Grounds for a refusal: identity-not-verified, legal-hold, statutory-retention, rights-of-others, manifestly-unfounded-or-excessive, no-match, outside-jurisdiction, not-covered, suspected-fraud.

    The plan [hash], as of 2 June 2025, 10:00 (Asia/Kolkata): 251 records
    - Call logs: 240, 1 January 2025 to 28 May 2025, goes into the copy
    - Call recordings: 6, 1 May 2025 to 6 May 2025, goes into the copy
    - Invoices: 5, 1 January 2025 to 1 May 2025, goes into the copy

    The scope as the customer wrote it:
    > account 481516, all data

    Your answer counts for this plan only, and only from you: please do not forward this mail.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

/// The mail that carries the package.
fn reads_the_completion(ready: &Notice) {
    insta::assert_snapshot!(ready.whole(), @r#"
    [DSR-0000-0000] The copy of your data is ready

    Hello,

    here is the copy of your data that you asked for.

    What you asked about:
    - account 481516
    - all data

    What is inside:
    - Call logs: 240 records
    - Call recordings: 6 records, 6 files
    - Invoices: 5 records

    It shows your data as of 2 June 2025, 10:00 (Asia/Kolkata). A page inside says what we use it for, who receives it and how long we keep it.

    How to open it
    1. Save the attached file DSR-0000-0000.zip ([size]).
    2. The file is locked. The passphrase comes in a separate mail.
    3. Open it with 7-Zip (Windows) or Keka (Mac). The Windows Explorer cannot open it: it does not know AES-256, the lock that we use.
    4. Open the file index.html inside.

    For experts, the SHA-256 of the file: [sha256]

    Your rights
    If you are not content with this, write to Grievance Officer, Telco, grievance@telco.example. You may also complain to the Data Protection Board of India. You may also go to court (GDPR article 79). The law that gives you these rights is the EU General Data Protection Regulation (GDPR).

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

/// What opens it.
fn reads_the_passphrase(passphrase: &Notice) {
    insta::assert_snapshot!(passphrase.whole(), @r#"
    [DSR-0000-0000] The passphrase for the copy of your data

    Hello,

    this passphrase opens the file DSR-0000-0000.zip that we sent you in another mail:

        [code]

    Open the file with 7-Zip (Windows) or Keka (Mac) and copy the passphrase as it stands, with its dashes. Please do not pass it on: whoever has both mails can read your data.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}
