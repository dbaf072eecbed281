//! The body as plain lines: part choice, charsets (by the parser), format=flowed and HTML. Nothing is interpreted here;
//! quotes become `>` lines and stay in. Attachments are never opened. Used by `incoming.rs`.

use super::html;
use mail_parser::{Message, MimeHeaders, PartType};

/// Plain text shorter than this may be there only to say that the mail is in HTML, bytes.
const NOTE_BYTES_MAX: usize = 240;
/// How many times as many words the HTML must then have.
const NOTE_WORDS_FACTOR: usize = 2;
/// Attached mails that are read, and how deep they may lie in each other.
const ATTACHED_MAX: usize = 3;
const ATTACHED_DEPTH_MAX: usize = 3;

/// The decoded body, at most `bytes_max` bytes, lines ended by `\n`. HTML serves where there is no plain text, or only a
/// note that there is HTML. A mail that is attached stands below, as a quote with its subject.
pub(crate) fn body(message: &Message<'_>, bytes_max: usize) -> String {
    let mut text = own_text(message, bytes_max);
    quote_attached(message, bytes_max, ATTACHED_DEPTH_MAX, &mut text);
    capped(&text, bytes_max).to_owned()
}

fn own_text(message: &Message<'_>, bytes_max: usize) -> String {
    let plain = collect(message, &message.text_body, bytes_max);
    if plain.trim().len() > NOTE_BYTES_MAX || message.html_body == message.text_body {
        return plain;
    }
    let html = collect(message, &message.html_body, bytes_max);
    let words = |text: &str| text.split_whitespace().count();
    if words(&html) > NOTE_WORDS_FACTOR * words(&plain) { html } else { plain }
}

fn quote_attached(message: &Message<'_>, bytes_max: usize, depth: usize, text: &mut String) {
    let is_report = message.content_type().is_some_and(|kind| kind.subtype() == Some("report"));
    if is_report || depth == 0 {
        return;
    }
    let attached = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(inner) => Some(inner),
        _ => None,
    });
    for inner in attached.take(ATTACHED_MAX) {
        if text.len() >= bytes_max {
            return;
        }
        let mut quoted = format!("Subject: {}\n\n", inner.subject().unwrap_or("").replace(['\r', '\n'], " "));
        quoted.push_str(&own_text(inner, bytes_max));
        quote_attached(inner, bytes_max, depth - 1, &mut quoted);
        text.push('\n');
        for line in quoted.lines() {
            text.push_str("> ");
            text.push_str(line);
            text.push('\n');
        }
    }
}

fn collect(message: &Message<'_>, ids: &[u32], bytes_max: usize) -> String {
    let mut text = String::new();
    for part in ids.iter().filter_map(|&id| message.part(id)) {
        let left = bytes_max.saturating_sub(text.len());
        let piece = match &part.body {
            PartType::Text(plain) => {
                let plain = lines(capped(plain, left));
                let content_type = part.content_type();
                let attribute = |name: &str| {
                    content_type
                        .and_then(|c| c.attribute(name))
                        .map(str::to_ascii_lowercase)
                        .unwrap_or_default()
                };
                if attribute("format") == "flowed" {
                    unflowed(&plain, if attribute("delsp") == "yes" { "" } else { " " })
                } else {
                    plain
                }
            }
            PartType::Html(html) => html::to_text(html, left),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => {
                continue;
            }
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&piece);
    }
    capped(&text, bytes_max).to_owned()
}

/// The longest start of `text` that has at most `bytes_max` bytes and ends between characters.
pub(crate) fn capped(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// CRLF, bare CR and NUL become plain line ends and nothing.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

/// Joins the soft line breaks of format=flowed (RFC 3676 4.2): a line that ends in a space goes on in the next line of
/// the same quote depth; `joint` is what is left of that space.
fn unflowed(text: &str, joint: &str) -> String {
    let mut out: Vec<(usize, String, FlowEnd)> = Vec::new();
    for line in text.lines() {
        let depth = line.chars().take_while(|&c| c == '>').count();
        let bare = line.trim_start_matches('>');
        let bare = bare.strip_prefix(' ').unwrap_or(bare);
        let end = if bare != "-- " && bare.ends_with(' ') { FlowEnd::Soft } else { FlowEnd::Hard };
        let kept = if end == FlowEnd::Soft { bare.strip_suffix(' ').unwrap_or(bare) } else { bare };
        match out.last_mut() {
            Some((last_depth, last, last_end))
                if *last_end == FlowEnd::Soft && *last_depth == depth && bare != "-- " =>
            {
                last.push_str(joint);
                last.push_str(kept);
                *last_end = end;
            }
            _ => out.push((depth, kept.to_owned(), end)),
        }
    }
    let mut joined = String::new();
    for (depth, line, _) in out {
        if depth > 0 {
            joined.push_str(&">".repeat(depth));
            joined.push(' ');
        }
        joined.push_str(&line);
        joined.push('\n');
    }
    joined
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FlowEnd {
    Soft,
    Hard,
}

#[cfg(test)]
mod tests {
    use super::{capped, unflowed};

    #[test]
    fn flowed_lines_are_joined_within_their_quote_depth() {
        let check = |text: &str, joint: &str, expected: &str| {
            assert_eq!(unflowed(text, joint), expected, "{text:?}");
        };
        check("Scope: number \n+91 98765 43210\nnext", " ", "Scope: number +91 98765 43210\nnext\n");
        check("> quoted \n> more\nmine", " ", "> quoted more\nmine\n");
        check("> quoted \nmine", " ", "> quoted\nmine\n");
        check("verif \nication", "", "verification\n");
        check("text \n-- \nname", " ", "text\n-- \nname\n");
        check(" From here", " ", "From here\n");
    }

    #[test]
    fn a_cap_never_splits_a_character() {
        assert_eq!(capped("aé", 2), "a");
        assert_eq!(capped("aé", 3), "aé");
        assert_eq!(capped("", 3), "");
    }
}
