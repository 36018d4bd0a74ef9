//! Everything above the sockets: the registry, the transfer, both protocols' state machines, between phones that break
//! off, a network that does what networks do, a store that forgets what it was not waited for, and the death of the proxy
//! at any moment. Time is tokio's paused clock.
//!
//! Every schedule follows from its seed. `cargo test --test resumption_simulation -- --nocapture` prints what happened; a
//! failing seed is printed and replayed, step by step, by
//!
//! ```text
//! SIMULATION_SEED=1234 cargo test --test resumption_simulation replay -- --nocapture
//! ```
//!
//! `SIMULATION_OF=gentle` (`calm`) replays a schedule of another test than the hostile one. `SIMULATION_SCHEDULES=1000000`
//! runs more of them, `SIMULATION_FIRST` begins elsewhere. Two tasks that wait for the same event are woken in an order that
//! is tokio's own: a replay is tried some hundred times before it gives up.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod body;
#[allow(dead_code, reason = "only tests/fault_matrix has farms")]
mod farm;
#[allow(dead_code, reason = "interruptions are the other simulation's")]
#[path = "../simulation/faults.rs"]
mod faults;
mod front;
mod look;
mod network;
mod oracle;
mod packets;
mod phone;
mod proxy;
mod schedule;
#[allow(dead_code, reason = "only tests/fault_matrix aims")]
mod strike;
mod world;

use front::Front;
use phone::{Ending, Phone};
use proxy::Life;
use schedule::Schedule;
use std::cell::Cell;
use std::sync::{Arc, Once};
use std::time::Instant;
use world::{Figures, World};

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// Panics in tasks are not seen by whoever started them: they are counted.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            print(info);
        }));
    });
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// One schedule, to its end.
///
/// # Errors
/// What must not have happened.
fn run(schedule: Schedule, talks: bool) -> Result<Figures, String> {
    // The jitter of the sessions.
    fastrand::seed(schedule.seed);
    let panics = PANICS.get();
    let (deaths, life, gentle) = (schedule.deaths, schedule.life, schedule.gentle);
    let phones = schedule.totals.len();
    let world = World::new(Arc::new(schedule), talks);
    let mut phones: Vec<Phone> = (0..phones).map(|number| Phone::new(number, &world)).collect();
    for death in 0..=deaths {
        let is_last = death == deaths;
        let (longest, in_order) = {
            let mut inside = world.lock();
            let in_order = inside.rng.u8(..) < 64;
            (inside.rng.u64(1..=life), in_order && !is_last)
        };
        let users = async |front: &Front| phone::live(&mut phones, front).await;
        let end = proxy::live(&world, users, (!is_last).then_some(longest), in_order);
        if world.lock().violation().is_some() || end == Life::Over {
            break;
        }
        world.lock().figures.deaths += 1;
        world.lock().say(|| "the proxy is dead".to_owned());
    }
    let mut inside = world.lock();
    for phone in &phones {
        let ending = phone.ending;
        inside.check(ending.is_some(), || "a phone has not come to its end".to_owned());
        let lost = gentle && ending != Some(Ending::Stored);
        inside.check(!lost, || format!("for a phone it ended so: {ending:?}"));
        match ending {
            Some(Ending::Stored) => inside.figures.stored += 1,
            Some(Ending::Failed) => inside.figures.failed += 1,
            _ => {}
        }
    }
    inside.check(PANICS.get() == panics, || "something panicked".to_owned());
    match inside.violation() {
        Some(violation) => Err(violation.to_owned()),
        None => Ok(inside.figures),
    }
}

/// Some of all schedules on each of two threads.
fn run_all(of: &str, schedules: u64, schedule: fn(u64) -> Schedule) -> Figures {
    count_panics();
    let schedules = variable("SIMULATION_SCHEDULES").unwrap_or(schedules);
    let first = variable("SIMULATION_FIRST").unwrap_or(0);
    let begin = Instant::now();
    let lane = |lane| {
        let mut figures = Figures::default();
        for seed in (first..first + schedules).filter(|seed| seed % 2 == lane) {
            match run(schedule(seed), false) {
                Ok(more) => figures += more,
                Err(violation) => panic!(
                    "seed {seed}: {violation}; replay: SIMULATION_OF={of} SIMULATION_SEED={seed} cargo test --test \
                     resumption_simulation replay -- --nocapture"
                ),
            }
        }
        figures
    };
    let figures = std::thread::scope(|scope| {
        let other = scope.spawn(|| lane(1));
        let mut figures = lane(0);
        figures += other.join().expect("its panic says why");
        figures
    });
    let rate = schedules as f64 / begin.elapsed().as_secs_f64();
    println!("{of}, seeds {first}..{}: {rate:.0} schedules/s, {figures:?}", first + schedules);
    figures
}

#[test]
fn hostile_schedules_never_break_a_promise() {
    run_all("hostile", 120_000, Schedule::hostile);
}

/// Promises P6 and P7.
#[test]
fn deaths_drops_and_passing_trouble_lose_no_upload() {
    run_all("gentle", 60_000, Schedule::gentle);
}

#[test]
fn without_faults_every_upload_is_stored() {
    run_all("calm", 2_000, Schedule::calm);
}

#[test]
fn replay() {
    let Some(seed) = variable("SIMULATION_SEED") else { return };
    count_panics();
    let schedule = match std::env::var("SIMULATION_OF").as_deref() {
        Ok("gentle") => Schedule::gentle,
        Ok("calm") => Schedule::calm,
        _ => Schedule::hostile,
    };
    println!("{:#?}", schedule(seed));
    for _ in 0..200 {
        if let Err(violation) = run(schedule(seed), false) {
            println!("seed {seed}: {violation}");
            let _ = run(schedule(seed), true);
            panic!("{violation}");
        }
    }
    println!("{:?}", run(schedule(seed), true));
}
