//! The kill matrix: real processes, and everybody who can die, at every point of the protocol.
//!
//! A cell is one upload of four fragments through the real program. Relays before the proxy (`front`) and behind it
//! (`back`) hold everything at exactly one point of the protocol (`gate`); there the client, the proxy (SIGKILL), the
//! backend (SIGKILL, or with its sessions kept) or a network dies, and the rest goes on. Nothing is timed: a cell that
//! does not come to its point fails. `outcomes` says how each ends. In every cell
//!
//! - success is told only when the right bytes are stored (P1, P2), and not before the point if that is before the Close;
//! - no offset is told that the backend's answers have not told the proxy, and none decreases (P3);
//! - the connection of a client that comes back on another is dead, or answered, within a second (P9);
//! - in the end no upload runs or is open, and no memory, no connection and no session is held, but for those that
//!   `outcomes::orphans` explains.
//!
//! `cargo test --test kill_matrix -- --nocapture` prints a summary. One cell, or all whose names have this in them:
//!
//! ```text
//! KILL_MATRIX_CELL='proxy-killed × close-sent × create × append' cargo test --test kill_matrix -- --nocapture
//! ```

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../resumption/phone.rs"]
mod phone;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../resumption/watch.rs"]
mod watch;

#[macro_use]
#[path = "../fault_matrix/names.rs"]
mod names;

mod back;
mod cell;
mod client;
mod front;
mod gate;
mod outcomes;
mod peer;
mod run;
mod server;

use cell::{Actor, Cell};
use outcomes::Outcome;
use std::collections::{BTreeMap, BTreeSet};
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
    let lane = || {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = run_one(*cell);
            done.lock().unwrap().push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(lane);
        }
    });
    done.into_inner().unwrap()
}

/// The cells whose names have this in them, or all.
fn chosen(text: Option<&str>) -> Vec<Cell> {
    let mut cells = Cell::all();
    cells.retain(|cell| text.is_none_or(|text| cell.name().contains(text)));
    assert!(!cells.is_empty(), "the name of a cell, or a part of it");
    cells
}

#[test]
fn whoever_dies_wherever_it_ends_as_it_should() {
    let begun = Instant::now();
    let text = std::env::var("KILL_MATRIX_CELL").ok();
    let cells = chosen(text.as_deref().map(str::trim));
    let mut summary: BTreeMap<(Actor, String), u64> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut longest = Duration::ZERO;
    for Done { cell, result, took } in run_all(&cells) {
        let expected = outcomes::of(cell).1;
        if text.is_some() {
            println!("{}: {result:?} of {expected:?}, in {took:.1?}", cell.name());
        }
        longest = longest.max(took);
        match result {
            Ok(outcome) => {
                *summary.entry((cell.actor, format!("{outcome:?}"))).or_default() += 1;
                if !expected.contains(&outcome) {
                    failures.push((cell.name(), format!("{outcome:?}, not {expected:?}")));
                }
            }
            Err(broken) => failures.push((cell.name(), broken)),
        }
    }
    for ((actor, outcome), count) in &summary {
        println!("{count:>5}  {:<18}  {outcome}", actor.name());
    }
    println!("{} cells in {:.1} s, the longest {longest:.1?}", cells.len(), begun.elapsed().as_secs_f64());
    println!("an old connection lived for {} ms at most", run::LONGEST_MS.load(Ordering::Relaxed));
    failures.sort();
    for (name, wrong) in &failures {
        println!("{name}: {wrong}");
    }
    if let Some((name, wrong)) = failures.first() {
        panic!(
            "{} cells failed; the first: {wrong}; replay: KILL_MATRIX_CELL='{name}' cargo test --test kill_matrix -- \
             --nocapture",
            failures.len()
        );
    }
}

/// Nothing is left out, and the table says nothing that no cell needs.
#[test]
fn all_cells_of_the_plan_are_there() {
    let cells = chosen(None);
    assert_eq!(cells.iter().map(Cell::name).collect::<BTreeSet<_>>().len(), cells.len());
    // 13 points for two modes, and 10 for the third; 12 deaths; 2 backends.
    assert_eq!(cells.len(), (13 * 2 + 10) * 12 * 2);
    let used: BTreeSet<_> = cells.iter().map(|cell| outcomes::of(*cell).0).collect();
    assert_eq!(used.len(), outcomes::ROWS.len(), "rows that no cell needs: only {used:?} are");
}
