//! Uploads of an earlier process.

use super::entry::Entry;
use super::{Host, Registry};
use crate::digest::Digests;
use crate::resumable::Append;
use crate::transfer::{NewPart, Permit, Place};
use crate::upload::{Life, State};
use bytes::Bytes;
use http_body_util::Empty;
use std::sync::Arc;

impl<H: Host> Registry<H> {
    /// Takes over what an earlier process recorded. Files that were about to be published are published now; everything else
    /// waits for its client.
    ///
    /// A record that can't be used is reported and left in the store: a later program may understand it.
    pub fn recover(&self, records: impl IntoIterator<Item = (String, Vec<u8>)>) {
        for (id, record) in records {
            match Life::restore(&record) {
                Ok(life) => self.take_over(id, life),
                Err(error) => self.host().unusable(shown(&id), &error.to_string()),
            }
        }
    }

    fn take_over(&self, id: String, life: Life) {
        let plan = life.plan().clone();
        let Some(route) = self.host().route(&plan.route, &plan.destination) else {
            self.host().unusable(shown(&id), "no route leads to its target any more");
            return;
        };
        let state = life.state().clone();
        let continuation = life.continuation().clone();
        let reserved = life.is_open().then(|| self.hold(&plan.destination)).flatten();
        let has_session = life.is_open() || continuation.checkpoint.is_some();
        let slot = has_session.then(|| self.inner.sessions.reopen(&route)).flatten();
        let entry = Arc::new(Entry::new(id.clone(), route, life, Vec::new(), (reserved, slot.clone())));
        self.book().enter(&entry, plan.owner);
        match state {
            State::Done(_) => self.ended(&entry),
            State::Gone(_) => {
                self.ended(&entry);
                self.cancel_session(&entry, continuation, slot);
                let registry = self.clone();
                self.tasks.spawn(async move { registry.record(&entry).await });
            }
            State::Finalizing => self.publish(&entry),
            _ => {
                let lost = entry.lock().life.take_lost_session();
                if let Some(lost) = lost {
                    let cancelled = self.cancel_session(&entry, lost, slot);
                    entry.lock().after.push(cancelled);
                }
            }
        }
    }
}

impl<H: Host> Registry<H> {
    /// Goes on with publishing a file of which every byte is there. Its client is not needed; the outcome is kept for it.
    pub(super) fn publish(&self, entry: &Entry) {
        let (version, total, carried) = {
            let state = entry.lock();
            (state.life.plan().version, state.life.total(), state.carried.clone())
        };
        let Some(offset) = total else { return };
        let append = Append { version, offset, complete: true, length: None, content: Some(0) };
        let part = NewPart {
            client: None,
            append,
            content_digest: Digests::default(),
            carried,
            place: Some(Place::free()),
            // Whoever brought the last byte was asked for all that is needed.
            permit: Permit::default(),
        };
        drop(self.feed(&entry.id, part, Empty::<Bytes>::new()));
    }
}

/// As much of an id as may be printed: who knows all of it may go on with the upload.
fn shown(id: &str) -> &str {
    id.get(..6).unwrap_or_default()
}
