//! A customer wants their data deleted: what goes, what the law keeps, how it can be taken back to the last second, and
//! what happens when the data moves meanwhile. Journeys see mail, staff and time, and the company's own data.
//! `journey_holds.rs` has what stands in the way; `world` has the company.

use crate::world::{ASHA, BINA, Held, MEERA, Notice, RAVI, World, delete_request, export_request, journeys};
use dsrd::domain::hold::HoldScope;
use dsrd::workflow::{Operation, Reply, RetentionMode};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const BINA_DAS: &str = "Bina Das, User, bina@acme.example";
const CALLS: &str = "call_logs WHERE account_id = '481516'";
const OTHER_CALLS: &str = "call_logs WHERE account_id = '700700'";

journeys!(Setup::default() =>
    a_whole_account_is_deleted_and_billing_is_kept,
    it_is_taken_back_one_second_before_it_begins,
    once_it_has_begun_it_is_carried_to_its_end_and_everybody_is_told,
    calls_that_keep_arriving_are_no_drift,
    rows_that_retention_removed_are_no_drift,
    rows_that_vanish_otherwise_are_approved_anew,
    a_copy_is_delivered_before_the_data_goes,
    a_plain_user_has_their_own_rows_deleted,
    when_the_floor_ends_the_rest_is_deleted_and_told,
    a_restored_backup_is_swept_and_nobody_elses_row_is_touched,
    retention_deletes_what_is_past_its_ceiling_and_respects_holds_and_copies,
);
journeys!(Setup { two_approvers_percent: 1, ..Setup::default() } =>
    a_large_deletion_needs_two_and_one_of_them_may_refuse,
);

/// Asks for deletion up to the plan that staff decide on; a whole account needs a call-back.
pub(crate) async fn asks_to_delete(world: &mut World) -> Notice {
    let challenge = world.asks(ASHA, &delete_request("account 481516, all data", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [call] = world.staff_reads(["a call-back is needed"]);
    world.decides(RAVI, &call, "CALLED she knew the last invoice").await;
    let [_, request] = world.staff_reads(["Call-back recorded", "Please decide"]);
    request
}

/// Ravi approves; the customer is told that it begins in a day.
pub(crate) async fn approves(world: &mut World, request: &Notice) -> Notice {
    world.decides(RAVI, request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let [agreed] = world.reads(ASHA, ["Your data will be deleted"]);
    agreed
}

async fn a_whole_account_is_deleted_and_billing_is_kept(world: &mut World) {
    let request = asks_to_delete(world).await;
    reads_the_plan(&request);
    let agreed = approves(world, &request).await;
    reads_what_is_agreed(&agreed);
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS, "nothing goes before the time is over");

    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted, except what has to stay"]);
    reads_the_completion(&done);
    let [(name, certificate)] = &done.attachments[..] else { panic!("one certificate is attached") };
    let certificate = String::from_utf8_lossy(certificate);
    assert!(name.ends_with("-certificate.html") && certificate.contains("Certificate of deletion"));
    assert!(certificate.contains("Companies Act 2013") && certificate.contains("go to court"));
    assert_eq!(world.company_holds(CALLS).await, 0);
    assert_eq!(world.company_holds("recordings WHERE account_id = '481516'").await, 0);
    assert_eq!(world.company_holds("invoices WHERE account_id = '481516'").await, Held::ACME_INVOICES);
    assert_eq!(world.company_holds(OTHER_CALLS).await, Held::OTHER_CALLS);
    assert_eq!((world.recordings("481516"), world.recordings("700700")), (0, 6), "files go with their rows");
    assert_eq!(world.register().await, ["closed: completed"]);

    // Only evidence settles the backups; without it staff are asked, once.
    world.after_days(31).await;
    let [overdue] = world.staff_reads(["backups may still hold deleted data"]);
    assert!(overdue.says("dsrd backups purged --source telephony"), "{}", overdue.text);
    world.after_days(3).await;
    let (source, through, evidence) = ("telephony".to_owned(), world.now(), "ticket 17".to_owned());
    let purged = world.operates(Operation::BackupsPurged { source, through, evidence }).await;
    assert_eq!(purged, Reply::Settled { many: 2 }, "call logs and recordings");
}

async fn it_is_taken_back_one_second_before_it_begins(world: &mut World) {
    let request = asks_to_delete(world).await;
    let agreed = approves(world, &request).await;
    world.seconds_pass(24 * 3_600 - 1);
    world.player(ASHA).replies_to(&agreed, "CANCEL");
    world.settle().await;
    let [stopped] = world.reads(ASHA, ["We have stopped your request"]);
    assert!(stopped.says("Nothing was sent and nothing was deleted"), "{}", stopped.text);
    world.after(48).await;
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS);
    assert_eq!(world.register().await, ["closed: withdrawn"]);
}

async fn once_it_has_begun_it_is_carried_to_its_end_and_everybody_is_told(world: &mut World) {
    let request = asks_to_delete(world).await;
    let agreed = approves(world, &request).await;
    let busy = "CREATE TRIGGER busy BEFORE DELETE ON recordings BEGIN SELECT RAISE(ABORT, 'busy'); END";
    world.company_writes(busy).await;
    world.after(24).await;
    world.staff_reads(["a data store does not answer"]);
    assert_eq!(world.company_holds(CALLS).await, 0, "half of it is gone");

    world.player(ASHA).replies_to(&agreed, "CANCEL");
    world.settle().await;
    let [told] = world.reads(ASHA, ["Where your request"]);
    let begun = "The deletion had begun by then, so it is carried to its end";
    assert!(told.says(begun), "{}", told.text);
    let [told] = world.staff_reads(["the customer wants the deletion stopped"]);
    assert!(told.says(begun), "{}", told.text);
    // Said again it is answered again, and staff, who know, are left alone.
    world.player(ASHA).replies_to(&agreed, "CANCEL");
    world.settle().await;
    let [told] = world.reads(ASHA, ["Where your request"]);
    assert!(told.says(begun), "{}", told.text);

    world.player(ASHA).replies_to(&agreed, "NOT ME");
    world.settle().await;
    let [told] = world.reads(ASHA, ["Where your request"]);
    assert!(told.says(begun), "{}", told.text);
    let [told] = world.staff_reads(["the customer says it was somebody else"]);
    assert!(told.says("answer this mail with HOLD and why"), "{}", told.text);

    world.company_writes("DROP TRIGGER busy").await;
    world.after(1).await;
    world.reads(ASHA, ["Your data is deleted"]);
    assert_eq!(world.company_holds("recordings WHERE account_id = '481516'").await, 0);
    assert_eq!(world.register().await, ["closed: completed"]);
}

async fn calls_that_keep_arriving_are_no_drift(world: &mut World) {
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world
        .company_writes(
            "INSERT INTO call_logs SELECT 'late-' || id, account_id, user_id, '2025-06-02T20:00:00Z', caller, callee, \
             seconds, note FROM call_logs WHERE account_id = '481516'",
        )
        .await;
    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Call logs: 240 records"), "{}", done.text);
    assert_eq!(
        world.company_holds(CALLS).await,
        240,
        "what came after the plan's moment is in nobody's plan"
    );
}

async fn rows_that_retention_removed_are_no_drift(world: &mut World) {
    // Thirty calls reach their 365 days while the deletion waits.
    world
        .company_writes(
            "INSERT INTO call_logs SELECT 'old-' || id, account_id, user_id, '2024-06-02T01:00:00Z', caller, callee, \
             seconds, note FROM call_logs WHERE account_id = '481516' LIMIT 30",
        )
        .await;
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.company_writes("DELETE FROM call_logs WHERE id LIKE 'old-%'").await;
    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Call logs: 240 records"), "{}", done.text);
}

async fn rows_that_vanish_otherwise_are_approved_anew(world: &mut World) {
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world
        .company_writes("DELETE FROM call_logs WHERE account_id = '481516' AND note = 'own' AND seconds < 15")
        .await;
    world.after(24).await;
    let [drift, again] = world.staff_reads(["the data changed since the plan", "Please decide"]);
    assert!(drift.says("240") && drift.says("225"), "{}", drift.text);
    let [told] = world.reads(ASHA, ["Where your request"]);
    assert!(told.says("the day that we named does not stand any more"), "{}", told.text);
    assert!(again.says("Call logs: 225"), "{}", again.text);
    assert_eq!(world.company_holds(CALLS).await, 225, "nothing goes before it is approved anew");
    approves(world, &again).await;
    world.after(24).await;
    let [done] = world.reads(ASHA, ["Your data is deleted"]);
    assert!(done.says("Call logs: 225 records"), "{}", done.text);
    assert_eq!(world.company_holds(CALLS).await, 0);
}

async fn a_copy_is_delivered_before_the_data_goes(world: &mut World) {
    let request = asks_to_delete(world).await;
    world.after(2).await;
    world.player(ASHA).sends(&export_request("number +91 98765 43210, January 2025", ASHA_RAO));
    world.settle().await;
    let [_, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    approves(world, &request).await;
    world.confirms(ASHA, &challenge).await;
    let [copy] = world.staff_reads(["Please decide"]);
    world.after(24).await;
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS, "the copy is decided on first");
    world.decides(RAVI, &copy, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    let (_, _, package) = world.opens_the_package(ASHA);
    assert!(package.rows["call_logs"] > 0);
    world.after(1).await;
    world.reads(ASHA, ["Your data is deleted"]);
    assert_eq!(world.company_holds(CALLS).await, 0);
}

async fn a_plain_user_has_their_own_rows_deleted(world: &mut World) {
    let challenge = world.asks(BINA, &delete_request("all data", BINA_DAS)).await;
    world.confirms(BINA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    assert!(request.says("Call logs: 80"), "{}", request.text);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.reads(BINA, ["Your data will be deleted"]);
    world.after(24).await;
    world.reads(BINA, ["Your data is deleted"]);
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS - Held::BINA_CALLS);
    assert_eq!(world.recordings("481516"), 6);
}

async fn when_the_floor_ends_the_rest_is_deleted_and_told(world: &mut World) {
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    world.reads(ASHA, ["Your data is deleted, except"]);
    let invoices = "invoices WHERE account_id = '481516'";
    // The first of five invoices is from January 2025, the last from May; the law keeps each for eight years.
    let days_to = |day: &str| {
        let day: jiff::Timestamp = day.parse().unwrap();
        day.duration_since(world.now()).as_hours() / 24 + 1
    };
    let first = days_to("2033-01-01T00:00:00Z");
    world.after(24 * first).await;
    world.staff_reads(["backups may still hold deleted data"]);
    assert_eq!(world.company_holds(invoices).await, 4, "one is free, and nobody is told of each");
    let days_to = |day: &str| {
        let day: jiff::Timestamp = day.parse().unwrap();
        day.duration_since(world.now()).as_hours() / 24 + 1
    };
    let last = days_to("2033-05-01T00:00:00Z");
    world.after(24 * last).await;
    let [told] = world.reads(ASHA, ["What had to stay is deleted now"]);
    assert!(told.says("Invoices"), "{}", told.text);
    assert_eq!(world.company_holds(invoices).await, 0);
    assert_eq!(world.company_holds("invoices WHERE account_id = '700700'").await, Held::ACME_INVOICES);
}

async fn a_restored_backup_is_swept_and_nobody_elses_row_is_touched(world: &mut World) {
    world.company_backs_up();
    let taken = world.now();
    let request = asks_to_delete(world).await;
    approves(world, &request).await;
    world.after(24).await;
    world.reads(ASHA, ["Your data is deleted"]);
    world.company_restores().await;
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS, "the old backup holds all of it again");
    // After the restore the company used three of the old ids anew, for somebody else's calls.
    world
        .company_writes(
            "UPDATE call_logs SET account_id = '700700', user_id = 'u9', started_at = '2025-06-04T10:00:00Z' \
             WHERE id IN ('481516-1', '481516-2', '481516-3')",
        )
        .await;
    let source = "telephony".to_owned();
    let swept = world.operates(Operation::BackupsRestored { source, taken }).await;
    let recordings = Held::ACME_RECORDINGS;
    assert_eq!(swept, Reply::Replayed { deleted: Held::ACME_CALLS - 3 + recordings, others: 3, held: 0 });
    assert_eq!(world.company_holds(CALLS).await, 0);
    assert_eq!(world.company_holds(OTHER_CALLS).await, Held::OTHER_CALLS + 3);
    assert_eq!(world.company_holds("invoices").await, 2 * Held::ACME_INVOICES);
}

async fn retention_deletes_what_is_past_its_ceiling_and_respects_holds_and_copies(world: &mut World) {
    let old = |account: &str| {
        format!(
            "INSERT INTO call_logs SELECT 'old-' || id, account_id, user_id, '2024-01-02T01:00:00Z', caller, callee, \
             seconds, note FROM call_logs WHERE account_id = '{account}' LIMIT 30;"
        )
    };
    world.company_writes(&(old("481516") + &old("700700"))).await;
    let run = async |world: &World, mode| match world.operates(Operation::Retention { mode }).await {
        Reply::Retention { lines } => lines
            .into_iter()
            .map(|line| (line.category, line.deleted, line.files, line.kept))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let line = |name: &str, deleted, files, kept| (name.to_owned(), deleted, files, kept);
    let dry = run(world, RetentionMode::DryRun).await;
    assert_eq!(dry, [line("call_logs", 60, 0, 0), line("recordings", 0, 0, 0)]);
    // Asha waits for a copy, and a court wants Omar's recordings.
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
    let scope = HoldScope {
        account: Some("700700".into()),
        category: Some("recordings".to_owned()),
        ..HoldScope::default()
    };
    let (ground, citation, owner) = ("trial".to_owned(), "Order 5/25".to_owned(), "meera".to_owned());
    let review_on = "2025-12-01".parse().unwrap();
    world.operates(Operation::PlaceHold { scope, ground, citation, owner, review_on }).await;
    let done = run(world, RetentionMode::Run).await;
    assert_eq!(done, [line("call_logs", 30, 0, 30), line("recordings", 0, 0, 0)]);
    assert_eq!(world.company_holds(OTHER_CALLS).await, Held::OTHER_CALLS);
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS + 30);
    // By August every recording is older than ninety days; by then nobody has decided about the copy.
    world.seconds_pass(80 * 24 * 3_600);
    let late = run(world, RetentionMode::Run).await;
    assert_eq!(late, [line("call_logs", 0, 0, 30), line("recordings", 0, 0, 12)]);
    assert_eq!((world.recordings("481516"), world.recordings("700700")), (6, 6));
    world.settle().await;
    for staff in [RAVI, MEERA] {
        world.reads(staff, ["Overdue"]);
    }
}

async fn a_large_deletion_needs_two_and_one_of_them_may_refuse(world: &mut World) {
    let request = asks_to_delete(world).await;
    assert!(request.says("Two people must approve this deletion"), "{}", request.text);
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["a second approval is needed"]);
    world.decides(RAVI, &request, "APPROVE").await;
    let [twice] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(twice.says("You have approved this plan before"), "{}", twice.text);
    // Meera answers her own mail, which came with Ravi's.
    let theirs = world.earlier(MEERA, "Please decide");
    world.decides(MEERA, &theirs, "REFUSE legal-hold by order of the court").await;
    world.staff_reads(["Refused by meera"]);
    world.reads(ASHA, ["we have to say no"]);
    world.after(48).await;
    assert_eq!(world.company_holds(CALLS).await, Held::ACME_CALLS);
    assert_eq!(world.register().await, ["closed: legal-hold"]);
}

fn reads_the_plan(request: &Notice) {
    insta::assert_snapshot!(request.whole(), @r#"
    [DSR-0000-0000] Please decide by 2 July 2025: delete, 246 records

    ravi, please decide by 2 July 2025.

    Asked for: deletion of the data (delete)
    About: account 481516; all data
    By: Asha Rao, Owner of account 481516, asha@acme.example
    Identity: confirmed with the code sent to this address on file, and by a call-back by ravi
    Came in: 2 June 2025

    It begins 24 hours after the approval and cannot be undone. To keep this data because of an order: write HOLD and the order.

    To agree: write APPROVE and an unused code of yours.
    To refuse: write REFUSE, an unused code of yours and a ground from the list below.
    To put a question to the customer: write ASK and the question.

    Answer this mail, with the word in the first line. Your codes are on the list that "dsrd staff codes" printed for you; each works once.

    Grounds for a refusal: identity-not-verified, legal-hold, statutory-retention, rights-of-others, manifestly-unfounded-or-excessive, no-match, outside-jurisdiction, not-covered, suspected-fraud.

    The plan [hash], as of 2 June 2025, 10:00 (Asia/Kolkata): 246 records
    - Call logs: 240, 1 January 2025 to 28 May 2025, is deleted
    - Call recordings: 6, 1 May 2025 to 6 May 2025, is deleted
    - Invoices: 5, stays: statutory-retention, Companies Act 2013, s. 128(5)

    The scope as the customer wrote it:
    > account 481516, all data

    Your answer counts for this plan only, and only from you: please do not forward this mail.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

fn reads_what_is_agreed(agreed: &Notice) {
    insta::assert_snapshot!(agreed.whole(), @r#"
    [DSR-0000-0000] Your data will be deleted: you can stop it until 3 June 2025, 10:00 (Asia/Kolkata)

    Hello,

    we agreed to delete your data. We begin on 3 June 2025, 10:00 (Asia/Kolkata). What is deleted cannot be brought back.

    Changed your mind? Answer this mail with the word CANCEL in the first line, before then. Was it somebody else who asked? Answer with the words NOT ME.

    What you asked about:
    - account 481516
    - all data

    What will be deleted:
    - Call logs: 240 records
    - Call recordings: 6 records

    What has to stay, and why:
    - Invoices, 5 records: a law obliges us to keep this data for a set time, until between 1 January 2033 and 1 May 2033. Legal ground: Companies Act 2013, s. 128(5) (statutory-retention). When the time is over we delete it without being asked, and tell you.

    When it is done we write to you once more, with a certificate.

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}

fn reads_the_completion(done: &Notice) {
    insta::assert_snapshot!(done.whole(), @r#"
    [DSR-0000-0000] Your data is deleted, except what has to stay

    Hello,

    on 2 June 2025 you asked us to delete your data. It was done on 3 June 2025, 10:00 (Asia/Kolkata).

    What you asked about:
    - account 481516
    - all data

    What was deleted, as of 2 June 2025, 10:00 (Asia/Kolkata):
    - Call logs: 240 records
    - Call recordings: 6 records, 6 files

    Afterwards each of our systems was asked again, and answered that nothing of it is left.

    Copies in our backups are never used; they are overwritten by 3 July 2025 at the latest.

    What has to stay, and why:
    - Invoices, 5 records: a law obliges us to keep this data for a set time, until between 1 January 2033 and 1 May 2033. Legal ground: Companies Act 2013, s. 128(5) (statutory-retention). When the time is over we delete it without being asked, and tell you.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    The attached certificate says the same on one page, to keep. Plan [sha256].

    Your rights
    If you are not content with this, write to Grievance Officer, Telco, grievance@telco.example. You may also complain to the Data Protection Board of India. You may also go to court (GDPR article 79). The law that gives you these rights is the EU General Data Protection Regulation (GDPR).

    Date of this decision: 3 June 2025, 10:00 (Asia/Kolkata)

    -- 
    Telco
    Reference: DSR-0000-0000. Please keep it in the subject when you answer.
    Questions: privacy@telco.example
    "#);
}
