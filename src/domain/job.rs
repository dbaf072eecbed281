//! Durable work on a source. A job row is written in the transaction that asks for it; a worker leases it, and what it
//! finds comes back as an `Event`. Running jobs is `workflow/execute.rs`; the rows are `store/jobs.rs`.

use serde::{Deserialize, Serialize};

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Ask the directory who the requester is.
    Resolve,
    /// Count and freeze what there is.
    Plan,
    /// Write the package.
    Export,
    /// Delete exactly the frozen rows.
    Erase,
    /// Delete what was kept, now that its ground has ended.
    Settle,
}

impl JobKind {
    /// The word in columns and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Plan => "plan",
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Settle => "settle",
        }
    }

    /// Reads the column.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Resolve, Self::Plan, Self::Export, Self::Erase, Self::Settle]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}
