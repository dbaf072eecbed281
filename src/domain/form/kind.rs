//! Export or delete: from the subject, else from the body's own subject line or a `Request:` line. Both named is a
//! conflict, never a choice. A title is a run of title words that name data, a kind and a request, in any order, so that
//! every language has one rule; prefixes of replies and forwards are looked past.

use super::glyphs::{start, visible};
use super::language::{Languages, TitleWord};
use super::pattern::pattern;
use super::words::words;
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

/// Most prefixes before a title, and most words of one.
const PREFIXES_MAX: usize = 8;
const TITLE_WORDS_MAX: usize = 16;
/// Longest line that is looked at, bytes.
const LINE_BYTES_MAX: usize = 1_000;

/// `Re:`, `AW[2]:`, `[External]`, `(EXT)`, `*SPAM*`, and signs without a word.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:[\p{L}\p{M}.]{1,14}(?:\s?\[\d+\])?\s*:|\[[^\]]{0,40}\]|\([^)]{1,20}\)|\{[^}]{0,30}\}|\*+[^*\s]{1,20}\*+|[#*>«»'!|~✔✅\x22–—-]+)",
    )
});

/// What follows a title without a dash and makes it a report of trouble or a question.
static TROUBLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:(?:has|is|was|are|not|still|form|page|button|feature|api|to|from|as|in)\b\s*)*(?:fail|error|stuck|pending|broken|issue|problem|bug|not?\b|work|status|question|crash|timed?|slow|missing|csv|excel|report|templat|form|page|button|feature|api|policy|training|webinar)",
    )
});

/// The title of the template, "Data Export Request", with anything behind it.
pub(super) fn of_title(line: &str, languages: &Languages) -> Option<Named> {
    title(line, languages).map(|(named, _)| named)
}

/// A title that is all that its line says; a name may follow, a question or a report of trouble may not.
pub(super) fn of_bare_title(line: &str, languages: &Languages) -> Option<Named> {
    title(line, languages).filter(|(_, rest)| !TROUBLE.is_match(rest)).map(|(named, _)| named)
}

/// The title and what follows it.
fn title(line: &str, languages: &Languages) -> Option<(Named, String)> {
    let line = visible(start(line, LINE_BYTES_MAX));
    let mut rest = line.as_str();
    for _ in 0..=PREFIXES_MAX {
        if let Some((named, end)) = title_at_start(rest, languages) {
            return Some((named, rest.get(end..).unwrap_or("").to_owned()));
        }
        rest =
            PREFIX.find(rest).and_then(|prefix| rest.get(prefix.end()..)).filter(|rest| !rest.is_empty())?;
    }
    None
}

#[derive(Default)]
struct Title {
    has_data: bool,
    has_request: bool,
    /// The kinds with the number of their word.
    kinds: Vec<(Kind, usize)>,
    is_choice: bool,
    /// A joint was read, so that another kind may follow.
    is_open: bool,
    end: usize,
}

impl Title {
    fn is_whole(&self) -> bool {
        self.has_data && self.has_request && !self.kinds.is_empty()
    }

    /// Takes one more word, unless the title ends before it.
    fn take(&mut self, number: usize, gap: &str, parts: &[TitleWord], end: usize) -> bool {
        let parted =
            gap.contains([':', '.', '(', '–', '—', '@', '"']) || gap.contains(" -") || gap.contains("- ");
        let slashed = gap.contains(['/', '|']);
        let is_kind = parts.contains(&TitleWord::Export) || parts.contains(&TitleWord::Delete);
        self.is_open |= self.is_whole() && (slashed || gap.contains(['&', ',']));
        if parts.is_empty() || (number > 0 && parted) || (self.is_whole() && is_kind && !self.is_open) {
            return false;
        }
        self.has_data |= parts.contains(&TitleWord::Data);
        self.has_request |= parts.contains(&TitleWord::Request);
        for (part, kind) in [(TitleWord::Export, Kind::Export), (TitleWord::Delete, Kind::Delete)] {
            if parts.contains(&part) {
                let beside = self.kinds.last().is_some_and(|(last, at)| *last != kind && at + 1 == number);
                self.is_choice |= beside && slashed;
                self.kinds.push((kind, number));
            }
        }
        let is_glue = parts.contains(&TitleWord::Glue);
        // Only a joint behind a whole title lets another kind follow: a company may be called Export House.
        self.is_open = self.is_whole() && (is_glue || (self.is_open && !is_kind));
        if !is_glue {
            self.end = end;
        }
        true
    }

    fn named(&self) -> Option<Named> {
        let (first, _) = self.kinds.first()?;
        Some(match (self.kinds.iter().all(|(kind, _)| kind == first), self.is_choice) {
            (true, _) => Named::One(*first),
            (false, true) => Named::Placeholder,
            (false, false) => Named::Both,
        })
    }
}

fn title_at_start(text: &str, languages: &Languages) -> Option<(Named, usize)> {
    let mut title = Title::default();
    let mut from = 0;
    for (number, place) in words(text).into_iter().take(TITLE_WORDS_MAX).enumerate() {
        let gap = text.get(from..place.start).unwrap_or("");
        let word = text.get(place.clone()).unwrap_or("");
        if !title.take(number, gap, languages.title_word(word), place.end) {
            break;
        }
        from = place.end;
    }
    if !title.is_whole() {
        return None;
    }
    Some((title.named()?, title.end))
}

/// The words of a `Request:` line, or of a subject above a form.
pub(super) fn of_words(line: &str, languages: &Languages) -> Option<Named> {
    let line = visible(start(line, LINE_BYTES_MAX));
    let mut named = Title::default();
    let mut from = 0;
    for (number, place) in words(&line).into_iter().enumerate() {
        let gap =
            line.get(from..place.start).unwrap_or("").replace([':', '.', '(', '-', '–', '—', '@', '"'], " ");
        let parts = languages.title_word(line.get(place.clone()).unwrap_or(""));
        named.is_open = true;
        named.take(number, &gap, parts, place.end);
        from = place.end;
    }
    named.named()
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
    use super::{Named, of_bare_title, of_title, of_words, together};
    use crate::domain::form::language::Languages;
    use crate::domain::request::Kind;

    const EXPORT: Option<Named> = Some(Named::One(Kind::Export));
    const DELETE: Option<Named> = Some(Named::One(Kind::Delete));

    fn check(line: &str, expected: Option<Named>) {
        assert_eq!(of_title(line, &Languages::all()), expected, "{line:?}");
    }

    #[test]
    fn titles_are_read_with_every_dash_and_prefix() {
        check("Data Export Request – Acme", EXPORT);
        check("Data Export Request - Acme", EXPORT);
        check("Data Export Request — Acme", EXPORT);
        check("Data Export Request: Acme", EXPORT);
        check("Data Export Request Acme Traders", EXPORT);
        check("Data Delete Request – Export Traders", DELETE);
        check("Data Delete Request Export Traders", DELETE);
        check("data delete request", DELETE);
        check("Data Deletion Request", DELETE);
        check("Request for data deletion", DELETE);
        check("Re: Fwd: [ext] AW: Data\u{a0}Delete Request – x", DELETE);
        check("RE[2]: Data Export Request", EXPORT);
        check("Data <Export> Request –", EXPORT);
        check("Data <Export/Delete> Request –", Some(Named::Placeholder));
        check("Data Export/Delete Request", Some(Named::Placeholder));
        check("Data Export and Delete Request", Some(Named::Both));
        check("Data Export Request and Data Delete Request", Some(Named::Both));
        check("Data Export Request & Data Delete Request", Some(Named::Both));
        check("Demande d'effacement des données Export House", DELETE);
        check("Question about a data export request", None);
        check("Data Exporter Requests", None);
        check("Data Export failed", None);
    }

    #[test]
    fn titles_are_read_in_every_shipped_language() {
        check("Datenexport-Anfrage – Acme", EXPORT);
        check("AW: Antrag auf Löschung meiner Daten", DELETE);
        check("TR : Demande d'exportation de données – Acme", EXPORT);
        check("Demande de suppression de données", DELETE);
        check("RV: Solicitud de exportación de datos - Acme", EXPORT);
        check("Solicitud de eliminación de datos", DELETE);
        check("ENC: Pedido de exportação de dados", EXPORT);
        check("Solicitação de exclusão de dados", DELETE);
        check("डेटा निर्यात अनुरोध – Acme", EXPORT);
        check("डेटा हटाने का अनुरोध", DELETE);
    }

    #[test]
    fn a_title_alone_is_no_report_of_trouble() {
        let bare = |line: &str| of_bare_title(line, &Languages::all());
        assert_eq!(bare("Data Export Request – Acme"), EXPORT);
        assert_eq!(bare("Data Export Request Acme"), EXPORT);
        assert_eq!(bare("Data export request failed again"), None);
        assert_eq!(bare("Data access request form is broken"), None);
    }

    #[test]
    fn both_kinds_are_a_conflict_and_a_placeholder_yields() {
        let (export, delete) = (Named::One(Kind::Export), Named::One(Kind::Delete));
        assert_eq!(together(&[export, delete]), Some(Named::Both));
        assert_eq!(together(&[export, Named::Placeholder]), Some(export));
        assert_eq!(together(&[Named::Placeholder]), Some(Named::Placeholder));
        assert_eq!(together(&[]), None);
        let words = |line: &str| of_words(line, &Languages::all());
        assert_eq!(words("please delete: now"), DELETE);
        assert_eq!(words("Export / Delete"), Some(Named::Placeholder));
        assert_eq!(words("a copy, then deletion"), Some(Named::Both));
        assert_eq!(words("help"), None);
    }
}
