//! Random lives of requests, checked after each step against the invariants of standard R20. The model remembers, apart
//! from the rules, who has proved what.

use super::play::{
    Play, accepted, acts, answered, arrival, called, confirmed, days, drifted, due, entry, erased, exported,
    extend, form, from, incomplete, matched, missing, plan, source_down, undelivered,
};
use crate::domain::address::Address;
use crate::domain::event::{
    Arrival, Event, Fate, Law, Leave, Manner, Resolution, SecondFactorNeed, StaffWord,
};
use crate::domain::form::{Field, Form};
use crate::domain::job::JobKind;
use crate::domain::left::{Far, Left, Rows};
use crate::domain::notice::{Audience, NoticeKind};
use crate::domain::personal::Personal;
use crate::domain::request::{Check, Ground, Kind, Outcome, PlanState, Request, Stage, Voice};
use crate::domain::scope::{AccountScope, Scope};
use crate::domain::sender::SenderVerdict;
use crate::domain::transition::{Codes, Rejected, To, Transition, Why};
use crate::domain::verification::CodeVerdict::{Expired, Right, Wrong};
use crate::domain::verification::Party::{self, OnFile, Requester, Stranger};
use crate::domain::verification::StaffCode;
use proptest::prelude::*;
use proptest::sample::select;

/// What may happen next; `Forward` is whatever brings the request on from where it is.
#[derive(Clone, Debug)]
enum Step {
    Forward { who: &'static str, wrong_plan: bool },
    Is(Box<Event>),
    Staff { who: &'static str, word: Box<StaffWord>, code: StaffCode, plan: Option<u8> },
    Wait(i64),
}

fn party() -> impl Strategy<Value = Party> {
    select(vec![OnFile, OnFile, Requester, Stranger])
}

fn who() -> impl Strategy<Value = &'static str> {
    select(vec!["meera", "meera", "ravi", "kiran", "asha", "nobody"])
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let verdicts = vec![
        SenderVerdict::Aligned,
        SenderVerdict::Aligned,
        SenderVerdict::SpfOnly,
        SenderVerdict::Unaligned,
        SenderVerdict::Unknown,
    ];
    let scopes = vec![
        Scope { account: Some(AccountScope::Own), ..Scope::default() },
        Scope { everything: true, ..Scope::default() },
    ];
    let kinds = vec![Some(Kind::Export), Some(Kind::Export), Some(Kind::Export), Some(Kind::Delete)];
    (
        select(verdicts),
        select(scopes),
        select(kinds),
        select(vec![Manner::Complete, Manner::Complete, Manner::Incomplete, Manner::OwnWords]),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        select(vec![0, 0, 0, 2, 9, 40]),
    )
        .prop_map(|(verdict, scope, kind, manner, silent, list, age)| {
            let whole = Arrival { form: Form { kind, scope, ..form() }, manner, ..arrival() };
            let mail = if manner == Manner::Complete { whole } else { Arrival { manner, ..incomplete() } };
            Arrival {
                voice: if silent { Voice::Silent } else { Voice::Speaks },
                leave: if list { Leave::AskStaff } else { Leave::Answer },
                received_at: super::play::start() - days(age),
                ..from(verdict, mail)
            }
        })
}

fn customer_says() -> impl Strategy<Value = Step> {
    let forms = vec![None, Some((form(), Vec::new())), Some((form(), missing(Field::Scope)))];
    prop_oneof![
        (party(), select(vec![Right, Expired, Wrong, Wrong])).prop_map(|(from, code)| confirmed(from, code)),
        (party(), select(forms)).prop_map(|(from, form)| answered(from, form)),
        party().prop_map(|from| Event::StatusAsked { from }),
        party().prop_map(|from| Event::NotUnderstood { from }),
        // Ends nearly every request, so it must be rare.
        prop_oneof![
            3 => Just(Event::StatusAsked { from: Requester }),
            1 => (party(), lefts()).prop_map(|(from, left)| Event::Cancelled { from, left }),
            1 => (party(), lefts()).prop_map(|(from, left)| Event::Disowned { from, left }),
        ],
    ]
    .prop_map(|event| Step::Is(Box::new(event)))
}

fn lefts() -> impl Strategy<Value = Left> {
    let far = || select(vec![Far::No, Far::Perhaps, Far::Yes]);
    let rows = select(vec![Rows::Untouched, Rows::Going, Rows::Gone]);
    (far(), far(), rows).prop_map(|(package, passphrase, rows)| Left { package, passphrase, rows })
}

fn staff_says() -> impl Strategy<Value = Step> {
    let refuse = |ground| StaffWord::Refuse { ground, text: Personal::default() };
    let words = vec![
        StaffWord::Approve,
        StaffWord::Approve,
        super::play::ask(),
        super::play::ask(),
        StaffWord::Accept,
        called(),
        refuse(None),
        refuse(Some(Ground::LegalHold)),
        extend(),
        StaffWord::Scope { form: Some((form(), Vec::new())) },
        StaffWord::NotRequest,
        super::play::hold(),
        StaffWord::Release,
        StaffWord::Veto,
        StaffWord::NotInThread,
        StaffWord::NotUnderstood,
    ];
    let codes = vec![
        StaffCode::Valid("c1".into()),
        StaffCode::Valid("c2".into()),
        StaffCode::Wrong,
        StaffCode::NotAsked,
    ];
    (who(), select(words), select(codes), prop::option::of(0_u8..3))
        .prop_map(|(who, word, code, plan)| Step::Staff { who, word: Box::new(word), code, plan })
}

fn world_says() -> impl Strategy<Value = Step> {
    let law = |length| Some(Law { regime: "other".to_owned(), due: due(length) });
    let events = vec![
        matched(entry("owner"), None),
        matched(entry("user"), law(15)),
        matched(entry("owner"), law(90)),
        Event::Resolved(Resolution::NoMatch),
        Event::Frozen { until: super::play::start() + days(20), left: Left::default() },
        source_down(),
        drifted(),
        exported(),
        erased(),
        Event::HoldsChanged,
        accepted(NoticeKind::CompletedDelete),
        accepted(NoticeKind::CompletedExport),
        accepted(NoticeKind::Challenge),
        undelivered(NoticeKind::Challenge, Fate::Rejected),
        undelivered(NoticeKind::CompletedExport, Fate::Uncertain),
        undelivered(NoticeKind::ApprovalRequest, Fate::Rejected),
        Event::Woke,
        Event::Arrived(Box::new(arrival())),
    ];
    select(events).prop_map(|event| Step::Is(Box::new(event)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (who(), prop::bool::weighted(0.1)).prop_map(|(who, wrong_plan)| Step::Forward { who, wrong_plan }),
        3 => customer_says(),
        3 => staff_says(),
        3 => world_says(),
        3 => (0_i64..9).prop_map(Step::Wait),
    ]
}

/// What is known apart from the rules.
#[derive(Default)]
struct Model {
    plans: u8,
    verified: bool,
    approved: Option<String>,
    works: u32,
    approvals: u32,
    exported: bool,
    completed: u32,
    passphrases: u32,
}

impl Model {
    /// Turns a step into an event, drawing plan hashes that no other plan has.
    fn event(&mut self, play: &Play, step: &Step) -> Event {
        match step {
            Step::Is(event) => Event::clone(event),
            Step::Wait(_) => Event::Woke,
            Step::Staff { who, word, code, plan } => {
                let hash = plan.map(|plan| format!("p{plan}"));
                acts(who, StaffWord::clone(word), code.clone(), hash.as_deref())
            }
            Step::Forward { who, wrong_plan } => self.forward(play.request(), who, *wrong_plan),
        }
    }

    fn forward(&mut self, request: &Request, who: &str, wrong_plan: bool) -> Event {
        let valid = StaffCode::Valid("c9".into());
        match &request.stage {
            Stage::Recorded { .. } if !request.origin.verdict.speaks_for_customer() => {
                acts(who, StaffWord::Accept, StaffCode::NotAsked, None)
            }
            Stage::Recorded { .. } => answered(Requester, Some((form(), Vec::new()))),
            Stage::AwaitingVerification { check: Check::Resolving, .. } => matched(entry("owner"), None),
            Stage::AwaitingVerification { check: Check::NoMatch, .. } | Stage::CoolingOff { .. } => {
                Event::Woke
            }
            Stage::AwaitingVerification { check: Check::Frozen { .. }, .. } => {
                acts(who, StaffWord::Accept, StaffCode::NotAsked, None)
            }
            Stage::AwaitingVerification { check: Check::Challenged { .. }, .. } => confirmed(OnFile, Right),
            Stage::AwaitingApproval { plan: PlanState::Planning, .. } => {
                self.plans += 1;
                let need =
                    if self.plans.is_multiple_of(2) { SecondFactorNeed::Yes } else { SecondFactorNeed::No };
                Event::Planned { plan: plan(&format!("p{}", self.plans)), second_factor: need }
            }
            Stage::AwaitingApproval { plan: PlanState::Frozen, .. } if request.lacks_second_factor() => {
                acts(who, called(), valid, None)
            }
            Stage::AwaitingApproval { plan: PlanState::Frozen, .. } => {
                let hash = request.plan.as_ref().map(|plan| plan.hash.as_str());
                acts(who, StaffWord::Approve, valid, hash.filter(|_| !wrong_plan))
            }
            Stage::Executing { .. } if request.kind == Some(Kind::Delete) => erased(),
            Stage::Executing { .. } => exported(),
            Stage::Delivering { .. } | Stage::Closed { .. } if request.kind == Some(Kind::Delete) => {
                accepted(NoticeKind::CompletedDelete)
            }
            Stage::Delivering { .. } | Stage::Closed { .. } => accepted(NoticeKind::CompletedExport),
        }
    }

    fn learn(&mut self, event: &Event, transition: &Transition) {
        let before = transition.from_stage();
        match event {
            Event::Confirmed { from: OnFile, code: Right } => self.verified = true,
            Event::Staff(act) if matches!(act.word, StaffWord::Approve) => {
                assert!(matches!(act.code, StaffCode::Valid(_)), "an approval without a code");
                self.approved.clone_from(&act.plan_hash);
                self.approvals += 1;
            }
            Event::Staff(act) if matches!(act.word, StaffWord::Veto) => self.approved = None,
            Event::Drifted { .. } => self.approved = None,
            Event::Frozen { .. } => (self.verified, self.approved, self.exported) = (false, None, false),
            Event::Exported(_) => {
                assert_eq!(before, Some("executing"));
                self.exported = true;
            }
            _ => {}
        }
        let works = |job: &JobKind| matches!(job, JobKind::Export | JobKind::Erase);
        self.works += u32::try_from(transition.jobs().iter().filter(|job| works(job)).count()).expect("few");
        if transition.jobs().contains(&JobKind::Erase) {
            let woke = matches!(event, Event::Woke) && before == Some("cooling-off");
            assert!(woke, "a deletion began before its cooling-off time was over: {}", event.name());
        }
        let outcome = transition.request().stage.outcome();
        self.completed += u32::from(outcome == Some(Outcome::Completed) && before != Some("closed"));
        self.passphrases += u32::try_from(count(transition, NoticeKind::Passphrase)).expect("few");
    }
}

fn count(transition: &Transition, notice: NoticeKind) -> usize {
    transition.notices().iter().filter(|intent| intent.notice == notice).count()
}

/// I1, I2 and I4: nothing runs without a known requester and an approval of this very plan by somebody else, and it runs
/// once.
fn work_is_allowed(model: &Model, play: &Play, event: &Event, after: &Request) {
    if matches!(after.stage, Stage::CoolingOff { .. } | Stage::Executing { .. } | Stage::Delivering { .. }) {
        assert!(model.verified && after.subject.is_some(), "I1: nobody was verified");
        let plan = after.plan.as_ref().map(|plan| plan.hash.clone());
        assert!(plan.is_some() && plan == model.approved, "I1: {plan:?} approved {:?}", model.approved);
        assert!(after.kind.is_some());
        assert!(!after.lacks_second_factor(), "I1: recordings without a call-back");
    }
    if let Event::Staff(act) = event
        && matches!(
            act.word,
            StaffWord::Approve | StaffWord::Refuse { .. } | StaffWord::Called { .. } | StaffWord::Accept
        )
    {
        let member = play.rules.staff.iter().find(|staff| staff.name == act.by).expect("I2: of the staff");
        let own = member.address.without_detail();
        let people =
            [Some(&after.origin.sender), after.address_on_file(), after.form.requester.email.as_ref()];
        let is_theirs =
            |address: Option<&Address>| address.is_some_and(|address| address.without_detail() == own);
        assert!(!people.into_iter().any(is_theirs), "I2: {} decided about themselves", act.by);
    }
    let (works, approvals) = (model.works, model.approvals);
    // An approved deletion may still be taken back; an approved export begins at once.
    let one_each = works == approvals || after.kind == Some(Kind::Delete) && works <= approvals;
    assert!(one_each, "I4: {works} works, {approvals} approvals");
    assert!(model.completed <= 1 && model.passphrases <= 1, "I4: completed twice");
}

/// I8 and decisions 11, 34, 41: who hears what.
fn nobody_hears_too_much(model: &Model, transition: &Transition) {
    let after = transition.request();
    for intent in transition.notices() {
        match intent.to {
            To::Sender => {
                assert!(after.origin.verdict.speaks_for_customer(), "{:?} to a forged sender", intent.notice);
                assert!(after.subject.is_none(), "{:?} past the address on file", intent.notice);
            }
            To::OnFile => assert!(after.subject.is_some(), "{:?} to nobody", intent.notice),
            To::Staff(_) => assert_eq!(intent.notice.audience(), Audience::Staff),
        }
        if !matches!(intent.to, To::Staff(_)) {
            assert_eq!(after.voice, Voice::Speaks, "{:?} from a silent mailbox", intent.notice);
            assert_eq!(intent.notice.audience(), Audience::Customer);
        }
        if matches!(intent.notice, NoticeKind::CompletedExport | NoticeKind::Passphrase) {
            assert!(model.exported && after.package.is_some(), "I8: {:?} before the export", intent.notice);
        }
        if intent.notice == NoticeKind::Passphrase {
            assert_eq!(after.stage.outcome(), Some(Outcome::Completed), "I8: the passphrase went ahead");
        }
    }
}

fn is_sane(play: &Play, before: Option<&Request>, event: &Event, transition: &Transition) {
    let after = transition.request();
    assert_eq!(transition.from_stage(), before.map(|request| request.stage.name()));
    let told_all = after.alarms.breached && usize::from(after.alarms.at_risk) >= after.due.at_risk.len();
    match after.wake_at {
        None => assert!(!after.is_open() || told_all, "an open request sleeps for ever"),
        Some(at) => {
            assert!(after.is_open(), "a closed request wakes");
            assert!(!matches!(event, Event::Woke) || at > play.now, "woken at {} for {at} again", play.now);
        }
    }
    if after.is_open() {
        let waits =
            matches!(after.stage, Stage::AwaitingVerification { check: Check::Challenged { .. }, .. });
        assert!(!waits || after.subject.is_some());
    } else {
        assert_eq!(after.blocker, None);
    }
    let Some(before) = before else { return };
    let extended = after.extension != before.extension;
    assert!(extended || after.due.due <= before.due.due, "due later than promised");
    assert!(extended || after.due.due_at <= before.due.due_at);
    assert!(
        !extended || (before.extension.is_none() && play.now <= before.due.due_at),
        "extended twice or too late"
    );
    assert!(after.tries >= before.tries && after.version == before.version);
    assert_eq!(
        (after.received_at, &after.origin, after.voice),
        (before.received_at, &before.origin, before.voice)
    );
    if let Stage::Closed { .. } = before.stage {
        let (package, disowned) = (before.package.clone(), before.disowned);
        assert_eq!(before, &Request { disowned, package, ..after.clone() }, "I7: it was over");
        assert!(transition.jobs().is_empty(), "I7: work for what is over");
    }
    if before.stage.name() != after.stage.name() {
        assert!(!transition.facts().is_empty(), "I6: a stage without an audit entry");
        assert!(after.is_open() || transition.codes() == Codes::Void, "codes outlive their request");
    }
    let decides = |word: &StaffWord| {
        matches!(
            word,
            StaffWord::Approve
                | StaffWord::Refuse { .. }
                | StaffWord::Extend { .. }
                | StaffWord::Called { .. }
        )
    };
    let expected = match event {
        Event::Staff(act) if decides(&act.word) => match &act.code {
            StaffCode::Valid(code) => Some(code.as_str()),
            StaffCode::Wrong | StaffCode::NotAsked => panic!("decided without a code"),
        },
        _ => None,
    };
    assert_eq!(transition.consumed(), expected, "I9");
}

fn is_told_within_bounds(before: &Request, rejected: &Rejected) {
    assert!(rejected.why != Why::NothingDue || rejected.notice.is_none());
    let Some(intent) = &rejected.notice else { return };
    match intent.to {
        To::Sender => assert!(before.origin.verdict.speaks_for_customer() && before.subject.is_none()),
        To::OnFile => assert!(before.subject.is_some()),
        To::Staff(_) => {}
    }
    assert!(matches!(intent.to, To::Staff(_)) || before.voice == Voice::Speaks);
}

fn live(arrival: Arrival, steps: &[Step]) -> Play {
    let mut play = Play::new();
    let mut model = Model::default();
    let first = Event::Arrived(Box::new(arrival));
    let transition = play.decide(&first).expect("a mail is always recorded");
    is_sane(&play, None, &first, &transition);
    nobody_hears_too_much(&model, &transition);
    play.request = Some(transition.request().clone());
    for step in steps {
        if let Step::Wait(length) = step {
            play.now += days(*length);
        }
        let before = play.request().clone();
        let event = model.event(&play, step);
        match play.decide(&event) {
            Err(rejected) => is_told_within_bounds(&before, &rejected),
            Ok(transition) if transition.denied().is_some() => {
                assert_eq!(&before, transition.request(), "a wrong code changes nothing");
                assert_eq!((transition.consumed(), transition.jobs().len()), (None, 0));
            }
            Ok(transition) => {
                model.learn(&event, &transition);
                work_is_allowed(&model, &play, &event, transition.request());
                nobody_hears_too_much(&model, &transition);
                is_sane(&play, Some(&before), &event, &transition);
                play.request = Some(transition.request().clone());
            }
        }
    }
    play
}

proptest! {
    #[test]
    fn no_life_of_a_request_breaks_an_invariant(arrival in arrivals(), steps in prop::collection::vec(step(), 40)) {
        live(arrival, &steps);
    }
}

/// The model test would hold for lives in which nothing happens: this one sees to it that enough of them reach the end.
#[test]
fn many_random_lives_are_full_ones() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..200 {
        let lives = (arrivals(), prop::collection::vec(step(), 40));
        let (arrival, steps) = lives.new_tree(&mut runner).expect("a life").current();
        let play = live(arrival, &steps);
        let end = play.request().stage.outcome().map_or("open", Outcome::as_str);
        *ends.entry(end.to_owned()).or_default() += 1;
    }
    for (end, least) in [("completed", 20), ("refused", 20), ("withdrawn", 10), ("expired", 3), ("open", 5)] {
        assert!(ends.get(end).is_some_and(|many| *many >= least), "{end}: {ends:?}");
    }
}
