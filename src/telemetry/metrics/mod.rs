//! Figures of the process, for Prometheus.
//!
//! [`Metrics`] is what the parts of the program count with: handles, cheap to clone, that nobody waits for.
//! [`Exposition`] is the other end: all of them as text, and with them what is only read when somebody asks, like the
//! memory in use.
//!
//! A label is always one of a few words of ours, or the prefix of a route: never anything that a client chooses.

mod exposition;
mod repeats;

pub use exposition::{CONTENT_TYPE, Exposition, Unit};

use super::{UploadEnd, UploadLine};
use crate::error::Problem;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use repeats::Repeats;
use std::sync::Arc;
use std::time::Instant;

/// Upper bounds of the buckets for whole uploads, in seconds.
const DURATIONS: [f64; 8] = [0.1, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 14400.0];

/// The same from the last byte to the outcome: mostly a few round trips, at worst a server that moves a large file.
const TAILS: [f64; 7] = [0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0];

/// What the program counts. All clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    uploads: Family<EndLabels, Counter>,
    refused: Family<ProblemLabels, Counter>,
    retries: Counter,
    restarts: Counter,
    challenges: Counter,
    nodes_given_up: Counter,
    resumptions: Counter,
    cut_offs: Counter,
    closes: Family<VerdictLabels, Counter>,
    duplicates: Family<KindLabels, Counter>,
    connections: Gauge,
    connections_refused: Family<ReasonLabels, Counter>,
    handshakes_failed: Family<ReasonLabels, Counter>,
    duration: Histogram,
    tail: Histogram,
    repeats: Arc<Repeats>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    route: String,
    outcome: &'static str,
    /// Empty where nothing failed: to Prometheus that is the same as no such label.
    error: &'static str,
    fault: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProblemLabels {
    error: &'static str,
    fault: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// Which limit of connections was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionLimit {
    /// That of all clients together: the label is `max`.
    All,
    /// That of one client: the label is `max_per_client`.
    PerClient,
}

impl ConnectionLimit {
    fn labels(self) -> ReasonLabels {
        let reason = match self {
            ConnectionLimit::All => "max",
            ConnectionLimit::PerClient => "max_per_client",
        };
        ReasonLabels { reason }
    }
}

/// An open connection, counted as long as this lives.
#[derive(Debug)]
pub struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Everything at 0. `routes`: their prefixes; those have their counters from the start, so that the first upload is
    /// seen as an increase.
    pub fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let metrics = Metrics {
            uploads: Family::default(),
            refused: Family::default(),
            retries: Counter::default(),
            restarts: Counter::default(),
            challenges: Counter::default(),
            nodes_given_up: Counter::default(),
            resumptions: Counter::default(),
            cut_offs: Counter::default(),
            closes: Family::default(),
            duplicates: Family::default(),
            connections: Gauge::default(),
            connections_refused: Family::default(),
            handshakes_failed: Family::default(),
            duration: Histogram::new(DURATIONS),
            tail: Histogram::new(TAILS),
            repeats: Arc::default(),
        };
        for route in routes {
            let stored = UploadEnd::Stored.word();
            let labels = EndLabels { route: route.to_owned(), outcome: stored, error: "", fault: "" };
            drop(metrics.uploads.get_or_create(&labels));
        }
        for verdict in [STORED, FAILED] {
            drop(metrics.closes.get_or_create(&VerdictLabels { verdict }));
        }
        for limit in [ConnectionLimit::All, ConnectionLimit::PerClient] {
            drop(metrics.connections_refused.get_or_create(&limit.labels()));
        }
        for kind in [REPLAYED, STORED_AGAIN] {
            drop(metrics.duplicates.get_or_create(&KindLabels { kind }));
        }
        metrics
    }

    /// A request that brought bytes is over: the figures of its log line.
    pub fn upload_finished(&self, line: &UploadLine<'_>) {
        let row = line.end.failure().map(|failure| failure.problem.row());
        let labels = EndLabels {
            route: line.route.to_owned(),
            outcome: line.end.word(),
            error: row.map_or("", |row| row.code),
            fault: row.map_or("", |row| row.fault.as_str()),
        };
        self.uploads.get_or_create(&labels).inc();
        if line.client.is_some() && line.from > 0 {
            self.resumptions.inc();
        }
        if let UploadEnd::Stored = line.end {
            self.duration.observe(line.duration.as_secs_f64());
            line.tail.iter().for_each(|tail| self.tail.observe(tail.as_secs_f64()));
            if self.repeats.stored(line.backend, line.target, Instant::now()) {
                self.duplicates.get_or_create(&KindLabels { kind: STORED_AGAIN }).inc();
            }
        }
    }

    /// A request was refused before it became an upload.
    pub fn request_refused(&self, problem: Problem) {
        let row = problem.row();
        self.refused.get_or_create(&ProblemLabels { error: row.code, fault: row.fault.as_str() }).inc();
    }

    /// An exchange with a backend is tried again.
    pub fn retried(&self) {
        self.retries.inc();
    }

    /// A new session is begun for the same bytes.
    pub fn restarted(&self) {
        self.restarts.inc();
    }

    /// A backend asked for credentials again, and gets fresh ones.
    pub fn challenged(&self) {
        self.challenges.inc();
    }

    /// Nothing got through to a node of a farm any more.
    pub fn node_given_up(&self) {
        self.nodes_given_up.inc();
    }

    /// An answer to Close-Session was lost; whether it counts as success.
    pub fn close_decided(&self, stored: bool) {
        let verdict = if stored { STORED } else { FAILED };
        self.closes.get_or_create(&VerdictLabels { verdict }).inc();
    }

    /// The connection of a client that can resume was broken off, because that is better than an answer.
    pub fn cut_off(&self) {
        self.cut_offs.inc();
    }

    /// A client was given the final answer of its upload again.
    pub fn replayed(&self) {
        self.duplicates.get_or_create(&KindLabels { kind: REPLAYED }).inc();
    }

    /// A client has connected.
    #[must_use = "the connection counts as long as the guard lives"]
    pub fn connection(&self) -> ConnectionGuard {
        self.connections.inc();
        ConnectionGuard(self.connections.clone())
    }

    /// A connection was turned away because of that limit.
    pub fn connection_refused(&self, limit: ConnectionLimit) {
        self.connections_refused.get_or_create(&limit.labels()).inc();
    }

    /// A connection was closed before its first request: no handshake came about, or it is not said for whom it is.
    pub fn handshake_failed(&self, reason: &'static str) {
        self.handshakes_failed.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Those are the reasons for that. They have their counters from now on, so that the first is seen as an increase.
    pub fn know_handshake_failures(&self, reasons: impl IntoIterator<Item = &'static str>) {
        for reason in reasons {
            drop(self.handshakes_failed.get_or_create(&ReasonLabels { reason }));
        }
    }
}

const STORED: &str = "stored";
const FAILED: &str = "failed";
const REPLAYED: &str = "answer_replayed";
const STORED_AGAIN: &str = "stored_again";

#[cfg(test)]
mod tests;
