//! A record is made before anything is told.

use super::*;
use world::give;

#[tokio::test(start_paused = true)]
async fn nothing_is_told_that_is_not_recorded() {
    let world = World::new();
    // The URL.
    world.store.hold(true);
    let created = world.create(None);
    tokio::pin!(created);
    assert!(timeout_at(Instant::now() + 3600 * SECOND, &mut created).await.is_err());
    world.store.hold(false);
    let id = created.await;
    assert_eq!(world.store.len(), 1);

    // An offset.
    let (_feeding, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..150);
    drop(feeder);
    settle().await;
    world.idle(&id).await;
    world.store.hold(true);
    let asked = world.offset(&id);
    tokio::pin!(asked);
    assert!(timeout_at(Instant::now() + 3600 * SECOND, &mut asked).await.is_err());
    world.store.hold(false);
    assert_eq!(asked.await, Ok((150, false)));

    // A refusal that names the offset, a part, the final answer.
    for (from, content, complete, wanted) in [
        (140, 160, true, "refused offset_mismatch"),
        (150, 50, false, "taken 200"),
        (200, 100, true, "stored 300"),
        (300, 0, true, "stored 300 again"),
    ] {
        world.later(SECOND);
        world.store.hold(true);
        let (mut feeding, feeder, _) = world.part(&id, from, content, complete);
        give(&feeder, from..from + content);
        sleep(3600 * SECOND).await;
        assert_eq!(at_once(&mut feeding).await, None, "{wanted}");
        if content > 0 && wanted != "refused offset_mismatch" {
            // First the one that says that more is under way, then the one of the end.
            world.store.hold(false);
        }
        world.store.hold(false);
        assert_eq!(outcome(feeding).await, wanted);
    }
    world.is_clean(0).await;
}

/// Whoever began to write may leave; the next one has to wait all the same.
#[tokio::test(start_paused = true)]
async fn a_record_that_somebody_left_behind_is_waited_for() {
    let world = World::new();
    let id = world.broken(None).await;
    world.later(10 * SECOND);
    world.store.hold(true);
    assert!(timeout_at(Instant::now() + SECOND, world.offset(&id)).await.is_err());
    assert!(timeout_at(Instant::now() + SECOND, world.offset(&id)).await.is_err(), "not durable yet");
    world.store.hold(false);
    assert_eq!(world.offset(&id).await, Ok((150, false)));
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_its_record() {
    let world = World::new();
    let (id, feeding, feeder) = world.half_way(None).await;
    world.store.hold(true);
    give(&feeder, 150..300);
    sleep(3600 * SECOND).await;
    assert_eq!(world.log().last().map(String::as_str), Some("bytes 200-299/300"));
    world.store.hold(false);
    assert_eq!(outcome(feeding).await, "stored 300");
    assert_eq!(world.offset(&id).await, Ok((300, true)));
}

#[tokio::test(start_paused = true)]
async fn a_session_is_gone_on_with_when_that_is_recorded() {
    let world = World::new();
    let id = world.broken(None).await;
    let before = world.log().len();
    world.store.hold(true);
    let (feeding, feeder, _) = world.feed(&id, 150);
    give(&feeder, 150..300);
    sleep(3600 * SECOND).await;
    assert_eq!(world.log().len(), before, "a crash now would find no doubt in the record");
    world.store.hold(false);
    assert_eq!(outcome(feeding).await, "stored 300");
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_when_it_is_recorded_and_never_backwards() {
    let world = World::new();
    let id = world.create(None).await;
    let (feeding, feeder, _) = world.feed(&id, 0);
    let mut told = 0;
    for from in (0..300).step_by(50) {
        give(&feeder, from..from + 50);
        sleep(SECOND).await;
        let recorded = *feeding.recorded.borrow();
        assert!(recorded >= told && recorded <= from + 50, "{recorded}");
        told = recorded;
    }
    assert!(told >= 200, "once a second: {told}");
    assert_eq!(outcome(feeding).await, "stored 300");
}

#[tokio::test(start_paused = true)]
async fn records_are_not_made_for_nothing() {
    let world = World::new();
    let id = world.broken(None).await;
    assert_eq!(world.offset(&id).await, Ok((150, false)));
    world.store.hold(true);
    // Nothing has changed: there is nothing to wait for.
    assert_eq!(poll_once(world.offset(&id)).await, Some(Ok((150, false))));
}

async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}
