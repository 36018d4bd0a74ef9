//! Records, and the end of uploads.

use super::sessions::Slot;
use super::{Change, Entry, Host, MOST_ANSWERS, MOST_ENDED, Registry};
use crate::bits::Event;
use crate::digest::Digests;
use crate::error::Problem;
use crate::limits::UploadLimits;
use crate::transfer::{self, Permit};
use crate::upload::{Beginning, Continuation};
use std::collections::HashSet;
use std::future::Future;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Between two sweeps.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether every byte of an upload is there, and its session may be, too.
fn is_worth_publishing(entry: &Entry, now: SystemTime, limits: &UploadLimits) -> bool {
    let state = entry.lock();
    let age = now.duration_since(state.life.plan().created).unwrap_or_default();
    state.life.is_finalizing() && age < limits.expire
}

impl<H: Host> Registry<H> {
    /// Has the record of an upload written, or removed if it is gone. Ready when that is durable.
    pub(super) async fn record(&self, entry: &Arc<Entry>) {
        // One after the other, so that an older record never comes behind a newer one.
        let mut last = entry.pen.lock().await;
        let record = entry.lock().life.record();
        let mark =
            record.as_ref().map(|record| BuildHasherDefault::<DefaultHasher>::default().hash_one(record));
        if *last == Some(mark) {
            return;
        }
        // Whoever writes this may be dropped before it is durable: then the next one writes it again.
        *last = None;
        let id = entry.id.clone();
        let change = match record {
            Some(record) => Change::Put { id, record },
            None => Change::Remove { id },
        };
        self.inner.store.write(vec![change]).await;
        *last = Some(mark);
    }

    /// An upload has ended: it does not count any more.
    pub(super) fn ended(&self, entry: &Arc<Entry>) {
        let (owner, answer) = {
            let mut state = entry.lock();
            state.reserved = None;
            // Whoever still sees to its session holds another clone.
            state.slot = None;
            (state.life.plan().owner.clone(), state.life.answer_size())
        };
        let mut book = self.book();
        if book.open.remove(&entry.id) {
            if let Some(owner) = owner
                && let Some(count) = book.owners.get_mut(&owner)
            {
                *count -= 1;
                if *count == 0 {
                    book.owners.remove(&owner);
                }
            }
            book.ended.push_back((entry.id.clone(), answer));
            book.answers += answer;
        }
        let mut changes = Vec::new();
        while book.ended.len() > MOST_ENDED || (book.answers > MOST_ANSWERS && book.ended.len() > 1) {
            let Some((id, answer)) = book.ended.pop_front() else { break };
            book.answers -= answer;
            book.entries.remove(&id);
            changes.push(Change::Remove { id });
        }
        drop(book);
        if !changes.is_empty() {
            // Whoever comes for one gets 404, now and after a restart.
            drop(self.inner.store.write(changes));
        }
    }

    /// Cancels the session that nobody will go on with, in the background. The token is cancelled when that is over, and the
    /// slot given back.
    pub(super) fn cancel_session(
        &self,
        entry: &Arc<Entry>,
        continuation: Continuation,
        slot: Option<Slot>,
    ) -> CancellationToken {
        let done = CancellationToken::new();
        let Some(checkpoint) = continuation.checkpoint.clone().filter(|checkpoint| !checkpoint.closing)
        else {
            // There is none, or its file may be published already.
            done.cancel();
            return done;
        };
        let part = Beginning {
            from: checkpoint.offset,
            end: Some(checkpoint.offset),
            last: false,
            total: entry.lock().life.total().unwrap_or(checkpoint.offset),
            continuation,
        };
        let upload = entry.upload(None, part, Digests::default(), Permit::default());
        let (registry, guard) = (self.clone(), done.clone().drop_guard());
        self.tasks.spawn(async move {
            let host = registry.host();
            let mut backend = host.dial(&upload.route, &upload.destination, &upload.carried);
            let shared = host.shared(&upload.route);
            let observe = |event: &Event| host.observe(&upload, event);
            transfer::cancel(&upload, checkpoint, &mut backend, &shared, observe).await;
            drop(slot);
            drop(guard);
        });
        done
    }

    /// Gives up what nothing was heard of for too long, and forgets what ended long ago.
    pub fn sweep(&self) {
        let (now, limits) = (self.host().now(), self.host().limits().uploads.clone());
        let entries: Vec<Arc<Entry>> = self.book().entries.values().cloned().collect();
        let mut forgotten = HashSet::new();
        for entry in entries {
            let (is_due, is_open, is_idle) = {
                let state = entry.lock();
                (state.life.deadline(&limits) <= now, state.life.is_open(), state.attempt.is_none())
            };
            if is_idle && !is_due && is_worth_publishing(&entry, now, &limits) {
                // The backend was away for too long, the phone may be away for ever: it is tried again without either.
                self.publish(&entry);
                continue;
            }
            if !is_due || !is_idle {
                continue;
            }
            if is_open {
                self.abandon(&entry, Problem::UploadExpired);
            } else {
                entry.lock().life.end(Problem::UploadExpired, now);
                forgotten.insert(entry.id.clone());
            }
            let registry = self.clone();
            self.tasks.spawn(async move { registry.record(&entry).await });
        }
        if !forgotten.is_empty() {
            self.book().forget(&forgotten);
        }
    }

    /// Sweeps until the program stops.
    pub fn sweeps(&self) -> impl Future<Output = ()> + Send + 'static {
        let registry = self.clone();
        async move {
            let limits = &registry.host().limits().uploads;
            let pause = (limits.expire.min(limits.keep) / 10).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            loop {
                tokio::time::sleep(pause).await;
                registry.sweep();
            }
        }
    }
}
