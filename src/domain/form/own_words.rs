//! Requests without a form: a few plain English rules, sentence by sentence, so that staff can see why a mail was taken
//! for one. A rule needs a wish (delete, send me, a copy) and personal data as a whole ("my data", "everything you have
//! about me"). Questions about how to do it, negations and reports are ordinary support mail. It guesses only the kind.

use super::pattern::pattern;
use crate::domain::request::Kind;
use regex::Regex;
use std::sync::LazyLock;

/// Sentences that are looked at, and the longest one, characters.
const SENTENCES_MAX: usize = 200;
const SENTENCE_CHARS_MAX: usize = 600;

static DELETE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(?:delete|erase|remove|wipe|destroy|purge)\s+(?:all\s+)?(?:of\s+)?(?:my|our)\s+(?:personal\s+|customer\s+|stored\s+)*(?:data|information|details|records)\b",
        r"\b(?:delete|erase|remove|wipe|destroy|purge|forget)\b.{0,40}\b(?:everything|all|any)\b.{0,40}\b(?:you|your company)\s+(?:have|hold|store|keep|process|know|collected)\b.{0,30}\b(?:me|us|my|our)\b",
        r"\b(?:delete|erase|remove|wipe|destroy|purge)\s+(?:all|any)\s+(?:the\s+)?(?:personal\s+)?(?:data|information)\b.{0,40}\b(?:me|us|my|our)\b",
        r"\b(?:delete|close|erase)\s+(?:my|our)\s+account\s+(?:and|with|along with|including)\s+(?:all\s+)?(?:of\s+)?(?:my|our|its|the|all)?\s*(?:personal\s+)?(?:data|information)\b",
        r"\bright\s+(?:to\s+be\s+forgotten|to\s+erasure|of\s+erasure)\b",
        r"\b(?:request|demand|ask for|want)\b.{0,30}\b(?:deletion|erasure|removal)\s+of\s+(?:all\s+)?(?:of\s+)?(?:my|our)\s+(?:personal\s+)?(?:data|information)\b",
    ]
    .into_iter()
    .map(pattern)
    .collect()
});

static EXPORT: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(?:send|give|provide|share|e-?mail|get|want|request|need|receive|like|obtain)\b.{0,50}\b(?:copy|copies|export|download|archive|extract)\s+of\s+(?:all\s+)?(?:of\s+)?(?:the\s+)?(?:my|our)?\s*(?:personal\s+)?(?:data|information)\s*(?:$|[.,!]|and\b|(?:that\s+)?you\b|please\b|as\b|under\b)",
        r"\b(?:send|give|provide|share|show|tell|export|e-?mail|want|request|need)\b.{0,60}\b(?:data|information|everything|records)\s+(?:that\s+)?(?:you|your company)\s+(?:have|hold|store|keep|process|collected)\b.{0,20}\b(?:about|on|of|regarding|concerning)\s+(?:me|us)\b",
        r"\bexport\s+(?:all\s+)?(?:of\s+)?(?:my|our)\s+(?:personal\s+)(?:data|information)\b",
        r"\b(?:send|give)\s+(?:me|us)\s+(?:all\s+)?(?:of\s+)?(?:my|our)\s+(?:personal\s+)?data\b",
        r"\b(?:data\s+)?subject\s+access\s+request\b|\bright\s+of\s+access\b|\bright\s+to\s+data\s+portability\b",
    ]
    .into_iter()
    .map(pattern)
    .collect()
});

/// Asking how, telling what happened, or saying no is not a request.
static NOT_A_WISH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\W*(?:(?:hi|hello|dear)\b[^,]{0,30},\s*)?(?:how|where|why|when|what|which|does|did|do i|do you|is it|is there|are there|can i|could i|may i|if i|should i|will you|would it|who)\b|\b(?:do not|don't|dont|never|not want|doesn't|cannot|can't|unable to|how to|how do|how can|accidentally|by mistake|tried to|trying to|option to|button|feature|policy)\b",
    )
});

/// The kinds that the text asks for: empty when it is no request.
pub(super) fn kinds(subject: &str, lines: &str) -> Vec<Kind> {
    let mut kinds = Vec::new();
    // Wrapped lines belong to one sentence; an empty line ends one.
    let text = format!("{subject}.\n\n{lines}").replace("\n\n", ". ").replace('\n', " ");
    let sentences = text.split_inclusive(['.', '?', '!', ';']).take(SENTENCES_MAX);
    for sentence in sentences {
        let sentence: String = sentence.chars().take(SENTENCE_CHARS_MAX).collect();
        if NOT_A_WISH.is_match(&sentence) {
            continue;
        }
        for (kind, rules) in [(Kind::Delete, &*DELETE), (Kind::Export, &*EXPORT)] {
            if !kinds.contains(&kind) && rules.iter().any(|rule| rule.is_match(&sentence)) {
                kinds.push(kind);
            }
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::kinds;
    use crate::domain::request::Kind;

    fn check(text: &str, expected: &[Kind]) {
        assert_eq!(kinds("Hello", text), expected, "{text:?}");
    }

    #[test]
    fn wishes_in_own_words_are_caught() {
        for text in [
            "please delete everything you have about me",
            "Please delete my data.",
            "Hi, I want you to erase all of my personal information from your systems.",
            "I am writing to exercise my right to be forgotten.",
            "Kindly remove all personal data you hold about me and my family.",
            "Please close my account and delete it. Also delete my account and all my data.",
            "I request the deletion of my personal data",
            "Please remove\nall of our customer data",
        ] {
            check(text, &[Kind::Delete]);
        }
        for text in [
            "Please send me a copy of all my data.",
            "I would like to receive a copy of the personal data you have about me",
            "This is a subject access request under the GDPR.",
            "Please provide all the information you hold on us.",
            "Export all my personal data please",
            "Could you send me all my data?",
        ] {
            check(text, &[Kind::Export]);
        }
        check("Send me a copy of my data and then delete my data.", &[Kind::Delete, Kind::Export]);
    }

    #[test]
    fn ordinary_support_mail_is_let_be() {
        for text in [
            "How do I export my call data to CSV?",
            "Can I delete my data myself?",
            "Please delete the call flow and add a new one.",
            "Please remove user Ravi from our account.",
            "I accidentally deleted my data, please help.",
            "Do not delete my data!",
            "Please don't erase our information.",
            "The export of call logs failed again.",
            "Please send me a copy of the invoice for March.",
            "We need a copy of our contract.",
            "Where is the option to delete my data?",
            "Please delete my voicemail greeting.",
            "Please update our information: the new address is below.",
            "Your data plan is expensive",
            "What data do you have about me?",
            "Please send us information about your data plans.",
        ] {
            check(text, &[]);
        }
    }
}
