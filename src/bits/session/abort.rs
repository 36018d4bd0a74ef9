//! Ending an upload before its time: by will of the caller, or by a failure.

use super::{Phase, Session, Then};
use crate::error::Failure;
use std::time::Duration;

/// What to end with once the exchange under way is over.
#[derive(Debug)]
pub(super) struct Abort {
    pub(super) failure: Failure,
    /// Also when every byte is acknowledged, as long as nothing may have published the file.
    withheld: bool,
}

impl Session {
    /// Ends the upload with this failure: at once, or when the exchange under way is over. An open session is cancelled.
    ///
    /// Once every byte is acknowledged this has no effect: the file is published all the same. Of several reasons the first
    /// stays.
    pub fn abort(&mut self, now: Duration, failure: Failure) {
        self.end_with(now, failure, false);
    }

    /// Like [`Session::abort`], but also when every byte is acknowledged: the file must not be published. Only a
    /// Close-Session that may have reached the server makes it too late.
    pub fn withhold(&mut self, now: Duration, failure: Failure) {
        self.end_with(now, failure, true);
    }

    fn end_with(&mut self, now: Duration, failure: Failure, withheld: bool) {
        let abort = self.abort.get_or_insert(Abort { failure, withheld });
        abort.withheld |= withheld;
        if self.asked.is_none() {
            self.honour_abort(now);
        }
    }

    pub(super) fn honour_abort(&mut self, now: Duration) {
        let Some(Abort { failure, withheld }) = self.abort.take() else { return };
        match &self.phase {
            Phase::Creating => self.finish(Err(failure)),
            Phase::Greeting(id)
            | Phase::Sending(id)
            | Phase::Cancelling { session: id, then: Then::Restart, .. } => {
                let id = id.clone();
                self.cancel(now, id, Then::Fail(failure));
            }
            Phase::Fetching(id, _) | Phase::Closing(id) if withheld && !self.close_in_doubt => {
                let id = id.clone();
                self.cancel(now, id, Then::Fail(failure));
            }
            Phase::Fetching(..) | Phase::Closing(_) | Phase::Verifying(_) => {}
            Phase::Cancelling { .. } | Phase::Paused { .. } | Phase::Finished(_) => {}
        }
    }

    /// Whether the session is given up as soon as the exchange under way is over, unless that turns out to be the last one
    /// that [`Session::abort`] can stop.
    pub(super) fn is_doomed(&self) -> bool {
        self.abort.as_ref().is_some_and(|abort| match self.phase {
            Phase::Fetching(..) => abort.withheld,
            Phase::Closing(_) | Phase::Verifying(_) => false,
            _ => true,
        })
    }
}
