//! The uploads of this process: how many run, and of those that can be resumed who drives each, who waits for it, and
//! what the store keeps of it.
//!
//! An upload that cannot be resumed is one request (`plain`). Of all others nothing runs between two requests. What a
//! request needs to go on is in the upload's [`Life`](crate::upload::Life), and the same is in the store: so a client that
//! broke off and a proxy that was killed take the same way back.
//!
//! ```text
//!  front ── create ──► Entry: Life, and the attempt that drives it ──► store: one record
//!    │                   ▲  │
//!    ├── feed ───────────┘  └─► transfer::run, in a task of its own, with the body of one request
//!    └── status, cancel: end the attempt, then look
//! ```
//!
//! **The newest request wins.** A phone that changes its network leaves a connection behind that hangs for minutes. So
//! whoever comes later cuts off whoever came before: its client gets no answer, only the end of its connection; what it
//! had brought goes to the backend, for a bounded time; then the newer one has its turn. An upload whose last byte has
//! come is not disturbed by that: its file is published, and whoever asks waits for the answer.
//!
//! **A record is made before anything is told** that must be true after a crash: the URL, an offset, a final answer; before
//! a session is gone on with, and before a file is published. Meanwhile, one every second at most.
//!
//! Generic over [`Host`]: opens no connections and writes no log itself.

mod attempt;
mod begin;
mod drain;
mod entry;
mod host;
mod keep;
mod placing;
mod plain;
mod recover;
mod running;
mod sessions;
mod store;
#[cfg(test)]
mod tests;

pub use drain::Drain;
pub use host::Host;
pub use store::{Change, Store};

use crate::error::{Failure, Problem};
use crate::resumable::reply::Told;
use crate::transfer::{Begun, Found, Interruption};
use crate::upload::{Owner, Principal, State};
use entry::Entry;
use placing::Names;
use running::Running;
use sessions::Sessions;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Uploads that have ended are forgotten before their time beyond this number: some 20 MiB.
const MOST_ENDED: usize = 20_000;

/// The same for the bytes of all their answers: one may have a megabyte. The newest answer is kept however large it is.
const MOST_ANSWERS: u64 = 32 << 20;

/// All upload resources. Cheap to clone.
#[derive(Debug)]
pub struct Registry<H> {
    inner: Arc<Inner<H>>,
    /// Everything that it starts runs here.
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Inner<H> {
    host: H,
    store: Arc<dyn Store>,
    salt: [u8; 32],
    book: Mutex<Book>,
    /// Of the files that open uploads become.
    names: Arc<Names>,
    /// For requests that bring bytes.
    running: Running,
    /// At the backends.
    sessions: Sessions,
}

/// Which uploads there are.
#[derive(Debug, Default)]
struct Book {
    entries: HashMap<String, Arc<Entry>>,
    /// Those that may still take bytes or be published.
    open: HashSet<String>,
    /// How many of those each owner has.
    owners: HashMap<Owner, u32>,
    /// Those that have ended, the oldest first, and the bytes of their answers.
    ended: VecDeque<(String, u64)>,
    /// All of those together.
    answers: u64,
}

impl<H> Clone for Registry<H> {
    fn clone(&self) -> Self {
        Registry { inner: Arc::clone(&self.inner), tasks: self.tasks.clone() }
    }
}

impl<H: Host> Registry<H> {
    /// A registry without uploads. `salt`: hides whose they are from whoever reads the store.
    pub fn new(host: H, store: Arc<dyn Store>, salt: [u8; 32], tasks: TaskTracker) -> Self {
        let uploads = &host.limits().uploads;
        let running = Running::new(uploads.max_running, uploads.max_running_per_client);
        Registry {
            inner: Arc::new(Inner {
                host,
                store,
                salt,
                book: Mutex::default(),
                names: Arc::default(),
                running,
                sessions: Sessions::default(),
            }),
            tasks,
        }
    }

    /// The same registry, for another thread: what that one starts runs in `tasks`.
    pub fn on(&self, tasks: TaskTracker) -> Self {
        Registry { inner: Arc::clone(&self.inner), tasks }
    }

    /// What it runs on.
    pub fn host(&self) -> &H {
        &self.inner.host
    }

    /// Uploads that may still take bytes or be published.
    pub fn open(&self) -> usize {
        self.book().open.len()
    }

    /// Requests that bring bytes at the moment, or are being cleaned up after.
    pub fn running(&self) -> usize {
        self.inner.running.taken()
    }

    /// BITS sessions that are open at backends, paused ones included, as far as this process knows.
    pub fn sessions(&self) -> u64 {
        self.inner.sessions.total()
    }

    /// How the upload of that id was begun, whosever it is.
    pub fn begun(&self, id: &str) -> Option<Begun> {
        let entry = self.entry(id)?;
        let path = entry.lock().life.plan().path.clone();
        Some(Begun { route: Arc::clone(&entry.route), path })
    }

    /// The upload of that id, if it is this principal's.
    pub fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Found> {
        let entry = self.entry(id)?;
        let state = entry.lock();
        let plan = state.life.plan();
        let owner = principal.map(|principal| Owner::new(principal, &self.inner.salt));
        // One that nobody in particular began is for whoever knows its URL.
        if plan.owner.is_some() && plan.owner != owner {
            return None;
        }
        Some(Found {
            name: plan.name.clone(),
            route: Arc::clone(&entry.route),
            version: plan.version,
            expected: plan.digests.expected.clone(),
        })
    }

    /// How far an upload is. A request that feeds it is cut off, and what it had brought is waited for, within
    /// `limits.uploads.settle`.
    ///
    /// # Errors
    /// Why it is gone.
    pub async fn status(&self, id: &str) -> Result<Told, Problem> {
        let entry = self.entry(id).ok_or(Problem::UploadUnknown)?;
        let deadline = Instant::now() + self.host().limits().uploads.settle;
        entry.take_turn();
        let mut beat = entry.listen();
        loop {
            beat.borrow_and_update();
            if entry.is_settled() || timeout_at(deadline, beat.changed()).await.is_err() {
                break;
            }
        }
        let told = {
            let mut state = entry.lock();
            match state.life.state() {
                State::Gone(why) => Err(*why),
                _ => Ok(state.life.tell(self.host().now())),
            }
        };
        // What is told, also that there is nothing, has to be true after a crash, too.
        self.record(&entry).await;
        told
    }

    /// Cancels an upload and its session, or forgets it if it has ended.
    ///
    /// # Errors
    /// Why it is gone already.
    pub async fn cancel(&self, id: &str) -> Result<(), Problem> {
        let entry = self.entry(id).ok_or(Problem::UploadUnknown)?;
        entry.take_turn();
        let gone = match entry.lock().life.state() {
            State::Gone(why) => Some(*why),
            _ => None,
        };
        if gone.is_none() {
            self.abandon(&entry, Problem::UploadCancelled);
        }
        self.record(&entry).await;
        gone.map_or(Ok(()), Err)
    }

    /// Ends an upload: it is gone at once, and its session is cancelled behind it. The token is cancelled when that is over.
    fn abandon(&self, entry: &Arc<Entry>, why: Problem) -> CancellationToken {
        let mut state = entry.lock();
        // Until it is known who sees to its session.
        let slot = state.slot.clone();
        let continuation = state.life.continuation().clone();
        let over = state.attempt.as_ref().map(|attempt| {
            attempt.order(Interruption::Abandon(Failure::new(why, "the upload is not wanted any more")));
            attempt.over.clone()
        });
        let was_open = state.life.is_open();
        state.life.end(why, self.host().now());
        drop(state);
        entry.beat();
        if was_open {
            self.ended(entry);
        }
        over.unwrap_or_else(|| self.cancel_session(entry, continuation, slot))
    }

    fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        self.book().entries.get(id).cloned()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing that is done under the lock can panic half-way.
        self.inner.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget(&mut self, ids: &HashSet<String>) {
        self.entries.retain(|id, _| !ids.contains(id));
        self.ended.retain(|(id, _)| !ids.contains(id));
        self.answers = self.ended.iter().map(|(_, answer)| answer).sum();
    }
}
