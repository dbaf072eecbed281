//! Templates to text and HTML. The templates stand in the binary; an operator's folder wins file by file.
//! Never sends, never stores, and never puts a value into an error: contexts hold personal data.
//! `notices.rs`, the package and the pages bring the data.

use crate::domain::ids;
use jiff::{Timestamp, Zoned, civil::Date};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Error, ErrorKind, UndefinedBehavior};
use std::io;
use std::path::{Path, PathBuf};

/// Name and source of every file below `templates/`; written by `build.rs`.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Steps that one rendering may take (standard X3).
pub const FUEL_MAX: u64 = 1_000_000;
/// Bytes that one rendering may produce (standard X3).
pub const OUTPUT_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Bytes of one template file in an operator's folder.
pub const TEMPLATE_BYTES_MAX: u64 = 256 * 1024;
/// Folders within folders that an operator's folder may have.
const DEPTH_MAX: usize = 4;
/// Characters of a name that `line` shows (standard S11).
const LINE_CHARS: usize = 80;
/// Characters of user text that `quoted` shows where the template names no number.
const QUOTED_CHARS: usize = 2_000;

/// Why a text could not be made. Holds no value of the context.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The operator's folder cannot be read.
    #[error("cannot read templates from {path}: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// A template file is larger than `TEMPLATE_BYTES_MAX`, or folders nest too deep.
    #[error("cannot use {path} as a template: {why}")]
    Unfit {
        /// The file or folder.
        path: PathBuf,
        /// The limit that it breaks.
        why: &'static str,
    },
    /// A template is not well-formed.
    #[error("cannot read template {name}, line {line}: {reason}")]
    Syntax {
        /// Path below `templates/`.
        name: String,
        /// Counted from 1; 0 where unknown.
        line: usize,
        /// What the template engine said; it has seen no data yet.
        reason: String,
    },
    /// There is no such template.
    #[error("no template is called {name}")]
    Unknown {
        /// Path below `templates/`.
        name: String,
    },
    /// The template and the data do not fit, or a limit was reached.
    #[error("cannot render template {name}, line {line}: {reason}")]
    Failed {
        /// Path below `templates/`.
        name: String,
        /// Counted from 1; 0 where unknown.
        line: usize,
        /// The kind of failure, without data.
        reason: String,
    },
}

impl RenderError {
    /// Never: the same template and data fail again.
    pub const fn is_transient(&self) -> bool {
        false
    }
}

/// Every template, compiled.
#[derive(Debug)]
pub struct Texts {
    environment: minijinja::Environment<'static>,
}

/// The path of a file below a folder, as templates are named.
fn name_below(dir: &Path, path: &Path) -> String {
    let below = path.strip_prefix(dir).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

impl Texts {
    /// The templates in the binary.
    pub fn built_in() -> Result<Self, RenderError> {
        let mut environment = minijinja::Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL_MAX));
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| syntax_error("built in", &error))?);
        // The engine's debug report prints the context, and with it personal data.
        environment.set_debug(false);
        environment.add_filter("day", day);
        environment.add_filter("moment", moment);
        environment.add_filter("grouped", grouped);
        environment.add_filter("quoted", quoted);
        environment.add_filter("quoted_with_links", quoted_with_links);
        environment.add_filter("line", line);
        environment.add_filter("address", address);
        environment.add_filter("digits", digits);
        environment.add_filter("size", size);
        for (name, source) in BUILT_IN {
            environment.add_template(name, source).map_err(|error| syntax_error(name, &error))?;
        }
        Ok(Self { environment })
    }

    /// The templates in the binary, each replaced by the file of the same path below `dir` where there is one.
    /// Reads every `.txt` and `.html` file at once, so that a broken template is an error at start, not at 3 am.
    pub fn with_overrides(dir: &Path) -> Result<Self, RenderError> {
        let mut texts = Self::built_in()?;
        let mut files = Vec::new();
        collect(dir, DEPTH_MAX, &mut files)?;
        for path in files {
            let source = std::fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
            let name = name_below(dir, &path);
            let added = texts.environment.add_template_owned(name.clone(), source);
            added.map_err(|error| syntax_error(&name, &error))?;
        }
        Ok(texts)
    }

    /// The templates in the binary as they are written, by path.
    pub const fn sources() -> &'static [(&'static str, &'static str)] {
        BUILT_IN
    }

    /// What lies below `dir` and does nothing useful: files that are the same as the built-in ones and would hide a better
    /// one of a later version, and files that replace none.
    pub fn idle_overrides(dir: &Path) -> Result<Vec<String>, RenderError> {
        let mut files = Vec::new();
        collect(dir, DEPTH_MAX, &mut files)?;
        let mut idle = Vec::new();
        for path in files {
            let source = std::fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
            let name = name_below(dir, &path);
            let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
            if built_in.is_none_or(|(_, text)| *text == source) {
                idle.push(name);
            }
        }
        idle.sort();
        Ok(idle)
    }

    /// Paths of all templates, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.environment.templates().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
    }

    /// Renders one template, named by its path below `templates/` such as `notices/challenge/body.txt`.
    /// Values are escaped where the name ends in `.html`; a value that the context lacks is an error.
    pub fn render(&self, name: &str, context: &impl serde::Serialize) -> Result<String, RenderError> {
        let template = self
            .environment
            .get_template(name)
            .map_err(|_| RenderError::Unknown { name: name.to_owned() })?;
        let mut output = Capped(Vec::new());
        template.render_captured_to(Serde(context), &mut output).map_err(|error| failed(name, &error))?;
        String::from_utf8(output.0).map_err(|_| RenderError::Failed {
            name: name.to_owned(),
            line: 0,
            reason: "the text is not UTF-8".to_owned(),
        })
    }
}

fn unreadable(path: &Path, source: io::Error) -> RenderError {
    RenderError::Unreadable { path: path.to_owned(), source }
}

/// A template's own fault, found before it has seen data: what the engine said may be told.
fn syntax_error(name: &str, error: &Error) -> RenderError {
    RenderError::Syntax {
        name: name.to_owned(),
        line: error.line().unwrap_or(0),
        reason: error.detail().unwrap_or("not a template").to_owned(),
    }
}

/// The innermost error names the template that the author must look at; its detail may quote data, so it stays out.
fn failed(name: &str, error: &Error) -> RenderError {
    let mut innermost: &(dyn std::error::Error + 'static) = error;
    let mut found = error;
    while let Some(source) = innermost.source() {
        if let Some(inner) = source.downcast_ref::<Error>() {
            found = inner;
        }
        innermost = source;
    }
    let reason = match found.kind() {
        ErrorKind::WriteFailure => format!("the text is longer than {OUTPUT_BYTES_MAX} bytes"),
        kind => kind.to_string(),
    };
    RenderError::Failed {
        name: found.name().unwrap_or(name).to_owned(),
        line: found.line().unwrap_or(0),
        reason,
    }
}

/// Template files below `dir`, sorted; links to folders are not followed.
fn collect(dir: &Path, depth_left: usize, files: &mut Vec<PathBuf>) -> Result<(), RenderError> {
    let entries = std::fs::read_dir(dir).map_err(|source| unreadable(dir, source))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| unreadable(dir, source))?;
        paths.push((entry.path(), entry.file_type().map_err(|source| unreadable(dir, source))?));
    }
    paths.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in paths {
        let template = path.extension().is_some_and(|ending| ending == "txt" || ending == "html");
        if kind.is_dir() && depth_left == 0 {
            return Err(RenderError::Unfit { path, why: "folders nest too deep" });
        } else if kind.is_dir() {
            collect(&path, depth_left - 1, files)?;
        } else if template {
            let meta = std::fs::metadata(&path).map_err(|source| unreadable(&path, source))?;
            if meta.len() > TEMPLATE_BYTES_MAX {
                return Err(RenderError::Unfit { path, why: "larger than 256 KiB" });
            }
            files.push(path);
        }
    }
    Ok(())
}

/// Refuses to grow beyond `OUTPUT_BYTES_MAX`.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_BYTES_MAX {
            return Err(io::Error::other("output cap"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn not_a(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// `2025-03-31` as `31 March 2025`.
fn day(date: &str) -> Result<String, Error> {
    let date: Date = date.parse().map_err(|_| not_a("not a date"))?;
    Ok(date.strftime("%-d %B %Y").to_string())
}

/// A time with its zone as `31 March 2025, 14:05 (Asia/Kolkata)`; one without a zone is told in UTC.
fn moment(time: &str) -> Result<String, Error> {
    let zoned: Zoned = if let Ok(zoned) = time.parse() {
        zoned
    } else {
        let instant: Timestamp = time.parse().map_err(|_| not_a("not a time"))?;
        instant.to_zoned(jiff::tz::TimeZone::UTC)
    };
    let zone = zoned.time_zone().iana_name().unwrap_or("local time");
    Ok(format!("{} ({zone})", zoned.strftime("%-d %B %Y, %H:%M")))
}

/// A code in groups of four.
fn grouped(code: &str) -> String {
    ids::grouped(code)
}

/// A count with thousands set apart: `1,204,331`.
fn digits(count: u64) -> String {
    let plain = count.to_string();
    let first = plain.len() % 3;
    let mut out = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && index % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes as people say it: `812 bytes`, `4.2 MB`.
fn size(bytes: u64) -> String {
    let tenths = |unit: u128| (u128::from(bytes) * 10 + unit / 2) / unit;
    let told = |unit: u128, word: &str| format!("{}.{} {word}", tenths(unit) / 10, tenths(unit) % 10);
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => told(1_000, "kB"),
        1_000_000..1_000_000_000 => told(1_000_000, "MB"),
        _ => told(1_000_000_000, "GB"),
    }
}

/// What somebody wrote, fenced: every line starts with `> `, so that no line of it can be a command or pass for our
/// words, and nothing in it can be clicked (standard S12). `chars` cuts.
fn quoted(text: &str, chars: Option<usize>) -> String {
    fenced(&unlinked(&visible(text, chars.unwrap_or(QUOTED_CHARS))))
}

/// The same for what our own staff wrote to a customer: addresses stay as written.
fn quoted_with_links(text: &str, chars: Option<usize>) -> String {
    fenced(&visible(text, chars.unwrap_or(QUOTED_CHARS)))
}

fn fenced(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A name or another short value on one line, made visible and cut; nothing in it can be clicked.
fn line(text: &str) -> String {
    unlinked(&visible(text, LINE_CHARS)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An address for staff eyes: letters that only look like ASCII are told by their number (standard S11).
fn address(text: &str) -> String {
    let told = |c: char| if c.is_ascii() { c.to_string() } else { format!("{{U+{:04X}}}", u32::from(c)) };
    visible(text, 254).chars().map(told).collect()
}

/// Control, zero-width and direction characters are marked with a replacement character (standard S11).
fn visible(text: &str, chars_max: usize) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut shown: String = unified
        .trim()
        .chars()
        .take(chars_max)
        .map(|c| if c == '\t' { ' ' } else { c })
        .map(|c| if c != '\n' && (c.is_control() || is_hidden(c)) { '\u{fffd}' } else { c })
        .collect();
    if unified.trim().chars().nth(chars_max).is_some() {
        shown.push_str(" […]");
    }
    shown
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Mail programs turn anything that looks like an address into a link; brackets around its dots and colon stop that.
fn unlinked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
        let after = chars.get(index + 1);
        match c {
            '.' if before && after.is_some_and(|c| c.is_alphabetic()) => out.push_str("[.]"),
            ':' if before && after.is_some_and(|&c| c == '/') => out.push_str("[:]"),
            '@' if before && after.is_some_and(|c| c.is_alphanumeric()) => out.push_str("[at]"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{RenderError, Texts};
    use serde::Serialize;

    /// Renders a template from an operator's folder.
    fn render(file: &str, source: &str, context: &impl Serialize) -> Result<String, RenderError> {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(file), source).expect("writes");
        Texts::with_overrides(dir.path())?.render(file, context)
    }

    #[derive(Serialize)]
    struct One<T> {
        value: T,
    }

    #[test]
    fn filters_write_for_people() {
        let check = |source: &str, value: serde_json::Value, expected: &str| {
            let text = render("x.txt", source, &One { value }).unwrap_or_else(|error| error.to_string());
            assert_eq!(text, expected, "{source}");
        };
        check("{{ value | day }}", "2026-03-02".into(), "2 March 2026");
        check("{{ value | day }}", "soon".into(), "cannot render template x.txt, line 1: invalid operation");
        check("{{ value | moment }}", "2026-03-02T08:05:00Z".into(), "2 March 2026, 08:05 (UTC)");
        let zoned = "2026-03-02T13:35:00+05:30[Asia/Kolkata]";
        check("{{ value | moment }}", zoned.into(), "2 March 2026, 13:35 (Asia/Kolkata)");
        check("{{ value | grouped }}", "7K3M9Q2X".into(), "7K3M-9Q2X");
        check("{{ value | digits }}", 7.into(), "7");
        check("{{ value | digits }}", 999.into(), "999");
        check("{{ value | digits }}", 1_204_331.into(), "1,204,331");
        check("{{ value | digits }}", 12_000.into(), "12,000");
        check("{{ value | size }}", 812.into(), "812 bytes");
        check("{{ value | size }}", 4_213_004.into(), "4.2 MB");
        check("{{ value | size }}", u64::MAX.into(), "18446744073.7 GB");
        check(
            "{{ value | line }}",
            "A\r\nBcc: b@c.example\u{202e}".into(),
            "A Bcc: b[at]c[.]example\u{fffd}",
        );
        check("{{ value | address }}", "\u{430}dmin@acme.example".into(), "{U+0430}dmin@acme.example");
        check("{{ value | quoted }}", "a\n\nb".into(), "> a\n>\n> b");
        check("{{ value | quoted(3) }}", "abcdef".into(), "> abc […]");
        check("{{ value | quoted }}", "a@b.example".into(), "> a[at]b[.]example");
        check("{{ value | quoted_with_links }}", "https://acme.example".into(), "> https://acme.example");
        check("{{ value | quoted }}", "".into(), "");
    }

    #[test]
    fn html_is_escaped_and_values_are_never_templates() {
        let check = |file: &str, value: &str, expected: &str| {
            assert_eq!(render(file, "{{ value }}", &One { value }).expect("renders"), expected);
        };
        check(
            "x.html",
            "<script>alert(\"1\")</script>",
            "&lt;script&gt;alert(&quot;1&quot;)&lt;&#x2f;script&gt;",
        );
        check("x.html", "{{7*7}}", "{{7*7}}");
        check("x.txt", "{{7*7}} {% raw %}", "{{7*7}} {% raw %}");
        check("x.txt", "<b>", "<b>");
    }

    #[test]
    fn limits_hold_and_errors_hold_no_data() {
        let check = |source: &str, expected: &str| {
            let error = render("x.txt", source, &One { value: "asha@acme.example" }).expect_err(source);
            assert_eq!(error.to_string(), expected);
            assert!(!format!("{error:?}").contains("asha"), "{error:?}");
        };
        check("{{ missing }}", "cannot render template x.txt, line 1: undefined value");
        check("\n{{ value | day }}", "cannot render template x.txt, line 2: invalid operation");
        check(
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "cannot render template x.txt, line 1: engine ran out of fuel",
        );
        check("{% include 'other.txt' %}", "cannot render template x.txt, line 1: template not found");
        check("{% if %}", "cannot read template x.txt, line 1: unexpected end of block");
    }

    #[test]
    fn a_long_text_stops_at_the_cap() {
        let value = "x".repeat(1024 * 1024);
        let error = render(
            "x.txt",
            "{{ value }}{{ value }}{{ value }}{{ value }}{{ value }}{{ value }}",
            &One { value },
        );
        let told = error.expect_err("too long").to_string();
        assert_eq!(told, "cannot render template x.txt, line 0: the text is longer than 5242880 bytes");
    }

    #[test]
    fn templates_below_an_operators_folder_are_bounded() {
        let dir = tempfile::tempdir().expect("a folder");
        let deep = dir.path().join("a/b/c/d/e");
        std::fs::create_dir_all(&deep).expect("makes");
        let error = Texts::with_overrides(dir.path()).expect_err("too deep");
        assert!(error.to_string().ends_with("as a template: folders nest too deep"), "{error}");
        let missing = Texts::with_overrides(&dir.path().join("none")).expect_err("not there");
        assert!(matches!(missing, RenderError::Unreadable { .. }));
        let big = tempfile::tempdir().expect("a folder");
        std::fs::write(big.path().join("x.txt"), "x".repeat(300 * 1024)).expect("writes");
        let error = Texts::with_overrides(big.path()).expect_err("too big");
        assert!(error.to_string().ends_with("as a template: larger than 256 KiB"), "{error}");
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_binary() {
        let names = Texts::built_in().expect("well-formed").names();
        assert!(names.contains(&"notices/challenge/body.html".to_owned()), "{names:?}");
        assert!(matches!(
            Texts::built_in().expect("well-formed").render("nope.txt", &()),
            Err(RenderError::Unknown { .. })
        ));
    }
}
