//! How often strangers are answered (standard M9): acknowledgements and clarifications only, so that the conversation of a
//! request is never cut (decision 38). A capped one waits. What only says where a request stands is bounded for each
//! request, because a machine that hides what it is could ask for ever. Keyed hashes stand for addresses.

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

/// Mails a day that say where one request stands, or what was not understood.
const STANDINGS_DAY_MAX: u32 = 20;

/// What an answer waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cap {
    /// Too many to this address.
    Address,
    /// Too many to this domain.
    Domain,
    /// Too many to everybody: the breaker.
    Everybody,
}

impl Cap {
    /// The word in logs and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Domain => "domain",
            Self::Everybody => "everybody",
        }
    }
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
    standings: HashMap<String, VecDeque<Timestamp>>,
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

    /// When a mail that says where a request stands may leave, and counts it there.
    pub(super) fn admit_standing(&mut self, reference: &str, now: Timestamp) -> Timestamp {
        let sent = self.standings.entry(reference.to_owned()).or_default();
        let at = free_at(sent, STANDINGS_DAY_MAX, DAY, now);
        insert(sent, at);
        at
    }

    /// When an answer to this address may leave and for what it waits, and counts it there.
    pub(super) fn admit(
        &mut self,
        settings: &CapSettings,
        to: &Address,
        address_index: &str,
        now: Timestamp,
    ) -> (Timestamp, Option<Cap>) {
        if self.swept_at.is_none_or(|at| now.duration_since(at) >= SWEEP_PERIOD) {
            self.forget(now - DAY);
            self.swept_at = Some(now);
        }
        let none = VecDeque::new();
        let by_address = self.addresses.get(address_index).unwrap_or(&none);
        let by_domain = self.domains.get(to.domain()).unwrap_or(&none);
        let by_address = free_at(by_address, settings.address_hour_max, HOUR, now).max(free_at(
            by_address,
            settings.address_day_max,
            DAY,
            now,
        ));
        let by_domain = free_at(by_domain, settings.domain_hour_max, HOUR, now);
        let by_all = free_at(&self.all, settings.global_hour_max, HOUR, now);
        let at = by_address.max(by_domain).max(by_all);
        self.count(address_index, Some(to.domain()), at);
        let cap = [(by_all, Cap::Everybody), (by_domain, Cap::Domain), (by_address, Cap::Address)];
        (at, cap.into_iter().find(|(free, _)| at > now && *free == at).map(|(_, cap)| cap))
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
        let by_name = [&mut self.addresses, &mut self.domains, &mut self.standings];
        for queue in by_name.into_iter().flat_map(HashMap::values_mut).chain([&mut self.all]) {
            while queue.front().is_some_and(|&at| at < before) {
                queue.pop_front();
            }
        }
        self.addresses.retain(|_, queue| !queue.is_empty());
        self.domains.retain(|_, queue| !queue.is_empty());
        self.standings.retain(|_, queue| !queue.is_empty());
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
    use super::{Cap, CapSettings, Caps};
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
            .map(|_| caps.admit(&CAPS, &asha, "asha", start).0.duration_since(start).as_hours())
            .collect();
        assert_eq!(hours, [0, 1, 2, 24, 25]);
    }

    #[test]
    fn an_answer_that_was_taken_back_does_not_count() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let asha = Address::parse("asha@acme.example").expect("parses");
        let (at, _) = caps.admit(&CAPS, &asha, "asha", now);
        caps.take_back("asha", asha.domain(), at);
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), (now, None));
    }

    #[test]
    fn a_request_says_where_it_stands_twenty_times_a_day() {
        let mut caps = Caps::default();
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let mut hours = || caps.admit_standing("DSR-1", start).duration_since(start).as_hours();
        let found: Vec<i64> = (0..22).map(|_| hours()).collect();
        assert_eq!((found[19], found[20], found[21]), (0, 24, 24));
        assert_eq!(caps.admit_standing("DSR-2", start), start);
    }

    #[test]
    fn a_domain_and_everybody_have_caps_of_their_own() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        let mut at = |who: &str, domain: &str| {
            let to = Address::parse(&format!("{who}@{domain}")).expect("parses");
            let (at, cap) = caps.admit(&CAPS, &to, to.expose(), now);
            (at.duration_since(now).as_hours(), cap)
        };
        let first: Vec<_> = ["a", "b", "c", "d", "e"].map(|who| at(who, "acme.example")).to_vec();
        assert_eq!(first[3], (0, None));
        assert_eq!(first[4], (1, Some(Cap::Domain)), "the fifth to one domain waits");
        assert_eq!(at("x", "other.example"), (0, None));
        assert_eq!(at("y", "other.example"), (1, Some(Cap::Everybody)), "together five in an hour");
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
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), (now, None));
    }

    #[test]
    fn what_is_older_than_a_day_no_longer_counts() {
        let mut caps = Caps::default();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1000);
        caps.count("asha", None, now - SignedDuration::from_hours(25));
        let asha = Address::parse("asha@acme.example").expect("parses");
        assert_eq!(caps.admit(&CAPS, &asha, "asha", now), (now, None));
        assert_eq!(caps.all.len(), 1);
    }
}
