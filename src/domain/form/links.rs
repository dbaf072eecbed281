//! What mail programs make of addresses and numbers when they turn them into links: `a@b.example<mailto:a@b.example>`. The
//! repetition falls away; of a link that stands alone only its scheme does.

use super::pattern::pattern;
use regex::Regex;
use std::sync::LazyLock;

static REPEATED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[<\[(]\s*(?:mailto|tel|callto):[^>\])\s]*\s*[>\])]"));
static SCHEME: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:mailto|tel|callto):"));

/// The text without link targets and schemes.
pub(super) fn without(text: &str) -> String {
    SCHEME.replace_all(&REPEATED.replace_all(text, " "), " ").into_owned()
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn links_are_not_read_twice() {
        assert_eq!(without("a@b.example<mailto:a@b.example>, x"), "a@b.example , x");
        assert_eq!(without("number tel:+919876543210"), "number  +919876543210");
        assert_eq!(without("Hotel: Taj"), "Hotel: Taj");
    }
}
