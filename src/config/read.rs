//! Reads TOML as far as it goes: an entry that does not fit is noted with its line and left out, then the rest is tried
//! again, so that one look shows every mistake. Never decides what a value means; the sections do that.

use super::problem::{Findings, split_remedy};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer};

/// Most problems that one look reports; a file with more is no configuration.
const PROBLEMS_MAX: usize = 200;

/// Reads the text into `T`, whose every field has a default. None when the text is no TOML at all.
pub(super) fn document<T: DeserializeOwned>(text: &str, findings: &mut Findings<'_>) -> Option<T> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut last_line = None;
    for error in &errors {
        let line = error.span().map(|span| line_of(text, span.start));
        // The parser goes on inside a broken line; what it says then is noise.
        if line.is_none() || line != last_line {
            let what = format!("this is not TOML: {}", error.message());
            findings.add_at(line, "", "", what, "correct this line (texts stand in double quotes)");
        }
        last_line = line;
    }
    if !errors.is_empty() {
        return None;
    }
    let span = root.span();
    let mut root = root.into_inner();
    note_places(&root, text, "", findings);
    let mut stand_ins = StandIns { tried: HashMap::new(), next: text.len() };
    for _ in 0..PROBLEMS_MAX {
        match T::deserialize(Deserializer::from(Spanned::new(span.clone(), root.clone()))) {
            Ok(value) => return Some(value),
            Err(error) => {
                let line = error.span().map(|at| line_of(text, at.start));
                if let Some(key) = missing_key(error.message())
                    && let Some(section) =
                        error.span().and_then(|at| fill_in(&mut root, key, &at, "", &mut stand_ins))
                {
                    findings.add_at(
                        line,
                        &section,
                        key,
                        "is missing",
                        "see config.example.toml for what it says",
                    );
                    continue;
                }
                let (what, remedy) = in_words(error.message());
                let Some((section, key)) = error.span().and_then(|at| take_out(&mut root, &at, "")) else {
                    findings.add_at(line, "", "", what, remedy);
                    return None;
                };
                findings.add_at(line, &section, &key, what, remedy);
            }
        }
    }
    None
}

/// Serde's words in ours: an unknown key names the known ones as the remedy.
fn in_words(message: &str) -> (String, String) {
    match message.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected ")) {
        Some((_, known)) => {
            let known = known.strip_prefix("one of ").unwrap_or(known).replace('`', "");
            ("is not a key here".to_owned(), format!("use one of: {known}"))
        }
        None => split_remedy(message),
    }
}

fn note_places(table: &DeTable<'_>, text: &str, section: &str, findings: &mut Findings<'_>) {
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        findings.stands_at(section, key.get_ref(), line);
        if let DeValue::Table(inner) = value.get_ref() {
            let name = joined(section, key.get_ref());
            findings.stands_at(&name, "", line);
            note_places(inner, text, &name, findings);
        }
        if let DeValue::Array(array) = value.get_ref() {
            for (index, element) in array.iter().enumerate() {
                if let DeValue::Table(inner) = element.get_ref() {
                    let name = numbered(&joined(section, key.get_ref()), index);
                    findings.stands_at(&name, "", line_of(text, element.span().start));
                    note_places(inner, text, &name, findings);
                }
            }
        }
    }
}

fn missing_key(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What stands in for a missing key, one after the other, until the type fits.
const STAND_INS: [&str; 5] = ["\"\"", "[]", "0", "false", "{}"];

/// Which stand-ins were tried, by section and key.
struct StandIns {
    tried: HashMap<(String, String), usize>,
    /// Each gets a place of its own behind the text, so that an error at it is known to be about it.
    next: usize,
}

impl StandIns {
    fn next(&mut self, section: &str, key: &str) -> Option<(DeValue<'static>, Range<usize>)> {
        let times = self.tried.entry((section.to_owned(), key.to_owned())).or_default();
        let value = DeValue::parse(STAND_INS.get(*times)?).ok()?.into_inner();
        *times += 1;
        self.next += 2;
        Some((value, self.next..self.next + 1))
    }
}

/// Gives the table at `at` a stand-in for a missing key, so that reading goes on to what else is missing there. Says the
/// table's section; none when there is no such table. The problem is noted, so a stand-in never becomes a value.
fn fill_in(
    table: &mut DeTable<'_>,
    key: &str,
    at: &Range<usize>,
    section: &str,
    stand_ins: &mut StandIns,
) -> Option<String> {
    for (name, value) in table.iter_mut() {
        let name = joined(section, name.get_ref());
        let span = value.span();
        if let Some(found) = fill_in_value(value.get_mut(), key, at, (&span, &name), stand_ins) {
            return Some(found);
        }
    }
    None
}

fn fill_in_value(
    value: &mut DeValue<'_>,
    key: &str,
    at: &Range<usize>,
    (span, name): (&Range<usize>, &str),
    stand_ins: &mut StandIns,
) -> Option<String> {
    match value {
        DeValue::Table(inner) if span == at => {
            let (stand_in, span) = stand_ins.next(name, key)?;
            let key = Spanned::new(span.clone(), DeString::from(key.to_owned()));
            inner.insert(key, Spanned::new(span, stand_in));
            Some(name.to_owned())
        }
        DeValue::Table(inner) => fill_in(inner, key, at, name, stand_ins),
        DeValue::Array(array) => array.iter_mut().enumerate().find_map(|(index, element)| {
            let span = element.span();
            fill_in_value(element.get_mut(), key, at, (&span, &numbered(name, index)), stand_ins)
        }),
        _ => None,
    }
}

/// Removes the innermost entry that covers `at` and says its section and key.
fn take_out(table: &mut DeTable<'_>, at: &Range<usize>, section: &str) -> Option<(String, String)> {
    for (key, value) in table.iter_mut() {
        let name = joined(section, key.get_ref());
        let found = match value.get_mut() {
            DeValue::Table(inner) => take_out(inner, at, &name),
            DeValue::Array(array) => array.iter_mut().enumerate().find_map(|(index, element)| {
                let DeValue::Table(inner) = element.get_mut() else { return None };
                take_out(inner, at, &numbered(&name, index))
            }),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    let key = table
        .iter()
        .find(|(key, value)| covers(&key.span(), at) || covers(&value.span(), at))
        .map(|(key, _)| key.clone())?;
    table.remove(&key);
    Some((section.to_owned(), key.into_inner().into_owned()))
}

fn covers(span: &Range<usize>, at: &Range<usize>) -> bool {
    span.start <= at.start && at.end <= span.end
}

fn joined(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// The name of the n-th table of an array, counted from 1.
pub(super) fn numbered(section: &str, index: usize) -> String {
    format!("{section} #{}", index + 1)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}
