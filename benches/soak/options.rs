//! The command line.

use bytesize::ByteSize;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Uploads under random faults, against real processes, and checks every file.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// How long faults happen. The calm end takes about a minute more.
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// The same in seconds; below a minute everything is small and quick: does it all work?
    #[arg(long, conflicts_with = "minutes")]
    seconds: Option<u64>,
    /// What the plan follows from. A new one if it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Uploads at a time.
    #[arg(long, default_value_t = 24)]
    at_once: u64,
    /// Largest file.
    #[arg(long, default_value = "256MiB")]
    largest: ByteSize,
    /// Append the proxy's log to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// How long faults happen.
    pub(crate) chaos: Duration,
    /// Seed of the plan.
    pub(crate) seed: u64,
    /// Uploads at a time.
    pub(crate) at_once: u64,
    /// Largest file, in bytes.
    pub(crate) largest: u64,
    /// Uploads after the faults.
    pub(crate) calm: u64,
    /// How much quicker clients and faults are.
    pub(crate) haste: u32,
    /// How long the proxy keeps open uploads that nobody comes back for, and final answers.
    pub(crate) keep: Duration,
}

impl Options {
    pub(crate) fn scale(&self) -> Scale {
        let seconds = self.seconds.unwrap_or(self.minutes * 60);
        let small = seconds < 60;
        Scale {
            chaos: Duration::from_secs(seconds),
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
            at_once: if small { self.at_once.min(8) } else { self.at_once }.max(1),
            largest: self.largest.as_u64().clamp(1, if small { 4 << 20 } else { 1 << 40 }),
            calm: if small { 12 } else { 120 },
            haste: if small { 10 } else { 1 },
            keep: Duration::from_secs(if small { 3 } else { 20 }),
        }
    }
}
