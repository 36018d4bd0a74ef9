//! The order of things: a storm, a pause until all is tidied up, a calm end, and the last look.

use super::backend::{Backends, reserve};
use super::chaos::Chaos;
use super::options::Scale;
use super::plan::Plan;
use super::proxy::Proxy;
use super::report::Report;
use super::tally::{Check, Tally};
use super::upload::World;
use put2bits::store::Embedded;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long uploads may take to end when nothing goes wrong any more: the patience of their clients, and some more.
const LAST_ENDS: Duration = Duration::from_secs(180);

/// Growth of the proxy's memory between the first quarter of the storm and the last that is no leak, in bytes: what the
/// budget and the allocator make of other uploads.
const GROWTH: u64 = 96 << 20;

/// All of it.
pub(crate) fn soak(scale: Scale) -> Result<Report, Box<dyn Error>> {
    // Nobody else gets the ports while the proxy is dead.
    let ((_port, addr), (_other, admin)) = (reserve()?, reserve()?);
    let backends = Arc::new(Backends::start(addr)?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let world = Arc::new(World { proxy: addr, backends: Arc::clone(&backends) });
    let report = runtime.block_on(async {
        let proxy = Proxy::start(addr, admin, &backends.routes(), scale.keep).await?;
        run(scale, world, Chaos::new(proxy, backends)).await
    });
    // Clients that were left have threads that still read for them.
    runtime.shutdown_background();
    report
}

async fn run(scale: Scale, world: Arc<World>, mut chaos: Chaos) -> Result<Report, Box<dyn Error>> {
    let backends = Arc::clone(&world.backends);
    let (tally, next) = (Arc::new(Mutex::new(Tally::default())), Arc::new(AtomicU64::new(0)));
    let load = |until: Until| {
        let (mut clients, calm) = (JoinSet::new(), matches!(until, Until::Number(_)));
        for _ in 0..scale.at_once {
            let (world, tally, next) = (Arc::clone(&world), Arc::clone(&tally), Arc::clone(&next));
            clients.spawn(async move {
                while let Some(number) = until.next(&next) {
                    let plan = Plan::new(&scale, number);
                    let result = world.upload(&plan).await;
                    let claimed = result.outcome == super::upload::Outcome::Stored;
                    let fault = if claimed { world.fault_of(&plan, true).await } else { None };
                    tally.lock().unwrap_or_else(PoisonError::into_inner).add(plan, result, fault, calm);
                }
            });
        }
        clients
    };

    eprintln!("faults for {} s, {} uploads at a time", scale.chaos.as_secs(), scale.at_once);
    let begun = Instant::now();
    let end = begun + scale.chaos;
    backends.all().iter().for_each(|backend| backend.set_faulty(true));
    let clients = load(Until::Time(end));
    chaos.rage(&scale, end).await?;
    backends.calm();
    let mut late = finish(clients, &mut chaos).await;

    eprintln!("tidying up, then {} uploads without faults behind their clients", scale.calm);
    let mut leaks = tidy(&mut chaos, scale.keep).await?;
    let left_behind = backends.sum(|stats| stats.sessions_open);
    let clients = load(Until::Number(next.load(Ordering::Relaxed) + scale.calm));
    late += finish(clients, &mut chaos).await;
    leaks.extend(tidy(&mut chaos, scale.keep).await?);
    let calm_left = backends.sum(|stats| stats.sessions_open).saturating_sub(left_behind);
    if calm_left > 0 {
        leaks.push(format!("{calm_left} sessions were left open by uploads without faults"));
    }
    chaos.proxy.end().await?;
    let records = Embedded::open(&chaos.proxy.state())?.records.len();
    if records > 0 {
        leaks.push(format!("{records} records are kept of uploads that are long over"));
    }

    let mut tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
    for (plan, claimed) in &tally.ended {
        let fault = world.fault_of(plan, *claimed).await;
        tally.wrong.extend(fault.map(|fault| format!("at the end: {fault}")));
    }
    // A session whose Create-Session, or Cancel-Session, was answered by a fault is known to nobody.
    let faults = backends.sum(|stats| stats.faults);
    let explained = chaos.orphans + faults;
    if left_behind > explained {
        leaks.push(format!(
            "{left_behind} sessions were left open in the storm, {explained} can be explained"
        ));
    }
    let memory = quarters(&chaos.memory, begun, scale.chaos);
    if memory.is_some_and(|(first, last)| last > first + GROWTH) {
        leaks.push("resident memory grew".to_owned());
    }
    let log = chaos.proxy.log()?;
    let panics = log.lines().filter(|line| line.contains("panicked at"));
    let checks = vec![
        Check::of("wrong files", std::mem::take(&mut tally.wrong)),
        Check::of("leaks", leaks),
        Check::of("stuck uploads", std::mem::take(&mut tally.stuck)),
        Check::count("uploads without an end", late),
        Check::of("answers that break the protocol", std::mem::take(&mut tally.broken)),
        Check::of("passing trouble told to a client with a URL", std::mem::take(&mut tally.answered_5xx)),
        Check::of("failed without a fault", std::mem::take(&mut tally.failed_in_calm)),
        Check::of("panics", panics.map(str::to_owned).collect()),
        Check::of("ends not in order", std::mem::take(&mut chaos.proxy.bad_ends)),
    ];
    Ok(Report { scale, took: begun.elapsed(), tally, chaos, backends, left_behind, memory, checks, log })
}

/// How long there is a next upload.
#[derive(Debug, Clone, Copy)]
enum Until {
    Time(Instant),
    /// That upload is not begun any more.
    Number(u64),
}

impl Until {
    fn next(self, counter: &AtomicU64) -> Option<u64> {
        match self {
            Until::Time(end) if Instant::now() >= end => None,
            Until::Time(_) => Some(counter.fetch_add(1, Ordering::Relaxed)),
            Until::Number(end) => counter
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| (next < end).then_some(next + 1))
                .ok(),
        }
    }
}

/// Waits for all clients; how many did not come to an end.
async fn finish(mut clients: JoinSet<()>, chaos: &mut Chaos) -> u64 {
    let end = Instant::now() + LAST_ENDS;
    while !clients.is_empty() && Instant::now() < end {
        chaos.watch_until(Instant::now() + Duration::from_millis(100)).await;
        while clients.try_join_next().is_some() {}
    }
    clients.len() as u64
}

/// Waits until the proxy holds nothing any more; what it holds for too long.
async fn tidy(chaos: &mut Chaos, keep: Duration) -> io::Result<Vec<String>> {
    const HELD: [&str; 4] =
        ["memory_used_bytes", "uploads_running", "upload_resources_open", "connections_open"];
    let begun = Instant::now();
    loop {
        let figures = chaos.proxy.look().await?;
        let held = HELD.iter().filter(|name| figures.get(name) > 0);
        let held: Vec<String> = held.map(|name| format!("{name} is still {}", figures.get(name))).collect();
        if held.is_empty() || begun.elapsed() > 3 * keep + Duration::from_secs(40) {
            // What has ended is kept so long; it is looked for every tenth of that, and a session takes time to cancel.
            sleep(keep + keep / 5 + Duration::from_secs(4)).await;
            return Ok(held);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Medians of the resident memory in the first quarter of the storm and in the last.
fn quarters(memory: &[(Instant, u64)], begun: Instant, lasts: Duration) -> Option<(u64, u64)> {
    let median = |from: Duration, to: Duration| {
        let within = memory.iter().filter(|(at, _)| (begun + from..begun + to).contains(at));
        let mut within: Vec<u64> = within.map(|(_, bytes)| *bytes).collect();
        within.sort_unstable();
        within.get(within.len() / 2).copied()
    };
    Some((median(Duration::ZERO, lasts / 4)?, median(lasts * 3 / 4, lasts)?))
}
