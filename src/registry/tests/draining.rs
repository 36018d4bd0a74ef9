//! The end of the program, in its two steps.

use super::*;
use world::give;

#[tokio::test(start_paused = true)]
async fn nothing_begins_and_what_is_whole_is_finished() {
    let world = World::plan(|name| match name {
        "Close-Session" => Fate::ServedAfter(3 * SECOND),
        _ => Fate::Serve,
    });
    let whole = world.create(alice()).await;
    let (waiting, feeder, _) = world.feed(&whole, 0);
    give(&feeder, 0..300);
    let (half, mut feeding, _feeder) = world.half_way(bob()).await;
    world.registry.host().drain.begin();
    assert_eq!(at_once(&mut feeding).await.as_deref(), Some("cut off"));
    assert_eq!(world.try_create(None).await.unwrap_err().problem, Problem::ShuttingDown);
    let (mut late, _feeder, seen) = world.feed(&half, 150);
    assert_eq!(at_once(&mut late).await.as_deref(), Some("cut off"));
    assert!(!seen.polls.load(std::sync::atomic::Ordering::Relaxed) > 0);
    assert_eq!(outcome(waiting).await, "stored 300");
    world.is_clean(1).await;
    assert_eq!(world.offset(&half).await, Ok((150, false)));
}

/// A backend that must not get the same bytes twice: its answer is worth waiting for.
#[tokio::test(start_paused = true)]
async fn an_answer_that_the_upload_depends_on_is_waited_for_until_time_is_up() {
    for (takes, kept) in [(20 * SECOND, true), (60 * SECOND, false)] {
        let world = World::at(&Profile::APPEND, move |name| match name {
            "bytes 100-149/300" => Fate::ServedAfter(takes),
            _ => Fate::Serve,
        });
        let (id, feeding, _feeder) = world.half_way(None).await;
        world.registry.host().drain.begin();
        let fed = tokio::time::timeout(30 * SECOND, outcome(feeding)).await;
        assert_eq!(fed.is_ok(), kept, "{fed:?}");
        world.registry.host().drain.end();
        world.idle(&id).await;
        let told = world.offset(&id).await;
        assert_eq!(told.ok(), kept.then_some((150, false)));
    }
}
