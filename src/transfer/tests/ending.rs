//! Ends that are not success: who is told what, what is cancelled, and how long it takes.

use super::*;
use peers::Feeder;
use std::io;
use tokio::sync::Semaphore;

const CANCEL: Duration = Duration::from_secs(10);

/// 300 bytes, of which 150 have come, served by this plan.
fn half_way(plan: impl FnMut(&str) -> Fate + Send + 'static) -> (Setup, Running, Feeder) {
    let setup = Setup::new(300).plan(plan);
    let (feeder, _, body) = Feed::new();
    feeder.send(Ok(http_body::Frame::data(bytes(0..150)))).unwrap();
    let running = setup.start(body);
    (setup, running, feeder)
}

/// Nothing is left of the upload: not at the backend, not in memory.
fn assert_clean(setup: &Setup) {
    let state = setup.host.lock().unwrap();
    assert_eq!(state.log.last().map(String::as_str), Some("Cancel-Session"));
    assert_eq!((state.server.sessions().count(), state.published.len()), (0, 0));
    assert_eq!(setup.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stalls_gets_408() {
    let (setup, running, _feeder) = half_way(|_| Fate::Serve);
    let started = running.started;
    running.failed(Problem::ClientStalled).await;
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_clean(&setup);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_no_stalled_one() {
    let (setup, running, feeder) = half_way(|_| Fate::Serve);
    for from in 150..300 {
        sleep(Duration::from_secs(59)).await;
        feeder.send(Ok(http_body::Frame::data(bytes(from..from + 1)))).unwrap();
    }
    running.stored().await;
    assert_eq!(setup.host.lock().unwrap().published, [bytes(0..300)]);
}

/// While nothing is read from it, the client cannot be late.
#[tokio::test(start_paused = true)]
async fn a_client_is_not_blamed_for_a_slow_backend() {
    let (_setup, running, feeder) = half_way(|name| match name {
        "Create-Session" => Fate::Serve,
        _ => Fate::ServedAfter(Duration::from_secs(59)),
    });
    // All of the second fragment is there, so the client is not read from for a while.
    feeder.send(Ok(http_body::Frame::data(bytes(150..200)))).unwrap();
    sleep(Duration::from_secs(59 + 55)).await;
    feeder.send(Ok(http_body::Frame::data(bytes(200..300)))).unwrap();
    running.stored().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_cancelled() {
    let (setup, running, feeder) = half_way(|_| Fate::Serve);
    feeder.send(Err(io::ErrorKind::ConnectionReset.into())).unwrap();
    running.failed(Problem::ClientGone).await;
    assert_clean(&setup);

    let (setup, mut running, feeder) = half_way(|_| Fate::Serve);
    drop(feeder);
    let outcome = running.outcome().await;
    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.detail, "the body ended after 150 of 300 bytes");
    assert_eq!((outcome.report.received, outcome.report.acknowledged), (150, 100));
    running.task.await.unwrap();
    assert_clean(&setup);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_noticed_and_cancelled() {
    // While the body is waited for, while a fragment is under way, and in a pause.
    for trouble in 0..3 {
        let (setup, mut running, _feeder) = half_way(move |name| match (trouble, name) {
            (1, "bytes 0-99/300") => Fate::Never,
            (2, "bytes 0-99/300") => Fate::Instead(503, "200"),
            _ => Fate::Serve,
        });
        sleep(Duration::from_secs(1)).await;
        running.client = None;
        let left = Instant::now();
        let (failure, _) = running.task.await.unwrap();
        assert_eq!(failure.map(|failure| failure.problem), Some(Problem::ClientGone));
        // A fragment that the backend does not answer is given as long as a Cancel.
        assert_eq!(left.elapsed(), if trouble == 1 { CANCEL } else { Duration::ZERO }, "{trouble}");
        assert_clean(&setup);
    }
}

#[tokio::test(start_paused = true)]
async fn leaving_before_the_session_is_open_needs_no_cancel() {
    let (setup, mut running, _feeder) = half_way(|_| Fate::Instead(503, "200"));
    sleep(Duration::from_secs(1)).await;
    running.client = None;
    running.task.await.unwrap();
    assert_eq!(setup.host.lock().unwrap().log, ["Create-Session"]);
}

#[tokio::test(start_paused = true)]
async fn the_stop_token_ends_an_upload() {
    let (setup, running, _feeder) = half_way(|_| Fate::Serve);
    sleep(Duration::from_secs(1)).await;
    setup.stop.cancel();
    running.failed(Problem::ShuttingDown).await;
    assert_clean(&setup);
}

#[tokio::test(start_paused = true)]
async fn the_client_need_not_wait_for_the_cancel() {
    let (_setup, running, feeder) = half_way(|name| match name {
        "Cancel-Session" => Fate::ServedAfter(Duration::from_secs(7)),
        _ => Fate::Serve,
    });
    drop(feeder);
    assert_eq!(running.failed(Problem::ClientGone).await, Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_not_tried_for_ever() {
    for fate in [|| Fate::Never, || Fate::Instead(503, "0"), || Fate::Instead(503, "1000")] {
        let (setup, running, feeder) = half_way(move |name| match name {
            "Cancel-Session" => fate(),
            _ => Fate::Serve,
        });
        drop(feeder);
        let took = running.failed(Problem::ClientGone).await;
        assert!(took <= 2 * CANCEL, "{took:?}");
        assert_eq!(setup.shared.budget.used(), 0);
    }
}

/// Every byte is acknowledged: the file is published whether or not anybody waits for the answer.
#[tokio::test(start_paused = true)]
async fn close_goes_on_without_the_client() {
    for stops in [false, true] {
        let gate = Arc::new(Semaphore::new(0));
        let (held, mut closes) = (Arc::clone(&gate), 0);
        let setup = Setup::new(100).plan(move |name| match name {
            "Close-Session" => {
                closes += 1;
                if closes == 1 { Fate::Instead(503, "30") } else { Fate::When(Arc::clone(&held)) }
            }
            _ => Fate::Serve,
        });
        let mut running = setup.start(Feed::of([bytes(0..100)]).1);
        settle().await;
        // In the pause; then the second Close is under way.
        if stops {
            setup.stop.cancel();
        } else {
            running.client = None;
        }
        sleep(Duration::from_secs(100)).await;
        assert_eq!(running.log().last().map(String::as_str), Some("Close-Session"));
        gate.add_permits(1);
        assert_eq!(running.task.await.unwrap().0, None);
        assert_eq!(setup.host.lock().unwrap().published, [bytes(0..100)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_report_tells_the_tail() {
    let setup = Setup::new(100).plan(|name| match name {
        "Close-Session" => Fate::ServedAfter(Duration::from_secs(3)),
        _ => Fate::ServedAfter(Duration::from_secs(1)),
    });
    let (_, report) = setup.start(Feed::of([bytes(0..100)]).1).stored().await;
    assert_eq!((report.duration, report.tail), (Duration::from_secs(5), Some(Duration::from_secs(4))));
    assert!(report.session.is_some());
}
