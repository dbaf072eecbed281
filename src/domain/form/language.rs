//! The words of the languages in which people write, as data: `languages/*.toml`, and what an operator adds under
//! `[reading.words]`. It says what a word means and nothing about where it may stand; that is for `labels.rs`, `kind.rs`,
//! `acknowledgement.rs`, `own_words.rs` and `scoping.rs`.

use super::own_words::{OwnWords, Rules};
use super::words::{folded, squeezed, words};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// The fields that people fill in, and the lines beside them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// What is asked about.
    Scope,
    /// The legal basis.
    LegalBasis,
    /// Who asks.
    Requester,
    /// The subject line of the template, or a `Request:` or `Type:` line.
    Kind,
    /// A part of the scope with its own line.
    Account,
    /// A part of the scope with its own line.
    User,
    /// A part of the scope with its own line.
    Number,
    /// A part of the scope with its own line.
    Time,
    /// A part of the requester with its own line.
    Name,
    /// A part of the requester with its own line.
    Role,
    /// A part of the requester with its own line.
    Email,
    /// A part of the requester with its own line.
    Phone,
    /// A line that holds or repeats the acknowledgement.
    Acknowledgement,
    /// A line of a mail header that says nothing here, but ends what stands before it.
    Header,
}

/// What a word of the template's title may be; a compound word is several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleWord {
    /// "Data".
    Data,
    /// "Export", "access", "copy".
    Export,
    /// "Delete", "erasure".
    Delete,
    /// "Request".
    Request,
    /// Small words between them.
    Glue,
}

/// The parts of the sentence on identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcknowledgementWord {
    /// "Acknowledge", whole words.
    Say,
    /// "Identity", beginnings of or pieces in a word.
    Identity,
    /// "Verification", beginnings of or pieces in a word.
    Check,
    /// "Not", whole words.
    Not,
    /// A short answer that stands for the sentence behind its own label.
    Yes,
}

/// The words of one language, as its file holds them. Every part may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Language {
    /// Phrases that take something out of a scope again: "all data except invoices".
    pub narrowing: Vec<String>,
    /// What stands before a colon.
    pub labels: BTreeMap<Label, Vec<String>>,
    /// Words that name a role; the key is `words`.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The template's title.
    pub title: BTreeMap<TitleWord, Vec<String>>,
    /// The sentence on identity.
    pub acknowledgement: BTreeMap<AcknowledgementWord, Vec<String>>,
    /// Words of a scope and the English that the readers know.
    pub scope: BTreeMap<String, String>,
    /// Requests without a form.
    pub own_words: OwnWords,
}

/// The shipped languages by their ISO 639 codes.
const SHIPPED: [(&str, &str); 6] = [
    ("en", include_str!("../../../languages/en.toml")),
    ("hi", include_str!("../../../languages/hi.toml")),
    ("de", include_str!("../../../languages/de.toml")),
    ("fr", include_str!("../../../languages/fr.toml")),
    ("es", include_str!("../../../languages/es.toml")),
    ("pt", include_str!("../../../languages/pt.toml")),
];

impl Language {
    /// A shipped language by its code; none when it is not shipped.
    pub fn shipped(code: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == code)?;
        // A test reads every shipped file; an empty language is what a broken one would be.
        Some(toml::from_str(text).unwrap_or_default())
    }

    /// The codes of the shipped languages.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(code, _)| *code)
    }
}

/// Several languages at once, ready to be asked. Where two say different things about a word, the first one counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Languages {
    labels: HashMap<String, Label>,
    roles: HashSet<String>,
    title: HashMap<String, Vec<TitleWord>>,
    pub(super) scope: HashMap<String, String>,
    narrowing: Vec<String>,
    acknowledgements: Vec<BTreeMap<AcknowledgementWord, Vec<String>>>,
    own_words: Vec<Rules>,
}

static ALL: LazyLock<Arc<Languages>> = LazyLock::new(|| {
    let shipped = Language::codes().filter_map(|code| Some((code.to_owned(), Language::shipped(code)?)));
    Arc::new(Languages::new(&shipped.collect::<Vec<_>>()))
});

impl Languages {
    /// Every shipped language: the built-in default (decision 18).
    pub fn all() -> Arc<Self> {
        Arc::clone(&ALL)
    }

    /// These languages with their codes, the most important one first.
    pub fn new(languages: &[(String, Language)]) -> Self {
        let mut all = Self::default();
        for (code, language) in languages {
            for (label, known) in &language.labels {
                for word in known {
                    all.labels.entry(squeezed(word)).or_insert(*label);
                }
            }
            all.roles.extend(language.roles.values().flatten().map(|word| squeezed(word)));
            for (part, known) in &language.title {
                for word in known {
                    all.title.entry(folded(word)).or_default().push(*part);
                }
            }
            all.narrowing.extend(language.narrowing.iter().map(|phrase| spaced(phrase)));
            for (phrase, english) in &language.scope {
                all.scope.entry(folded(phrase)).or_insert_with(|| english.clone());
            }
            let fold = |known: &Vec<String>| known.iter().map(|word| folded(word)).collect();
            let folded = language.acknowledgement.iter().map(|(part, known)| (*part, fold(known)));
            all.acknowledgements.push(folded.collect());
            all.own_words.push(Rules::new(code, &language.own_words));
        }
        all
    }

    /// Whether a scope takes something out of what it names.
    pub(super) fn narrows(&self, scope: &str) -> bool {
        let scope = spaced(scope);
        self.narrowing.iter().any(|phrase| scope.contains(phrase))
    }

    /// What a label says, whatever stands around its words; none when it is no label.
    pub(super) fn label(&self, written: &str) -> Option<Label> {
        self.labels.get(&squeezed(written)).copied()
    }

    /// Whether a word names a role.
    pub(super) fn is_role(&self, word: &str) -> bool {
        self.roles.contains(&squeezed(word))
    }

    /// What a word may be in the template's title.
    pub(super) fn title_word(&self, word: &str) -> &[TitleWord] {
        self.title.get(&folded(word)).map_or(&[], Vec::as_slice)
    }

    /// For each language the words of the sentence on identity.
    pub(super) fn acknowledgements(&self) -> &[BTreeMap<AcknowledgementWord, Vec<String>>] {
        &self.acknowledgements
    }

    /// For each language the rules for requests without a form.
    pub(super) fn own_words(&self) -> &[Rules] {
        &self.own_words
    }
}

/// The words alone, folded, a blank around each.
fn spaced(text: &str) -> String {
    let folded = folded(text);
    let words: Vec<&str> = words(&folded).into_iter().filter_map(|place| folded.get(place)).collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::{Label, Language, Languages, SHIPPED};

    #[test]
    fn every_shipped_language_can_be_read_and_has_every_part() {
        for (code, text) in SHIPPED {
            let language: Language = toml::from_str(text).expect(code);
            assert_eq!(language.labels.len(), 14, "{code}: a list for each label");
            assert_eq!((language.title.len(), language.acknowledgement.len()), (5, 5), "{code}");
            assert!(!language.roles.is_empty() && !language.scope.is_empty(), "{code}");
            assert!(!language.narrowing.is_empty(), "{code}");
        }
        assert!(Language::shipped("tlh").is_none());
    }

    #[test]
    fn words_that_take_something_out_of_a_scope_are_known() {
        let all = Languages::all();
        for scope in [
            "all data except billing",
            "account 1001 but not the recordings",
            "not all data",
            "account 1020, call logs only",
            "all data older than 2 years",
            "alle Daten außer Rechnungen",
            "toutes les données sauf les factures",
            "todos mis datos excepto las facturas",
            "todos os dados, exceto as faturas",
            "बिल छोड़कर सारा डेटा",
        ] {
            assert!(all.narrows(scope), "{scope}");
        }
        for scope in [
            "account no 481516 only, Jan 2025",
            "account 481516, all data",
            "number +91 98765 43210 only",
            "user Ben Butler, last 90 days",
            "Konto Nr. 481516, letzte 90 Tage",
        ] {
            assert!(!all.narrows(scope), "{scope}");
        }
    }

    #[test]
    fn labels_are_known_however_they_are_typed() {
        let all = Languages::all();
        for written in ["Legal Basis", "LEGAL-BASIS", "Rechtsgrundlage", "Base le\u{301}gale ", "कानूनी आधार"]
        {
            assert_eq!(all.label(written), Some(Label::LegalBasis), "{written}");
        }
        assert_eq!(all.label("Budget"), None);
    }
}
