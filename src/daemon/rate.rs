//! How many mails may leave in a minute (`[outbox] rate_per_minute`): providers cut off senders that hurry. A bucket that
//! fills with time; the time is an argument. The outbox pump asks before it claims.

use jiff::{SignedDuration, Timestamp};

/// A bucket of mails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    per_minute: Option<u32>,
    left: u32,
    filled_at: Option<Timestamp>,
}

impl Rate {
    /// At most so many in a minute.
    pub const fn per_minute(most: u32) -> Self {
        Self { per_minute: Some(most), left: most, filled_at: None }
    }

    /// As fast as the server takes them.
    pub const fn unlimited() -> Self {
        Self { per_minute: None, left: u32::MAX, filled_at: None }
    }

    /// How many may leave now.
    pub fn allowed(&mut self, now: Timestamp) -> u32 {
        let Some(most) = self.per_minute else {
            return u32::MAX;
        };
        let since = self.filled_at.map_or(SignedDuration::from_mins(1), |at| now.duration_since(at));
        let grown =
            u64::try_from(since.as_millis().max(0)).unwrap_or(0).saturating_mul(u64::from(most)) / 60_000;
        if grown > 0 {
            self.left = self.left.saturating_add(u32::try_from(grown).unwrap_or(u32::MAX)).min(most);
            self.filled_at = Some(now);
        }
        self.left
    }

    /// So many have left.
    pub fn spend(&mut self, sent: usize) {
        self.left = self.left.saturating_sub(u32::try_from(sent).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_minute_holds_so_many_and_time_gives_them_back() {
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let mut rate = Rate::per_minute(30);
        assert_eq!(rate.allowed(start), 30);
        rate.spend(30);
        assert_eq!(rate.allowed(start + SignedDuration::from_secs(1)), 0);
        assert_eq!(rate.allowed(start + SignedDuration::from_secs(4)), 2);
        assert_eq!(rate.allowed(start + SignedDuration::from_mins(10)), 30);
        assert_eq!(Rate::unlimited().allowed(start), u32::MAX);
    }
}
