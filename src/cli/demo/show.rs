//! How the demo shows figures: a progress bar on a terminal, plain lines elsewhere.

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
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

/// Most memory that this process ever had resident, in bytes, where the system tells it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Shows how far the upload is. Clones show the same one.
#[derive(Clone)]
pub(super) enum Progress {
    /// On a terminal.
    Bar(ProgressBar),
    /// In a file or a pipe: a line every two seconds.
    Lines(Arc<Mutex<Lines>>),
}

pub(super) struct Lines {
    total: u64,
    sent: u64,
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
        Progress::Lines(Arc::new(Mutex::new(Lines { total, sent: 0, begun: now, next: now + EVERY })))
    }

    /// So many bytes more are on their way.
    pub(super) fn advance(&self, bytes_sent: u64) -> io::Result<()> {
        match self {
            Progress::Bar(bar) => bar.inc(bytes_sent),
            Progress::Lines(lines) => {
                // Plain numbers: a panic elsewhere leaves them as good as before.
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.sent += bytes_sent;
                let now = Instant::now();
                if now >= lines.next {
                    lines.next = now + EVERY;
                    let (sent, total) = (bytes(lines.sent), bytes(lines.total));
                    say!("         {sent} of {total}, {}", rate(lines.sent, now - lines.begun));
                }
            }
        }
        Ok(())
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
