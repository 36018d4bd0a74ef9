//! What is left to do when a run is over: sessions that nobody will go on with are cancelled.

use super::call::{Backend, NoAnswer};
use super::exchange::{Activity, Done, report};
use super::shared::Shared;
use super::{How, Report, Upload};
use crate::bits::{Checkpoint, Event, Session, SessionSettings};
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The end of a run, and what is left to do.
#[derive(Debug)]
pub struct Ending {
    /// How it ended.
    pub how: How,
    /// Figures of it.
    pub report: Report,
    session: Session,
    started: Instant,
}

impl Ending {
    pub(super) fn new(how: How, report: Report, session: Session, started: Instant) -> Self {
        Ending { how, report, session, started }
    }

    /// Cancels the session of an upload that nobody will go on with, bounded by the session's own limits. To be called when
    /// the client knows how it ended.
    pub async fn finish<K: Backend>(
        mut self,
        backend: &mut K,
        limits: &Limits,
        mut observe: impl FnMut(&Event) + Send,
    ) {
        let (session, started) = (&mut self.session, self.started);
        if let How::Taken(continuation) | How::Paused { continuation, .. } = &self.how {
            if continuation.checkpoint.is_some() {
                return;
            }
            // It was about to begin anew; the next request will.
            session.abort(started.elapsed(), Failure::new(Problem::ClientGone, "the request is over"));
        }
        loop {
            let step = session.step(started.elapsed(), 0);
            backend.go_to(session.node());
            let activity = Activity::new(step, |_| Vec::new(), false, &limits.time, started);
            if let Activity::Over = activity {
                return;
            }
            let purpose = activity.purpose();
            let done = timeout(limits.time.cancel, activity.carry_out(backend)).await;
            let done = done.unwrap_or_else(|_| {
                Done::Exchange(Err(NoAnswer::TimedOut("Cancel-Session took too long".into())))
            });
            if let (Done::Exchange(result), Some(purpose)) = (done, purpose) {
                report(session, started.elapsed(), purpose, result);
            }
            while let Some(event) = session.poll_event() {
                observe(&event);
            }
        }
    }
}

/// Cancels the session of an upload that nobody will go on with, bounded by the session's own limits.
pub async fn cancel<K: Backend>(
    upload: &Upload,
    checkpoint: Checkpoint,
    backend: &mut K,
    shared: &Shared,
    observe: impl FnMut(&Event) + Send,
) {
    let settings = SessionSettings { publish: false, ..shared.settings(upload) };
    let mut session = Session::resume(settings, checkpoint);
    let failure = Failure::new(Problem::UploadCancelled, "nobody will go on with it");
    session.abort(Duration::ZERO, failure.clone());
    let how = How::Failed { failure, complete: false };
    let ending = Ending::new(how, Report::default(), session, Instant::now());
    ending.finish(backend, &shared.limits, observe).await;
}
