//! The sentence "I acknowledge identity verification may be required", in every language by its parts: who says it, identity,
//! a check, and no word that denies it. A box that was left unticked does not say it.

use super::labels::Field;
use super::language::{AcknowledgementWord, Label, Languages};
use super::lines::Line;
use super::words::{folded, words};
use std::collections::BTreeMap;

/// Words of the sentence that may follow the one that says it, and that may stand before it.
const SENTENCE_WORDS_MAX: usize = 24;
/// How near a denial must stand to the word that it denies.
const DENIAL_WORDS_BEFORE: usize = 4;
const DENIAL_WORDS_AFTER: usize = 2;

/// Whether the sentence stands in these lines, or a clear yes behind its label.
pub(super) fn is_given(lines: &[Line], fields: &[Field], languages: &Languages) -> bool {
    let said = fields.iter().filter(|field| field.label == Label::Acknowledgement);
    let said_yes = said.map(|field| field.value.as_str()).any(|value| is_yes(value, languages));
    let ticked: Vec<&str> =
        lines.iter().map(|line| line.text.as_str()).filter(|line| !is_unticked(line)).collect();
    said_yes || states(&ticked, languages)
}

/// Whether the sentence begins in this line.
pub(super) fn begins(line: &str, languages: &Languages) -> bool {
    let places = words(line);
    let head: Vec<String> =
        places.iter().take(4).filter_map(|place| line.get(place.clone())).map(folded).collect();
    let has = |part: AcknowledgementWord, known: &BTreeMap<AcknowledgementWord, Vec<String>>| {
        known.get(&part).is_some_and(|known| head.iter().any(|word| known.contains(word)))
    };
    languages.acknowledgements().iter().any(|known| has(AcknowledgementWord::Say, known))
        && is_short_of_fields(line)
}

/// Where in a line the sentence begins behind another one, bytes.
pub(super) fn starts_behind(line: &str, languages: &Languages) -> Option<usize> {
    let ends: Vec<usize> = line.match_indices(['.', ';', '|', '!']).map(|(at, _)| at + 1).collect();
    ends.into_iter()
        .rev()
        .filter(|&at| line.get(at..).is_some_and(|rest| rest.starts_with(' ')))
        .find(|&at| line.get(at..).is_some_and(|rest| begins(rest, languages) && states(&[rest], languages)))
}

/// A line with a colon in front is a field, whatever it says.
fn is_short_of_fields(line: &str) -> bool {
    line.split_once(':').is_none_or(|(head, _)| words(head).len() > 4)
}

fn is_unticked(line: &str) -> bool {
    let bare = line.trim_start_matches(['-', '*', '•', ' ']);
    ["[ ]", "[]", "( )", "☐", "❏"].iter().any(|open| bare.starts_with(open))
}

fn is_yes(value: &str, languages: &Languages) -> bool {
    let places = words(value);
    let Some(first) = places.first().and_then(|place| value.get(place.clone())).map(folded) else {
        return false;
    };
    let yes = |known: &BTreeMap<AcknowledgementWord, Vec<String>>| {
        known.get(&AcknowledgementWord::Yes).is_some_and(|known| known.contains(&first))
    };
    places.len() <= 3 && languages.acknowledgements().iter().any(yes)
}

/// Whether the sentence stands in the lines, which it may begin and end in the midst of.
fn states(lines: &[&str], languages: &Languages) -> bool {
    let mut spoken: Vec<String> = Vec::new();
    let mut line_starts: Vec<usize> = Vec::new();
    for line in lines {
        let starts = spoken.len();
        spoken.extend(words(line).into_iter().filter_map(|place| line.get(place)).map(folded));
        line_starts.resize(spoken.len(), starts);
    }
    languages.acknowledgements().iter().any(|known| {
        let empty = Vec::new();
        let of = |part| known.get(&part).unwrap_or(&empty);
        let says = spoken.iter().enumerate().filter(|(_, word)| of(AcknowledgementWord::Say).contains(*word));
        says.map(|(at, _)| at).any(|at| {
            let from = at.saturating_sub(SENTENCE_WORDS_MAX);
            let window = spoken.get(from..(at + SENTENCE_WORDS_MAX).min(spoken.len())).unwrap_or(&[]);
            let has = |part| {
                window.iter().enumerate().any(|(place, word)| {
                    from + place != at && of(part).iter().any(|piece| word.contains(piece.as_str()))
                })
            };
            // What stands on the line before is another field, `account no. 12`, unless the line begins with this word.
            let line = line_starts.get(at).copied().filter(|start| *start < at).unwrap_or(0);
            let nearest = at.saturating_sub(DENIAL_WORDS_BEFORE).max(line);
            let near = nearest..(at + 1 + DENIAL_WORDS_AFTER).min(spoken.len());
            let denied = spoken
                .get(near)
                .unwrap_or(&[])
                .iter()
                .any(|word| of(AcknowledgementWord::Not).contains(word));
            has(AcknowledgementWord::Identity) && has(AcknowledgementWord::Check) && !denied
        })
    })
}

#[cfg(test)]
mod tests {
    use super::is_given;
    use crate::domain::form::{labels, language::Languages, lines};

    #[test]
    fn the_sentence_is_known_in_every_language_and_a_denial_is_none() {
        let check = |text: &str, expected: bool| {
            let languages = Languages::all();
            let (lines, _) = lines::split(text);
            let fields = labels::fields(&lines, &languages);
            assert_eq!(is_given(&lines, &fields, &languages), expected, "{text:?}");
        };
        check("I acknowledge identity verification may be required.", true);
        check("I hereby acknowledge that my identity\nmay have to be verified", true);
        check("[x] I acknowledge identity verification may be required.", true);
        check("Acknowledgement: Yes", true);
        check("Ich nehme zur Kenntnis, dass eine Identitätsprüfung erforderlich sein kann.", true);
        check("Je reconnais qu'une vérification d'identité peut être requise.", true);
        check("Reconozco que puede ser necesaria la verificación de identidad.", true);
        check("Reconheço que a verificação de identidade pode ser necessária.", true);
        check("मैं स्वीकार करता हूँ कि पहचान सत्यापन आवश्यक हो सकता है।", true);
        check("[ ] I acknowledge identity verification may be required.", false);
        check("I do not acknowledge identity verification may be required.", false);
        check("Ich bestätige nicht, dass eine Identitätsprüfung erforderlich ist.", false);
        check("Scope: account no. 12\nI acknowledge identity verification may be required.", true);
        check("I acknowledge receipt of your invoice.", false);
        check("", false);
    }
}
