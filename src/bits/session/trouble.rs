//! What is tried again, how often, and for how long; beginning anew; giving up.

use super::{Event, Phase, Session, Then};
use crate::bits::ack::{Ack, Verdict};
use crate::bits::packet::SessionId;
use crate::error::Failure;
use crate::limits::RetryLimits;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// How much trouble has passed since the last progress.
#[derive(Debug)]
pub(super) struct Patience {
    builder: ExponentialBuilder,
    seed: u64,
    delays: ExponentialBackoff,
    /// Start of the present trouble.
    since: Option<Duration>,
    /// Answered exchanges in a row without progress.
    stalled: u32,
}

impl Patience {
    pub(super) fn new(limits: &RetryLimits, seed: u64) -> Self {
        let builder = ExponentialBuilder::new()
            .with_min_delay(limits.first_delay)
            // Jitter adds up to as much again.
            .with_max_delay(limits.max_delay / 2)
            .with_factor(2.0)
            .without_max_times()
            .with_jitter();
        Patience { builder, seed, delays: builder.with_jitter_seed(seed).build(), since: None, stalled: 0 }
    }

    fn reset(&mut self) {
        if self.since.is_some() || self.stalled > 0 {
            self.seed = self.seed.wrapping_add(1);
            self.delays = self.builder.with_jitter_seed(self.seed).build();
            self.since = None;
            self.stalled = 0;
        }
    }
}

impl Session {
    /// The server took something: earlier trouble is forgotten.
    pub(super) fn progress(&mut self) {
        self.patience.reset();
        self.node_answered();
    }

    /// Plans another attempt after a pause, or gives the failure back when the retry window is over.
    pub(super) fn try_again(
        &mut self,
        now: Duration,
        failure: Failure,
        retry_after: Option<Duration>,
    ) -> Result<(), Failure> {
        let falls_back_at = self.node_failed();
        if self.fall_back_if_due(now) {
            return Ok(());
        }
        // It began when the exchange that failed began, not when that was noticed.
        let is_first = self.patience.since.is_none();
        let since = *self.patience.since.get_or_insert(self.attempted);
        let (mut end, pause) = (since + self.window(), self.pause());
        if is_first && !matches!(self.phase, Phase::Creating) {
            // One exchange may last longer than the window: the last fragment and Close-Session have that much time.
            end = end.max(now + pause);
        }
        // The last attempt is made at the very end.
        let at = (now + pause).min(end).max(now + retry_after.unwrap_or_default());
        // Another host need not wait as long as this one asks for.
        let at = falls_back_at.map_or(at, |due| at.min(due));
        if now >= end || at > end {
            let spent = now.saturating_sub(since).as_secs();
            let detail = format!("{}; given up after {spent} s without progress", failure.detail);
            let retry_after = retry_after.map(|wait| wait.as_secs().max(1));
            return Err(Failure { detail, retry_after, ..failure });
        }
        self.not_before = Some(at);
        self.stats.retries += 1;
        self.events.push_back(Event::Retrying { why: failure, delay: at - now });
        Ok(())
    }

    /// The next pause between two attempts.
    fn pause(&mut self) -> Duration {
        let longest = self.settings.retry.max_delay;
        self.patience.delays.next().map_or(longest, |pause| pause.min(longest))
    }

    /// How long the present trouble may last.
    fn window(&self) -> Duration {
        let retry = &self.settings.retry;
        match self.phase {
            Phase::Creating | Phase::Greeting(_) if self.stats.restarts == 0 && !self.settings.lasting => {
                retry.create_window.min(retry.window)
            }
            _ => retry.window,
        }
    }

    /// An answered exchange brought no progress.
    pub(super) fn stalled(&mut self, now: Duration, failure: Failure, retry_after: Option<Duration>) {
        self.patience.stalled += 1;
        let times = self.patience.stalled;
        if times >= self.settings.retry.stalled_exchanges {
            let detail = format!("{}, {times} times in a row", failure.detail);
            return self.fail(now, Failure { detail, ..failure });
        }
        if let Err(failure) = self.try_again(now, failure, retry_after) {
            self.fail(now, failure);
        }
    }

    /// This session cannot go on. A new one is begun if the first byte is still held, that is while none is acknowledged.
    /// `cancel`: the server may still know the old one.
    pub(super) fn start_again(
        &mut self,
        now: Duration,
        cancel: bool,
        failure: Failure,
        retry_after: Option<Duration>,
    ) {
        let Phase::Sending(id) = &self.phase else { return };
        let id = id.clone();
        let then = if let Some(abort) = self.abort.take() {
            Then::Fail(abort.failure)
        } else if self.acked == 0 && self.stats.restarts < self.settings.retry.restarts {
            let why = failure.clone();
            match self.try_again(now, failure, retry_after) {
                Ok(()) => {
                    self.stats.restarts += 1;
                    self.events.push_back(Event::Restarted { why });
                    Then::Restart
                }
                Err(failure) => Then::Fail(failure),
            }
        } else {
            Then::Fail(failure)
        };
        if cancel {
            self.cancel(now, id, then);
        } else {
            self.conclude(then);
        }
    }

    /// Sends Cancel-Session, for a bounded time, and then goes on. That of a failed upload is sent at once even if trouble
    /// asked for a pause.
    pub(super) fn cancel(&mut self, now: Duration, session: SessionId, then: Then) {
        if let Then::Fail(_) = then {
            self.not_before = None;
        }
        self.was_challenged = false;
        let until = self.not_before.unwrap_or(now) + self.settings.cancel;
        self.phase = Phase::Cancelling { session, until, then };
    }

    /// What follows a Cancel-Session, or takes its place.
    fn conclude(&mut self, then: Then) {
        match then {
            Then::Restart => {
                self.sent = 0;
                self.sent_earlier = 0;
                self.in_doubt = false;
                self.followed = None;
                self.silent_since = None;
                self.phase = Phase::Creating;
            }
            Then::Fail(failure) => self.finish(Err(failure)),
        }
    }

    pub(super) fn cancel_answered(&mut self, now: Duration, ack: &Ack) {
        match ack.verdict {
            Verdict::Transient(_) => self.cancel_failed(now),
            // Done, or nothing that another attempt would change.
            _ => self.cancel_concluded(),
        }
    }

    pub(super) fn cancel_failed(&mut self, now: Duration) {
        let Phase::Cancelling { until, .. } = &self.phase else { return };
        let until = *until;
        let delay = self.pause();
        if now + delay > until {
            self.cancel_concluded();
        } else {
            self.not_before = Some(now + delay);
        }
    }

    fn cancel_concluded(&mut self) {
        if let Phase::Cancelling { then, .. } = &self.phase {
            let then = then.clone();
            self.conclude(then);
        }
    }
}
