//! A backend that is further than was known, and trouble that lasts.

use super::*;

/// A backend that has 200 of 300 bytes, and where a crash left its record: 50 bytes, in doubt.
async fn behind(setup: &Setup) -> Continuation {
    let end = setup.carry(setup.part(0, Some(200), false), [bytes(0..200)]).await;
    let mut next = end.next;
    let checkpoint = next.checkpoint.as_mut().unwrap();
    (checkpoint.offset, checkpoint.in_doubt) = (50, true);
    setup.host.lock().unwrap().log.clear();
    next
}

fn from(offset: u64, continuation: Continuation) -> Beginning {
    Beginning { from: offset, end: Some(300), last: true, total: 300, continuation }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_were_acknowledged_are_read_and_dropped() {
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, Some(200), false), [bytes(0..200)]).await;
    // The client was told of 30 bytes.
    let pieces = (30..300).step_by(7).map(|at| bytes(at..(at + 7).min(300)));
    let end = setup.carry(from(30, end.next), pieces).await;
    assert_eq!((end.how.as_str(), end.report.from, end.report.received), ("stored", 200, 270));
    assert_eq!(setup.published(), [bytes(0..300)]);
    assert_eq!(setup.log()[3..], ["bytes 200-299/300", "Close-Session"]);

    // A part that is wholly known already.
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, Some(200), false), [bytes(0..200)]).await;
    let part = Beginning { end: Some(90), last: false, ..from(30, end.next) };
    let end = setup.carry(part, [bytes(30..90)]).await;
    assert_eq!((end.how.as_str(), setup.log().len()), ("taken 200", 3));
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_ahead_is_believed() {
    for size in [7, 60, 250] {
        let setup = Setup::new(300);
        let next = behind(&setup).await;
        let pieces = (50..300).step_by(size).map(|at| bytes(at..(at + size as u64).min(300)));
        assert_eq!(setup.carry(from(50, next), pieces).await.how, "stored");
        assert_eq!(setup.published(), [bytes(0..300)]);
        assert_eq!(setup.log(), ["bytes 50-149/300", "bytes 200-299/300", "Close-Session"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_bytes_are_skipped_goes_on_behind_them() {
    let setup = Setup::new(300);
    let next = behind(&setup).await;
    let (feeder, _, body) = Feed::new();
    give(&feeder, 50..170);
    let attempt = setup.feed(from(50, next), body);
    settle().await;
    attempt.order(LEFT);
    let end = attempt.end().await;
    assert_eq!(end.how, "paused 200? client_gone");
    let end = setup.carry(end.then(Some(300), true, 300), [bytes(200..300)]).await;
    assert_eq!((end.how.as_str(), setup.published()), ("stored", vec![bytes(0..300).to_vec()]));
}

#[tokio::test(start_paused = true)]
async fn trouble_that_lasts_leaves_the_session() {
    let window = Duration::from_secs(300);
    let setup = Setup::new(300).plan(|name| match name {
        "bytes 100-199/300" => Fate::Instead(503, "0"),
        _ => Fate::Serve,
    });
    let end = setup.carry(setup.part(0, Some(300), true), [bytes(0..300)]).await;
    assert!(end.how.starts_with("paused 100"), "{}", end.how);
    assert_eq!(end.next.checkpoint.as_ref().map(|checkpoint| checkpoint.offset), Some(100));
    assert!(end.took >= window && end.took < window + Duration::from_secs(10), "{:?}", end.took);
    assert!(!setup.log().contains(&"Cancel-Session".into()));
    setup.host.lock().unwrap().plan = Box::new(|_| Fate::Serve);
    assert_eq!(setup.carry(end.then(Some(300), true, 300), [bytes(100..300)]).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn trouble_before_there_is_a_session_leaves_nothing() {
    let setup = Setup::new(300).plan(|_| Fate::Instead(503, "0"));
    let (seen, body) = Feed::of([bytes(0..300)]);
    let end = setup.feed(setup.part(0, Some(300), true), body).end().await;
    assert_eq!(end.how, "paused - backend_unavailable");
    assert_eq!((end.next, seen.polls.load(Ordering::Relaxed)), (Continuation::default(), 0));
}

#[tokio::test(start_paused = true)]
async fn trouble_while_publishing_is_gone_on_with_later() {
    let setup = Setup::new(100).plan(|name| match name {
        "Close-Session" | "HEAD" => Fate::Instead(503, "0"),
        _ => Fate::Serve,
    });
    let end = setup.carry(setup.part(0, Some(100), true), [bytes(0..100)]).await;
    assert!(end.how.starts_with("paused 100!"), "{}", end.how);
    setup.host.lock().unwrap().plan = Box::new(|_| Fate::Serve);
    assert_eq!(setup.carry(end.then(Some(100), true, 100), []).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..100)]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_lost_ends_the_upload() {
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, Some(200), false), [bytes(0..200)]).await;
    setup.host.lock().unwrap().server.forget_all();
    let end = setup.carry(end.then(Some(300), true, 300), [bytes(200..300)]).await;
    assert_eq!(end.how, "failed session_lost");
}
