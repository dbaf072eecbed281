//! A request as staff may see it: a line of the register, the whole of it, its plan. Shows personal data, because who runs
//! this holds the key anyway; decides and computes nothing. `requests.rs` fetches what is printed.

use super::output::{moment, row, table};
use crate::domain::personal::Personal;
use crate::domain::plan::PlanSummary;
use crate::domain::request::{
    Blocker, Check, Ground, Kind, Outcome, PlanState, Request, SecondFactor, Stage, Voice,
};
use crate::domain::scope::{AccountScope, Scope};
use crate::domain::sender::SenderEvidence;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, Write};

/// A line of the register, for programs. Days are the company's.
#[derive(Serialize)]
pub struct Line {
    reference: String,
    kind: Option<Kind>,
    stage: &'static str,
    outcome: Option<&'static str>,
    ground: Option<&'static str>,
    blocker: Option<&'static str>,
    received_at: Timestamp,
    due: Date,
    overdue: bool,
}

impl Line {
    /// The line of a request.
    pub fn of(request: &Request, now: Timestamp) -> Self {
        let outcome = request.stage.outcome();
        Self {
            reference: request.reference.to_string(),
            kind: request.kind,
            stage: request.stage.name(),
            outcome: outcome.map(Outcome::as_str),
            ground: outcome.and_then(Outcome::ground).map(Ground::as_str),
            blocker: request.blocker.map(Blocker::as_str),
            received_at: request.received_at,
            due: request.due.due,
            overdue: is_overdue(request, now),
        }
    }
}

/// Whether it is open and late.
pub fn is_overdue(request: &Request, now: Timestamp) -> bool {
    request.is_open() && now > request.due.due_at
}

/// The register as a table.
pub fn list(out: &mut dyn Write, requests: &[&Request], now: Timestamp, zone: &TimeZone) -> io::Result<()> {
    let heads = ["REFERENCE", "KIND", "STAGE", "STANDS STILL", "RECEIVED", "DUE"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(requests.iter().map(|request| {
        let overdue = if is_overdue(request, now) { "  OVERDUE" } else { "" };
        [
            request.reference.to_string(),
            kind(request).to_owned(),
            stage(&request.stage),
            request.blocker.map_or("-", |blocker| blocker.as_str()).to_owned(),
            moment(request.received_at, zone),
            format!("{}{overdue}", day(request.due.due)),
        ]
    }));
    table(out, &rows)
}

/// Everything about one request.
pub fn request(
    out: &mut dyn Write,
    request: &Request,
    steps: &[(String, String)],
    now: Timestamp,
    zone: &TimeZone,
) -> io::Result<()> {
    let overdue = if is_overdue(request, now) { "  OVERDUE" } else { "" };
    row(out, "request", &format!("{}, {}", request.reference, kind(request)))?;
    row(out, "stage", &format!("{} since {}", stage(&request.stage), moment(request.stage.since(), zone)))?;
    row(out, "stands still", request.blocker.map_or("", |blocker| blocker.as_str()))?;
    row(
        out,
        "received",
        &format!("{}, mailbox {}", moment(request.received_at, zone), request.origin.mailbox),
    )?;
    let due = &request.due;
    let law = format!("(promised {}, {} {})", day(due.promise), request.regime, day(due.statutory));
    row(out, "due", &format!("{} {law}{overdue}", day(due.due)))?;
    let sender = &request.origin;
    row(out, "sender", &format!("{}, {}", sender.sender.expose(), sender.verdict.as_str()))?;
    evidence(out, &sender.evidence)?;
    if request.voice == Voice::Silent {
        row(out, "answers", "none leave: this mailbox or mail forbids them; staff alone are told")?;
    }
    form(out, request)?;
    on_file(out, request)?;
    match &request.second_factor {
        SecondFactor::NotNeeded => {}
        SecondFactor::Needed => row(out, "call-back", "needed: call the phone on file")?,
        SecondFactor::Called { by, at, .. } => {
            row(out, "call-back", &format!("{by}, {}", moment(*at, zone)))?;
        }
    }
    if request.tries > 0 {
        row(out, "wrong codes", &request.tries.to_string())?;
    }
    if let Some(question) = &request.question {
        row(out, "question", &format!("{}: {}", question.by, question.text.expose()))?;
    }
    if let Some(summary) = &request.plan {
        plan(out, summary, PlanKind::Frozen, zone)?;
    }
    for (name, detail) in steps {
        row(out, "step", &format!("{name}: {detail}"))?;
    }
    if let Some(package) = &request.package {
        row(
            out,
            "package",
            &format!("{}, {} bytes, SHA-256 {}", package.file_name, package.bytes, package.sha256),
        )?;
        for part in &package.contents {
            let counts =
                format!("{} rows, {} files, {} gone since the plan", part.rows, part.files, part.gone);
            row(out, "", &format!("{}: {counts}", part.title))?;
        }
    }
    Ok(())
}

/// What the verdict on the sender rests on.
fn evidence(out: &mut dyn Write, evidence: &SenderEvidence) -> io::Result<()> {
    if !evidence.reason.is_empty() {
        row(out, "", &evidence.reason)?;
    }
    for signature in &evidence.signatures {
        let aligned = if signature.aligned { "aligned" } else { "not aligned" };
        let (domain, selector) = (signature.domain.expose(), signature.selector.expose());
        let by = if domain.is_empty() { String::new() } else { format!(" d={domain} s={selector}") };
        row(out, "", &format!("dkim{by}: {}, {aligned}", signature.result))?;
    }
    if let Some(policy) = &evidence.policy {
        row(out, "", &format!("dmarc policy of the sender's domain: {policy}"))?;
    }
    evidence.dns.as_ref().map_or(Ok(()), |dns| row(out, "", &format!("dns: {dns}")))
}

fn form(out: &mut dyn Write, request: &Request) -> io::Result<()> {
    let (scope, requester) = (&request.form.scope, &request.form.requester);
    row(out, "scope", scope.text.expose())?;
    row(out, "understood", &understood(scope))?;
    let shown = |value: &Option<Personal>| value.as_ref().map(|value| value.expose().clone());
    let email = requester.email.as_ref().map(|email| email.expose().to_owned());
    let requester = [shown(&requester.name), shown(&requester.role), email, shown(&requester.phone)];
    row(out, "requester", &requester.into_iter().flatten().collect::<Vec<_>>().join(", "))?;
    row(out, "legal basis", &request.form.legal_basis)?;
    for problem in &request.problems {
        row(out, "problem", &problem.text)?;
    }
    Ok(())
}

fn on_file(out: &mut dyn Write, request: &Request) -> io::Result<()> {
    let Some(entry) = &request.subject else {
        return row(out, "on file", "nobody yet");
    };
    let phone = entry.phone.as_ref().map_or("no phone", |phone| phone.expose().as_str());
    let person = format!("{}, {}, {phone}", entry.name.expose(), entry.address.expose());
    row(
        out,
        "on file",
        &format!("{person}; {} of account {}, key {}", entry.role, entry.account, entry.subject),
    )
}

fn understood(scope: &Scope) -> String {
    let mut parts = Vec::new();
    match &scope.account {
        Some(AccountScope::Own) => parts.push("their own account".to_owned()),
        Some(AccountScope::Named(account)) => parts.push(format!("account {account}")),
        None => {}
    }
    parts.extend(scope.users.iter().map(|user| format!("user {}", user.expose())));
    parts.extend(scope.numbers.iter().map(|number| format!("number {}", number.expose())));
    if scope.everything {
        parts.push("all data".to_owned());
    }
    parts.extend(scope.from.map(|from| format!("from {from}")));
    parts.extend(scope.to.map(|to| format!("to {to}")));
    parts.join(", ")
}

/// Whether a plan binds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanKind {
    /// It does.
    Frozen,
    /// Counted for this look only.
    DryRun,
}

/// What a plan holds, without its keys.
pub fn plan(out: &mut dyn Write, summary: &PlanSummary, kind: PlanKind, zone: &TimeZone) -> io::Result<()> {
    let as_of = moment(summary.as_of, zone);
    let head = match kind {
        PlanKind::Frozen => format!("{} records as of {as_of}, hash {}", summary.total_rows, summary.hash),
        PlanKind::DryRun => {
            format!("{} records now, {as_of}: a dry run, nothing was stored", summary.total_rows)
        }
    };
    row(out, "plan", &head)?;
    for line in &summary.categories {
        let times = match (line.first, line.last) {
            (Some(first), Some(last)) => format!(", {} to {}", moment(first, zone), moment(last, zone)),
            _ => String::new(),
        };
        row(out, "", &format!("{}: {}{times}", line.title, line.count))?;
        for kept in &line.kept {
            let until = kept.until.map(|until| format!(", until {until}")).unwrap_or_default();
            let why = format!("{}, {}{until}", kept.ground.as_str(), kept.citation);
            row(out, "", &format!("{}: {} stay: {why}", line.title, kept.rows))?;
        }
    }
    Ok(())
}

fn kind(request: &Request) -> &'static str {
    request.kind.map_or("unclear", Kind::as_str)
}

fn stage(stage: &Stage) -> String {
    let detail = match stage {
        Stage::AwaitingVerification { check: Check::Resolving, .. } => "asking the directory",
        Stage::AwaitingVerification { check: Check::Frozen { .. }, .. } => {
            "frozen: its owner disowned a request"
        }
        Stage::AwaitingVerification { check: Check::NoMatch, .. } => "nobody on file",
        Stage::AwaitingApproval { plan: PlanState::Planning, .. } => "counting",
        Stage::Closed { outcome: Outcome::Refused(ground), .. } => {
            return format!("closed: refused, {}", ground.as_str());
        }
        Stage::Closed { outcome, .. } => return format!("closed: {}", outcome.as_str()),
        Stage::AwaitingVerification { check: Check::Challenged { .. }, .. }
        | Stage::AwaitingApproval { plan: PlanState::Frozen, .. }
        | Stage::Recorded { .. }
        | Stage::CoolingOff { .. }
        | Stage::Executing { .. }
        | Stage::Delivering { .. } => return stage.name().to_owned(),
    };
    format!("{}: {detail}", stage.name())
}

fn day(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::{PlanKind, Request, list, plan, request};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    /// As it lies in the state.
    const STORED: &str = r#"{
        "reference": "DSR-7K3M-9Q2X", "version": 4, "kind": "export", "received_at": "2026-03-02T04:45:00Z",
        "origin": {"sender": "asha@traders.example", "verdict": "aligned", "evidence": {
            "reason": "evaluated: dkim=pass aligned",
            "signatures": [{"domain": "traders.example", "selector": "s1\u001b[31m", "result": "pass", "aligned": true}],
            "policy": "reject", "dns": "answered after 2 failed tries"}, "mailbox": "support", "message_id": null},
        "voice": "speaks",
        "form": {"kind": "export", "legal_basis": "Customer request", "acknowledged": true,
            "scope": {"account": {"Named": "481516"}, "users": [], "numbers": ["+919876543210"], "from": "2025-01-01",
                "to": null, "everything": false, "text": "account 481516,\n+91 98765 43210 since Jan \u001b[31m2025"},
            "requester": {"name": "Asha Rao", "role": "Owner", "email": "asha@traders.example", "phone": null}},
        "problems": [{"field": "requester.phone", "code": "missing", "text": "No phone."}],
        "regime": "dpdp",
        "due": {"acknowledge": "2026-03-03T12:30:00Z", "promise": "2026-04-01", "statutory": "2026-05-31",
            "due": "2026-04-01", "due_at": "2026-04-01T18:29:59Z", "at_risk": []},
        "stage": {"stage": "awaiting-approval", "since": "2026-03-02T05:00:00Z", "plan": "frozen"},
        "blocker": "needs-second-factor",
        "subject": {"subject": "u1", "account": "481516", "name": "Asha Rao", "address": "asha@traders.example",
            "phone": "+919812345678", "role": "owner", "user": "u1", "regime": null},
        "tries": 1, "second_factor": "needed",
        "plan": {"as_of": "2026-03-02T05:00:00Z", "hash": "9f86d081", "total_rows": 1204, "categories": [
            {"name": "call_logs", "title": "Call logs", "count": 1204, "first": "2025-01-02T05:00:00Z",
             "last": "2025-03-31T05:00:00Z"},
            {"name": "recordings", "title": "Recordings", "count": 0, "first": null, "last": null}]},
        "question": null, "package": null,
        "alarms": {"acknowledge": false, "at_risk": 0, "breached": false}, "wake_at": null}"#;

    fn stored() -> Request {
        serde_json::from_str(STORED).expect("a request")
    }

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Kolkata").expect("a zone")
    }

    fn printed(print: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
        let mut out = Vec::new();
        print(&mut out).expect("prints");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_request_is_shown_whole() {
        let now: Timestamp = "2026-04-02T00:00:00Z".parse().expect("a time");
        let steps = [("export call_logs".to_owned(), "rows=1204 gone=0 files=0".to_owned())];
        insta::assert_snapshot!(printed(|out| request(out, &stored(), &steps, now, &zone())), @r"
        request        DSR-7K3M-9Q2X, export
        stage          awaiting-approval since Mon 2 Mar 2026, 10:30
        stands still   needs-second-factor
        received       Mon 2 Mar 2026, 10:15, mailbox support
        due            Wed 1 Apr 2026 (promised Wed 1 Apr 2026, dpdp Sun 31 May 2026)  OVERDUE
        sender         asha@traders.example, aligned
                       evaluated: dkim=pass aligned
                       dkim d=traders.example s=s1\u{1b}[31m: pass, aligned
                       dmarc policy of the sender's domain: reject
                       dns: answered after 2 failed tries
        scope          account 481516,\n+91 98765 43210 since Jan \u{1b}[31m2025
        understood     account 481516, number +919876543210, from 2025-01-01
        requester      Asha Rao, Owner, asha@traders.example
        legal basis    Customer request
        problem        No phone.
        on file        Asha Rao, asha@traders.example, +919812345678; owner of account 481516, key u1
        call-back      needed: call the phone on file
        wrong codes    1
        plan           1204 records as of Mon 2 Mar 2026, 10:30, hash 9f86d081
                       Call logs: 1204, Thu 2 Jan 2025, 10:30 to Mon 31 Mar 2025, 10:30
                       Recordings: 0
        step           export call_logs: rows=1204 gone=0 files=0
        ");
    }

    #[test]
    fn the_register_marks_what_is_late() {
        let closed = STORED.replace(
            r#""stage": "awaiting-approval", "since": "2026-03-02T05:00:00Z", "plan": "frozen""#,
            r#""stage": "closed", "since": "2026-03-02T05:00:00Z", "outcome": {"refused": "legal-hold"}"#,
        );
        let closed: Request =
            serde_json::from_str(&closed.replace(r#""needs-second-factor""#, "null")).expect("a request");
        let late = stored();
        let now: Timestamp = "2026-04-02T00:00:00Z".parse().expect("a time");
        insta::assert_snapshot!(printed(|out| list(out, &[&late, &closed], now, &zone())), @r"
        REFERENCE      KIND    STAGE                        STANDS STILL         RECEIVED               DUE
        DSR-7K3M-9Q2X  export  awaiting-approval            needs-second-factor  Mon 2 Mar 2026, 10:15  Wed 1 Apr 2026  OVERDUE
        DSR-7K3M-9Q2X  export  closed: refused, legal-hold  -                    Mon 2 Mar 2026, 10:15  Wed 1 Apr 2026
        ");
    }

    #[test]
    fn a_dry_run_says_that_it_is_one() {
        let summary = stored().plan.expect("a plan");
        let shown = printed(|out| plan(out, &summary, PlanKind::DryRun, &zone()));
        assert!(shown.contains("1204 records now, Mon 2 Mar 2026, 10:30: a dry run"), "{shown}");
    }
}
