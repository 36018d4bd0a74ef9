//! What the proxy keeps of an upload so that it outlives the process, written as the program does it.

use put2bits::bits::{Checkpoint, Session, SessionId};
use std::collections::HashMap;
use std::time::Duration;

/// While an attempt runs, a record is written no more often.
const SELDOM: Duration = Duration::from_secs(1);

/// The record of an upload, and what it must never say.
#[derive(Debug, Default)]
pub(crate) struct Record {
    kept: Option<Checkpoint>,
    written: Duration,
    /// Highest offset that a client may have been told.
    told: u64,
    /// By session: the highest offset that the server ever acknowledged to us.
    acknowledged: HashMap<Vec<u8>, u64>,
}

impl Record {
    pub(crate) fn server_said(&mut self, session: &SessionId, offset: u64) {
        let known = self.acknowledged.entry(session.as_header().as_bytes().to_vec()).or_default();
        *known = offset.max(*known);
    }

    /// From where the next attempt goes on.
    pub(crate) fn kept(&self) -> Option<Checkpoint> {
        self.kept.clone()
    }

    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.closing)
    }

    /// An attempt runs: what it does from now on is covered by the doubt.
    pub(crate) fn running(&mut self, now: Duration, session: &Session) {
        if let Some(checkpoint) = session.checkpoint() {
            self.written = now;
            self.write(Some(Checkpoint { in_doubt: true, ..checkpoint }));
        }
    }

    /// Something was acknowledged.
    pub(crate) fn progress(&mut self, now: Duration, session: &Session) {
        if now >= self.written + SELDOM {
            self.running(now, session);
        }
    }

    /// An attempt is over, the upload is not.
    pub(crate) fn pause(&mut self, session: &Session) {
        self.write(session.checkpoint());
    }

    fn write(&mut self, checkpoint: Option<Checkpoint>) {
        let offset = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.offset);
        assert!(offset >= self.told, "the recorded offset went back from {} to {offset}", self.told);
        if let Some(Checkpoint { session, .. }) = &checkpoint {
            let acknowledged = self.acknowledged.get(session.as_header().as_bytes()).copied().unwrap_or(0);
            assert!(offset <= acknowledged, "{offset} is recorded, {acknowledged} is acknowledged");
        }
        self.told = offset;
        self.kept = checkpoint;
    }
}
