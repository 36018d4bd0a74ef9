//! The life of one upload.

use super::budget::Budget;
use super::call::{Answer, Backend, NoAnswer};
use super::ceiling::Ceiling;
use super::exchange::{Activity, Done, Purpose, report};
use super::source::Source;
use super::{Outcome, Reply, Report, Stored, Upload};
use crate::bits::{Event, Session, SessionSettings};
use crate::error::{Failure, Problem};
use crate::limits::{Limits, TimeLimits};
use crate::route::ReplyMode;
use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use http_body::Body;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What the uploads to one backend have in common.
#[derive(Debug, Clone)]
pub struct Shared {
    /// All limits.
    pub limits: Arc<Limits>,
    /// Memory for body bytes.
    pub budget: Budget,
    /// Largest fragment that the backend was found to take.
    pub ceiling: Ceiling,
    /// Ends the upload with [`Problem::ShuttingDown`].
    pub stop: CancellationToken,
}

/// Carries one upload to its end and gives the figures.
///
/// The body is first polled when the backend has agreed to the upload. The outcome goes to `client` as soon as it is
/// decided; after that a failed session is still cancelled. When the receiver of `client` is dropped, the client is gone
/// and the upload is abandoned, unless every byte was acknowledged already.
/// `observe` gets what is worth a log line.
pub async fn run<K, B>(
    upload: Upload,
    mut backend: K,
    body: B,
    shared: Shared,
    client: oneshot::Sender<Outcome>,
    mut observe: impl FnMut(&Event) + Send,
) -> (Option<Failure>, Report)
where
    K: Backend,
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
{
    let limits = Arc::clone(&shared.limits);
    let mut transfer = Transfer {
        started: Instant::now(),
        source: Source::new(body, upload.total, &limits, &shared.budget),
        session: Session::new(SessionSettings {
            total: upload.total,
            profile: upload.route.profile,
            fragment: limits.fragment.clone(),
            ceiling: shared.ceiling.get(),
            retry: limits.retry.clone(),
            cancel: limits.time.cancel,
            ambiguous_close: upload.route.ambiguous_close,
            wants_reply: upload.route.reply == ReplyMode::Forward,
            lasting: false,
            publish: true,
            seed: fastrand::u64(..),
        }),
        shared,
        client: Some(client),
        stored: Stored::default(),
        report: Report::default(),
        failure: None,
        pass_on: &upload.route.response_headers,
    };
    while !transfer.decided() {
        transfer.advance(&mut backend, &mut observe).await;
    }
    if let Some(ceiling) = transfer.session.ceiling() {
        transfer.shared.ceiling.learn(ceiling);
    }
    let Transfer { mut session, source, started, failure, report, .. } = transfer;
    // Its memory is free from here on. What still comes of a refused body is the connection's business.
    drop(source);
    finish(&mut session, &mut backend, &limits.time, started, &mut observe).await;
    (failure, report)
}

struct Transfer<'a, B> {
    started: Instant,
    source: Source<B>,
    session: Session,
    shared: Shared,
    client: Option<oneshot::Sender<Outcome>>,
    stored: Stored,
    report: Report,
    failure: Option<Failure>,
    pass_on: &'a [HeaderName],
}

impl<B> Transfer<'_, B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
{
    /// Does the session's next step, gathering the body meanwhile.
    async fn advance<K: Backend>(&mut self, backend: &mut K, observe: &mut (impl FnMut(&Event) + Send)) {
        let step = self.session.step(self.started.elapsed(), self.source.ready());
        let activity = Activity::new(
            step,
            |range| self.source.slice(range),
            self.session.is_all_sent(),
            &self.shared.limits.time,
            self.started,
        );
        let purpose = activity.purpose();
        let done = self.carry_out(activity, backend).await;
        if let (Done::Exchange(result), Some(purpose)) = (done, purpose) {
            if let Ok(answer) = &result {
                self.keep(purpose, answer);
            }
            report(&mut self.session, self.started.elapsed(), purpose, result);
        }
        while let Some(event) = self.session.poll_event() {
            if let Event::Created { session, .. } = &event {
                self.report.session = Some(session.clone());
            }
            observe(&event);
        }
        self.source.release(self.session.offset());
    }

    async fn carry_out<K: Backend>(&mut self, activity: Activity, backend: &mut K) -> Done {
        let asks = activity.purpose().is_some();
        let mut activity = pin!(activity.carry_out(backend));
        // Set when the upload is aborted while an exchange is under way.
        let mut deadline: Option<Instant> = None;
        loop {
            let gathers = deadline.is_none() && self.session.is_open() && self.source.has_room();
            if gathers {
                let (session, share) = (&self.session, self.shared.budget.fair_share());
                self.source.aim(|from| session.fragment_size(from, share));
            } else {
                self.source.rest();
            }
            let may_abort = deadline.is_none() && !self.session.is_closing();
            let failure = tokio::select! {
                biased;
                done = &mut activity => return done,
                filled = self.source.fill(asks), if gathers => match filled {
                    Ok(delivery) => {
                        self.session.delivered(delivery.bytes, delivery.took);
                        if asks { continue } else { return Done::AskAgain }
                    }
                    Err(failure) => failure,
                },
                () = left(&mut self.client), if may_abort => {
                    Failure::new(Problem::ClientGone, "the client closed its connection")
                }
                () = self.shared.stop.cancelled(), if may_abort => {
                    Failure::new(Problem::ShuttingDown, "the upload did not finish within the grace period")
                }
                () = sleep_until_or_never(deadline) => {
                    return Done::Exchange(Err(NoAnswer::TimedOut("abandoned with its upload".into())));
                }
            };
            self.session.abort(self.started.elapsed(), failure);
            if !asks {
                return Done::AskAgain;
            }
            deadline = Some(Instant::now() + self.shared.limits.time.cancel);
        }
    }

    /// Keeps of an answer what the client gets with its 201.
    fn keep(&mut self, purpose: Purpose, answer: &Answer) {
        match purpose {
            Purpose::Packet { on_file: true } => self.pass_on(answer),
            Purpose::Reply => self.keep_reply(answer),
            Purpose::Packet { on_file: false } | Purpose::Evidence => {}
        }
    }

    /// The headers that the route passes on; those of a later answer win.
    fn pass_on(&mut self, answer: &Answer) {
        for name in self.pass_on {
            let mut values = answer.headers.get_all(name).iter();
            if let Some(first) = values.next() {
                self.stored.headers.insert(name, first.clone());
                for value in values {
                    self.stored.headers.append(name, value.clone());
                }
            }
        }
    }

    fn keep_reply(&mut self, answer: &Answer) {
        if answer.status.is_success() {
            let content_type = answer.headers.get(CONTENT_TYPE).cloned();
            self.stored.reply = Some(Reply { content_type, body: answer.body.clone() });
        }
    }

    /// Tells the client the outcome once there is one.
    fn decided(&mut self) -> bool {
        let Some(result) = self.session.outcome() else { return false };
        self.failure = result.as_ref().err().cloned();
        let (duration, now) = (self.started.elapsed(), Instant::now());
        self.report = Report {
            session: self.report.session.take(),
            received: self.source.received(),
            acknowledged: self.session.offset(),
            stats: self.session.stats(),
            duration,
            tail: self.source.finished_at().map(|at| now - at),
        };
        if let Some(client) = self.client.take() {
            let stored = std::mem::take(&mut self.stored);
            // Nobody may be there any more.
            let _ = client.send(Outcome { result: result.map(|()| stored), report: self.report.clone() });
        }
        true
    }
}

/// Cancels the session of a failed upload, bounded by the session's own limits.
async fn finish<K: Backend>(
    session: &mut Session,
    backend: &mut K,
    time: &TimeLimits,
    started: Instant,
    observe: &mut (impl FnMut(&Event) + Send),
) {
    loop {
        let step = session.step(started.elapsed(), 0);
        let activity = Activity::new(step, |_| Vec::new(), false, time, started);
        if let Activity::Over = activity {
            return;
        }
        let purpose = activity.purpose();
        let done = timeout(time.cancel, activity.carry_out(backend)).await;
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

/// The client dropped its end.
async fn left(client: &mut Option<oneshot::Sender<Outcome>>) {
    match client {
        Some(client) => client.closed().await,
        None => pending().await,
    }
}

async fn sleep_until_or_never(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
