//! How often staff are told of requests whose sender nobody vouches for: thousands can be sent for nothing, and what matters
//! would drown among them. Beyond the cap they are recorded and counted as before, staff hear once that there are many, and
//! the daily digest and the register have them all. Never touches what a request is; `caps.rs` bounds what strangers get.

use super::post::Letter;
use super::{Failure, Workflow};
use crate::domain::notice::{AttentionReason, AttentionText, Notice, NoticeKind};
use crate::domain::request::{Blocker, Request, Stage};
use crate::domain::transition::Intent;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Such requests that staff are told of one by one, within `WINDOW`.
const TOLD_MAX: usize = 20;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What is left of a request's mails to staff.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// They leave.
    Each,
    /// One mail instead says that there are many.
    Many,
    /// None.
    None,
}

/// The requests that staff were told of lately, and when they heard that there are many.
#[derive(Default)]
pub(super) struct Unproven(Mutex<(VecDeque<Timestamp>, Option<Timestamp>)>);

impl Unproven {
    fn next(&self, now: Timestamp) -> Word {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, many_at) = &mut *state;
        while told.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            told.pop_front();
        }
        if told.len() < TOLD_MAX {
            told.push_back(now);
            Word::Each
        } else if many_at.is_none_or(|at| now.duration_since(at) >= WINDOW) {
            *many_at = Some(now);
            Word::Many
        } else {
            Word::None
        }
    }
}

/// Whether a mail to staff exists only because somebody sent a mail that nobody vouches for.
fn is_about_unproven(request: &Request, intent: &Intent) -> bool {
    matches!(request.stage, Stage::Recorded { .. })
        && request.blocker == Some(Blocker::SenderUnauthenticated)
        && !request.origin.verdict.speaks_for_customer()
        && matches!(intent.notice, NoticeKind::Attention | NoticeKind::DeadlineAtRisk)
}

impl Workflow {
    /// The intents that are left when staff have heard of enough such requests, and the mails that say so in their place.
    pub(super) async fn within_cap(
        &self,
        request: &Request,
        intents: &[Intent],
    ) -> Result<(Vec<Intent>, Vec<Letter>), Failure> {
        if !intents.iter().any(|intent| is_about_unproven(request, intent)) {
            return Ok((intents.to_vec(), Vec::new()));
        }
        let word = self.unproven.next(self.env.now());
        if word == Word::Each {
            return Ok((intents.to_vec(), Vec::new()));
        }
        metrics::counter!("dsrd_unproven_untold_total").increment(1);
        let rest = intents.iter().filter(|intent| !is_about_unproven(request, intent)).cloned().collect();
        let letters = if word == Word::Many { self.many_unproven().await? } else { Vec::new() };
        Ok((rest, letters))
    }

    async fn many_unproven(&self) -> Result<Vec<Letter>, Failure> {
        tracing::warn!(
            "many requests come from senders that nobody vouches for; staff are told once an hour"
        );
        self.to_all_staff(&Notice::Attention(AttentionText {
            reference: None,
            kind: None,
            company: self.settings.company.clone(),
            about: AttentionReason::ManyUnproven,
            received: None,
            due: None,
        }))
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{TOLD_MAX, Unproven, Word};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn staff_hear_of_twenty_within_an_hour_and_then_once_that_there_are_many() {
        let unproven = Unproven::default();
        let after = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        for _ in 0..TOLD_MAX {
            assert_eq!(unproven.next(after(0)), Word::Each);
        }
        assert_eq!([unproven.next(after(1)), unproven.next(after(2))], [Word::Many, Word::None]);
        for _ in 0..TOLD_MAX {
            assert_eq!(unproven.next(after(60)), Word::Each);
        }
        assert_eq!([unproven.next(after(60)), unproven.next(after(61))], [Word::None, Word::Many]);
    }
}
