//! A rule of a language file: patterns that must all match, and patterns that must not, on one sentence. What rules are there
//! is `own_words.rs`.

use super::pattern::checked;
use regex::Regex;

/// One rule: patterns that must all match, and patterns that must not.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    all: Vec<Regex>,
    none: Vec<Regex>,
}

impl Rule {
    /// `one && two &! three`; none when a pattern cannot be compiled.
    pub(super) fn new(written: &str) -> Option<Self> {
        let mut rule = Self { all: Vec::new(), none: Vec::new() };
        for piece in written.split(" && ") {
            let mut patterns = piece.split(" &! ");
            rule.all.push(checked(patterns.next()?)?);
            for denied in patterns {
                rule.none.push(checked(denied)?);
            }
        }
        Some(rule)
    }

    /// Whether the sentence is what the rule describes.
    pub(super) fn is_match(&self, sentence: &str) -> bool {
        self.all.iter().all(|pattern| pattern.is_match(sentence))
            && !self.none.iter().any(|pattern| pattern.is_match(sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn every_part_must_match_and_no_denied_one_may() {
        let rule = Rule::new(r"\bdelete\b && \bdata\b &! \bplan\b").expect("compiles");
        assert!(rule.is_match("Please delete my data"));
        assert!(!rule.is_match("Please delete it") && !rule.is_match("delete my data plan"));
        assert!(Rule::new("( && x").is_none());
    }
}
