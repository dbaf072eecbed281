//! The template as a person filled it in, and the reader that finds it in a mail as people send mails.
//! Reading returns what was understood and every problem, and never fails as a whole (design invariant 7). The way of a
//! mail: `lines` cleans, `labels` finds the fields by the words of `language`, `sheet` parts several forms, `kind`,
//! `scoping` (with `timeframe` and `phone`), `requester` and `acknowledgement` read them, `own_words` catches requests
//! without a form, `problems` words what is wrong.

mod acknowledgement;
mod answer;
mod dates;
mod english;
mod glyphs;
mod kind;
mod labels;
mod language;
mod lines;
mod links;
mod overlay;
mod own_words;
mod pattern;
mod phone;
mod prefill;
mod problems;
mod ranges;
mod reader;
mod requester;
mod rule;
mod scoping;
mod several;
mod sheet;
mod timeframe;
mod words;

pub use answer::answer;
pub use language::{Language, Languages};
pub use overlay::overlay;
pub use own_words::OwnWords;
pub use phone::load_plans;

use crate::domain::address::Address;
use crate::domain::personal::Personal;
use crate::domain::request::Kind;
use crate::domain::scope::Scope;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The people part of a form.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Requester {
    /// As written; never used in a header.
    pub name: Option<Personal>,
    /// As written; who may speak for an account is the directory's word, not this one.
    pub role: Option<Personal>,
    /// The address given in the form. The challenge goes to the address on file instead (standard S1).
    pub email: Option<Address>,
    /// E.164.
    pub phone: Option<Personal>,
}

/// The template as filled in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Form {
    /// Export or delete; none when neither or both were asked for.
    pub kind: Option<Kind>,
    /// What it is about.
    pub scope: Scope,
    /// "Customer request" when the line is missing.
    pub legal_basis: String,
    /// Who asks.
    pub requester: Requester,
    /// The sentence "I acknowledge identity verification may be required" stands in it.
    pub acknowledged: bool,
}

/// Where a problem lies. The names are those of interface.md's `dsrd parse`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Field {
    /// Export or delete.
    #[serde(rename = "kind")]
    Kind,
    /// The scope line.
    #[serde(rename = "scope")]
    Scope,
    /// The legal basis line.
    #[serde(rename = "legal_basis")]
    LegalBasis,
    /// The requester's name.
    #[serde(rename = "requester.name")]
    RequesterName,
    /// The requester's role.
    #[serde(rename = "requester.role")]
    RequesterRole,
    /// The requester's address.
    #[serde(rename = "requester.email")]
    RequesterEmail,
    /// The requester's phone number.
    #[serde(rename = "requester.phone")]
    RequesterPhone,
    /// The acknowledgement sentence.
    #[serde(rename = "acknowledgement")]
    Acknowledgement,
}

/// What is wrong with a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemCode {
    /// Not there.
    Missing,
    /// The template's own `<…>` was left in.
    Placeholder,
    /// Could be read two ways; the configured reading was taken.
    Ambiguous,
    /// Cannot be read.
    Invalid,
    /// Two parts of the mail contradict each other.
    Conflict,
}

/// One problem of a form, told to the person in `text`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub field: Field,
    /// What.
    pub code: ProblemCode,
    /// For the person who filled it in, in plain words; contains nothing that they wrote.
    pub text: String,
}

impl Problem {
    /// Field and code as they stand in JSON: `requester.email missing`.
    pub fn name(&self) -> String {
        let field = match self.field {
            Field::Kind => "kind",
            Field::Scope => "scope",
            Field::LegalBasis => "legal_basis",
            Field::RequesterName => "requester.name",
            Field::RequesterRole => "requester.role",
            Field::RequesterEmail => "requester.email",
            Field::RequesterPhone => "requester.phone",
            Field::Acknowledgement => "acknowledgement",
        };
        let code = match self.code {
            ProblemCode::Missing => "missing",
            ProblemCode::Placeholder => "placeholder",
            ProblemCode::Ambiguous => "ambiguous",
            ProblemCode::Invalid => "invalid",
            ProblemCode::Conflict => "conflict",
        };
        format!("{field} {code}")
    }
}

/// Which of day and month a numeric date names first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 31/12/2025.
    #[default]
    DayFirst,
    /// 12/31/2025.
    MonthFirst,
}

/// What a reader must know besides the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadingContext {
    /// The day of the mail in the calendar's zone: relative time frames count from it.
    pub date: jiff::civil::Date,
    /// ISO 3166 region for phone numbers without a country code, and for financial years.
    pub region: String,
    /// How to read 01/02/2025.
    pub day_first: DateOrder,
    /// The languages of labels, titles and time frames.
    pub languages: Arc<Languages>,
}

impl ReadingContext {
    /// The built-in defaults: region IN, day first, every shipped language (decision 18).
    pub fn new(date: jiff::civil::Date) -> Self {
        let languages = Languages::all();
        Self { date, region: "IN".to_owned(), day_first: DateOrder::DayFirst, languages }
    }
}

/// How much of a form a mail holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormPresence {
    /// A form with something filled in.
    Filled,
    /// The template, left untouched.
    Unfilled,
    /// No form, but the person asks for data or deletion in their own words.
    OwnWords,
    /// None of these.
    Absent,
}

/// What was understood, and every problem (design invariant 7).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Understood {
    /// What was read; empty where nothing was.
    pub form: Form,
    /// Everything that is missing, unclear or wrong, in the order of the template.
    pub problems: Vec<Problem>,
    /// How much of a form there is.
    pub filled: FormPresence,
    /// By which rule a mail without a form is a request: `de.delete.1` in `languages/de.toml`, or `title`.
    pub rule: Option<String>,
}

impl Understood {
    /// Whether the request can go on without a question to the requester. Name, role and phone may be missing, and an
    /// ambiguous date has been read one way; kind, scope, the requester's address and the acknowledgement must stand.
    pub fn is_complete(&self) -> bool {
        let needed = |field| {
            matches!(field, Field::Kind | Field::Scope | Field::RequesterEmail | Field::Acknowledgement)
        };
        matches!(self.filled, FormPresence::Filled | FormPresence::Unfilled)
            && self.form.kind.is_some()
            && self.form.scope.is_understood()
            && self.form.requester.email.is_some()
            && self.form.acknowledged
            && !self.problems.iter().any(|p| needed(p.field) && p.code != ProblemCode::Ambiguous)
    }
}

/// Reads a mail's subject and body. Never fails: what cannot be read is a problem.
pub fn read(subject: &str, body: &str, context: &ReadingContext) -> Understood {
    reader::read(subject, body, context)
}

/// A phone number in E.164, read as forms are read; `region` is that of numbers without a country code.
pub fn number(text: &str, region: &str) -> Option<String> {
    phone::e164(text, region)
}

/// The template for a clarification: what is known in normalised form, the placeholder for the rest (decision 35).
pub fn template(kind: Kind, known: &Form) -> String {
    prefill::template(kind, known)
}
