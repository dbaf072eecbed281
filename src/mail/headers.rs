//! The header block split by us, because the parser's view loses what identity needs: how many From fields there are,
//! which Authentication-Results stands on top, and how a field's name was spelt (standard finding 4).
//! It decodes nothing: values stay as sent, unfolded. Read by `from.rs`, `marks.rs` and `authentication.rs`.

/// One header field, in the order of the mail.
pub(crate) struct Field {
    /// As spelt, without the colon.
    pub(crate) spelling: String,
    /// Lower case without any white space or control characters: how a lenient parser would take it.
    pub(crate) name: String,
    /// Unfolded: line breaks of folding are gone, the rest is as sent.
    pub(crate) value: String,
}

/// How many bytes the header block has, with the empty line that ends it.
pub(crate) fn block_bytes(raw: &[u8]) -> usize {
    let mut start = 0;
    for line in raw.split_inclusive(|&b| b == b'\n') {
        start += line.len();
        if line == b"\n" || line == b"\r\n" {
            break;
        }
    }
    start
}

/// Splits a header block into its fields. Lines without a colon are part of no field.
pub(crate) fn split(block: &[u8]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut is_first_line = true;
    for line in block.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let folded = line.first().is_some_and(|&b| b == b' ' || b == b'\t');
        let text = String::from_utf8_lossy(line);
        // A folded first line continues nothing; lenient parsers take it for a field (Composition Kills, "leading space").
        if folded && !is_first_line {
            if let Some(field) = fields.last_mut() {
                field.value.push_str(&text);
            }
        } else if !(is_first_line && is_mbox_line(&text))
            && let Some((spelling, value)) = text.split_once(':')
        {
            let name = spelling
                .chars()
                .filter(|c| !c.is_whitespace() && !c.is_control())
                .collect::<String>()
                .to_ascii_lowercase();
            fields.push(Field { spelling: spelling.to_owned(), name, value: value.trim_start().to_owned() });
        }
        is_first_line = false;
    }
    fields
}

/// The separator line of an mbox file, which is no field: `From a@b.example Mon Mar  3 10:00:00 2025`.
fn is_mbox_line(line: &str) -> bool {
    line.strip_prefix("From ").is_some_and(|rest| !rest.trim_start().starts_with(':'))
}

/// The values of every field of that lower-case name, topmost first.
pub(crate) fn values<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
}

/// A value without comments (RFC 5322 3.2.2), lower case: for keyword fields such as Auto-Submitted.
pub(crate) fn keyword(value: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{block_bytes, keyword, split};

    #[test]
    fn fields_are_split_and_unfolded() {
        let raw = b"From x@y Mon\r\nFROM : a@b\r\nSubject: one\r\n two\r\n\r\nbody: no";
        let fields = split(&raw[..block_bytes(raw)]);
        let seen: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(seen, [("from", "a@b"), ("subject", "one two")]);
        assert_eq!(fields[0].spelling, "FROM ");
    }

    #[test]
    fn a_field_on_a_folded_first_line_is_still_seen() {
        assert_eq!(split(b" From: a@b\nTo: c@d\n").len(), 2);
    }

    #[test]
    fn comments_fall_away_from_keywords() {
        assert_eq!(keyword("Auto-Replied (vacation (really))"), "auto-replied");
        assert_eq!(keyword("no (x"), "no");
    }
}
