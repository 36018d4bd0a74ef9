//! The newest request wins.

use super::*;
use bytes::Bytes;
use world::give;

#[tokio::test(start_paused = true)]
async fn a_newer_request_cuts_off_the_older_one_at_once() {
    let world = World::new();
    let (id, mut hanging, _feeder) = world.half_way(None).await;
    let (newer, feeder, _) = world.feed(&id, 150);
    // Its connection hangs; the client knows nothing of what has arrived there.
    assert_eq!(at_once(&mut hanging).await.as_deref(), Some("cut off"));
    give(&feeder, 150..300);
    assert_eq!(outcome(newer).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_the_offset_waits_for_what_is_under_way() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::ServedAfter(3 * SECOND),
        _ => Fate::Serve,
    });
    let (id, mut hanging, _feeder) = world.half_way(None).await;
    let started = Instant::now();
    let asked = world.offset(&id);
    let cut_off = at_once(&mut hanging);
    let (offset, cut_off) = tokio::join!(asked, cut_off);
    assert_eq!((offset, started.elapsed().as_secs()), (Ok((150, false)), 3));
    assert_eq!(cut_off.as_deref(), Some("cut off"));
    assert_eq!(world.rest(&id, 150).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_backend_does_not_keep_the_offset_back_for_ever() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::ServedAfter(30 * SECOND),
        _ => Fate::Serve,
    });
    let (id, _hanging, _feeder) = world.half_way(None).await;
    let started = Instant::now();
    assert_eq!(world.offset(&id).await, Ok((100, false)));
    assert_eq!(started.elapsed().as_secs(), 5, "limits.uploads.settle");
    world.serve();
    assert_eq!(world.rest(&id, 100).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_that_wait_the_newer_one_has_its_turn() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::ServedAfter(3 * SECOND),
        _ => Fate::Serve,
    });
    let (id, mut first, _feeder) = world.half_way(None).await;
    let (mut second, _feeder2, seen) = world.feed(&id, 150);
    assert_eq!(at_once(&mut first).await.as_deref(), Some("cut off"));
    assert_eq!(at_once(&mut second).await, None);
    let (third, feeder, _) = world.feed(&id, 150);
    assert_eq!(at_once(&mut second).await.as_deref(), Some("cut off"));
    give(&feeder, 150..300);
    assert_eq!(outcome(third).await, "stored 300");
    assert_eq!(seen.polls.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_may_leave() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::ServedAfter(3 * SECOND),
        _ => Fate::Serve,
    });
    let (id, _first, _feeder) = world.half_way(None).await;
    let (second, _feeder2, _) = world.feed(&id, 150);
    settle().await;
    drop(second);
    world.idle(&id).await;
    assert_eq!(world.rest(&id, 150).await, "stored 300");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_offset_is_refused_after_the_older_request_ended() {
    let world = World::new();
    let (id, mut hanging, _feeder) = world.half_way(None).await;
    let (wrong, _feeder2, _) = world.feed(&id, 100);
    assert_eq!(outcome(wrong).await, "refused offset_mismatch");
    assert_eq!(at_once(&mut hanging).await.as_deref(), Some("cut off"));
    assert_eq!(world.rest(&id, 150).await, "stored 300");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_published_is_not_disturbed() {
    let world = World::plan(|name| match name {
        "Close-Session" => Fate::ServedAfter(60 * SECOND),
        _ => Fate::Serve,
    });
    let id = world.create(None).await;
    let (mut first, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..300);
    settle().await;
    let started = Instant::now();
    assert_eq!(world.offset(&id).await, Ok((300, false)), "all there, no answer yet");
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(at_once(&mut first).await.as_deref(), Some("cut off"));
    // Two ask for the answer; the newer one gets it.
    let (mut second, _feeder2, _) = world.part(&id, 300, 0, true);
    settle().await;
    let (third, _feeder3, _) = world.part(&id, 300, 0, true);
    assert_eq!(at_once(&mut second).await.as_deref(), Some("cut off"));
    assert_eq!(outcome(third).await, "stored 300 again");
    assert_eq!(world.offset(&id).await, Ok((300, true)));
    let (again, _feeder4, _) = world.part(&id, 300, 0, true);
    assert_eq!(outcome(again).await, "stored 300 again");
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn uploads_of_others_are_not_there() {
    let world = World::new();
    let hers = world.create(alice()).await;
    let nobodys = world.create(None).await;
    let found =
        |id: &str, principal: Option<Principal>| world.registry.find(id, principal.as_ref()).is_some();
    assert!(found(&hers, alice()) && !found(&hers, bob()) && !found(&hers, None));
    assert!(found(&nobodys, alice()) && found(&nobodys, None));
    assert!(!found("0123", alice()));
    assert!(hers.len() == 32 && hers != nobodys);
}

#[tokio::test(start_paused = true)]
async fn parts_in_order() {
    let world = World::new();
    let id = world.create(None).await;
    for (from, content, complete, wanted) in [
        (0, 0, false, "taken 0"),
        (0, 120, false, "taken 120"),
        (120, 180, false, "taken 300"),
        (300, 0, false, "taken 300"),
        (300, 0, true, "stored 300"),
        (300, 1, true, "refused upload_completed"),
    ] {
        let (feeding, feeder, _) = world.part(&id, from, content, complete);
        give(&feeder, from..from + content);
        assert_eq!(outcome(feeding).await, wanted);
    }
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

/// Also when its turn has come, but an older upload to the same target is not out of the way.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_an_older_upload_is_cut_off_at_once() {
    let world = World::plan(|name| match name {
        "Cancel-Session" => Fate::Never,
        _ => Fate::Serve,
    });
    let (_, mut older, _feeder) = world.half_way(alice()).await;
    let id = world.create(alice()).await;
    assert_eq!(at_once(&mut older).await.as_deref(), Some("cut off"));
    let (mut first, _feeder2, seen) = world.feed(&id, 0);
    assert_eq!(at_once(&mut first).await, None);
    let (second, feeder, _) = world.feed(&id, 0);
    assert_eq!(at_once(&mut first).await.as_deref(), Some("cut off"));
    give(&feeder, 0..300);
    assert_eq!(outcome(second).await, "stored 300");
    assert_eq!(seen.polls.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(world.published(), [bytes(0..300)]);
}

/// A body whose reader panics.
struct Mine;

impl http_body::Body for Mine {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        panic!("on purpose")
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_panics_does_not_block_its_upload() {
    let world = World::new();
    let id = world.create(alice()).await;
    let append = Append {
        version: Version::named("6").unwrap(),
        offset: 0,
        complete: true,
        length: None,
        content: Some(300),
    };
    let client = Some(([127, 0, 0, 1], 1).into());
    let part = NewPart {
        client,
        append,
        content_digest: Digests::default(),
        carried: Default::default(),
        place: None,
        permit: Permit::default(),
    };
    let feeding = world.registry.feed(&id, part, Mine);
    assert!(feeding.outcome.await.is_err());
    let rest = tokio::time::timeout(600 * SECOND, world.rest(&id, 0)).await;
    assert_eq!(rest.as_deref(), Ok("stored 300"));
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}
