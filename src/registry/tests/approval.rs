//! Whether the file may be published is asked once more when every byte is there.

use super::world::give;
use super::*;
use crate::transfer::{Approval, Permit};
use std::sync::atomic::{AtomicU32, Ordering};

/// A permit whose approval is given, or not, as the function says; and how often it was asked.
fn permit(say: fn() -> Result<(), Failure>) -> (Permit, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let approval = Approval::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async move { say() }
    });
    (Permit { approval: Some(approval), ..Permit::default() }, asked)
}

fn withdrawn() -> Result<(), Failure> {
    Err(Failure::new(Problem::AccessDenied, "withdrawn"))
}

fn silent() -> Result<(), Failure> {
    Err(Failure::new(Problem::AuthUnavailable, "nobody says anything"))
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_once_when_every_byte_is_there() {
    let world = World::new();
    let id = world.create(alice()).await;
    let (first, asked_first) = permit(withdrawn);
    let (feeding, feeder, _) = world.permitted(&id, (0, 100, false), first);
    give(&feeder, 0..100);
    drop(feeder);
    assert_eq!(outcome(feeding).await, "taken 100");
    let (last, asked) = permit(|| Ok(()));
    let (feeding, feeder, _) = world.permitted(&id, (100, 200, true), last);
    give(&feeder, 100..200);
    settle().await;
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    give(&feeder, 200..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    assert_eq!((asked_first.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)), (0, 1));
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_right_that_was_withdrawn_ends_the_upload() {
    let world = World::new();
    let id = world.create(alice()).await;
    let (feeding, feeder, _) = world.permitted(&id, (0, 300, true), permit(withdrawn).0);
    give(&feeder, 0..300);
    assert_eq!(outcome(feeding).await, "failed access_denied 300");
    // That is its final answer, and is on record.
    assert_eq!(world.rest(&id, 300).await, "failed access_denied 300 again");
    assert_eq!(world.offset(&id).await, Ok((300, false)));
    assert!(world.published().is_empty() && world.log().iter().all(|name| name != "Close-Session"));
    assert_eq!(world.store.len(), 1);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_say_the_upload_waits() {
    let world = World::new();
    let id = world.create(alice()).await;
    let (feeding, feeder, _) = world.permitted(&id, (0, 300, true), permit(silent).0);
    give(&feeder, 0..300);
    assert_eq!(outcome(feeding).await, "cut off");
    assert_eq!(world.offset(&id).await, Ok((300, false)));
    assert!(world.published().is_empty());
    // Nobody publishes it behind its client's back: neither the sweeps nor another process.
    world.registry.sweep();
    settle().await;
    world.is_clean(1).await;
    let world = world.killed();
    world.recover();
    settle().await;
    assert!(world.published().is_empty());
    let (feeding, _feeder, _) = world.permitted(&id, (300, 0, true), permit(|| Ok(())).0);
    assert_eq!(outcome(feeding).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}
