//! How long to wait before a mailbox is tried again: doubling, jittered, bounded. Pure: the attempt and 32 random bits go
//! in, a duration comes out; the sleeping itself is the daemon's. Reconnecting stands in `imap.rs`.

use std::time::Duration;

/// Bounds of a doubling wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first_ms: u64,
    most_ms: u64,
}

impl Backoff {
    /// After a lost or refused line: 2 s to 80 s.
    pub const LINE: Self = Self { first_ms: 2_000, most_ms: 80_000 };
    /// After refused credentials: 1 to 30 minutes, because providers lock accounts that hammer.
    pub const LOGIN: Self = Self { first_ms: 60_000, most_ms: 1_800_000 };

    /// The wait after `attempt` earlier failures: the doubled time and up to as much again, so that many daemons do not
    /// come back at once. `random` is 32 random bits.
    pub fn delay(self, attempt: u32, random: u32) -> Duration {
        let doubled = self.first_ms.saturating_mul(1_u64 << attempt.min(20)).min(self.most_ms / 2);
        let jitter = doubled.saturating_mul(u64::from(random)) >> 32;
        Duration::from_millis(doubled + jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn waits_double_with_jitter_between_their_bounds() {
        let check = |backoff: Backoff, attempt: u32, random: u32, ms: u128| {
            assert_eq!(backoff.delay(attempt, random).as_millis(), ms, "attempt {attempt}, random {random}");
        };
        check(Backoff::LINE, 0, 0, 2_000);
        check(Backoff::LINE, 0, u32::MAX, 3_999);
        check(Backoff::LINE, 1, 0, 4_000);
        check(Backoff::LINE, 4, 0, 32_000);
        check(Backoff::LINE, 5, 0, 40_000);
        check(Backoff::LINE, u32::MAX, u32::MAX, 79_999);
        check(Backoff::LOGIN, 0, 0, 60_000);
        check(Backoff::LOGIN, 9, u32::MAX, 1_799_999);
    }
}
