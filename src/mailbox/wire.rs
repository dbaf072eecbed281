//! Reads what an IMAP server sends before the parser of async-imap does, and stops what would harm it: nested parentheses
//! overflow that parser's stack (djc/imap-proto#90), an announced literal makes it allocate, INTERNALDATE NIL panics.
//! Only shapes that both readers understand alike may pass, so nothing can hide from this one. CAPABILITY is taken out,
//! because double spaces and unknown atoms break that parser (async-imap#131). Pure; `guard.rs` puts it on a socket, and
//! `tests/it/fuzz.rs` feeds it garbage.

/// Longest stretch of a response outside literals, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most opening parentheses in a line that is not a FETCH response; so nothing nests deeper (standard M2).
pub(super) const PARENS_MAX: usize = 32;

/// Where in the stream we are.
#[derive(Debug)]
pub struct Scanner {
    literal_bytes_max: u64,
    literal_left: u64,
    line: Vec<u8>,
    /// A FETCH response goes on after its literal.
    in_fetch: bool,
    /// Logging in: async-imap answers no request of the server behind an untagged response (Dovecot sends one while its
    /// own passwords are slow), so these are taken out.
    entering: bool,
    capabilities: Option<Vec<String>>,
}

impl Scanner {
    /// A scanner that lets literals of at most `literal_bytes_max` bytes pass.
    pub fn new(literal_bytes_max: u64) -> Self {
        Self {
            literal_bytes_max,
            literal_left: 0,
            line: Vec::new(),
            in_fetch: false,
            entering: false,
            capabilities: None,
        }
    }

    /// The same on a line where nobody has logged in yet.
    pub(super) fn before_login(literal_bytes_max: u64) -> Self {
        Self { entering: true, ..Self::new(literal_bytes_max) }
    }

    /// The login is over.
    pub(super) fn entered(&mut self) {
        self.entering = false;
    }

    /// The capabilities as last told, in upper case.
    pub(super) fn capabilities(&self) -> Option<&[String]> {
        self.capabilities.as_deref()
    }

    /// Forgets the capabilities, which change at login.
    pub(super) fn forget_capabilities(&mut self) {
        self.capabilities = None;
    }

    /// Takes bytes from the server and appends to `out` what the parser may see; an error ends the line for good.
    pub fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        while !input.is_empty() {
            if self.literal_left > 0 {
                let take =
                    usize::try_from(self.literal_left).map_or(input.len(), |left| left.min(input.len()));
                let (literal, rest) = input.split_at(take);
                out.extend_from_slice(literal);
                self.literal_left -= take as u64;
                input = rest;
                continue;
            }
            let (piece, rest, whole) = match input.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    let (piece, rest) = input.split_at(end + 1);
                    (piece, rest, true)
                }
                None => (input, &[] as &[u8], false),
            };
            if self.line.len() + piece.len() > LINE_BYTES_MAX {
                return Err("a line is too long");
            }
            self.line.extend_from_slice(piece);
            input = rest;
            if whole {
                let line = std::mem::take(&mut self.line);
                self.line_done(&line, out)?;
            }
        }
        Ok(())
    }

    fn line_done(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        let text = line.strip_suffix(b"\r\n").ok_or("a line ends without a carriage return")?;
        if text.contains(&b'\r') {
            return Err("a stray carriage return");
        }
        if self.in_fetch {
            self.fetch_text(text, After::Value)?;
        } else if let Some(attributes) = fetch_attributes(text) {
            let inside = attributes.strip_prefix(b"(").ok_or("a FETCH response without parentheses")?;
            self.fetch_text(inside, After::Opening)?;
        } else {
            return self.plain_line(text, out);
        }
        out.extend_from_slice(line);
        Ok(())
    }

    fn fetch_text(&mut self, text: &[u8], after: After) -> Result<(), &'static str> {
        let literal = read_attributes(text, after)?;
        self.in_fetch = literal.is_some();
        self.literal_left = literal.unwrap_or(0);
        if self.literal_left > self.literal_bytes_max {
            return Err("a literal is larger than the limit");
        }
        Ok(())
    }

    fn plain_line(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        if ends_in_literal_marker(text) {
            return Err("a literal where none was asked for");
        }
        if text.split(|byte| *byte == b'(').nth(PARENS_MAX + 1).is_some() {
            return Err("too many parentheses");
        }
        if let Some(words) = strip_prefix_any_case(text, b"* CAPABILITY") {
            self.capabilities = Some(words_of(words));
            return Ok(());
        }
        if self.entering && text.starts_with(b"* ") && strip_prefix_any_case(text, b"* BYE").is_none() {
            return Ok(());
        }
        match capability_code(text) {
            Some((before, words, rest)) => {
                self.capabilities = Some(words_of(words));
                out.extend_from_slice(before);
                out.extend_from_slice(rest);
            }
            None => out.extend_from_slice(text),
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

/// What was read last inside a FETCH response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Opening,
    Value,
}

/// Reads `name value name value …)`; gives the literal's size when the text ends in the marker of one.
fn read_attributes(mut text: &[u8], mut after: After) -> Result<Option<u64>, &'static str> {
    loop {
        if after == After::Value {
            match text.split_first() {
                Some((b' ', rest)) => text = rest,
                Some((b')', rest)) if rest.iter().all(|byte| *byte == b' ') => return Ok(None),
                _ => return Err("a FETCH response that does not end"),
            }
        }
        let (name, rest) = split_while(text, |byte| !b" ()\"{}\\".contains(&byte));
        let value = rest.strip_prefix(b" ").ok_or("a FETCH attribute without a value")?;
        if name.is_empty() {
            return Err("a FETCH attribute without a name");
        }
        if name.eq_ignore_ascii_case(b"INTERNALDATE") && value.first() != Some(&b'"') {
            return Err("an INTERNALDATE that is not quoted");
        }
        if let Some(size) = literal_marker(value) {
            return Ok(Some(size?));
        }
        text = read_value(value)?;
        after = After::Value;
    }
}

/// Passes one flat value: a quoted string, a list without lists in it, or an atom.
fn read_value(value: &[u8]) -> Result<&[u8], &'static str> {
    match value.split_first() {
        Some((b'"', inside)) => {
            let (_, rest) = split_while(inside, |byte| !b"\"\\(){}".contains(&byte));
            rest.strip_prefix(b"\"").ok_or("a quoted string of a kind that was not asked for")
        }
        Some((b'(', inside)) => {
            let (_, rest) = split_while(inside, |byte| !b"()\"{}".contains(&byte));
            rest.strip_prefix(b")").ok_or("nested parentheses")
        }
        _ => {
            let (atom, rest) = split_while(value, |byte| !b" ()\"{}\\".contains(&byte));
            if atom.is_empty() { Err("a FETCH attribute without a value") } else { Ok(rest) }
        }
    }
}

/// `{123}` and nothing behind it.
fn literal_marker(value: &[u8]) -> Option<Result<u64, &'static str>> {
    let digits = value.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let size = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    Some(size.and_then(|d| d.parse().ok()).ok_or("a literal of no size"))
}

fn ends_in_literal_marker(text: &[u8]) -> bool {
    let Some(before) = text.strip_suffix(b"}") else { return false };
    let before = before.strip_suffix(b"+").unwrap_or(before);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && before.get(..before.len() - digits).is_some_and(|rest| rest.ends_with(b"{"))
}

/// The part behind `* 12 FETCH `.
fn fetch_attributes(text: &[u8]) -> Option<&[u8]> {
    let (digits, rest) = split_while(text.strip_prefix(b"* ")?, |byte| byte.is_ascii_digit());
    if digits.is_empty() { None } else { strip_prefix_any_case(rest, b" FETCH ") }
}

/// Cuts `[CAPABILITY …] ` out of a status line: what stands before it, its words, what stands behind it.
fn capability_code(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = text.iter().position(|byte| *byte == b'[')?;
    let (before, code) = text.split_at_checked(start)?;
    // Only directly behind `tag OK `: further back it is the server's prose.
    if before.split(|byte| *byte == b' ').count() != 3 {
        return None;
    }
    let inside = strip_prefix_any_case(code, b"[CAPABILITY")?;
    let end = inside.iter().position(|byte| *byte == b']')?;
    let (words, rest) = inside.split_at_checked(end)?;
    let rest = rest.strip_prefix(b"]")?;
    Some((before, words, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// The words of a capability list, in upper case.
pub(super) fn words_of(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}

fn split_while(text: &[u8], keep: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !keep(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

fn strip_prefix_any_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, Scanner};

    fn scan(input: &[u8], step: usize) -> Result<(Vec<u8>, Option<Vec<String>>), &'static str> {
        let mut scanner = Scanner::new(100);
        let mut out = Vec::new();
        for chunk in input.chunks(step) {
            scanner.feed(chunk, &mut out)?;
        }
        Ok((out, scanner.capabilities().map(<[String]>::to_vec)))
    }

    #[test]
    fn honest_answers_pass_unchanged_however_they_are_cut() {
        let check = |input: &[u8]| {
            for step in [1, 3, 7, 4096] {
                let (out, _) = scan(input, step).expect("passes");
                assert_eq!(out, input, "{}", String::from_utf8_lossy(input));
            }
        };
        check(b"* 1 FETCH (UID 7 RFC822.SIZE 12 INTERNALDATE \"17-Jul-2026 02:44:25 -0700\")\r\n");
        check(b"* 1 FETCH (UID 7 BODY[] {5}\r\n((((( FLAGS (\\Seen $X))\r\nA1 OK done\r\n");
        check(b"* 1 fetch (BODY[] {13}\r\n* 2 FETCH (({ UID 3)\r\n");
        check(b"* 1 FETCH (BODY[] \"\" UID 3 MODSEQ (77) X-NEW NIL)\r\n");
        check(b"* 1 FETCH (BODY[]<0> {0}\r\n UID 3)\r\n");
        check(b"* OK [UIDVALIDITY 3] it's {odd} \"text\r\n* 3 EXISTS\r\n+ idling\r\n");
        check(b"* FLAGS (\\Seen \\Answered)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] ok\r\n");
    }

    #[test]
    fn what_would_harm_the_parser_is_stopped() {
        let check = |input: &[u8]| {
            for step in [1, 5, 4096] {
                assert!(scan(input, step).is_err(), "{}", String::from_utf8_lossy(input));
            }
        };
        let bomb = format!("* 1 FETCH (BODYSTRUCTURE {})\r\n", "(".repeat(400));
        check(bomb.as_bytes());
        check(format!("* THREAD {}\r\n", "(".repeat(400)).as_bytes());
        check(b"* 1 FETCH (ENVELOPE (NIL (NIL)))\r\n");
        check(b"* 1 FETCH (BODY[] {101}\r\n");
        check(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n");
        check(b"* 1 FETCH (BODY[] {-1}\r\n");
        check(b"* 1 FETCH (UID 1 INTERNALDATE NIL)\r\n");
        check(b"* 1 FETCH UID 1\r\n");
        check(b"* 1 FETCH (UID 1\r\n");
        check(b"* 1 FETCH (UID 1)\n");
        check(b"* 1 FETCH (UID\r1 X 2)\r\n");
    }

    #[test]
    fn nothing_hides_behind_a_literal_that_only_one_reader_sees() {
        let check = |input: &[u8]| assert!(scan(input, 4096).is_err(), "{}", String::from_utf8_lossy(input));
        check(b"* OK x {50}\r\n* 1 FETCH (BODYSTRUCTURE ((((");
        check(b"* OK [BADCHARSET ({50}\r\n");
        check(b"A1 NO {9+}\r\n");
        check(b"* 1 FETCH (X a{50}\r\n BODYSTRUCTURE ((((");
        check(b"* 1 FETCH (X (a {50}\r\n) BODYSTRUCTURE ((((");
        check(b"* 1 FETCH (X \")\" Y (BODY[] {50}\r\n) BODYSTRUCTURE ((((");
        check(b"* 1 FETCH (X a\"b BODYSTRUCTURE ((((\")\r\n");
        check(b"* 1 FETCH (X (a \"b) BODYSTRUCTURE ((((\")\r\n");
    }

    #[test]
    fn capabilities_are_read_whatever_their_spaces_and_kept_from_the_parser() {
        let check = |input: &[u8], out: &[u8], words: &[&str]| {
            let (passed, capabilities) = scan(input, 2).expect("passes");
            assert_eq!(passed, out);
            assert_eq!(capabilities.expect("told"), words);
        };
        check(b"* CAPABILITY IMAP4rev1  IDLE \xc3\xa9 move \r\n", b"", &["IMAP4REV1", "IDLE", "é", "MOVE"]);
        check(b"A2 OK [CAPABILITY IMAP4rev1  X]Y] hi\r\n", b"A2 OK Y] hi\r\n", &["IMAP4REV1", "X"]);
        check(b"* OK [CAPABILITY IDLE]\r\n", b"* OK \r\n", &["IDLE"]);
    }

    #[test]
    fn nothing_untagged_but_a_farewell_stands_between_a_login_and_its_requests() {
        let mut scanner = Scanner::before_login(100);
        let mut out = Vec::new();
        let lines = b"* OK Waiting for authentication\r\n+ eyJ9\r\n* NO x\r\n* BYE late\r\nA1 NO no\r\n";
        scanner.feed(lines, &mut out).expect("passes");
        assert_eq!(out, b"+ eyJ9\r\n* BYE late\r\nA1 NO no\r\n");
        scanner.entered();
        scanner.feed(b"* OK still here\r\n", &mut out).expect("passes");
        assert!(out.ends_with(b"* OK still here\r\n"));
    }

    #[test]
    fn an_endless_line_is_cut_off() {
        let mut scanner = Scanner::new(100);
        let mut out = Vec::new();
        assert!(scanner.feed(&vec![b'x'; LINE_BYTES_MAX], &mut out).is_ok());
        assert_eq!(scanner.feed(b"x", &mut out), Err("a line is too long"));
    }
}
