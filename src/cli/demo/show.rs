//! How the demo shows figures: a progress bar on a terminal, plain lines elsewhere.

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// `1.0 GiB`
pub(super) fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// `1.234 s`
pub(super) fn seconds(took: Duration) -> String {
    format!("{:.3} s", took.as_secs_f64())
}

/// `812 MiB/s`
pub(super) fn rate(length: u64, took: Duration) -> String {
    format!("{}/s", bytes((length as f64 / took.as_secs_f64().max(1e-6)) as u64))
}

/// Most memory that a process ever had resident, in bytes, where the system tells it; this one, if none is named.
pub(super) fn peak_memory(process: Option<u32>) -> Option<u64> {
    let process = process.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Shows how far the upload is.
pub(super) enum Progress {
    /// On a terminal.
    Bar(ProgressBar),
    /// In a file or a pipe: a line every two seconds.
    Lines(Mutex<Lines>),
}

pub(super) struct Lines {
    total: u64,
    begun: Instant,
    next: Instant,
}

const EVERY: Duration = Duration::from_secs(2);

impl Progress {
    pub(super) fn new(total: u64) -> Self {
        if io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            // A wrong template would be a bug that the default style hides harmlessly.
            if let Ok(style) = ProgressStyle::with_template(
                "         {wide_bar} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta}",
            ) {
                bar.set_style(style);
            }
            return Progress::Bar(bar);
        }
        let now = Instant::now();
        Progress::Lines(Mutex::new(Lines { total, begun: now, next: now + EVERY }))
    }

    /// All before this place is on its way.
    pub(super) fn set(&self, place: u64) -> io::Result<()> {
        match self {
            Progress::Bar(bar) => bar.set_position(place),
            Progress::Lines(lines) => {
                // Plain numbers: a panic elsewhere leaves them as good as before.
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                if now >= lines.next {
                    lines.next = now + EVERY;
                    let (sent, total) = (bytes(place), bytes(lines.total));
                    say!("         {sent} of {total}, {}", rate(place, now - lines.begun));
                }
            }
        }
        Ok(())
    }

    /// A line of its own, beside the bar.
    pub(super) fn line(&self, line: impl Display) -> io::Result<()> {
        let print = || {
            say!("{line}");
            Ok(())
        };
        match self {
            Progress::Bar(bar) => bar.suspend(print),
            Progress::Lines(_) => print(),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
