//! What all connections of a mock share, and the effects of answers on the stored bytes.

use super::MockConfig;
use super::fault::FaultPlan;
use super::observe::{Event, Published, Stats};
use super::path;
use super::storage::Store;
use crate::bits::PacketKind;
use crate::bits::server::{
    CODE_DISK_FULL, CODE_FILE_NOT_FOUND, Effect, Reply, Server, SessionKey, TargetState,
};
use http::StatusCode;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

/// Events that a slow reader may lag behind.
const EVENTS: usize = 1024;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: MockConfig,
    core: Mutex<Core>,
    published: Mutex<BTreeMap<String, Published>>,
    pub(super) stats: watch::Sender<Stats>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) stalled: watch::Sender<bool>,
    /// A fragment ended, in whatever way: its session can be used again.
    pub(super) released: Notify,
    /// The listener stops.
    pub(super) closed: CancellationToken,
    /// All connections of now; replaced by a restart.
    connections: Mutex<CancellationToken>,
    started: Instant,
}

/// The protocol's state and the stored bytes that belong to it. Never locked across an await.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) server: Server,
    pub(super) faults: FaultPlan,
    pub(super) slots: HashMap<SessionKey, Slot>,
}

/// What the shell keeps for a session.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) store: Store,
    /// Breaks off the fragment that is coming.
    pub(super) coming: Option<CancellationToken>,
}

impl Shared {
    pub(super) fn new(config: MockConfig) -> Self {
        let core = Core {
            server: Server::new(config.knobs.clone()),
            faults: FaultPlan::new(config.faults.clone(), config.seed),
            slots: HashMap::new(),
        };
        Shared {
            config,
            core: Mutex::new(core),
            published: Mutex::default(),
            stats: watch::Sender::default(),
            events: broadcast::Sender::new(EVENTS),
            stalled: watch::Sender::new(false),
            released: Notify::new(),
            closed: CancellationToken::new(),
            connections: Mutex::default(),
            started: Instant::now(),
        }
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn published(&self) -> MutexGuard<'_, BTreeMap<String, Published>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends with the connections of now.
    pub(super) fn lifetime(&self) -> CancellationToken {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is at a target.
    pub(super) fn target_state(&self, target: &str) -> TargetState {
        let published = self.published().contains_key(path::path_of(target));
        self.config.storage.state(target, published)
    }

    pub(super) fn restart(&self, keep_sessions: bool) {
        let connections = {
            let mut current = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *current)
        };
        connections.cancel();
        if !keep_sessions {
            let mut core = self.core();
            let effects = core.server.forget_all();
            self.discard(&mut core, effects);
            self.count_sessions(&core);
        }
    }

    pub(super) fn shutdown(&self) {
        self.closed.cancel();
        self.restart(false);
    }

    /// Forgets sessions that are too old.
    pub(super) fn expire(&self, core: &mut Core) {
        let effects = core.server.expire(self.now());
        if !effects.is_empty() {
            self.discard(core, effects);
            self.count_sessions(core);
        }
    }

    /// Forgets one session.
    pub(super) fn lose(&self, core: &mut Core, session: SessionKey) {
        let effect = core.server.forget(session);
        self.discard(core, effect);
        self.count_sessions(core);
    }

    fn discard(&self, core: &mut Core, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            if let Effect::Discard { session } = effect
                && let Some(slot) = core.slots.remove(&session)
            {
                slot.store.discard();
            }
        }
    }

    /// Does what an answer says about stored bytes. An answer that can't be kept becomes an error.
    pub(super) fn apply(&self, core: &mut Core, kind: Option<PacketKind>, reply: &mut Reply) {
        for effect in std::mem::take(&mut reply.effects) {
            let refusal = match effect {
                Effect::Open { session } => match self.config.storage.open() {
                    Ok(store) => {
                        core.slots.insert(session, Slot { store, coming: None });
                        self.stats.send_modify(|stats| stats.sessions_created += 1);
                        None
                    }
                    Err(error) => {
                        core.server.forget(session);
                        Some(storage_refusal(&core.server, &error))
                    }
                },
                Effect::Publish { session, target, length } => {
                    self.publish(core, session, &target, length).err()
                }
                discard @ Effect::Discard { .. } => {
                    self.discard(core, [discard]);
                    None
                }
            };
            if let Some(refusal) = refusal {
                *reply = refusal;
                break;
            }
        }
        if reply.status.is_success() {
            self.stats.send_modify(|stats| match kind {
                Some(PacketKind::CloseSession) => stats.sessions_closed += 1,
                Some(PacketKind::CancelSession) => stats.sessions_cancelled += 1,
                _ => {}
            });
        }
        self.count_sessions(core);
    }

    fn publish(&self, core: &mut Core, session: SessionKey, target: &str, length: u64) -> Result<(), Reply> {
        let Some(slot) = core.slots.remove(&session) else {
            return Err(core.server.refusal(StatusCode::NOT_FOUND, CODE_FILE_NOT_FOUND));
        };
        match slot.store.publish(&self.config.storage, target, length) {
            Ok(file) => {
                let target = path::path_of(target).to_owned();
                self.published().insert(target.clone(), file.clone());
                self.tell(|| Event::Published { target, file });
                self.stats.send_modify(|stats| stats.published += 1);
                Ok(())
            }
            Err(error) => Err(storage_refusal(&core.server, &error)),
        }
    }

    fn count_sessions(&self, core: &Core) {
        let open = core.server.sessions().count() as u64;
        self.stats.send_if_modified(|stats| {
            let changed = stats.sessions_open != open;
            stats.sessions_open = open;
            changed
        });
    }

    /// Tells whoever listens.
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // It fails when the last listener has just gone.
            let _ = self.events.send(event());
        }
    }
}

/// How a server answers when its own disk fails.
pub(super) fn storage_refusal(server: &Server, error: &io::Error) -> Reply {
    match error.kind() {
        io::ErrorKind::NotFound => server.refusal(StatusCode::NOT_FOUND, CODE_FILE_NOT_FOUND),
        _ => server.refusal(StatusCode::INTERNAL_SERVER_ERROR, CODE_DISK_FULL),
    }
}
