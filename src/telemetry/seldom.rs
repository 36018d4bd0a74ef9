//! Says seldom what happens often.

use std::time::{Duration, Instant};

/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Counts what happens, for a line now and then.
#[derive(Debug, Default)]
pub struct Seldom {
    said: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// It happened. If it is time to say so: how often, since it was said last.
    pub fn happened(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        if self.said.is_some_and(|said| now.saturating_duration_since(said) < PAUSE) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_and_then_seldom() {
        let (start, mut seldom) = (Instant::now(), Seldom::default());
        let said: Vec<_> =
            [0, 1, 9, 10, 11, 30].map(|at| seldom.happened(start + Duration::from_secs(at))).into();
        assert_eq!(said, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
