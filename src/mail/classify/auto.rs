//! Automatic mail, never answered: by its own word (RFC 3834), by its sender, or by the subject of programs that set no
//! header at all. Headers alone do not catch all of it (facts.md 8), so `workflow/caps.rs` bounds what leaves besides.
//! See `mod.rs` for the order of the classes.

use super::sender_local;
use crate::mail::incoming::{Incoming, Mark};

/// It says itself that a machine sent it, or it is a read receipt or a complaint report.
pub(super) fn by_its_own_word(incoming: &Incoming) -> Option<String> {
    first_of(
        incoming,
        &[
            (Mark::AutoSubmitted, "Auto-Submitted"),
            (Mark::VendorAutoreply, "a vacation header"),
            (Mark::OtherReport, "a receipt or complaint report"),
        ],
    )
}

/// Every weaker sign.
pub(super) fn by_weaker_signs(incoming: &Incoming) -> Option<String> {
    by_its_sender(incoming)
        .or_else(|| first_of(incoming, &[(Mark::SuppressAnswers, "X-Auto-Response-Suppress")]))
        .or_else(|| by_its_subject(incoming))
}

/// Bulk marks, and senders that take no replies.
pub(super) fn by_its_sender(incoming: &Incoming) -> Option<String> {
    let marks = [
        (Mark::PrecedenceBulk, "Precedence"),
        (Mark::NullReturnPath, "an empty return path"),
        (Mark::FeedbackId, "Feedback-ID"),
    ];
    first_of(incoming, &marks).or_else(|| {
        takes_no_replies(&sender_local(incoming)).then(|| "the sender takes no replies".to_owned())
    })
}

fn first_of(incoming: &Incoming, marks: &[(Mark, &str)]) -> Option<String> {
    marks.iter().find(|(mark, _)| incoming.marks.has(*mark)).map(|(_, reason)| (*reason).to_owned())
}

/// Local parts of machines, without dots and dashes: whole, or as their beginning or end.
const WHOLE: [&str; 23] = [
    "postmaster",
    "bounce",
    "bounces",
    "autoreply",
    "autoresponder",
    "autoresponse",
    "notification",
    "notifications",
    "notify",
    "alert",
    "alerts",
    "newsletter",
    "newsletters",
    "mailer",
    "root",
    "cron",
    "daemon",
    "wwwdata",
    "unsubscribe",
    "robot",
    "automailer",
    "automated",
    "systemmessages",
];
const PIECES: [&str; 13] = [
    "noreply",
    "noreplay",
    "donotreply",
    "dontreply",
    "notreply",
    "nichtantworten",
    "nepasrepondre",
    "noresponder",
    "naoresponda",
    "naoresponder",
    "keineantwort",
    "nonrispondere",
    "noreplies",
];

fn takes_no_replies(local: &str) -> bool {
    let squeezed: String =
        local.split('+').next().unwrap_or("").chars().filter(|c| !"-_.".contains(*c)).collect();
    let plain = squeezed.replace(['ã', 'á'], "a").replace('é', "e");
    let bounces = plain.starts_with("bounce") || plain.ends_with("bounces");
    WHOLE.contains(&plain.as_str())
        || bounces
        || PIECES.iter().any(|piece| plain.starts_with(piece) || plain.ends_with(piece))
}

/// How out-of-office programs begin their subjects, in small letters (facts.md 8: every peer answered such mail).
const SUBJECTS: [&str; 52] = [
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "auto response",
    "auto-response",
    "autoresponse",
    "automated reply",
    "automated response",
    "out of office",
    "out-of-office",
    "out of the office",
    "ooo:",
    "ooo -",
    "away from office",
    "away from the office",
    "on vacation",
    "on leave",
    "on annual leave",
    "vacation reply",
    "vacation message",
    "i am out of",
    "i'm out of",
    "i am away",
    "i am currently out",
    "i am on leave",
    "automatische antwort",
    "automatische rückantwort",
    "abwesenheit",
    "abwesend",
    "nicht im büro",
    "réponse automatique",
    "reponse automatique",
    "absent du bureau",
    "absente du bureau",
    "absence du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "resposta automática",
    "resposta automatica",
    "fora do escritório",
    "ausência do escritório",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "स्वचालित उत्तर",
    "自动回复",
    "自動返信",
    "автоответ",
];

/// Programs that set no header.
pub(super) fn by_its_subject(incoming: &Incoming) -> Option<String> {
    let subject = incoming.subject.to_lowercase();
    SUBJECTS.iter().any(|words| subject.starts_with(words)).then(|| "an out-of-office subject".to_owned())
}

#[cfg(test)]
mod tests {
    use super::takes_no_replies;

    #[test]
    fn machines_are_known_by_their_local_part() {
        for local in [
            "no-reply",
            "noreply",
            "do_not_reply",
            "donotreply+x",
            "billing-noreply",
            "bounce-123",
            "x-bounces",
            "nicht-antworten",
            "ne-pas-repondre",
            "não-responda",
            "no.responder",
            "alerts",
            "newsletter",
        ] {
            assert!(takes_no_replies(local), "{local}");
        }
        for local in ["asha", "reply", "nicht", "office", "alerta", "support", "j.noble", "cronin"] {
            assert!(!takes_no_replies(local), "{local}");
        }
    }
}
