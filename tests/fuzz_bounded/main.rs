//! The targets of the fuzzer, as often as a run of the tests can afford: seeds, and mutations of them.
//!
//! `FUZZ_SEED=1234 FUZZ_RUNS=1000000 cargo test --test fuzz_bounded path` replays a run, or makes a longer one; a failure
//! prints the input. Nothing here learns from what it meets: for hours rather than seconds there is `.ci/fuzz`, which
//! hands the same targets to libFuzzer.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mutate;
mod seeds;
mod targets;

use mutate::Mutator;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use targets::{TARGETS, Target};

/// Inputs for each target. Those that need sockets, files or whole connections get fewer.
const RUNS: u64 = 50_000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target of that name")
}

/// Prints an input if its run fails.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: {:?}", self.0.escape_ascii().to_string());
        }
    }
}

fn run(target: &Target, input: &[u8]) -> bool {
    let _shown = Shown(input);
    (target.run)(input)
}

/// [`some`] with the usual number of inputs.
fn fuzz(name: &str, least: u64) {
    some(name, least, RUNS);
}

/// The seeds as they are, then mutations. Of a hundred, at least `least` have to get past the first refusal, or the rest is
/// not tested.
fn some(name: &str, least: u64, runs: u64) {
    let target = target(name);
    let seeds = seeds::of(name);
    let good = seeds.iter().filter(|(_, seed)| run(target, seed)).count();
    assert!(good > 0, "no seed is any good");
    let (seed, runs) =
        (setting("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..)), setting("FUZZ_RUNS").unwrap_or(runs));
    println!("{name}: FUZZ_SEED={seed} FUZZ_RUNS={runs}, {good} of {} seeds are good", seeds.len());
    let begin = Instant::now();
    let mutator = Mutator::new(seeds.into_iter().map(|(_, seed)| seed).collect());
    let passed = (0..runs).filter(|&number| run(target, &mutator.input(seed, number))).count() as u64;
    println!("{name}: {passed} of {runs} got past the first refusal, {:.1?}", begin.elapsed());
    assert!(passed > 0 && passed * 100 >= runs * least && passed < runs, "{passed} of {runs}");
}

#[test]
fn ack() {
    fuzz("ack", 10);
}

#[test]
fn config() {
    fuzz("config", 1);
}

#[test]
fn forwarded() {
    some("forwarded", 10, RUNS / 10);
}

#[test]
fn front() {
    fuzz("front", 4);
}

#[test]
fn h2() {
    some("h2", 1, RUNS / 5);
}

#[test]
fn hashes() {
    // About one in fifty gets past it. Of so few inputs, one in a hundred would be missed now and then.
    some("hashes", 0, RUNS / 50);
}

#[test]
fn host_id() {
    fuzz("host_id", 10);
}

#[test]
fn intent() {
    fuzz("intent", 10);
}

#[test]
fn path() {
    fuzz("path", 10);
}

#[test]
fn proxy_header() {
    some("proxy_header", 10, RUNS / 5);
}

#[test]
fn record() {
    fuzz("record", 4);
}

#[test]
fn session() {
    fuzz("session", 30);
}

#[test]
fn template() {
    fuzz("template", 10);
}

/// Every target has its test above, and they are the thirteen.
#[test]
fn all_targets_have_seeds() {
    for Target { name, .. } in &TARGETS {
        assert!(seeds::of(name).len() >= 10, "{name}");
    }
}

/// `FUZZ_INPUT=fuzz/artifacts/path/crash-… cargo test --test fuzz_bounded replay` runs what the fuzzer kept.
#[test]
fn replay() {
    let Some(path) = std::env::var_os("FUZZ_INPUT").map(PathBuf::from) else { return };
    let folder = path.parent().and_then(|folder| folder.file_name()).expect("a folder named as the target");
    run(target(folder.to_str().unwrap()), &fs::read(&path).unwrap());
}

/// Writes the seeds as files, one folder for each target: what libFuzzer begins with.
#[test]
#[ignore = "writes files"]
fn write_seeds() {
    let corpus = PathBuf::from(std::env::var_os("FUZZ_CORPUS").expect("FUZZ_CORPUS names a folder"));
    for Target { name, .. } in &TARGETS {
        let folder = corpus.join(name);
        fs::create_dir_all(&folder).unwrap();
        for (number, (_, seed)) in seeds::of(name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
        }
    }
}
