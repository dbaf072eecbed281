//! How much has left us: the package and what opens it, each in a mail of its own, and rows that were deleted. `store` knows it,
//! `transition` tells it to the person and to staff. What has left cannot be taken back, and nobody says that it can.

use serde::Serialize;

/// Whether a mail has left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Far {
    /// It has not, and it can be held back.
    #[default]
    No,
    /// It is in a server's hands at this moment, or the line broke after its last byte.
    Perhaps,
    /// The server took it.
    Yes,
}

/// Whether rows were deleted for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// None was.
    #[default]
    Untouched,
    /// The work has begun, and is carried to its end.
    Going,
    /// Some were, and nobody is at it any more.
    Gone,
}

/// How far the package and its passphrase are, and the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Left {
    /// The mail with the package, or with the link to it.
    pub package: Far,
    /// The mail with the passphrase.
    pub passphrase: Far,
    /// What a deletion has done.
    pub rows: Rows,
}

impl Left {
    /// For audits: `package:no passphrase:no`, and the rows where any went.
    pub fn as_words(self) -> String {
        let word = |far| match far {
            Far::No => "no",
            Far::Perhaps => "perhaps",
            Far::Yes => "yes",
        };
        let rows = match self.rows {
            Rows::Untouched => "",
            Rows::Going => " rows:going",
            Rows::Gone => " rows:gone",
        };
        format!("package:{} passphrase:{}{rows}", word(self.package), word(self.passphrase))
    }
}
