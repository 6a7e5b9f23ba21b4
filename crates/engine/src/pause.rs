//! Pauses between tries: growing, jittered, bounded.

use std::time::Duration;

/// A sequence of pauses, each up to twice the one before, with jitter so that twenty runners that
/// start together do not try together.
#[derive(Debug)]
pub(crate) struct Pause {
    next: Duration,
    limit: Duration,
}

impl Pause {
    /// Starts with `first` and never exceeds `limit`.
    pub(crate) fn new(first: Duration, limit: Duration) -> Self {
        Self { next: first, limit }
    }

    /// The next pause: between half of its length and the whole.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.next.min(self.limit);
        self.next = whole * 2;
        whole.mul_f64(0.5 + jitter() / 2.0)
    }
}

/// A number from 0 to 1.
fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_limit() {
        let mut pause = Pause::new(Duration::from_millis(10), Duration::from_millis(50));
        let first = pause.next();
        assert!(first >= Duration::from_millis(5) && first <= Duration::from_millis(10));
        for _ in 0..10 {
            pause.next();
        }
        let late = pause.next();
        assert!(late >= Duration::from_millis(25) && late <= Duration::from_millis(50));
    }
}
