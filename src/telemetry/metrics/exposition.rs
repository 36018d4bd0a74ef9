//! All figures as text.

use super::Metrics;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
pub use prometheus_client::registry::Unit;
use std::fmt;

/// What every name begins with.
const PREFIX: &str = "put2bits";

/// The type of [`Exposition::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures, to be asked for as text.
#[derive(Debug)]
pub struct Exposition(Registry);

impl Exposition {
    /// What `metrics` counts, and which build this is.
    pub fn new(metrics: &Metrics) -> Self {
        let mut all = Registry::with_prefix(PREFIX);
        all.register("build", "Which program this is", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        all.register(
            "uploads",
            "Requests that brought bytes of an upload, by what became of them",
            metrics.uploads.clone(),
        );
        all.register(
            "requests_refused",
            "Requests that were refused before they became an upload",
            metrics.refused.clone(),
        );
        all.register("retries", "Exchanges with backends that are tried again", metrics.retries.clone());
        all.register(
            "session_restarts",
            "Sessions begun anew for bytes that were still held",
            metrics.restarts.clone(),
        );
        all.register(
            "backend_challenges",
            "Packets that a backend answered 401 or 407, sent once more with fresh credentials",
            metrics.challenges.clone(),
        );
        all.register(
            "backend_nodes_given_up",
            "Sessions that went back to the first host of their backend, because nothing got through to its node",
            metrics.nodes_given_up.clone(),
        );
        all.register(
            "resumptions",
            "Finished requests that went on behind the first byte of their upload",
            metrics.resumptions.clone(),
        );
        all.register(
            "cut_offs",
            "Connections broken off because of trouble or a shutdown, so that their clients come back",
            metrics.cut_offs.clone(),
        );
        all.register(
            "ambiguous_closes",
            "Lost answers to Close-Session, by how they were decided",
            metrics.closes.clone(),
        );
        all.register(
            "duplicates",
            "Signs that clients missed an answer: final answers given again (answer_replayed), and files stored where this \
             process had stored one within the last hour (stored_again)",
            metrics.duplicates.clone(),
        );
        all.register("connections_open", "Connections of clients", metrics.connections.clone());
        all.register(
            "connections_refused",
            "Connections that were closed because there were too many",
            metrics.connections_refused.clone(),
        );
        all.register(
            "handshakes_failed",
            "Connections that were closed before their first request, by what is wrong with TLS or the PROXY header",
            metrics.handshakes_failed.clone(),
        );
        all.register_with_unit(
            "upload_duration",
            "Stored uploads, from the head of their last request to the outcome",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        all.register_with_unit(
            "upload_tail",
            "Stored uploads, from the last byte of the body to the outcome",
            Unit::Seconds,
            metrics.tail.clone(),
        );
        Exposition(all)
    }

    /// A value that goes up and down, read whenever somebody asks.
    pub fn gauge(
        &mut self,
        name: &'static str,
        unit: Option<Unit>,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.add(Reading { name, unit, help, counts: false, read: Box::new(read) });
    }

    /// A value that only goes up, read whenever somebody asks. `name`: without `_total`.
    pub fn counter(
        &mut self,
        name: &'static str,
        unit: Option<Unit>,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.add(Reading { name, unit, help, counts: true, read: Box::new(read) });
    }

    fn add(&mut self, reading: Reading) {
        self.0.register_collector(Box::new(reading));
    }

    /// Everything, in the text format of OpenMetrics 1.0.
    pub fn text(&self) -> String {
        let mut all = String::new();
        // Writing to a string can't fail.
        let _ = text::encode(&mut all, &self.0);
        all
    }
}

/// A value that is kept elsewhere.
struct Reading {
    name: &'static str,
    unit: Option<Unit>,
    help: &'static str,
    counts: bool,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Reading {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        fn one(reading: &Reading, metric: &impl EncodeMetric, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
            // The library ends the other help texts with a full stop.
            let help = format!("{}.", reading.help);
            metric.encode(to.encode_descriptor(
                reading.name,
                &help,
                reading.unit.as_ref(),
                metric.metric_type(),
            )?)
        }
        let value = (self.read)();
        match self.counts {
            true => one(self, &ConstCounter::new(value), &mut encoder),
            false => one(self, &ConstGauge::new(value), &mut encoder),
        }
    }
}
