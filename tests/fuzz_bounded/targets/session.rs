//! The client's state machine against the server's: the world of `tests/simulation`, with the fuzzer's bytes for dice.

#[path = "../../simulation/backend.rs"]
mod backend;
#[path = "../../simulation/dice.rs"]
mod dice;
#[path = "../../simulation/farm.rs"]
mod farm;
#[path = "../../simulation/faults.rs"]
mod faults;
#[path = "../../simulation/network.rs"]
mod network;
#[path = "../../simulation/record.rs"]
mod record;
#[path = "../../simulation/schedule.rs"]
mod schedule;
#[path = "../../simulation/world.rs"]
mod world;

use put2bits::error::Problem;
use schedule::Schedule;
use world::{Ending, Report, World};

/// The first byte says what may happen.
pub(crate) fn run(input: &[u8]) -> bool {
    let (kind, dice) = input.split_first().unwrap_or((&0, &[]));
    let (schedule, kind) = match kind % 8 {
        0 => (Schedule::calm(dice), Kind::Harmless),
        1 => (Schedule::passing_trouble(dice), Kind::Harmless),
        2 => (Schedule::drops_alone(dice), Kind::Harmless),
        3 => (Schedule::deaths_alone(dice), Kind::Deaths),
        4 => (Schedule::farm_that_shares(dice), Kind::Hostile),
        5 => (Schedule::farm_that_does_not(dice), Kind::Hostile),
        _ => (Schedule::hostile(dice), Kind::Hostile),
    };
    let mut world = World::new(schedule);
    if std::env::var_os("FUZZ_INPUT").is_some() {
        world.talk();
    }
    let Report { ending, may_resend, figures } = world.run();
    match (kind, ending) {
        (_, Ending::Stored) => {}
        (Kind::Harmless, Ending::Failed(problem)) => panic!("{problem:?} after {figures:?}"),
        (Kind::Deaths, Ending::Failed(problem)) => {
            assert!(!may_resend && problem == Problem::FragmentInDoubt, "{problem:?} after {figures:?}");
        }
        (Kind::Hostile, Ending::Failed(problem)) => assert_ne!(problem, Problem::Internal),
    }
    ending == Ending::Stored
}

/// What the schedule allows the end to be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Nothing that an upload could fail of.
    Harmless,
    /// Failure only where no byte may be sent twice.
    Deaths,
    /// Any honest failure.
    Hostile,
}
