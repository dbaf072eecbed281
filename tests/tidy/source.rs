//! Reads Rust source well enough for the rules: tells code from comments and literals, finds test modules and blocks.
//! Never judges; `rules.rs` does.

use regex::Regex;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

/// The compiled `pattern`. Compiled once: in a debug build that costs more than all matching.
pub(crate) fn regex(pattern: &str) -> Regex {
    static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).clone()
}

/// One Rust file: as written, and with parts blanked (same length, same lines).
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Comments and the insides of literals blanked.
    pub(crate) all_code: String,
    /// The same without `#[cfg(test)] mod … { … }`.
    pub(crate) code: String,
    /// Only the insides of string literals, without those of test modules.
    pub(crate) literals: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (all_code, strings) = split(text);
        let tests = test_modules(&all_code);
        let keep = |view: &str| {
            let bytes = view.bytes().enumerate();
            let inside = |at: usize| tests.iter().any(|range| range.contains(&at));
            let kept =
                bytes.map(|(at, byte)| if inside(at) && byte != b'\n' { b' ' } else { byte }).collect();
            String::from_utf8(kept).unwrap()
        };
        let (code, literals) = (keep(&all_code), keep(&strings));
        Self { path: path.to_owned(), text: text.to_owned(), all_code, code, literals }
    }

    /// `domain` for `src/domain/ids.rs`, `env` for `src/env.rs`; nothing outside of `src`.
    pub(crate) fn module(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split(['/', '.']).next()
    }

    /// Lines of code and comment, test modules aside.
    pub(crate) fn lines(&self) -> usize {
        let (all, rest) = (self.all_code.lines(), self.code.lines());
        let gone =
            all.zip(rest).filter(|(before, after)| !before.trim().is_empty() && after.trim().is_empty());
        self.text.lines().count() - gone.count()
    }

    pub(crate) fn complain(&self, at: usize, what: &str) -> String {
        let line = self.all_code.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}: {what}", self.path)
    }

    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// Splits a Rust text into code and the insides of its string literals; both as long as the text, the rest blanked.
/// Non-ASCII characters become as many blanks as they have bytes, so that offsets agree.
pub(crate) fn split(text: &str) -> (String, String) {
    let token = regex(concat!(
        r#"(?s)//[^\n]*|b?c?r"(?P<raw0>[^"]*)"|b?c?r#"(?P<raw1>.*?)"#,
        "\"#",
        r##"|b?c?r##"(?P<raw2>.*?)"##,
        "\"##",
        r#"|"(?P<plain>(?:[^"\\]|\\.)*)"|b?'(?:[^'\\\n]|\\[^u]|\\u\{[^}]*\}|\\x..)'|/\*"#,
    ));
    let (mut code, mut strings) = (text.as_bytes().to_vec(), vec![b' '; text.len()]);
    let mut at = 0;
    while let Some(found) = token.captures_at(text, at) {
        let whole = found.get(0).unwrap();
        let end = if whole.as_str() == "/*" { comment_end(text, whole.start()) } else { whole.end() };
        let inside = ["raw0", "raw1", "raw2", "plain"].iter().find_map(|name| found.name(name));
        let blank = inside.map_or(whole.start()..end, |part| part.range());
        code[blank].fill(b' ');
        if let Some(part) = inside {
            strings[part.range()].copy_from_slice(part.as_str().as_bytes());
        }
        at = end;
    }
    for (byte, original) in code.iter_mut().chain(strings.iter_mut()).zip(text.bytes().chain(text.bytes())) {
        *byte = if original == b'\n' { b'\n' } else { *byte };
        *byte = if byte.is_ascii() { *byte } else { b' ' };
    }
    (String::from_utf8(code).unwrap(), String::from_utf8(strings).unwrap())
}

/// Block comments nest.
pub(crate) fn comment_end(text: &str, start: usize) -> usize {
    let mark = regex(r"/\*|\*/");
    let mut depth = 0;
    for found in mark.find_iter(text.get(start..).unwrap_or_default()) {
        depth += if found.as_str() == "/*" { 1 } else { -1 };
        if depth == 0 {
            return start + found.end();
        }
    }
    text.len()
}

/// The offset after the brace that closes the one at `open`.
pub(crate) fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

pub(crate) fn test_modules(code: &str) -> Vec<std::ops::Range<usize>> {
    let start = regex(r"#\[cfg\(test\)\]\s*(#\[[^\]]*\]\s*)*mod\s+\w+\s*\{");
    start.find_iter(code).map(|found| found.start()..block_end(code, found.end() - 1)).collect()
}

/// Every match of `pattern` in `view` as a complaint.
pub(crate) fn every(source: &Source, view: &str, pattern: &str, what: &str) -> Vec<String> {
    regex(pattern).find_iter(view).map(|found| source.complain(found.start(), what)).collect()
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, by path.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
                found.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
