//! Regular expressions of the form reader: linear time (standard M10), compiled once, always case-insensitive.
//! Only constants and language files come here, never text from a mail.

use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// Compiles a constant pattern.
#[expect(clippy::expect_used, reason = "the patterns are constants and a test compiles each of them")]
pub(super) fn pattern(text: &str) -> Regex {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
        .expect("a constant pattern compiles")
}

/// Compiles a pattern out of a language file: case-insensitive, linear time, bounded. Word boundaries are those of ASCII,
/// so that the fast engine serves text in every script. None when it cannot be compiled.
pub(super) fn checked(text: &str) -> Option<Regex> {
    let text = text.replace(r"\b", r"(?-u:\b)");
    RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build().ok()
}

/// A pattern out of a language file, compiled when a text is first held against it: there are some hundred, of 60 kB
/// each, and most mailboxes never need those of most languages.
#[derive(Clone, Debug)]
pub(super) struct Lazy {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Lazy {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// Whether it can be compiled; forgets the result.
    pub(super) fn can_be_compiled(&self) -> bool {
        checked(&self.text).is_some()
    }

    /// Whether the text matches; none when the pattern cannot be compiled.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        let compiled = self.compiled.get_or_init(|| checked(&self.text));
        compiled.as_ref().map(|pattern| pattern.is_match(text))
    }
}

/// Stands for text that is already understood: no letter, no digit, no blank, one byte.
pub(super) const TAKEN: char = '\u{1}';

/// Overwrites a byte range with `TAKEN`, so that later patterns pass over it and positions stay.
pub(super) fn take(text: &mut String, range: std::ops::Range<usize>) {
    if text.get(range.clone()).is_some() {
        let filler: String = std::iter::repeat_n(TAKEN, range.len()).collect();
        text.replace_range(range, &filler);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn taken_text_keeps_positions() {
        let mut text = "a é b".to_owned();
        super::take(&mut text, 2..4);
        assert_eq!(text, "a \u{1}\u{1} b");
        super::take(&mut text, 90..99);
        assert_eq!(text.len(), 6);
    }
}
