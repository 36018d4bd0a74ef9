//! One upload from its first request to its end, as an app makes it: it tries again while there is hope.

use super::backend::Backends;
use super::client::{self, End};
use super::plan::{Kind, Plan, Told};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use put2bits::error::Problem;
use put2bits::phone::{Answer, Check, Event, Phone, System, Trouble};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// Within this time something has to move, or the upload is stuck: all the proxy's limits, one after the other.
const STUCK: Duration = Duration::from_secs(60);

/// How long an app goes on trying.
const PATIENCE: Duration = Duration::from_secs(60);

/// Requests, or whole uploads, that it makes at most.
const ATTEMPTS: u32 = 12;

/// When something moved last.
#[derive(Debug)]
pub(crate) struct Watch {
    begun: Instant,
    millis: AtomicU64,
}

impl Watch {
    fn new() -> Watch {
        Watch { begun: Instant::now(), millis: AtomicU64::new(0) }
    }

    /// Something moves.
    pub(crate) fn moved(&self) {
        self.millis.store(self.begun.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Ready when nothing has moved for too long.
    async fn stuck(&self) {
        while self.begun.elapsed() < Duration::from_millis(self.millis.load(Ordering::Relaxed)) + STUCK {
            sleep(Duration::from_millis(500)).await;
        }
    }
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The client was told that it is stored.
    Stored,
    /// It was told why it failed.
    Failed(String),
    /// It lost its patience.
    GaveUp,
    /// It went away, as planned.
    Left,
    /// What it was told breaks the protocol.
    Wrong(String),
    /// Nothing moved any more.
    Stuck,
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub(crate) struct Result {
    pub(crate) outcome: Outcome,
    /// Connections dropped on purpose.
    pub(crate) drops: u64,
    /// Times that it began at the first byte again.
    pub(crate) anew: u64,
    /// In the middle of its file the client, which had a URL to go on at, was told of trouble that may pass.
    pub(crate) answered_5xx: Option<String>,
}

/// The way to the proxy, and what is known of the backends.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) proxy: SocketAddr,
    pub(crate) backends: Arc<Backends>,
}

impl World {
    /// Carries out a plan.
    pub(crate) async fn upload(&self, plan: &Plan) -> Result {
        let (addr, watch) =
            (if plan.by_relay { self.backends.clients.addr() } else { self.proxy }, Watch::new());
        let mut result = Result { outcome: Outcome::Stuck, drops: 0, anew: 0, answered_5xx: None };
        let digest = digest(plan).await;
        let run = async {
            match plan.kind {
                Kind::Put => plain(plan, addr, "PUT", digest, &watch, &mut result).await,
                Kind::Post => plain(plan, addr, "POST", digest, &watch, &mut result).await,
                Kind::Resumable(system) => resumable(plan, addr, system, digest, &watch, &mut result).await,
            }
        };
        let outcome = tokio::select! {
            outcome = run => outcome,
            () = watch.stuck() => Outcome::Stuck,
        };
        Result { outcome, ..result }
    }

    /// Why the file that is stored is not the one that was sent. `claimed`: the client was told that it is.
    pub(crate) async fn fault_of(&self, plan: &Plan, claimed: bool) -> Option<String> {
        let path = plan.path();
        let Some(stored) = self.backends.stored(plan.route, &path) else {
            return claimed.then(|| format!("{path}: success was told, and nothing is stored"));
        };
        if plan.told == Told::Wrong {
            return Some(format!("{path}: stored in spite of a wrong digest"));
        }
        let content = plan.content;
        let sent = tokio::task::spawn_blocking(move || content.sha256()).await.ok();
        if stored.length == content.size && stored.sha256 == sent {
            return None;
        }
        let order = if stored.sha256.is_none() { ", its bytes did not come in order" } else { "" };
        Some(format!("{path}: {} bytes were sent, other {} are stored{order}", content.size, stored.length))
    }
}

/// The header with the digest, if there is one.
async fn digest(plan: &Plan) -> Option<String> {
    let content = plan.content;
    let mut hash = match plan.told {
        Told::Nothing => return None,
        Told::Right | Told::Wrong => tokio::task::spawn_blocking(move || content.sha256()).await.ok()?,
    };
    if plan.told == Told::Wrong {
        hash[0] ^= 1;
    }
    Some(format!("Repr-Digest: sha-256=:{}:", STANDARD.encode(hash)))
}

async fn plain(
    plan: &Plan,
    addr: SocketAddr,
    method: &str,
    digest: Option<String>,
    watch: &Watch,
    result: &mut Result,
) -> Outcome {
    let digest = digest.map_or(String::new(), |line| format!("{line}\r\n"));
    let (path, size) = (plan.path(), plan.content.size);
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {size}\r\n{digest}\r\n");
    let (begun, mut drops, mut held) = (Instant::now(), plan.drops.iter(), Vec::new());
    for attempt in 0..ATTEMPTS {
        watch.moved();
        result.anew += u64::from(attempt > 0);
        let mut content = plan.content;
        if attempt > 0 {
            // Nobody stops at the same place each time.
            content.pace.pause = None;
        }
        match client::send(addr, &head, &content, drops.next().copied(), watch).await {
            Ok(End::Answered(201, _)) => return Outcome::Stored,
            Ok(End::Answered(status, code)) => {
                let code = code.unwrap_or_else(|| status.to_string());
                if !may_pass(&code) || begun.elapsed() > PATIENCE || attempt + 1 == ATTEMPTS {
                    return Outcome::Failed(code);
                }
            }
            Ok(End::Dropped(silent)) => {
                result.drops += 1;
                held.extend(silent);
                if plan.leaves {
                    return Outcome::Left;
                }
            }
            Ok(End::Broken) | Err(_) if begun.elapsed() > PATIENCE => break,
            Ok(End::Broken) | Err(_) => {}
        }
        watch.moved();
        sleep(Duration::from_millis(200) * (attempt + 1)).await;
    }
    Outcome::GaveUp
}

/// Whether the same request may succeed later.
fn may_pass(code: &str) -> bool {
    Problem::named(code).is_some_and(|problem| problem.row().retry)
}

async fn resumable(
    plan: &Plan,
    addr: SocketAddr,
    system: &'static System,
    digest: Option<String>,
    watch: &Watch,
    result: &mut Result,
) -> Outcome {
    let url = format!("http://{addr}{}", plan.path());
    let mut phone = match Phone::new(&url) {
        Ok(phone) => phone,
        Err(error) => return Outcome::Wrong(error.to_string()),
    };
    phone.system = system;
    phone.drops.clone_from(&plan.drops);
    phone.check = if plan.number.is_multiple_of(2) { Check::Skip } else { Check::Full };
    (phone.retry_for, phone.restarts, phone.idle) = (PATIENCE, ATTEMPTS, 2 * STUCK);
    for header in digest.iter().map(|line| line.parse()) {
        match header {
            Ok(header) => phone.add_header(header),
            Err(error) => return Outcome::Wrong(format!("{error}")),
        }
    }
    let (begun, mut attempt) = (Instant::now(), 0);
    loop {
        let (left, mut has_url) = (Notify::new(), false);
        let mut observe = |event: Event<'_>| {
            watch.moved();
            match event {
                Event::Resumable(_) => has_url = true,
                Event::Restart(_) => has_url = false,
                Event::Dropped { .. } if plan.leaves => left.notify_one(),
                _ => {}
            }
        };
        let report = tokio::select! {
            report = phone.upload(Arc::new(plan.content), &mut observe) => report,
            () = left.notified() => {
                result.drops += 1;
                return Outcome::Left;
            }
        };
        result.drops += u64::from(report.tally.drops);
        result.anew += u64::from(report.tally.restarts);
        phone.drops.clear();
        attempt += 1;
        match report.outcome {
            Ok(_) => return Outcome::Stored,
            Err(Trouble::GaveUp(_)) => return Outcome::GaveUp,
            Err(Trouble::Refused(answer)) => {
                let code = code_of(&answer);
                // A file that was sent whole gets its answer, whatever that is.
                let half = report.tally.reached < plan.content.size;
                if has_url && half && answer.status.is_server_error() && may_pass(&code) {
                    result.answered_5xx = Some(format!("{}: {} {code}", plan.path(), answer.status.as_u16()));
                }
                // An upload that is gone is begun again, as that of a system is by its app.
                let hope = may_pass(&code) || answer.status == http::StatusCode::NOT_FOUND;
                if !hope || begun.elapsed() > PATIENCE || attempt == ATTEMPTS {
                    return Outcome::Failed(code);
                }
                result.anew += 1;
                sleep(Duration::from_millis(100) * attempt).await;
            }
            Err(trouble) => return Outcome::Wrong(trouble.to_string()),
        }
    }
}

/// The proxy's code of a refusal, or its status.
fn code_of(answer: &Answer) -> String {
    let code = answer.headers.get("put2bits-error").and_then(|code| code.to_str().ok());
    code.map_or_else(|| answer.status.as_u16().to_string(), str::to_owned)
}
