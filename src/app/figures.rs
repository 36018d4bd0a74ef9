//! Which figures there are, and where they are read.

use super::health::Status;
use super::uploads::Common;
use crate::admin::{Check, Subject};
use crate::listen::Entrance;
use crate::registry::Registry;
use crate::telemetry::{CONTENT_TYPE, Exposition, Unit};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// What the admin listener tells.
#[derive(Debug)]
pub(super) struct Watched {
    status: Arc<Status>,
    exposition: Exposition,
}

impl Watched {
    /// Everything of the process.
    pub(super) fn new(status: Arc<Status>, registry: Registry<Common>, entrances: &[Arc<Entrance>]) -> Self {
        let common = registry.host();
        let (budget, traffic) = (common.budget.clone(), common.traffic.clone());
        let mut all = Exposition::new(&common.metrics);
        let (bytes, t) = (|| Some(Unit::Bytes), traffic.clone());
        all.counter("received", bytes(), "Bytes of bodies, as read from clients", move || t.received());
        all.counter("acknowledged", bytes(), "Bytes that backends have acknowledged", move || {
            traffic.acknowledged()
        });
        let b = budget.clone();
        all.gauge(
            "memory_budget",
            bytes(),
            "What the bytes of all uploads may take (limits.memory)",
            move || b.total(),
        );
        let b = budget.clone();
        all.gauge("memory_used", bytes(), "What they take", move || b.used());
        all.gauge("uploads_running", None, "Requests that bring bytes of an upload now", move || {
            budget.uploads()
        });
        let r = registry.clone();
        all.gauge(
            "backend_sessions_open",
            None,
            "BITS sessions at backends, those of paused uploads included",
            move || r.sessions(),
        );
        all.gauge("upload_resources_open", None, "Uploads that can be resumed", move || {
            registry.open() as u64
        });
        let s = Arc::clone(&status);
        all.gauge("store_degraded", None, "1: records of uploads cannot be written", move || {
            u64::from(s.store().is_degraded())
        });
        let s = Arc::clone(&status);
        all.counter("store_failed_writes", None, "Attempts to write records that failed", move || {
            s.store().failed_writes()
        });
        let s = Arc::clone(&status);
        all.gauge("draining", None, "1: about to end, no new uploads", move || u64::from(s.is_draining()));
        let encrypted: Vec<_> =
            entrances.iter().filter(|entrance| entrance.expires().is_some()).cloned().collect();
        if !encrypted.is_empty() {
            all.gauge(
                "certificate_expires",
                Some(Unit::Seconds),
                "When the first of the listeners' certificates expires, in seconds since 1970",
                move || {
                    let first = encrypted.iter().filter_map(|entrance| entrance.expires()).min();
                    let since = first.and_then(|first| first.duration_since(UNIX_EPOCH).ok());
                    since.map_or(0, |since| since.as_secs())
                },
            );
        }
        Watched { status, exposition: all }
    }
}

impl Subject for Watched {
    fn live(&self) -> Vec<Check> {
        self.status.live()
    }

    async fn ready(&self) -> Vec<Check> {
        self.status.ready().await
    }

    fn metrics(&self) -> (String, &'static str) {
        (self.exposition.text(), CONTENT_TYPE)
    }
}
