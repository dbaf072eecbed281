//! Requests without a form: rules of each language, sentence by sentence, so that staff can see by which rule a mail was
//! taken for one. A rule needs a wish (delete, send me, a copy) and personal data as a whole ("my data", "everything you
//! have about me"). Questions about how to do it, denials and reports are ordinary support mail. It guesses only the kind.

use super::pattern::checked;
use super::rule::Rule;
use super::words::{composed, folded};
use crate::domain::request::Kind;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Sentences that are looked at, and the longest one, characters.
const SENTENCES_MAX: usize = 200;
const SENTENCE_CHARS_MAX: usize = 600;

/// The rules of one language as its file holds them; see the words above them in `languages/en.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnWords {
    /// Pieces of words without which no rule is tried.
    pub near: Vec<String>,
    /// What asks for deletion.
    pub delete: Vec<String>,
    /// What asks for a copy.
    pub export: Vec<String>,
    /// What asks for a copy where the sentence asks for no deletion: "I want all that you have about me".
    pub export_alone: Vec<String>,
    /// What makes a sentence no wish.
    pub not: Vec<String>,
    /// What asks for deletion together with the sentence before: "You have my data. Please delete it."
    pub across: Vec<String>,
    /// What asks for deletion although it sounds like a denial.
    pub always: Vec<String>,
    /// Parts that stand in rules as `{name}`.
    pub parts: BTreeMap<String, String>,
}

impl OwnWords {
    /// The first rule that cannot be compiled.
    pub fn broken_rule(&self) -> Option<&str> {
        let lists = [&self.delete, &self.export, &self.export_alone, &self.not, &self.across, &self.always];
        let mut all = lists.into_iter().flatten().map(String::as_str);
        all.find(|rule| !Rule::new(&self.written_out(rule)).can_be_compiled())
    }

    fn written_out(&self, rule: &str) -> String {
        self.parts
            .iter()
            .fold(rule.to_owned(), |rule, (name, part)| rule.replace(&format!("{{{name}}}"), part))
    }
}

/// A rule with the kind that it asks for and its name: language, list, number.
type Named = (Kind, String, Rule);

/// The rules of one language, written out. Each is compiled when a sentence that may be a request first meets it.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    written: OwnWords,
    near: Option<Regex>,
    wishes: Vec<Named>,
    alone: Vec<Named>,
    not: Vec<Rule>,
    across: Vec<Named>,
    always: Vec<Named>,
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Rules {}

impl Rules {
    /// A rule that cannot be compiled never matches; the configuration has told of it.
    pub(super) fn new(code: &str, written: &OwnWords) -> Self {
        let named = |rules: &[String], kind: Kind, name: &str| -> Vec<Named> {
            let numbered = rules.iter().enumerate();
            numbered
                .map(|(at, rule)| {
                    (kind, format!("{code}.{name}.{}", at + 1), Rule::new(&written.written_out(rule)))
                })
                .collect()
        };
        let mut wishes = named(&written.delete, Kind::Delete, "delete");
        wishes.extend(named(&written.export, Kind::Export, "export"));
        Self {
            near: any_of(&written.near),
            wishes,
            alone: named(&written.export_alone, Kind::Export, "export_alone"),
            not: written.not.iter().map(|rule| Rule::new(&written.written_out(rule))).collect(),
            across: named(&written.across, Kind::Delete, "across"),
            always: named(&written.always, Kind::Delete, "always"),
            written: written.clone(),
        }
    }

    /// Adds what a sentence asks for; `both` is the sentence before it and itself, and `near` the same in small letters.
    fn hear<'a>(&'a self, sentence: &str, both: &str, near: &str, wishes: &mut Vec<(Kind, &'a str)>) {
        if !self.near.as_ref().is_some_and(|pieces| pieces.is_match(near)) {
            return;
        }
        let matching = |rules: &'a [Named], text: &str| -> Vec<&'a Named> {
            rules.iter().filter(|(_, _, rule)| rule.is_match(text)).collect()
        };
        let mut heard = matching(&self.wishes, sentence);
        if heard.is_empty() {
            heard = matching(&self.alone, sentence);
        }
        if heard.is_empty() {
            heard = matching(&self.across, both);
        }
        if !heard.is_empty() && self.not.iter().any(|rule| rule.is_match(sentence)) {
            heard.clear();
        }
        for (kind, name, _) in heard.into_iter().chain(matching(&self.always, sentence)) {
            if !wishes.iter().any(|(known, _)| known == kind) {
                wishes.push((*kind, name));
            }
        }
    }
}

/// One pattern for all these pieces: a mail has many sentences, and a language many pieces.
fn any_of(pieces: &[String]) -> Option<Regex> {
    let pieces: Vec<String> = pieces.iter().map(|piece| regex::escape(&folded(piece))).collect();
    if pieces.is_empty() { None } else { checked(&pieces.join("|")) }
}

/// The kinds that the text asks for, each with the first rule that said so: empty when it is no request.
pub(super) fn kinds<'a>(subject: &str, lines: &str, rules: &'a [Rules]) -> Vec<(Kind, &'a str)> {
    let mut wishes = Vec::new();
    let mut before = String::new();
    // Wrapped lines belong to one sentence; an empty line ends one.
    let text = format!("{subject}.\n\n{lines}").replace("\n\n", ". ").replace('\n', " ");
    for sentence in sentences(&text).take(SENTENCES_MAX) {
        let sentence: String = composed(sentence).chars().take(SENTENCE_CHARS_MAX).collect();
        let both = format!("{before}{sentence}");
        let near = both.to_lowercase();
        for rules in rules {
            rules.hear(&sentence, &both, &near, &mut wishes);
        }
        if sentence.chars().any(char::is_alphanumeric) {
            before = sentence;
        }
    }
    wishes
}

/// A full stop before a figure ends no sentence: `Art. 15`.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ends = rest.match_indices(['.', '?', '!', ';', '।']).find(|(at, sign)| {
            let after = rest.get(at + sign.len()..).unwrap_or("").trim_start();
            *sign != "." || !after.starts_with(|c: char| c.is_ascii_digit())
        });
        let end = ends.map_or(rest.len(), |(at, sign)| at + sign.len());
        let (sentence, after) = rest.split_at_checked(end)?;
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::OwnWords;
    use crate::domain::form::language::{Language, Languages};
    use crate::domain::request::Kind;

    fn check(text: &str, expected: &[Kind]) {
        let languages = Languages::all();
        let found = super::kinds("Hello", text, languages.own_words());
        assert_eq!(found.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), expected, "{text:?} {found:?}");
    }

    #[test]
    fn every_shipped_rule_can_be_compiled() {
        for code in Language::codes() {
            let language = Language::shipped(code).expect(code);
            assert_eq!(language.own_words.broken_rule(), None, "{code}");
            assert!(!language.own_words.delete.is_empty() && !language.own_words.export.is_empty(), "{code}");
        }
        let broken = OwnWords { delete: vec!["(".to_owned()], ..OwnWords::default() };
        assert_eq!(broken.broken_rule(), Some("("));
    }

    #[test]
    fn wishes_in_own_words_are_caught() {
        for text in [
            "please delete everything you have about me",
            "Please delete my data.",
            "Hi, I want you to erase all of my personal information from your systems.",
            "I am writing to exercise my right to be forgotten.",
            "Kindly remove all personal data you hold about me and my family.",
            "Please close my account and delete it. Also delete my account and all my data.",
            "I request the deletion of my personal data",
            "Please remove\nall of our customer data",
            "I no longer want you to store my data.",
            "Do you still have my data? If so, please delete it.",
            "I formally request erasure under the UK GDPR.",
            "Bitte löschen Sie alle meine Daten.",
            "Je souhaite la suppression de mes données personnelles.",
            "Solicito la eliminación de todos mis datos.",
            "Quero que apaguem todos os meus dados.",
            "कृपया मेरा सारा डेटा हटा दें।",
        ] {
            check(text, &[Kind::Delete]);
        }
        for text in [
            "Please send me a copy of all my data.",
            "I would like to receive a copy of the personal data you have about me",
            "This is a subject access request under the GDPR.",
            "Please provide all the information you hold on us.",
            "Export all my personal data please",
            "Could you send me all my data?",
            "What data do you have about me?",
            "Ich bitte um eine Kopie meiner personenbezogenen Daten.",
            "Je voudrais recevoir une copie de mes données.",
            "Quiero una copia de todos mis datos personales.",
            "Gostaria de receber uma cópia dos meus dados.",
            "कृपया मुझे मेरे डेटा की एक प्रति भेजें।",
        ] {
            check(text, &[Kind::Export]);
        }
        check("Send me a copy of my data and then delete my data.", &[Kind::Delete, Kind::Export]);
    }

    #[test]
    fn ordinary_support_mail_is_let_be() {
        for text in [
            "How do I export my call data to CSV?",
            "Can I delete my data myself?",
            "Please delete the call flow and add a new one.",
            "Please remove user Ravi from our account.",
            "I accidentally deleted my data, please help.",
            "Do not delete my data!",
            "Please don't erase our information.",
            "The export of call logs failed again.",
            "Please send me a copy of the invoice for March.",
            "We need a copy of our contract.",
            "Where is the option to delete my data?",
            "Please delete my voicemail greeting.",
            "Please update our information: the new address is below.",
            "Your data plan is expensive",
            "Please send us information about your data plans.",
            "Bitte senden Sie mir die Rechnung für März.",
            "Wie kann ich meine Daten exportieren?",
            "Pouvez-vous m'envoyer la facture de mars ?",
            "¿Cómo puedo borrar mis datos?",
            "Por favor, apaguem o contato do João.",
            "मेरा डेटा कैसे हटाऊं?",
        ] {
            check(text, &[]);
        }
    }
}
