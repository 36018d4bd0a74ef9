//! The table of the keys outside lists such as `[[route]]`: which there are, and the slot that each one's value goes to.
//!
//! File, environment, checks and `check-config` all read this table; a key is added by one line here and a field.

use super::settings::Config;
use super::slot::Slot;
use super::tables::KINDS;

/// The key of the flag and variable that stand for a whole route.
pub(crate) const BACKEND: &str = "backend";
/// The key of the flag and variable for the profile of that route.
pub(crate) const PROFILE: &str = "profile";

/// One key outside `[[route]]`.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path in the file.
    pub(crate) path: &'static str,
    slot: fn(&mut Config) -> Slot<'_>,
}

/// Every key outside `[[route]]`, in the order of the file.
pub(crate) const KEYS: &[Key] = &[
    Key { path: "listen", slot: |c| Slot::AddressOrOff(&mut c.listen) },
    Key { path: "workers", slot: |c| Slot::Workers(&mut c.workers) },
    Key { path: "limits.max_upload", slot: |c| Slot::Size(&mut c.limits.max_upload) },
    Key { path: "limits.memory", slot: |c| Slot::Size(&mut c.limits.memory) },
    Key { path: "connections.max", slot: |c| Slot::Count(&mut c.limits.connections.max) },
    Key {
        path: "connections.max_per_client",
        slot: |c| Slot::CountOrZero(&mut c.limits.connections.max_per_client),
    },
    Key { path: "connections.max_streams", slot: |c| Slot::Count(&mut c.limits.connections.max_streams) },
    Key { path: "proxies.trusted", slot: |c| Slot::Networks(&mut c.proxies.trusted) },
    Key { path: "proxies.forwarded", slot: |c| Slot::Forwarded(&mut c.proxies.forwarded) },
    Key { path: "fragment.min", slot: |c| Slot::Size(&mut c.limits.fragment.min) },
    Key { path: "fragment.max", slot: |c| Slot::Size(&mut c.limits.fragment.max) },
    Key { path: "fragment.first", slot: |c| Slot::Size(&mut c.limits.fragment.first) },
    Key { path: "fragment.time", slot: |c| Slot::Time(&mut c.limits.fragment.time) },
    Key { path: "retry.window", slot: |c| Slot::Time(&mut c.limits.retry.window) },
    Key { path: "retry.create_window", slot: |c| Slot::Time(&mut c.limits.retry.create_window) },
    Key { path: "retry.first_delay", slot: |c| Slot::Time(&mut c.limits.retry.first_delay) },
    Key { path: "retry.max_delay", slot: |c| Slot::Time(&mut c.limits.retry.max_delay) },
    Key { path: "retry.stalled_exchanges", slot: |c| Slot::Count(&mut c.limits.retry.stalled_exchanges) },
    Key { path: "retry.restarts", slot: |c| Slot::CountOrZero(&mut c.limits.retry.restarts) },
    Key { path: "timeouts.header", slot: |c| Slot::Time(&mut c.limits.time.header) },
    Key { path: "timeouts.keep_alive", slot: |c| Slot::Time(&mut c.limits.time.keep_alive) },
    Key { path: "timeouts.idle", slot: |c| Slot::Time(&mut c.limits.time.idle) },
    Key { path: "timeouts.min_rate", slot: |c| Slot::SizeOrZero(&mut c.limits.time.min_rate) },
    Key { path: "timeouts.rate_window", slot: |c| Slot::Time(&mut c.limits.time.rate_window) },
    Key { path: "timeouts.upload", slot: |c| Slot::Pause(&mut c.limits.time.upload) },
    Key { path: "timeouts.connect", slot: |c| Slot::Time(&mut c.limits.time.connect) },
    Key { path: "timeouts.stall", slot: |c| Slot::Time(&mut c.limits.time.stall) },
    Key { path: "timeouts.ack", slot: |c| Slot::Time(&mut c.limits.time.ack) },
    Key { path: "timeouts.final_ack", slot: |c| Slot::Time(&mut c.limits.time.final_ack) },
    Key { path: "timeouts.cancel", slot: |c| Slot::Time(&mut c.limits.time.cancel) },
    Key { path: "timeouts.linger", slot: |c| Slot::TimeOrZero(&mut c.limits.time.linger) },
    Key { path: "shutdown.delay", slot: |c| Slot::TimeOrZero(&mut c.limits.shutdown.delay) },
    Key { path: "shutdown.grace", slot: |c| Slot::TimeOrZero(&mut c.limits.shutdown.grace) },
    Key { path: "sockets.receive_buffer", slot: |c| Slot::Buffer(&mut c.limits.sockets.receive_buffer) },
    Key { path: "sockets.send_buffer", slot: |c| Slot::Buffer(&mut c.limits.sockets.send_buffer) },
    Key { path: "uploads.max_running", slot: |c| Slot::Count(&mut c.limits.uploads.max_running) },
    Key {
        path: "uploads.max_running_per_client",
        slot: |c| Slot::CountOrZero(&mut c.limits.uploads.max_running_per_client),
    },
    Key { path: "uploads.expire", slot: |c| Slot::Expiry(&mut c.limits.uploads.expire) },
    Key { path: "uploads.keep", slot: |c| Slot::Time(&mut c.limits.uploads.keep) },
    Key { path: "uploads.settle", slot: |c| Slot::Time(&mut c.limits.uploads.settle) },
    Key { path: "uploads.max_open", slot: |c| Slot::Count(&mut c.limits.uploads.max_open) },
    Key {
        path: "uploads.max_open_per_client",
        slot: |c| Slot::Count(&mut c.limits.uploads.max_open_per_client),
    },
    Key { path: "resumption.prefix", slot: |c| Slot::UploadPrefix(&mut c.resumption.prefix) },
    Key { path: "resumption.origin", slot: |c| Slot::Origin(&mut c.resumption.origin) },
    Key { path: "resumption.rfc", slot: |c| Slot::Switch(&mut c.resumption.rfc) },
    Key { path: "resumption.upload_limit", slot: |c| Slot::UploadLimit(&mut c.resumption.upload_limit) },
    Key { path: "resumption.credentials", slot: |c| Slot::Credentials(&mut c.resumption.credentials) },
    Key { path: "resumption.progress", slot: |c| Slot::Pause(&mut c.resumption.progress) },
    Key { path: "state.store", slot: |c| Slot::Store(&mut c.state.store) },
    Key { path: "state.dir", slot: |c| Slot::Folder(&mut c.state.dir) },
    Key { path: "admin.listen", slot: |c| Slot::AddressOrOff(&mut c.admin.listen) },
    Key { path: "admin.ready_store", slot: |c| Slot::ReadyStore(&mut c.admin.ready_store) },
    Key { path: "admin.ready_backend", slot: |c| Slot::ReadyBackend(&mut c.admin.ready_backend) },
    Key { path: "log.format", slot: |c| Slot::LogFormat(&mut c.log.format) },
    Key { path: "log.filter", slot: |c| Slot::LogFilter(&mut c.log.filter) },
];

impl Key {
    /// The key of that path.
    pub(crate) fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The place of its value.
    pub(crate) fn of<'a>(&self, config: &'a mut Config) -> Slot<'a> {
        (self.slot)(config)
    }
}

/// Every key of the file by its path, those of a route as `route.…`.
pub fn known_keys() -> impl Iterator<Item = String> {
    KEYS.iter().map(|key| key.path.to_owned()).chain(KINDS.into_iter().flat_map(|kind| kind.paths()))
}

/// Whether keys lie below this path.
pub(crate) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}
