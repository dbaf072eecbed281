//! The body as clean lines: no invisible characters, bullets, bold marks or table borders; quoted lines apart.
//! It understands nothing; see `labels.rs`.

/// Longest text that is read, bytes; mail is capped before, other callers may not be.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// One clean line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Without decoration, blanks collapsed.
    pub(super) text: String,
    /// It began with white space or a table border: a continuation looks like this.
    pub(super) is_indented: bool,
    /// Its length as sent, characters: long lines were wrapped.
    pub(super) chars_sent: usize,
}

/// The lines that are not quoted, and the quoted ones without their marks.
pub(super) fn split(body: &str) -> (Vec<Line>, Vec<Line>) {
    let (mut own, mut quoted) = (Vec::new(), Vec::new());
    let mut end = body.len().min(TEXT_BYTES_MAX);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    for raw in body.get(..end).unwrap_or("").lines() {
        let visible = visible(raw);
        let bare = visible.trim_start();
        if bare.starts_with('>') {
            quoted.push(clean(bare.trim_start_matches(['>', ' '])));
        } else {
            own.push(clean(&visible));
        }
    }
    (own, quoted)
}

/// Drops zero-width characters and turns every kind of blank, colon and quote into the plain one.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{0}'..='\u{8}'))
        .map(|c| match c {
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
            '：' | '﹕' | '∶' => ':',
            '，' | '、' => ',',
            '；' => ';',
            '＠' => '@',
            '＋' => '+',
            '｜' => '|',
            '‘' | '’' => '\'',
            '“' | '”' => '"',
            '‐' | '‑' | '−' => '-',
            c => c,
        })
        .collect()
}

fn clean(line: &str) -> Line {
    let is_indented = line.starts_with([' ', '\t']);
    let chars_sent = line.chars().count();
    let bare: String = line.chars().filter(|c| !matches!(c, '*' | '`')).collect();
    let bare = bare.replace("__", "").replace("&nbsp;", " ");
    let mut bare = bare.trim().trim_matches('|').trim().trim_start_matches('#').trim();
    // A bullet or a number stands before the label; a phone's plus sign must not fall with it.
    for bullet in ['-', '•', '·', '‣', '▪', '●', '○', '–', '—', '→', '◦'] {
        if let Some(rest) = bare.strip_prefix(bullet)
            && (rest.starts_with(' ') || bullet == '•' || bullet == '·')
        {
            bare = rest.trim_start();
            break;
        }
    }
    let bare = without_number(bare);
    Line { text: bare.split_whitespace().collect::<Vec<_>>().join(" "), is_indented, chars_sent }
}

/// `1. Scope` and `(2) Requester` without their number; `1. Jan` and figures stay, because a label begins with a letter
/// and a label follows only a number of one or two digits.
fn without_number(line: &str) -> &str {
    let bare = line.trim_start_matches('(');
    let rest = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = bare.len() - rest.len();
    match rest.strip_prefix(['.', ')']) {
        Some(after) if (1..=2).contains(&digits) && after.trim_start().contains(':') => after.trim_start(),
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
