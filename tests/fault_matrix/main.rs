//! The fault matrix: every fault at every point of the protocol, in every mode, at every kind of server, once and for
//! ever; and everybody who can die, at each of these points.
//!
//! One cell is one deterministic run of everything above the sockets (the registry, the transfer, both protocols' state
//! machines) with one file of six fragments, under tokio's paused clock. What every packet and every answer has to be like
//! is checked on the way, as in `tests/resumption_simulation`, whose world this is: promises P1 to P3 and P9. At the end
//! nothing is left: no task, no byte of memory, no record, no session. `outcomes` says how each cell ends.
//!
//! `cargo test --test fault_matrix -- --nocapture` prints a summary. A failing cell is printed with its name, and replayed,
//! step by step, by
//!
//! ```text
//! MATRIX_CELL='middle-answered × reset-mid-response × append × trim × once' cargo test --test fault_matrix replay -- --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, reason = "nobody falls silent here")]
#[path = "../resumption_simulation/body.rs"]
mod body;
#[path = "../resumption_simulation/farm.rs"]
mod farm;
#[allow(dead_code, reason = "the weather is always fine here")]
#[path = "../simulation/faults.rs"]
mod faults;
#[path = "../resumption_simulation/front.rs"]
#[allow(dead_code, reason = "phones get in their own way only there")]
mod front;
#[path = "../resumption_simulation/look.rs"]
mod look;
#[path = "../resumption_simulation/network.rs"]
mod network;
#[path = "../resumption_simulation/oracle.rs"]
mod oracle;
#[path = "../resumption_simulation/packets.rs"]
mod packets;
#[path = "../resumption_simulation/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "a cell has a seed for its jitter alone")]
#[path = "../resumption_simulation/schedule.rs"]
mod schedule;
#[path = "../resumption_simulation/strike.rs"]
mod strike;
#[allow(dead_code, reason = "its figures are the simulation's")]
#[path = "../resumption_simulation/world.rs"]
mod world;

#[macro_use]
mod names;

mod aim;
mod answers;
mod cell;
mod client;
mod nearest;
mod outcomes;
mod run;

use cell::Cell;
use client::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Some of the cells on each of two threads: each with what came of it.
fn run_all(cells: &[Cell]) -> Vec<(Cell, Result<Outcome, String>)> {
    let lane = |lane: usize| -> Vec<_> {
        let mine = cells.iter().enumerate().filter(|(number, _)| number % 2 == lane);
        mine.map(|(_, cell)| (*cell, run::run(*cell, false))).collect()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| lane(1));
        let mut results = lane(0);
        results.extend(other.join().expect("its panic says why"));
        results
    })
}

#[test]
fn every_fault_at_every_point_ends_as_it_should() {
    run::count_panics();
    let begin = Instant::now();
    let cells = Cell::all();
    assert_eq!(cells.iter().map(Cell::name).collect::<BTreeSet<_>>().len(), cells.len());
    let results = run_all(&cells);
    let mut failures = Vec::new();
    let mut summary: BTreeMap<(&str, String), u64> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for (cell, result) in results {
        let expected = outcomes::of(cell);
        used.extend(expected.map(|(row, _)| row));
        let wrong = match (&result, expected) {
            (Err(violation), _) => Some(violation.clone()),
            (Ok(outcome), Some((_, expected))) if *outcome == expected => None,
            (Ok(outcome), expected) => {
                Some(format!("{outcome:?}, not {:?}", expected.map(|(_, outcome)| outcome)))
            }
        };
        if let Ok(outcome) = result {
            *summary.entry((cell.lasting.name(), format!("{outcome:?}"))).or_default() += 1;
        }
        failures.extend(wrong.map(|wrong| (cell.name(), wrong)));
    }
    println!("{} cells in {:.1} s", cells.len(), begin.elapsed().as_secs_f64());
    for ((lasting, outcome), count) in &summary {
        println!("{count:>6}  {lasting:<8}  {outcome}");
    }
    failures.sort();
    for (name, wrong) in failures.iter().take(run::variable("MATRIX_SHOW").unwrap_or(20)) {
        println!("{name}: {wrong}");
    }
    if let Some((name, wrong)) = failures.first() {
        panic!(
            "{} cells failed; the first: {wrong}; replay: MATRIX_CELL='{name}' cargo test --test fault_matrix replay \
             -- --nocapture",
            failures.len()
        );
    }
    let idle: Vec<usize> = (0..outcomes::ROWS.len()).filter(|row| !used.contains(row)).collect();
    assert_eq!(idle, [0; 0], "rows of the table of outcomes that no cell needs");
}

/// Nothing is left out, and nothing is named that is not there.
#[test]
fn all_cells_of_the_plan_are_there() {
    let cells = Cell::all();
    assert_eq!(cells.len(), cell::COUNT);
    let plan = cells.iter().filter(|cell| cell.lasting == cell::Lasting::Once && !cell.fault.is_a_death());
    // 13 points, 16 faults (two of them in several forms), 3 modes, 7 servers.
    let kinds: BTreeSet<_> = plan
        .map(|cell| (cell.point.name(), cell.fault.family(), cell.mode.name(), cell.server.name()))
        .collect();
    assert_eq!(kinds.len(), 13 * 16 * 3 * 7);
    assert_eq!(nearest::count(&cells), nearest::COUNT);
}

#[test]
fn replay() {
    let Ok(name) = std::env::var("MATRIX_CELL") else { return };
    run::count_panics();
    let cell = Cell::all().into_iter().find(|cell| cell.name() == name.trim()).expect("the name of a cell");
    let result = run::run(cell, true);
    println!("{result:?}, expected: {:?}", outcomes::of(cell));
    assert_eq!(result.ok(), outcomes::of(cell).map(|(_, outcome)| outcome));
}
