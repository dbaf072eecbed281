//! `dsrd demo`: plays one export request on this machine alone and prints it. Writes only into its own folder and never
//! reads the host's configuration. The story is `demo/story.rs`.

use super::args::Demo;
use super::{CliError, Exit, Outcome};
use crate::demo::{self, DemoError};
use crate::env::Env;

/// Plays the story; ends well only when everything in it came out as told.
pub async fn run(args: Demo, env: &Env) -> Outcome {
    let mut out = std::io::stdout().lock();
    match demo::run(args.keep.as_deref(), env, &mut out).await {
        Ok(()) => Ok(Exit::Done),
        Err(error @ DemoError::Folder { .. }) => Err(CliError::usage(error.to_string())),
        Err(error @ DemoError::Stopped { .. }) => {
            Err(CliError { exit: Exit::No, message: error.to_string() })
        }
    }
}
