//! Proof of who somebody is, as verdicts: `workflow` compares codes and addresses (it holds the keys), the rules count
//! and decide (decision 43). No code or hash ever enters this layer.

use serde::{Deserialize, Serialize};

/// Who wrote a mail, seen from the request that it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Party {
    /// The authenticated address on file.
    OnFile,
    /// The authenticated sender of the first mail, where that is not the address on file.
    Requester,
    /// Anybody else, or nobody vouches for the From.
    Stranger,
}

/// What a typed challenge code turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeVerdict {
    /// An open code of this request, in time.
    Right,
    /// It was a code of this request; its 24 hours are over.
    Expired,
    /// None of this request's codes, or one that was used.
    Wrong,
}

/// What a typed staff code turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StaffCode {
    /// An unused code of this person's list; the transition consumes it.
    Valid(String),
    /// Not an unused code of this person's list.
    Wrong,
    /// The word needs none.
    NotAsked,
}
