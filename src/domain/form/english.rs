//! A scope in the words of any language, in English, which is what `scoping.rs` and `timeframe.rs` read. The words are those of
//! `language.rs`.

use super::language::Languages;
use super::words::{folded, words};
use std::borrow::Cow;

/// Most words of a phrase that is looked up.
const PHRASE_WORDS_MAX: usize = 5;

impl Languages {
    /// A scope with the words of every language in English; what is no known word stays. Pieces with an `@` are addresses
    /// and stay, and a month is one only near figures: `Julio` is a name, too.
    pub(super) fn in_english<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let places = words(text);
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(place) = places.get(at) {
            let longest = PHRASE_WORDS_MAX.min(places.len() - at);
            let found = (1..=longest).rev().find_map(|count| {
                let last = places.get(at + count - 1)?;
                let phrase: Vec<&str> =
                    places.get(at..at + count)?.iter().filter_map(|w| text.get(w.clone())).collect();
                let english = self.scope.get(&folded(&phrase.join(" ")))?;
                let near = || near_figures(text, &places, at);
                let fits =
                    !joined_to_an_address(text, place.start, last.end) && (!is_month(english) || near());
                fits.then_some((english, last.end, count))
            });
            if let Some((english, end, count)) = found {
                out.push_str(text.get(copied..place.start).unwrap_or(""));
                out.push_str(english);
                copied = end;
                at += count;
            } else {
                at += 1;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        Cow::Owned(out)
    }
}

fn is_month(english: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    MONTHS.contains(&english)
}

/// How many words around a month are looked at for figures.
const FIGURES_WORDS_MAX: usize = 4;

fn near_figures(text: &str, places: &[std::ops::Range<usize>], at: usize) -> bool {
    let from = at.saturating_sub(FIGURES_WORDS_MAX);
    places.iter().skip(from).take(at - from + FIGURES_WORDS_MAX + 1).any(|place| {
        text.get(place.clone()).is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Whether the piece between two blanks that holds this range has an `@` in it.
fn joined_to_an_address(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|head| head.split_whitespace().next_back()).unwrap_or("");
    let before =
        if text.get(..start).is_some_and(|head| head.ends_with(char::is_whitespace)) { "" } else { before };
    let after = text.get(end..).unwrap_or("");
    let after = after.split(char::is_whitespace).next().unwrap_or("");
    before.contains('@') || after.contains('@')
}

#[cfg(test)]
mod tests {
    use super::Languages;

    #[test]
    fn a_scope_is_turned_into_english_word_by_word() {
        let all = Languages::all();
        let check = |text: &str, expected: &str| assert_eq!(all.in_english(text), expected);
        check("Konto 481516, letzte 90 Tage", "account 481516, last 90 days");
        check("toutes mes données depuis le 1er janvier 2025", "all my data since 1 january 2025");
        check("usuario julio.marzo@konto.example", "user julio.marzo@konto.example");
        check("user Julio Prado", "user Julio Prado");
        check("account 12", "account 12");
    }
}
