//! Spans of time that people write shorter than two dates: `1-31 March 2024`, `Q1-Q2 2024`, `01.01.24-31.12.24`, an ISO 8601
//! interval. Each is written out as two dates with "to" between them, so that `dates.rs` and `timeframe.rs` need to know
//! one way only.

use super::pattern::pattern;
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

const MONTH: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

static WAYS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let joint = r"\s*(?:-|–|—|to|until|till|thru|through|and|&|a|au|al|à|bis)\s*";
    let nth = r"(?:st|nd|rd|th|\.)?";
    let all: [(String, &str); 8] = [
        // A time of day says nothing where whole days count.
        (r"(?:\b(?:at|um|à|a las|às)\s+|,\s*)?\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s*(?:am|pm|hrs|uhr|ist|utc|gmt|z))?\b".into(), " "),
        // What is left of `2025-01-01T00:00:00Z`.
        (r"\b(\d{4}-\d\d-\d\d)t[\d:]*".into(), "$1"),
        (r"\b(\d{4}-\d\d-\d\d)\s*(?:/|\.\.+|–|—)\s*(\d{4}-\d\d-\d\d)\b".into(), "$1 to $2"),
        (r"\b(20\d\d)([01]\d)([0-3]\d)\s*(?:-|–|to|/)\s*(20\d\d)([01]\d)([0-3]\d)\b".into(), "$1-$2-$3 to $4-$5-$6"),
        (r"\b(\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d\d))\s*(?:-|–|—)\s*(\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d\d))\b".into(), "$1 to $2"),
        (r"\b(\d{1,2}-\d{1,2}-\d{4})\s*(?:/|–|—)\s*(\d{1,2}-\d{1,2}-\d{4})\b".into(), "$1 to $2"),
        (format!(r"\bq([1-4]){joint}q([1-4])[\s,/-]*(\d{{4}})\b"), "Q$1 $3 to Q$2 $3"),
        (
            format!(r"\b([0-3]?\d){nth}{joint}([0-3]?\d){nth}\s+(?:(?:of|de)\s+)?({MONTH})\b\.?(?:\s+de)?[\s,]*((?:19|20)\d\d)\b"),
            "$1 $3 $4 to $2 $3 $4",
        ),
    ];
    all.into_iter().map(|(way, out)| (pattern(&way), out)).collect()
});

/// The text with such spans written out.
pub(super) fn written_out(text: &str) -> Cow<'_, str> {
    WAYS.iter().fold(Cow::Borrowed(text), |text, (way, out)| match way.replace_all(&text, *out) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    })
}

#[cfg(test)]
mod tests {
    use super::written_out;

    #[test]
    fn short_spans_become_two_dates() {
        let check = |text: &str, expected: &str| assert_eq!(written_out(text), expected);
        check("2024-01-01/2024-03-31", "2024-01-01 to 2024-03-31");
        check("2024-01-01..2024-03-31", "2024-01-01 to 2024-03-31");
        check("20240101-20240331", "2024-01-01 to 2024-03-31");
        check("01.01.24-31.12.24", "01.01.24 to 31.12.24");
        check("13/1/2024-31/1/2024", "13/1/2024 to 31/1/2024");
        check("Q1-Q2 2024", "Q1 2024 to Q2 2024");
        check("5th to 12th March 2024", "5 March 2024 to 12 March 2024");
        check("1-31 Mar 2024", "1 Mar 2024 to 31 Mar 2024");
        check("+91 98765 43210, 2024", "+91 98765 43210, 2024");
        check("2024-01-01 00:00 to 2024-03-31 23:59", "2024-01-01   to 2024-03-31  ");
    }
}
