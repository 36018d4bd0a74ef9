//! What is printed.

use super::backend::{Backends, ROUTES};
use super::chaos::Chaos;
use super::options::Scale;
use super::tally::{Check, Tally};
use bytesize::ByteSize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Counters of the proxy over all its lives, and what they mean.
const COUNTERS: [(&str, &str); 7] = [
    ("retries_total", "exchanges tried again"),
    ("session_restarts_total", "sessions begun anew by the proxy"),
    ("resumptions_total", "resumptions"),
    ("cut_offs_total", "clients cut off"),
    ("ambiguous_closes_total", "lost answers to Close-Session"),
    ("duplicates_total", "duplicates seen by the proxy"),
    ("requests_refused_total", "requests refused"),
];

/// All that came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) scale: Scale,
    pub(crate) took: Duration,
    pub(crate) tally: Tally,
    pub(crate) chaos: Chaos,
    pub(crate) backends: Arc<Backends>,
    /// Sessions that the storm left open.
    pub(crate) left_behind: u64,
    /// The proxy's resident memory in the first quarter of the storm and in the last, in bytes.
    pub(crate) memory: Option<(u64, u64)>,
    /// What must be 0.
    pub(crate) checks: Vec<Check>,
    /// What the proxy logged.
    pub(crate) log: String,
}

impl Report {
    /// Whether everything is 0 that must be.
    pub(crate) fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.count == 0)
    }

    /// Files published again where one was.
    fn published_again(&self) -> u64 {
        let distinct: usize = self.backends.all().iter().map(|backend| backend.mock.published().len()).sum();
        self.backends.sum(|stats| stats.published) - distinct as u64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { scale, took, tally, chaos, backends, .. } = self;
        let mut row = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<44} {value}");
        row("seed", &scale.seed)?;
        row("seconds, the calm end included", &took.as_secs())?;
        row("uploads", &tally.begun)?;
        row("  stored", &tally.stored)?;
        row("  left for good by their clients", &tally.left)?;
        row("  given up by their clients", &tally.gave_up)?;
        for (code, count) in &tally.failed {
            row(&format!("  failed: {code}"), count)?;
        }
        row("bytes stored, as told", &ByteSize(tally.bytes).display().iec())?;
        let received = ByteSize(backends.sum(|stats| stats.bytes_received));
        row("bytes at the backends, over all attempts", &received.display().iec())?;
        row("connections dropped by clients", &tally.drops)?;
        row("begun anew by clients", &tally.anew)?;
        let figures = chaos.proxy.all_lives();
        for (name, what) in COUNTERS {
            row(what, &figures.get(name))?;
        }
        row("duplicates: files published again", &self.published_again())?;
        row("sessions created", &backends.sum(|stats| stats.sessions_created))?;
        row("sessions left open by the storm", &self.left_behind)?;
        if let Some((first, last)) = self.memory {
            let (first, last) = (ByteSize(first).display().iec(), ByteSize(last).display().iec());
            row("proxy's memory, first and last quarter", &format_args!("{first}, {last}"))?;
        }

        let mut faults: BTreeMap<String, u64> = BTreeMap::new();
        for (kind, count) in backends.all().iter().flat_map(|backend| backend.struck()) {
            *faults.entry(format!("backend: {kind}")).or_default() += count;
        }
        faults.extend(chaos.struck.iter().map(|(kind, count)| ((*kind).to_owned(), *count)));
        row("faults", &faults.values().sum::<u64>())?;
        for (kind, count) in &faults {
            row(&format!("  {kind}"), count)?;
        }
        for (route, backend) in ROUTES.iter().zip(backends.all()) {
            row(&format!("profile {}", route.profile), &backend.mock.stats())?;
        }
        for Check { what, count, cases } in &self.checks {
            row(&format!("must be 0: {what}"), count)?;
            for case in cases {
                row("", case)?;
            }
        }
        Ok(())
    }
}
