//! `dsrd staff`: who decides, and their one-time codes. Codes are printed once and stored as keyed hashes only. What a role
//! may do is `domain/policy.rs`; the changes are `workflow/operate.rs`'s.

use super::args::{Staff, StaffWhat};
use super::{CliError, Exit, Outcome, ask, open, output};
use crate::config::Config;
use crate::domain::ids::StaffName;
use crate::domain::policy;
use crate::env::Env;
use crate::store::{StaffRow, StaffState};
use crate::workflow::{Operation, Reply};
use serde::Serialize;
use std::io::{self, Write};

/// Does what is asked.
pub async fn run(args: Staff, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let json = args.output.json;
    match args.what {
        StaffWhat::Add { name, address, role } => {
            let name = name.name;
            let operation =
                Operation::AddStaff { name: name.clone(), address, role: role.as_str().to_owned() };
            let reply = ask::operate(&config, env, &format!("add {name}"), operation).await?;
            let said = format!("{name} is {}. Next: dsrd staff codes {name}", role.as_str());
            ask::done(json, &reply, &said)
        }
        StaffWhat::Disable(name) => {
            let name = name.name;
            let operation = Operation::DisableStaff { name: name.clone() };
            let reply = ask::operate(&config, env, &format!("disable {name}"), operation).await?;
            ask::done(json, &reply, &format!("{name} may do nothing any more, and their codes are void."))
        }
        StaffWhat::Codes(name) => issue(&config, env, json, name.name).await,
        StaffWhat::List => list(&config, env, json).await,
    }
}

async fn issue(config: &Config, env: &Env, json: bool, name: StaffName) -> Outcome {
    let operation = Operation::IssueCodes { name: name.clone() };
    let reply = ask::operate(config, env, &format!("issue codes for {name}"), operation).await?;
    match &reply {
        Reply::Codes { codes } if !json => output::print(|out| sheet(out, &name, codes))?,
        reply => output::json(reply)?,
    }
    Ok(Exit::Done)
}

/// The list as it is printed on paper.
fn sheet(out: &mut dyn Write, name: &StaffName, codes: &[String]) -> io::Result<()> {
    writeln!(
        out,
        "One-time codes of {name}. Each works once; every list printed before is void. Keep them off the computer."
    )?;
    writeln!(
        out,
        "To decide, answer the mail that asks you with, for example, APPROVE and a code in the first line; then cross it out."
    )?;
    writeln!(out)?;
    for (number, code) in (1..).zip(codes) {
        writeln!(out, "{number:>3}  {code}")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    role: &'a str,
    address: &'a str,
    active: bool,
    codes_left: i64,
    /// Five wrong codes: no code counts until a new list is printed.
    locked: bool,
}

impl<'a> Line<'a> {
    fn of(row: &'a StaffRow) -> Self {
        Self {
            name: row.staff.name.as_str(),
            role: row.staff.role.as_str(),
            address: row.staff.address.expose(),
            active: row.state == StaffState::Active,
            codes_left: row.codes_left,
            locked: row.wrong_codes >= policy::STRIKES_MAX,
        }
    }
}

async fn list(config: &Config, env: &Env, json: bool) -> Outcome {
    let store = open::state(config, env).await?;
    let staff = store.staff().await.map_err(|error| CliError::state("list the staff", &error))?;
    let lines: Vec<Line<'_>> = staff.iter().map(Line::of).collect();
    if json {
        output::json(&lines)?;
    } else if lines.is_empty() {
        output::print(|out| {
            writeln!(out, "Nobody yet: dsrd staff add NAME --address ADDRESS --role approver")
        })?;
    } else {
        output::print(|out| table(out, &lines))?;
    }
    Ok(Exit::Done)
}

const fn state(line: &Line<'_>) -> &'static str {
    match (line.active, line.locked) {
        (false, _) => "disabled",
        (true, true) => "locked",
        (true, false) => "active",
    }
}

fn table(out: &mut dyn Write, lines: &[Line<'_>]) -> io::Result<()> {
    let mut rows = vec![["NAME", "ROLE", "STATE", "CODES LEFT", "ADDRESS"].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        [
            line.name.to_owned(),
            line.role.to_owned(),
            state(line).to_owned(),
            line.codes_left.to_string(),
            line.address.to_owned(),
        ]
    }));
    output::table(out, &rows)
}

#[cfg(test)]
mod tests {
    use super::{Line, sheet, table};
    use crate::domain::ids::StaffName;

    #[test]
    fn a_list_of_codes_can_be_printed_and_says_how_to_use_it() {
        let name = StaffName::parse("meera").expect("a name");
        let mut out = Vec::new();
        sheet(&mut out, &name, &["4TQH-9ZKM-2W".to_owned(), "7RDB-51AA-XC".to_owned()]).expect("prints");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r"
        One-time codes of meera. Each works once; every list printed before is void. Keep them off the computer.
        To decide, answer the mail that asks you with, for example, APPROVE and a code in the first line; then cross it out.

          1  4TQH-9ZKM-2W
          2  7RDB-51AA-XC
        ");
    }

    #[test]
    fn the_staff_are_a_table() {
        let line = |name, role, active, codes_left| Line {
            name,
            role,
            address: "m@acme.example",
            active,
            codes_left,
            locked: codes_left == 3,
        };
        let mut out = Vec::new();
        table(
            &mut out,
            &[line("meera", "dpo", true, 19), line("jo", "agent", false, 0), line("al", "agent", true, 3)],
        )
        .expect("prints");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r"
        NAME   ROLE   STATE     CODES LEFT  ADDRESS
        meera  dpo    active    19          m@acme.example
        jo     agent  disabled  0           m@acme.example
        al     agent  locked    3           m@acme.example
        ");
    }
}
