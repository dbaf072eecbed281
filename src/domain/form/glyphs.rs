//! Characters as a reader sees them: no invisible ones, one kind of blank, colon, quote and dash, plain figures whatever the
//! script. What the characters say is read elsewhere; see `lines.rs`.

use super::words::composed;

/// The longest start of at most `bytes_max` bytes that ends between characters.
pub(super) fn start(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// The zeros of the scripts whose figures people type.
const ZEROS: [char; 13] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ff10}',
];

/// A figure of any script as the plain one.
fn figure(c: char) -> Option<char> {
    ZEROS.iter().find_map(|&zero| {
        let value = u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value < 10)?;
        char::from_digit(value, 10)
    })
}

/// Drops zero-width characters and turns every kind of blank, colon and quote into the plain one.
pub(super) fn visible(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii() && (b >= b' ' || b == b'\t')) {
        return text.to_owned();
    }
    composed(text)
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
            '：' | '﹕' | '∶' | 'ː' | '︰' => ':',
            '，' | '、' => ',',
            '；' => ';',
            '＠' | '﹫' => '@',
            '｜' | '│' | '┃' => '|',
            '‘' | '’' | '‛' | '´' | '`' => '\'',
            '“' | '”' | '„' | '‟' => '"',
            '‐' | '‑' | '−' | '－' | '﹣' | '‒' => '-',
            '〜' | '～' => '~',
            // Full-width signs and letters; its blank and figures are above and below.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c if c > '\u{65f}' => figure(c).unwrap_or(c),
            c => c,
        })
        .collect()
}

/// Zero-width and bidirectional characters, and controls but the tab.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}' | '\u{180e}' | '\u{fffc}')
        || (c.is_control() && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::{start, visible};

    #[test]
    fn what_looks_alike_becomes_alike() {
        assert_eq!(visible("Sco\u{200b}pe\u{a0}：\u{3000}９８７ ९८७"), "Scope : 987 987");
        assert_eq!(visible("“Ａcme”\u{202e} – ‘x’"), "\"Acme\" – 'x'");
        assert_eq!(visible("tab\tstays\0"), "tab\tstays");
        assert_eq!(start("aé", 2), "a");
    }
}
