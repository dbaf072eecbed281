//! One request on a stage of plain data: invented people, fixed dates, events by name. What follows from an event is
//! told in one line: where the request stands, who is told what, which jobs start, what becomes of the codes.

use crate::domain::address::Address;
use crate::domain::deadline::Due;
use crate::domain::directory::DirectoryEntry;
use crate::domain::erasure::{ErasedLine, ErasureFacts, KeptLine};
use crate::domain::event::{
    Arrival, Event, Fate, Law, Leave, Manner, Resolution, SecondFactorNeed, StaffAct, StaffWord,
};
use crate::domain::form::{Field, Form, Problem, ProblemCode, Requester};
use crate::domain::hold::{Hold, HoldScope};
use crate::domain::ids::{Reference, StaffName};
use crate::domain::keep::Kept;
use crate::domain::left::{Far, Left};
use crate::domain::notice::{Audience, NoticeKind};
use crate::domain::plan::PlanSummary;
use crate::domain::policy::{Rules, Staff, StaffRole};
use crate::domain::request::{Check, Ground, Kind, Origin, PackageFacts, PlanState, Request, Stage, Voice};
use crate::domain::scope::{AccountScope, Scope};
use crate::domain::sender::SenderVerdict;
use crate::domain::transition::{Codes, Intent, Mails, Rejected, To, Transition, Work, decide};
use crate::domain::verification::{CodeVerdict, Party, StaffCode};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

/// The day on which every play begins, a Monday.
pub(super) const START: &str = "2026-01-05T06:00:00Z";

pub(super) fn start() -> Timestamp {
    START.parse().expect("a time")
}

pub(super) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

pub(super) fn name(text: &str) -> StaffName {
    StaffName::parse(text).expect("a staff name")
}

fn staff(who: &str, at: &str, role: StaffRole) -> Staff {
    Staff { name: name(who), address: address(at), role }
}

/// Meera may decide, Ravi as well, Kiran is an agent, and Asha, who asks, is on the staff too.
pub(super) fn rules() -> Rules {
    Rules {
        staff: vec![
            staff("meera", "meera@desk.example", StaffRole::Approver),
            staff("ravi", "ravi@desk.example", StaffRole::Dpo),
            staff("kiran", "kiran@desk.example", StaffRole::Agent),
            staff("asha", "asha+work@acme.example", StaffRole::Approver),
        ],
        strikes: std::collections::BTreeMap::new(),
        account_roles: vec!["owner".to_owned()],
        reminder_days: vec![1, 3, 7],
        expire_days: 14,
        tries_max: 5,
        answer_age_days_max: 7,
        holds: Vec::new(),
        cooling_off: days(1),
        two_approvers_rows: 10_000,
        two_approvers_permille: 10,
    }
}

/// Dates that end `length` days after the start: warnings on day 20, 25 and 28 of 30, scaled.
pub(super) fn due(length: i64) -> Due {
    let day = date(2026, 1, 5).saturating_add(days(length));
    Due {
        acknowledge: start() + days(1),
        promise: day,
        statutory: day,
        due: day,
        due_at: start() + days(length),
        at_risk: [20, 25, 28].iter().map(|at| start() + days(length * at / 30)).collect(),
    }
}

pub(super) fn form() -> Form {
    Form {
        kind: Some(Kind::Export),
        scope: Scope { account: Some(AccountScope::Own), ..Scope::default() },
        legal_basis: "Customer request".to_owned(),
        requester: Requester { email: Some(address("asha@acme.example")), ..Requester::default() },
        acknowledged: true,
    }
}

pub(super) fn missing(field: Field) -> Vec<Problem> {
    vec![Problem { field, code: ProblemCode::Missing, text: String::new() }]
}

/// A complete form from an aligned sender.
pub(super) fn arrival() -> Arrival {
    Arrival {
        reference: Reference::from_bits(7),
        received_at: start(),
        origin: Origin {
            sender: address("asha@acme.example"),
            verdict: SenderVerdict::Aligned,
            evidence: crate::domain::sender::SenderEvidence::default(),
            mailbox: "support".to_owned(),
            message_id: None,
        },
        voice: Voice::Speaks,
        leave: Leave::Answer,
        form: form(),
        problems: Vec::new(),
        manner: Manner::Complete,
        text: "".into(),
        regime: "gdpr".to_owned(),
        due: due(30),
    }
}

/// The same with the scope missing.
pub(super) fn incomplete() -> Arrival {
    Arrival {
        form: Form { scope: Scope::default(), ..form() },
        problems: missing(Field::Scope),
        manner: Manner::Incomplete,
        ..arrival()
    }
}

pub(super) fn from(verdict: SenderVerdict, arrival: Arrival) -> Arrival {
    Arrival { origin: Origin { verdict, ..arrival.origin.clone() }, ..arrival }
}

pub(super) fn entry(role: &str) -> DirectoryEntry {
    DirectoryEntry {
        subject: "7".to_owned(),
        account: "481516".to_owned(),
        name: "Asha Rao".into(),
        address: address("asha@acme.example"),
        phone: None,
        role: role.to_owned(),
        user: Some("u7".to_owned()),
        regime: None,
    }
}

pub(super) fn matched(entry: DirectoryEntry, law: Option<Law>) -> Event {
    Event::Resolved(Resolution::Match { entry: Box::new(entry), law, frozen: None })
}

pub(super) fn plan(hash: &str) -> PlanSummary {
    PlanSummary {
        as_of: start(),
        hash: hash.to_owned(),
        total_rows: 3,
        categories: Vec::new(),
        share_permille: 0,
        holds: Vec::new(),
    }
}

pub(super) fn planned(hash: &str, second_factor: SecondFactorNeed) -> Event {
    Event::Planned { plan: plan(hash), second_factor }
}

pub(super) fn confirmed(from: Party, code: CodeVerdict) -> Event {
    Event::Confirmed { from, code }
}

pub(super) fn answered(from: Party, form: Option<(Form, Vec<Problem>)>) -> Event {
    Event::Answered { from, form, text: "as asked".into() }
}

pub(super) fn source_down() -> Event {
    Event::SourceDown { source: "crm".to_owned(), hanging: None }
}

pub(super) fn drifted() -> Event {
    Event::Drifted { category: "Calls".to_owned(), planned: 30, found: 1 }
}

pub(super) fn exported() -> Event {
    Event::Exported(PackageFacts {
        file_name: "DSR.zip".to_owned(),
        sha256: "ab".to_owned(),
        bytes: 10,
        contents: Vec::new(),
        withheld: Vec::new(),
    })
}

/// `CANCEL`, before anything has left.
pub(super) fn cancel(from: Party) -> Event {
    Event::Cancelled { from, left: Left::default() }
}

/// `NOT ME`, before anything has left.
pub(super) fn not_me(from: Party) -> Event {
    Event::Disowned { from, left: Left::default() }
}

/// The package has left, and its passphrase so far.
pub(super) fn package_and(passphrase: Far) -> Left {
    Left { package: Far::Yes, passphrase, ..Left::default() }
}

/// Everything went but three invoices.
pub(super) fn erased() -> Event {
    let kept = Kept {
        ground: Ground::StatutoryRetention,
        citation: "law".to_owned(),
        until: Some(date(2033, 1, 1)),
    };
    Event::Erased(ErasureFacts {
        as_of: start(),
        plan: "p1".to_owned(),
        finished_at: start(),
        finished_on: date(2026, 1, 6),
        lines: vec![ErasedLine {
            name: "invoices".to_owned(),
            title: "Invoices".to_owned(),
            source: "crm".to_owned(),
            deleted: 2,
            files: 0,
            gone: 0,
            kept: KeptLine::gather(std::iter::once((kept, 3))),
            backup_purge_days: Some(30),
        }],
    })
}

/// A hold on Asha's account.
pub(super) fn held(request: Option<Reference>) -> Hold {
    Hold {
        id: "H-1".to_owned(),
        scope: HoldScope { account: Some("481516".into()), ..HoldScope::default() },
        ground: "order".to_owned(),
        citation: "Court".to_owned(),
        owner: "meera".to_owned(),
        placed_at: start(),
        review_on: date(2026, 4, 1),
        request,
    }
}

pub(super) fn hold() -> StaffWord {
    StaffWord::Hold { hold: Some(Box::new(held(Some(Reference::from_bits(7))))) }
}

pub(super) fn accepted(notice: NoticeKind) -> Event {
    Event::Accepted { notice }
}

pub(super) fn undelivered(notice: NoticeKind, fate: Fate) -> Event {
    let (to, status) = (address("asha@acme.example"), "5.1.1".to_owned());
    Event::Undelivered { notice, audience: notice.audience(), to, status, fate }
}

/// A staff word with the code `c1` and about the plan `p1`.
pub(super) fn says(who: &str, word: StaffWord) -> Event {
    acts(who, word, StaffCode::Valid("c1".to_owned()), Some("p1"))
}

pub(super) fn acts(who: &str, word: StaffWord, code: StaffCode, plan: Option<&str>) -> Event {
    Event::Staff(StaffAct {
        by: name(who),
        address: address("any@desk.example"),
        word,
        code,
        plan_hash: plan.map(str::to_owned),
    })
}

pub(super) fn ask() -> StaffWord {
    StaffWord::Ask { question: "Which year?".into() }
}

/// `EXTEND`, to day 90.
pub(super) fn extend() -> StaffWord {
    StaffWord::Extend { reason: "many recordings".into(), dates: Some(due(90)) }
}

pub(super) fn called() -> StaffWord {
    StaffWord::Called { note: "spoke to her".into() }
}

/// One request and its time.
pub(super) struct Play {
    pub(super) request: Option<Request>,
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
}

impl Play {
    pub(super) fn new() -> Self {
        Self { request: None, rules: rules(), now: start() }
    }

    pub(super) fn of(arrival: Arrival) -> Self {
        let mut play = Self::new();
        play.tell(&Event::Arrived(Box::new(arrival)));
        play
    }

    /// Resolving: the directory is being asked.
    pub(super) fn resolving() -> Self {
        Self::of(arrival())
    }

    /// The address on file has its code.
    pub(super) fn challenged() -> Self {
        Self::resolving().with(&[matched(entry("owner"), None)])
    }

    /// The account is frozen until day 30.
    pub(super) fn iced() -> Self {
        let (entry, frozen) = (Box::new(entry("owner")), Some(start() + days(30)));
        Self::resolving().with(&[Event::Resolved(Resolution::Match { entry, law: None, frozen })])
    }

    /// The requester is known and the plan is being made.
    pub(super) fn planning() -> Self {
        Self::challenged().with(&[confirmed(Party::OnFile, CodeVerdict::Right)])
    }

    /// The plan `p1` waits for a decision.
    pub(super) fn frozen() -> Self {
        Self::planning().with(&[planned("p1", SecondFactorNeed::No)])
    }

    /// The plan `p1` waits for a call-back.
    pub(super) fn uncalled() -> Self {
        Self::planning().with(&[planned("p1", SecondFactorNeed::Yes)])
    }

    pub(super) fn executing() -> Self {
        Self::frozen().with(&[says("meera", StaffWord::Approve)])
    }

    /// The same up to an approved deletion.
    pub(super) fn cooling_off() -> Self {
        Self::deletion("p1").with(&[says("meera", StaffWord::Approve)])
    }

    /// The cooling-off time is over.
    pub(super) fn deleting() -> Self {
        Self::cooling_off().after(1).with(&[Event::Woke])
    }

    /// The plan of a deletion waits for a decision.
    pub(super) fn deletion(hash: &str) -> Self {
        let delete = Arrival { form: Form { kind: Some(Kind::Delete), ..form() }, ..arrival() };
        Self::of(delete).with(&[
            matched(entry("owner"), None),
            confirmed(Party::OnFile, CodeVerdict::Right),
            planned(hash, SecondFactorNeed::No),
        ])
    }

    pub(super) fn delivering() -> Self {
        Self::executing().with(&[exported()])
    }

    pub(super) fn closed() -> Self {
        Self::delivering().with(&[accepted(NoticeKind::CompletedExport)])
    }

    pub(super) fn with(mut self, events: &[Event]) -> Self {
        for event in events {
            self.tell(event);
        }
        self
    }

    /// Later by whole days.
    pub(super) fn after(mut self, length: i64) -> Self {
        self.now += days(length);
        self
    }

    pub(super) fn decide(&self, event: &Event) -> Result<Transition, Rejected> {
        decide(self.request.as_ref(), event, &self.rules, self.now)
    }

    /// Lets an event happen and tells what followed.
    pub(super) fn tell(&mut self, event: &Event) -> String {
        match self.decide(event) {
            Ok(transition) => {
                self.request = Some(transition.request().clone());
                told(&transition)
            }
            Err(rejected) => refused(&rejected),
        }
    }

    pub(super) fn request(&self) -> &Request {
        self.request.as_ref().expect("a request")
    }
}

/// Plays an event on a request and compares what follows.
pub(super) fn check(mut play: Play, event: &Event, expected: &str) -> Play {
    let place = play.request.as_ref().map_or_else(String::new, place);
    assert_eq!(play.tell(event), expected, "{} in {place}", event.name());
    play
}

fn told(transition: &Transition) -> String {
    let mut words = vec![place(transition.request())];
    words.extend(notices(transition.notices()));
    words.extend(transition.jobs().iter().map(|job| format!("job:{}", job.as_str())));
    if transition.codes() == Codes::Void {
        words.push("void".to_owned());
    }
    words.extend(match (transition.work(), transition.mails()) {
        (Work::Keep, Mails::Keep) => None,
        (Work::Abandon, Mails::HoldBack(_)) => Some("stop".to_owned()),
        (Work::Hurry, Mails::Keep) => Some("hurry".to_owned()),
        (Work::Keep, Mails::Replace(_)) => Some("replace".to_owned()),
        other => panic!("{other:?}"),
    });
    words.extend(transition.freeze().map(|_| "freeze".to_owned()));
    words.extend(transition.strike().map(|strike| format!("strike:{}", strike.name)));
    words.extend(transition.consumed().map(|code| format!("uses:{code}")));
    words.join(" ")
}

fn refused(rejected: &Rejected) -> String {
    let mut words = vec![format!("no:{}", rejected.why.as_str())];
    words.extend(notices(rejected.notice.as_slice()));
    words.join(" ")
}

/// Each notice with its readers; those on the staff are named once.
fn notices(intents: &[Intent]) -> Vec<String> {
    let mut words: Vec<(NoticeKind, Vec<String>)> = Vec::new();
    for intent in intents {
        let reader = match &intent.to {
            To::Sender => "sender".to_owned(),
            To::OnFile => "file".to_owned(),
            To::Staff(name) => name.as_str().to_owned(),
        };
        match words.last_mut() {
            Some((notice, readers)) if *notice == intent.notice && notice.audience() == Audience::Staff => {
                readers.push(reader);
            }
            _ => words.push((intent.notice, vec![reader])),
        }
    }
    let all = rules().staff.iter().map(|staff| staff.name.as_str().to_owned()).collect::<Vec<_>>();
    words
        .into_iter()
        .map(|(notice, readers)| {
            let readers = if readers == all { "staff".to_owned() } else { readers.join(",") };
            format!("{}>{readers}", notice.as_str())
        })
        .collect()
}

/// Where a request stands and why it stands still, in a word.
pub(super) fn place(request: &Request) -> String {
    let mut place = match &request.stage {
        Stage::Recorded { .. } => "recorded",
        Stage::AwaitingVerification { check: Check::Resolving, .. } => "resolving",
        Stage::AwaitingVerification { check: Check::Frozen { .. }, .. } => "iced",
        Stage::AwaitingVerification { check: Check::NoMatch, .. } => "no-match",
        Stage::AwaitingVerification { check: Check::Challenged { .. }, .. } => "challenged",
        Stage::AwaitingApproval { plan: PlanState::Planning, .. } => "planning",
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. } => "frozen",
        Stage::CoolingOff { .. } => "cooling-off",
        Stage::Executing { .. } if request.kind == Some(Kind::Delete) => "deleting",
        Stage::Executing { .. } => "executing",
        Stage::Delivering { .. } => "delivering",
        Stage::Closed { outcome, .. } => outcome.as_str(),
    }
    .to_owned();
    if let Some(ground) = request.stage.outcome().and_then(crate::domain::request::Outcome::ground) {
        place = format!("{place}({})", ground.as_str());
    }
    if let Some(blocker) = request.blocker {
        place = format!("{place}+{}", blocker.as_str());
    }
    place
}
