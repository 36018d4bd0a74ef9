//! Digests of the file over several parts, and of one part.

use super::*;
use crate::digest::{Algorithm, Hasher};
use Algorithm::{Sha256, Sha512};

fn digests(data: &[u8], algorithm: Algorithm) -> Digests {
    let mut hasher = Hasher::new([algorithm]);
    hasher.update(data);
    hasher.digests()
}

fn plan(data: &[u8]) -> DigestPlan {
    DigestPlan { expected: digests(data, Sha256), wanted: Some(Sha512) }
}

impl Setup {
    async fn carry_checked(&self, part: Beginning, data: Bytes, plan: &DigestPlan) -> End {
        self.feed_with(part, Feed::of([data]).1, |upload| upload.digests = plan.clone()).end().await
    }

    async fn carry_part(&self, part: Beginning, data: Bytes, of: &[u8]) -> End {
        let content = digests(of, Sha256);
        self.feed_with(part, Feed::of([data]).1, |upload| upload.content_digest = content).end().await
    }
}

fn told(end: &End) -> HeaderValue {
    end.stored.as_ref().unwrap().headers["repr-digest"].clone()
}

#[tokio::test(start_paused = true)]
async fn the_digest_of_the_file_is_made_over_all_parts() {
    let (setup, plan) = (Setup::new(300), plan(&bytes(0..300)));
    let mut end = setup.carry_checked(setup.part(0, Some(130), false), bytes(0..130), &plan).await;
    end = setup.carry_checked(end.then(Some(140), false, 300), bytes(130..140), &plan).await;
    // Told of 100 bytes only: what comes twice is hashed once.
    let part = Beginning { from: 100, ..end.then(Some(300), true, 300) };
    end = setup.carry_checked(part, bytes(100..300), &plan).await;
    assert_eq!(end.how, "stored");
    assert_eq!(told(&end), digests(&bytes(0..300), Sha512).field().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_file_with_another_digest_is_not_published() {
    for parts in [1, 2] {
        let (setup, plan) = (Setup::new(300), plan(&bytes(0..299)));
        let mut part = setup.part(0, Some(300), true);
        let mut from = 0;
        if parts == 2 {
            from = 150;
            let end = setup.carry_checked(setup.part(0, Some(150), false), bytes(0..150), &plan).await;
            part = end.then(Some(300), true, 300);
        }
        let end = setup.carry_checked(part, bytes(from..300), &plan).await;
        assert_eq!(end.how, "failed digest_mismatch complete");
        let log = setup.log();
        assert_eq!(log.last().map(String::as_str), Some("Cancel-Session"));
        assert!(!log.contains(&"Close-Session".into()));
        assert_eq!((setup.published().len(), setup.sessions()), (0, 0));
    }
}

/// A crash after the backend took everything, or much: the record is behind.
#[tokio::test(start_paused = true)]
async fn the_digest_is_right_when_the_backend_is_ahead() {
    for has in [200, 300] {
        for leaves in [None, Some(120), Some(250)] {
            let (setup, plan) = (Setup::new(300), plan(&bytes(0..300)));
            let recorded =
                setup.carry_checked(setup.part(0, Some(50), false), bytes(0..50), &plan).await.next;
            let part =
                Beginning { from: 50, continuation: recorded.clone(), ..setup.part(50, Some(has), false) };
            setup.carry_checked(part, bytes(50..has), &plan).await;
            let mut next = recorded;
            next.checkpoint.as_mut().unwrap().in_doubt = true;
            let mut part = Beginning { from: 50, end: Some(300), last: true, total: 300, continuation: next };
            if let Some(to) = leaves {
                let (feeder, _, body) = Feed::new();
                give(&feeder, 50..to);
                let attempt = setup.feed_with(part, body, |upload| upload.digests = plan.clone());
                settle().await;
                attempt.order(LEFT);
                let end = attempt.end().await;
                assert!(end.how.starts_with("paused"), "{}", end.how);
                assert!(end.next.offset() <= to, "the digest needs what the client has not brought");
                part = end.then(Some(300), true, 300);
            }
            let from = part.from;
            let end = setup.carry_checked(part, bytes(from..300), &plan).await;
            assert_eq!(end.how, "stored", "{has} {leaves:?}");
            assert_eq!(told(&end), digests(&bytes(0..300), Sha512).field().unwrap());
            assert_eq!(setup.published(), [bytes(0..300)]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_with_a_digest_of_its_own_is_held_until_it_is_checked() {
    let setup = Setup::new(300);
    let (feeder, _, body) = Feed::new();
    let content = digests(&bytes(0..250), Sha256);
    let attempt = setup.feed_with(setup.part(0, Some(250), false), body, |upload| {
        upload.content_digest = content;
    });
    give(&feeder, 0..249);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(setup.log(), ["Create-Session"]);
    give(&feeder, 249..250);
    let end = attempt.end().await;
    assert_eq!(end.how, "taken 250");
    assert_eq!(
        setup.carry_part(end.then(Some(300), true, 300), bytes(250..300), &bytes(250..300)).await.how,
        "stored"
    );
    assert_eq!(setup.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_part_with_a_wrong_digest_is_sent() {
    for (end, last) in [(Some(300), true), (Some(250), false), (None, true), (None, false)] {
        let setup = Setup::new(300);
        let data = bytes(0..end.unwrap_or(300));
        let refused = setup.carry_part(setup.part(0, end, last), data, b"another").await;
        assert_eq!(refused.how, "refused 0 digest_mismatch", "{end:?} {last}");
        assert_eq!(setup.log(), ["Create-Session"]);
        let next = refused.then(Some(300), true, 300);
        assert_eq!(setup.carry_part(next, bytes(0..300), &bytes(0..300)).await.how, "stored");
        assert_eq!(setup.published(), [bytes(0..300)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_checked_is_dropped() {
    let setup = Setup::new(300);
    let (feeder, _, body) = Feed::new();
    let content = digests(&bytes(0..250), Sha256);
    let attempt = setup.feed_with(setup.part(0, Some(250), false), body, |upload| {
        upload.content_digest = content;
    });
    give(&feeder, 0..200);
    settle().await;
    attempt.order(LEFT);
    assert_eq!(attempt.end().await.how, "paused 0 client_gone");
    assert_eq!(setup.log(), ["Create-Session"]);
}
