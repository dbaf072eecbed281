//! `dsrd completions` and `dsrd man`: what shells and manual readers know of the commands, printed from the commands
//! themselves, so that neither can fall behind. Needs no configuration and no state.

use super::args::{Completions, Man};
use super::{CliError, Exit, Outcome, output};
use clap::Command;

/// Prints a shell's completions.
pub fn completions(args: &Completions, mut command: Command) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "dsrd", &mut text);
    output::print(|out| out.write_all(&text))?;
    Ok(Exit::Done)
}

/// Prints the manual page of dsrd, or writes a page for each command into a folder.
pub fn man(args: &Man, command: Command) -> Outcome {
    let Some(folder) = &args.folder else {
        let mut text = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut text);
        rendered.map_err(|error| CliError::outside(format!("cannot write the manual page: {error}")))?;
        output::print(|out| out.write_all(&text))?;
        return Ok(Exit::Done);
    };
    clap_mangen::generate_to(command, folder).map_err(|error| {
        CliError::outside(format!(
            "cannot write the manual pages into {}: {error}; name a folder that you may write to",
            folder.display()
        ))
    })?;
    Ok(Exit::Done)
}
