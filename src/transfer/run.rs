//! The life of one run: a whole upload, or a part of one.

mod keepsake;

use super::call::{Backend, NoAnswer};
use super::ending::Ending;
use super::exchange::{Activity, Done, report};
use super::shared::Shared;
use super::source::Source;
use super::supervisor::{Interruption, Supervisor};
use super::traffic::Meter;
use super::{How, Report, Upload};
use crate::bits::{Event, Session, Step};
use crate::digest::Hasher;
use crate::error::{Failure, Problem};
use crate::upload::{Continuation, Stored};
use bytes::Bytes;
use http_body::Body;
use std::future::pending;
use std::pin::pin;
use tokio::time::{Instant, sleep_until};

/// Carries one upload, or a part of it, as far as it comes.
///
/// The body is first polled when the backend has agreed to the upload. When a client breaks off, an upload that cannot be
/// resumed is abandoned, unless every byte was acknowledged already; of one that can, the bytes in hand are
/// brought to the backend first.
///
/// The caller tells the client how it ended, and then has to wait for [`Ending::finish`].
pub async fn run<K, B, S>(
    upload: &Upload,
    backend: &mut K,
    body: B,
    shared: &Shared,
    supervisor: &mut S,
) -> Ending
where
    K: Backend,
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
    S: Supervisor,
{
    let limits = &*shared.limits;
    let settings = shared.settings(upload);
    let Continuation { checkpoint, digest, headers } = upload.part.continuation.clone();
    let hasher = digest.and_then(|state| Hasher::restore(&state));
    let hasher = hasher.unwrap_or_else(|| Hasher::new(upload.digests.algorithms()));
    let digests = upload.content_digest.clone();
    let mut transfer = Transfer {
        upload,
        shared,
        started: Instant::now(),
        source: Source::new(body, &upload.part, hasher, digests, limits, &shared.budget),
        report: Report {
            session: checkpoint.as_ref().map(|checkpoint| checkpoint.session.clone()),
            from: upload.part.continuation.acknowledged(),
            ..Report::default()
        },
        session: match checkpoint {
            Some(checkpoint) => Session::resume(settings, checkpoint),
            None => Session::new(settings),
        },
        meter: Meter::new(shared.traffic.clone(), upload.part.from, upload.part.continuation.acknowledged()),
        stored: Stored { headers, reply: None },
        told: 0,
        cleared: false,
        stopping: None,
        postponed: None,
    };
    let how = loop {
        if let Some(how) = transfer.over() {
            break how;
        }
        transfer.advance(backend, supervisor).await;
    };
    if let Some(ceiling) = transfer.session.ceiling() {
        shared.ceiling.learn(ceiling);
    }
    transfer.meter.read(transfer.source.received(), transfer.session.offset());
    let report = transfer.report();
    let Transfer { session, started, .. } = transfer;
    // The body is dropped here, and its memory is free. What still comes of a refused one is the connection's business.
    Ending::new(how, report, session, started)
}

struct Transfer<'a, B> {
    upload: &'a Upload,
    shared: &'a Shared,
    started: Instant,
    source: Source<B>,
    session: Session,
    meter: Meter,
    stored: Stored,
    report: Report,
    /// The offset that the supervisor knows.
    told: u64,
    /// Every byte is there and is what it should be: nothing stands against publishing the file.
    cleared: bool,
    stopping: Option<Stopping>,
    /// Every byte is there, but the file may not be published now.
    postponed: Option<Failure>,
}

/// No more bytes come from this client.
#[derive(Debug)]
struct Stopping {
    why: Failure,
    /// Not even an exchange is waited for of which the upload depends.
    soon: bool,
    /// When nothing more is waited for.
    deadline: Instant,
    /// The client is to blame, and is there to be told.
    refused: bool,
}

impl<B> Transfer<'_, B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
{
    /// Does the session's next step, gathering the body meanwhile.
    async fn advance<K: Backend, S: Supervisor>(&mut self, backend: &mut K, supervisor: &mut S) {
        let step = if self.session.is_closing() && !self.source.is_exhausted() {
            // The backend has every byte. Whether the client has no more, and whether these are its bytes, shows at the end
            // of its body.
            Step::Gather
        } else {
            if self.session.is_closing() && !self.cleared {
                self.clear(supervisor).await;
            }
            if self.postponed.is_some() {
                return;
            }
            self.session.step(self.started.elapsed(), self.source.ready())
        };
        backend.go_to(self.session.node());
        let activity = Activity::new(
            step,
            |range| self.source.slice(range),
            self.session.is_all_sent(),
            &self.shared.limits.time,
            self.started,
        );
        let purpose = activity.purpose();
        let done = self.carry_out(activity, backend, supervisor).await;
        if let (Done::Exchange(result), Some(purpose)) = (done, purpose) {
            if let Ok(answer) = &result {
                self.keep(purpose, answer);
            }
            report(&mut self.session, self.started.elapsed(), purpose, result);
        }
        let mut news = false;
        while let Some(event) = self.session.poll_event() {
            if let Event::Created { session, .. } = &event {
                self.report.session = Some(session.clone());
                news = true;
            }
            supervisor.observe(&event);
        }
        self.meter.read(self.source.received(), self.session.offset());
        self.source.release(self.session.offset());
        // Once it is on record that the file is about to be published, nothing else may take the place of that.
        if self.upload.lasting && !self.cleared && (news || self.session.offset() > self.told) {
            self.told = self.session.offset();
            if let Some(continuation) = self.continuation() {
                supervisor.acknowledged(continuation);
            }
        }
    }

    /// Every byte is acknowledged: compares digests, and has it recorded that the file is about to be published.
    async fn clear<S: Supervisor>(&mut self, supervisor: &mut S) {
        self.cleared = true;
        if let Err(algorithm) = self.upload.digests.expected.check(&self.source.hasher().digests()) {
            let detail = format!("the {} of the file is not the one that was sent with it", algorithm.name());
            let failure = Failure::new(Problem::DigestMismatch, detail);
            self.session.withhold(self.started.elapsed(), failure);
        } else if let (true, Some(continuation)) = (self.upload.lasting, self.continuation())
            && let Err(failure) = supervisor.publishing(continuation).await
        {
            match failure.problem.row().retry {
                true => self.postponed = Some(failure),
                false => self.session.withhold(self.started.elapsed(), failure),
            }
        }
    }

    async fn carry_out<K: Backend, S: Supervisor>(
        &mut self,
        activity: Activity,
        backend: &mut K,
        supervisor: &mut S,
    ) -> Done {
        let asks = activity.purpose().is_some();
        let mut activity = pin!(activity.carry_out(backend));
        // Set when the upload is aborted while an exchange is under way.
        let mut aborted: Option<Instant> = None;
        loop {
            let gathers = aborted.is_none() && self.session.is_open() && self.source.has_room();
            if gathers {
                let (session, share) = (&self.session, self.shared.budget.fair_share());
                self.source.aim(|from| session.fragment_size(from, share));
            } else {
                self.source.rest();
            }
            let (deadline, overdue) = (aborted.or(self.patience(asks)), self.overdue());
            let interruption = tokio::select! {
                biased;
                done = &mut activity => return done,
                filled = self.source.fill(asks), if gathers => match filled {
                    Ok(delivery) => {
                        if delivery.bytes > 0 {
                            self.session.delivered(delivery.bytes, delivery.took);
                        }
                        if asks { continue } else { return Done::AskAgain }
                    }
                    Err(failure) => {
                        self.source.close();
                        Interruption::Left(failure)
                    }
                },
                interruption = supervisor.interrupted() => interruption,
                () = sleep_until_or_never(overdue), if aborted.is_none() => {
                    let detail = "the last byte of the body did not come in time";
                    Interruption::Left(Failure::new(Problem::UploadOverdue, detail))
                }
                () = sleep_until_or_never(deadline) => {
                    return if asks {
                        Done::Exchange(Err(NoAnswer::TimedOut("abandoned with its upload".into())))
                    } else {
                        Done::AskAgain
                    };
                }
            };
            if let Some(failure) = self.interrupted(interruption) {
                let now = self.started.elapsed();
                match self.session.is_closing() {
                    true => self.session.withhold(now, failure),
                    false => self.session.abort(now, failure),
                }
                aborted.get_or_insert(Instant::now() + self.shared.limits.time.cancel);
            }
            if !asks {
                return Done::AskAgain;
            }
        }
    }

    /// When the last byte of the body has to be there. None: it is, or nobody waits for it.
    fn overdue(&self) -> Option<Instant> {
        let comes = self.stopping.is_none() && !self.source.is_exhausted();
        self.shared.limits.time.upload.filter(|_| comes).map(|time| self.started + time)
    }

    /// Until when an activity is waited for while the transfer stops.
    fn patience(&self, asks: bool) -> Option<Instant> {
        let stopping = self.stopping.as_ref()?;
        // Giving up an exchange would cost an upload to a backend that must not get the same bytes twice. Its own limits hold.
        let matters = asks && self.session.is_open() && !self.session.may_resend();
        let waits = matters && !stopping.soon;
        (!waits && !self.is_closing()).then_some(stopping.deadline)
    }

    /// Whether nothing of the client is needed any more.
    fn is_closing(&self) -> bool {
        self.session.is_closing() && self.source.is_exhausted()
    }

    /// What an interruption means; gives why the upload is abandoned, if it is.
    fn interrupted(&mut self, interruption: Interruption) -> Option<Failure> {
        let (why, soon) = match interruption {
            Interruption::Abandon(why) => return (!self.is_closing()).then_some(why),
            Interruption::Left(why) => (why, false),
            Interruption::Stop(why) => (why, true),
        };
        if !self.upload.lasting {
            return (!self.is_closing()).then_some(why);
        }
        // The body brought more than the file has: whatever it is, it is not this file.
        if self.source.is_too_long() {
            return Some(why);
        }
        let refused = matches!(why.problem, Problem::DigestMismatch | Problem::LengthMismatch);
        let has_all = self.source.is_exhausted() && self.upload.part.last && !refused;
        if let (Some(stopping), true) = (&mut self.stopping, soon) {
            (stopping.why, stopping.soon) = (why, true);
            return None;
        }
        if self.is_closing() || (has_all && !soon) || self.stopping.is_some() {
            return None;
        }
        if !self.source.is_exhausted() {
            // Perhaps every byte is there. But nobody said that it was the last.
            self.session.keep_open();
        }
        self.source.stop();
        let deadline = Instant::now() + self.shared.limits.uploads.settle;
        self.stopping = Some(Stopping { why, soon, deadline, refused });
        None
    }

    /// How it ended, if it did.
    fn over(&mut self) -> Option<How> {
        if let Some(why) = self.postponed.take() {
            let continuation = self.continuation().unwrap_or_default();
            return Some(How::Paused { continuation, why, refused: false });
        }
        match self.session.outcome() {
            Some(Ok(())) => {
                let mut stored = std::mem::take(&mut self.stored);
                self.add_digest(&mut stored);
                self.add_fields(&mut stored);
                return Some(How::Stored(stored));
            }
            Some(Err(failure)) => return Some(self.failed(failure)),
            None => {}
        }
        let all_taken = self.session.offset() >= self.source.received();
        if let Some(stopping) = &self.stopping {
            let closing = self.is_closing();
            if !closing && (all_taken || !self.session.is_open() || stopping.deadline <= Instant::now()) {
                let (why, refused) = (stopping.why.clone(), stopping.refused);
                let continuation = self.continuation().unwrap_or_default();
                return Some(How::Paused { continuation, why, refused });
            }
            return None;
        }
        let taken =
            !self.upload.part.last && self.source.is_exhausted() && all_taken && self.session.is_open();
        taken.then(|| How::Taken(self.continuation().unwrap_or_default()))
    }

    /// A failure ends the upload, unless it may pass and a later request can go on.
    fn failed(&mut self, failure: Failure) -> How {
        if self.upload.lasting {
            if let Some(continuation) = self.continuation() {
                let refused = failure.problem == Problem::CallerRefused;
                return How::Paused { continuation, why: failure, refused };
            }
            let never_opened = self.report.session.is_none();
            if never_opened && failure.problem.row().retry {
                return How::Paused { continuation: Continuation::default(), why: failure, refused: false };
            }
        }
        let every_byte = self.upload.part.last && self.session.offset() == self.upload.part.total;
        // With its session the backend has lost them again.
        let complete = every_byte && failure.problem != Problem::SessionLost;
        How::Failed { failure, complete }
    }

    /// What a later request needs to go on, if the session can go on.
    fn continuation(&self) -> Option<Continuation> {
        let hasher = self.source.hasher();
        Some(Continuation {
            checkpoint: Some(self.session.checkpoint()?),
            digest: (!hasher.is_idle()).then(|| hasher.state()),
            headers: self.stored.headers.clone(),
        })
    }

    fn report(&self) -> Report {
        let now = Instant::now();
        Report {
            session: self.report.session.clone(),
            from: self.report.from,
            received: self.source.received() - self.upload.part.from,
            acknowledged: self.session.offset(),
            stats: self.session.stats(),
            duration: now - self.started,
            tail: self.source.finished_at().map(|at| now - at),
        }
    }
}

async fn sleep_until_or_never(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
