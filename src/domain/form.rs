//! The template as a person filled it in.

use super::address::Address;
use super::personal::Personal;
use super::request::Kind;
use super::scope::Scope;
use serde::{Deserialize, Serialize};

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
