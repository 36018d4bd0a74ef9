//! How fast a body has to come, and how long it may take. Whole uploads, too.

use super::*;
use crate::digest::{Algorithm, Hasher};
use tokio::sync::Semaphore;

const SECOND: Duration = Duration::from_secs(1);

/// A file of 1,000 bytes that has to come at 10 bytes a second, measured over 10 s.
fn paced(plan: impl FnMut(&str) -> Fate + Send + 'static) -> Setup {
    Setup::new(1000).plan(plan).time(|time| {
        time.min_rate = 10;
        time.rate_window = 10 * SECOND;
    })
}

/// One piece a second, as long as somebody takes them.
async fn drip(feeder: Feeder, piece: u64) {
    for from in (0..1000).step_by(piece as usize) {
        sleep(SECOND).await;
        if feeder.send(Ok(Frame::data(bytes(from..from + piece)))).is_err() {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_ends_with_its_window() {
    let setup = paced(|_| Fate::Serve);
    let (feeder, _, body) = Feed::new();
    let running = setup.start(body);
    let (started, dripping) = (running.started, tokio::spawn(drip(feeder, 8)));
    running.failed(Problem::ClientSlow).await;
    assert_eq!(started.elapsed().as_secs(), 10);
    dripping.await.unwrap();
    assert_eq!(setup.log().last().map(String::as_str), Some("Cancel-Session"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_just_fast_enough_is_taken() {
    for (rate, piece) in [(10, 10), (0, 1)] {
        let setup = paced(|_| Fate::Serve).time(|time| time.min_rate = rate);
        let (feeder, _, body) = Feed::new();
        let running = setup.start(body);
        tokio::spawn(drip(feeder, piece));
        running.stored().await;
        assert_eq!(setup.published(), [bytes(0..1000)]);
    }
}

/// Fast at first, and then slow: the windows before do not count.
#[tokio::test(start_paused = true)]
async fn a_good_beginning_is_no_excuse() {
    let setup = paced(|_| Fate::Serve);
    let (feeder, _, body) = Feed::new();
    let running = setup.start(body);
    let started = running.started;
    give(&feeder, 0..500);
    let slow = tokio::spawn(async move {
        for from in 500..1000 {
            sleep(SECOND).await;
            if feeder.send(Ok(Frame::data(bytes(from..from + 1)))).is_err() {
                return;
            }
        }
    });
    running.failed(Problem::ClientSlow).await;
    assert_eq!(started.elapsed().as_secs(), 20);
    slow.await.unwrap();
}

/// While nothing is read from it the client is not slow.
#[tokio::test(start_paused = true)]
async fn a_slow_backend_is_not_the_clients_fault() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let setup = paced(move |name| match name {
        "bytes 100-199/1000" => Fate::When(Arc::clone(&held)),
        _ => Fate::Serve,
    });
    let (feeder, _, body) = Feed::new();
    let running = setup.start(body);
    give(&feeder, 0..400);
    sleep(50 * SECOND).await;
    gate.add_permits(1);
    give(&feeder, 400..1000);
    running.stored().await;
}

#[tokio::test(start_paused = true)]
async fn what_dripped_into_an_upload_that_can_be_resumed_is_kept() {
    let setup = paced(|_| Fate::Serve);
    let (feeder, _, body) = Feed::new();
    let attempt = setup.feed(setup.part(0, Some(1000), true), body);
    tokio::spawn(drip(feeder, 5));
    let end = attempt.end().await;
    // The last drop may come at the very moment when the window ends.
    let from = end.next.offset();
    assert_eq!((end.how, end.took.as_secs()), (format!("paused {from} client_slow"), 10));
    assert!(from == 45 || from == 50, "{from}");
    let rest = Beginning { from, continuation: end.next, ..setup.part(0, Some(1000), true) };
    assert_eq!(setup.carry(rest, [bytes(from..1000)]).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..1000)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_whole_has_to_come_as_fast() {
    let setup = paced(|_| Fate::Serve);
    let (feeder, _, body) = Feed::new();
    let mut hasher = Hasher::new([Algorithm::Sha256]);
    hasher.update(&bytes(0..1000));
    let attempt = setup.feed_with(setup.part(0, Some(1000), false), body, |upload| {
        upload.content_digest = hasher.digests();
    });
    tokio::spawn(drip(feeder, 5));
    let end = attempt.end().await;
    assert_eq!((end.how.as_str(), end.took.as_secs()), ("paused 0 client_slow", 10));
}

#[tokio::test(start_paused = true)]
async fn a_body_has_to_be_whole_in_time() {
    let limited = |time: &mut TimeLimits| time.upload = Some(30 * SECOND);
    let setup = Setup::new(1000).time(limited);
    let (feeder, _, body) = Feed::new();
    let running = setup.start(body);
    let (started, dripping) = (running.started, tokio::spawn(drip(feeder, 10)));
    running.failed(Problem::UploadOverdue).await;
    assert_eq!(started.elapsed().as_secs(), 30);
    dripping.await.unwrap();

    let setup = Setup::new(1000).time(limited);
    let (feeder, _, body) = Feed::new();
    let attempt = setup.feed(setup.part(0, Some(1000), true), body);
    tokio::spawn(drip(feeder, 10));
    let end = attempt.end().await;
    assert!(["paused 290 upload_overdue", "paused 300 upload_overdue"].contains(&&*end.how), "{}", end.how);
    assert_eq!(end.took.as_secs(), 30);
    let from = end.next.offset();
    assert_eq!(setup.carry(end.then(Some(1000), true, 1000), [bytes(from..1000)]).await.how, "stored");
}

/// Every byte is there in time: what the backend needs then is not the client's time.
#[tokio::test(start_paused = true)]
async fn a_backend_that_takes_long_to_publish_is_waited_for() {
    let setup = Setup::new(300).time(|time| time.upload = Some(30 * SECOND)).plan(|name| match name {
        "Close-Session" => Fate::ServedAfter(60 * SECOND),
        _ => Fate::Serve,
    });
    setup.start(Feed::of([bytes(0..300)]).1).stored().await;
}
