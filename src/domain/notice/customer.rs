//! The data of the notices that the person who asks receives. Never holds what a stranger wrote, and nothing that says
//! whether an account exists before the person is known (decision 11). `staff.rs` holds the other half.

use super::{About, Asked};
use crate::domain::address::Address;
use crate::domain::ids::{Reference, grouped};
use crate::domain::left::Left;
use crate::domain::personal::Personal;
use crate::domain::request::Ground;
use jiff::Zoned;
use jiff::civil::Date;
use serde::Serialize;

/// We have your request. The same for everybody: nothing here comes from the directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AcknowledgementText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was understood.
    pub asked: Asked,
    /// The day the mail arrived: the clock's day 0.
    pub received: Date,
    /// The last day for our answer.
    pub due: Date,
}

/// Links that open a prefilled answer, `mailto:…?subject=…&body=…`, percent-encoded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Mailtos {
    /// Carries the code.
    pub confirm: Personal,
    /// Withdraws.
    pub cancel: Personal,
    /// Says that somebody else asked.
    pub not_me: Personal,
}

impl Mailtos {
    /// Links to `reply_to` with the reference in the subject and the word, for `confirm` with the code, as the text.
    pub fn to(reply_to: &Address, reference: &Reference, code: &str) -> Self {
        let link = |body: &str| {
            let address = percent_encoded(reply_to.expose());
            let subject = percent_encoded(&format!("Re: [{reference}]"));
            Personal::new(format!("mailto:{address}?subject={subject}&body={}", percent_encoded(body)))
        };
        Self {
            confirm: link(&format!("CONFIRM {}", grouped(code))),
            cancel: link("CANCEL"),
            not_me: link("NOT ME"),
        }
    }
}

/// RFC 6068 section 2; the plus of a plus-address too, because some programs read it as a space.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    let told = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(told).collect()
}

/// Is it you? Goes to the address on file only (standard S1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChallengeText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// As drawn, without dashes.
    pub code: Personal,
    /// When the code stops working.
    pub expires: Zoned,
    /// The last day for an answer before the request is closed.
    pub closes: Date,
    /// Prefilled answers.
    pub mailtos: Mailtos,
    /// A date was written so that it could be read two ways: ours is read back.
    pub dates_ambiguous: bool,
}

/// The challenge again, with a new code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReminderText {
    /// As the challenge, with the new code.
    #[serde(flatten)]
    pub challenge: ChallengeText,
    /// Until `closes`; 0 on the day itself.
    pub days_left: u32,
}

/// What is missing in the form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ClarificationText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// The day the mail arrived.
    pub received: Date,
    /// The last day for our answer.
    pub due: Date,
    /// `Problem::text` of every problem.
    pub problems: Vec<String>,
    /// The form with everything that was understood filled in, normalised (decision 35).
    pub template: Personal,
}

/// One category in a package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PackageLine {
    /// As the company's configuration names it for people.
    pub category: String,
    /// Records.
    pub rows: u64,
    /// Files beside the records, such as recordings.
    pub files: u64,
}

/// How the package comes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Delivery {
    /// In this very mail.
    Attached,
    /// To be fetched.
    Link {
        /// HTTPS.
        url: Personal,
        /// The last day on which it works.
        until: Date,
    },
}

/// How the passphrase comes (decision 28).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassphraseRoute {
    /// In a mail of its own.
    SeparateMail,
    /// To the phone number on file.
    Phone,
}

/// A category that the package lacks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Missing {
    /// As the company's configuration names it for people.
    pub category: String,
    /// Why; none when the store could not give it.
    pub ground: Option<Ground>,
    /// The law or order, as configured.
    pub citation: Option<String>,
    /// Until when, where the ground ends by date.
    pub until: Option<Date>,
}

/// The copy is ready.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CompletedExportText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// What is inside.
    pub contents: Vec<PackageLine>,
    /// What is not; empty for a full copy.
    pub missing: Vec<Missing>,
    /// How it comes.
    pub delivery: Delivery,
    /// Name of the archive.
    pub file_name: String,
    /// Size of the archive in bytes.
    pub size: u64,
    /// SHA-256 of the archive, lower-case hexadecimal.
    pub sha256: String,
    /// How the passphrase comes.
    pub passphrase_by: PassphraseRoute,
    /// The day on which it was made.
    pub completed: Date,
    /// The moment that the copy shows (decision 1).
    pub as_of: Zoned,
    /// The law.
    pub rights: Rights,
}

/// One part that is refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefusedPart {
    /// The category for people; none for the whole request.
    pub category: Option<String>,
    /// Why.
    pub ground: Ground,
    /// The law or order.
    pub citation: String,
    /// Until when, where the ground ends by date.
    pub until: Option<Date>,
}

/// The law that a letter of refusal rests on, and what it leaves to the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Rights {
    /// What people call the law.
    pub law: String,
    /// Whom to complain to.
    pub authority: String,
    /// The way to court, as a sentence.
    pub remedy: String,
}

/// A refusal, with all that law.md asks of one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefusedText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// What is refused, and only that.
    pub refused: Vec<RefusedPart>,
    /// Categories that were nevertheless given or deleted.
    pub done: Vec<String>,
    /// What staff added, to be fenced.
    pub staff_text: Option<Personal>,
    /// The law.
    pub rights: Rights,
    /// The day the request came in.
    pub received: Date,
    /// The day of the decision.
    pub decided: Date,
}

/// Closed because nobody could be identified. The same bytes whether or not there is such an account (decision 34).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExpiredText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// The day the request came in.
    pub received: Date,
    /// The day of closing.
    pub closed: Date,
    /// Where the law says that we must know who asks.
    pub citation: String,
    /// The law.
    pub rights: Rights,
}

/// It takes longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExtendedText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// Why, as staff wrote it, to be fenced.
    pub reason: Personal,
    /// The day the request came in.
    pub received: Date,
    /// The day that had been due.
    pub before: Date,
    /// The last day for our answer now.
    pub due: Date,
    /// The law.
    pub rights: Rights,
}

/// Taken back by the customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WithdrawnText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// What had left before.
    pub left: Left,
    /// The day the request came in.
    pub received: Date,
    /// The day of closing.
    pub closed: Date,
}

/// Where a request stands, as its stage, blocker or outcome; blockers win over stages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the stage, blocker or outcome of the same name")]
pub enum Standing {
    Recorded,
    AwaitingVerification,
    AwaitingApproval,
    CoolingOff,
    Executing,
    Delivering,
    NeedsClarification,
    SenderUnauthenticated,
    NeedsSecondFactor,
    Undeliverable,
    LegalHold,
    ConnectorDown,
    PlanDrift,
    Anomaly,
    ClockJump,
    StaffQuestion,
    Completed,
    CompletedPartly,
    Refused,
    Withdrawn,
    Expired,
}

impl Standing {
    /// Every standing: stages, blockers, outcomes.
    pub const ALL: [Self; 21] = [
        Self::Recorded,
        Self::AwaitingVerification,
        Self::AwaitingApproval,
        Self::CoolingOff,
        Self::Executing,
        Self::Delivering,
        Self::NeedsClarification,
        Self::SenderUnauthenticated,
        Self::NeedsSecondFactor,
        Self::Undeliverable,
        Self::LegalHold,
        Self::ConnectorDown,
        Self::PlanDrift,
        Self::Anomaly,
        Self::ClockJump,
        Self::StaffQuestion,
        Self::Completed,
        Self::CompletedPartly,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
    ];
}

/// What made us say where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum StatusCause {
    /// `STATUS`.
    Asked,
    /// `NOT ME`, and staff were told.
    NotMe {
        /// What had left before.
        left: Left,
    },
    /// `CANCEL`, when a deletion had begun.
    Begun {
        /// What had been done.
        left: Left,
    },
    /// A deletion that was announced does not begin on its day: staff look at it once more.
    LookedAtAgain,
    /// `CONFIRM` with the right code.
    Confirmed,
    /// `CONFIRM` with a wrong code.
    WrongCode {
        /// Before the request is refused.
        tries_left: u32,
    },
    /// `CONFIRM` with a code that has run out; a new one comes in a mail of its own.
    CodeExpired,
    /// No word that we know.
    NotUnderstood,
    /// A word that comes too late.
    TooLate,
}

/// Where it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StatusText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Why we write.
    pub cause: StatusCause,
    /// Where it stands.
    pub standing: Standing,
    /// The day the request came in.
    pub received: Date,
    /// The last day for our answer.
    pub due: Date,
}

/// A question from staff.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct QuestionText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// As staff wrote it, to be fenced.
    pub question: Personal,
    /// The last day for our answer.
    pub due: Date,
}

/// What opens the package: the passphrase and nothing else that is secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PassphraseText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Name of the archive that it opens.
    pub file_name: String,
    /// As it must be typed.
    pub passphrase: Personal,
}

#[cfg(test)]
mod tests {
    use super::Mailtos;
    use crate::domain::address::Address;
    use crate::domain::ids::Reference;

    #[test]
    fn links_open_a_prefilled_answer() {
        let reply_to = Address::parse("support+4k2m@acme.example").expect("an address");
        let links = Mailtos::to(&reply_to, &Reference::from_bits(0x3A_C0DE_77F1), "7K3M9Q2X");
        let base = "mailto:support%2B4k2m@acme.example?subject=Re%3A%20%5BDSR-7B0D-WXZH%5D&body=";
        assert_eq!(links.confirm.expose(), &format!("{base}CONFIRM%207K3M-9Q2X"));
        assert_eq!(links.cancel.expose(), &format!("{base}CANCEL"));
        assert_eq!(links.not_me.expose(), &format!("{base}NOT%20ME"));
    }
}
