//! A rule of a language file: patterns that must all match, and patterns that must not, on one sentence. What rules are there
//! is `own_words.rs`.

use super::pattern::Lazy;

/// One rule: patterns that must all match, and patterns that must not.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    all: Vec<Lazy>,
    none: Vec<Lazy>,
}

impl Rule {
    /// `one && two &! three`.
    pub(super) fn new(written: &str) -> Self {
        let mut rule = Self { all: Vec::new(), none: Vec::new() };
        for piece in written.split(" && ") {
            let mut patterns = piece.split(" &! ").map(Lazy::new);
            rule.all.extend(patterns.next());
            rule.none.extend(patterns);
        }
        rule
    }

    /// Whether every pattern can be compiled; a rule with another one matches nothing.
    pub(super) fn can_be_compiled(&self) -> bool {
        self.all.iter().chain(&self.none).all(Lazy::can_be_compiled)
    }

    /// Whether the sentence is what the rule describes.
    pub(super) fn is_match(&self, sentence: &str) -> bool {
        self.all.iter().all(|pattern| pattern.is_match(sentence) == Some(true))
            && self.none.iter().all(|pattern| pattern.is_match(sentence) == Some(false))
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn every_part_must_match_and_no_denied_one_may() {
        let rule = Rule::new(r"\bdelete\b && \bdata\b &! \bplan\b");
        assert!(rule.is_match("Please delete my data"));
        assert!(!rule.is_match("Please delete it") && !rule.is_match("delete my data plan"));
        let broken = Rule::new("( && x");
        assert!(!broken.can_be_compiled() && !broken.is_match("( x"));
        assert!(!Rule::new("x &! (").is_match("x"));
    }
}
