//! The data of the notices about a deletion that the person who asks receives: what will go, what went, what stays and
//! why. The certificate shows the same as the completion notice. `customer.rs` has the other notices.

use super::{About, Asked, Rights};
use crate::domain::request::Ground;
use jiff::Zoned;
use jiff::civil::Date;
use serde::Serialize;

/// What stays of a category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeptPart {
    /// As the company's configuration names it for people.
    pub category: String,
    /// Records.
    pub rows: u64,
    /// Why.
    pub ground: Ground,
    /// The law or order, as configured.
    pub citation: String,
    /// When the first of them may go, where that is known.
    pub from: Option<Date>,
    /// When the last of them may go.
    pub until: Option<Date>,
}

/// What goes of a category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeletedLine {
    /// As the company's configuration names it for people.
    pub category: String,
    /// Records.
    pub rows: u64,
    /// Files with them, such as recordings.
    pub files: u64,
}

/// The deletion is agreed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ApprovedText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// When it begins; until then it can be taken back.
    pub begins: Zoned,
    /// What goes.
    pub deleted: Vec<DeletedLine>,
    /// What stays.
    pub kept: Vec<KeptPart>,
}

/// The deletion is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CompletedDeleteText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What was asked for.
    pub asked: Asked,
    /// What went.
    pub deleted: Vec<DeletedLine>,
    /// What stays: a refusal in part, with all that law.md asks of one.
    pub kept: Vec<KeptPart>,
    /// The last day on which a backup may still hold something of it.
    pub backups_until: Option<Date>,
    /// The day the request came in.
    pub received: Date,
    /// When every source had answered that nothing is left.
    pub completed: Zoned,
    /// The moment up to which data was deleted (decision 1).
    pub as_of: Zoned,
    /// The hash of the plan that was carried out.
    pub plan: String,
    /// The law.
    pub rights: Rights,
}

/// What had been kept is deleted too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ObligationSettledText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// What went now.
    pub deleted: Vec<DeletedLine>,
    /// The day on which the deletion itself was completed.
    pub completed: Date,
    /// Today.
    pub settled: Date,
}
