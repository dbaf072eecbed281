//! How a command ends: the exit codes of interface.md, and the one line that says why. `mod.rs` prints it.

use crate::store::StoreError;
use std::process::ExitCode;

/// The exit codes of interface.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The answer is "no": invalid, not verified, falls short.
    No = 1,
    /// Wrong use or configuration.
    Usage = 2,
    /// The outside failed: a server, a database, a disk.
    Outside = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended without success: what was attempted, on what, why it failed, what to do. `main` prints it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// One line for people; several only for several problems of one configuration.
    pub message: String,
}

impl CliError {
    /// Wrong use or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// The answer is "no".
    pub fn no(message: impl Into<String>) -> Self {
        Self { exit: Exit::No, message: message.into() }
    }

    /// The state could not do what was attempted.
    pub fn state(doing: &str, error: &StoreError) -> Self {
        Self::outside(format!("cannot {doing}: {error}; dsrd check looks at the state"))
    }

    /// Nobody reads the output any more: no failure, nothing to say.
    pub const fn unread() -> Self {
        Self { exit: Exit::Done, message: String::new() }
    }

    /// The outside failed.
    pub fn outside(message: impl Into<String>) -> Self {
        Self { exit: Exit::Outside, message: message.into() }
    }
}
