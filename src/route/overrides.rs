//! Limits of one backend that are other than those of the rest.

use crate::limits::Limits;
use std::time::Duration;

/// Limits that one backend has for itself. None: as for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Instead of [`RetryLimits::window`](crate::limits::RetryLimits::window).
    pub retry_window: Option<Duration>,
    /// Instead of [`TimeLimits::connect`](crate::limits::TimeLimits::connect).
    pub connect: Option<Duration>,
    /// Instead of [`TimeLimits::ack`](crate::limits::TimeLimits::ack).
    pub ack: Option<Duration>,
    /// Instead of [`TimeLimits::final_ack`](crate::limits::TimeLimits::final_ack).
    pub final_ack: Option<Duration>,
    /// Instead of [`FragmentLimits::max`](crate::limits::FragmentLimits::max). Bytes.
    pub fragment_max: Option<u64>,
}

impl Overrides {
    /// The limits for this backend. Those that belong to a changed one give way to it: the first fragment is no larger than
    /// the largest, and so on. The budget is one for all: a largest fragment beyond half of it is none.
    pub fn apply(&self, all: &Limits) -> Limits {
        let mut limits = all.clone();
        let (fragment, retry, time) = (&mut limits.fragment, &mut limits.retry, &mut limits.time);
        if let Some(max) = self.fragment_max {
            fragment.max = max.clamp(1, (all.memory / 2).max(1));
            fragment.first = fragment.first.min(fragment.max);
            fragment.min = fragment.min.min(fragment.first);
        }
        if let Some(window) = self.retry_window {
            retry.window = window;
            retry.create_window = retry.create_window.min(window);
            retry.max_delay = retry.max_delay.min(window);
            retry.first_delay = retry.first_delay.min(retry.max_delay);
        }
        if let Some(connect) = self.connect {
            time.connect = connect;
        }
        if let Some(ack) = self.ack {
            time.ack = ack;
            time.final_ack = time.final_ack.max(ack);
        }
        if let Some(final_ack) = self.final_ack {
            time.final_ack = final_ack;
            time.ack = time.ack.min(final_ack);
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_changed_limit_gives_way() {
        let all = Limits::default();
        assert_eq!(Overrides::default().apply(&all), all);
        let second = Duration::from_secs(1);
        let own = Overrides {
            retry_window: Some(second),
            connect: Some(second),
            ack: Some(2 * all.time.final_ack),
            final_ack: None,
            fragment_max: Some(1000),
        };
        let limits = own.apply(&all);
        assert_eq!(
            (limits.retry.window, limits.retry.create_window, limits.retry.max_delay),
            (second, second, second)
        );
        assert_eq!((limits.time.connect, limits.time.final_ack), (second, 2 * all.time.final_ack));
        assert_eq!((limits.fragment.max, limits.fragment.first, limits.fragment.min), (1000, 1000, 1000));
        let own = Overrides { final_ack: Some(second), fragment_max: Some(u64::MAX), ..Overrides::default() };
        let limits = own.apply(&all);
        assert_eq!((limits.time.ack, limits.time.final_ack), (second, second));
        assert_eq!(limits.fragment.max, all.memory / 2);
    }
}
