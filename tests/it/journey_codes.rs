//! The challenge: wrong codes, late codes, no answer at all. Only the address on file counts, right or wrong. Journeys see
//! only mail, staff and time (`world`).

use crate::world::{ASHA, BINA, OMAR, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    five_wrong_codes_end_it_and_a_strangers_count_nothing,
    a_challenge_that_is_never_answered_expires,
    an_old_code_brings_a_fresh_one_once_a_day,
    the_prepared_answers_of_the_challenge_work,
);

async fn five_wrong_codes_end_it_and_a_strangers_count_nothing(world: &mut World) {
    let letter = export_request("number +91 98765 43210", ASHA_RAO);
    let challenge = world.asks(ASHA, &letter).await;
    let right = challenge.code();

    // Bina has got hold of the challenge and knows even the code; Omar knows only the reference. Mallory writes as Asha.
    for _ in 0..3 {
        world.player(BINA).replies_to(&challenge, &format!("CONFIRM {right}"));
        world.player(BINA).replies_to(&challenge, "CONFIRM 0000-0000");
        world.player(OMAR).writes(&challenge.subject, "CONFIRM 0000-0000");
        world.player(ASHA).through("evil.example").replies_to(&challenge, "CONFIRM 0000-0000");
    }
    world.settle().await;
    assert_eq!(world.register().await, ["awaiting-verification"]);

    for left in ["You have 4 more tries", "You have 3 more", "You have 2 more", "You have one more try"] {
        world.player(ASHA).replies_to(&challenge, "CONFIRM 0000-0000");
        world.settle().await;
        let [status] = world.reads(ASHA, ["Where your request"]);
        assert!(status.says(left), "{left}: {}", status.text);
    }
    world.player(ASHA).replies_to(&challenge, "CONFIRM 0000-0000");
    world.settle().await;
    let [refused] = world.reads(ASHA, ["we have to say no"]);
    assert!(refused.says("identity-not-verified"), "{}", refused.text);
    assert!(refused.says("write again from the e-mail address that you use with us"), "{}", refused.text);
    assert_eq!(world.register().await, ["closed: identity-not-verified"]);

    world.player(ASHA).replies_to(&challenge, &format!("CONFIRM {right}"));
    world.settle().await;
    assert_eq!(world.register().await, ["closed: identity-not-verified"], "too late for the right one");
}

async fn a_challenge_that_is_never_answered_expires(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    let mut codes = vec![challenge.code()];
    let mut heard = Vec::new();
    for day in 1..=14 {
        world.after_days(1).await;
        for notice in world.inbox(ASHA) {
            if notice.subject.contains("Reminder") {
                codes.push(notice.code());
            }
            heard.push(format!("day {day}: {}", notice.subject.split_once("] ").unwrap().1));
        }
    }
    insta::assert_snapshot!(heard.join("\n"), @r#"
    day 1: Reminder: is it you? (13 days are left)
    day 3: Reminder: is it you? (11 days are left)
    day 7: Reminder: is it you? (7 days are left)
    day 14: Your request is closed: we could not make sure that it was you
    "#);
    codes.dedup();
    assert_eq!(codes.len(), 4, "each mail has a code of its own: {codes:?}");
    assert_eq!(world.register().await, ["closed: expired"]);
    world.player(ASHA).replies_to(&challenge, &format!("CONFIRM {}", codes[3]));
    world.settle().await;
    assert_eq!(world.register().await, ["closed: expired"]);
}

async fn an_old_code_brings_a_fresh_one_once_a_day(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    let old = format!("CONFIRM {}", challenge.code());
    world.after(25).await;
    world.reads(ASHA, ["Reminder"]);
    world.player(ASHA).replies_to(&challenge, &old);
    world.settle().await;
    let [fresh] = world.reads(ASHA, ["Is it you?"]);
    assert_ne!(fresh.code(), challenge.code());
    world.player(ASHA).replies_to(&challenge, &old);
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty(), "not twice a day");

    world.confirms(ASHA, &fresh).await;
    world.staff_reads(["Please decide"]);
}

async fn the_prepared_answers_of_the_challenge_work(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    // A tap on the link opens a new mail with this subject and this text: no thread, nothing quoted.
    let link = challenge.text.lines().find_map(|line| line.strip_prefix("Yes, it was me: mailto:")).unwrap();
    let (to, query) = link.split_once("?subject=").unwrap();
    let (subject, body) = query.split_once("&body=").unwrap();
    let plain =
        |text: &str| text.replace("%20", " ").replace("%3A", ":").replace("%5B", "[").replace("%5D", "]");
    assert_eq!(to, challenge.reply_to);
    world.player(ASHA).writes(&plain(subject), &plain(body));
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);
    world.staff_reads(["Please decide"]);
}
