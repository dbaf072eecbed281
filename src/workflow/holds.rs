//! Legal holds have their one door here: placed and lifted by mail or at the command line, each with its audit entry
//! (decision 44). Requests that are decided on are told when holds come or go. What a hold covers is `domain/hold.rs`.

use super::{Failure, Incident, Workflow};
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::event::{Event, StaffAct, StaffWord};
use crate::domain::form;
use crate::domain::hold::{HOLD_TEXT_CHARS_MAX, Hold, HoldScope};
use crate::domain::ids::{Reference, base32};
use crate::domain::notice::{AttentionReason, AttentionText, Notice};
use crate::domain::personal::Personal;
use crate::domain::policy::{self, Staff};
use crate::domain::request::{Kind, Request};
use crate::store::{Filter, StoreError, Tx};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Days until a hold that was placed by mail must be looked at again.
const REVIEW_DAYS: i64 = 90;
/// Open requests that are told of a change of holds.
const OPEN_MAX: i64 = 10_000;

/// What a hold is placed with at the command line.
#[derive(Clone, Debug)]
pub(super) struct NewHold {
    /// What it covers.
    pub(super) scope: HoldScope,
    /// Why, in words.
    pub(super) ground: String,
    /// The order or law.
    pub(super) citation: String,
    /// Who answers for it.
    pub(super) owner: String,
    /// When it must be looked at again.
    pub(super) review_on: Date,
}

/// Whether saving this event places a hold.
pub(super) fn places_one(event: &Event) -> bool {
    matches!(event, Event::Staff(StaffAct { word: StaffWord::Hold { hold: Some(_) }, .. }))
}

impl Workflow {
    /// The hold that `HOLD <text>` in a request's thread means: on the requester's account where they speak for it, else
    /// on their own rows. None before the directory knows them.
    pub(super) async fn hold_by_mail(
        &self,
        reference: &Reference,
        owner: &str,
        text: &str,
    ) -> Result<Option<Hold>, Failure> {
        let Some(row) = self.store.request(reference).await? else { return Ok(None) };
        let Some(scope) = self.held_scope(&row.request) else { return Ok(None) };
        let now = self.env.now();
        let today = self.settings.calendar.local_date(now);
        let text: String = text.chars().take(HOLD_TEXT_CHARS_MAX).collect();
        Ok(Some(Hold {
            id: self.draw_hold_name(),
            scope,
            ground: text.clone(),
            citation: text,
            owner: owner.to_owned(),
            placed_at: now,
            review_on: today.checked_add(REVIEW_DAYS.days()).unwrap_or(today),
            request: Some(reference.clone()),
        }))
    }

    fn held_scope(&self, request: &Request) -> Option<HoldScope> {
        let entry = request.subject.as_ref()?;
        let whole = policy::speaks_for_account(entry, &self.settings.rules(Vec::new(), Vec::new()));
        let user = if whole { None } else { Some(Personal::new(entry.user.clone()?)) };
        Some(HoldScope { account: Some(Personal::new(entry.account.clone())), user, ..HoldScope::default() })
    }

    fn draw_hold_name(&self) -> String {
        format!("H-{}", base32(self.env.entropy.bits(), 6))
    }

    /// Writes what a staff word says about holds, in the transaction of its transition.
    pub(super) async fn write_holds(
        &self,
        tx: &mut Tx<'_>,
        reference: &Reference,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Event::Staff(act) = event else { return Ok(()) };
        match &act.word {
            StaffWord::Hold { hold: Some(hold) } => tx.insert_hold(hold, now).await,
            StaffWord::Release => {
                tx.release_holds_of(reference, now).await?;
                tx.review_kept(now).await
            }
            _ => Ok(()),
        }
    }

    /// Places a hold for the person at the command line. Returns its name.
    pub(super) async fn place_hold(&self, mut new: NewHold, actor: &Actor) -> Result<String, Failure> {
        let categories = &self.settings.categories;
        if let Some(name) = &new.scope.category
            && !categories.iter().any(|category| category.name == *name)
        {
            return Err(Failure::Refused(format!("[[data]] names no category {name:?}")));
        }
        if !new.scope.is_bounded() {
            return Err(Failure::Refused(
                "a hold must name an account, a user, a number or a category, and none of them blank".into(),
            ));
        }
        // A hold that is written otherwise than the data would hold nothing, and nobody would notice.
        new.scope.tidy(|number| form::number(number, &self.settings.reading.region)).map_err(|number| {
            let what =
                "is no phone number that can be read; write it with its country code, such as +919876543210";
            Failure::Refused(format!("{} {what}", number.expose()))
        })?;
        for (said, what) in [(&new.ground, "ground"), (&new.citation, "citation"), (&new.owner, "owner")] {
            if said.trim().is_empty() {
                return Err(Failure::Refused(format!("a hold needs a {what}: whoever asks is told of it")));
            }
        }
        let now = self.env.now();
        self.is_to_come(new.review_on)?;
        let hold = Hold {
            id: self.draw_hold_name(),
            scope: new.scope,
            ground: new.ground,
            citation: new.citation,
            owner: new.owner,
            placed_at: now,
            review_on: new.review_on,
            request: None,
        };
        let turn = self.erasing.lock().await;
        let mut tx = self.store.begin().await?;
        let kinds = hold.scope.kinds().join(" ");
        tx.append_audit(&[hold_entry(now, actor, Action::HoldPlaced, &hold.id, Some(kinds))]).await?;
        tx.insert_hold(&hold, now).await?;
        tx.commit().await?;
        drop(turn);
        self.tell_of_holds().await?;
        Ok(hold.id)
    }

    /// Lifts a hold for the person at the command line.
    pub(super) async fn release_hold(&self, id: &str, actor: &Actor) -> Result<(), Failure> {
        let now = self.env.now();
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[hold_entry(now, actor, Action::HoldReleased, id, None)]).await?;
        if !tx.release_hold(id, now).await? {
            return Err(Failure::Refused(format!("no hold {id} stands; see `dsrd holds list`")));
        }
        tx.review_kept(now).await?;
        tx.commit().await?;
        self.tell_of_holds().await.map(drop)
    }

    fn is_to_come(&self, review_on: Date) -> Result<(), Failure> {
        if review_on > self.settings.calendar.local_date(self.env.now()) {
            return Ok(());
        }
        Err(Failure::Refused(format!("{review_on} is not after today; name the next day of review")))
    }

    /// Somebody has looked at a hold again, and it stands on until another day.
    pub(super) async fn review_hold(&self, id: &str, review_on: Date, actor: &Actor) -> Result<(), Failure> {
        let (now, known) = (self.env.now(), self.store.holds().await?.into_iter().find(|hold| hold.id == id));
        let (Some(hold), Some(sealer)) = (known, self.store.hold_sealer(id).await?) else {
            return Err(Failure::Refused(format!("no hold {id} stands; see `dsrd holds list`")));
        };
        self.is_to_come(review_on)?;
        let mut entry = hold_entry(now, actor, Action::HoldReviewed, id, None);
        entry.evidence.insert("review".to_owned(), review_on.to_string());
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[entry]).await?;
        if !tx.rewrite_hold(&Hold { review_on, ..hold }, &sealer).await? {
            return Err(Failure::Refused(format!("hold {id} was released meanwhile")));
        }
        Ok(tx.commit().await?)
    }

    /// The holds that somebody must look at again by now, the longest overdue first.
    pub(super) async fn holds_to_review(&self, today: Date) -> Result<Vec<Hold>, Failure> {
        let mut due = self.store.holds().await?;
        due.retain(|hold| hold.review_on <= today);
        due.sort_by_key(|hold| hold.review_on);
        Ok(due)
    }

    /// Reminds of each such hold once: its owner, where that is the name of a member of staff, else everybody.
    pub(super) async fn remind_of_holds(&self, today: Date) -> Result<(), Failure> {
        let due = self.holds_to_review(today).await?;
        let staff = if due.is_empty() { Vec::new() } else { self.rules().await?.staff };
        if staff.is_empty() {
            return Ok(());
        }
        let reminded = self.store.holds_reminded().await?;
        for hold in due {
            let review = hold.review_on.to_string();
            if reminded.contains(&(hold.id.clone(), review.clone())) {
                continue;
            }
            let owner = staff.iter().filter(|member| member.name.as_str() == hold.owner);
            let owner: Vec<Staff> = owner.cloned().collect();
            let told = if owner.is_empty() { &staff } else { &owner };
            let letters = self.to_staff(told, &self.hold_review(&hold))?;
            let evidence = BTreeMap::from([("hold".to_owned(), hold.id.clone())]);
            let mut tx = self.store.begin().await?;
            // Another daemon of this state may be at it, and the hold may have been lifted meanwhile.
            if !tx.claim_reminder(&hold.id, &review).await? {
                continue;
            }
            tx.append_audit(&[self.entry(Action::NoticeQueued, evidence)]).await?;
            self.queue_unbound(&mut tx, &letters).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    fn hold_review(&self, hold: &Hold) -> Notice {
        Notice::Attention(AttentionText {
            reference: None,
            kind: None,
            company: self.settings.company.clone(),
            about: AttentionReason::HoldReview {
                id: hold.id.clone(),
                covers: hold.scope.kinds().into_iter().map(str::to_owned).collect(),
                citation: Personal::new(hold.citation.clone()),
                owner: hold.owner.clone(),
                placed: self.settings.calendar.local_date(hold.placed_at),
                review_on: hold.review_on,
                request: hold.request.clone(),
            },
            received: None,
            due: None,
        })
    }

    /// Tells the deletions that are decided on when holds came or went since the last look. Returns how many were told.
    pub(super) async fn tell_of_holds(&self) -> Result<usize, Failure> {
        let names: Vec<String> = self.store.holds().await?.into_iter().map(|hold| hold.id).collect();
        if self.holds_seen.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(&names) {
            return Ok(0);
        }
        let open = self.store.requests(Filter::Open, OPEN_MAX).await?;
        let deletions = open.iter().filter(|row| row.request.kind == Some(Kind::Delete));
        let incidents: Vec<Incident> =
            deletions.map(|row| Incident::of(&row.request.reference, Event::HoldsChanged)).collect();
        for (index, failure) in self.apply(&incidents).await? {
            tracing::error!(index, %failure, "could not tell a deletion of a change of holds; its plan asks them again");
        }
        *self.holds_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
        Ok(incidents.len())
    }
}

fn hold_entry(at: Timestamp, actor: &Actor, action: Action, id: &str, covers: Option<String>) -> Entry {
    let mut evidence = BTreeMap::from([("hold".to_owned(), id.to_owned())]);
    if let Some(covers) = covers {
        evidence.insert("covers".to_owned(), covers);
    }
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
