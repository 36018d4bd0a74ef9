//! How the process is doing: what probes are told.

mod pulse;
mod reach;

use crate::admin::Check;
use crate::backend::Endpoint;
use crate::config::{ReadyBackend, ReadyStore};
use crate::store;
use pulse::{Listener, Sign};
use reach::{Found, Reach};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

pub(super) use pulse::Pulse;

/// How the process is doing.
#[derive(Debug)]
pub(super) struct Status {
    draining: AtomicBool,
    /// Cancelled when the uploads of an earlier process are taken over.
    taken_over: CancellationToken,
    workers: Vec<Listener>,
    store: Arc<store::Health>,
    ready_store: ReadyStore,
    backends: Reach,
    ready_backend: ReadyBackend,
}

/// What being ready means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) store: ReadyStore,
    pub(super) backend: ReadyBackend,
}

impl Status {
    /// And a pulse for each worker.
    pub(super) fn new(
        workers: usize,
        policy: Policy,
        taken_over: CancellationToken,
        store: Arc<store::Health>,
        backends: impl Iterator<Item = Endpoint>,
    ) -> (Self, Vec<Pulse>) {
        let (pulses, workers) = (0..workers).map(|_| pulse::pulse()).unzip();
        let status = Status {
            draining: AtomicBool::new(false),
            taken_over,
            workers,
            store,
            ready_store: policy.store,
            backends: Reach::new(backends),
            ready_backend: policy.backend,
        };
        (status, pulses)
    }

    /// From now on no new uploads are welcome.
    pub(super) fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the program is about to end.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// How the store is doing.
    pub(super) fn store(&self) -> &store::Health {
        &self.store
    }

    /// One check for each worker.
    pub(super) fn live(&self) -> Vec<Check> {
        let draining = self.is_draining();
        let check = |(number, worker): (usize, &Listener)| {
            let what = format!("worker {number}");
            match worker.sign() {
                Sign::Turns => Check::new(what, true, "turns"),
                Sign::Ended => Check::new(what, draining, "has ended"),
                Sign::Silent(time) => Check::new(what, false, format!("silent for {} s", time.as_secs())),
            }
        };
        self.workers.iter().enumerate().map(check).collect()
    }

    /// What has to be so that new uploads are welcome.
    pub(super) async fn ready(&self) -> Vec<Check> {
        let (draining, taken_over) = (self.is_draining(), self.taken_over.is_cancelled());
        let degraded = self.store.is_degraded();
        let store = match degraded {
            false => "well",
            true => "records cannot be written: uploads would not survive a restart",
        };
        let mut checks = vec![
            Check::new("draining", !draining, if draining { "yes" } else { "no" }),
            Check::new("records taken over", taken_over, if taken_over { "yes" } else { "not yet" }),
            Check::new("store", !degraded || self.ready_store == ReadyStore::Ignore, store),
        ];
        if self.ready_backend != ReadyBackend::Ignore {
            checks.extend(backends(self.ready_backend, self.backends.look().await));
        }
        checks
    }
}

/// One check for each backend.
fn backends(policy: ReadyBackend, found: Vec<Found>) -> impl Iterator<Item = Check> {
    let enough = policy == ReadyBackend::Any && found.iter().any(|(_, result)| result.is_ok());
    found.into_iter().map(move |(backend, result)| {
        let what = format!("backend {backend}");
        match result {
            Ok(()) => Check::new(what, true, "can be reached"),
            Err(why) => Check::new(what, enough, why),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_all_have_to_be_there() {
        let authority = |name: &str| name.parse().unwrap();
        let good = || (authority("a"), Ok(()));
        let bad = || (authority("b"), Err("refused".to_owned()));
        for (policy, found, wanted) in [
            (ReadyBackend::Any, vec![good(), bad()], true),
            (ReadyBackend::Any, vec![bad(), bad()], false),
            (ReadyBackend::All, vec![good(), bad()], false),
            (ReadyBackend::All, vec![good(), good()], true),
        ] {
            let shown = format!("{policy:?} {found:?}");
            assert_eq!(backends(policy, found).all(|check| check.is_good()), wanted, "{shown}");
        }
    }

    #[tokio::test]
    async fn each_thing_that_has_to_be_is_looked_at() {
        let taken_over = CancellationToken::new();
        let policy = Policy { store: ReadyStore::Require, backend: ReadyBackend::Ignore };
        let (status, pulses) = Status::new(2, policy, taken_over.clone(), Arc::default(), std::iter::empty());
        let good = |checks: Vec<Check>| checks.iter().all(Check::is_good);
        assert!(!good(status.ready().await), "records are not taken over");
        taken_over.cancel();
        assert!(good(status.ready().await));
        assert!(good(status.live()));
        drop(pulses);
        assert!(!good(status.live()), "a worker that ends before its time has panicked");
        status.set_draining();
        assert!(good(status.live()));
        assert!(!good(status.ready().await));
    }
}
