//! The thread that writes: everything that waits goes into one transaction, then all who wait are told.
//!
//! ```text
//!           ┌─────────────────────────── the file can be opened and written again ──┐
//!           ▼                                                                       │
//!   writing: commit, then tell ── a write fails: one error in the log ──► degraded: tell at once, keep what changed,
//!                                                                         try again after 1, 2, 4 … 60 seconds
//! ```

use super::Health;
use super::database::{Changes, RecordFile};
use super::file::{self, Found, Place, Wanted};
use crate::registry::Change;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Pause before a degraded store tries to write again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One call of `write`.
pub(super) struct Given {
    pub(super) changes: Vec<Change>,
    /// Told when the changes are durable, or given up.
    pub(super) done: oneshot::Sender<()>,
}

/// What the thread knows.
pub(super) struct Writer {
    place: Place,
    salt: [u8; 32],
    health: Arc<Health>,
    /// None: degraded.
    file: Option<RecordFile>,
    /// The ids that the file has, or may have after a write that failed.
    stored: HashSet<String>,
    /// What is not durable yet. Of each id the newest change.
    waiting: Changes,
    /// While degraded: when to try again.
    retry: Instant,
    pause: Duration,
}

impl Writer {
    /// For a file just opened, of which these records are known. Degraded from the start if it cannot be written.
    pub(super) fn new(
        place: Place,
        salt: [u8; 32],
        file: io::Result<RecordFile>,
        records: &[(String, Vec<u8>)],
    ) -> Self {
        let mut writer = Writer {
            place,
            salt,
            health: Arc::default(),
            file: None,
            stored: records.iter().map(|(id, _)| id.clone()).collect(),
            waiting: Changes::new(),
            retry: Instant::now(),
            pause: FIRST_PAUSE,
        };
        match file {
            Ok(file) => writer.file = Some(file),
            Err(error) => writer.degrade(&error),
        }
        writer
    }

    pub(super) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Runs until nobody can give anything any more, and all that was given is written.
    pub(super) fn run(mut self, given: &Receiver<Given>) {
        loop {
            let first = match self.next(given) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut told = Vec::new();
            for Given { changes, done } in first.into_iter().chain(given.try_iter()) {
                changes.into_iter().for_each(|change| self.take(change));
                told.push(done);
            }
            if self.file.is_some() || self.retry <= Instant::now() {
                self.write();
            }
            for done in told {
                // Who does not wait any more need not be told.
                let _ = done.send(());
            }
        }
        self.end();
    }

    fn next(&self, given: &Receiver<Given>) -> Result<Given, RecvTimeoutError> {
        if self.file.is_some() {
            return given.recv().map_err(|_| RecvTimeoutError::Disconnected);
        }
        given.recv_timeout(self.retry.saturating_duration_since(Instant::now()))
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Put { id, record } => {
                self.waiting.insert(id, Some(record));
            }
            Change::Remove { id } if self.stored.contains(&id) => {
                self.waiting.insert(id, None);
            }
            // It never reached the file. Nothing is kept of it, so that a long time without a disk takes no more
            // memory than there are uploads.
            Change::Remove { id } => {
                self.waiting.remove(&id);
            }
        }
    }

    /// Writes all that waits, opening the file if it is not.
    fn write(&mut self) {
        if self.file.is_some() && self.waiting.is_empty() {
            return;
        }
        match self.try_write() {
            Ok(()) => {
                if self.health.is_degraded() {
                    let path = self.place.path.display();
                    tracing::info!(%path, "records of uploads are written again: they survive a restart");
                }
                self.health.wrote();
                self.pause = FIRST_PAUSE;
            }
            Err(error) => self.degrade(&error),
        }
    }

    fn try_write(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.reopen()?,
        };
        let put = self.waiting.iter().filter(|(_, change)| change.is_some());
        self.stored.extend(put.map(|(id, _)| id.clone()));
        self.file = Some(file.commit(&self.waiting)?);
        for (id, _) in self.waiting.iter().filter(|(_, change)| change.is_none()) {
            self.stored.remove(id);
        }
        self.waiting.clear();
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<RecordFile> {
        let wanted = Wanted::Only(self.salt);
        let Found { contents, file } = file::open(&self.place, wanted).map_err(io::Error::other)?;
        self.stored = contents.records.into_iter().map(|(id, _)| id).collect();
        file
    }

    fn degrade(&mut self, error: &io::Error) {
        let path = self.place.path.display();
        if self.health.is_degraded() {
            tracing::debug!(%path, %error, "records of uploads still cannot be written");
        } else {
            tracing::error!(
                %path,
                %error,
                "records of uploads cannot be written and stay in memory: uploads will not survive a restart. It is \
                 tried again"
            );
        }
        self.health.failed();
        self.retry = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// The last chance of what waits.
    fn end(mut self) {
        if !self.waiting.is_empty() {
            self.write();
        }
        if let Some(Err(error)) = self.file.map(RecordFile::close) {
            let path = self.place.path.display();
            tracing::debug!(%path, %error, "not closed in order: the next opening repairs it");
        }
    }
}
