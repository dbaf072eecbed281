//! Dates that are easily wrong: the end of January, a Friday evening before a holiday, and further time that is taken too
//! late. Journeys see only mail, staff and time, and what `dsrd deadline` prints. `domain/deadline.rs` has the laws.

use crate::world::{ASHA, MEERA, Notice, RAVI, World, export_request, journeys};
use jiff::Timestamp;

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const CALLS: &str = "number +91 98765 43210, January 2025";

journeys!(Setup { since: Some("2026-01-01T00:00:00Z"), begins: "2026-01-30T04:30:00Z", ..Setup::default() } =>
    a_request_of_30_january_under_the_gdpr,
);
journeys!(Setup { since: Some("2026-01-01T00:00:00Z"), begins: "2026-01-31T04:30:00Z", ..Setup::default() } =>
    a_request_of_31_january_under_the_gdpr,
);
journeys!(Setup { since: Some("2026-01-01T00:00:00Z"), begins: "2026-01-30T04:30:00Z", law: "uk", ..Setup::default() } =>
    a_request_of_30_january_in_the_uk,
);
journeys!(Setup { since: Some("2028-01-01T00:00:00Z"), begins: "2028-01-31T04:30:00Z", law: "uk", ..Setup::default() } =>
    a_request_of_31_january_in_the_uk_in_a_leap_year,
);
// 19:30 on a Friday in India; the Monday is Republic Day.
journeys!(Setup {
    since: Some("2026-01-01T00:00:00Z"),
    begins: "2026-01-23T14:00:00Z",
    calendar: "holidays = [\"2026-01-26\"]",
    ..Setup::default()
} =>
    a_request_on_friday_evening_before_a_holiday,
    a_forged_request_on_friday_evening_before_a_holiday,
);
journeys!(Setup::default() =>
    further_time_is_told_on_the_last_day_of_the_first_month,
    further_time_that_nobody_was_told_of_in_time_is_refused_to_staff,
);

/// Asha asks and confirms; what staff are asked to decide.
async fn asks_and_confirms(world: &mut World) -> Notice {
    let challenge = world.asks(ASHA, &export_request(CALLS, ASHA_RAO)).await;
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    request
}

/// The time passes step by step up to and with this moment; when staff were written to, in India, and the subjects.
async fn lives_until(world: &mut World, step_minutes: i64, until: &str) -> Vec<String> {
    let (until, zone): (Timestamp, _) =
        (until.parse().unwrap(), jiff::tz::TimeZone::get("Asia/Kolkata").unwrap());
    let mut came = Vec::new();
    while world.now() < until {
        world.seconds_pass(60 * step_minutes);
        world.settle().await;
        world.inbox(MEERA);
        let at = world.now().to_zoned(zone.clone()).strftime("%a %-d %b %H:%M").to_string();
        came.extend(world.inbox(RAVI).iter().map(|notice| {
            let subject = notice.subject.split("] ").nth(1).unwrap_or(&notice.subject);
            format!("{at}: {subject}")
        }));
    }
    came
}

async fn check_february(world: &mut World, due: &str, day: &str, printed: &str) {
    let table = world.asks_for_the_deadline();
    assert!(table.contains(printed), "{table}");
    world.player(ASHA).sends(&export_request(CALLS, ASHA_RAO));
    world.settle().await;
    let [receipt, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    assert!(receipt.says(&format!("by {due}")), "{}", receipt.text);
    world.confirms(ASHA, &challenge).await;
    let [request] = world.staff_reads(["Please decide"]);
    assert!(request.subject.contains(&format!("by {due}")), "{}", request.subject);
    // Nobody decides: the day itself is still in time, and one second later is not.
    let last: Timestamp = format!("{day}T18:29:59Z").parse().unwrap();
    world.seconds_pass(last.duration_since(world.now()).as_secs() - 1);
    world.settle().await;
    let before = world.inbox(RAVI);
    assert!(before.iter().all(|notice| !notice.subject.contains("Overdue")), "{before:#?}");
    assert!(before.iter().any(|notice| notice.says(due)), "{before:#?}");
    world.inbox(MEERA);
    world.seconds_pass(1);
    world.settle().await;
    world.staff_reads(["Overdue"]);
}

async fn a_request_of_30_january_under_the_gdpr(world: &mut World) {
    check_february(world, "28 February 2026", "2026-02-28", "required by law  Sat 28 Feb 2026").await;
}

async fn a_request_of_31_january_under_the_gdpr(world: &mut World) {
    check_february(world, "28 February 2026", "2026-02-28", "required by law  Sat 28 Feb 2026").await;
}

/// 28 February 2026 is a Saturday, so the law of the UK gives the Monday; the promise of thirty days comes first.
async fn a_request_of_30_january_in_the_uk(world: &mut World) {
    let table = world.asks_for_the_deadline();
    assert!(table.contains("required by law  Mon 2 Mar 2026"), "{table}");
    check_february(world, "1 March 2026", "2026-03-01", "the promise comes first").await;
}

async fn a_request_of_31_january_in_the_uk_in_a_leap_year(world: &mut World) {
    check_february(world, "29 February 2028", "2028-02-29", "required by law  Tue 29 Feb 2028").await;
}

async fn a_request_on_friday_evening_before_a_holiday(world: &mut World) {
    // The office is dark until Tuesday; she is answered at once all the same.
    let arrived = world.now();
    let challenge = world.asks(ASHA, &export_request(CALLS, ASHA_RAO)).await;
    assert_eq!(world.now(), arrived, "acknowledged before the clock has moved");
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
    let came = lives_until(world, 120, "2026-02-23T12:00:00Z").await;
    // Due on Sunday 22 February; days 20, 25 and 28 are a Thursday, a Tuesday and a Friday.
    let expected = [
        "Thu 12 Feb 09:30: Due in 10 days: export request",
        "Tue 17 Feb 09:30: Due in 5 days: export request",
        "Fri 20 Feb 09:30: Due in 2 days: export request",
        "Mon 23 Feb 01:30: Overdue: export request",
    ];
    assert_eq!(came, expected);
}

async fn a_forged_request_on_friday_evening_before_a_holiday(world: &mut World) {
    world.player(ASHA).through("evil.example").sends(&export_request(CALLS, ASHA_RAO));
    world.settle().await;
    world.staff_reads(["sender not proven"]);
    // Received after hours, so it counts from Tuesday, and the one business day ends with the Wednesday.
    let came = lives_until(world, 30, "2026-01-29T12:00:00Z").await;
    assert_eq!(came, ["Wed 28 Jan 18:00: Overdue: export request"]);
    assert!(world.inbox(ASHA).is_empty());
}

async fn further_time_is_told_on_the_last_day_of_the_first_month(world: &mut World) {
    let request = asks_and_confirms(world).await;
    world.after_days(30).await;
    world.inbox(RAVI);
    world.inbox(MEERA);
    world.decides(RAVI, &request, "EXTEND There are many calls to look through.").await;
    world.staff_reads(["Extended by ravi"]);
    let [letter] = world.reads(ASHA, ["Your request takes longer: until 2 September 2025"]);
    assert!(letter.says("> There are many calls to look through."), "{}", letter.text);
    assert_eq!(letter.date.get(..10), Some("Wed, 2 Jul"), "within the month that began on 2 June");
}

async fn further_time_that_nobody_was_told_of_in_time_is_refused_to_staff(world: &mut World) {
    let request = asks_and_confirms(world).await;
    world.after_days(31).await;
    assert!(world.inbox(RAVI).iter().any(|notice| notice.subject.contains("Overdue")));
    world.inbox(MEERA);
    world.decides(RAVI, &request, "EXTEND There are many calls to look through.").await;
    let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(
        told.says("The customer had to be told before the due date, and that has passed"),
        "{}",
        told.text
    );
    assert!(world.inbox(ASHA).is_empty(), "no letter that comes too late");
    // The request is not lost: it can still be answered.
    world.decides(RAVI, &request, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}
