//! How the demo looks on a terminal of 80 columns: numbered scenes, framed mails, one line for each thing that dsrd does.
//! Plain text, no colours, nothing that moves. Cuts what is too long and says so; holds no word of the story.

use super::mailroom::Letter;
use jiff::Zoned;
use std::io::{self, Write};

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns for who did something.
const MARGIN: usize = 8;

/// Where the demo is printed.
pub(super) struct Show<'a> {
    out: &'a mut dyn Write,
    scene: u32,
    scenes: u32,
    gap: Gap,
}

/// What the last line was, so that two paragraphs are never more than one blank line apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    Blank,
    Text,
}

impl<'a> Show<'a> {
    /// A show of so many scenes.
    pub(super) fn new(out: &'a mut dyn Write, scenes: u32) -> Self {
        Self { out, scene: 0, scenes, gap: Gap::Blank }
    }

    /// The next scene: its title, the time on the wall and what it is about.
    pub(super) fn scene(&mut self, title: &str, now: &Zoned, about: &str) -> io::Result<()> {
        self.scene += 1;
        self.blank()?;
        self.line(&"═".repeat(WIDTH))?;
        self.line(&format!("{} of {}: {title}", self.scene, self.scenes))?;
        self.line(&now.strftime("%A %-d %B %Y, %H:%M").to_string())?;
        self.line(&"─".repeat(WIDTH))?;
        self.say(about)
    }

    /// A paragraph of the narrator.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        for part in wrapped(text, WIDTH) {
            self.line(&part)?;
        }
        self.blank()
    }

    /// One thing that happened.
    pub(super) fn step(&mut self, who: &str, what: &str) -> io::Result<()> {
        let room = WIDTH - MARGIN - 3;
        for (index, part) in wrapped(what, room).iter().enumerate() {
            let who = if index == 0 { who } else { "" };
            self.line(&format!("{who:>MARGIN$} | {part}"))?;
        }
        self.out.flush()
    }

    /// A line as it is: a command must stay whole, however long.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        self.gap = Gap::Text;
        writeln!(self.out, "{}", text.trim_end())
    }

    /// One blank line, unless there is one.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        if self.gap == Gap::Blank {
            return Ok(());
        }
        self.gap = Gap::Blank;
        writeln!(self.out)
    }

    /// A mail in its frame, its text cut after `lines_max` lines.
    pub(super) fn mail(&mut self, heading: &str, letter: &Letter, lines_max: usize) -> io::Result<()> {
        self.blank()?;
        self.line(&format!("┌── {heading} {}", "─".repeat(WIDTH)).chars().take(WIDTH).collect::<String>())?;
        for (label, value) in [("From:", &letter.from), ("To:", &letter.to), ("Subject:", &letter.subject)] {
            for (index, part) in wrapped(value, WIDTH - 11).iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                self.line(&format!("│ {label:<9}{part}"))?;
            }
        }
        for (name, bytes) in &letter.attachments {
            let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.line(&format!("│ {:<9}{name}, {}", "File:", size(bytes)))?;
        }
        self.line("│")?;
        let lines: Vec<String> = letter.text.lines().flat_map(|line| wrapped(line, WIDTH - 2)).collect();
        for line in lines.iter().take(lines_max) {
            self.line(&format!("│ {line}"))?;
        }
        if let Some(more) = lines.len().checked_sub(lines_max).filter(|more| *more > 0) {
            self.line(&format!("│ … {more} more lines"))?;
        }
        self.line(&format!("└{}", "─".repeat(WIDTH - 1)))?;
        self.blank()
    }
}

/// A size for people, rounded as the mails do it.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (bytes + unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..999_950 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// A line in pieces of at most `width` columns, broken between words; a longer word is cut. Indentation stays.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for word in line.split_whitespace() {
        let word = cut(word, width.saturating_sub(indent.len()));
        let longer = piece.chars().count() + 1 + word.chars().count() > width;
        if !piece.is_empty() && longer {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push_str(if piece.is_empty() { &indent } else { " " });
        piece.push_str(&word);
    }
    pieces.push(piece);
    pieces
}

/// At most `width` columns; what is longer ends in an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{size, wrapped};

    #[test]
    fn lines_break_between_words_and_long_words_are_cut() {
        let check = |line: &str, expected: &[&str]| assert_eq!(wrapped(line, 10), expected, "{line}");
        check("", &[""]);
        check("ten chars!", &["ten chars!"]);
        check("one two three four", &["one two", "three four"]);
        check("  in dented text", &["  in", "  dented", "  text"]);
        check("https://a.example/long x", &["https://a…", "x"]);
    }

    #[test]
    fn sizes_are_round() {
        let check = |bytes, expected: &str| assert_eq!(size(bytes), expected);
        check(999, "999 bytes");
        check(22_960, "23.0 kB");
        check(999_949, "999.9 kB");
        check(1_250_000, "1.3 MB");
    }
}
