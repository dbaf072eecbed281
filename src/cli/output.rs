//! How commands print: all at once, and a reader that went away (`| head`) ends the command quietly. What strangers wrote
//! never reaches the terminal as control characters. Knows nothing of what is printed.

use super::{CliError, logging};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// Writes to standard output.
///
/// # Errors
/// When it cannot be written; where nobody reads any more, an error that prints nothing and exits with 0.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| unwritten(&error))
}

/// Why standard output could not be written.
pub fn unwritten(error: &io::Error) -> CliError {
    if error.kind() == ErrorKind::BrokenPipe {
        return CliError::unread();
    }
    CliError::outside(format!("cannot write the result: {error}; look at where standard output leads"))
}

/// Prints one JSON value on one line.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    print(|out| {
        serde_json::to_writer(&mut *out, value)?;
        writeln!(out)
    })
}

/// A moment in the company's zone, for people.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%a %-d %b %Y, %H:%M").to_string()
}

/// A label and what belongs to it, on one line; nothing where there is nothing to say.
pub fn row(out: &mut dyn Write, label: &str, what: &str) -> io::Result<()> {
    if what.is_empty() {
        return Ok(());
    }
    writeln!(out, "{label:<14} {}", logging::escaped(what))
}

/// Lines of equally wide columns, the last one as long as it likes.
pub fn table<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let cells =
            row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", logging::escaped(cell)));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{row, table, unwritten};
    use crate::cli::Exit;
    use std::io::{self, ErrorKind};

    #[test]
    fn what_strangers_wrote_stays_on_its_line() {
        let mut out = Vec::new();
        row(&mut out, "scope", "all\x1b[2J\nroot: yes").expect("prints");
        row(&mut out, "nothing", "").expect("prints");
        table(&mut out, &[["a".into(), "b".into()], ["ccc".into(), "d\r\ne".into()]]).expect("prints");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r"
        scope          all\u{1b}[2J\nroot: yes
        a    b
        ccc  d\r\ne
        ");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let quiet = unwritten(&io::Error::from(ErrorKind::BrokenPipe));
        assert_eq!((quiet.exit, quiet.message.as_str()), (Exit::Done, ""));
        assert_eq!(unwritten(&io::Error::from(ErrorKind::StorageFull)).exit, Exit::Outside);
    }
}
