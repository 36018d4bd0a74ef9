//! Clients that leave, and other reasons to stop.

use super::*;
use crate::bits::server::OverlapRule;
use std::io;

/// 300 bytes, of which 150 have come, served by this plan.
fn half_way(plan: impl FnMut(&str) -> Fate + Send + 'static) -> (Setup, Attempt, Feeder) {
    let setup = Setup::new(300).plan(plan);
    let (feeder, _, body) = Feed::new();
    give(&feeder, 0..150);
    let attempt = setup.feed(setup.part(0, Some(300), true), body);
    (setup, attempt, feeder)
}

/// The rest of the file comes, and the file is what was sent.
async fn goes_on(setup: &Setup, end: End) {
    let from = end.next.offset();
    let end = setup.carry(end.then(Some(300), true, 300), [bytes(from..300)]).await;
    assert_eq!(end.how, "stored");
    assert_eq!(setup.published(), [bytes(0..300)]);
    assert!(!setup.log().contains(&"Cancel-Session".into()));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_brought_reaches_the_backend_before_it_pauses() {
    for way in ["told", "reset", "ended", "stalled"] {
        let (setup, attempt, feeder) = half_way(|_| Fate::Serve);
        settle().await;
        let mut feeder = Some(feeder);
        match way {
            "told" => attempt.order(LEFT),
            "reset" => feeder.as_ref().unwrap().send(Err(io::ErrorKind::ConnectionReset.into())).unwrap(),
            "ended" => feeder = None,
            _ => {}
        }
        let end = attempt.end().await;
        drop(feeder);
        let why = if way == "stalled" { "client_stalled" } else { "client_gone" };
        assert_eq!(end.how, format!("paused 150 {why}"), "{way}");
        assert_eq!((end.report.from, end.report.received, end.report.acknowledged), (0, 150, 150));
        goes_on(&setup, end).await;
        let log = setup.log();
        let wanted = ["Create-Session", "bytes 0-99/300", "bytes 100-149/300", "bytes 150-249/300"];
        assert_eq!(log[..4], wanted, "nothing is sent twice");
        assert_eq!(log[4..], ["bytes 250-299/300", "Close-Session"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_session_is_open_leaves_nothing_in_doubt() {
    let (setup, attempt, _feeder) = half_way(|name| match name {
        "Create-Session" => Fate::ServedAfter(Duration::from_secs(3)),
        _ => Fate::Serve,
    });
    settle().await;
    attempt.order(LEFT);
    let end = attempt.end().await;
    assert_eq!((end.how.as_str(), end.took), ("paused 0 client_gone", Duration::from_secs(3)));
    goes_on(&setup, end).await;

    // It is not waited for longer than for a fragment.
    let (setup, attempt, _feeder) = half_way(|_| Fate::Never);
    settle().await;
    attempt.order(LEFT);
    let end = attempt.end().await;
    assert_eq!(end.how, "paused - client_gone");
    assert!(end.took < Duration::from_secs(6), "{:?}", end.took);
    setup.host.lock().unwrap().plan = Box::new(|_| Fate::Serve);
    goes_on(&setup, end).await;
}

#[tokio::test(start_paused = true)]
async fn where_bytes_may_be_sent_again_a_slow_backend_is_waited_for_a_while() {
    // The fragment arrives, or not; nobody knows.
    for fate in [|| Fate::Never, || Fate::Silent] {
        for rule in [OverlapRule::Refuse, OverlapRule::Trim] {
            let mut asked = 0;
            let (mut setup, attempt, _feeder) = half_way(move |name| match name {
                "bytes 100-149/300" => {
                    asked += 1;
                    if asked == 1 { fate() } else { Fate::Serve }
                }
                _ => Fate::Serve,
            });
            setup = setup.knobs(|knobs| knobs.fragment.overlap = rule);
            settle().await;
            attempt.order(LEFT);
            let end = attempt.end().await;
            assert_eq!(end.how, "paused 100? client_gone");
            assert_eq!(end.took.as_secs(), 5, "limits.uploads.settle");
            goes_on(&setup, end).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_byte_may_be_sent_again_a_slow_backend_is_waited_for() {
    for profile in [&Profile::UNKNOWN, &Profile::APPEND] {
        let mut setup = Setup::new(300).plan(|name| match name {
            "bytes 100-149/300" => Fate::ServedAfter(Duration::from_secs(30)),
            _ => Fate::Serve,
        });
        setup.route.profile = Some(profile);
        let (feeder, _, body) = Feed::new();
        give(&feeder, 0..150);
        let attempt = setup.feed(setup.part(0, Some(300), true), body);
        settle().await;
        attempt.order(LEFT);
        let end = attempt.end().await;
        assert_eq!((end.how.as_str(), end.took.as_secs()), ("paused 150 client_gone", 30));
        goes_on(&setup, end).await;

        // But the end of the program waits for nobody.
        let mut setup = Setup::new(300).plan(|name| match name {
            "bytes 100-149/300" => Fate::ServedAfter(Duration::from_secs(50)),
            _ => Fate::Serve,
        });
        setup.route.profile = Some(profile);
        let (feeder, _, body) = Feed::new();
        give(&feeder, 0..150);
        let attempt = setup.feed(setup.part(0, Some(300), true), body);
        settle().await;
        attempt.order(LEFT);
        sleep(Duration::from_secs(20)).await;
        attempt.order(STOP);
        let end = attempt.end().await;
        assert_eq!((end.how.as_str(), end.took.as_secs()), ("failed fragment_in_doubt", 20));
    }
}

#[tokio::test(start_paused = true)]
async fn with_every_byte_in_hand_it_goes_on_without_the_client() {
    let setup = Setup::new(300).plan(|_| Fate::ServedAfter(Duration::from_secs(4)));
    let attempt = setup.feed(setup.part(0, Some(300), true), Feed::of([bytes(0..300)]).1);
    sleep(Duration::from_secs(9)).await;
    attempt.order(LEFT);
    let end = attempt.end().await;
    assert_eq!((end.how.as_str(), end.took.as_secs()), ("stored", 20));
    assert_eq!(setup.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_program_does_not_wait_for_the_whole_file() {
    let setup = Setup::new(300).plan(|_| Fate::ServedAfter(Duration::from_secs(4)));
    let attempt = setup.feed(setup.part(0, Some(300), true), Feed::of([bytes(0..300)]).1);
    sleep(Duration::from_secs(5)).await;
    attempt.order(STOP);
    let end = attempt.end().await;
    assert_eq!((end.how.as_str(), end.took.as_secs()), ("paused 100? shutting_down", 10));
    goes_on(&setup, end).await;
}

#[tokio::test(start_paused = true)]
async fn publishing_is_not_disturbed() {
    for order in [LEFT, STOP, ABANDON] {
        let setup = Setup::new(100).plan(|name| match name {
            "Close-Session" => Fate::ServedAfter(Duration::from_secs(60)),
            _ => Fate::Serve,
        });
        let attempt = setup.feed(setup.part(0, Some(100), true), Feed::of([bytes(0..100)]).1);
        sleep(Duration::from_secs(1)).await;
        attempt.order(order);
        assert_eq!(attempt.end().await.how, "stored");
        assert_eq!(setup.published(), [bytes(0..100)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_any_more_leaves_no_session() {
    // While the session is opened, gathering, with a fragment under way, in a pause; and with no answer ever.
    let second = Duration::from_secs(1);
    /// What is asked, what then happens, and after how many seconds the run is over.
    type Row = (&'static str, fn() -> Fate, u64);
    let plans: [Row; 6] = [
        ("Create-Session", || Fate::ServedAfter(Duration::from_secs(3)), 3),
        ("Create-Session", || Fate::Instead(503, "10"), 1),
        ("nothing", || Fate::Serve, 1),
        ("bytes 0-99/300", || Fate::ServedAfter(Duration::from_secs(3)), 3),
        ("bytes 0-99/300", || Fate::Instead(503, "10"), 1),
        ("bytes 0-99/300", || Fate::Never, 11),
    ];
    for (what, fate, took) in plans {
        let (setup, attempt, _feeder) = half_way(move |name| if name == what { fate() } else { Fate::Serve });
        sleep(second).await;
        attempt.order(LEFT);
        attempt.order(ABANDON);
        let end = attempt.end().await;
        let paused = end.how.starts_with("paused");
        assert!(paused || end.how == "failed upload_cancelled", "{what}: {}", end.how);
        if paused {
            // It was over before the second order: whoever gave it cancels the session.
            let Some(checkpoint) = end.next.checkpoint.clone() else { continue };
            let upload = setup.upload(end.then(Some(300), true, 300));
            let mut host = Host::new(Arc::clone(&setup.host));
            cancel(&upload, checkpoint, &mut host, &setup.shared, |_| {}).await;
        } else {
            assert_eq!(end.took.as_secs(), took, "{what}");
        }
        assert_eq!((setup.sessions(), setup.published().len()), (0, 0), "{what}");
        assert_eq!(setup.shared.budget.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_there_before_the_run_counts() {
    let setup = Setup::new(300);
    let (feeder, _, body) = Feed::new();
    give(&feeder, 0..50);
    let attempt = setup.feed(setup.part(0, Some(300), true), body);
    attempt.order(ABANDON);
    assert_eq!(attempt.end().await.how, "failed upload_cancelled");
    assert_eq!(setup.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_wanted_at_the_last_moment_is_not_published() {
    let mut setup = Setup::new(300);
    setup.unwanted = Some(Failure::new(Problem::UploadCancelled, "it is not wanted any more"));
    let end = setup.carry(setup.part(0, Some(300), true), [bytes(0..300)]).await;
    assert_eq!(end.how, "failed upload_cancelled complete");
    assert_eq!((setup.sessions(), setup.published().len()), (0, 0));
    assert!(!setup.log().contains(&"Close-Session".into()));
}
