//! The rules, each a plain function from one file to its complaints. Never reads the disk, but for `dead_paths`. What is
//! allowed where stands in the tables of `tidy.rs`.

use crate::source::{Source, block_end, every, regex};
use crate::{EXPOSE, FILE_LINES_MAX, FORMATS, FUNCTION_LINES_MAX, HEAD_LINES_MAX, HOMES, SLEEP, may_name};
use std::path::Path;

/// The first parts of every `crate::…` (and, in the binary, `dsrd::…`) path, with their offsets.
pub(crate) fn named_modules(code: &str) -> Vec<(usize, String)> {
    let path = regex(r"\b(?:crate|dsrd)\s*::\s*(?:(\w+)|\{)");
    let item = regex(r"[\{,]\s*(\w+)");
    let mut named = Vec::new();
    for found in path.captures_iter(code) {
        let whole = found.get(0).unwrap();
        if let Some(name) = found.get(1) {
            named.push((whole.start(), name.as_str().to_owned()));
            continue;
        }
        let open = whole.end() - 1;
        let group = code.get(open..block_end(code, open)).unwrap_or_default();
        let mut depth = 0;
        for (at, byte) in group.bytes().enumerate() {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
            let starts_item = depth == 1 && (byte == b',' || at == 0);
            if let Some(first) =
                item.captures_at(group, at).filter(|first| starts_item && first.get(0).unwrap().start() == at)
            {
                named.push((open + at, first[1].to_owned()));
            }
        }
    }
    named
}

pub(crate) fn layers_name_only_what_lies_below(source: &Source) -> Vec<String> {
    let Some(module) = source.module() else { return vec![] };
    let Some(allowed) = may_name(module) else {
        return vec![format!("{}: module {module} has no layer: enter it in may_name()", source.path)];
    };
    let outward = |name: &str| name != module && !allowed.contains(&name);
    let named = named_modules(&source.code);
    let wrong = named.iter().filter(|(_, name)| outward(name));
    wrong.map(|(at, name)| source.complain(*at, &format!("{module} must not name {name}"))).collect()
}

pub(crate) fn no_path_climbs(source: &Source) -> Vec<String> {
    let mut found =
        every(source, &source.code, r"\bsuper\s*::\s*super\b", "climbs twice: name it from crate::");
    let top = source.path.matches('/').count() == 1
        || source.path.matches('/').count() == 2 && source.path.ends_with("/mod.rs");
    if top && source.path.starts_with("src/") {
        found.extend(every(
            source,
            &source.code,
            r"\bsuper\s*::",
            "super:: here leaves the layer: name it from crate::",
        ));
    }
    found
}

pub(crate) fn no_layer_re_exports_another(source: &Source) -> Vec<String> {
    let statement = regex(r"\bpub(\s*\([^)]*\))?\s+use\b[^;]*;");
    let own = source.module().unwrap_or_default();
    let foreign = |text: &str| own == "lib" || named_modules(text).iter().any(|(_, name)| name != own);
    let found = statement.find_iter(&source.code).filter(|found| foreign(found.as_str()));
    found
        .map(|found| source.complain(found.start(), "re-exports another layer: one thing has one path"))
        .collect()
}

pub(crate) fn files_are_short(source: &Source) -> Vec<String> {
    let lines = source.lines();
    if lines <= FILE_LINES_MAX {
        return vec![];
    }
    vec![format!("{}: {lines} lines of at most {FILE_LINES_MAX}", source.path)]
}

pub(crate) fn functions_are_short(source: &Source) -> Vec<String> {
    let start = regex(r"\bfn\s+(\w+)");
    let mut found = Vec::new();
    for function in start.captures_iter(&source.all_code) {
        let from = function.get(0).unwrap().start();
        let mut nested = 0;
        let body = source.all_code.bytes().enumerate().skip(from).find(|(_, byte)| {
            nested += i32::from(matches!(byte, b'(' | b'[')) - i32::from(matches!(byte, b')' | b']'));
            nested == 0 && matches!(byte, b'{' | b';')
        });
        let Some((open, b'{')) = body else { continue };
        let body = source.all_code.get(from..block_end(&source.all_code, open));
        let lines = body.unwrap_or_default().lines().count();
        if lines > FUNCTION_LINES_MAX {
            let what = format!("{} has {lines} lines of at most {FUNCTION_LINES_MAX}", &function[1]);
            found.push(source.complain(from, &what));
        }
    }
    found
}

pub(crate) fn every_file_says_what_it_is_for(source: &Source) -> Vec<String> {
    let head = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    match head {
        0 => vec![format!("{}:1: must begin with //! what it is for", source.path)],
        n if n > HEAD_LINES_MAX && !source.is_in(FORMATS) => {
            vec![format!(
                "{}:1: {n} lines of //!, at most {HEAD_LINES_MAX} where no format is specified",
                source.path
            )]
        }
        _ => vec![],
    }
}

pub(crate) fn personal_data_is_exposed_only_where_listed(source: &Source) -> Vec<String> {
    if EXPOSE.iter().any(|(place, _)| source.path.starts_with(place)) {
        return vec![];
    }
    let what = "looks at personal data: give the file its reason in EXPOSE, or do without";
    every(source, &source.code, r"(\.|::)\s*(expose|into_exposed)\b", what)
}

pub(crate) fn sql_stands_in_the_store_and_the_connectors(source: &Source) -> Vec<String> {
    if source.is_in(&["src/store/", "src/connectors/", "src/demo/"]) {
        return vec![];
    }
    let sql = r"\b(SELECT\s[^;]*\sFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|ALTER\s+TABLE)\b";
    every(source, &source.literals, sql, "SQL outside of the store and the connectors")
}

pub(crate) fn crates_stay_in_their_layer(source: &Source) -> Vec<String> {
    let away = HOMES.iter().filter(|(_, places)| !source.is_in(places));
    // `zip` is also what every iterator can do.
    let uses = |pattern: &str| if pattern == r"\bzip\b" { r"\bzip::".to_owned() } else { pattern.to_owned() };
    away.flat_map(|(pattern, places)| {
        every(source, &source.code, &uses(pattern), &format!("{pattern} belongs into {places:?} only"))
    })
    .collect()
}

pub(crate) fn nothing_sleeps_but_the_loops(source: &Source) -> Vec<String> {
    if SLEEP.iter().any(|(place, _)| source.path.starts_with(place)) {
        return vec![];
    }
    every(
        source,
        &source.code,
        r"\bsleep(_until)?\s*\(",
        "sleeps: wait for an event, or let the daemon's loop wait",
    )
}

pub(crate) fn the_rules_and_the_codecs_are_pure(source: &Source) -> Vec<String> {
    if !matches!(source.module(), Some("domain" | "mail")) {
        return vec![];
    }
    let impure = r"\basync\b|\.\s*await\b|\btokio\b|\bstd::(fs|process|thread)\b|\b(TcpStream|UdpSocket)\b";
    every(source, &source.code, impure, "domain and mail do no I/O and are not async")
}

pub(crate) fn nothing_is_left_for_later(source: &Source) -> Vec<String> {
    // Written in pieces, because this file is read too.
    let words = [r"\bto", r"do!|\bunimple", r"mented!|#\[igno", r"re\b|\bFIX", r"ME\b"].concat();
    every(source, &source.text, &words, "leaves work for later, or a test that does not run")
}

pub(crate) fn names_say_what_a_thing_is(source: &Source) -> Vec<String> {
    let what = "says nothing: name the thing it is or the act it does";
    let types = r"\b(struct|enum|trait|type)\s+\w*(Manager|Service|Helper|Util|Utils)\b|\bmod\s+(utils?|helpers?|common|misc)\b";
    every(source, &source.code, types, what)
}

/// Dependency lines of Cargo.toml without a reason behind a `#`.
pub(crate) fn lines_without_reason(manifest: &str) -> Vec<String> {
    let (mut in_dependencies, mut found) = (false, Vec::new());
    let entry = regex(r"^[\w-]+(\.\w+)*\s*=");
    let reason = regex(r#"[\]\}"]\s*#\s*\S.{5,}$"#);
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.trim_end().ends_with("dependencies]");
        }
        if in_dependencies && entry.is_match(line) && !reason.is_match(line) {
            found.push(format!("Cargo.toml: no reason behind `#`: {line}"));
        }
    }
    found
}

/// Paths in backticks that do not exist below `root` or `root/src`. Placeholders (`<name>.rs`, `journey_*.rs`) are none.
pub(crate) fn dead_paths(root: &Path, page: &str) -> Vec<String> {
    let quoted = regex(r"`([\w.-]+(?:/[\w.-]+)*/?)`");
    let file = regex(r"\.(rs|md|toml|py|txt|html|sql|eml|service)$");
    let exists = |path: &str| root.join(path).exists() || root.join("src").join(path).exists();
    let is_path = |text: &str| {
        let first = text.split('/').next().unwrap();
        file.is_match(text) || text.ends_with('/') || text.contains('/') && exists(first)
    };
    let named = quoted.captures_iter(page).map(|found| found[1].to_owned());
    named
        .filter(|path| is_path(path) && !exists(path))
        .map(|path| format!("ARCHITECTURE.md names {path}"))
        .collect()
}
