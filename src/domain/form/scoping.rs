//! The scope line: what is asked about. Each kind of thing is taken out of the text in turn, so that nothing is read
//! twice: addresses, international numbers, dates, the account, users, local numbers. What remains is for staff eyes
//! only. Turning a scope into rows is a connector's work.

use super::language::Languages;
use super::pattern::{TAKEN, pattern, take};
use super::problems::{self, problem};
use super::timeframe::{self, Oddity};
use super::{Field, Problem, ProblemCode, ReadingContext, links, phone, ranges};
use crate::domain::address::Address;
use crate::domain::personal::Personal;
use crate::domain::scope::{AccountScope, Scope};
use regex::Regex;
use std::sync::LazyLock;

/// Longest scope text that is read and kept, characters.
const TEXT_CHARS_MAX: usize = 2_000;
/// Most users, and most numbers, of one request.
const ITEMS_MAX: usize = 100;
/// A run of digits this long is a phone number, or one that cannot be read.
const BARE_DIGITS_MIN: usize = 6;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[^\s<>(),;:"\[\]|]+@[^\s<>(),;:"\[\]|]+"#));
static INTERNATIONAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+\s?(?:\(\s?)?\d(?:[\d\s().–-]|/\d)*\d"));
static NUMBER_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:numbers?|nos?\.?|phones?|mobiles?|telephone|tel|mob)\b[\s:=#.]*(?P<run>\(?\d(?:[\d\s().–-]|/\d)*)",
    )
});
static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\d(?:[\d\s().–-]|/\d)*\d\b"));
static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:accounts?|acct|a/c)\b(?P<named>\s*(?:ids?|numbers?|num|no\.?|nr\.?|n[°º]\.?|#))?[\s:=#-]*(?P<id>(?:[a-z]{1,8}[-_/]?)?\d[\w-]*)?",
    )
});
static MORE_IDS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:,|and|&|/)\s*(?:[a-z]{1,8}[-_/])?\d[\w-]*\b"));
static UNCLEAR_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[,/]\d|[%_])"));
static USER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?P<word>users?)\b(?:\s*(?:ids?|names?|#))?[\s:=]*"));
static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<joint>\s*(?:,|;|&|and\b)?\s*)(?P<id>[A-Za-z0-9][\w.'-]*(?: [A-Z][\w'-]*)*)")
        .unwrap_or_else(|_| pattern("^$"))
});
static TAKEN_ITEM: LazyLock<Regex> = LazyLock::new(|| pattern("^\\s*(?:,|;|&|and\\b)?\\s*[<(]?\u{1}+[>)]?"));
static EVERYTHING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:all|entire|complete|full|whole|any)\s+(?:of\s+)?(?:(?:my|our|the|your|available|related|associated|existing)\s+)*(?:(?:personal|stored|account|customer|user|company)\s+)*(?:data|information|records)\b|\beverything\b",
    )
});

const STOP_WORDS: [&str; 34] = [
    "account",
    "accounts",
    "number",
    "numbers",
    "phone",
    "phones",
    "mobile",
    "from",
    "since",
    "until",
    "till",
    "between",
    "for",
    "all",
    "everything",
    "data",
    "the",
    "with",
    "only",
    "period",
    "timeframe",
    "last",
    "past",
    "my",
    "our",
    "on",
    "in",
    "to",
    "by",
    "and",
    "during",
    "of",
    "before",
    "after",
];

/// Something found and where, so that several keep the order in which they were written.
type Found = Vec<(usize, String)>;

/// Reads the scope. `written` is the value of the scope line and of the lines that belong to it.
pub(super) fn read(written: &str, context: &ReadingContext) -> (Scope, Vec<Problem>) {
    let kept: String = written.chars().take(TEXT_CHARS_MAX).collect();
    let text = links::without(&kept.replace('\n', ", ").replace('"', " "));
    let mut text = ranges::written_out(&context.languages.in_english(&text)).into_owned();
    let mut problems = Vec::new();
    let (mut users, mut numbers) = (Found::new(), Found::new());
    let had_placeholder = take_placeholders(&mut text, &context.languages);
    take_addresses(&mut text, &mut users, &mut problems);
    take_international(&mut text, context, &mut numbers, &mut problems);
    let frame = timeframe::extract(&mut text, context);
    let everything = take_everything(&mut text);
    let account = take_account(&mut text, context, &mut problems);
    take_users(&mut text, &mut users);
    take_local(&mut text, context, &mut numbers, &mut problems);
    let scope = Scope {
        account,
        users: in_order(users),
        numbers: in_order(numbers),
        from: frame.from,
        to: frame.to,
        everything,
        text: Personal::new(kept),
    };
    problems.extend(frame.oddities.iter().map(|oddity| problems::of_time(*oddity)));
    let unreadable = problems.iter().any(|p| p.code != ProblemCode::Ambiguous);
    let has_time = frame.from.is_some() || frame.to.is_some() || frame.oddities.contains(&Oddity::Several);
    if scope.is_understood() {
        if had_placeholder {
            problems.push(problems::scope(ProblemCode::Placeholder, problems::TIME_LEFT_IN));
        }
    } else if had_placeholder {
        problems.push(problem(Field::Scope, ProblemCode::Placeholder));
    } else if written.trim().is_empty() {
        problems.push(problem(Field::Scope, ProblemCode::Missing));
    } else if has_time {
        problems.push(problems::scope(ProblemCode::Missing, problems::NO_SUBJECT));
    } else if !unreadable {
        problems.push(problem(Field::Scope, ProblemCode::Invalid));
    }
    problems.dedup();
    (scope, problems)
}

fn in_order(mut found: Found) -> Vec<Personal> {
    found.sort();
    let mut seen: Vec<String> = Vec::new();
    for (_, value) in found {
        if !seen.contains(&value) && seen.len() < ITEMS_MAX {
            seen.push(value);
        }
    }
    seen.into_iter().map(Personal::new).collect()
}

/// Takes the template's own `<…>` out; brackets around a real value stay and do no harm.
fn take_placeholders(text: &mut String, languages: &Languages) -> bool {
    let ranges: Vec<_> = super::requester::BRACKETS
        .find_iter(text)
        .filter(|found| super::requester::is_template_words(found.as_str(), languages))
        .map(|found| found.range())
        .collect();
    let bare = super::requester::is_template_words(text, languages) && text.contains('/');
    for range in &ranges {
        take(text, range.clone());
    }
    if bare {
        text.clear();
    }
    bare || !ranges.is_empty()
}

fn take_addresses(text: &mut String, users: &mut Found, problems: &mut Vec<Problem>) {
    let found: Vec<_> = ADDRESS.find_iter(text).map(|m| (m.range(), m.as_str().to_owned())).collect();
    for (range, written) in found {
        match Address::parse(written.trim_matches(['.', '\'', '"', TAKEN])) {
            Some(address) => users.push((range.start, address.expose().to_owned())),
            None => problems.push(problems::scope(ProblemCode::Invalid, problems::ADDRESS_UNREADABLE)),
        }
        take(text, range);
    }
}

/// Numbers with a plus sign: the longest valid start of the run; what follows it may be a date.
fn take_international(
    text: &mut String,
    context: &ReadingContext,
    numbers: &mut Found,
    problems: &mut Vec<Problem>,
) {
    let mut from = 0;
    while let Some(found) = INTERNATIONAL.find_at(text, from).map(|m| m.range()) {
        let run = phone::split_run(text.get(found.clone()).unwrap_or(""), &context.region);
        let first = run.numbers.into_iter().next();
        let end = if let Some((number, end)) = first {
            numbers.push((found.start, number));
            found.start + end
        } else {
            problems.push(problems::scope(ProblemCode::Invalid, problems::NUMBER_UNREADABLE));
            found.end
        };
        take(text, found.start..end);
        from = end;
    }
}

/// "All account data" is everything and names no account.
fn take_everything(text: &mut String) -> bool {
    let found: Vec<_> = EVERYTHING.find_iter(text).map(|found| found.range()).collect();
    for range in &found {
        take(text, range.clone());
    }
    !found.is_empty()
}

fn take_account(
    text: &mut String,
    context: &ReadingContext,
    problems: &mut Vec<Problem>,
) -> Option<AccountScope> {
    let mut account: Option<AccountScope> = None;
    let found: Vec<_> = ACCOUNT
        .captures_iter(text)
        .filter_map(|captures| {
            let whole = captures.get(0)?.range();
            let id = captures.name("id").map(|id| (id.range(), id.as_str().to_owned()));
            Some((whole, captures.name("named").is_some(), id))
        })
        .collect();
    for (whole, named, id) in found {
        let after = text.get(whole.end..).unwrap_or("").to_owned();
        let id = id.filter(|(range, _)| {
            // "account number 98765 43210": a whole phone number behind it is a number, not an account.
            let run: String = text
                .get(range.start..)
                .unwrap_or("")
                .chars()
                .take_while(|c| c.is_ascii_digit() || " ()-".contains(*c))
                .collect();
            !(named && run.trim().contains(' ') && phone::e164(run.trim(), &context.region).is_some())
        });
        let end = id.as_ref().map_or_else(
            || {
                text.get(whole.clone())
                    .and_then(|w| w.find(|c: char| c.is_ascii_digit()))
                    .map_or(whole.end, |at| whole.start + at)
            },
            |(range, _)| range.end,
        );
        // A comma or a slash inside a number, or a sign that databases take for anything: nobody can tell which is meant.
        if UNCLEAR_ID.is_match(text.get(end..).unwrap_or("")) {
            problems.push(problems::scope(ProblemCode::Invalid, problems::ACCOUNT_UNREADABLE));
        }
        let is_several = id.is_some() && MORE_IDS.is_match(&after) && whole_word(text, &whole).ends_with('s');
        let next = id.map_or(AccountScope::Own, |(_, id)| AccountScope::Named(id));
        match (&account, &next) {
            (Some(AccountScope::Named(one)), AccountScope::Named(other))
                if !one.eq_ignore_ascii_case(other) =>
            {
                problems.push(problems::scope(ProblemCode::Conflict, problems::TWO_ACCOUNTS));
            }
            (Some(AccountScope::Named(_)), _) => {}
            _ => account = Some(next),
        }
        if is_several {
            problems.push(problems::scope(ProblemCode::Conflict, problems::TWO_ACCOUNTS));
        }
        take(text, whole.start..end);
    }
    account
}

/// The keyword itself, lower case: `account` or `accounts`.
fn whole_word(text: &str, whole: &std::ops::Range<usize>) -> String {
    text.get(whole.clone())
        .unwrap_or("")
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase()
}

fn take_users(text: &mut String, users: &mut Found) {
    let mut from = 0;
    while let Some(captures) = USER.captures_at(text, from) {
        let Some(whole) = captures.get(0).map(|m| m.range()) else { return };
        let plural =
            captures.name("word").is_some_and(|word| word.as_str().to_ascii_lowercase().ends_with('s'));
        let mut at = whole.end;
        let mut items = 0;
        while items < ITEMS_MAX {
            let rest = text.get(at..).unwrap_or("");
            if let Some(taken) = TAKEN_ITEM.find(rest) {
                at += taken.end();
                items += 1;
                continue;
            }
            let Some(item) = ITEM.captures(rest) else { break };
            let (Some(joint), Some(id)) = (item.name("joint"), item.name("id")) else { break };
            let word = id.as_str().trim_end_matches(['.', '\'', '-']);
            let first = word.split(' ').next().unwrap_or("").to_lowercase();
            let has_digit = word.chars().any(|c| c.is_ascii_digit());
            let figures = word.chars().filter(char::is_ascii_digit).count();
            let separated = joint.as_str().trim().is_empty() == (items == 0);
            let fits = !STOP_WORDS.contains(&first.as_str()) && separated && figures < BARE_DIGITS_MIN + 4;
            if !fits || (items > 0 && !(plural || has_digit)) {
                break;
            }
            users.push((at + id.start(), word.to_owned()));
            let (start, end) = (at + id.start(), at + id.end());
            take(text, start..end);
            at = end;
            items += 1;
        }
        from = at.max(whole.end);
    }
}

/// Numbers without a plus sign, named or bare. Named ones and long ones must be readable.
fn take_local(text: &mut String, context: &ReadingContext, numbers: &mut Found, problems: &mut Vec<Problem>) {
    let named: Vec<_> =
        NUMBER_NAMED.captures_iter(text).filter_map(|c| Some(c.name("run")?.range())).collect();
    for range in named {
        take_run(text, range, context, numbers, problems);
    }
    let bare: Vec<_> = DIGITS
        .find_iter(text)
        .filter(|m| m.as_str().chars().filter(char::is_ascii_digit).count() >= BARE_DIGITS_MIN)
        .map(|m| m.range())
        .collect();
    for range in bare {
        take_run(text, range, context, numbers, problems);
    }
}

fn take_run(
    text: &mut String,
    range: std::ops::Range<usize>,
    context: &ReadingContext,
    numbers: &mut Found,
    problems: &mut Vec<Problem>,
) {
    let run = phone::split_run(text.get(range.clone()).unwrap_or(""), &context.region);
    if run.has_rest {
        problems.push(problems::scope(ProblemCode::Invalid, problems::NUMBER_UNREADABLE));
    }
    numbers.extend(run.numbers.into_iter().map(|(number, end)| (range.start + end, number)));
    take(text, range);
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::domain::form::{ProblemCode, ReadingContext};
    use crate::domain::scope::{AccountScope, Scope};
    use jiff::civil::date;

    fn print(scope: &Scope) -> String {
        let mut parts = Vec::new();
        match &scope.account {
            Some(AccountScope::Own) => parts.push("own".to_owned()),
            Some(AccountScope::Named(id)) => parts.push(format!("account {id}")),
            None => {}
        }
        parts.extend(scope.users.iter().map(|user| format!("user {}", user.expose())));
        parts.extend(scope.numbers.iter().map(|number| number.expose().clone()));
        if scope.everything {
            parts.push("all".to_owned());
        }
        for (name, day) in [("from", scope.from), ("to", scope.to)] {
            parts.extend(day.map(|day| format!("{name} {day}")));
        }
        parts.join("; ")
    }

    fn check(text: &str, expected: &str, codes: &[ProblemCode]) {
        let (scope, problems) = read(text, &ReadingContext::new(date(2025, 4, 10)));
        assert_eq!(print(&scope), expected, "{text:?}");
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), codes, "{text:?}");
    }

    #[test]
    fn any_mix_is_read() {
        let number = "+919876543210; from 2025-01-01; to 2025-03-31";
        check("number +91 98765 43210, 2025-01-01 to 2025-03-31", number, &[]);
        check("number +91 98765 43210 2025-01-01 to 2025-03-31", number, &[]);
        check("98765 43210 from 1 Jan 2025 to 31 Mar 2025", number, &[]);
        check("Q1 2025, phone: 098765-43210", number, &[]);
        check("2025-01-01 to 2025-03-31 for number 9876543210", number, &[]);
        check("account", "own", &[]);
        check("my account, last 90 days", "own; from 2025-01-10; to 2025-04-10", &[]);
        check("account 481516", "account 481516", &[]);
        check("Account ID: AC-4815", "account AC-4815", &[]);
        check("account number 481516 and all data", "account 481516; all", &[]);
        check("account number 98765 43210", "own; +919876543210", &[]);
        check("account 2024", "account 2024", &[]);
        check("account 2025-01-01 to 2025-03-31", "own; from 2025-01-01; to 2025-03-31", &[]);
        check("account Q1 2025", "own; from 2025-01-01; to 2025-03-31", &[]);
        check("user asha@acme.example", "user asha@acme.example", &[]);
        check("asha@acme.example", "user asha@acme.example", &[]);
        check("user <asha@acme.example>", "user asha@acme.example", &[]);
        check("asha@acme.example<mailto:asha@acme.example>", "user asha@acme.example", &[]);
        check("user 42 and number +91 98765 43210", "user 42; +919876543210", &[]);
        check("users 12, 15 and asha@acme.example", "user 12; user 15; user asha@acme.example", &[]);
        check("user asha.rao, calls only", "user asha.rao", &[]);
        check("user Asha Rao from account 12", "account 12; user Asha Rao", &[]);
        check("everything", "all", &[]);
        check("All my data", "all", &[]);
        check(
            "numbers 98765 43210, 98765 43211 & +91 80 4040 5555",
            "+919876543210; +919876543211; +918040405555",
            &[],
        );
        check("<number +91 98765 43210>", "+919876543210", &[]);
        check(
            "john.2024@acme.example 2023",
            "user john.2024@acme.example; from 2023-01-01; to 2023-12-31",
            &[],
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        use ProblemCode::{Ambiguous, Conflict, Invalid, Missing, Placeholder};
        check("", "", &[Missing]);
        check("<account/user/number/timeframe>", "", &[Placeholder]);
        check("account/user/number/timeframe", "", &[Placeholder]);
        check("number +91 98765 43210, <timeframe>", "+919876543210", &[Placeholder]);
        check("last 90 days", "from 2025-01-10; to 2025-04-10", &[Missing]);
        check("the usual", "", &[Invalid]);
        check("number 12345", "", &[Invalid]);
        check("number +91 12", "", &[Invalid]);
        check("number", "", &[Invalid]);
        check("user", "", &[Invalid]);
        check("user a@b@c", "", &[Invalid]);
        check("accounts 12 and 13", "account 12", &[Conflict]);
        check("account 12, account 13", "account 12", &[Conflict]);
        check("account, 01/02/2025", "own; from 2025-02-01; to 2025-02-01", &[Ambiguous]);
        check("account, 31/02/2025", "own", &[Invalid]);
        check("*", "", &[Invalid]);
        check("%", "", &[Invalid]);
    }
}
