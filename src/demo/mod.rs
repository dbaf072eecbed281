//! `dsrd demo`: one export request from the first mail to the opened package, on SQLite, Maildirs and a made-up phone
//! company, with the clock moved by hand. The daemon's parts are the real ones; only the people are played, and they see
//! nothing but their mail and a printed list of codes. `story.rs` is the plot, and every step of it is checked.

mod deletion;
mod folder;
mod machine;
mod mailroom;
mod proof;
mod show;
mod story;
mod telephony;

use crate::env::Env;
use folder::Folder;
use std::io::Write;
use std::path::{Path, PathBuf};
use story::Story;

/// Why the story did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no place for its files.
    #[error("cannot play the demo in {}: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A scene did not come out as told.
    #[error("the demo stopped in scene \"{scene}\": {trouble}; its files are kept in {}", folder.display())]
    Stopped {
        /// The scene's title.
        scene: &'static str,
        /// What happened.
        trouble: Trouble,
        /// Where the files are.
        folder: PathBuf,
    },
}

/// What went wrong in a scene.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something else happened than the story tells.
    #[error("expected {expected}, but found {found}")]
    Unexpected {
        /// What should have been there.
        expected: String,
        /// What was there.
        found: String,
    },
    /// A part failed.
    #[error("could not {doing}: {why}")]
    Broke {
        /// What was attempted.
        doing: String,
        /// The part's own words.
        why: String,
    },
    /// The terminal or the pipe went away.
    #[error("could not print: {0}")]
    Print(#[from] std::io::Error),
}

impl Trouble {
    fn unexpected(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Unexpected { expected: expected.into(), found: found.into() }
    }

    /// For `map_err`: what was attempted, then the error in its own words.
    fn broke<E: std::fmt::Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |error| Self::Broke { doing, why: format!("{error:#}") }
    }
}

/// Plays the story and prints it to `out`. `keep` names a new folder for its files, which then stays; otherwise they lie
/// in a temporary one, which goes when all went well. `host` gives real time, for measuring only, and randomness.
pub async fn run(keep: Option<&Path>, host: &Env, out: &mut dyn Write) -> Result<(), DemoError> {
    let folder = Folder::make(keep, host)?;
    let mut scene = "Introduction";
    match Box::pin(Story::play(&folder, host, out, &mut scene)).await {
        Ok(()) => {
            folder.tidy_up();
            Ok(())
        }
        Err(trouble) => Err(DemoError::Stopped { scene, trouble, folder: folder.path().to_owned() }),
    }
}
