//! Export or delete: from the subject, else from the body's own subject line or a `Request:` line. Both named is a
//! conflict, never a choice. Prefixes of replies and forwards fall away by being looked past.

use super::lines::visible;
use super::pattern::pattern;
use crate::domain::request::Kind;
use regex::Regex;
use std::sync::LazyLock;

/// What one line says about the kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    One(Kind),
    /// `<Export/Delete>` was left in.
    Placeholder,
    /// Both.
    Both,
}

const EXPORT: &str = r"export|access|copy|download|portability";
const DELETE: &str = r"delete|deletion|erasure|erase|removal";

static PREFIXES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:\s*(?:(?:re|fwd?|aw|wg|sv|vs|tr|rv|antw|enc|res|ref)(?:\[\d+\])?\s*:|\[[^\]]{0,40}\]))*\s*")
});
static TITLE: LazyLock<Regex> = LazyLock::new(|| {
    let both = format!(
        r"(?P<first>{EXPORT}|{DELETE})(?P<joint>\s*(?:/|and|&|or|,)\s*(?P<second>{EXPORT}|{DELETE}))?"
    );
    pattern(&format!(
        r"^(?:my |our )?(?:personal |customer )?data\s*[<\[({{]?\s*{both}\s*[>\])}}]?\s*requests?\b"
    ))
});
static EXPORT_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(?:{EXPORT})\b")));
static DELETE_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(?:{DELETE})\b")));

/// The title of the template: "Data Export Request", with anything behind it.
pub(super) fn of_title(line: &str) -> Option<Named> {
    let line = visible(line);
    let title = PREFIXES.replace(&line, "");
    let found = TITLE.captures(&title)?;
    let first = of_word(found.name("first")?.as_str())?;
    let Some(second) = found.name("second").and_then(|word| of_word(word.as_str())) else {
        return Some(Named::One(first));
    };
    let joint = found.name("joint").map_or("", |joint| joint.as_str());
    Some(match (first == second, joint.contains('/')) {
        (true, _) => Named::One(first),
        (false, true) => Named::Placeholder,
        (false, false) => Named::Both,
    })
}

/// The words of a `Request:` line, or of a subject above a form.
pub(super) fn of_words(line: &str) -> Option<Named> {
    let line = visible(line);
    match (EXPORT_WORD.is_match(&line), DELETE_WORD.is_match(&line)) {
        (true, true) if line.contains('/') => Some(Named::Placeholder),
        (true, true) => Some(Named::Both),
        (true, false) => Some(Named::One(Kind::Export)),
        (false, true) => Some(Named::One(Kind::Delete)),
        (false, false) => None,
    }
}

fn of_word(word: &str) -> Option<Kind> {
    match of_words(word)? {
        Named::One(kind) => Some(kind),
        Named::Placeholder | Named::Both => None,
    }
}

/// All that was said, as one: both kinds anywhere is `Both`; a placeholder beside a real word does not count.
pub(super) fn together(named: &[Named]) -> Option<Named> {
    let one = |kind| named.contains(&Named::One(kind));
    match (one(Kind::Export), one(Kind::Delete)) {
        (true, true) => Some(Named::Both),
        _ if named.contains(&Named::Both) => Some(Named::Both),
        (true, false) => Some(Named::One(Kind::Export)),
        (false, true) => Some(Named::One(Kind::Delete)),
        (false, false) => named.first().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, of_title, together};
    use crate::domain::request::Kind;

    #[test]
    fn titles_are_read_with_every_dash_and_prefix() {
        let check = |line: &str, expected: Option<Named>| assert_eq!(of_title(line), expected, "{line:?}");
        let (export, delete) = (Some(Named::One(Kind::Export)), Some(Named::One(Kind::Delete)));
        check("Data Export Request – Acme", export);
        check("Data Export Request - Acme", export);
        check("Data Export Request — Acme", export);
        check("Data Export Request: Acme", export);
        check("data delete request", delete);
        check("Data Deletion Request", delete);
        check("Re: Fwd: [ext] AW: Data\u{a0}Delete Request – x", delete);
        check("RE[2]: Data Export Request", export);
        check("Data <Export> Request –", export);
        check("Data <Export/Delete> Request –", Some(Named::Placeholder));
        check("Data Export/Delete Request", Some(Named::Placeholder));
        check("Data Export and Delete Request", Some(Named::Both));
        check("Question about a data export request", None);
        check("Data Exporter Requests", None);
        check("Data Export failed", None);
    }

    #[test]
    fn both_kinds_are_a_conflict_and_a_placeholder_yields() {
        let (export, delete) = (Named::One(Kind::Export), Named::One(Kind::Delete));
        assert_eq!(together(&[export, delete]), Some(Named::Both));
        assert_eq!(together(&[export, Named::Placeholder]), Some(export));
        assert_eq!(together(&[Named::Placeholder]), Some(Named::Placeholder));
        assert_eq!(together(&[]), None);
    }
}
