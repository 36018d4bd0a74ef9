//! Conformance to the drafts of *Resumable Uploads for HTTP*: the real program, over real sockets, in every version.
//!
//! There is one list of checks ([`checks::all`]). Each is a function with a name that says what has to hold; it gets a
//! [`Case`](case::Case), which knows the version and speaks it. What differs between versions stands in a table of its
//! own ([`dialect`]), written from the drafts and not from the program.
//!
//! The checks of a version share one proxy and one backend, and run side by side; each has its own target and its own
//! credentials. A check that needs other settings or a backend in trouble starts its own.

// Helpers outside of test functions panic too: that is how a check fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../e2e/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with tests that need more of it")]
mod support;

mod assert;
mod case;
mod checks;
mod client;
mod dialect;
mod request;
mod world;

use case::Case;
use dialect::Dialect;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use world::World;

/// What a version has to be asked at least.
const FEWEST_CHECKS: usize = 45;

/// Checks that run side by side.
const AT_ONCE: usize = 12;

/// A check that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs every check in one version, and fails with a list of those that failed.
async fn conforms(version: &'static str) {
    let begun = Instant::now();
    let dialect = Dialect::named(version);
    let world = Arc::new(World::start(dialect).await);
    let (places, checks) = (Arc::new(Semaphore::new(AT_ONCE)), checks::all());
    let count = checks.len();
    let mut running = JoinSet::new();
    for (number, check) in (1..).zip(checks) {
        let (world, places) = (Arc::clone(&world), Arc::clone(&places));
        running.spawn(async move {
            let _place = places.acquire().await;
            let case = (check.run)(Case::new(world, check.name));
            let result = tokio::spawn(async { tokio::time::timeout(PATIENCE, case).await }).await;
            let what = match result {
                Ok(Ok(())) => return None,
                Ok(Err(_)) => format!("not over within {PATIENCE:?}"),
                Err(error) => panic_message(error),
            };
            Some((number, format!("version {version}: {number} {}: {what}", check.name)))
        });
    }
    let mut failures: Vec<(u32, String)> = running.join_all().await.into_iter().flatten().collect();
    failures.sort();
    let lines: String = failures.iter().map(|(_, line)| format!("\n{line}")).collect();
    println!("version {version}: {count} checks in {:.1?}", begun.elapsed());
    assert!(failures.is_empty(), "{} of {count} checks failed:{lines}", failures.len());
    assert!(count >= FEWEST_CHECKS, "version {version}: only {count} checks");
}

fn panic_message(error: tokio::task::JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "cancelled".to_owned() };
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or("a panic", |text| text).to_owned(),
    }
}

#[tokio::test]
async fn version_3() {
    conforms("3").await;
}

#[tokio::test]
async fn version_4() {
    conforms("4").await;
}

#[tokio::test]
async fn version_5() {
    conforms("5").await;
}

#[tokio::test]
async fn version_6() {
    conforms("6").await;
}

#[tokio::test]
async fn version_7() {
    conforms("7").await;
}

#[tokio::test]
async fn version_8() {
    conforms("8").await;
}

#[tokio::test]
async fn the_rfc() {
    conforms("rfc").await;
}
