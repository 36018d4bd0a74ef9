//! The settings of the admin listener.

use std::net::{Ipv4Addr, SocketAddr};

/// Where probes and metrics are served, and what being ready means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// `admin.listen`: an address of its own; nothing: there is no such listener. Default 127.0.0.1:8081.
    pub listen: Option<SocketAddr>,
    /// `admin.ready_store`
    pub ready_store: ReadyStore,
    /// `admin.ready_backend`
    pub ready_backend: ReadyBackend,
}

impl Default for AdminConfig {
    fn default() -> Self {
        AdminConfig {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8081))),
            ready_store: ReadyStore::default(),
            ready_backend: ReadyBackend::default(),
        }
    }
}

/// What a store that cannot write means for being ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReadyStore {
    /// Nothing: files are still taken and stored; only a restart would cost the uploads that are open.
    #[default]
    Ignore,
    /// Not ready.
    Require,
}

/// What backends that cannot be reached mean for being ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReadyBackend {
    /// Nothing, and nobody looks: one that is away for a moment must not take all replicas out of service.
    #[default]
    Ignore,
    /// One of them has to be there.
    Any,
    /// All of them have to be there.
    All,
}

/// Whether both cannot be listened on at once. Port 0 is a new port each time.
pub(super) fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() == other.port() && one.port() != 0 && (a == b || a.is_unspecified() || b.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::clash;

    #[test]
    fn addresses_that_cannot_be_had_together() {
        for (one, other, wanted) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("[::]:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            let (a, b) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!((clash(a, b), clash(b, a)), (wanted, wanted), "{one} {other}");
        }
    }
}
