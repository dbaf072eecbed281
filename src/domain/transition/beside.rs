//! What becomes of that which stands beside a request: its challenge codes, its jobs, its mails, and the list of codes of a
//! member of staff. `mod.rs` puts it into a `Transition`; `workflow/mod.rs` and `workflow/stop.rs` carry it out.

use crate::domain::ids::StaffName;
use crate::domain::left::Left;

/// What becomes of the open challenge codes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codes {
    /// They stay.
    Keep,
    /// None may be used again.
    Void,
}

/// What becomes of the jobs of a request that are not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// They go on.
    Keep,
    /// Their leases and results are void.
    Abandon,
    /// Those that wait are done now.
    Hurry,
}

/// What becomes of the mails that hand out data and have not left yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mails {
    /// They leave.
    Keep,
    /// None leaves any more. Decided on the knowledge that this much had left: where it is more by now, it is decided
    /// anew.
    HoldBack(Left),
    /// What still waits is taken back, because the same leaves anew. Decided on what had left, like the other.
    Replace(Left),
}

/// A wrong code of a member of staff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// Whose list it is.
    pub name: StaffName,
    /// Wrong codes on this list before: where it is another number by now, it is decided anew.
    pub before: u8,
}
