//! What goes wrong with processes and networks while uploads run.

use super::backend::Backends;
use super::options::Scale;
use super::plan::Strike;
use super::proxy::Proxy;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Between two looks at the proxy.
const LOOK: Duration = Duration::from_millis(500);

/// The storm, and what was seen meanwhile.
#[derive(Debug)]
pub(crate) struct Chaos {
    pub(crate) proxy: Proxy,
    backends: Arc<Backends>,
    /// Strikes so far, by name.
    pub(crate) struck: BTreeMap<&'static str, u64>,
    /// Resident memory of the proxy, in bytes, and when.
    pub(crate) memory: Vec<(Instant, u64)>,
    /// Sessions that nobody can cancel any more, at most: those of which only the life that was killed knew, and those whose
    /// Create-Session or Cancel-Session a strike may have swallowed.
    pub(crate) orphans: u64,
    passing: JoinSet<()>,
}

impl Chaos {
    pub(crate) fn new(proxy: Proxy, backends: Arc<Backends>) -> Chaos {
        let (struck, memory) = (BTreeMap::new(), Vec::new());
        Chaos { proxy, backends, struck, memory, orphans: 0, passing: JoinSet::new() }
    }

    /// Until `end`.
    pub(crate) async fn rage(&mut self, scale: &Scale, end: Instant) -> io::Result<()> {
        for number in 0.. {
            let (gap, strike) = Strike::new(scale, number);
            let due = Instant::now() + gap;
            self.watch_until(due.min(end)).await;
            if due >= end {
                break;
            }
            *self.struck.entry(strike.name()).or_default() += 1;
            self.do_it(strike).await?;
        }
        // What is held is let go in time.
        while self.passing.join_next().await.is_some() {}
        Ok(())
    }

    /// Looks at the proxy until then.
    pub(crate) async fn watch_until(&mut self, due: Instant) {
        while Instant::now() < due {
            sleep_until(due.min(Instant::now() + LOOK)).await;
            // It may be busy: then the next look tells more.
            let _ = self.proxy.look().await;
            if let Ok(bytes) = self.proxy.memory() {
                self.memory.push((Instant::now(), bytes));
            }
        }
    }

    async fn do_it(&mut self, strike: Strike) -> io::Result<()> {
        let running = self.proxy.look().await.map_or(0, |figures| figures.get("uploads_running"));
        // One more may have begun since.
        self.orphans += match strike {
            Strike::EndProxy | Strike::CutClients | Strike::FreezeClients { .. } => 0,
            _ => running + 1,
        };
        match strike {
            Strike::KillProxy => self.proxy.kill().await?,
            Strike::EndProxy => self.proxy.restart().await?,
            Strike::RestartBackend { route, keep_sessions } => {
                self.backends.of(route).mock.restart(keep_sessions);
            }
            Strike::StallBackend { route, lasts } => {
                let stall = move |all: &Backends, stalled| all.of(route).mock.set_stalled(stalled);
                self.hold(lasts, move |all| stall(all, true), move |all| stall(all, false));
            }
            Strike::LoseBackend { route, lasts } => {
                self.hold(lasts, move |all| all.of(route).way.close(), move |all| all.of(route).way.open());
            }
            Strike::CutBackend { route } => self.backends.of(route).way.cut(),
            Strike::FreezeBackend { route, lasts } => {
                self.hold(lasts, move |all| all.of(route).way.freeze(), move |all| all.of(route).way.open());
            }
            Strike::CutClients => self.backends.clients.cut(),
            Strike::FreezeClients { lasts } => {
                self.hold(lasts, |all| all.clients.freeze(), |all| all.clients.open());
            }
        }
        Ok(())
    }

    /// Something that lasts. Of two that overlap the first that ends ends both.
    fn hold(
        &mut self,
        lasts: Duration,
        begin: impl FnOnce(&Backends),
        end: impl FnOnce(&Backends) + Send + 'static,
    ) {
        begin(&self.backends);
        let backends = Arc::clone(&self.backends);
        self.passing.spawn(async move {
            sleep(lasts).await;
            end(&backends);
        });
    }
}
