//! Letters of refusal under each law that is built in: whole, as a person reads them, and where each ground stands. A change
//! of the table of laws that nobody looked at fails here. `domain/deadline/built_in.rs` is the table.

use dsrd::domain::deadline::built_in;
use dsrd::domain::ids::Reference;
use dsrd::domain::notice::{About, Asked, AskedItem, Company, Notice, RefusedPart, RefusedText, Rights};
use dsrd::domain::request::{Ground, Kind};
use dsrd::notices::compose;
use dsrd::render::Texts;
use jiff::civil::date;
use std::fmt::Write as _;

/// The letter that refuses a whole request on one ground, under one law.
fn letter(law: &str, ground: Ground) -> String {
    let regime = built_in().into_iter().find(|regime| regime.name == law).expect("built in");
    let company = Company {
        name: "Acme Telephony".into(),
        support: "support@acme.example".into(),
        grievance_officer: "Meera Nair, privacy@acme.example".into(),
    };
    let notice = Notice::Refused(RefusedText {
        about: About { reference: Reference::from_bits(7), kind: Some(Kind::Export), company },
        asked: Asked { items: vec![AskedItem::Number("+91 98765 43210".into())], from: None, to: None },
        refused: vec![RefusedPart {
            category: None,
            ground,
            citation: regime.ground(ground).to_owned(),
            until: None,
        }],
        done: Vec::new(),
        staff_text: None,
        rights: Rights { law: regime.title, authority: regime.authority, remedy: regime.remedy },
        received: date(2026, 3, 2),
        decided: date(2026, 3, 4),
    });
    let words = compose(&Texts::built_in().expect("templates"), &notice).expect("composes");
    assert!(words.html.contains(regime.grounds.get(&ground).expect("every ground has its place")));
    format!("{}\n\n{}", words.subject, words.text)
}

#[test]
fn a_refusal_under_the_gdpr() {
    insta::assert_snapshot!(letter("gdpr", Ground::RightsOfOthers), @r#"
    [DSR-0000-0007] Your request about your data: we have to say no

    Hello,

    on 2 March 2026 you asked us for a copy of your data. We are sorry: we have to say no.

    What you asked about:
    - number +91 98765 43210

    What we refuse, and why:

    The whole request: this data also tells about other people, and their rights stand against it. Legal ground: GDPR article 15(4) (rights-of-others).
    What you can do: You may ask again for a smaller part, such as only what tells about you.

    Nothing was sent and nothing was deleted.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    Your rights
    If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the data protection supervisory authority of the country where you live or work. You may also go to court (GDPR article 79). The law that gives you these rights is the EU General Data Protection Regulation (GDPR).

    Date of this decision: 4 March 2026

    -- 
    Acme Telephony
    Reference: DSR-0000-0007. Please keep it in the subject when you answer.
    Questions: support@acme.example
    "#);
}

#[test]
fn a_refusal_under_the_uk_gdpr() {
    insta::assert_snapshot!(letter("uk", Ground::RightsOfOthers), @r#"
    [DSR-0000-0007] Your request about your data: we have to say no

    Hello,

    on 2 March 2026 you asked us for a copy of your data. We are sorry: we have to say no.

    What you asked about:
    - number +91 98765 43210

    What we refuse, and why:

    The whole request: this data also tells about other people, and their rights stand against it. Legal ground: UK GDPR article 15(4); Data Protection Act 2018, schedule 2, paragraph 16 (rights-of-others).
    What you can do: You may ask again for a smaller part, such as only what tells about you.

    Nothing was sent and nothing was deleted.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    Your rights
    If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the Information Commissioner's Office, https://ico.org.uk/make-a-complaint/. You may also go to court (Data Protection Act 2018, section 167). The law that gives you these rights is the UK General Data Protection Regulation (UK GDPR).

    Date of this decision: 4 March 2026

    -- 
    Acme Telephony
    Reference: DSR-0000-0007. Please keep it in the subject when you answer.
    Questions: support@acme.example
    "#);
}

#[test]
fn a_refusal_under_the_ccpa() {
    insta::assert_snapshot!(letter("ccpa", Ground::IdentityNotVerified), @r#"
    [DSR-0000-0007] Your request about your data: we have to say no

    Hello,

    on 2 March 2026 you asked us for a copy of your data. We are sorry: we have to say no.

    What you asked about:
    - number +91 98765 43210

    What we refuse, and why:

    The whole request: we could not make sure that you are the person whose data this is. Legal ground: California Code of Regulations, title 11, sections 7024 and 7060 (identity-not-verified).
    What you can do: Please write again from the e-mail address that you use with us, and answer the mail that we send there. If that address is out of date, ask us how to change it. We do not need a copy of an identity card.

    Nothing was sent and nothing was deleted.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    Your rights
    If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the California Privacy Protection Agency, https://cppa.ca.gov/webapplications/complaint. You may also write to the Attorney General of California, https://oag.ca.gov/report. The law that gives you these rights is the California Consumer Privacy Act (CCPA).

    Date of this decision: 4 March 2026

    -- 
    Acme Telephony
    Reference: DSR-0000-0007. Please keep it in the subject when you answer.
    Questions: support@acme.example
    "#);
}

#[test]
fn a_refusal_under_the_dpdp_act() {
    insta::assert_snapshot!(letter("dpdp", Ground::StatutoryRetention), @r#"
    [DSR-0000-0007] Your request about your data: we have to say no

    Hello,

    on 2 March 2026 you asked us for a copy of your data. We are sorry: we have to say no.

    What you asked about:
    - number +91 98765 43210

    What we refuse, and why:

    The whole request: a law obliges us to keep this data for a set time. Legal ground: DPDP Act 2023, sections 8(7) and 12(3) (statutory-retention).
    What you can do: You need not do anything. When the time is over the data may be deleted, and you may ask again.

    Nothing was sent and nothing was deleted.

    Data that we keep on these grounds is kept for this purpose only and used for nothing else.

    Your rights
    If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to our grievance officer first, then the Data Protection Board of India. An order of the Board may be appealed to the Appellate Tribunal (DPDP Act 2023, section 29). The law that gives you these rights is the India Digital Personal Data Protection Act (DPDP Act).

    Date of this decision: 4 March 2026

    -- 
    Acme Telephony
    Reference: DSR-0000-0007. Please keep it in the subject when you answer.
    Questions: support@acme.example
    "#);
}

#[test]
fn every_law_says_where_every_ground_stands() {
    let mut table = String::new();
    for regime in built_in() {
        for ground in Ground::ALL {
            writeln!(table, "{} {}: {}", regime.name, ground.as_str(), regime.ground(ground))
                .expect("a string");
            letter(&regime.name, ground);
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
