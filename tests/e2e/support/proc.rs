//! What Linux tells about the child.

use std::fs;
use std::path::PathBuf;

/// Resident memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) now: u64,
    /// At its highest.
    pub(crate) peak: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Memory {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        Memory { now: field("VmRSS:"), peak: field("VmHWM:") }
    }
}

/// Nanoseconds of processor time of each thread with such a name.
pub(crate) fn thread_times(pid: u32, prefix: &str) -> Vec<u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let tasks: Vec<PathBuf> = tasks.map(|task| task.unwrap().path()).collect();
    let named =
        tasks.iter().filter(|task| fs::read_to_string(task.join("comm")).unwrap().starts_with(prefix));
    named
        .map(|task| {
            let times = fs::read_to_string(task.join("schedstat")).unwrap();
            times.split(' ').next().unwrap().parse().unwrap()
        })
        .collect()
}

/// What its descriptors stand for, those of sockets, pipes and the like left out.
pub(crate) fn open_files(pid: u32) -> Vec<PathBuf> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    targets.filter(|target| target.starts_with("/") && !target.starts_with("/dev")).collect()
}

/// Bytes that it caused to be written to storage.
pub(crate) fn written_to_disk(pid: u32) -> u64 {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap().parse().unwrap()
}
