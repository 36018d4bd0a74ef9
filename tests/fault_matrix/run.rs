//! One cell, from its first request to the time when nothing of it is left.

use crate::aim::Aim;
use crate::cell::{Cell, Fault, Kind, Lasting, Mode, Point};
use crate::client::{Client, Outcome};
use crate::front::Front;
use crate::proxy::{self, Life};
use crate::schedule::Schedule;
use crate::strike::Trap;
use crate::world::World;
use put2bits::bits::AmbiguousClose;
use put2bits::limits::{FragmentLimits, Limits};
use put2bits::resumable::Version;
use std::cell::Cell as Counter;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

/// Large enough that a server may find it too large. Bytes.
const FRAGMENT: u64 = 12 * 1024;
/// Six fragments.
const TOTAL: u64 = 5 * FRAGMENT + 1_001;
/// What is there when the request comes that the fault strikes, if that is the second.
const HEAD: u64 = FRAGMENT + 500;
/// Longest time until the client has come to its end: five windows, in each of which everything is slow.
const LONGEST: Duration = Duration::from_secs(48 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

thread_local! {
    static PANICS: Counter<u64> = const { Counter::new(0) };
}

/// Panics in tasks are not seen by whoever started them: they are counted.
pub(crate) fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            print(info);
        }));
    });
}

pub(crate) fn variable(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs one cell.
///
/// # Errors
/// What must not have happened.
pub(crate) fn run(cell: Cell, talks: bool) -> Result<Outcome, String> {
    let seed = 7;
    fastrand::seed(seed);
    let panics = PANICS.get();
    let world = World::new(Arc::new(schedule(cell, seed)), talks);
    let aim = Arc::new(Mutex::new(Aim::new(cell, TOTAL)));
    let trap = Arc::clone(&aim);
    world.lock().trap = Some(Trap(Box::new(move |packet| trap.lock().unwrap().look(packet))));
    let mut client = Client::new(cell, &world, &aim, HEAD as usize);
    for _ in 0..2 {
        let end = proxy::live(
            &world,
            async |front: &Front| live(cell, &world, &mut client, front).await,
            None,
            false,
        );
        if world.lock().violation().is_some() || end == Life::Over {
            break;
        }
        world.lock().say(|| "the proxy is dead".to_owned());
        client.cut_off();
    }
    let aim = aim.lock().unwrap();
    let mut inside = world.lock();
    let outcome = client.outcome;
    inside.check(outcome.is_some(), || "the client has not come to its end".to_owned());
    // Nothing is asked of the server behind Close-Session: there the fault waits in vain.
    let idle = cell.point == Point::CloseAnswered && !cell.fault.is_a_death_of_ours();
    let fired = aim.fired;
    let as_planned = match cell.lasting {
        _ if idle => fired == 0,
        Lasting::Once => fired == 1,
        Lasting::ForEver => fired > 0,
    };
    inside.check(as_planned, || format!("the fault struck {fired} times"));
    inside.check(PANICS.get() == panics, || "something panicked".to_owned());
    match (inside.violation(), outcome) {
        (None, Some(outcome)) => Ok(outcome),
        (violation, _) => Err(violation.unwrap_or_default().to_owned()),
    }
}

async fn live(cell: Cell, world: &World, client: &mut Client, front: &Front) {
    let begun = world.lock().now();
    client.live(front).await;
    let mut inside = world.lock();
    let took = inside.now() - begun;
    inside.check(took < LONGEST, || format!("it took {} h", took.as_secs() / 3600));
    // Of a session that the server denies, and of one whose Cancel-Session it never gets, it keeps what it has.
    inside.was_fine = cell.lasting == Lasting::Once && !leaves_a_session(cell);
}

/// Cells whose session nobody can end but the server.
fn leaves_a_session(cell: Cell) -> bool {
    // Nobody remembers it: the proxy is dead, and there is no record of a plain upload.
    let forgotten = cell.fault == Fault::ProxyDies && cell.mode == Mode::Plain;
    // Cancel-Session is tried for ten seconds, and every attempt to connect takes as long. So it is where no byte may be sent
    // twice, and where the answer to the last fragment is waited for longer than trouble may last.
    let is_cut = matches!(cell.fault, Fault::NetworkCut | Fault::Unresolved);
    let fails = cell.server == Kind::Append
        || (cell.mode == Mode::Plain && cell.point == Point::LastSent && cell.fault == Fault::NetworkCut);
    // What is opened in another protocol is not ended in ours.
    let foreign = cell.point == Point::CreateSent && matches!(cell.fault, Fault::AckBeyond | Fault::AckText);
    // That of a node that is given up: the others have never heard of it. Or all would know it, but a client that has sent
    // no byte is told before the node is given up.
    let is_too_long = matches!(cell.fault, Fault::Stall | Fault::Slow | Fault::NetworkCut | Fault::NodeDies);
    let unsent = cell.mode == Mode::Plain && cell.point.is_at_create() && cell.fault == Fault::NodeDies;
    let elsewhere = (cell.server == Kind::Apart && is_too_long) || unsent;
    forgotten || (is_cut && fails) || foreign || elsewhere
}

/// Everything but the fault: always the same.
fn schedule(cell: Cell, seed: u64) -> Schedule {
    let mut schedule = Schedule::calm(seed);
    schedule.gentle = false;
    schedule.totals = vec![TOTAL];
    schedule.knobs = cell.server.knobs();
    schedule.profile = Some(cell.server.profile());
    schedule.limits = Limits {
        memory: 10 * FRAGMENT,
        fragment: FragmentLimits {
            min: FRAGMENT,
            first: FRAGMENT,
            max: FRAGMENT,
            time: Duration::from_secs(1),
        },
        ..Limits::default()
    };
    schedule.limits.uploads.expire = 72 * HOUR;
    schedule.limits.uploads.keep = HOUR;
    schedule.ambiguous_close = AmbiguousClose::Verify;
    schedule.older_file = true;
    schedule.serves_reads = true;
    schedule.store = Duration::ZERO;
    schedule.version = Version::named("6").expect("a version");
    schedule.has_credentials = false;
    schedule.in_parts = false;
    schedule.wants_digest = false;
    schedule.progress = None;
    schedule.piece = FRAGMENT as usize;
    schedule
}
