//! Text as words, for every script: letters, digits and the marks that belong to them. Finds where words stand; knows none
//! of them. The words themselves are data, see `language.rs`.

use std::borrow::Cow;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

/// A letter, a digit, or a mark that belongs to the letter before it (accents, the vowel killer of Devanagari).
pub(super) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}' | '\u{94d}' | '\u{951}'..='\u{954}')
}

/// Where each word stands, bytes. An apostrophe parts two words: `d'exportation`.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (is_word_char(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|from| from..text.len()));
    found
}

/// Composed and in lower case: two ways of typing one word become one.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfc().collect::<String>().to_lowercase() }
}

/// Only the word characters, folded: `E-Mail Address` and `email address` are one label.
pub(super) fn squeezed(text: &str) -> String {
    let kept = text.chars().filter(|&c| is_word_char(c)).collect::<String>();
    folded(&kept)
}

/// Accents as one character with their letter, as most programs write them; Apple's write two.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::{squeezed, words};

    #[test]
    fn words_are_found_in_every_script() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = words(text).into_iter().filter_map(|at| text.get(at)).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("Demande d'exportation", &["Demande", "d", "exportation"]);
        check("डेटा निर्यात अनुरोध", &["डेटा", "निर्यात", "अनुरोध"]);
        check("Datenexport-Anfrage", &["Datenexport", "Anfrage"]);
        check(" – ", &[]);
    }

    #[test]
    fn one_label_has_one_spelling() {
        assert_eq!(squeezed("E-Mail (Address)"), squeezed("email address"));
        assert_eq!(squeezed("Porte\u{301}e "), squeezed("PORTÉE"));
    }
}
