//! The two things that the host alone knows: what time it is and what is random. Everything else takes them as values.
//! `Manual` and `Seeded` serve the tests and the demo, which move time by hand. Named by workflow, store (nonces),
//! daemon, cli and the demo only; `clippy.toml` bans the ambient calls everywhere else.

use jiff::{SignedDuration, Timestamp};
use ring::rand::SecureRandom;
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, UTC, in whole microseconds, because the state stores microseconds.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with bytes that nobody can predict (or, when seeded, that a test can repeat).
    fn fill(&self, buffer: &mut [u8]);

    /// 128 random bits.
    fn bits(&self) -> u128 {
        let mut bytes = [0_u8; 16];
        self.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}

/// Clock and randomness together, as the upper layers carry them.
#[derive(Clone)]
pub struct Env {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// The host's own clock and random numbers.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy::new()) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The host's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the host for the time")]
    fn now(&self) -> Timestamp {
        whole_micros(Timestamp::now())
    }
}

/// The host's random numbers.
pub struct SystemEntropy(ring::rand::SystemRandom);

impl SystemEntropy {
    /// Opens the host's generator.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the host for randomness")]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    #[expect(
        clippy::expect_used,
        reason = "a host without random numbers must not go on: every code would be guessable"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        self.0.fill(buffer).expect("the kernel gives random numbers");
    }
}

/// A clock that moves only by hand.
pub struct Manual(Mutex<Timestamp>);

impl Manual {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(whole_micros(start)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Repeatable bytes from a seed (SHA-256 in counter mode): for tests and the demo, never for a daemon.
pub struct Seeded(Mutex<(u64, u64)>);

impl Seeded {
    /// A generator that gives the same bytes for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((seed, 0)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(32) {
            let mut context = ring::digest::Context::new(&ring::digest::SHA256);
            context.update(&state.0.to_be_bytes());
            context.update(&state.1.to_be_bytes());
            state.1 += 1;
            for (to, from) in chunk.iter_mut().zip(context.finish().as_ref()) {
                *to = *from;
            }
        }
    }
}

fn whole_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::{Clock, Entropy, Manual, Seeded};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn the_manual_clock_moves_only_by_hand() {
        let clock = Manual::new(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now().as_second(), 5);
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let (one, same, other) = (Seeded::new(1), Seeded::new(1), Seeded::new(2));
        let first = one.bits();
        assert_eq!(first, same.bits());
        assert_ne!(first, one.bits());
        assert_ne!(first, other.bits());
    }
}
