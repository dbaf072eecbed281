//! How often strangers are answered (standard M9): acknowledgements and clarifications only, so that the conversation of a
//! request is never cut (decision 38). A capped one waits. Keyed hashes stand for addresses and domains.

use crate::domain::address::Address;
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The caps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CapSettings {
    /// To one address within an hour.
    pub address_hour_max: u32,
    /// To one address within a day.
    pub address_day_max: u32,
    /// To one domain within an hour.
    pub domain_hour_max: u32,
    /// To everybody within an hour.
    pub global_hour_max: u32,
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How often what no longer counts is dropped: at each answer it would cost as much as there were answers in a day.
const SWEEP_PERIOD: SignedDuration = SignedDuration::from_mins(1);

/// Lets something pass once in a while.
#[derive(Default)]
pub(super) struct Gate(Mutex<Option<Timestamp>>);

impl Gate {
    /// Whether it would let something pass now.
    pub(super) fn is_open(&self, now: Timestamp, pause: SignedDuration) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|at| now.duration_since(at) >= pause)
    }

    /// Whether it may pass now; if so, the next one waits for `pause`.
    pub(super) fn pass(&self, now: Timestamp, pause: SignedDuration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = last.is_none_or(|at| now.duration_since(at) >= pause);
        if free {
            *last = Some(now);
        }
        free
    }
}

/// Recent answers, by whom they went to.
#[derive(Default)]
pub(super) struct Caps {
    addresses: HashMap<String, VecDeque<Timestamp>>,
    domains: HashMap<String, VecDeque<Timestamp>>,
    all: VecDeque<Timestamp>,
    swept_at: Option<Timestamp>,
}

impl Caps {
    /// Counts an answer that left or waits already.
    pub(super) fn count(&mut self, address_index: &str, domain: Option<&str>, at: Timestamp) {
        insert(self.addresses.entry(address_index.to_owned()).or_default(), at);
        if let Some(domain) = domain {
            insert(self.domains.entry(domain.to_owned()).or_default(), at);
        }
        insert(&mut self.all, at);
    }

    /// When an answer to this address may leave, and counts it there.
    pub(super) fn admit(
        &mut self,
        settings: &CapSettings,
        to: &Address,
        address_index: &str,
        now: Timestamp,
    ) -> Timestamp {
        if self.swept_at.is_none_or(|at| now.duration_since(at) >= SWEEP_PERIOD) {
            self.forget(now - DAY);
            self.swept_at = Some(now);
        }
        let none = VecDeque::new();
        let by_address = self.addresses.get(address_index).unwrap_or(&none);
        let by_domain = self.domains.get(to.domain()).unwrap_or(&none);
        let at = [
            free_at(by_address, settings.address_hour_max, HOUR, now),
            free_at(by_address, settings.address_day_max, DAY, now),
            free_at(by_domain, settings.domain_hour_max, HOUR, now),
            free_at(&self.all, settings.global_hour_max, HOUR, now),
        ]
        .into_iter()
        .max()
        .unwrap_or(now);
        self.count(address_index, Some(to.domain()), at);
        at
    }

    /// Takes back an answer that was counted and never queued.
    pub(super) fn take_back(&mut self, address_index: &str, domain: &str, at: Timestamp) {
        let queues =
            [self.addresses.get_mut(address_index), self.domains.get_mut(domain), Some(&mut self.all)];
        for queue in queues.into_iter().flatten() {
            if let Some(place) = queue.iter().rposition(|&sent| sent == at) {
                queue.remove(place);
            }
        }
    }

    /// Everything older than the longest window no longer counts; without this the maps would grow for ever.
    fn forget(&mut self, before: Timestamp) {
        for queue in self.addresses.values_mut().chain(self.domains.values_mut()).chain([&mut self.all]) {
            while queue.front().is_some_and(|&at| at < before) {
                queue.pop_front();
            }
        }
        self.addresses.retain(|_, queue| !queue.is_empty());
        self.domains.retain(|_, queue| !queue.is_empty());
    }
}

/// Keeps the times in order: an answer that waits stands after answers that leave at once.
fn insert(sent: &mut VecDeque<Timestamp>, at: Timestamp) {
    let place = sent.partition_point(|&other| other <= at);
    sent.insert(place, at);
}

/// The first moment from `now` on that has fewer than `most` others closer than `window`. Answers that wait far ahead do
/// not count now: one sender whose answers wait for days must not make everybody else wait.
fn free_at(sent: &VecDeque<Timestamp>, most: u32, window: SignedDuration, now: Timestamp) -> Timestamp {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let near = |at: Timestamp| {
        let first = sent.partition_point(|&other| other <= at - window);
        sent.partition_point(|&other| other < at + window).saturating_sub(first)
    };
    if near(now) < most {
        return now;
    }
    let from = sent.partition_point(|&other| other <= now - window);
    let candidates = sent.iter().skip(from).map(|&other| other + window);
    candidates.filter(|&at| at > now).find(|&at| near(at) < most).unwrap_or(now + DAY)
}

#[cfg(test)]
mod tests {
    use super::{CapSettings, Caps};
    use crate::domain::address::Address;
    use jiff::{SignedDuration, Timestamp};

    const CAPS: CapSettings =
        CapSettings { address_hour_max: 1, address_day_max: 3, domain_hour_max: 4, global_hour_max: 5 };

    #[test]
    fn capped_answers_wait_and_none_is_lost() {
        let mut caps = Caps::default();
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let asha = Address::parse("asha@acme.example").expect("parses");
        let hours: Vec<i64> = (0..5)
            .map(|_| caps.admit(&CAPS, &asha, "asha", start).duration_since(start).as_hours())
            .collect();
        assert_eq!(hours, [0, 1, 2, 24, 25]);
    }

    #[test]
    fn an_answer_that_was_taken_back_does_not_count() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let asha = Address::parse("asha@acme.example").expect("parses");
        let at = caps.admit(&CAPS, &asha, "asha", now);
        caps.take_back("asha", asha.domain(), at);
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), now);
    }

    #[test]
    fn a_domain_and_everybody_have_caps_of_their_own() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let mut at = |who: &str, domain: &str| {
            let to = Address::parse(&format!("{who}@{domain}")).expect("parses");
            caps.admit(&CAPS, &to, to.expose(), now).duration_since(now).as_hours()
        };
        let first: Vec<i64> = ["a", "b", "c", "d", "e"].map(|who| at(who, "acme.example")).to_vec();
        assert_eq!(first, [0, 0, 0, 0, 1], "the fifth to one domain waits");
        assert_eq!(at("x", "other.example"), 0);
        assert_eq!(at("y", "other.example"), 1, "everybody together gets five in an hour");
    }

    #[test]
    fn one_sender_whose_answers_wait_for_days_makes_nobody_else_wait() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let mallory = Address::parse("mallory@evil.example").expect("parses");
        for _ in 0..50 {
            caps.admit(&CAPS, &mallory, "mallory", now);
        }
        let asha = Address::parse("asha@acme.example").expect("parses");
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), now);
    }

    #[test]
    fn what_is_older_than_a_day_no_longer_counts() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        caps.count("asha", None, now - SignedDuration::from_hours(25));
        let asha = Address::parse("asha@acme.example").expect("parses");
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), now);
        assert_eq!(caps.all.len(), 1);
    }
}
