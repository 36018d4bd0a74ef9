//! Uploads that are cancelled, replaced, expired, refused; and how many there may be.

use super::*;
use crate::upload::{Reply, Stored};
use world::give;

#[tokio::test(start_paused = true)]
async fn cancelling_leaves_nothing_whenever_it_comes() {
    // With which exchange under way, and how much of the file there is.
    for (slow, given) in [
        ("Create-Session", 0),
        ("nothing", 0),
        ("nothing", 150),
        ("bytes 0-99/300", 150),
        ("bytes 100-199/300", 300),
    ] {
        for waits in [Duration::ZERO, SECOND, 4 * SECOND] {
            for has_left in [false, true] {
                let case = format!("{slow} {given} {waits:?} {has_left}");
                let world = World::plan(move |name| match name == slow {
                    true => Fate::ServedAfter(3 * SECOND),
                    false => Fate::Serve,
                });
                let id = world.create(alice()).await;
                let (mut feeding, feeder, _) = world.feed(&id, 0);
                give(&feeder, 0..given);
                sleep(Duration::from_millis(500)).await;
                if has_left {
                    feeding.outcome.close();
                    drop(feeder);
                }
                sleep(waits).await;
                let all_there = given == 300 && waits > 3 * SECOND;
                let told = world.registry.cancel(&id).await;
                assert_eq!(told, Ok(()), "{case}");
                if !has_left && !all_there {
                    assert_eq!(at_once(&mut feeding).await.as_deref(), Some("cut off"), "{case}");
                }
                let gone = if all_there { Ok(()) } else { Err(Problem::UploadCancelled) };
                assert_eq!(
                    world.offset(&id).await.map(drop),
                    gone.and(Err(Problem::UploadCancelled)),
                    "{case}"
                );
                assert_eq!(world.registry.cancel(&id).await, Err(Problem::UploadCancelled), "{case}");
                let (late, _feeder, _) = world.feed(&id, 0);
                assert_eq!(outcome(late).await, "refused upload_cancelled", "{case}");
                world.is_clean(0).await;
                assert_eq!(world.store.len(), 0, "{case}");
                assert_eq!(world.published().len(), usize::from(all_there), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_an_idle_upload_cancels_its_session() {
    let world = World::new();
    let id = world.broken(None).await;
    world.is_clean(1).await;
    assert_eq!(world.registry.cancel(&id).await, Ok(()));
    world.is_clean(0).await;
    assert_eq!(world.log().last().map(String::as_str), Some("Cancel-Session"));
}

/// Between the end of its run and the record of that, nobody listens any more.
#[tokio::test(start_paused = true)]
async fn cancelling_an_upload_that_is_just_pausing_cancels_its_session() {
    let world = World::new();
    let (id, _feeding, feeder) = world.half_way(None).await;
    world.store.hold(true);
    drop(feeder);
    settle().await;
    let registry = world.registry.clone();
    let cancelled = tokio::spawn({
        let id = id.clone();
        async move { registry.cancel(&id).await }
    });
    settle().await;
    world.store.hold(false);
    assert_eq!(cancelled.await.unwrap(), Ok(()));
    world.is_clean(0).await;
    assert_eq!(world.store.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_newer_upload_of_the_same_client_replaces_the_older() {
    for feeds in [false, true] {
        let world = World::plan(|name| match name {
            "Cancel-Session" => Fate::ServedAfter(2 * SECOND),
            _ => Fate::Serve,
        });
        let (old, mut feeding, feeder) = world.half_way(alice()).await;
        let others = world.create(bob()).await;
        if !feeds {
            drop(feeder);
            assert_eq!(outcome(feeding).await, "cut off");
            feeding = world.feed(&others, 0).0;
            assert_eq!(outcome(feeding).await, "cut off");
            feeding = world.part(&others, 0, 0, false).0;
            world.registry.host().peer.lock().unwrap().log.clear();
        }
        let new = world.create(alice()).await;
        assert_eq!(world.offset(&old).await, Err(Problem::UploadSuperseded));
        if feeds {
            assert_eq!(at_once(&mut feeding).await.as_deref(), Some("cut off"));
        }
        assert_eq!(world.rest(&new, 0).await, "stored 300");
        // A server may not take two sessions for one target.
        let log = world.log();
        let place = |wanted: &str| log.iter().rposition(|name| name == wanted);
        assert!(place("Cancel-Session") < place("Create-Session"), "{log:?}");
        assert!(world.registry.find(&others, bob().as_ref()).is_some(), "another client's");
        world.registry.cancel(&others).await.unwrap();
        world.is_clean(0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_only_what_nobody_feeds_is_replaced() {
    let world = World::new();
    let idle = world.broken(None).await;
    let (fed, mut feeding, feeder) = world.half_way(None).await;
    assert_eq!(world.offset(&idle).await, Err(Problem::UploadSuperseded));
    let hers = world.create(alice()).await;
    let newer = world.create(None).await;
    assert_eq!(at_once(&mut feeding).await, None, "two of them may be two");
    assert!(world.registry.find(&hers, alice().as_ref()).is_some());
    give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    assert_eq!(world.offset(&fed).await, Ok((300, true)));
    for id in [newer, hers] {
        world.registry.cancel(&id).await.unwrap();
    }
    world.is_clean(0).await;
}

/// The one in the middle was never fed, so what it had to wait for is waited for by the next.
#[tokio::test(start_paused = true)]
async fn a_chain_of_replaced_uploads_is_waited_for() {
    let world = World::plan(|name| match name {
        "Cancel-Session" => Fate::ServedAfter(2 * SECOND),
        _ => Fate::Serve,
    });
    let (_, _feeding, _feeder) = world.half_way(alice()).await;
    world.create(alice()).await;
    let last = world.create(alice()).await;
    let started = Instant::now();
    assert_eq!(world.rest(&last, 0).await, "stored 300");
    assert_eq!(started.elapsed().as_secs(), 2);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_uploads_and_no_more() {
    let limits = UploadLimits { max_open: 4, max_open_per_client: 2, ..UploadLimits::default() };
    let world = World::with(limits, |_| Fate::Serve);
    // Fed, so that they are not replaced; and to other targets, for the clients that are known.
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(world.half_way(None).await);
    }
    let refused = world.try_create(alice()).await.unwrap_err();
    assert_eq!(refused.problem, Problem::TooManyUploads);
    assert_eq!(world.store.len(), 4, "no record of it");
    let (id, feeding, feeder) = held.pop().unwrap();
    give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    world.create(alice()).await;
    assert_eq!(world.try_create(bob()).await.unwrap_err().problem, Problem::TooManyUploads);
    assert_eq!((world.registry.open(), world.offset(&id).await), (4, Ok((300, true))));
}

#[tokio::test(start_paused = true)]
async fn of_one_client_there_are_so_many_and_no_more() {
    let limits = UploadLimits { max_open_per_client: 1, ..UploadLimits::default() };
    let world = World::with(limits, |name| match name {
        "Close-Session" => Fate::ServedAfter(60 * SECOND),
        _ => Fate::Serve,
    });
    let id = world.create(alice()).await;
    let (feeding, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..300);
    settle().await;
    // It is being published: nothing replaces it.
    assert_eq!(world.try_create(alice()).await.unwrap_err().problem, Problem::TooManyUploads);
    let bobs = world.create(bob()).await;
    assert_eq!(outcome(feeding).await, "stored 300");
    let hers = world.create(alice()).await;
    for id in [bobs, hers] {
        world.registry.cancel(&id).await.unwrap();
    }
    world.is_clean(0).await;
    assert!(world.registry.book().owners.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_for_expires() {
    let world = World::new();
    let limits = world.registry.host().limits().uploads.clone();
    let idle = world.broken(alice()).await;
    let done = world.create(bob()).await;
    assert_eq!(world.rest(&done, 0).await, "stored 300");
    let (fed, _feeding, _feeder) = world.half_way(None).await;

    world.later(limits.keep - SECOND);
    world.registry.sweep();
    world.registry.host().peer.lock().unwrap().log.clear();
    assert_eq!((world.registry.open(), world.store.len()), (2, 3));
    world.later(SECOND);
    world.registry.sweep();
    assert_eq!(world.offset(&done).await, Err(Problem::UploadUnknown));
    settle().await;
    assert_eq!((world.registry.open(), world.store.len()), (2, 2));

    world.later(limits.expire - limits.keep);
    world.registry.sweep();
    assert_eq!(world.offset(&idle).await, Err(Problem::UploadExpired));
    settle().await;
    assert_eq!(world.log(), ["Cancel-Session"]);
    // A client that is there is one sign of life.
    assert_eq!((world.registry.open(), world.store.len()), (1, 1));
    world.registry.cancel(&fed).await.unwrap();
    world.idle(&fed).await;
    world.later(limits.keep);
    world.registry.sweep();
    world.is_clean(0).await;
    assert_eq!((world.registry.book().entries.len(), world.store.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_backend_ends_the_upload_before_it_is_told() {
    let world = World::plan(|_| Fate::Instead(403, "0"));
    let id = world.create(alice()).await;
    let (feeding, _feeder, seen) = world.feed(&id, 0);
    assert_eq!(outcome(feeding).await, "failed forbidden 0");
    assert_eq!((world.store.len(), world.offset(&id).await), (0, Err(Problem::Forbidden)));
    assert_eq!(seen.polls.load(std::sync::atomic::Ordering::Relaxed), 0);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_not_told_as_a_failure() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::Instead(503, "0"),
        _ => Fate::Serve,
    });
    let (id, feeding, feeder) = world.half_way(None).await;
    drop(feeder);
    assert_eq!(outcome(feeding).await, "cut off");
    world.serve();
    assert_eq!(world.offset(&id).await, Ok((100, false)));
    assert_eq!(world.rest(&id, 100).await, "stored 300");
    // A session that is lost: it cannot be resumed, and begins anew by itself.
    let id = world.broken(None).await;
    world.registry.host().peer.lock().unwrap().server.forget_all();
    assert_eq!(world.rest(&id, 150).await, "cut off");
    assert_eq!(world.offset(&id).await, Err(Problem::SessionLost));
    world.is_clean(0).await;
}

/// An application may answer with a megabyte, and a client may upload small files as fast as it can.
#[tokio::test(start_paused = true)]
async fn large_answers_are_kept_for_as_long_as_there_is_room() {
    let world = World::new();
    let (each, room) = (1 << 20, 32);
    let mut ids = Vec::new();
    for _ in 0..room + 8 {
        let id = world.create(None).await;
        let entry = world.registry.entry(&id).unwrap();
        let reply = Reply { content_type: None, body: vec![7; each].into() };
        let stored = Stored { reply: Some(reply), ..Stored::default() };
        entry.lock().life.finished(Ok(stored), world.registry.host().now());
        world.registry.ended(&entry);
        world.registry.record(&entry).await;
        ids.push(id);
    }
    sleep(SECOND).await;
    for (number, id) in ids.iter().enumerate() {
        let wanted = if number < 8 { Err(Problem::UploadUnknown) } else { Ok((300, true)) };
        assert_eq!(world.offset(id).await, wanted, "{number}");
    }
    assert_eq!(world.store.len(), room);
    world.later(UploadLimits::default().keep * 2);
    world.registry.sweep();
    assert_eq!(world.registry.book().answers, 0);
    world.is_clean(0).await;
}

/// Whoever begins uploads and sends nothing does not keep others out.
#[tokio::test(start_paused = true)]
async fn what_waits_for_its_first_byte_makes_room_after_a_while() {
    let limits = UploadLimits { max_open: 2, ..UploadLimits::default() };
    let world = World::with(limits, |_| Fate::Serve);
    let (fed, _feeding, _feeder) = world.half_way(None).await;
    let empty = world.create(alice()).await;
    assert_eq!(world.try_create(bob()).await.unwrap_err().problem, Problem::TooManyUploads, "it is new");
    world.later(60 * SECOND);
    world.create(bob()).await;
    assert_eq!(world.registry.open(), 2);
    assert_eq!(world.offset(&empty).await, Err(Problem::UploadExpired));
    assert!(world.registry.entry(&fed).unwrap().lock().life.is_open());
}
