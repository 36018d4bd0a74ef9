//! How many uploads may run, and who waits for whom.

use super::world::{carol, give};
use super::*;
use std::pin::pin;
use std::sync::atomic::Ordering;

/// One upload may run at a time.
fn one_at_a_time() -> World {
    World::with(UploadLimits { max_running: 1, ..UploadLimits::default() }, |_| Fate::Serve)
}

#[tokio::test(start_paused = true)]
async fn a_new_upload_beyond_the_limit_is_refused() {
    let world = one_at_a_time();
    let (id, feeding, feeder) = world.half_way(alice()).await;
    let refused = world.try_create(bob()).await.unwrap_err();
    assert_eq!(refused.problem, Problem::TooManyRunning);
    assert_eq!((world.store.len(), world.registry.running()), (1, 1), "no record of it");
    give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    let bobs = world.create(bob()).await;
    assert_eq!(world.rest(&bobs, 0).await, "stored 300");
    // What has ended can be asked about without a place.
    let (_, _held, _feeder) = world.half_way(alice()).await;
    assert_eq!(at_once(&mut world.feed(&id, 0).0).await.as_deref(), Some("stored 300 again"));
}

#[tokio::test(start_paused = true)]
async fn of_one_client_beyond_its_limit() {
    let limits =
        UploadLimits { max_running_per_client: 1, max_open_per_client: 9, ..UploadLimits::default() };
    let world = World::with(limits, |_| Fate::Serve);
    // Without credentials, so that the same target is no reason to replace it.
    let (_, feeding, feeder) = world.half_way(None).await;
    let refused = world.try_create(None).await.unwrap_err();
    assert_eq!((refused.problem, refused.detail.contains("of this client")), (Problem::TooManyRunning, true));
    let bobs = world.create(bob()).await;
    assert_eq!(world.rest(&bobs, 0).await, "stored 300");
    give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_gone_on_with_waits_for_a_place() {
    let world = one_at_a_time();
    let id = world.broken(alice()).await;
    let (_, bobs, feeder) = world.half_way(bob()).await;
    let (mut feeding, hers, seen) = world.feed(&id, 150);
    give(&hers, 150..300);
    sleep(15 * SECOND).await;
    assert_eq!(
        (at_once(&mut feeding).await, seen.polls.load(Ordering::Relaxed)),
        (None, 0),
        "it is not read"
    );
    give(&feeder, 150..300);
    assert_eq!((outcome(bobs).await, outcome(feeding).await), ("stored 300".into(), "stored 300".into()));
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn when_there_is_no_place_for_long_it_is_broken_off() {
    let world = one_at_a_time();
    let id = world.broken(alice()).await;
    let (_, bobs, feeder) = world.half_way(bob()).await;
    let started = Instant::now();
    assert_eq!(outcome(world.feed(&id, 150).0).await, "cut off");
    assert_eq!(started.elapsed(), crate::registry::running::PATIENCE);
    assert_eq!(world.offset(&id).await, Ok((150, false)), "asking needs no place");
    give(&feeder, 150..300);
    assert_eq!(outcome(bobs).await, "stored 300");
    assert_eq!(world.rest(&id, 150).await, "stored 300");
    world.is_clean(0).await;
}

/// A phone that changes its network leaves a connection behind, which still counts when the next one comes.
#[tokio::test(start_paused = true)]
async fn who_takes_over_takes_the_place_over() {
    let world = one_at_a_time();
    let (id, older, _feeder) = world.half_way(alice()).await;
    // Somebody else waits already.
    let mut waiting = pin!(world.registry.enter(None, None, &world.registry.host().route));
    assert!(at_once_or_never(waiting.as_mut()).await.is_none());
    let started = Instant::now();
    let newer = world.feed(&id, 150);
    give(&newer.1, 150..300);
    assert_eq!((outcome(older).await, outcome(newer.0).await), ("cut off".into(), "stored 300".into()));
    assert!(started.elapsed() < SECOND);
    drop(waiting.await);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn who_begins_anew_takes_the_place_of_what_is_replaced() {
    let world = one_at_a_time();
    let (_, older, _feeder) = world.half_way(alice()).await;
    let anew = world.create(alice()).await;
    assert_eq!(outcome(older).await, "cut off");
    assert_eq!(world.rest(&anew, 0).await, "stored 300");
    world.is_clean(0).await;
}

/// A route's own limit, beside that of all.
#[tokio::test(start_paused = true)]
async fn of_one_route_beyond_its_limit() {
    let world = World::routed(|route| route.max_running = Some(1));
    let id = world.broken(alice()).await;
    let (_, bobs, feeder) = world.half_way(bob()).await;
    let refused = world.try_create(carol()).await.unwrap_err();
    assert_eq!((refused.problem, refused.detail.contains("of this route")), (Problem::TooManyRunning, true));
    // What is gone on with waits. Another route has places of its own.
    let (mut feeding, hers, _) = world.feed(&id, 150);
    give(&hers, 150..300);
    sleep(SECOND).await;
    assert_eq!(at_once(&mut feeding).await, None);
    let mut other = Route::clone(&world.registry.host().route);
    other.prefix = "/other/".into();
    drop(world.registry.try_enter(None, None, &Arc::new(other)).unwrap());
    give(&feeder, 150..300);
    assert_eq!((outcome(bobs).await, outcome(feeding).await), ("stored 300".into(), "stored 300".into()));
    world.is_clean(0).await;
}

/// Its result, if it has one without waiting.
async fn at_once_or_never<F: Future + Unpin>(future: F) -> Option<F::Output> {
    tokio::time::timeout(Duration::ZERO, future).await.ok()
}
