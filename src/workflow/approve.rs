//! Staff: their codes, their list, and what a mail of theirs says. Who may decide is `domain/policy.rs`; what follows is
//! `domain/transition/staff.rs`. Staff and codes have their one door here, with the same audit append (decision 44).

use super::{Failure, Incident, Workflow};
use crate::crypto::code;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::command::Command;
use crate::domain::deadline::{self, Due};
use crate::domain::event::{Event, StaffAct, StaffWord};
use crate::domain::form::{self, Form, Problem};
use crate::domain::ids::{Reference, StaffName};
use crate::domain::personal::Personal;
use crate::domain::policy::Staff;
use crate::domain::verification::StaffCode;
use crate::store::{Filter, RequestRow};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What staff codes are hashed for; a challenge code never passes as one.
const PURPOSE: &str = "staff";
/// Open requests that somebody who joins is asked about.
const OPEN_MAX: i64 = 10_000;
/// Requests that somebody is asked about with one commit.
const ASKED_AT_ONCE: usize = 100;
/// Longest label of a form's line.
const LABEL_CHARS_MAX: usize = 30;
/// Codes on one printed list.
pub(super) const CODES_PER_LIST: usize = 20;

impl Workflow {
    fn staff_hash(&self, name: &StaffName, typed: &str) -> String {
        code::code_hash(self.store.keyring().codes(), PURPOSE, name.as_str(), typed)
    }

    /// What a typed staff code is.
    pub(super) async fn staff_code(&self, name: &StaffName, typed: &str) -> Result<StaffCode, Failure> {
        let hash = self.staff_hash(name, typed);
        let mut verdict = StaffCode::Wrong;
        for (id, stored) in self.store.unused_codes(name).await? {
            if code::same(&stored, &hash) {
                verdict = StaffCode::Valid(id);
            }
        }
        Ok(verdict)
    }

    /// The act that a staff command is. A customer's word from staff is nothing that is a word here.
    pub(super) async fn staff_act(
        &self,
        staff: &Staff,
        command: Option<Command>,
        about: &Reference,
        plan_hash: Option<String>,
    ) -> Result<StaffAct, Failure> {
        let code = match command.as_ref().filter(|command| command.is_staff_word()).and_then(Command::code) {
            Some(typed) => self.staff_code(&staff.name, typed).await?,
            None => StaffCode::NotAsked,
        };
        let word = match command {
            Some(Command::Approve { .. }) => StaffWord::Approve,
            Some(Command::Refuse { ground, text, .. }) => {
                StaffWord::Refuse { ground, text: Personal::new(text) }
            }
            Some(Command::Ask { question }) => StaffWord::Ask { question: Personal::new(question) },
            Some(Command::Accept) => StaffWord::Accept,
            Some(Command::Extend { reason, .. }) => {
                StaffWord::Extend { reason: Personal::new(reason), dates: self.further_time(about).await? }
            }
            Some(Command::Scope { lines }) => StaffWord::Scope { form: self.completed(about, &lines).await? },
            Some(Command::NotRequest) => StaffWord::NotRequest,
            Some(Command::Called { note, .. }) => StaffWord::Called { note: Personal::new(note) },
            Some(Command::Hold { text }) => {
                let hold = self.hold_by_mail(about, staff.name.as_str(), &text).await?;
                StaffWord::Hold { hold: hold.map(Box::new) }
            }
            Some(Command::Release) => StaffWord::Release,
            Some(Command::Veto) => StaffWord::Veto,
            Some(Command::Confirm { .. } | Command::Cancel | Command::NotMe | Command::Status) | None => {
                StaffWord::NotUnderstood
            }
        };
        Ok(StaffAct { by: staff.name.clone(), address: staff.address.clone(), word, code, plan_hash })
    }

    /// The dates that further time would give a request, where its law grants any.
    async fn further_time(&self, about: &Reference) -> Result<Option<Due>, Failure> {
        let Some(row) = self.store.request(about).await? else { return Ok(None) };
        let (request, settings) = (&row.request, &self.settings);
        let regime = settings.regime(Some(&request.regime));
        Ok(deadline::extended(request.received_at, regime, &settings.calendar, &request.due))
    }

    /// What a request says with these lines of a form laid over it; none when they say nothing, or a scope that cannot be read.
    async fn completed(
        &self,
        about: &Reference,
        lines: &str,
    ) -> Result<Option<(Form, Vec<Problem>)>, Failure> {
        let Some(row) = self.store.request(about).await? else { return Ok(None) };
        let request = &row.request;
        let written_on = self.settings.calendar.local_date(request.received_at);
        let context = super::receive::context_on(&self.settings, written_on);
        let text = form_lines(lines);
        let unread = |form: &Form| text.starts_with("Scope:") && !form.scope.is_understood();
        let read = form::answer(&request.form, &request.problems, &text, &text, &context);
        Ok(read.filter(|(form, _)| !unread(form)))
    }

    /// Adds a member of staff, or changes one.
    pub(super) async fn add_staff(&self, staff: &Staff, actor: &Actor) -> Result<(), Failure> {
        let now = self.env.now();
        let mut tx = self.store.begin().await?;
        let evidence = BTreeMap::from([("role".to_owned(), staff.role.as_str().to_owned())]);
        tx.append_audit(&[entry(now, actor, Action::StaffAdded, &staff.name, evidence)]).await?;
        tx.put_staff(staff, &self.draw_id(), now).await?;
        Ok(tx.commit().await?)
    }

    /// Takes every right from a member of staff.
    pub(super) async fn disable_staff(&self, name: &StaffName, actor: &Actor) -> Result<(), Failure> {
        let now = self.env.now();
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[entry(now, actor, Action::StaffDisabled, name, BTreeMap::new())]).await?;
        if tx.disable_staff(name, now).await? == 0 {
            return Err(Failure::Refused(format!(
                "no member of staff is called {name}; see `dsrd staff list`"
            )));
        }
        Ok(tx.commit().await?)
    }

    /// Asks everybody who joined or changed what requests wait for from them; where somebody left, says so to the others.
    /// What a crash leaves undone here, the next start does.
    pub(super) async fn brief_staff(&self) -> Result<(), Failure> {
        for name in self.store.unbriefed_staff().await? {
            let open = self.store.requests(Filter::Open, OPEN_MAX).await?;
            let changed = |row: &RequestRow| {
                Incident::of(&row.request.reference, Event::StaffChanged { name: name.clone() })
            };
            let incidents: Vec<Incident> = open.iter().map(changed).collect();
            for some in incidents.chunks(ASKED_AT_ONCE) {
                for (_, failure) in self.apply(some).await? {
                    if failure.is_transient() {
                        return Err(failure);
                    }
                    tracing::error!(staff = %name, %failure, "could not ask a member of staff what waits for them");
                }
            }
            let mut tx = self.store.begin().await?;
            tx.set_briefed(&name, self.env.now()).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Draws a fresh list of one-time codes; the old list is void from then on. Shown once, stored as keyed hashes.
    pub(super) async fn issue_codes(&self, name: &StaffName, actor: &Actor) -> Result<Vec<String>, Failure> {
        let known = self.store.staff().await?.into_iter().any(|row| row.staff.name == *name);
        if !known {
            return Err(Failure::Refused(format!(
                "no member of staff is called {name}; add them with `dsrd staff add`"
            )));
        }
        let now = self.env.now();
        let codes: Vec<String> =
            (0..CODES_PER_LIST).map(|_| code::staff_code(self.env.entropy.bits())).collect();
        let mut tx = self.store.begin().await?;
        let evidence = BTreeMap::from([("codes".to_owned(), codes.len().to_string())]);
        tx.append_audit(&[entry(now, actor, Action::CodesIssued, name, evidence)]).await?;
        tx.void_staff_codes(name, now).await?;
        tx.forgive_wrong_codes(name).await?;
        for typed in &codes {
            tx.insert_staff_code(&self.draw_id(), name, &self.staff_hash(name, typed), now).await?;
        }
        tx.commit().await?;
        Ok(codes)
    }
}

/// `SCOPE export` names the kind, `SCOPE number …` is the line of the form that has the word's name, and a line with a label
/// of its own stays as it is.
fn form_lines(lines: &str) -> String {
    let (first, rest) = lines.split_once('\n').unwrap_or((lines, ""));
    let has_label = first.split_once(':').is_some_and(|(label, _)| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphabetic() || c == ' ')
            && label.len() <= LABEL_CHARS_MAX
    });
    let first = match first.trim().to_ascii_lowercase().as_str() {
        "export" => "Data Export Request".to_owned(),
        "delete" => "Data Delete Request".to_owned(),
        _ if has_label => first.to_owned(),
        _ => format!("Scope: {first}"),
    };
    format!("{first}\n{rest}")
}

fn entry(
    at: Timestamp,
    actor: &Actor,
    action: Action,
    name: &StaffName,
    mut evidence: BTreeMap<String, String>,
) -> Entry {
    evidence.insert("staff".to_owned(), name.to_string());
    Entry {
        at,
        request: None,
        actor: actor.clone(),
        action,
        from_stage: None,
        to_stage: None,
        reason: None,
        evidence,
    }
}
