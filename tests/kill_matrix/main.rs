//! The kill matrix: real processes, and everybody who can die, at every point of the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../resumption/phone.rs"]
mod phone;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../resumption/watch.rs"]
mod watch;

mod back;
mod cell;
mod client;
mod front;
mod gate;
mod outcomes;
mod peer;
mod run;
mod server;

use cell::Cell;
use outcomes::Outcome;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Cells at a time. They wait more than they work.
const LANES: usize = 8;

struct Done {
    cell: Cell,
    /// How it ended, or which promise was broken.
    result: Result<Outcome, String>,
    took: Duration,
}

fn run_one(cell: Cell) -> Done {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run::run(cell))));
    let result = result.map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast_ref::<&str>().map_or("a panic", |text| text).to_string(),
    });
    Done { cell, result, took: begun.elapsed() }
}

fn run_all(cells: &[Cell]) -> Vec<Done> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = run_one(*cell);
                    if std::env::var_os("KILL_MATRIX_LIVE").is_some() { println!("{} => {:?} in {:?} sessions", result.cell.name(), result.result, result.took); }
                    done.lock().unwrap().push(result);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

#[test]
fn whoever_dies_wherever_it_ends_as_it_should() {
    let begun = Instant::now();
    let mut cells = Cell::all();
    if let Ok(name) = std::env::var("KILL_MATRIX_CELL") {
        cells.retain(|cell| cell.name().contains(name.trim()));
    }
    let results = run_all(&cells);
    let mut summary: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for Done { cell, result, took } in &results {
        println!("{} => {result:?} in {took:?}", cell.name());
        *summary.entry((cell.actor.name(), format!("{result:?}"))).or_default() += 1;
    }
    println!("{} cells in {:.1} s", cells.len(), begun.elapsed().as_secs_f64());
}
