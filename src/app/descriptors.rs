//! How many connections the system's file descriptors are enough for.

/// Descriptors of the program itself: listeners, runtimes, logs, the store, connections that are turned away.
const OWN: u64 = 256;

/// Descriptors of one connection: its own, and that of the way to the backend.
const EACH: u64 = 2;

/// Raises the limit of descriptors as far as the system lets it, and gives how many of the `wanted` connections it is
/// enough for. Says so if that is fewer.
pub(super) fn connections(wanted: u32) -> u32 {
    let Some(limit) = raise() else { return wanted };
    let enough = enough(limit, wanted);
    if enough < wanted {
        tracing::warn!(
            wanted,
            enough,
            "connections.max is {wanted}, but {limit} file descriptors (ulimit -n) are enough for {enough} connections: \
             more are not taken"
        );
    }
    enough
}

/// How many of the `wanted` connections so many descriptors are enough for; one at least.
fn enough(descriptors: u64, wanted: u32) -> u32 {
    let most = descriptors.saturating_sub(OWN) / EACH;
    wanted.min(u32::try_from(most).unwrap_or(u32::MAX)).max(1)
}

/// Raises the limit; gives what it is then. Nothing: there is none.
#[cfg(unix)]
fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    // Some systems refuse what they call the maximum: then what there was remains.
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of file descriptors cannot be raised");
            Some(current)
        }
    }
}

#[cfg(not(unix))]
fn raise() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_may_need_two() {
        for (descriptors, wanted, taken) in [
            (1 << 20, 4096, 4096),
            (OWN + 8192, 4096, 4096),
            (OWN + 8191, 4096, 4095),
            (1024, 4096, 384),
            (0, 4096, 1),
            (u64::MAX, u32::MAX, u32::MAX),
        ] {
            assert_eq!(enough(descriptors, wanted), taken, "{descriptors} {wanted}");
        }
    }
}
