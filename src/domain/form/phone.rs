//! Phone numbers to E.164 by the numbering plans of the `phonenumber` crate. A run of digits may hold several numbers
//! or end in a date; the longest valid start wins. Dates are taken out before (`timeframe.rs`).

use phonenumber::Mode;
use phonenumber::country::Id;

/// Digits of an E.164 number (ITU-T E.164 6.2.1), and the fewest that are taken for one without a plan to check.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;
const INTERNATIONAL_DIGITS_MIN: usize = 8;
/// Most groups of digits in one number.
const GROUPS_MAX: usize = 10;

/// Builds the numbering plans of the world, 50 ms of work that the first number would wait for.
pub fn load_plans() {
    let _ = parse("+911234567890", "IN");
}

/// The whole of `text` as one number.
pub(super) fn e164(text: &str, region: &str) -> Option<String> {
    valid(text, region).or_else(|| possible(text, region))
}

/// A number that the plan of its country knows.
fn valid(text: &str, region: &str) -> Option<String> {
    let number = parse(text, region)?;
    number.is_valid().then(|| number.format().mode(Mode::E164).to_string())
}

/// An international number that the plan does not know (new ranges, fictional ones) is taken as written.
fn possible(text: &str, region: &str) -> Option<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let international =
        text.trim_start().starts_with('+') && (INTERNATIONAL_DIGITS_MIN..=DIGITS_MAX).contains(&digits);
    if !international {
        return None;
    }
    parse(text, region).map(|number| number.format().mode(Mode::E164).to_string())
}

fn parse(text: &str, region: &str) -> Option<phonenumber::PhoneNumber> {
    let bare: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let digits = bare.trim_start_matches('+');
    if !(DIGITS_MIN..=DIGITS_MAX + 4).contains(&digits.len()) || digits.contains('+') {
        return None;
    }
    // `+91 (0) 98765 43210`: the trunk zero is for callers inside the country only.
    let bare = if text.trim_start().starts_with('+') && text.contains("(0)") {
        text.replacen("(0)", "", 1).chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    } else {
        bare
    };
    let region: Option<Id> = region.to_ascii_uppercase().parse().ok();
    phonenumber::parse(region, bare).ok()
}

/// What a run of digits and separators holds.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// Numbers in E.164 and where each ends in the run, bytes.
    pub(super) numbers: Vec<(String, usize)>,
    /// Digits behind the last number that are part of none.
    pub(super) has_rest: bool,
}

/// Splits a run such as `98765 43210 98765 43211` or `+91 98765 43210 2025`: at each step the longest valid number.
pub(super) fn split_run(run: &str, region: &str) -> Run {
    let mut numbers = Vec::new();
    let mut at = 0;
    while let Some(rest) = run.get(at..).filter(|rest| rest.contains(|c: char| c.is_ascii_digit())) {
        let ends = group_ends(rest);
        let found = ends.iter().rev().find_map(|&end| Some((valid(rest.get(..end)?, region)?, end)));
        let found = found.or_else(|| {
            let end = *ends.last()?;
            Some((possible(rest.get(..end)?, region)?, end))
        });
        let Some((number, end)) = found else { return Run { numbers, has_rest: true } };
        at += end;
        numbers.push((number, at));
    }
    Run { numbers, has_rest: false }
}

/// Where each group of digits ends, at most `GROUPS_MAX`.
fn group_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        if previous.is_ascii_digit() && !c.is_ascii_digit() {
            ends.push(at);
        }
        if c == '+' && !ends.is_empty() {
            break;
        }
        previous = c;
    }
    if previous.is_ascii_digit() {
        ends.push(text.len());
    }
    ends.truncate(GROUPS_MAX);
    ends
}

#[cfg(test)]
mod tests {
    use super::{e164, split_run};

    #[test]
    fn numbers_are_normalised_by_region() {
        let check = |text: &str, region: &str, expected: Option<&str>| {
            assert_eq!(e164(text, region).as_deref(), expected, "{text:?}");
        };
        let asha = Some("+919876543210");
        check("+91 98765 43210", "IN", asha);
        check("98765 43210", "IN", asha);
        check("098765-43210", "IN", asha);
        check("0091 98765 43210", "IN", asha);
        check("+91 (0) 98765 43210", "IN", asha);
        check("+91-98765-43210", "DE", asha);
        check("080 4040 5555", "IN", Some("+918040405555"));
        check("+1 555 555 0100", "IN", Some("+15555550100"));
        check("030 123456", "DE", Some("+4930123456"));
        check("12345", "IN", None);
        check("2025", "IN", None);
        check("+91 12", "IN", None);
        check("98765 43210 98765", "IN", None);
        check("", "IN", None);
        check("++++", "IN", None);
    }

    #[test]
    fn a_run_is_split_into_its_numbers() {
        let check = |run: &str, expected: &[&str], has_rest: bool| {
            let found = split_run(run, "IN");
            let numbers: Vec<_> = found.numbers.iter().map(|(number, _)| number.as_str()).collect();
            assert_eq!((numbers.as_slice(), found.has_rest), (expected, has_rest), "{run:?}");
        };
        check("98765 43210 98765 43211", &["+919876543210", "+919876543211"], false);
        check("+91 98765 43210 2025", &["+919876543210"], true);
        check("+91 98765 43210 +91 98765 43211", &["+919876543210", "+919876543211"], false);
        check("12345", &[], true);
    }
}
