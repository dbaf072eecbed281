//! What the demo claims at its end, looked at from outside: the package opens, is whole and holds Asha's rows and nobody
//! else's; the audit log is unbroken. Each check also shows that it can say no. The rules are `package/check.rs` and
//! `domain/audit.rs`.

use super::Trouble;
use super::machine::many;
use super::show::{Show, size};
use super::telephony::Telephony;
use crate::domain::audit::{self, AuditFault, Entry, Head, Verifier};
use crate::domain::ids::Reference;
use crate::package::{self, Opened, PackageError, Passphrase};
use crate::store::{AuditRow, Store};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::Path;

/// Largest page or table of the package that the demo reads.
const ENTRY_BYTES_MAX: u64 = 10_000_000;
/// Entries of the package that are listed.
const LISTED_MAX: usize = 14;

/// Opens the package as Asha does, and looks at what is inside.
pub(super) async fn open_package(
    zip: &Path,
    passphrase: &str,
    company: &mut Telephony,
    show: &mut Show<'_>,
) -> Result<(), Trouble> {
    let passphrase = Passphrase::new(passphrase.to_owned());
    refuse_a_wrong_passphrase(zip)?;
    show.step("check", "a wrong passphrase does not open it, as it should be")?;
    let checked = package::check(zip, &passphrase).map_err(Trouble::broke("check the package"))?;
    let facts = format!(
        "the passphrase from the mail does: {}, {}; every entry is AES-256, and every SHA-256 and row count \
         agrees with the manifest inside",
        many(usize::try_from(checked.files).unwrap_or(0), "file"),
        size(checked.bytes)
    );
    show.step("check", &facts)?;
    let mut opened = Opened::open(zip, &passphrase).map_err(Trouble::broke("open the package"))?;
    let names = opened.names().map_err(Trouble::broke("list the package"))?;
    show.blank()?;
    for name in names.iter().take(LISTED_MAX) {
        show.line(&format!("    {name}"))?;
    }
    if let Some(more) = names.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        show.line(&format!("    … {more} more"))?;
    }
    let calls = read_text(&mut opened, "data/call_logs.csv")?;
    show.blank()?;
    show.line("    data/call_logs.csv begins:")?;
    for line in calls.lines().take(4) {
        show.line(&format!("    {}", line.trim_start_matches('\u{feff}')))?;
    }
    show.blank()?;
    compare_calls(&calls, company, show).await
}

fn refuse_a_wrong_passphrase(zip: &Path) -> Result<(), Trouble> {
    let wrong = Passphrase::new("000-000-000-000-000-000".to_owned());
    match package::check(zip, &wrong) {
        Err(PackageError::WrongPassphrase) => Ok(()),
        Err(error) => Err(Trouble::unexpected("that a wrong passphrase is refused", error.to_string())),
        Ok(_) => Err(Trouble::unexpected("that a wrong passphrase is refused", "an opened package")),
    }
}

fn read_text(opened: &mut Opened, name: &str) -> Result<String, Trouble> {
    let bytes = opened.read(name, ENTRY_BYTES_MAX).map_err(Trouble::broke(format!("read {name}")))?;
    String::from_utf8(bytes).map_err(Trouble::broke(format!("read {name}")))
}

/// The calls in the package against the company's own database: the same ones, and nobody else's.
async fn compare_calls(csv: &str, company: &mut Telephony, show: &mut Show<'_>) -> Result<(), Trouble> {
    let mut found = BTreeSet::new();
    for record in csv::Reader::from_reader(csv.as_bytes()).records() {
        let record = record.map_err(Trouble::broke("read data/call_logs.csv"))?;
        found.extend(record.get(0).map(str::to_owned));
    }
    let asked_for = company.calls_asked_for().await?;
    if found != asked_for {
        let (missing, surplus) = (asked_for.difference(&found).count(), found.difference(&asked_for).count());
        return Err(Trouble::unexpected(
            format!("exactly the {} calls that were asked for", asked_for.len()),
            format!("{missing} of them missing and {surplus} others"),
        ));
    }
    let others = company.calls_of_others().await?;
    let strangers = found.intersection(&others).count();
    if strangers > 0 {
        return Err(Trouble::unexpected("no call of another account", format!("{strangers}")));
    }
    let same = format!(
        "the {} calls in it are exactly those of account 481516 in January and February; none of the {} calls of \
         other accounts is among them",
        found.len(),
        others.len()
    );
    Ok(show.step("check", &same)?)
}

/// Reads the whole audit log anew, as `dsrd audit verify` does, and tells the request's story as it stands there.
pub(super) async fn verify_audit(
    store: &Store,
    reference: &Reference,
    zone: &TimeZone,
    show: &mut Show<'_>,
) -> Result<Head, Trouble> {
    let head = store.audit_head().await.map_err(Trouble::broke("read the audit log's head"))?;
    let head = head.ok_or_else(|| Trouble::unexpected("an audit log", "none"))?;
    let rows = read_log(store).await?;
    let mut verifier = Verifier::new();
    for row in &rows {
        let entry =
            verifier.check(row.seq, &row.entry, row.leaf).map_err(Trouble::broke("verify the audit log"))?;
        if entry.request.as_ref() == Some(reference) {
            tell(&entry, zone, show)?;
        }
    }
    let verified = verifier.finish(head).map_err(Trouble::broke("verify the audit log"))?;
    show.blank()?;
    show.step("check", &format!("all {} entries verified; root {}", verified.size, verified.root))?;
    let fault = notice_a_change(&rows, head)?;
    show.step("check", &format!("with one letter of one entry changed, verification says: {fault}"))?;
    Ok(verified)
}

async fn read_log(store: &Store) -> Result<Vec<AuditRow>, Trouble> {
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let from = rows.last().map_or(0, |row| row.seq + 1);
        let page = store.audit_page(from).await.map_err(Trouble::broke("read the audit log"))?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn tell(entry: &Entry, zone: &TimeZone, show: &mut Show<'_>) -> Result<(), Trouble> {
    let at = entry.at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let notice = entry.evidence.get("notice").cloned().unwrap_or_default();
    let more = entry.to_stage.as_ref().map_or(notice, |to| format!("-> {to}"));
    let line = format!("    {at}  {:<13} {:<22} {more}", entry.actor.to_string(), entry.action.as_str());
    Ok(show.line(line.trim_end())?)
}

/// The log with one letter changed in its middle, in memory: the check must name that entry.
fn notice_a_change(rows: &[AuditRow], head: Head) -> Result<AuditFault, Trouble> {
    let victim = head.size / 2;
    let changed = rows.iter().map(|row| {
        let mut entry = row.entry.clone();
        if row.seq == victim
            && let Some(letter) = entry.iter_mut().rfind(|byte| byte.is_ascii_lowercase())
        {
            *letter = if *letter == b'x' { b'y' } else { b'x' };
        }
        (row.seq, entry, row.leaf)
    });
    match audit::verify(changed, head) {
        Err(fault @ AuditFault::Changed { seq }) if seq == victim => Ok(fault),
        Err(fault) => Err(Trouble::unexpected("that the changed entry is named", fault.to_string())),
        Ok(_) => Err(Trouble::unexpected("that a changed entry is found", "a log called sound")),
    }
}
