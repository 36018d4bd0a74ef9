//! CPU and memory of a process, which core it runs on, what machine this is. Linux only: all of it is in `/proc`.

use std::fmt;
use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Ticks a second in `/proc/PID/stat`: fixed by Linux for user space.
const TICKS: f64 = 100.0;

/// The bench on the first core, the proxy on the second, if that can be arranged.
#[derive(Debug)]
pub(crate) struct Pins(bool);

impl Pins {
    /// Pins this process and all threads it starts.
    pub(crate) fn set() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pinned = || {
            let id = std::process::id().to_string();
            Command::new("taskset").args(["-a", "-p", "-c", "0", &id]).stdout(Stdio::null()).status()
        };
        Pins(cores > 1 && pinned().is_ok_and(|status| status.success()))
    }

    /// The command of a proxy.
    pub(crate) fn proxy(&self, program: &str) -> Command {
        if !self.0 {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", "1", program]);
        command
    }
}

impl fmt::Display for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            true => "pinned: source and sink to core 0, the proxy to core 1",
            false => "nothing is pinned (no taskset, or one core): expect more noise",
        })
    }
}

/// What a process and its children used between start and stop.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) seconds: f64,
    /// Peak of resident memory since the process began.
    pub(crate) peak_kib: f64,
    /// Resident memory before the load.
    pub(crate) idle_kib: f64,
}

/// Measures a process tree.
#[derive(Debug)]
pub(crate) struct Meter {
    pid: u32,
    began: Instant,
    cpu: f64,
    idle_kib: f64,
}

impl Meter {
    pub(crate) fn start(pid: u32) -> io::Result<Self> {
        let idle_kib = sum(pid, &|pid| memory(pid, "VmRSS:"))?;
        Ok(Meter { pid, cpu: sum(pid, &cpu)?, idle_kib, began: Instant::now() })
    }

    pub(crate) fn stop(self) -> io::Result<Used> {
        Ok(Used {
            seconds: self.began.elapsed().as_secs_f64(),
            cpu_seconds: sum(self.pid, &cpu)? - self.cpu,
            peak_kib: sum(self.pid, &|pid| memory(pid, "VmHWM:"))?,
            idle_kib: self.idle_kib,
        })
    }
}

/// A figure of the process and, if it is not this one, of its children.
fn sum(pid: u32, figure: &dyn Fn(u32) -> io::Result<f64>) -> io::Result<f64> {
    let mut total = figure(pid)?;
    if pid != std::process::id() {
        for child in fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?.split_whitespace() {
            total += sum(child.parse().map_err(io::Error::other)?, figure)?;
        }
    }
    Ok(total)
}

/// CPU seconds so far, in user space and kernel.
fn cpu(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // Fields 14 and 15; the second, the name, may have blanks in it.
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2);
    Ok(ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS)
}

fn memory(pid: u32, field: &str) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    Ok(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default())
}

/// Descriptors that a process may have open.
pub(crate) fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}

/// The machine, in one line. Taken before anything is pinned.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!(
        "{}: {cores} cores ({}), Linux {}, TCP {}, load {}",
        httpdate::fmt_http_date(std::time::SystemTime::now()),
        model.map_or("unknown", |(_, name)| name),
        read("/proc/sys/kernel/osrelease"),
        read("/proc/sys/net/ipv4/tcp_congestion_control"),
        read("/proc/loadavg").split(' ').next().unwrap_or("?"),
    )
}
