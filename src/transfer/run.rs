//! The life of one upload.

use super::budget::Budget;
use super::call::{Answer, Backend, Call, NoAnswer, Patience};
use super::source::Source;
use super::{Outcome, Reply, Report, Stored, Upload};
use crate::bits::{Event, Packet, Session, SessionSettings, Silence, Step};
use crate::error::{Failure, Problem};
use crate::limits::{Limits, TimeLimits};
use crate::route::ReplyMode;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use http_body::Body;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What the uploads to one backend have in common.
#[derive(Debug, Clone)]
pub struct Shared {
    /// All limits.
    pub limits: Arc<Limits>,
    /// Memory for body bytes.
    pub budget: Budget,
    /// Largest fragment that the backend was found to take, in bytes; `u64::MAX` while no limit is known.
    pub ceiling: Arc<AtomicU64>,
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
        source: Source::new(body, upload.total, limits.time.idle, &shared.budget),
        session: Session::new(SessionSettings {
            total: upload.total,
            profile: upload.route.profile,
            fragment: limits.fragment.clone(),
            ceiling: Some(shared.ceiling.load(Ordering::Relaxed)).filter(|&ceiling| ceiling != u64::MAX),
            retry: limits.retry.clone(),
            cancel: limits.time.cancel,
            ambiguous_close: upload.route.ambiguous_close,
            wants_reply: upload.route.reply == ReplyMode::Forward,
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
        transfer.shared.ceiling.fetch_min(ceiling, Ordering::Relaxed);
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

/// What ended one activity.
enum Done {
    /// An exchange.
    Exchange(Result<Answer, NoAnswer>),
    /// A pause, a fragment gathered, an abort: ask the session again.
    AskAgain,
}

impl<B> Transfer<'_, B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
{
    /// Does the session's next step, gathering the body meanwhile.
    async fn advance<K: Backend>(&mut self, backend: &mut K, observe: &mut (impl FnMut(&Event) + Send)) {
        let step = self.session.step(self.started.elapsed(), self.source.ready());
        let asks = matches!(step, Step::Send(_) | Step::FetchReply(_) | Step::LookAtTarget);
        let is_reply = matches!(step, Step::FetchReply(_));
        let is_evidence = matches!(step, Step::LookAtTarget);
        let is_final = matches!(&step, Step::Send(Packet::Fragment { .. } | Packet::CloseSession { .. }));
        let done = {
            let call = self.call(&step);
            let time = &self.shared.limits.time;
            let mut activity = pin!(act(backend, step, call, time, self.started));
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
                let failure = tokio::select! {
                    biased;
                    done = &mut activity => break done,
                    filled = self.source.fill(asks), if gathers => match filled {
                        Ok(delivery) => {
                            self.session.delivered(delivery.bytes, delivery.took);
                            if asks { continue } else { break Done::AskAgain }
                        }
                        Err(failure) => failure,
                    },
                    () = left(&mut self.client), if deadline.is_none() && !self.session.is_closing() => {
                        Failure::new(Problem::ClientGone, "the client closed its connection")
                    }
                    () = self.shared.stop.cancelled(), if deadline.is_none() && !self.session.is_closing() => {
                        Failure::new(Problem::ShuttingDown, "the upload did not finish within the grace period")
                    }
                    () = sleep_until_or_never(deadline) => {
                        let cause = "abandoned with its upload".into();
                        break Done::Exchange(Err(NoAnswer::TimedOut(cause)));
                    }
                };
                self.session.abort(self.started.elapsed(), failure);
                if !asks {
                    break Done::AskAgain;
                }
                deadline = Some(Instant::now() + time.cancel);
            }
        };
        let now = self.started.elapsed();
        if let Done::Exchange(result) = done {
            if let (Ok(answer), true) = (&result, is_final) {
                self.pass_on(answer);
            }
            if let (Ok(answer), true) = (&result, is_reply) {
                self.keep_reply(answer);
            }
            report_answer(&mut self.session, now, result, is_reply, is_evidence);
        }
        while let Some(event) = self.session.poll_event() {
            if let Event::Created { session, .. } = &event {
                self.report.session = Some(session.clone());
            }
            observe(&event);
        }
        self.source.release(self.session.offset());
    }

    fn call(&self, step: &Step) -> Option<Call> {
        match step {
            Step::Send(packet) => {
                let body = match packet {
                    Packet::Fragment { range, .. } => self.source.slice(range.start(), range.end()),
                    _ => Vec::new(),
                };
                Some(Call::Packet { packet: packet.clone(), body })
            }
            Step::FetchReply(url) => Some(Call::Reply { url: url.clone() }),
            Step::LookAtTarget => Some(Call::Evidence),
            Step::Gather | Step::Wait(_) | Step::Finished => None,
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
        let call = match &step {
            Step::Finished => return,
            Step::Send(packet) => Some(Call::Packet { packet: packet.clone(), body: Vec::new() }),
            _ => None,
        };
        let end = Instant::now() + time.cancel;
        let done = tokio::select! {
            done = act(backend, step, call, time, started) => done,
            () = sleep_until(end) => Done::Exchange(Err(NoAnswer::TimedOut("Cancel-Session took too long".into()))),
        };
        if let Done::Exchange(result) = done {
            report_answer(session, started.elapsed(), result, false, false);
        }
        while let Some(event) = session.poll_event() {
            observe(&event);
        }
    }
}

/// One exchange, or one pause, or nothing at all while the body is gathered.
async fn act<K: Backend>(
    backend: &mut K,
    step: Step,
    call: Option<Call>,
    time: &TimeLimits,
    started: Instant,
) -> Done {
    match (step, call) {
        (Step::Wait(until), _) => {
            sleep_until(started + until).await;
            Done::AskAgain
        }
        (step, Some(call)) => Done::Exchange(backend.exchange(call, patience(&step, time)).await),
        _ => pending().await,
    }
}

fn patience(step: &Step, time: &TimeLimits) -> Patience {
    let answer = match step {
        Step::Send(Packet::Fragment { range, .. }) if range.is_last() => time.final_ack,
        Step::Send(Packet::CloseSession { .. }) => time.final_ack,
        _ => time.ack,
    };
    Patience { connect: time.connect, stall: time.stall, answer }
}

fn report_answer(
    session: &mut Session,
    now: Duration,
    result: Result<Answer, NoAnswer>,
    is_reply: bool,
    is_evidence: bool,
) {
    match result {
        Ok(Answer { status, .. }) if is_reply => reply_answered(session, now, status),
        Ok(Answer { status, headers, .. }) if is_evidence => session.evidence(now, status, &headers),
        Ok(Answer { status, headers, .. }) => session.answered(now, status, &headers),
        Err(NoAnswer::Impossible(cause)) if is_reply => session.reply_refused(now, cause),
        Err(NoAnswer::Unsent(cause) | NoAnswer::Impossible(cause)) => {
            session.unanswered(now, Silence::Unsent, cause);
        }
        Err(NoAnswer::Lost(cause)) => session.unanswered(now, Silence::Lost, cause),
        Err(NoAnswer::TimedOut(cause)) => session.unanswered(now, Silence::TimedOut, cause),
    }
}

fn reply_answered(session: &mut Session, now: Duration, status: StatusCode) {
    let detail = format!("the request for the reply was answered {status}");
    if status.is_success() {
        session.reply_fetched(now);
    } else if status.is_server_error() {
        session.unanswered(now, Silence::Lost, detail);
    } else {
        session.reply_refused(now, detail);
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
