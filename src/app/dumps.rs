//! No core dumps: what is in the memory of this process are credentials, and pieces of people's photos.

/// Asks the system to write no core file if the process crashes. Where a program takes the cores instead (`core_pattern`
/// with a bar, as systemd-coredump does), it is told the limit, and most of them keep to it.
#[cfg(unix)]
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Less than before is always granted. If it were not, nothing else would be safer for giving up here.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Where there are no such limits, there is nothing to do.
#[cfg(not(unix))]
pub fn forbid_core_dumps() {}
