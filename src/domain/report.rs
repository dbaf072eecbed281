//! The service level as it was measured: how long people waited to be acknowledged, verified and answered, how often a date
//! was missed, and why requests were refused. Plain counting over facts that `cli/report.rs` reads from the register and
//! the audit log.

use super::request::{Ground, Outcome};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is known of one request.
#[derive(Clone, Debug)]
pub struct Course {
    /// When the mail arrived.
    pub received_at: Timestamp,
    /// When a server took the acknowledgement, or the clarification that serves as one.
    pub acknowledged_at: Option<Timestamp>,
    /// When the person had proved who they are.
    pub verified_at: Option<Timestamp>,
    /// When a server took the last mail of what was done.
    pub completed_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Whether its due date passed while it was open.
    pub breached: bool,
}

/// How long something took, over all requests that got there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Took {
    /// How many got there.
    pub count: u64,
    /// The middle one; of two in the middle the longer.
    pub median_seconds: i64,
    /// The longest.
    pub worst_seconds: i64,
}

/// The service level of a set of requests.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// Requests that came in.
    pub requests: u64,
    /// Of these, still open.
    pub open: u64,
    /// Ended, by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Refused, by ground.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Due dates that passed.
    pub breaches: u64,
    /// From arrival to the acknowledgement.
    pub acknowledge: Took,
    /// From arrival to the proof of who asks.
    pub verify: Took,
    /// From arrival to the end of the work.
    pub fulfil: Took,
}

impl Report {
    /// Counts.
    pub fn of(courses: &[Course]) -> Self {
        let mut report = Self { requests: many(courses.len()), ..Self::default() };
        for course in courses {
            match course.outcome {
                None => report.open += 1,
                Some(outcome) => *report.outcomes.entry(outcome.as_str()).or_default() += 1,
            }
            if let Some(ground) = course.outcome.and_then(Outcome::ground) {
                *report.refusals.entry(Ground::as_str(ground)).or_default() += 1;
            }
            report.breaches += u64::from(course.breached);
        }
        report.acknowledge = took(courses, |course| course.acknowledged_at);
        report.verify = took(courses, |course| course.verified_at);
        report.fulfil = took(courses, |course| course.completed_at);
        report
    }
}

fn took(courses: &[Course], reached: impl Fn(&Course) -> Option<Timestamp>) -> Took {
    let seconds = |course: &Course| Some(reached(course)?.duration_since(course.received_at).as_secs());
    let mut all: Vec<i64> = courses.iter().filter_map(seconds).collect();
    all.sort_unstable();
    Took {
        count: many(all.len()),
        median_seconds: all.get(all.len() / 2).copied().unwrap_or(0),
        worst_seconds: all.last().copied().unwrap_or(0),
    }
}

fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Course, Report, Took};
    use crate::domain::request::{Ground, Outcome};
    use jiff::{SignedDuration, Timestamp};

    fn course(outcome: Option<Outcome>, acknowledged: Option<i64>, completed: Option<i64>) -> Course {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        Course {
            received_at: at(1_000),
            acknowledged_at: acknowledged.map(|seconds| at(1_000 + seconds)),
            verified_at: None,
            completed_at: completed.map(|seconds| at(1_000 + seconds)),
            outcome,
            breached: completed.is_some_and(|seconds| seconds > 100),
        }
    }

    #[test]
    fn counts_medians_and_the_worst_are_those_of_the_requests_that_got_there() {
        assert_eq!(Report::of(&[]), Report::default());
        let report = Report::of(&[
            course(Some(Outcome::Completed), Some(2), Some(50)),
            course(Some(Outcome::Completed), Some(9), Some(500)),
            course(Some(Outcome::Refused(Ground::NoMatch)), Some(3), None),
            course(Some(Outcome::Refused(Ground::NoMatch)), None, None),
            course(None, Some(4), None),
        ]);
        assert_eq!((report.requests, report.open, report.breaches), (5, 1, 1));
        assert_eq!(report.acknowledge, Took { count: 4, median_seconds: 4, worst_seconds: 9 });
        assert_eq!(report.fulfil, Took { count: 2, median_seconds: 500, worst_seconds: 500 });
        assert_eq!(report.verify, Took::default());
        assert_eq!(report.outcomes.into_iter().collect::<Vec<_>>(), [("completed", 2), ("refused", 2)]);
        assert_eq!(report.refusals.into_iter().collect::<Vec<_>>(), [("no-match", 2)]);
    }
}
