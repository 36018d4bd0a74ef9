//! One request that feeds an upload: waits for its turn, runs the transfer, and tells how it ended.

use super::entry::{Attempt, Entry, Seat};
use super::running::PATIENCE;
use super::{Host, Registry};
use crate::bits::{Checkpoint, Event};
use crate::error::{Failure, Problem};
use crate::transfer::{self, Fed, Feeding, How, Interruption, NewPart, Place, Supervisor, Upload};
use crate::upload::{Beginning, Continuation, Next, Refusal};
use bytes::Bytes;
use http_body::Body;
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// While bytes flow a record is made at most so often.
const BETWEEN_RECORDS: Duration = Duration::from_secs(1);

impl<H: Host> Registry<H> {
    /// Adds a part to an upload. A request that feeds it already is cut off.
    pub fn feed<B>(&self, id: &str, part: NewPart, body: B) -> Feeding
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let (progress, recorded) = watch::channel(0);
        match self.entry(id) {
            Some(entry) => {
                let client = Client { reply: Some(reply), progress };
                let registry = self.clone();
                self.tasks.spawn(async move { registry.attempt(entry, part, client, body).await });
            }
            None => {
                let _ = reply.send(Fed::Refused(Refusal::gone(Problem::UploadUnknown)));
            }
        }
        Feeding { outcome, recorded }
    }

    async fn attempt<B>(&self, entry: Arc<Entry>, mut part: NewPart, mut client: Client, body: B)
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Error + Send + Sync + 'static,
    {
        if self.host().drain().has_begun() {
            return client.tell(Fed::CutOff);
        }
        let mut own = part.place.take().or_else(|| entry.place());
        let turn = entry.take_turn();
        let mut beat = entry.listen();
        // It is one place in line, however often something else happens meanwhile.
        let owner = entry.lock().life.plan().owner.clone();
        let route = Arc::clone(&entry.route);
        let mut entering = pin!(self.enter(owner, part.client, &route));
        let mut patience = pin!(sleep(PATIENCE));
        let Run { beginning, orders, place } = loop {
            beat.borrow_and_update();
            if !entry.is_newest(turn) {
                return client.tell(Fed::CutOff);
            }
            let mut enters = false;
            let older = match self.begin(&entry, &part, turn, own.as_ref()) {
                Turn::Wait(older) => older,
                Turn::Enter => {
                    enters = true;
                    None
                }
                Turn::Go(run) => break run,
                Turn::Answer(fed) => {
                    // What is told has to be true after a crash, too.
                    self.record(&entry).await;
                    return client.tell(fed);
                }
            };
            tokio::select! {
                biased;
                // The registry holds the other end as long as the entry lives.
                _ = beat.changed() => {}
                () = out_of_the_way(older) => {}
                entered = &mut entering, if enters => own = Some(entered),
                () = &mut patience, if enters => return client.tell(Fed::CutOff),
                () = client.left() => return,
                () = self.host().drain().begun().cancelled() => return client.tell(Fed::CutOff),
            }
        };
        drop(own);
        let _seat = Seat { entry: Arc::clone(&entry), turn };
        self.record(&entry).await;
        let upload = entry.upload(part.client, beginning, part.content_digest, part.permit);
        self.carry(entry, upload, client, orders, place, body).await;
    }

    /// Begins, if nobody else drives the upload, and older ones to its target are out of the way.
    fn begin(&self, entry: &Entry, part: &NewPart, turn: u64, place: Option<&Place>) -> Turn {
        let (now, max) = (self.host().now(), entry.route.largest(self.host().limits().max_upload));
        let mut state = entry.lock();
        if state.attempt.is_some() && state.life.is_open() {
            return Turn::Wait(None);
        }
        state.after.retain(|older| !older.is_cancelled());
        if let (Some(older), true) = (state.after.first(), state.life.is_open()) {
            return Turn::Wait(Some(older.clone()));
        }
        let place = match place {
            Some(place) => place.clone(),
            None if state.life.is_open() => return Turn::Enter,
            // It has ended, and is only asked about.
            None => Place::free(),
        };
        match state.life.append(&part.append, max, now) {
            Ok(Next::Transfer(beginning)) => {
                let (attempt, orders) = Attempt::new(turn, place.clone());
                state.attempt = Some(attempt);
                state.carried = part.carried.clone();
                Turn::Go(Run { beginning, orders, place })
            }
            Ok(Next::Nothing) => Turn::Answer(Fed::Taken { offset: state.life.offset() }),
            Ok(Next::Replay(answer)) => {
                Turn::Answer(Fed::Finished { answer, offset: state.life.offset(), replayed: true })
            }
            Err(refusal) => Turn::Answer(Fed::Refused(refusal)),
        }
    }

    async fn carry<B>(
        &self,
        entry: Arc<Entry>,
        upload: Upload,
        client: Client,
        orders: mpsc::UnboundedReceiver<Interruption>,
        place: Place,
        body: B,
    ) where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Error + Send + Sync + 'static,
    {
        let host = self.host();
        // Until its session is out of the way, whoever ends the upload.
        let slot = entry.lock().slot.clone();
        let mut backend = host.dial(&upload.route, &upload.destination, &upload.carried);
        let shared = host.shared(&upload.route);
        let mut attendant = Attendant {
            registry: self,
            entry: &entry,
            upload: &upload,
            client,
            orders,
            draining: false,
            stopped: false,
            recorded: Instant::now(),
        };
        let ending = transfer::run(&upload, &mut backend, body, &shared, &mut attendant).await;
        let Attendant { mut client, .. } = attendant;

        let now = host.now();
        let fed = {
            let mut state = entry.lock();
            let was_open = state.life.is_open();
            match &ending.how {
                How::Stored(stored) => {
                    state.life.finished(Ok(stored.clone()), now);
                    Fed::Finished { answer: Ok(stored.clone()), offset: upload.part.total, replayed: false }
                }
                // Every byte was there: the answer is final, whatever it is.
                How::Failed { failure, complete: true } => {
                    state.life.finished(Err(failure.clone()), now);
                    Fed::Finished {
                        answer: Err(failure.clone()),
                        offset: state.life.offset(),
                        replayed: false,
                    }
                }
                // What may pass is not told to a client that can begin anew by itself.
                How::Failed { failure, .. } => {
                    if was_open {
                        state.life.end(failure.problem, now);
                    }
                    match failure.problem.row().retry {
                        true => Fed::CutOff,
                        false => Fed::Finished {
                            answer: Err(failure.clone()),
                            offset: ending.report.acknowledged,
                            replayed: false,
                        },
                    }
                }
                How::Taken(continuation) => {
                    state.life.paused(continuation.clone(), now);
                    Fed::Taken { offset: state.life.offset() }
                }
                How::Paused { continuation, why, refused } => {
                    state.life.paused(continuation.clone(), now);
                    match refused {
                        true => Fed::Refused(Refusal { failure: why.clone(), offset: None, gone: None }),
                        false => Fed::CutOff,
                    }
                }
            }
        };
        if !entry.lock().life.is_open() {
            self.ended(&entry);
        }
        self.record(&entry).await;
        // The guard cancels when this function ends, however it does.
        let (_over, left_over) = {
            let mut state = entry.lock();
            // It was abandoned while this request came to its end, by somebody who relied on it: nobody else will come for
            // the session.
            let left_over = match &ending.how {
                How::Taken(continuation) | How::Paused { continuation, .. } if !state.life.is_open() => {
                    Some(continuation.clone())
                }
                _ => None,
            };
            (state.attempt.take().map(|attempt| attempt.over.drop_guard()), left_over)
        };
        entry.beat();
        // Who may go on at once needs a place at once. Else it is given back when its session is out of the way, too.
        let _place = matches!(ending.how, How::Failed { .. }).then_some(place);
        let slot = slot.filter(|_| !matches!(ending.how, How::Stored(_)));
        client.tell(fed);
        host.over(&upload, &ending.how, &ending.report);
        ending.finish(&mut backend, &shared.limits, |event| host.observe(&upload, event)).await;
        if let Some(continuation) = left_over {
            self.cancel_session(&entry, continuation, slot).cancelled().await;
        }
    }
}

async fn out_of_the_way(older: Option<CancellationToken>) {
    match older {
        Some(older) => older.cancelled().await,
        None => pending().await,
    }
}

/// What a request needs to drive its upload.
struct Run {
    beginning: Beginning,
    orders: mpsc::UnboundedReceiver<Interruption>,
    place: Place,
}

/// What a request may do now.
enum Turn {
    /// Wait until something changes, or until this is cancelled.
    Wait(Option<CancellationToken>),
    /// Wait for a place among the running uploads.
    Enter,
    /// Drive the upload.
    Go(Run),
    /// Nothing: this is the answer.
    Answer(Fed),
}

/// The client's end of a request.
#[derive(Debug)]
struct Client {
    reply: Option<oneshot::Sender<Fed>>,
    progress: watch::Sender<u64>,
}

impl Client {
    /// Tells it how its request ended. Nobody may be there any more.
    fn tell(&mut self, fed: Fed) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(fed);
        }
    }

    /// Waits until it is gone; for ever if it is already, or has been told.
    async fn left(&mut self) {
        match &mut self.reply {
            Some(reply) => reply.closed().await,
            None => pending().await,
        }
        self.reply = None;
    }
}

/// Stands behind a run of the transfer.
struct Attendant<'a, H> {
    registry: &'a Registry<H>,
    entry: &'a Arc<Entry>,
    upload: &'a Upload,
    client: Client,
    orders: mpsc::UnboundedReceiver<Interruption>,
    draining: bool,
    stopped: bool,
    /// When the last record was made.
    recorded: Instant,
}

impl<H: Host> Supervisor for Attendant<'_, H> {
    // That the client is gone is no reason: what it sent before is still in the body, which then breaks off by itself. If it is
    // all there, the upload goes on to its end.
    async fn interrupted(&mut self) -> Interruption {
        let drain = self.registry.host().drain();
        let why = || Failure::new(Problem::ShuttingDown, "the program ends");
        let interruption = tokio::select! {
            biased;
            Some(order) = self.orders.recv() => order,
            () = drain.up().cancelled(), if !self.stopped => {
                self.stopped = true;
                Interruption::Stop(why())
            }
            () = drain.begun().cancelled(), if !self.draining => {
                self.draining = true;
                // Its client is told when what it brought is recorded, or the file stored: it has nowhere to go before that.
                return Interruption::Left(why());
            }
            else => pending().await,
        };
        // Whatever the reason: it comes back, or somebody has come in its place.
        self.client.tell(Fed::CutOff);
        interruption
    }

    fn observe(&mut self, event: &Event) {
        self.registry.host().observe(self.upload, event);
    }

    fn acknowledged(&mut self, continuation: Continuation) {
        let offset = continuation.offset();
        self.entry.lock().life.acknowledged(continuation, self.registry.host().now());
        let now = Instant::now();
        if offset == 0 || now - self.recorded >= BETWEEN_RECORDS {
            self.recorded = now;
            let (registry, entry) = (self.registry.clone(), Arc::clone(self.entry));
            let progress = self.client.progress.clone();
            self.registry.tasks.spawn(async move {
                registry.record(&entry).await;
                // Records may come out of order, offsets must not.
                progress.send_if_modified(|told| std::mem::replace(told, offset.max(*told)) < offset);
            });
        }
    }

    async fn publishing(&mut self, continuation: Continuation) -> Result<(), Failure> {
        // Before anything is on record: a crash would publish what is.
        self.upload.permit.confirm().await?;
        // From here on a crash leaves open whether the file is published.
        let closing = continuation.checkpoint.map(|checkpoint| Checkpoint { closing: true, ..checkpoint });
        let continuation = Continuation { checkpoint: closing, ..continuation };
        self.entry.lock().life.finalizing(continuation, self.registry.host().now());
        self.entry.beat();
        self.registry.record(self.entry).await;
        // It may have been cancelled meanwhile.
        match self.entry.lock().life.is_open() {
            true => Ok(()),
            false => Err(Failure::new(Problem::UploadCancelled, "it is not wanted any more")),
        }
    }
}
