//! The client's state machine against the server's, over a network that does what networks do.
//!
//! Every schedule follows from its seed. `cargo test --test simulation -- --nocapture` prints the rate; a failing seed is
//! printed and replayed, step by step, by
//!
//! ```text
//! SIMULATION_SEED=1234 cargo test --test simulation replay -- --nocapture
//! ```
//!
//! `SIMULATION_SCHEDULES=10000000` runs more of them, `SIMULATION_FIRST` begins elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod schedule;
mod world;

use schedule::Schedule;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use world::{Ending, World};

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[derive(Default)]
struct Tally {
    stored: AtomicU64,
    failed: AtomicU64,
    steps: AtomicU64,
    faults: AtomicU64,
    restarts: AtomicU64,
    verified: AtomicU64,
}

/// Half of all schedules by even numbers, half by odd, one thread each.
fn run(first: u64, schedules: u64, schedule: fn(u64) -> Schedule) -> Tally {
    let tally = Tally::default();
    std::thread::scope(|scope| {
        for lane in 0..2 {
            let tally = &tally;
            scope.spawn(move || {
                for seed in (first..first + schedules).filter(|seed| seed % 2 == lane) {
                    let result = catch_unwind(AssertUnwindSafe(|| World::new(schedule(seed)).run()));
                    let Ok(report) = result else {
                        panic!("seed {seed} failed; replay: SIMULATION_SEED={seed} cargo test --test simulation replay -- --nocapture");
                    };
                    let counter = if report.ending == Ending::Stored { &tally.stored } else { &tally.failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                    tally.steps.fetch_add(report.steps, Ordering::Relaxed);
                    tally.faults.fetch_add(report.faults, Ordering::Relaxed);
                    tally.restarts.fetch_add(report.restarts, Ordering::Relaxed);
                    tally.verified.fetch_add(report.verified, Ordering::Relaxed);
                }
            });
        }
    });
    tally
}

#[test]
fn hostile_schedules_never_store_wrong_bytes() {
    let schedules = variable("SIMULATION_SCHEDULES").unwrap_or(120_000);
    let first = variable("SIMULATION_FIRST").unwrap_or(0);
    let begin = Instant::now();
    let tally = run(first, schedules, Schedule::hostile);
    let [stored, failed, steps, faults, restarts, verified] =
        [&tally.stored, &tally.failed, &tally.steps, &tally.faults, &tally.restarts, &tally.verified]
            .map(|counter| counter.load(Ordering::Relaxed));
    println!(
        "seeds {first}..{}: {stored} stored, {failed} failed honestly, {faults} faults, {restarts} sessions begun anew, \
         {verified} lost Closes verified, {steps} steps, {:.0} schedules/s",
        first + schedules,
        schedules as f64 / begin.elapsed().as_secs_f64()
    );
    assert_eq!(stored + failed, schedules);
    // The faults must bite, and must not bite so hard that nothing is proved about success.
    assert!(stored > schedules / 4 && failed > schedules / 50, "{stored} stored, {failed} failed");
    assert!(faults > schedules && restarts > 0 && verified > 0);
}

#[test]
fn without_faults_every_upload_is_stored() {
    let tally = run(0, 5_000, Schedule::calm);
    assert_eq!(tally.failed.load(Ordering::Relaxed), 0);
}

/// Losses, time-outs and 5xx that end within the retry window are invisible to the client (promise P6).
#[test]
fn passing_trouble_is_survived_where_bytes_may_be_sent_again() {
    let tally = run(0, 20_000, Schedule::passing_trouble);
    assert_eq!(tally.failed.load(Ordering::Relaxed), 0);
}

#[test]
fn replay() {
    if let Some(seed) = variable("SIMULATION_SEED") {
        let mut world = World::new(Schedule::hostile(seed));
        world.talk();
        println!("{:?}", world.run());
    }
}
