//! The transfer between a body made by the test and a BITS server in memory. Time is tokio's paused clock: it moves only
//! when every task waits, so a pause of an hour takes no time and a test is the same each time.

mod ending;
mod gathering;
mod memory;
mod parts;
pub(crate) mod peers;

use super::*;
use crate::bits::server::{Knobs, Server};
use crate::bits::{Event, Packet, Profile};
use crate::digest::Digests;
use crate::error::{Failure, Problem};
use crate::limits::{FragmentLimits, Limits, TimeLimits};
use crate::route::{BackendUrl, ReplyMode, Route};
use crate::upload::{Beginning, DigestPlan, Stored};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use peers::{Fate, Feed, Host, State};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What a test decides about an upload before it starts.
struct Setup {
    total: u64,
    shared: Shared,
    stop: CancellationToken,
    route: Route,
    host: Arc<Mutex<State>>,
    /// Whether a file that is about to be published is still wanted.
    unwanted: Option<Failure>,
}

impl Setup {
    /// A file of `total` bytes in fragments of 100, to a server that refuses repeated bytes.
    fn new(total: u64) -> Self {
        let mut route = Route::new("/", BackendUrl::parse("http://backend/up").unwrap());
        route.profile = Some(&Profile::REFUSE);
        let shared = Shared {
            // Files are so small here that a second without a byte would be a slow one.
            limits: Arc::new(Limits {
                fragment: fixed(100),
                time: TimeLimits { min_rate: 0, ..TimeLimits::default() },
                ..Limits::default()
            }),
            budget: Budget::new(1 << 20),
            ceiling: Ceiling::default(),
            traffic: Default::default(),
        };
        let host = Arc::new(Mutex::new(State::new(Server::new(Knobs::strict()))));
        Setup { total, shared, stop: CancellationToken::new(), route, host, unwanted: None }
    }

    fn fragments(mut self, fragment: FragmentLimits) -> Self {
        let limits = Limits { fragment, ..(*self.shared.limits).clone() };
        self.shared.limits = Arc::new(limits);
        self
    }

    fn time(mut self, change: impl FnOnce(&mut TimeLimits)) -> Self {
        let mut limits = (*self.shared.limits).clone();
        change(&mut limits.time);
        self.shared.limits = Arc::new(limits);
        self
    }

    fn knobs(self, change: impl FnOnce(&mut Knobs)) -> Self {
        let mut knobs = Knobs::strict();
        change(&mut knobs);
        self.host.lock().unwrap().server.set_knobs(knobs);
        self
    }

    /// What happens to each question; without a plan all are served.
    fn plan(self, plan: impl FnMut(&str) -> Fate + Send + 'static) -> Self {
        self.host.lock().unwrap().plan = Box::new(plan);
        self
    }

    fn upload(&self, part: Beginning) -> Upload {
        Upload {
            id: "test".into(),
            client: Some(([127, 0, 0, 1], 1).into()),
            method: Method::PUT,
            route: Arc::new(self.route.clone()),
            destination: Destination {
                target: "/up/f.bin".parse().unwrap(),
                host: HeaderValue::from_static("backend"),
                content_name: HeaderValue::from_static("f.bin"),
            },
            carried: Default::default(),
            part,
            digests: DigestPlan::default(),
            content_digest: Digests::default(),
            lasting: false,
            permit: Permit::default(),
        }
    }

    fn start<B>(&self, body: B) -> Running
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error,
    {
        let upload = self.upload(Beginning::whole(self.total));
        let (sender, client) = oneshot::channel();
        let mut host = Host::new(Arc::clone(&self.host));
        let (shared, stop) = (self.shared.clone(), self.stop.clone());
        let task = tokio::spawn(async move {
            let mut client = Client { reply: Some(sender), stop, gone: false, stopped: false };
            let ending = run(&upload, &mut host, body, &shared, &mut client).await;
            let result = match &ending.how {
                How::Stored(stored) => Ok(stored.clone()),
                How::Failed { failure, .. } => Err(failure.clone()),
                other => panic!("{other:?}"),
            };
            let (failure, report) = (result.as_ref().err().cloned(), ending.report.clone());
            let _ = client.reply.take().unwrap().send(Outcome { result, report: report.clone() });
            ending.finish(&mut host, &shared.limits, |_| {}).await;
            (failure, report)
        });
        Running { task, client: Some(client), host: Arc::clone(&self.host), started: Instant::now() }
    }
}

/// The client's end, as whoever runs the transfer sees it.
struct Client {
    reply: Option<oneshot::Sender<Outcome>>,
    stop: CancellationToken,
    gone: bool,
    stopped: bool,
}

impl Supervisor for Client {
    async fn interrupted(&mut self) -> Interruption {
        let reply = self.reply.as_mut().unwrap();
        tokio::select! {
            biased;
            () = reply.closed(), if !self.gone => {
                self.gone = true;
                Interruption::Left(Failure::new(Problem::ClientGone, "left"))
            }
            () = self.stop.cancelled(), if !self.stopped => {
                self.stopped = true;
                Interruption::Stop(Failure::new(Problem::ShuttingDown, "stopped"))
            }
            () = std::future::pending() => unreachable!(),
        }
    }

    fn observe(&mut self, _: &Event) {}
}

/// An upload under way.
struct Running {
    task: JoinHandle<(Option<Failure>, Report)>,
    client: Option<oneshot::Receiver<Outcome>>,
    host: Arc<Mutex<State>>,
    started: Instant,
}

impl Running {
    fn log(&self) -> Vec<String> {
        self.host.lock().unwrap().log.clone()
    }

    async fn outcome(&mut self) -> Outcome {
        self.client.take().expect("one outcome").await.expect("an outcome")
    }

    /// Waits for success and for the end of the task.
    async fn stored(mut self) -> (Stored, Report) {
        let stored = self.outcome().await.result.expect("stored");
        let (failure, report) = self.task.await.unwrap();
        assert_eq!(failure, None);
        (stored, report)
    }

    /// Waits for the failure, then for the end of the task; gives the time in between.
    async fn failed(mut self, problem: Problem) -> Duration {
        let failure = self.outcome().await.result.expect_err("failed");
        assert_eq!(failure.problem, problem, "{failure}");
        let decided = Instant::now();
        let end = timeout(Duration::from_secs(24 * 3600), self.task).await;
        let (reported, _) = end.expect("an end").unwrap();
        assert_eq!(reported, Some(failure));
        decided.elapsed()
    }
}

pub(crate) fn fixed(size: u64) -> FragmentLimits {
    FragmentLimits { min: size, first: size, max: size, time: Duration::from_secs(1) }
}

/// The file: every byte tells its place.
pub(crate) fn bytes(range: std::ops::Range<u64>) -> Bytes {
    range.map(|offset| (offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// Lets everything happen that can happen without waiting for a clock.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}
