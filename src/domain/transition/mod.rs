//! What follows from what: `decide` takes a request, an event, the rules and the time, and returns the next request with
//! everything that must be saved beside it. Plain functions over enums; the chart in ARCHITECTURE.md is printed from
//! here by a test. Only `decide` builds a `Transition`, and only a `Transition` can be saved (`workflow::apply`).

mod arrive;
mod beside;
mod brief;
mod desk;
mod erase;
mod export;
mod freeze;
mod identify;
mod retry;
mod staff;
#[cfg(test)]
mod tests;
mod time;
mod why;
mod withdraw;

pub use beside::{Codes, Mails, Strike, Work};
pub use why::Why;

use super::address::Address;
use super::audit::{Action, Actor};
use super::event::{DayLimit, Event, Fate, Hanging};
use super::form::Problem;
use super::ids::StaffName;
use super::job::JobKind;
use super::left::Left;
use super::notice::{NoticeKind, StatusCause};
use super::personal::Personal;
use super::plan::PlanSummary;
use super::policy::Rules;
use super::request::{Blocker, Ground, Outcome, PlanState, Request, Stage, Voice};
use jiff::Timestamp;

/// The next state of a request and what must be saved with it, in one transaction.
#[derive(Debug)]
pub struct Transition {
    request: Request,
    from_stage: Option<&'static str>,
    facts: Vec<Fact>,
    notices: Vec<Intent>,
    jobs: Vec<JobKind>,
    codes: Codes,
    work: Work,
    mails: Mails,
    consumed: Option<String>,
    denied: Option<(Why, Option<Strike>)>,
    freeze: Option<Timestamp>,
}

impl Transition {
    /// The next state.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The stage it came from; none for a new request.
    pub const fn from_stage(&self) -> Option<&'static str> {
        self.from_stage
    }

    /// What the audit log must say.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The notices to queue.
    pub fn notices(&self) -> &[Intent] {
        &self.notices
    }

    /// The jobs to queue.
    pub fn jobs(&self) -> &[JobKind] {
        &self.jobs
    }

    /// What becomes of the open challenge codes.
    pub const fn codes(&self) -> Codes {
        self.codes
    }

    /// What becomes of the jobs that are not done.
    pub const fn work(&self) -> Work {
        self.work
    }

    /// What becomes of the mails that have not left.
    pub const fn mails(&self) -> Mails {
        self.mails
    }

    /// The staff code that this consumes.
    pub fn consumed(&self) -> Option<&str> {
        self.consumed.as_deref()
    }

    /// Why what was asked for was not done, where only the asking is kept: a wrong code of staff (decision 43).
    pub fn denied(&self) -> Option<Why> {
        self.denied.as_ref().map(|(why, _)| *why)
    }

    /// Until when nothing is done for this account.
    pub const fn freeze(&self) -> Option<Timestamp> {
        self.freeze
    }

    /// The wrong code that counts against somebody's list.
    pub fn strike(&self) -> Option<&Strike> {
        self.denied.as_ref().and_then(|(_, strike)| strike.as_ref())
    }
}

/// An event that changes nothing. It is saved too: one audit entry, at most one notice (decision 43).
#[derive(Debug)]
pub struct Rejected {
    /// Why.
    pub why: Why,
    /// Who tried.
    pub actor: Actor,
    /// Told to whoever may be told.
    pub notice: Option<Intent>,
}

/// One thing for the audit log; `workflow` adds time, reference and stages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What.
    pub action: Action,
    /// Who.
    pub actor: Actor,
    /// Why, as a word; never personal data.
    pub reason: Option<String>,
    /// Hashes, counts and ids; never personal data.
    pub evidence: Vec<(&'static str, String)>,
}

/// A notice to be rendered and queued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// Which.
    pub notice: NoticeKind,
    /// To whom.
    pub to: To,
    /// What it says beyond the request itself.
    pub detail: Detail,
}

/// To whom a notice goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum To {
    /// The authenticated sender of the first mail.
    Sender,
    /// The address on file.
    OnFile,
    /// A member of staff.
    Staff(StaffName),
}

/// What a notice says beyond the request itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Nothing.
    None,
    /// Why staff must look.
    Concern(Concern),
    /// Who of the staff decided, and what.
    Decided(StaffName, Decided),
    /// One business day is over, and nobody has let us acknowledge.
    AcknowledgeOverdue,
    /// Why an answer changed nothing.
    Unchanged(Why),
    /// A refusal.
    Refusal {
        /// Why.
        ground: Ground,
        /// What staff wrote.
        text: Option<Personal>,
    },
    /// A question or an answer.
    Text(Personal),
    /// What made us say where it stands.
    Status(StatusCause),
    /// How much had left when the request was taken back.
    Left(Left),
    /// What was kept and is deleted now: titles and rows.
    Settled(Vec<(String, u64)>),
}

/// What a member of staff decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decided {
    /// `APPROVE`
    Approved,
    /// `APPROVE` by the first of two.
    ApprovedFirst,
    /// `HOLD`
    Held,
    /// `RELEASE`
    Released,
    /// `VETO`
    Vetoed,
    /// `REFUSE`
    Refused(Ground),
    /// `ASK`
    QuestionSent,
    /// `ACCEPT`
    Accepted,
    /// `CALLED`
    CallRecorded,
    /// `EXTEND`
    Extended,
    /// `SCOPE`
    Scoped,
    /// `NOTREQUEST`
    NotRequest,
}

/// Why staff must look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Concern {
    /// A verdict exists and it is bad.
    SenderUnauthenticated,
    /// No verdict exists.
    SenderUnknown,
    /// Asked in the person's own words, which are these.
    OwnWords(Personal),
    /// The mailbox only observes, or the mail forbids answers.
    Silent,
    /// The mail is old.
    MailTooOld,
    /// A legal hold covers everything that is to be deleted.
    AllHeld,
    /// Two people must approve, and there are not two.
    NeedsTwoApprovers,
    /// Many deletions in a day.
    ManyDeletions(DayLimit),
    /// Nobody has shown in time that the backups of this source are purged.
    BackupsOverdue(String),
    /// Recordings: call the customer back.
    CallBack,
    /// Nobody is left who may decide.
    NobodyMayDecide,
    /// The account is frozen until then.
    Frozen(Timestamp),
    /// Too many wrong codes of one member of staff: their list is locked.
    CodesLocked(StaffName),
    /// The address on file says that it was not them; this much had left by then.
    NotMe(Left),
    /// The customer took back what was being carried out; this much had left by then.
    Withdrawn(Left),
    /// A plain user asked for a whole account.
    MayNotAsk,
    /// A source does not answer.
    SourceDown(String),
    /// Rows that nobody approved hang on rows that are to be deleted.
    Hanging(Hanging),
    /// The data moved away from the plan.
    Drift {
        /// Which, for people.
        category: String,
        /// Rows in the plan.
        planned: u64,
        /// Rows found.
        found: u64,
    },
    /// A notice was refused.
    Undeliverable {
        /// Which.
        notice: NoticeKind,
        /// To whom.
        to: Address,
        /// The server's status code.
        status: String,
    },
    /// Nobody knows whether a notice arrived.
    Uncertain {
        /// Which.
        notice: NoticeKind,
        /// To whom.
        to: Address,
    },
}

/// Decides what follows from an event.
///
/// # Errors
/// `Rejected` when the event changes nothing; it is saved too.
pub fn decide(
    request: Option<&Request>,
    event: &Event,
    rules: &Rules,
    now: Timestamp,
) -> Result<Transition, Rejected> {
    let Some(request) = request else {
        return if let Event::Arrived(arrival) = event {
            Ok(arrive::arrived(arrival, rules, now))
        } else {
            Err(Rejected { why: Why::NotNow, actor: actor(event), notice: None })
        };
    };
    let draft = Draft::of(request, actor(event), now);
    match event {
        Event::Arrived(_) => Err(draft.reject(Why::NotNow)),
        Event::Answered { from, form, text } => arrive::answered(draft, *from, form.as_ref(), text, rules),
        Event::Confirmed { from, code } => identify::confirmed(draft, *from, *code, rules),
        Event::Cancelled { from, left } => withdraw::cancelled(draft, *from, *left, rules),
        Event::Disowned { from, left } => withdraw::disowned(draft, *from, *left, rules),
        Event::StatusAsked { from } => identify::status_asked(draft, *from),
        Event::NotUnderstood { from } => Err(identify::not_understood(draft, *from)),
        Event::Staff(act) => staff::act(draft, act, rules),
        Event::Resolved(resolution) => identify::resolved(draft, resolution, rules),
        Event::Planned { plan, second_factor } => staff::planned(draft, plan, *second_factor, rules),
        Event::SourceDown { source, hanging } => {
            let down = || Concern::SourceDown(source.clone());
            export::source_down(draft, hanging.clone().map_or_else(down, Concern::Hanging), rules)
        }
        Event::Drifted { category, planned, found } => {
            let concern = Concern::Drift { category: category.clone(), planned: *planned, found: *found };
            export::drifted(draft, concern, rules)
        }
        Event::Exported(package) => export::exported(draft, package),
        Event::Erased(facts) => erase::erased(draft, facts),
        Event::HoldsChanged => erase::holds_changed(draft, rules),
        Event::ManyDeletions(limit) => erase::many_deletions(draft, *limit, rules),
        Event::Settled(lines) => erase::settled(draft, lines),
        Event::BackupsOverdue { source } => erase::backups_overdue(draft, source, rules),
        Event::Accepted { notice } => export::accepted(draft, *notice),
        Event::Undelivered { notice, audience, to, status, fate } => {
            let (notice, to) = (*notice, to.clone());
            let concern = match fate {
                Fate::Rejected => Concern::Undeliverable { notice, to, status: status.clone() },
                Fate::Uncertain => Concern::Uncertain { notice, to },
            };
            export::undelivered(draft, *audience, concern, rules)
        }
        Event::Retried { left } => retry::retried(draft, *left),
        Event::StaffChanged { name } => brief::staff_changed(draft, name, rules),
        Event::Frozen { until, left } => freeze::frozen(draft, *until, *left, rules),
        Event::Woke => time::woke(draft, rules),
    }
    .map(|mut transition| {
        transition.request.wake_at = time::wake_at(&transition.request, rules);
        transition
    })
}

fn actor(event: &Event) -> Actor {
    match event {
        Event::Arrived(_)
        | Event::Answered { .. }
        | Event::Confirmed { .. }
        | Event::Cancelled { .. }
        | Event::Disowned { .. }
        | Event::StatusAsked { .. }
        | Event::NotUnderstood { .. } => Actor::Requester,
        Event::Staff(act) => Actor::Staff(act.by.clone()),
        Event::Resolved(_)
        | Event::Planned { .. }
        | Event::SourceDown { .. }
        | Event::Drifted { .. }
        | Event::Exported(_)
        | Event::Erased(_)
        | Event::HoldsChanged
        | Event::ManyDeletions(_)
        | Event::Settled(_)
        | Event::BackupsOverdue { .. }
        | Event::Accepted { .. }
        | Event::Undelivered { .. }
        | Event::Retried { .. }
        | Event::StaffChanged { .. }
        | Event::Frozen { .. }
        | Event::Woke => Actor::Daemon,
    }
}

/// A transition in the making.
struct Draft {
    request: Request,
    now: Timestamp,
    actor: Actor,
    from_stage: Option<&'static str>,
    facts: Vec<Fact>,
    notices: Vec<Intent>,
    jobs: Vec<JobKind>,
    codes: Codes,
    work: Work,
    mails: Mails,
    consumed: Option<String>,
    denied: Option<(Why, Option<Strike>)>,
    freeze: Option<Timestamp>,
}

type Decision = Result<Transition, Rejected>;

impl Draft {
    fn of(request: &Request, actor: Actor, now: Timestamp) -> Self {
        let mut draft = Self::new(request.clone(), actor, now);
        draft.from_stage = Some(request.stage.name());
        draft
    }

    const fn new(request: Request, actor: Actor, now: Timestamp) -> Self {
        Self {
            request,
            now,
            actor,
            from_stage: None,
            facts: Vec::new(),
            notices: Vec::new(),
            jobs: Vec::new(),
            codes: Codes::Keep,
            work: Work::Keep,
            mails: Mails::Keep,
            consumed: None,
            denied: None,
            freeze: None,
        }
    }

    fn note(self, action: Action) -> Self {
        self.note_with(action, None, Vec::new())
    }

    fn note_with(
        mut self,
        action: Action,
        reason: Option<String>,
        evidence: Vec<(&'static str, String)>,
    ) -> Self {
        self.facts.push(Fact { action, actor: self.actor.clone(), reason, evidence });
        self
    }

    fn enter(mut self, stage: Stage) -> Self {
        self.request.stage = stage;
        self
    }

    /// A question of staff stays on top until it is answered, because only there is its answer heard (decision 32).
    fn block(mut self, blocker: Blocker) -> Self {
        if self.request.blocker == Some(blocker) {
            return self;
        }
        if self.request.blocker != Some(Blocker::StaffQuestion) {
            self.request.blocker = Some(blocker);
        }
        self.note_with(Action::Blocked, Some(blocker.as_str().to_owned()), Vec::new())
    }

    /// Takes one of these blockers away. What still stands behind it (a form that is incomplete, a call-back that
    /// nobody made) blocks again, so that a question and its answer never hide it.
    fn unblock(mut self, which: &[Blocker]) -> Self {
        let Some(blocker) = self.request.blocker.filter(|blocker| which.contains(blocker)) else {
            return self;
        };
        self.request.blocker = None;
        self = self.note_with(Action::Unblocked, Some(blocker.as_str().to_owned()), Vec::new());
        match standing_blocker(&self.request) {
            Some(standing) => self.block(standing),
            None => self,
        }
    }

    fn job(mut self, kind: JobKind) -> Self {
        self.jobs.push(kind);
        self
    }

    fn void_codes(mut self) -> Self {
        self.codes = Codes::Void;
        self
    }

    /// Nothing more is done for this request, and what hands out data leaves no more.
    fn hold_back(mut self, left: Left) -> Self {
        self.work = Work::Abandon;
        self.mails = Mails::HoldBack(left);
        self.request.package = None;
        self
    }

    fn close(self, outcome: Outcome) -> Self {
        let since = self.now;
        let mut draft = self.enter(Stage::Closed { since, outcome }).void_codes();
        draft.request.blocker = None;
        draft
    }

    /// Tells the customer, where somebody may be told: the address on file once the directory gave one, before that the
    /// sender if somebody vouches for them (decisions 11, 34). A silent request tells nobody.
    fn tell_customer(mut self, notice: NoticeKind, detail: Detail) -> Self {
        if let Some(to) = customer(&self.request) {
            self.notices.push(Intent { notice, to, detail });
        }
        self
    }

    fn tell_staff(mut self, notice: NoticeKind, detail: &Detail, rules: &Rules) -> Self {
        self.notices.extend(rules.staff.iter().map(|staff| Intent {
            notice,
            to: To::Staff(staff.name.clone()),
            detail: detail.clone(),
        }));
        self
    }

    fn concern(self, concern: Concern, rules: &Rules) -> Self {
        self.tell_staff(NoticeKind::Attention, &Detail::Concern(concern), rules)
    }

    fn done(self) -> Transition {
        Transition {
            request: self.request,
            from_stage: self.from_stage,
            facts: self.facts,
            notices: self.notices,
            jobs: self.jobs,
            codes: self.codes,
            work: self.work,
            mails: self.mails,
            consumed: self.consumed,
            denied: self.denied,
            freeze: self.freeze,
        }
    }

    fn reject(self, why: Why) -> Rejected {
        Rejected { why, actor: self.actor, notice: None }
    }

    fn reject_telling(self, why: Why, notice: NoticeKind, to: To) -> Rejected {
        Rejected {
            why,
            actor: self.actor,
            notice: Some(Intent { notice, to, detail: Detail::Unchanged(why) }),
        }
    }
}

/// What a request waits for by its own state, whatever else was asked meanwhile.
fn standing_blocker(request: &Request) -> Option<Blocker> {
    match request.stage {
        Stage::Recorded { .. }
            if !request.origin.verdict.speaks_for_customer()
                || request
                    .question
                    .as_ref()
                    .is_some_and(|q| q.over == Some(Blocker::SenderUnauthenticated)) =>
        {
            Some(Blocker::SenderUnauthenticated)
        }
        Stage::Recorded { .. } => {
            request.problems.iter().any(Problem::is_blocking).then_some(Blocker::NeedsClarification)
        }
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. } => {
            let held = request.plan.as_ref().is_some_and(PlanSummary::is_all_held);
            if held {
                return Some(Blocker::LegalHold);
            }
            request.lacks_second_factor().then_some(Blocker::NeedsSecondFactor)
        }
        Stage::AwaitingApproval { .. }
        | Stage::CoolingOff { .. }
        | Stage::AwaitingVerification { .. }
        | Stage::Executing { .. }
        | Stage::Delivering { .. }
        | Stage::Closed { .. } => None,
    }
}

/// Where the customer of this request can be told something, if anywhere.
fn customer(request: &Request) -> Option<To> {
    match request.voice {
        Voice::Silent => None,
        Voice::Speaks if request.subject.is_some() => Some(To::OnFile),
        Voice::Speaks => request.origin.verdict.speaks_for_customer().then_some(To::Sender),
    }
}
