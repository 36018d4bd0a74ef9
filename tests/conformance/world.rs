//! A proxy, and a backend that remembers what was asked of it.

use super::dialect::Dialect;
use super::support::{Backend, Proxy, Settings, within};
use put2bits::bits::PacketKind;
use put2bits::mock::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// Every fragment but the last few has this size. Bytes.
pub(crate) const FRAGMENT: u64 = 64 * 1024;

/// Largest file taken. Bytes.
pub(crate) const MAX_UPLOAD: u64 = 16 * 1024 * 1024;

/// How long an upload is kept, in seconds.
pub(crate) const EXPIRE: u64 = 7 * 24 * 3600;

/// One proxy in front of one backend.
pub(crate) struct World {
    pub(crate) dialect: &'static Dialect,
    pub(crate) proxy: Proxy,
    pub(crate) backend: Backend,
    packets: watch::Receiver<Vec<Event>>,
}

/// The settings of all proxies here.
pub(crate) fn settings(settings: Settings, dialect: &Dialect) -> Settings {
    let settings = settings
        .set("state.store", "memory")
        .set("limits.max_upload", &MAX_UPLOAD.to_string())
        .fragments_of(FRAGMENT);
    if dialect.number.is_none() { settings.set("resumption.rfc", "true") } else { settings }
}

impl World {
    /// Both in order.
    pub(crate) async fn start(dialect: &'static Dialect) -> World {
        World::with(dialect, Backend::new(&[], &[]), |settings| settings).await
    }

    /// With other settings.
    pub(crate) async fn with(
        dialect: &'static Dialect,
        backend: Backend,
        change: impl FnOnce(Settings) -> Settings,
    ) -> World {
        let proxy = change(settings(Settings::to(&backend), dialect)).start().await;
        World::of(dialect, backend, proxy)
    }

    /// Of parts that run already.
    pub(crate) fn of(dialect: &'static Dialect, backend: Backend, proxy: Proxy) -> World {
        let mut events = backend.events();
        let (writer, packets) = watch::channel(Vec::new());
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) => writer.send_modify(|all| all.push(event)),
                    Err(RecvError::Lagged(_)) => panic!("the backend's events come too fast"),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        World { dialect, proxy, backend, packets }
    }

    /// Waits until the backend has taken the file's bytes up to there.
    pub(crate) async fn taken(&self, path: &str, offset: u64) {
        self.packet(&format!("{path} up to {offset}"), |event| match event {
            Event::Packet { target, range: Some(range), status: Some(200), .. } => {
                target == path && range.end() >= offset
            }
            _ => false,
        })
        .await;
    }

    /// Waits until the backend has said yes to such a packet about the file.
    pub(crate) async fn packet_of(&self, path: &str, wanted: PacketKind) {
        self.packet(&format!("{wanted:?} of {path}"), |event| match event {
            Event::Packet { target, kind, status: Some(200), .. } => target == path && *kind == Some(wanted),
            _ => false,
        })
        .await;
    }

    /// How many such packets about a file there were, once it is published.
    pub(crate) async fn count(&self, path: &str, wanted: PacketKind) -> usize {
        self.packet_of(path, PacketKind::CloseSession).await;
        self.count_so_far(path, wanted)
    }

    /// How many there were so far.
    pub(crate) fn count_so_far(&self, path: &str, wanted: PacketKind) -> usize {
        let is_it = |event: &&Event| match event {
            Event::Packet { target, kind, .. } => target == path && *kind == Some(wanted),
            _ => false,
        };
        self.packets.borrow().iter().filter(is_it).count()
    }

    pub(crate) fn is_published(&self, path: &str) -> bool {
        self.backend.published().contains_key(path)
    }

    async fn packet(&self, what: &str, is_it: impl Fn(&Event) -> bool) {
        let mut packets = self.packets.clone();
        let seen = packets.wait_for(|all| all.iter().any(&is_it));
        within(&format!("at the backend: {what}"), seen).await.unwrap();
    }
}
