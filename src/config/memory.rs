//! Defaults for a process that may not use all the memory of its machine: most often, one in a container.

use super::draft::Draft;
use super::origin::Origin;
use super::slot::Slot;
use crate::limits::{KIB, MIB, UploadLimits};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// Least default for body bytes, whatever the limit.
const LEAST: u64 = 4 * MIB;

/// Default for each of a socket's buffers. The kernel takes up to twice that, and counts it to the limit.
const SOCKET_BUFFER: u64 = 256 * KIB;

/// The program itself, with few connections.
const BASE: u64 = 24 * MIB;

/// What a running upload may take besides its body: some 80 KiB of the program, and 1.5 MiB of the kernel: the buffers
/// above, full and doubled, of its connection, of one more that is idle, and of the backend's.
const BESIDES: u64 = 80 * KIB + 6 * SOCKET_BUFFER;

/// Memory for each running upload: the above, the share for bodies, and to spare.
const EACH: u64 = 3 * MIB;

/// With so much memory for each upload its buffers may grow as far as Linux lets them, 6 and 4 MiB.
const AMPLE: u64 = 20 * MIB;

/// Bytes of memory that this process may use, if its control group (or one above it) limits that.
pub(crate) fn limit() -> Option<u64> {
    let pid = get_current_pid().ok()?;
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, ProcessRefreshKind::nothing());
    Some(system.process(pid)?.cgroup_limits()?.total_memory)
}

/// Makes the defaults fit `limit`: a quarter of it for body bytes, no more uploads and connections than the rest is enough
/// for, most of it the kernel's buffers, and unless there is plenty, sockets whose buffers do not grow without bound.
pub(crate) fn fit(draft: &mut Draft, limit: u64) {
    let origin = Origin::Memory(limit);
    let mut budget = (limit / 4).max(LEAST);
    if let Some(Slot::Size(memory)) = draft.slot("limits.memory") {
        if budget < *memory {
            *memory = budget;
            draft.note("limits.memory", origin.clone());
        } else {
            budget = *memory;
        }
    }
    // Bodies take a quarter more than their budget, and the pool for windows of HTTP/2 is as large as that quarter.
    let left = limit.saturating_sub(BASE + budget + budget / 2);
    let running = u32::try_from((limit / EACH).min(left / BESIDES)).unwrap_or(u32::MAX).max(1);
    for (key, most) in [("uploads.max_running", running), ("connections.max", running.saturating_mul(2))] {
        if let Some(Slot::Count(count)) = draft.slot(key)
            && most < *count
        {
            *count = most;
            draft.note(key, origin.clone());
        }
    }
    if limit / u64::from(running.min(UploadLimits::default().max_running)) >= AMPLE {
        return;
    }
    for key in ["sockets.receive_buffer", "sockets.send_buffer"] {
        if let Some(Slot::Buffer(buffer)) = draft.slot(key) {
            *buffer = Some(SOCKET_BUFFER);
            draft.note(key, origin.clone());
        }
    }
}
