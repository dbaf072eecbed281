//! The body as clean lines: no invisible characters, bullets, bold marks or table borders; quoted lines apart.
//! It understands nothing; see `labels.rs`.

use super::glyphs::{start, visible};

/// Longest text that is read, bytes; mail is capped before, other callers may not be.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// One clean line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Without decoration, blanks collapsed.
    pub(super) text: String,
    /// It began with white space or a table border: a continuation looks like this.
    pub(super) is_indented: bool,
    /// It began with a bullet.
    pub(super) is_bullet: bool,
    /// Its length as sent, characters: long lines were wrapped.
    pub(super) chars_sent: usize,
}

/// The lines that are not quoted, and the quoted ones without their marks.
pub(super) fn split(body: &str) -> (Vec<Line>, Vec<Line>) {
    let (mut own, mut quoted) = (Vec::new(), Vec::new());
    for (line, is_quoted) in in_order(body) {
        if is_quoted { &mut quoted } else { &mut own }.push(line);
    }
    (own, quoted)
}

/// Every line, quoted ones without their marks, as a form looks that was filled in between the lines of a quote.
pub(super) fn interleaved(body: &str) -> Vec<Line> {
    in_order(body).map(|(line, _)| line).collect()
}

/// A quoted line that was longer than this was broken again when it was quoted, and its rest stands unmarked below it.
const QUOTED_CHARS_MAX: usize = 72;
/// Longest such rest.
const REST_CHARS_MAX: usize = 76;

fn in_order(body: &str) -> impl Iterator<Item = (Line, bool)> {
    let mut broken_at = None;
    start(body, TEXT_BYTES_MAX).lines().map(move |raw| {
        let visible = visible(raw);
        let bare = visible.trim_start();
        let chars = visible.chars().count();
        let first_word = raw.split_ascii_whitespace().next().unwrap_or("").chars().count();
        let is_rest = broken_at.is_some_and(|before: usize| {
            before + 1 + first_word > QUOTED_CHARS_MAX && chars <= REST_CHARS_MAX && first_word > 0
        });
        let is_quoted = bare.starts_with('>') || is_rest;
        broken_at = (is_quoted && !is_rest).then_some(chars);
        (clean(if is_quoted { bare.trim_start_matches(['>', ' ']) } else { &visible }), is_quoted)
    })
}

fn clean(line: &str) -> Line {
    let is_indented = line.starts_with([' ', '\t']);
    let chars_sent = line.chars().count();
    let bare: String = line.chars().filter(|c| !matches!(c, '*' | '`')).collect();
    let bare = bare.replace("__", "").replace("&nbsp;", " ");
    let mut bare = bare.trim().trim_matches('|').trim().trim_start_matches('#').trim();
    let mut is_bullet = false;
    // A bullet stands before the label, with a blank behind it: a phone's plus sign must not fall with it.
    for bullet in
        ['-', '•', '·', '‣', '▪', '●', '○', '–', '—', '→', '◦', '■', '►', '➤', '✔', '✓', '▸', '»', '+']
    {
        if let Some(rest) = bare.strip_prefix(bullet)
            && (rest.starts_with([' ', '\t'])
                && !(bullet == '+' && rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
                || bullet == '•'
                || bullet == '·')
        {
            bare = rest.trim_start();
            is_bullet = true;
            break;
        }
    }
    let numbered = without_number(bare);
    is_bullet |= numbered.len() < bare.len();
    Line { text: collapsed(numbered), is_indented, is_bullet, chars_sent }
}

/// Runs of blanks as one; tabs, and a wide gap behind a first word, are the borders of a table.
fn collapsed(line: &str) -> String {
    let one = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.contains('\t') {
        let cells: Vec<String> = line.split('\t').map(one).filter(|cell| !cell.is_empty()).collect();
        return cells.join(" | ");
    }
    match line.find("   ").and_then(|at| line.split_at_checked(at)) {
        Some((head, rest)) if head.chars().all(|c| !c.is_ascii_digit() && !":=|,".contains(c)) => {
            format!("{} | {}", one(head), one(rest).trim_start_matches('|').trim_start())
        }
        _ => one(line),
    }
}

/// `1. Scope` and `(2) Requester` without their number; `1. Jan` and figures stay, because a label begins with a letter
/// and a label follows only a number of one or two digits.
fn without_number(line: &str) -> &str {
    let bare = line.trim_start_matches('(');
    let rest = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = bare.len() - rest.len();
    match rest.strip_prefix(['.', ')']) {
        Some(after)
            if (1..=2).contains(&digits)
                && after.trim_start().starts_with(char::is_alphabetic)
                && after.contains(':') =>
        {
            after.trim_start()
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn decoration_falls_away_and_quotes_are_apart() {
        let check = |line: &str, expected: &str| assert_eq!(split(line).0[0].text, expected, "{line:?}");
        check("**Scope:** account", "Scope: account");
        check("*Scope:* account", "Scope: account");
        check("- Scope: account", "Scope: account");
        check("• Scope: account", "Scope: account");
        check("1) Scope: account", "Scope: account");
        check("2. Requester: x", "Requester: x");
        check("| Scope | account |", "Scope | account");
        check("Sco\u{200b}pe\u{a0}：\u{3000}account", "Scope : account");
        check("+91 98765 43210", "+91 98765 43210");
        check("### Scope", "Scope");
        let (own, quoted) = split("mine\n> Scope: x\n>> > deeper");
        assert_eq!((own.len(), quoted.len()), (1, 2));
        assert_eq!(quoted[1].text, "deeper");
    }
}
