//! The closed set of words that a reply may carry, read deny-default: the first non-empty line of the new text is
//! exactly one command, or nothing happens (facts.md 7, row 28). It never sees quoted text: `mail/reply.rs` cuts that
//! off first. What a word may do is `transition.rs`.

use super::ids::normalise_code;
use super::request::Ground;

/// Longest text or question that a command carries, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// Fewest characters of a code after normalising (standard S4: 40 bits).
pub const CODE_CHARS_MIN: usize = 8;

/// Most characters of a code after normalising: 128 bits in base32.
pub const CODE_CHARS_MAX: usize = 26;

/// One command from a customer or from staff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// The customer answers the challenge.
    Confirm {
        /// Normalised.
        code: String,
    },
    /// The customer takes the request back.
    Cancel,
    /// The address on file says that the request is not theirs.
    NotMe,
    /// The customer asks where the request stands.
    Status,
    /// Staff approve the plan.
    Approve {
        /// Normalised one-time code of that approver.
        code: String,
    },
    /// Staff refuse.
    Refuse {
        /// Normalised one-time code of that approver.
        code: String,
        /// None when the word is missing or no ground, so that staff can be told.
        ground: Option<Ground>,
        /// What the customer is told besides; at most `TEXT_CHARS_MAX` characters.
        text: String,
    },
    /// Staff ask the customer something.
    Ask {
        /// At most `TEXT_CHARS_MAX` characters, never empty.
        question: String,
    },
    /// Staff accept an unaligned or unknown sender: challenge the address on file.
    Accept,
    /// Staff take the further time that the law allows.
    Extend {
        /// Normalised one-time code of that member of staff.
        code: String,
        /// What the customer is told; never empty.
        reason: String,
    },
    /// Staff complete a request with lines of the form.
    Scope {
        /// As typed, the first one without the word; never empty.
        lines: String,
    },
    /// Staff say that a mail asks for nothing.
    NotRequest,
    /// Staff put a legal hold on the data of the person who asks.
    Hold {
        /// Why, with the order or law; never empty.
        text: String,
    },
    /// Staff lift the holds that were placed in this request's thread.
    Release,
    /// The data protection officer stops an approved deletion.
    Veto,
    /// Staff called the number on file (second factor).
    Called {
        /// Normalised one-time code of that member of staff.
        code: String,
        /// What was said; never empty, because it is the evidence.
        note: String,
    },
}

/// Why a reply changed nothing. The texts are for the person who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotUnderstood {
    /// There is no new text.
    #[error("the reply has no text of its own above the quoted mail")]
    Empty,
    /// The first line is none of the words.
    #[error("the first line is not one of the words that this mail can be answered with")]
    NotACommand,
    /// A word that needs a code came without one, or with more than one.
    #[error("{0} needs its code, and only that, behind it")]
    CodeMissing(&'static str),
    /// A word that needs a text came without one.
    #[error("{0} needs a text behind it")]
    TextMissing(&'static str),
}

impl Command {
    /// The word as it is typed.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "CONFIRM",
            Self::Cancel => "CANCEL",
            Self::NotMe => "NOTME",
            Self::Status => "STATUS",
            Self::Approve { .. } => "APPROVE",
            Self::Refuse { .. } => "REFUSE",
            Self::Ask { .. } => "ASK",
            Self::Accept => "ACCEPT",
            Self::Extend { .. } => "EXTEND",
            Self::Scope { .. } => "SCOPE",
            Self::NotRequest => "NOTREQUEST",
            Self::Called { .. } => "CALLED",
            Self::Hold { .. } => "HOLD",
            Self::Release => "RELEASE",
            Self::Veto => "VETO",
        }
    }

    /// Whether only staff may use the word.
    pub const fn is_staff_word(&self) -> bool {
        !self.is_customer_word()
    }

    /// Whether it is a word for customers.
    pub const fn is_customer_word(&self) -> bool {
        matches!(self, Self::Confirm { .. } | Self::Cancel | Self::NotMe | Self::Status)
    }

    /// The code, where the word carries one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Confirm { code }
            | Self::Approve { code }
            | Self::Refuse { code, .. }
            | Self::Extend { code, .. }
            | Self::Called { code, .. } => Some(code),
            Self::Cancel
            | Self::NotMe
            | Self::Status
            | Self::Ask { .. }
            | Self::Scope { .. }
            | Self::NotRequest
            | Self::Accept
            | Self::Hold { .. }
            | Self::Release
            | Self::Veto => None,
        }
    }

    /// The free text, where the word carries one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Refuse { text, .. } | Self::Hold { text } => Some(text),
            Self::Ask { question } => Some(question),
            Self::Called { note, .. } => Some(note),
            Self::Extend { reason, .. } => Some(reason),
            Self::Scope { lines } => Some(lines),
            Self::Confirm { .. }
            | Self::Cancel
            | Self::NotMe
            | Self::Status
            | Self::Approve { .. }
            | Self::NotRequest
            | Self::Release
            | Self::Veto
            | Self::Accept => None,
        }
    }
}

/// Reads the new text of a reply. `new_text` has no quoted lines any more.
pub fn parse(new_text: &str) -> Result<Command, NotUnderstood> {
    let clean = visible(new_text);
    let mut lines = clean.lines().skip_while(|line| line.trim().is_empty());
    let first = lines.next().ok_or(NotUnderstood::Empty)?.trim();
    let following = lines.collect::<Vec<_>>().join("\n");
    if let Some(stop) = stop_word(first) {
        return Ok(stop);
    }
    let (word, rest) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
    let rest = rest.trim();
    let alone =
        |command: Command| if rest.is_empty() { Ok(command) } else { Err(NotUnderstood::NotACommand) };
    match word.to_ascii_uppercase().as_str() {
        "CONFIRM" => whole_code(rest)
            .map(|code| Command::Confirm { code })
            .ok_or(NotUnderstood::CodeMissing("CONFIRM")),
        "APPROVE" => whole_code(rest)
            .map(|code| Command::Approve { code })
            .ok_or(NotUnderstood::CodeMissing("APPROVE")),
        "STATUS" => alone(Command::Status),
        "ACCEPT" => alone(Command::Accept),
        "NOTREQUEST" => alone(Command::NotRequest),
        "NOT" if rest.eq_ignore_ascii_case("request") => Ok(Command::NotRequest),
        "EXTEND" => extend(rest, &following),
        "SCOPE" | "SCOPE:" => {
            let lines = joined(rest.trim_start_matches(':'), &following);
            if lines.is_empty() {
                return Err(NotUnderstood::TextMissing("SCOPE"));
            }
            Ok(Command::Scope { lines })
        }
        "RELEASE" => alone(Command::Release),
        "HOLD" => {
            let text = said(rest, &following).ok_or(NotUnderstood::TextMissing("HOLD"))?;
            Ok(Command::Hold { text })
        }
        "REFUSE" => refuse(rest, &following),
        "CALLED" => called(rest, &following),
        "ASK" => {
            let question = joined(rest, &following);
            if question.is_empty() {
                return Err(NotUnderstood::TextMissing("ASK"));
            }
            Ok(Command::Ask { question })
        }
        _ => Err(NotUnderstood::NotACommand),
    }
}

/// A word that stops something, with the mark that people put behind it: `CANCEL!`. It must be heard, because what is
/// stopped can be asked for again, and what was deleted cannot be had back.
fn stop_word(line: &str) -> Option<Command> {
    let bare = line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '!' | '.' | ',' | ';' | ':'));
    match bare.split_whitespace().map(str::to_ascii_uppercase).collect::<Vec<_>>().join(" ").as_str() {
        "CANCEL" => Some(Command::Cancel),
        "NOTME" | "NOT ME" => Some(Command::NotMe),
        "VETO" => Some(Command::Veto),
        _ => None,
    }
}

fn refuse(rest: &str, following: &str) -> Result<Command, NotUnderstood> {
    let (code, rest) = leading_code(rest).ok_or(NotUnderstood::CodeMissing("REFUSE"))?;
    let (word, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let ground = Ground::parse(word.trim_end_matches([',', ':', '.']));
    let text = if ground.is_some() { text } else { rest };
    Ok(Command::Refuse { code, ground, text: joined(text, following) })
}

fn extend(rest: &str, following: &str) -> Result<Command, NotUnderstood> {
    let (code, rest) = leading_code(rest).ok_or(NotUnderstood::CodeMissing("EXTEND"))?;
    let reason = said(rest, following).ok_or(NotUnderstood::TextMissing("EXTEND"))?;
    Ok(Command::Extend { code, reason })
}

fn called(rest: &str, following: &str) -> Result<Command, NotUnderstood> {
    let (code, rest) = leading_code(rest).ok_or(NotUnderstood::CodeMissing("CALLED"))?;
    let note = said(rest, following).ok_or(NotUnderstood::TextMissing("CALLED"))?;
    Ok(Command::Called { code, note })
}

/// The whole of `typed` as one code; a full stop or the angle brackets of the instruction may stand around it.
fn whole_code(typed: &str) -> Option<String> {
    let typed = typed.trim().trim_end_matches('.').trim_start_matches('<').trim_end_matches('>');
    plausible(normalise_code(typed)?)
}

/// The code at the start, possibly typed in groups, and what follows it.
fn leading_code(typed: &str) -> Option<(String, &str)> {
    let mut rest = typed.trim();
    let mut code = String::new();
    while code.len() < CODE_CHARS_MIN {
        let (group, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        code.push_str(&normalise_code(group.trim_start_matches('<').trim_end_matches('>'))?);
        rest = after.trim();
    }
    Some((plausible(code)?, rest))
}

fn plausible(code: String) -> Option<String> {
    (CODE_CHARS_MIN..=CODE_CHARS_MAX).contains(&code.len()).then_some(code)
}

/// A text that goes on record or to a customer: from the word's own line to the next empty one, so that no greeting and no
/// signature becomes part of it. None when nothing stands behind the word.
fn said(first: &str, following: &str) -> Option<String> {
    let paragraph = following.split("\n\n").next().filter(|_| !following.starts_with('\n')).unwrap_or("");
    let ends = |line: &&str| !line.trim().is_empty() && line.trim_end() != "--";
    let paragraph: Vec<&str> = paragraph.lines().take_while(ends).collect();
    (!first.is_empty()).then(|| joined(first, &paragraph.join("\n")))
}

fn joined(first: &str, following: &str) -> String {
    let text = format!("{}\n{}", first.trim(), following.trim());
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}

/// Phones and web mailers put no-break spaces and zero-width characters around what was typed.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\0'))
        .map(|c| if matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Command, NotUnderstood, TEXT_CHARS_MAX, parse};
    use crate::domain::request::Ground;

    #[test]
    fn each_word_is_read_as_people_type_it() {
        let check = |text: &str, expected: Command| assert_eq!(parse(text), Ok(expected), "{text:?}");
        let code = || "7K3M9Q2X".to_owned();
        check("CONFIRM 7K3M-9Q2X", Command::Confirm { code: code() });
        check("\n \nconfirm 7k3m 9q2x\nThanks, Asha", Command::Confirm { code: code() });
        check("Confirm <7K3M-9Q2X>.", Command::Confirm { code: code() });
        check("CONFIRM\u{a0}7K3M-9Q2X\u{200b}", Command::Confirm { code: code() });
        check("CONFIRM 7K3M\u{2013}9Q2X", Command::Confirm { code: code() });
        check("Cancel", Command::Cancel);
        check("CANCEL!", Command::Cancel);
        check("NOT ME!!\nI asked for nothing", Command::NotMe);
        check("Veto.", Command::Veto);
        check(
            "HOLD court order 7\nof 3 March\n\nBest regards\nAnn",
            Command::Hold { text: "court order 7\nof 3 March".into() },
        );
        check("HOLD court order 7\n-- \nAnn", Command::Hold { text: "court order 7".into() });
        check("NOT ME", Command::NotMe);
        check("not   me", Command::NotMe);
        check("NotMe", Command::NotMe);
        check("status", Command::Status);
        check("ACCEPT", Command::Accept);
        check("approve 7k3m-9q2x\n\nRegards", Command::Approve { code: code() });
        check(
            "ASK Which number\ndo you mean?",
            Command::Ask { question: "Which number\ndo you mean?".into() },
        );
        check("ASK\nWhich one?", Command::Ask { question: "Which one?".into() });
        check(
            "EXTEND 7K3M-9Q2X many recordings\nto hear",
            Command::Extend { code: code(), reason: "many recordings\nto hear".into() },
        );
        check(
            "SCOPE number +91 98765 43210\nRequester: Asha Rao, asha@acme.example",
            Command::Scope { lines: "number +91 98765 43210\nRequester: Asha Rao, asha@acme.example".into() },
        );
        check("Scope: account 481516", Command::Scope { lines: "account 481516".into() });
        check("NOTREQUEST", Command::NotRequest);
        check("not request", Command::NotRequest);
        check(
            "CALLED 7K3M 9Q2X spoke to Asha",
            Command::Called { code: code(), note: "spoke to Asha".into() },
        );
    }

    #[test]
    fn a_refusal_without_a_good_ground_is_kept_so_that_staff_are_told() {
        let check = |text: &str, ground: Option<Ground>, words: &str| {
            let expected = Command::Refuse { code: "7K3M9Q2X".into(), ground, text: words.into() };
            assert_eq!(parse(text), Ok(expected), "{text:?}");
        };
        check("REFUSE 7K3M-9Q2X legal-hold", Some(Ground::LegalHold), "");
        check(
            "REFUSE 7K3M 9Q2X legal-hold court order\nof May",
            Some(Ground::LegalHold),
            "court order\nof May",
        );
        check("refuse 7k3m-9q2x No-Match, sorry", Some(Ground::NoMatch), "sorry");
        check("REFUSE 7K3M-9Q2X", None, "");
        check("REFUSE 7K3M-9Q2X because I say so", None, "because I say so");
    }

    #[test]
    fn everything_else_changes_nothing() {
        let check = |text: &str, expected: NotUnderstood| assert_eq!(parse(text), Err(expected), "{text:?}");
        check("", NotUnderstood::Empty);
        check(" \n\t\n", NotUnderstood::Empty);
        for text in [
            "approve?",
            "approve? 7K3M-9Q2X",
            "not approved",
            "no, don't approve",
            "disapprove",
            "disallow",
            "I approve",
            "I approve 7K3M-9Q2X",
            "Approved 7K3M-9Q2X",
            "Hello\nAPPROVE 7K3M-9Q2X",
            "> APPROVE 7K3M-9Q2X",
            "CANCEL my subscription",
            "status?",
            "NOT ME, never",
            "NOT",
            "ACCEPT all",
            "Please CONFIRM 7K3M-9Q2X",
            "\"APPROVE 7K3M-9Q2X\"",
        ] {
            check(text, NotUnderstood::NotACommand);
        }
        check("APPROVE", NotUnderstood::CodeMissing("APPROVE"));
        check("APPROVE 7K3M-9Q2X but only the export", NotUnderstood::CodeMissing("APPROVE"));
        check("APPROVE 7K3M", NotUnderstood::CodeMissing("APPROVE"));
        check("APPROVE 7K3M-9Q2X?", NotUnderstood::CodeMissing("APPROVE"));
        check("CONFIRM", NotUnderstood::CodeMissing("CONFIRM"));
        check("CONFIRM your order", NotUnderstood::CodeMissing("CONFIRM"));
        check("CONFIRM 000000000000000000000000000000", NotUnderstood::CodeMissing("CONFIRM"));
        check("REFUSE legal-hold!", NotUnderstood::CodeMissing("REFUSE"));
        check("CALLED 7K3M-9Q2X", NotUnderstood::TextMissing("CALLED"));
        check("ASK", NotUnderstood::TextMissing("ASK"));
        check("HOLD\nBest regards\nAnn", NotUnderstood::TextMissing("HOLD"));
        check("EXTEND 7K3M-9Q2X\n\nBest regards, Ann", NotUnderstood::TextMissing("EXTEND"));
        check("SCOPE", NotUnderstood::TextMissing("SCOPE"));
        check("EXTEND 7K3M-9Q2X", NotUnderstood::TextMissing("EXTEND"));
        check("EXTEND because of much work", NotUnderstood::CodeMissing("EXTEND"));
        check("NOTREQUEST at all", NotUnderstood::NotACommand);
    }

    #[test]
    fn a_long_question_is_capped() {
        let text = format!("ASK {}", "é".repeat(TEXT_CHARS_MAX * 2));
        let Ok(Command::Ask { question }) = parse(&text) else { panic!("is a question") };
        assert_eq!(question.chars().count(), TEXT_CHARS_MAX);
    }

    #[test]
    fn staff_words_and_customer_words_do_not_overlap() {
        for (text, staff) in [("STATUS", false), ("NOT ME", false), ("ACCEPT", true), ("ASK x", true)] {
            let command = parse(text).expect("parses");
            assert_eq!((command.is_staff_word(), command.is_customer_word()), (staff, !staff), "{text}");
        }
    }
}
