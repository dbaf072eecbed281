//! The laws that are built in, as data (law.md; some rows rest on secondary sources): time, extension, whom to complain to,
//! the way to court, and where each ground of a refusal stands. Not legal advice; an operator changes any of it in
//! `[regimes.NAME]`. `deadline.rs` counts with them.

use super::{Regime, Roll, Term};
use crate::domain::request::Ground;
use std::collections::BTreeMap;

/// The laws that are built in (law.md); the first is the default.
pub fn built_in() -> Vec<Regime> {
    vec![gdpr(), uk(), ccpa(), dpdp()]
}

fn grounds(places: [(Ground, &str); Ground::ALL.len()]) -> BTreeMap<Ground, String> {
    places.into_iter().map(|(ground, place)| (ground, place.to_owned())).collect()
}

fn gdpr() -> Regime {
    Regime {
        name: "gdpr".to_owned(),
        title: "EU General Data Protection Regulation (GDPR)".to_owned(),
        answer: Term::Months(1),
        roll: Roll::Stays,
        acknowledge_workdays: None,
        extension: Some(Term::Months(2)),
        authority: "the data protection supervisory authority of the country where you live or work"
            .to_owned(),
        remedy: "You may also go to court (GDPR article 79).".to_owned(),
        citation: "Regulation (EU) 2016/679, art. 12(3) and 12(4)".to_owned(),
        grounds: grounds([
            (Ground::IdentityNotVerified, "GDPR article 12(6)"),
            (Ground::LegalHold, "GDPR articles 17(3)(e) and 18"),
            (Ground::StatutoryRetention, "GDPR article 17(3)(b)"),
            (Ground::RightsOfOthers, "GDPR article 15(4)"),
            (Ground::ManifestlyUnfoundedOrExcessive, "GDPR article 12(5)(b)"),
            (Ground::NoMatch, "GDPR article 11(2)"),
            (Ground::OutsideJurisdiction, "GDPR article 3"),
            (Ground::NotCovered, "GDPR articles 15 and 17"),
            (Ground::SuspectedFraud, "GDPR article 12(6)"),
        ]),
    }
}

fn uk() -> Regime {
    Regime {
        name: "uk".to_owned(),
        title: "UK General Data Protection Regulation (UK GDPR)".to_owned(),
        answer: Term::Months(1),
        roll: Roll::NextWorkday,
        acknowledge_workdays: None,
        extension: Some(Term::Months(2)),
        authority: "the Information Commissioner's Office, https://ico.org.uk/make-a-complaint/".to_owned(),
        remedy: "You may also go to court (Data Protection Act 2018, section 167).".to_owned(),
        citation: "UK GDPR, art. 12(3) and 12(4)".to_owned(),
        grounds: grounds([
            (Ground::IdentityNotVerified, "UK GDPR article 12(6)"),
            (Ground::LegalHold, "UK GDPR articles 17(3)(e) and 18"),
            (Ground::StatutoryRetention, "UK GDPR article 17(3)(b)"),
            (
                Ground::RightsOfOthers,
                "UK GDPR article 15(4); Data Protection Act 2018, schedule 2, paragraph 16",
            ),
            (Ground::ManifestlyUnfoundedOrExcessive, "UK GDPR article 12(5)(b)"),
            (Ground::NoMatch, "UK GDPR article 11(2)"),
            (Ground::OutsideJurisdiction, "UK GDPR article 3"),
            (Ground::NotCovered, "UK GDPR articles 15 and 17"),
            (Ground::SuspectedFraud, "UK GDPR article 12(6)"),
        ]),
    }
}

fn ccpa() -> Regime {
    Regime {
        name: "ccpa".to_owned(),
        title: "California Consumer Privacy Act (CCPA)".to_owned(),
        answer: Term::Days(45),
        roll: Roll::Stays,
        acknowledge_workdays: Some(10),
        extension: Some(Term::Days(45)),
        authority: "the California Privacy Protection Agency, https://cppa.ca.gov/webapplications/complaint"
            .to_owned(),
        remedy: "You may also write to the Attorney General of California, https://oag.ca.gov/report."
            .to_owned(),
        citation: "Cal. Civ. Code s. 1798.130(a)(2); 11 CCR s. 7021".to_owned(),
        grounds: grounds([
            (Ground::IdentityNotVerified, "California Code of Regulations, title 11, sections 7024 and 7060"),
            (Ground::LegalHold, "California Civil Code section 1798.145(a)"),
            (Ground::StatutoryRetention, "California Civil Code sections 1798.105(d)(8) and 1798.145(a)"),
            (Ground::RightsOfOthers, "California Civil Code section 1798.145(k)"),
            (Ground::ManifestlyUnfoundedOrExcessive, "California Civil Code section 1798.145(h)(3)"),
            (Ground::NoMatch, "California Code of Regulations, title 11, section 7060"),
            (Ground::OutsideJurisdiction, "California Civil Code section 1798.140(i)"),
            (Ground::NotCovered, "California Civil Code sections 1798.105 and 1798.110"),
            (Ground::SuspectedFraud, "California Code of Regulations, title 11, sections 7060 to 7062"),
        ]),
    }
}

fn dpdp() -> Regime {
    Regime {
        name: "dpdp".to_owned(),
        title: "India Digital Personal Data Protection Act (DPDP Act)".to_owned(),
        answer: Term::Days(90),
        roll: Roll::Stays,
        acknowledge_workdays: None,
        extension: None,
        authority:
            "the Data Protection Board of India, once our grievance officer has had the time to answer"
                .to_owned(),
        remedy:
            "An order of the Board may be appealed to the Appellate Tribunal (DPDP Act 2023, section 29)."
                .to_owned(),
        citation:
            "Digital Personal Data Protection Act 2023, s. 13; DPDP Rules 2025, r. 14 (binding from May 2027)"
                .to_owned(),
        grounds: grounds([
            (Ground::IdentityNotVerified, "DPDP Rules 2025, rule 14"),
            (Ground::LegalHold, "DPDP Act 2023, section 17(1)(a)"),
            (Ground::StatutoryRetention, "DPDP Act 2023, sections 8(7) and 12(3)"),
            (Ground::RightsOfOthers, "DPDP Act 2023, section 11(1)"),
            (Ground::ManifestlyUnfoundedOrExcessive, "DPDP Act 2023, section 15"),
            (Ground::NoMatch, "DPDP Act 2023, section 11(1)"),
            (Ground::OutsideJurisdiction, "DPDP Act 2023, section 3"),
            (Ground::NotCovered, "DPDP Act 2023, sections 11 and 12"),
            (Ground::SuspectedFraud, "DPDP Act 2023, section 15"),
        ]),
    }
}
