//! Staff: their codes, their list, and what a mail of theirs says. Who may decide is `domain/policy.rs`; what follows is
//! `domain/transition/staff.rs`. Staff and codes have their one door here, with the same audit append (decision 44).

use super::{Failure, Workflow};
use crate::crypto::code;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::command::Command;
use crate::domain::event::{StaffAct, StaffWord};
use crate::domain::ids::StaffName;
use crate::domain::personal::Personal;
use crate::domain::policy::Staff;
use crate::domain::verification::StaffCode;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What staff codes are hashed for; a challenge code never passes as one.
const PURPOSE: &str = "staff";
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
            Some(Command::Called { note, .. }) => StaffWord::Called { note: Personal::new(note) },
            Some(Command::Confirm { .. } | Command::Cancel | Command::NotMe | Command::Status) | None => {
                StaffWord::NotUnderstood
            }
        };
        Ok(StaffAct { by: staff.name.clone(), address: staff.address.clone(), word, code, plan_hash })
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
        for typed in &codes {
            tx.insert_staff_code(&self.draw_id(), name, &self.staff_hash(name, typed), now).await?;
        }
        tx.commit().await?;
        Ok(codes)
    }
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
