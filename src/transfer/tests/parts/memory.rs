//! Parts and the budget: nobody waits for memory that only somebody else who waits could give back.

use super::*;
use crate::digest::{Algorithm, Hasher};

const KIB: u64 = 1024;

/// Parts with a `Content-Digest` are held until they are whole. Those that come at the same pace must not wait for each other.
#[tokio::test(start_paused = true)]
async fn parts_that_are_held_whole_do_not_wait_for_each_other() {
    let (piece, pieces) = (16 * KIB, 32);
    let size = pieces * piece;
    let mut setup = Setup::new(size).fragments(fixed(size));
    setup.shared.budget = Budget::new(2 * size);
    let mut hasher = Hasher::new([Algorithm::Sha256]);
    hasher.update(&bytes(0..size));
    let digest = hasher.digests();
    let part = || Beginning { end: Some(size), last: false, ..Beginning::whole(size) };
    let (mut feeders, mut running) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (feeder, _, body) = Feed::new();
        feeders.push(feeder);
        running.push(setup.feed_with(part(), body, |upload| upload.content_digest = digest.clone()));
    }
    for i in 0..pieces {
        for feeder in &feeders {
            give(feeder, i * piece..(i + 1) * piece);
        }
        sleep(Duration::from_secs(1)).await;
    }
    for part in running {
        let end = timeout(Duration::from_secs(600), part.end()).await.expect("an end");
        assert_eq!(end.how, format!("taken {size}"));
    }
}

/// All that is missing is the end of the body, which takes no memory. Whoever holds bytes must not wait for some.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_chunked_body_does_not_wait_for_memory() {
    let size = 32 * KIB;
    let mut setup = Setup::new(size).fragments(fixed(size));
    setup.shared.budget = Budget::new(2 * size);
    let mut others = setup.shared.budget.open();
    others.extend(0, size).await;
    let (feeder, _, body) = Feed::new();
    give(&feeder, 0..size);
    let attempt = setup.feed(setup.part(0, None, false), body);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.log(), ["Create-Session", "bytes 0-32767/32768"]);
    drop((others, feeder));
    assert_eq!(attempt.end().await.how, format!("taken {size}"));
}

/// The connection of each holds a piece more, and that is counted, too: many small parts must not wait for each other for it.
#[tokio::test(start_paused = true)]
async fn many_small_parts_that_are_held_whole_do_not_wait_for_each_other() {
    let size = 64 * KIB;
    let mut setup = Setup::new(size).fragments(fixed(size));
    setup.shared.budget = Budget::new(4 * 1024 * KIB);
    let mut hasher = Hasher::new([Algorithm::Sha256]);
    hasher.update(&bytes(0..size));
    let digest = hasher.digests();
    let part = || Beginning { end: Some(size), last: false, ..Beginning::whole(size) };
    let (mut feeders, mut running) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let (feeder, _, body) = Feed::new();
        give(&feeder, 0..48 * KIB);
        feeders.push(feeder);
        running.push(setup.feed_with(part(), body, |upload| upload.content_digest = digest.clone()));
    }
    sleep(Duration::from_secs(1)).await;
    for from in (48 * KIB..size).step_by(KIB as usize) {
        for feeder in &feeders {
            give(feeder, from..from + KIB);
        }
        sleep(Duration::from_secs(1)).await;
    }
    for part in running {
        let end = timeout(Duration::from_secs(600), part.end()).await.expect("an end");
        assert_eq!(end.how, format!("taken {size}"));
    }
}
