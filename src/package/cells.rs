//! Values as text. CSV cells are made harmless for spreadsheets (standard X1); JSON keeps them raw.
//! See `tables.rs`, which writes both.

use crate::domain::plan::hex;
use crate::domain::rows::Value;

/// Characters with which a spreadsheet takes a cell for a formula or is talked into it; the full-width forms are
/// folded to them by some.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// A value as a CSV cell.
pub(super) fn csv_cell(value: &Value) -> String {
    match value {
        Value::Text(text) => harmless(text),
        // A number cannot be a formula, and a quote before -5 would make it a word.
        other => plain(other),
    }
}

/// Text that no spreadsheet takes for a formula: a quote before one that could be. Blanks before it do not help an
/// attacker, because some programs trim them.
pub(super) fn harmless(text: &str) -> String {
    if is_negative_number(text) {
        return text.to_owned();
    }
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || is_ignored(c));
    if text.starts_with(FORMULA_STARTS) || trimmed.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Exact decimals reach us as text, and a quote before -5.20 would make it a word.
fn is_negative_number(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('-') else { return false };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A value as a person reads it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(number) => number.to_string(),
        // Three hundred noughts are nothing that a person reads.
        Value::Real(number)
            if number.is_finite() && !(1e-6..1e21).contains(&number.abs()) && *number != 0.0 =>
        {
            format!("{number:e}")
        }
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => hex(bytes),
    }
}

/// A value as JSON; bytes become `{"hex": "…"}`, and a number that JSON does not know becomes text.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(number) => (*number).into(),
        Value::Real(number) => serde_json::Number::from_f64(*number)
            .map_or_else(|| number.to_string().into(), serde_json::Value::Number),
        Value::Text(text) => text.clone().into(),
        Value::Blob(bytes) => serde_json::json!({ "hex": hex(bytes) }),
    }
}

/// A value for the overview page: one line, at most `chars_max`, without characters that hide or turn text.
pub(super) fn brief(value: &Value, chars_max: usize) -> String {
    let text = plain(value);
    let shown = text.chars().filter(|c| !is_ignored(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let mut brief: String = shown.take(chars_max).collect();
    if text.chars().nth(chars_max).is_some() {
        brief.push('…');
    }
    brief
}

/// Zero-width and direction characters.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{brief, csv_cell, json};
    use crate::domain::rows::Value;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        let check = |text: &str, expected: &str| {
            assert_eq!(csv_cell(&Value::Text(text.to_owned())), expected, "{text:?}");
        };
        check("=1+1", "'=1+1");
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("+919876543210", "'+919876543210");
        check("-2+3", "'-2+3");
        check("-2", "-2");
        check("-12.50", "-12.50");
        check("-.5", "'-.5");
        check("-2.5.1", "'-2.5.1");
        check("-", "'-");
        check("-A1", "'-A1");
        check("-１", "'-１");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("\r=1", "'\r=1");
        check("\0=1", "'\0=1");
        check("\0", "'\0");
        check("＝1+1", "'＝1+1");
        check("＋1", "'＋1");
        check("－1", "'－1");
        check("＠x", "'＠x");
        check("  =1", "'  =1");
        check("\n=1", "'\n=1");
        check("\u{a0}=1", "'\u{a0}=1");
        check("\u{feff}=1", "'\u{feff}=1");
        check("\u{200b}@x", "'\u{200b}@x");
        check("a=1", "a=1");
        check("'=1", "'=1");
        check("", "");
        check("  ", "  ");
        check("Asha Rao", "Asha Rao");
    }

    #[test]
    fn numbers_stay_numbers_and_bytes_become_hex() {
        let check = |value: &Value, cell: &str, raw: &str| {
            assert_eq!((csv_cell(value).as_str(), json(value).to_string().as_str()), (cell, raw));
        };
        check(&Value::Int(-5), "-5", "-5");
        check(&Value::Real(0.5), "0.5", "0.5");
        check(&Value::Real(-0.0), "-0", "-0.0");
        check(&Value::Real(-1e300), "-1e300", "-1e+300");
        check(&Value::Real(f64::INFINITY), "inf", "\"inf\"");
        check(&Value::Null, "", "null");
        check(&Value::Blob(vec![0, 255]), "00ff", "{\"hex\":\"00ff\"}");
        check(&Value::Text("=1\n\"x\"".to_owned()), "'=1\n\"x\"", "\"=1\\n\\\"x\\\"\"");
    }

    #[test]
    fn the_overview_shows_one_short_line() {
        let check =
            |text: &str, expected: &str| assert_eq!(brief(&Value::Text(text.to_owned()), 5), expected);
        check("a\nb\u{202e}c", "a bc");
        check("12345", "12345");
        check("123456", "12345…");
    }
}
