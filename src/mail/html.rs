//! HTML mail to plain lines: one pass over the characters, no regular expression, no recursion, every depth bounded.
//! Blocks and `<br>` end lines, cells of a row are joined by ` | `, invisible text is dropped (standard S6), and the
//! quote containers of common clients become `>` lines. It renders nothing and fetches nothing. See `table.rs`.

use super::table::Lines;
use super::text::capped;

/// Elements that are kept on the stack; beyond it they are counted only, and what surrounds them stays in force.
const DEPTH_MAX: usize = 256;
/// Longest tag that is read, characters; a longer one is closed by the next `>` all the same.
const TAG_CHARS_MAX: usize = 2_048;
/// Bytes of markup that are read for each byte of text wanted: newsletters need about ten.
const MARKUP_FACTOR: usize = 16;

/// Converts HTML to text of at most about `bytes_max` bytes.
pub fn to_text(html: &str, bytes_max: usize) -> String {
    let mut reader =
        Reader { lines: Lines::default(), open: Vec::new(), deeper: 0, quoted_to_end: 0, bytes_max };
    let mut rest = capped(html, bytes_max.saturating_mul(MARKUP_FACTOR));
    while reader.lines.bytes() < bytes_max && !rest.is_empty() {
        rest = match rest.chars().next() {
            Some('<') => reader.markup(rest),
            _ => reader.text(rest),
        };
    }
    reader.lines.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Hidden,
    Quote,
    Preformatted,
}

struct Reader {
    lines: Lines,
    open: Vec<(String, Effect)>,
    deeper: usize,
    quoted_to_end: usize,
    bytes_max: usize,
}

impl Reader {
    fn has(&self, effect: Effect) -> bool {
        self.open.iter().any(|(_, found)| *found == effect)
    }

    fn quotes(&self) -> usize {
        self.quoted_to_end + self.open.iter().filter(|(_, effect)| *effect == Effect::Quote).count()
    }

    /// Text up to the next `<`.
    fn text<'a>(&mut self, rest: &'a str) -> &'a str {
        let (text, after) = split_at_char(rest, '<');
        if self.has(Effect::Hidden) {
            return after;
        }
        let (quotes, preformatted) = (self.quotes(), self.has(Effect::Preformatted));
        for c in decode_entities(text).chars() {
            if self.lines.bytes() >= self.bytes_max {
                break;
            }
            match c {
                '\n' if preformatted => self.lines.break_line(quotes),
                '\0' => {}
                c => self.lines.word(c, quotes),
            }
        }
        after
    }

    /// One comment, declaration or tag; a `<` that begins none of them is text.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, after)| after);
        }
        let inner = rest.strip_prefix('<').unwrap_or(rest);
        let begins_tag = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?');
        if !inner.starts_with(begins_tag) {
            if !self.has(Effect::Hidden) {
                self.lines.word('<', self.quotes());
            }
            return inner;
        }
        let (tag, after) = split_tag(inner);
        if tag.starts_with(['!', '?']) {
            return after;
        }
        // Mail clients leave `<a@b.example>` unescaped; that is an address, not a tag.
        if tag.contains('@') && !tag.contains([' ', '=', '"']) {
            for c in ['<'].into_iter().chain(tag.chars()).chain(['>']) {
                self.lines.word(c, self.quotes());
            }
            return after;
        }
        if let Some(name) = tag.strip_prefix('/') {
            self.close(&name.trim().to_ascii_lowercase());
        } else {
            let element = Element::read(tag);
            if matches!(element.name.as_str(), "script" | "style") {
                return skip_raw(after, &element.name);
            }
            self.open(&element);
        }
        after
    }

    fn open(&mut self, element: &Element) {
        let name = element.name.as_str();
        let quotes = self.quotes();
        if !self.has(Effect::Hidden) {
            match name {
                "br" => self.lines.break_line(quotes),
                "table" => self.lines.open_table(),
                "tr" => self.lines.open_row(),
                "td" | "th" => self.lines.open_cell(),
                "li" => {
                    self.lines.end_line();
                    self.lines.word('-', quotes);
                    self.lines.word(' ', quotes);
                }
                _ if is_block(name) => self.lines.end_line(),
                _ => {}
            }
        }
        if element.quotes_the_rest() {
            self.quoted_to_end = 1;
        }
        if is_void(name) || element.closes_itself {
            return;
        }
        if self.open.len() >= DEPTH_MAX {
            self.deeper += 1;
            return;
        }
        self.open.push((name.to_owned(), element.effect()));
    }

    fn close(&mut self, name: &str) {
        let was_hidden = self.has(Effect::Hidden);
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            self.open.truncate(at);
        }
        if was_hidden {
            return;
        }
        match name {
            "table" => self.lines.close_table(),
            "tr" => self.lines.close_row(),
            "td" | "th" => self.lines.close_cell(),
            _ if is_block(name) => self.lines.end_line(),
            _ => {}
        }
    }
}

struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    closes_itself: bool,
}

impl Element {
    fn read(tag: &str) -> Self {
        let closes_itself = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let name_end = |c: char| c.is_whitespace() || c == '/';
        let (name, rest) = tag.split_once(name_end).unwrap_or((tag, ""));
        Self { name: name.to_ascii_lowercase(), attributes: attributes(rest), closes_itself }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn effect(&self) -> Effect {
        let style: String =
            self.attribute("style").unwrap_or("").chars().filter(|c| !c.is_whitespace()).collect();
        let style = format!("{};", style.to_ascii_lowercase());
        let hides = ["display:none", "visibility:hidden", "font-size:0;", "font-size:0px", "mso-hide:all"];
        let class = self.attribute("class").unwrap_or("");
        let has_class = |wanted: &str| class.split_whitespace().any(|word| word == wanted);
        match self.name.as_str() {
            "head" | "title" | "template" | "noscript" | "select" | "textarea" => Effect::Hidden,
            _ if self.attribute("hidden").is_some() || hides.iter().any(|h| style.contains(h)) => {
                Effect::Hidden
            }
            "blockquote" => Effect::Quote,
            _ if [
                "gmail_quote",
                "moz-cite-prefix",
                "protonmail_quote",
                "zmail_extra",
                "moz-forward-container",
            ]
            .into_iter()
            .any(has_class)
                || class.contains("yahoo_quoted") =>
            {
                Effect::Quote
            }
            "pre" => Effect::Preformatted,
            _ => Effect::None,
        }
    }

    /// Programs mark where the quoted mail begins and close the mark at once; what follows is quoted to the end. Outlook
    /// on the desktop draws a line above it and gives it no name.
    fn quotes_the_rest(&self) -> bool {
        let marks =
            ["divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container", "reply-intro"];
        let id = self.attribute("id").unwrap_or("");
        let named = marks.contains(&id.strip_prefix("x_").unwrap_or(id));
        let quote =
            self.attribute("name").is_some_and(|name| matches!(name, "quote" | "messageReplySection"));
        named || quote || (self.name == "div" && self.is_ruled_above())
    }

    fn is_ruled_above(&self) -> bool {
        let style = self.attribute("style").unwrap_or("");
        let style: String =
            style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        style.contains("border:none") && style.contains("border-top:solid")
    }
}

/// `name="value"`, `name='value'`, `name=value` and bare names; nothing after the tag's cap is read.
fn attributes(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    value.strip_prefix(quote).and_then(|v| v.split_once(quote)).unwrap_or((value, ""))
                }
                _ => value.split_once(char::is_whitespace).unwrap_or((value, "")),
            },
        };
        // A lone `=` names nothing and must not stop the loop from moving on.
        if !name.is_empty() {
            found.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        rest = after;
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "hr"
            | "blockquote"
            | "pre"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "center"
            | "form"
            | "body"
            | "html"
            | "tbody"
            | "thead"
            | "address"
            | "fieldset"
            | "table"
            | "tr"
            | "td"
            | "th"
            | "caption"
    )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr"
            | "img"
            | "meta"
            | "link"
            | "input"
            | "area"
            | "base"
            | "col"
            | "embed"
            | "source"
            | "wbr"
    )
}

fn split_at_char(text: &str, stop: char) -> (&str, &str) {
    let end = text.find(stop).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The tag up to its `>` (a `>` inside quotes does not end it), and what follows.
fn split_tag(inner: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in inner.char_indices().take(TAG_CHARS_MAX) {
        match (quote, c) {
            (None, '>') => return (inner.get(..at).unwrap_or(""), inner.get(at + 1..).unwrap_or("")),
            (None, '"' | '\'') if inner.get(..at).is_some_and(|before| before.trim_end().ends_with('=')) => {
                quote = Some(c);
            }
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    // An unbalanced quote: take the first `>` after all, as browsers end up doing at the next one.
    inner.split_once('>').unwrap_or((inner, ""))
}

/// Behind `</script` or `</style`; the text between is never shown.
fn skip_raw<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("</") {
        if after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        rest = after;
    }
    ""
}

/// Decodes numeric entities and the named ones that mail contains; an unknown one stays as written.
fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let candidate =
            after.chars().take(32).position(|c| c == ';').and_then(|end| after.split_at_checked(end));
        if let Some((c, tail)) = candidate.and_then(|(name, tail)| Some((entity(name)?, tail))) {
            out.push(c);
            rest = tail.strip_prefix(';').unwrap_or(tail);
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        // Windows authors write &#150; for a dash: HTML reads 128 to 159 as windows-1252.
        return match code {
            150 => Some('\u{2013}'),
            151 => Some('\u{2014}'),
            145 | 146 => Some('\''),
            147 | 148 => Some('"'),
            149 => Some('\u{2022}'),
            code => char::from_u32(code),
        };
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

const NAMED: [(&str, char); 34] = [
    ("nbsp", '\u{a0}'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'),
    ("hyphen", '-'),
    ("minus", '\u{2212}'),
    ("bull", '\u{2022}'),
    ("middot", '\u{b7}'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("plus", '+'),
    ("lsquo", '\u{2018}'),
    ("rsquo", '\u{2019}'),
    ("ldquo", '\u{201c}'),
    ("rdquo", '\u{201d}'),
    ("hellip", '\u{2026}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("shy", '\u{ad}'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("lpar", '('),
    ("rpar", ')'),
    ("vert", '|'),
    ("sol", '/'),
    ("period", '.'),
];

#[cfg(test)]
mod tests {
    use super::to_text;

    fn check(html: &str, expected: &str) {
        assert_eq!(to_text(html, 64 * 1024), expected, "{html:?}");
    }

    #[test]
    fn blocks_and_breaks_end_lines() {
        check(
            "<p>Scope: account</p><p>Legal basis:\n Customer   request</p>",
            "Scope: account\nLegal basis: Customer request\n",
        );
        check("a<br>b<br/><br />c", "a\nb\n\nc\n");
        check("<div>one<div>two</div>three</div>", "one\ntwo\nthree\n");
        check("<ul><li>Scope: x<li>Requester: y</ul>", "- Scope: x\n- Requester: y\n");
        check("<pre>a\nb</pre>", "a\nb\n");
    }

    #[test]
    fn cells_of_a_row_are_joined_and_layout_tables_are_not() {
        check(
            "<table><tr><td>Scope<td>account</tr><tr><th>Legal basis</th><td><p>Customer</p><p>request</p></td></tr></table>",
            "Scope | account\nLegal basis | Customer, request\n",
        );
        check("<table><tr><td><p>one</p><p>two</p></td></tr></table>after", "one\ntwo\nafter\n");
        check(
            "<table><tr><td><table><tr><td>Scope</td><td>x</td></tr></table></td></tr></table>",
            "Scope | x\n",
        );
    }

    #[test]
    fn what_a_reader_cannot_see_is_dropped() {
        check(
            "<head><title>t</title><style>p{}</style></head><body>x<script>if(a<b){}</script>y</body>",
            "xy\n",
        );
        check("<div style=\"Display: None\">CONFIRM</div>x<span hidden>no</span>", "x\n");
        check("a<!-- <p>hidden</p> -->b", "ab\n");
    }

    #[test]
    fn quote_containers_become_quoted_lines() {
        check("new<blockquote>old<blockquote>older</blockquote></blockquote>", "new\n> old\n>> older\n");
        check(
            "<div dir=ltr>CONFIRM</div><div class=\"gmail_quote gmail_quote_container\"><div>On x wrote:</div><blockquote>old</blockquote></div>",
            "CONFIRM\n> On x wrote:\n>> old\n",
        );
        check(
            "<p>new</p><div id=\"divRplyFwdMsg\" dir=ltr>From: x</div><div>old</div>",
            "new\n> From: x\n> old\n",
        );
        check("<p>new</p><div id=appendonsend></div><hr><div>old</div>", "new\n> old\n");
        check(
            "<p class=MsoNormal>new</p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p><b>Od:</b> x</p></div><p>old</p>",
            "new\n> Od: x\n> old\n",
        );
        check("new<div id=\"ydp1yahoo_quoted_12\" class=\"ydp1yahoo_quoted\">old</div>", "new\n> old\n");
        check("new<div name=\"quote\">old</div>", "new\n> old\n");
        check("new<div class=\"moz-cite-prefix\">On x wrote:</div>", "new\n> On x wrote:\n");
    }

    #[test]
    fn entities_and_loose_markup_are_read() {
        check(
            "a&nbsp;&lt;b&gt; &#8211; &#x2013; &#150; &unknown; AT&T",
            "a\u{a0}<b> \u{2013} \u{2013} \u{2013} &unknown; AT&T\n",
        );
        check("Asha <asha@acme.example> 1 < 2", "Asha <asha@acme.example> 1 < 2\n");
        check("<a title=\"x > y\" href='#'>link</a>", "link\n");
        check("<p title=\"unbalanced>text", "text\n");
        check("<b>Scope:</b> x", "Scope: x\n");
    }

    #[test]
    fn deep_and_long_input_is_bounded() {
        assert_eq!(to_text(&"<div>".repeat(200_000), 1_000), "");
        assert!(to_text(&"<table><tr><td>x".repeat(20_000), 100_000).contains('x'));
        assert!(to_text(&"a ".repeat(100_000), 1_000).len() < 1_100);
        assert_eq!(to_text(&"<".repeat(100_000), 100).trim_end(), "<".repeat(100));
        let deep = format!(
            "{}<blockquote>{}old{}</blockquote>",
            "<b>".repeat(255),
            "<i>".repeat(500),
            "</i>".repeat(500)
        );
        assert_eq!(to_text(&deep, 1_000), "> old\n");
    }
}
