//! Letters of refusal under each law that is built in: whole, as a person reads them (`letters/`, one file for each law), and
//! line by line against the list of what such a letter must say. A change of a law or a text that nobody looked at fails
//! here. `domain/deadline/built_in.rs` is the table of laws.

use dsrd::domain::deadline::{Regime, built_in};
use dsrd::domain::ids::Reference;
use dsrd::domain::notice::{
    About, Asked, AskedItem, Company, CompletedDeleteText, DeletedLine, ExpiredText, KeptPart, Notice,
    RefusedPart, RefusedText, Rights,
};
use dsrd::domain::request::{Ground, Kind};
use dsrd::notices::compose;
use dsrd::render::Texts;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use std::fmt::Write as _;

const RECEIVED: Date = date(2026, 3, 2);
const DECIDED: Date = date(2026, 3, 4);

/// A letter, with what it alone must say.
struct Letter {
    name: String,
    notice: Notice,
    /// Each ground that it gives, with the place in the law and until when.
    grounds: Vec<String>,
    /// What was nevertheless done.
    done: &'static str,
    /// How to cure it.
    cure: &'static str,
    /// What kept data is for.
    kept_for: &'static str,
}

fn about(kind: Kind) -> About {
    let company = Company {
        name: "Acme Telephony".into(),
        support: "support@acme.example".into(),
        grievance_officer: "Meera Nair, privacy@acme.example".into(),
    };
    About { reference: Reference::from_bits(7), kind: Some(kind), company }
}

fn asked() -> Asked {
    Asked { items: vec![AskedItem::Number("+91 98765 43210".into())], from: None, to: None }
}

fn rights(law: &Regime) -> Rights {
    Rights { law: law.title.clone(), authority: law.authority.clone(), remedy: law.remedy.clone() }
}

const FOR_NOTHING_ELSE: &str = "kept for this purpose only and used for nothing else";

fn refusal(law: &Regime, name: &str, refused: Vec<RefusedPart>, done: &[&str]) -> Letter {
    let grounds =
        refused.iter().map(|part| format!("Legal ground: {} ({})", part.citation, part.ground.as_str()));
    Letter {
        name: name.to_owned(),
        grounds: grounds.collect(),
        done: if done.is_empty() {
            "Nothing was sent and nothing was deleted."
        } else {
            "What was done nevertheless: Call logs, Recordings."
        },
        cure: "What you can do: ",
        kept_for: FOR_NOTHING_ELSE,
        notice: Notice::Refused(RefusedText {
            about: about(Kind::Export),
            asked: asked(),
            refused,
            done: done.iter().map(|&category| category.to_owned()).collect(),
            staff_text: None,
            rights: rights(law),
            received: RECEIVED,
            decided: DECIDED,
        }),
    }
}

fn part(law: &Regime, category: Option<&str>, ground: Ground, until: Option<Date>) -> RefusedPart {
    RefusedPart {
        category: category.map(str::to_owned),
        ground,
        citation: law.ground(ground).to_owned(),
        until,
    }
}

/// A deletion that was done in part: the commonest letter of partial refusal.
fn done_in_part(law: &Regime) -> Letter {
    let at = DECIDED.at(11, 5, 0, 0).to_zoned(TimeZone::UTC).expect("a time");
    let kept = |category: &str, ground, citation: &str, until| KeptPart {
        category: category.to_owned(),
        rows: 5,
        ground,
        citation: citation.to_owned(),
        from: None,
        until,
    };
    let (invoices, order) = ("Companies Act 2013, s. 128(5)", "Order 4/25 of the Delhi High Court");
    Letter {
        name: "a deletion that is done in part".to_owned(),
        grounds: vec![
            format!("until 1 January 2033. Legal ground: {invoices} (statutory-retention)"),
            format!("Legal ground: {order} (legal-hold)"),
        ],
        done: "- Call logs: 240 records",
        cure: "When the time is over we delete it without being asked, and tell you.",
        kept_for: FOR_NOTHING_ELSE,
        notice: Notice::CompletedDelete(CompletedDeleteText {
            about: about(Kind::Delete),
            asked: asked(),
            deleted: vec![DeletedLine { category: "Call logs".to_owned(), rows: 240, files: 0 }],
            kept: vec![
                kept("Invoices", Ground::StatutoryRetention, invoices, Some(date(2033, 1, 1))),
                kept("Notes", Ground::LegalHold, order, None),
            ],
            backups_until: Some(date(2026, 4, 3)),
            received: RECEIVED,
            completed: at.clone(),
            as_of: at,
            plan: "9f86d081".to_owned(),
            rights: rights(law),
        }),
    }
}

fn expired(law: &Regime) -> Letter {
    let citation = law.ground(Ground::IdentityNotVerified).to_owned();
    Letter {
        name: "nobody answered the challenge".to_owned(),
        grounds: vec![format!("Legal ground: {citation} (identity-not-verified)")],
        done: "Nothing was sent and nothing was deleted.",
        cure: "What you can do: write to us again at any time",
        kept_for: "used for nothing else",
        notice: Notice::Expired(ExpiredText {
            about: about(Kind::Export),
            asked: asked(),
            received: RECEIVED,
            closed: DECIDED,
            citation,
            rights: rights(law),
        }),
    }
}

/// Every letter of refusal under a law: the whole request on each ground, a part of it, and the two others that say no.
fn letters(law: &Regime) -> Vec<Letter> {
    let whole = |ground: Ground| refusal(law, ground.as_str(), vec![part(law, None, ground, None)], &[]);
    let until = Some(date(2033, 1, 1));
    let parts = vec![
        part(law, Some("Invoices"), Ground::StatutoryRetention, until),
        part(law, Some("Notes"), Ground::LegalHold, None),
    ];
    let mut all: Vec<Letter> = Ground::ALL.into_iter().map(whole).collect();
    let in_part = refusal(law, "a part of the request", parts, &["Call logs", "Recordings"]);
    all.extend([in_part, done_in_part(law), expired(law)]);
    all
}

fn law(name: &str) -> Regime {
    built_in().into_iter().find(|law| law.name == name).expect("built in")
}

/// All letters of a law as one file, to be read by a person.
fn whole(name: &str) -> String {
    let texts = Texts::built_in().expect("templates");
    let mut file = String::new();
    for letter in letters(&law(name)) {
        let words = compose(&texts, &letter.notice).expect("composes");
        write!(file, "==== {}\n\n{}\n\n{}\n", letter.name, words.subject, words.text).expect("a string");
    }
    file
}

/// The golden file of a law.
fn golden(name: &str) {
    insta::with_settings!({ snapshot_path => "letters", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, whole(name));
    });
}

#[test]
fn the_letters_under_the_gdpr() {
    golden("gdpr");
}

#[test]
fn the_letters_under_the_uk_gdpr() {
    golden("uk");
}

#[test]
fn the_letters_under_the_ccpa() {
    golden("ccpa");
}

#[test]
fn the_letters_under_the_dpdp_act() {
    golden("dpdp");
}

/// What a refusal or partial refusal must say, whatever the law and the ground.
fn said_by_each(law: &Regime, letter: &Letter) -> Vec<String> {
    let mut said = vec![
        "Reference: DSR-0000-0007".to_owned(),
        "asked about: - number +91 98765 43210".to_owned(),
        letter.done.to_owned(),
        letter.kept_for.to_owned(),
        letter.cure.to_owned(),
        "write to Meera Nair, privacy@acme.example".to_owned(),
        format!("You may also complain to {}.", law.authority),
        law.remedy.clone(),
        format!("The law that gives you these rights is the {}.", law.title),
        "Date of this decision: 4 March 2026".to_owned(),
    ];
    said.extend(letter.grounds.iter().cloned());
    said
}

#[test]
fn each_letter_says_all_that_it_must_and_refuses_nothing_else() {
    let texts = Texts::built_in().expect("templates");
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for law in built_in() {
        for letter in letters(&law) {
            let words = compose(&texts, &letter.notice).expect("composes");
            let text = plain(&words.text);
            assert!(words.subject.starts_with("[DSR-0000-0007]"), "{}", words.subject);
            for said in said_by_each(&law, &letter) {
                assert!(
                    text.contains(&plain(&said)),
                    "{} {}: {said:?} is missing in\n{}",
                    law.name,
                    letter.name,
                    words.text
                );
            }
            // A ground for each part that is refused, and no other.
            let given = text.matches("Legal ground: ").count();
            assert_eq!(given, letter.grounds.len(), "{} {}:\n{}", law.name, letter.name, words.text);
            let html = words.html.replace("&#x2f;", "/");
            for place in letter.grounds.iter().filter_map(|ground| ground.split("Legal ground: ").nth(1)) {
                let place = place.split(" (").next().unwrap_or(place);
                assert!(html.contains(place), "{} {}: {place} in the HTML", law.name, letter.name);
            }
        }
    }
}

#[test]
fn what_ends_by_itself_says_when() {
    let texts = Texts::built_in().expect("templates");
    let text = |letter: &Letter| compose(&texts, &letter.notice).expect("composes").text;
    for law in built_in() {
        let held = refusal(&law, "", vec![part(&law, None, Ground::LegalHold, None)], &[]);
        assert!(
            text(&held).contains("exactly as it is, until the hold has ended. Legal ground"),
            "{}",
            law.name
        );
        let until = Some(date(2033, 1, 1));
        let kept = refusal(&law, "", vec![part(&law, None, Ground::StatutoryRetention, until)], &[]);
        assert!(text(&kept).contains("for a set time, until 1 January 2033. Legal ground"), "{}", law.name);
    }
}

#[test]
fn every_law_says_where_every_ground_stands() {
    let mut table = String::new();
    for regime in built_in() {
        for ground in Ground::ALL {
            writeln!(table, "{} {}: {}", regime.name, ground.as_str(), regime.ground(ground))
                .expect("a string");
        }
    }
    insta::assert_snapshot!(table, @r#"
    gdpr identity-not-verified: GDPR article 12(6)
    gdpr legal-hold: GDPR articles 17(3)(e) and 18
    gdpr statutory-retention: GDPR article 17(3)(b)
    gdpr rights-of-others: GDPR article 15(4)
    gdpr manifestly-unfounded-or-excessive: GDPR article 12(5)(b)
    gdpr no-match: GDPR article 11(2)
    gdpr outside-jurisdiction: GDPR article 3
    gdpr not-covered: GDPR articles 15 and 17
    gdpr suspected-fraud: GDPR article 12(6)
    uk identity-not-verified: UK GDPR article 12(6)
    uk legal-hold: UK GDPR articles 17(3)(e) and 18
    uk statutory-retention: UK GDPR article 17(3)(b)
    uk rights-of-others: UK GDPR article 15(4); Data Protection Act 2018, schedule 2, paragraph 16
    uk manifestly-unfounded-or-excessive: UK GDPR article 12(5)(b)
    uk no-match: UK GDPR article 11(2)
    uk outside-jurisdiction: UK GDPR article 3
    uk not-covered: UK GDPR articles 15 and 17
    uk suspected-fraud: UK GDPR article 12(6)
    ccpa identity-not-verified: California Code of Regulations, title 11, sections 7024 and 7060
    ccpa legal-hold: California Civil Code section 1798.145(a)
    ccpa statutory-retention: California Civil Code sections 1798.105(d)(8) and 1798.145(a)
    ccpa rights-of-others: California Civil Code section 1798.145(k)
    ccpa manifestly-unfounded-or-excessive: California Civil Code section 1798.145(h)(3)
    ccpa no-match: California Code of Regulations, title 11, section 7060
    ccpa outside-jurisdiction: California Civil Code section 1798.140(i)
    ccpa not-covered: California Civil Code sections 1798.105 and 1798.110
    ccpa suspected-fraud: California Code of Regulations, title 11, sections 7060 to 7062
    dpdp identity-not-verified: DPDP Rules 2025, rule 14
    dpdp legal-hold: DPDP Act 2023, section 17(1)(a)
    dpdp statutory-retention: DPDP Act 2023, sections 8(7) and 12(3)
    dpdp rights-of-others: DPDP Act 2023, section 11(1)
    dpdp manifestly-unfounded-or-excessive: DPDP Act 2023, section 15
    dpdp no-match: DPDP Act 2023, section 11(1)
    dpdp outside-jurisdiction: DPDP Act 2023, section 3
    dpdp not-covered: DPDP Act 2023, sections 11 and 12
    dpdp suspected-fraud: DPDP Act 2023, section 15
    "#);
}
