//! How many BITS sessions are open at each backend: `max_sessions`.
//!
//! A backend may allow an account so many sessions and no more (IIS deletes those beyond 50), and a paused upload has one as
//! well as a running one. So an upload takes its slot before it takes a byte, and gives it back when its session has ended
//! or is cancelled. A new upload that finds none is refused: its client loses nothing. One that is gone on with has its slot
//! from its beginning.
//!
//! Counted are the sessions of this process. Replicas that share a backend share its limit by dividing it.

use crate::error::{Failure, Problem};
use crate::route::{Credentials, Route};
use http::uri::Authority;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whom a backend takes its sessions for: several routes may lead to the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Account {
    authority: Authority,
    credentials: Credentials,
}

/// The sessions of all accounts. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions(Arc<Mutex<HashMap<Account, u32>>>);

/// One session, as long as one of its clones lives.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    sessions: Sessions,
    account: Account,
}

impl Sessions {
    /// A slot for a new session, if the backend of the route has one.
    pub(super) fn try_open(&self, route: &Route) -> Result<Slot, Failure> {
        self.count(route, route.server.max_sessions.unwrap_or(u32::MAX)).ok_or_else(|| {
            Failure::new(Problem::TooManySessions, "as many sessions are open at the backend as may be")
        })
    }

    /// A slot for a session that is open already: it counts, however many there are.
    pub(super) fn reopen(&self, route: &Route) -> Option<Slot> {
        self.count(route, u32::MAX)
    }

    /// Of all backends together.
    pub(super) fn total(&self) -> u64 {
        self.counts().values().copied().map(u64::from).sum()
    }

    fn count(&self, route: &Route, max: u32) -> Option<Slot> {
        let account = Account {
            authority: route.backend.authority.clone(),
            credentials: route.server.credentials.clone(),
        };
        {
            let mut counts = self.counts();
            let open = counts.get(&account).copied().unwrap_or_default();
            if open >= max {
                return None;
            }
            counts.insert(account.clone(), open.saturating_add(1));
        }
        Some(Slot { _held: Arc::new(Held { sessions: self.clone(), account }) })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Account, u32>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.sessions.counts();
        if let Some(open) = counts.get_mut(&self.account) {
            *open -= 1;
            if *open == 0 {
                counts.remove(&self.account);
            }
        }
    }
}
