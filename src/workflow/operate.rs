//! What an operator asks for at the command line: the same rules and the same audit entries as by mail. Whoever holds the
//! state (a running daemon over its socket, or the command itself) carries it out here (decision 23).

use super::holds::NewHold;
use super::retention::{RetentionLine, RetentionMode};
use super::{Applied, Failure, Incident, Workflow};
use crate::domain::address::Address;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::hold::HoldScope;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::left::Left;
use crate::domain::policy::{Staff, StaffRole};
use crate::domain::request::Ground;
use crate::domain::transition::Why;
use crate::domain::verification::Party;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that changes the state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Operation {
    /// `dsrd staff add`
    AddStaff {
        /// The name in commands and audits.
        name: StaffName,
        /// Where their mail goes.
        address: Address,
        /// `agent`, `approver` or `dpo`.
        role: String,
    },
    /// `dsrd staff disable`
    DisableStaff {
        /// Who.
        name: StaffName,
    },
    /// `dsrd staff codes`
    IssueCodes {
        /// For whom.
        name: StaffName,
    },
    /// `dsrd requests approve`
    Approve {
        /// Which request.
        reference: Reference,
        /// As whom.
        staff: StaffName,
        /// Their one-time code.
        code: String,
    },
    /// `dsrd requests refuse`
    Refuse {
        /// Which request.
        reference: Reference,
        /// As whom.
        staff: StaffName,
        /// Their one-time code.
        code: String,
        /// Why.
        ground: Ground,
        /// For the customer.
        text: String,
    },
    /// `dsrd requests extend`
    Extend {
        /// Which request.
        reference: Reference,
        /// As whom.
        staff: StaffName,
        /// Their one-time code.
        code: String,
        /// For the customer.
        reason: String,
    },
    /// `dsrd requests hold`
    Hold {
        /// In which request's name.
        reference: Reference,
        /// As whom.
        staff: StaffName,
        /// The order or law, in words.
        text: String,
    },
    /// `dsrd holds review`
    ReviewHold {
        /// Which.
        id: String,
        /// When it must be looked at next.
        review_on: Date,
    },
    /// `dsrd quarantine requeue`
    Requeue {
        /// Which mail.
        id: String,
    },
    /// `dsrd quarantine discard`
    Discard {
        /// Which mail.
        id: String,
    },
    /// `dsrd requests retry`
    Retry {
        /// Which request.
        reference: Reference,
    },
    /// `dsrd requests withdraw`
    Withdraw {
        /// Which request.
        reference: Reference,
    },
    /// `dsrd holds add`
    PlaceHold {
        /// What it covers.
        scope: HoldScope,
        /// Why, in words.
        ground: String,
        /// The order or law.
        citation: String,
        /// Who answers for it.
        owner: String,
        /// When it must be looked at again.
        review_on: Date,
    },
    /// `dsrd holds release`
    ReleaseHold {
        /// Which.
        id: String,
    },
    /// `dsrd retention run`
    Retention {
        /// Whether rows really go.
        mode: RetentionMode,
    },
    /// `dsrd backups purged`
    BackupsPurged {
        /// The `[sources.NAME]`.
        source: String,
        /// Everything that was deleted up to then is gone from the backups.
        through: Timestamp,
        /// What shows it.
        evidence: String,
    },
    /// `dsrd backups restored`
    BackupsRestored {
        /// The `[sources.NAME]`.
        source: String,
        /// When the backup was taken.
        taken: Timestamp,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// Done.
    Done,
    /// A fresh list of codes, shown once.
    Codes {
        /// Grouped for print.
        codes: Vec<String>,
    },
    /// A hold stands.
    Held {
        /// Its name.
        id: String,
    },
    /// Obligations are settled.
    Settled {
        /// How many.
        many: u64,
    },
    /// Retention was applied.
    Retention {
        /// A line for each category.
        lines: Vec<RetentionLine>,
    },
    /// A restored source was swept.
    Replayed {
        /// Rows deleted again.
        deleted: u64,
        /// Rows whose key was deleted, but which are somebody else's or something else.
        others: u64,
        /// Rows that a hold keeps.
        held: u64,
    },
    /// Nothing changed.
    Unchanged {
        /// In words.
        why: String,
    },
    /// It makes no sense as asked: an unknown name, say.
    Refused {
        /// In words.
        why: String,
    },
    /// It could not be done.
    Failed {
        /// In words.
        why: String,
    },
}

impl Workflow {
    /// Carries out an operation for the person at the command line.
    pub async fn operate(&self, operation: Operation, actor: &Actor) -> Reply {
        match self.carry(operation, actor).await {
            Ok(reply) => reply,
            Err(Failure::Refused(why)) => Reply::Refused { why },
            Err(failure) => Reply::Failed { why: failure.to_string() },
        }
    }

    async fn carry(&self, operation: Operation, actor: &Actor) -> Result<Reply, Failure> {
        match operation {
            Operation::AddStaff { name, address, role } => {
                let role = StaffRole::parse(&role).ok_or_else(|| {
                    Failure::Refused(format!("{role:?} is no role: take agent, approver or dpo"))
                })?;
                self.add_staff(&Staff { name, address, role }, actor).await?;
                self.brief_staff().await?;
                Ok(Reply::Done)
            }
            Operation::DisableStaff { name } => {
                self.disable_staff(&name, actor).await?;
                self.brief_staff().await?;
                Ok(Reply::Done)
            }
            Operation::IssueCodes { name } => {
                Ok(Reply::Codes { codes: self.issue_codes(&name, actor).await? })
            }
            Operation::Approve { reference, staff, code } => {
                self.decide_as(&reference, &staff, Command::Approve { code }).await
            }
            Operation::Refuse { reference, staff, code, ground, text } => {
                self.decide_as(&reference, &staff, Command::Refuse { code, ground: Some(ground), text }).await
            }
            Operation::Extend { reference, staff, code, reason } => {
                self.decide_as(&reference, &staff, Command::Extend { code, reason }).await
            }
            Operation::Hold { reference, staff, text } => {
                self.decide_as(&reference, &staff, Command::Hold { text }).await
            }
            Operation::ReviewHold { id, review_on } => {
                self.review_hold(&id, review_on, actor).await?;
                Ok(Reply::Done)
            }
            Operation::Requeue { id } => self.leave_quarantine(&id, Action::MailRequeued, actor).await,
            Operation::Discard { id } => self.leave_quarantine(&id, Action::MailDiscarded, actor).await,
            Operation::Retry { reference } => {
                self.order(&reference, Event::Retried { left: Left::default() }, actor).await
            }
            Operation::Withdraw { reference } => {
                let event = Event::Cancelled { from: Party::OnFile, left: Left::default() };
                self.order(&reference, event, actor).await
            }
            Operation::PlaceHold { scope, ground, citation, owner, review_on } => {
                let new = NewHold { scope, ground, citation, owner, review_on };
                Ok(Reply::Held { id: self.place_hold(new, actor).await? })
            }
            Operation::ReleaseHold { id } => {
                self.release_hold(&id, actor).await?;
                Ok(Reply::Done)
            }
            Operation::Retention { mode } => {
                Ok(Reply::Retention { lines: self.retention(mode, actor).await? })
            }
            Operation::BackupsPurged { source, through, evidence } => {
                let many = self.backups_purged(&source, through, &evidence, actor).await?;
                Ok(Reply::Settled { many })
            }
            Operation::BackupsRestored { source, taken } => {
                let replay = self.backups_restored(&source, taken, actor).await?;
                Ok(Reply::Replayed { deleted: replay.deleted, others: replay.others, held: replay.held })
            }
        }
    }

    /// What an operator orders, with them as the actor.
    async fn order(&self, reference: &Reference, event: Event, actor: &Actor) -> Result<Reply, Failure> {
        self.known_request(reference).await?;
        let mut incident = Incident::of(reference, event);
        incident.actor = Some(actor.clone());
        Ok(reply(&self.apply_one(&incident).await?))
    }

    /// A mail leaves the quarantine by an operator's hand: to be read once more, or for good.
    async fn leave_quarantine(&self, id: &str, how: Action, actor: &Actor) -> Result<Reply, Failure> {
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[Entry {
            at: self.env.now(),
            request: None,
            actor: actor.clone(),
            action: how,
            from_stage: None,
            to_stage: None,
            reason: None,
            evidence: BTreeMap::from([("mail".to_owned(), id.to_owned())]),
        }])
        .await?;
        let left = match how {
            Action::MailRequeued => tx.requeue_mail(id).await?,
            _ => tx.discard_mail(id).await?,
        };
        if left == 0 {
            return Err(Failure::Refused(format!(
                "no mail {id} lies in quarantine; see `dsrd quarantine list`"
            )));
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }

    async fn known_request(&self, reference: &Reference) -> Result<Option<String>, Failure> {
        let row = self.store.request(reference).await?;
        let row = row.ok_or_else(|| {
            Failure::Refused(format!("there is no request {reference}; see `dsrd requests list --all`"))
        })?;
        Ok(row.request.plan.map(|plan| plan.hash))
    }

    /// A decision at the command line is bound to the plan of the moment, and needs the person's code as by mail.
    async fn decide_as(
        &self,
        reference: &Reference,
        name: &StaffName,
        command: Command,
    ) -> Result<Reply, Failure> {
        let plan_hash = self.known_request(reference).await?;
        let rules = self.rules().await?;
        let staff = rules.staff.iter().find(|staff| staff.name == *name).ok_or_else(|| {
            Failure::Refused(format!("no active member of staff is called {name}; see `dsrd staff list`"))
        })?;
        let act = self.staff_act(staff, Some(command), reference, plan_hash).await?;
        Ok(reply(&self.apply_one(&Incident::of(reference, Event::Staff(act))).await?))
    }
}

fn reply(applied: &Applied) -> Reply {
    match applied {
        Applied::Changed => Reply::Done,
        Applied::Unchanged(why) => Reply::Unchanged { why: in_words(*why).to_owned() },
    }
}

/// Why nothing changed, for a person at the command line.
const fn in_words(why: Why) -> &'static str {
    match why {
        Why::Closed => "the request is closed",
        Why::NotNow => "the request does not wait for this; see `dsrd requests show`",
        Why::NotTheirs => {
            "this person may not decide about this request: the role does not allow it, or it is their own"
        }
        Why::CodeWrong => "the code is not an unused one of this person; see `dsrd staff codes`",
        Why::CodesLocked => {
            "five codes of this person were wrong, so their list is locked; print a new one with `dsrd staff codes`"
        }
        Why::OtherPlan => "the plan was made anew meanwhile; look at it again",
        Why::SecondFactorMissing => "nobody has recorded the call-back yet (answer the mail with CALLED)",
        Why::GroundMissing => "a refusal needs one of the grounds",
        Why::NotInThread => "the answer did not come in the thread of our mail",
        Why::NotUnderstood => "that is no word that we know",
        Why::FormIncomplete => "the form does not say enough to go on",
        Why::AlreadyApproved => "this person has approved the plan before; a second one has to",
        Why::Held => "a legal hold covers everything; see `dsrd holds list`",
        Why::ExtendedBefore => "the time was extended before; the law allows it once",
        Why::NotExtendable => "the law of this request allows no further time, or nobody could be told of it",
        Why::TooLate => "the customer had to be told before the due date, which has passed",
        Why::ScopeUnread => "the lines hold nothing of a form",
        Why::DeletionBegun => "the deletion has begun, and is carried to its end",
        Why::NothingDue => "nothing was due",
    }
}
