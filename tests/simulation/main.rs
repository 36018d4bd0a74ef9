//! The client's state machine against the server's, over a network that does what networks do.
//!
//! Every schedule follows from its seed. `cargo test --test simulation -- --nocapture` prints the rate; a failing seed is
//! printed and replayed, step by step, by
//!
//! ```text
//! SIMULATION_SEED=1234 cargo test --test simulation replay -- --nocapture
//! ```
//!
//! `SIMULATION_OF=deaths` (`drops`, `trouble`, `sharing`, `apart`) replays a schedule of another test than the hostile one.
//! `SIMULATION_SCHEDULES=10000000` runs more of them, `SIMULATION_FIRST` begins elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backend;
mod dice;
mod farm;
mod faults;
mod network;
mod record;
mod schedule;
mod world;

use put2bits::error::Problem;
use schedule::Schedule;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use world::{Ending, Figures, Report, World};

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What many schedules came to.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    stored: u64,
    failed: u64,
    /// Failed though the server takes bytes twice.
    failed_for_nothing: u64,
    /// Failed for another reason than a fragment in doubt.
    failed_otherwise: u64,
    /// Schedules in which the proxy died.
    deadly: u64,
    figures: Figures,
}

impl Tally {
    fn count(&mut self, report: &Report) {
        match report.ending {
            Ending::Stored => self.stored += 1,
            Ending::Failed(problem) => {
                self.failed += 1;
                self.failed_for_nothing += u64::from(report.may_resend);
                self.failed_otherwise += u64::from(problem != Problem::FragmentInDoubt);
            }
        }
        self.deadly += u64::from(report.figures.deaths > 0);
        self.figures += report.figures;
    }

    fn add(&mut self, other: &Tally) {
        self.stored += other.stored;
        self.failed += other.failed;
        self.failed_for_nothing += other.failed_for_nothing;
        self.failed_otherwise += other.failed_otherwise;
        self.deadly += other.deadly;
        self.figures += other.figures;
    }
}

/// Some of all schedules on each of two threads.
fn run(first: u64, schedules: u64, schedule: fn(u64) -> Schedule) -> Tally {
    let lane = |lane| {
        let mut tally = Tally::default();
        for seed in (first..first + schedules).filter(|seed| seed % 2 == lane) {
            let result = catch_unwind(AssertUnwindSafe(|| World::new(schedule(seed)).run()));
            let Ok(report) = result else {
                panic!(
                    "seed {seed} failed; replay: SIMULATION_SEED={seed} cargo test --test simulation replay -- --nocapture"
                );
            };
            tally.count(&report);
        }
        tally
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| lane(1));
        let mut tally = lane(0);
        tally.add(&other.join().expect("its panic says why"));
        tally
    })
}

/// Also with deaths of the proxy and drops of the client at any step, in five of six schedules.
#[test]
fn hostile_schedules_never_store_wrong_bytes() {
    let schedules = variable("SIMULATION_SCHEDULES").unwrap_or(240_000);
    let first = variable("SIMULATION_FIRST").unwrap_or(0);
    let begin = Instant::now();
    let tally = run(first, schedules, Schedule::hostile);
    let Tally { stored, failed, deadly, figures, .. } = tally;
    println!(
        "seeds {first}..{}: {stored} stored, {failed} failed honestly, in {deadly} the proxy died, {:.0} schedules/s, \
         {figures:?}",
        first + schedules,
        schedules as f64 / begin.elapsed().as_secs_f64()
    );
    assert_eq!(stored + failed, schedules);
    // The faults must bite, and must not bite so hard that nothing is proved about success.
    assert!(stored > schedules / 4 && failed > schedules / 50, "{stored} stored, {failed} failed");
    assert!(figures.faults > schedules && figures.restarts > 0 && figures.verified > 0);
    assert!(deadly > schedules / 3, "{deadly} deadly ones");
    let Figures { deaths, drops, pauses, parts, resumed, followed, challenged, .. } = figures;
    assert!(figures.fallbacks > schedules / 1000, "{figures:?}");
    for figure in [deaths, drops, pauses, parts, resumed, followed, challenged] {
        assert!(figure > schedules / 50, "{figures:?}");
    }
}

#[test]
fn without_faults_every_upload_is_stored() {
    assert_eq!(run(0, 5_000, Schedule::calm).failed, 0);
}

/// Losses, time-outs and 5xx that end within the retry window are invisible to the client (promise P6).
#[test]
fn passing_trouble_is_survived_where_bytes_may_be_sent_again() {
    assert_eq!(run(0, 20_000, Schedule::passing_trouble).failed, 0);
}

/// A client goes on from the recorded byte, however often the proxy is killed (promise P7). Where no byte may be sent twice,
/// a fragment on its way is the end, and said to be.
#[test]
fn deaths_of_the_proxy_alone_lose_no_upload_where_bytes_may_be_sent_again() {
    let tally = run(0, 20_000, Schedule::deaths_alone);
    println!("deaths alone: {tally:?}");
    assert_eq!((tally.failed_for_nothing, tally.failed_otherwise), (0, 0));
    assert!(
        tally.failed > 100 && tally.figures.deaths > 20_000 && tally.figures.resumed > 10_000,
        "{tally:?}"
    );
}

/// Where no byte may be sent twice, as long as the exchange under way is finished first.
#[test]
fn clients_that_come_and_go_lose_nothing() {
    let tally = run(0, 10_000, Schedule::drops_alone);
    assert_eq!(tally.failed, 0);
    assert!(tally.figures.drops > 10_000, "{tally:?}");
}

/// A dead node is left after the time it named, however many requests that takes, and another one goes on.
#[test]
fn farms_that_share_their_storage_survive_their_nodes() {
    let tally = run(0, 10_000, Schedule::farm_that_shares);
    println!("farms that share: {tally:?}");
    assert_eq!(tally.failed, 0);
    let Figures { followed, fallbacks, pauses, challenged, .. } = tally.figures;
    assert!(followed >= 10_000 && fallbacks > 1_000 && pauses > 500 && challenged > 1_000, "{tally:?}");
}

/// Without its node a session is lost. It is begun anew while its first byte is held, and else the client is told so.
#[test]
fn farms_that_share_nothing_lose_sessions_honestly() {
    let (mut stored, mut restarts) = (0, 0);
    for seed in 0..10_000 {
        let report = World::new(Schedule::farm_that_does_not(seed)).run();
        stored += u64::from(report.ending == Ending::Stored);
        restarts += report.figures.restarts;
        assert!(
            matches!(report.ending, Ending::Stored | Ending::Failed(Problem::SessionLost)),
            "{seed}: {report:?}"
        );
    }
    assert!((2_000..9_900).contains(&stored) && restarts > 500, "{stored} stored, {restarts} restarts");
}

#[test]
fn replay() {
    if let Some(seed) = variable("SIMULATION_SEED") {
        let schedule = match std::env::var("SIMULATION_OF").as_deref() {
            Ok("deaths") => Schedule::deaths_alone,
            Ok("drops") => Schedule::drops_alone,
            Ok("trouble") => Schedule::passing_trouble,
            Ok("sharing") => Schedule::farm_that_shares,
            Ok("apart") => Schedule::farm_that_does_not,
            _ => Schedule::hostile,
        };
        let mut world = World::new(schedule(seed));
        world.talk();
        println!("{:?}", world.run());
    }
}
