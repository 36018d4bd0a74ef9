//! Runs that carry a part of a file, and what they leave for the next one.

mod backend;
mod bodies;
mod digests;
mod farm;
mod leaving;
mod memory;
mod pace;

use super::*;
use http_body::Frame;
use peers::Feeder;
use tokio::sync::mpsc;

const LEFT: fn() -> Interruption = || Interruption::Left(Failure::new(Problem::ClientGone, "left"));
const STOP: fn() -> Interruption = || Interruption::Stop(Failure::new(Problem::ShuttingDown, "stop"));
const ABANDON: fn() -> Interruption =
    || Interruption::Abandon(Failure::new(Problem::UploadCancelled, "cancelled"));

/// One run under way.
struct Attempt {
    task: JoinHandle<End>,
    orders: mpsc::UnboundedSender<Interruption>,
}

/// The end of one.
#[derive(Debug)]
struct End {
    /// In short: `stored`, `taken 100`, `paused 150? client_gone` (`?` in doubt, `!` closing, `-` without a session),
    /// `refused 0 …`, `failed …`, `failed … complete`.
    how: String,
    next: Continuation,
    stored: Option<Stored>,
    report: Report,
    took: Duration,
}

/// What the run tells.
struct Keeper {
    orders: mpsc::UnboundedReceiver<Interruption>,
    host: Arc<Mutex<State>>,
    acknowledged: u64,
    /// What stands against the file when it is about to be published.
    unwanted: Option<Failure>,
}

impl Supervisor for Keeper {
    async fn interrupted(&mut self) -> Interruption {
        match self.orders.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }

    fn observe(&mut self, _: &Event) {}

    fn acknowledged(&mut self, continuation: Continuation) {
        assert!(continuation.offset() >= self.acknowledged, "offsets never decrease");
        assert!(continuation.checkpoint.is_some());
        self.acknowledged = continuation.offset();
    }

    async fn publishing(&mut self, continuation: Continuation) -> Result<(), Failure> {
        sleep(Duration::from_millis(1)).await;
        let closed = self.host.lock().unwrap().log.iter().any(|name| name == "Close-Session");
        let again = continuation.checkpoint.is_some_and(|checkpoint| checkpoint.closing);
        assert!(again || !closed, "it was closed before that was recorded");
        self.unwanted.clone().map_or(Ok(()), Err)
    }
}

fn short(how: &How) -> String {
    let place = |continuation: &Continuation| match &continuation.checkpoint {
        None => "-".to_owned(),
        Some(checkpoint) => {
            let doubt = if checkpoint.in_doubt { "?" } else { "" };
            let closing = if checkpoint.closing { "!" } else { "" };
            format!("{}{doubt}{closing}", checkpoint.offset)
        }
    };
    match how {
        How::Stored(_) => "stored".into(),
        How::Failed { failure, complete } => {
            format!("failed {}{}", failure.problem.code(), if *complete { " complete" } else { "" })
        }
        How::Taken(continuation) => format!("taken {}", place(continuation)),
        How::Paused { continuation, why, refused } => {
            let word = if *refused { "refused" } else { "paused" };
            format!("{word} {} {}", place(continuation), why.problem.code())
        }
    }
}

impl Setup {
    /// A part of the file: from there to the end that is given (nothing: chunked).
    fn part(&self, from: u64, end: Option<u64>, last: bool) -> Beginning {
        Beginning { from, end, last, total: self.total, continuation: Continuation::default() }
    }

    fn feed(&self, part: Beginning, body: Feed) -> Attempt {
        self.feed_with(part, body, |_| {})
    }

    fn feed_with(&self, part: Beginning, body: Feed, change: impl FnOnce(&mut Upload)) -> Attempt {
        let mut upload = self.upload(part);
        upload.lasting = true;
        change(&mut upload);
        let (orders, receiver) = mpsc::unbounded_channel();
        let mut host = Host::new(Arc::clone(&self.host));
        let mut keeper = Keeper {
            orders: receiver,
            host: Arc::clone(&self.host),
            acknowledged: 0,
            unwanted: self.unwanted.clone(),
        };
        let (shared, started) = (self.shared.clone(), Instant::now());
        let task = tokio::spawn(async move {
            let ending = run(&upload, &mut host, body, &shared, &mut keeper).await;
            let took = started.elapsed();
            let (next, stored) = match &ending.how {
                How::Taken(continuation) | How::Paused { continuation, .. } => (continuation.clone(), None),
                How::Stored(stored) => (Continuation::default(), Some(stored.clone())),
                How::Failed { .. } => (Continuation::default(), None),
            };
            let (how, report) = (short(&ending.how), ending.report.clone());
            let others = shared.budget.uploads() > 0;
            assert!(others || shared.budget.used() == 0, "memory is free when a run is over");
            ending.finish(&mut host, &shared.limits, |_| {}).await;
            End { how, next, stored, report, took }
        });
        Attempt { task, orders }
    }

    /// A whole run without interruptions.
    async fn carry(&self, part: Beginning, pieces: impl IntoIterator<Item = Bytes>) -> End {
        self.feed(part, Feed::of(pieces).1).end().await
    }

    fn log(&self) -> Vec<String> {
        self.host.lock().unwrap().log.clone()
    }

    fn published(&self) -> Vec<Vec<u8>> {
        self.host.lock().unwrap().published.clone()
    }

    fn sessions(&self) -> usize {
        self.host.lock().unwrap().server.sessions().count()
    }
}

impl Attempt {
    fn order(&self, order: fn() -> Interruption) {
        self.orders.send(order()).unwrap();
    }

    async fn end(self) -> End {
        let (end, _orders) = (timeout(Duration::from_secs(24 * 3600), self.task).await, self.orders);
        end.expect("an end").unwrap()
    }
}

impl End {
    /// The part that follows.
    fn then(self, end: Option<u64>, last: bool, total: u64) -> Beginning {
        Beginning { from: self.next.offset(), end, last, total, continuation: self.next }
    }
}

fn give(feeder: &Feeder, range: std::ops::Range<u64>) {
    feeder.send(Ok(Frame::data(bytes(range)))).unwrap();
}
