//! From the body to the backend: when it is read, how far ahead, and what arrives.

use super::*;
use crate::bits::server::{FragmentLimit, LimitAnswer};
use http_body::Frame;
use proptest::prelude::*;
use tokio::sync::Semaphore;

/// `total` bytes in pieces of `size`.
fn pieces(total: u64, size: u64) -> Vec<Bytes> {
    (0..total).step_by(size as usize).map(|from| bytes(from..(from + size).min(total))).collect()
}

#[tokio::test(start_paused = true)]
async fn the_body_is_not_touched_before_the_backend_agrees() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let setup = Setup::new(250).plan(move |name| match name {
        "Create-Session" => Fate::When(Arc::clone(&held)),
        _ => Fate::Serve,
    });
    let (seen, body) = Feed::of(pieces(250, 10));
    let running = setup.start(body);
    sleep(Duration::from_secs(30)).await;
    assert_eq!((running.log(), seen.polls.load(Ordering::Relaxed)), (vec!["Create-Session".into()], 0));
    gate.add_permits(1);
    running.stored().await;
    assert_eq!(seen.bytes.load(Ordering::Relaxed), 250);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_refused_upload_is_never_touched() {
    let setup = Setup::new(250).plan(|_| Fate::Instead(403, "0"));
    let (seen, body) = Feed::of(pieces(250, 10));
    setup.start(body).failed(Problem::Forbidden).await;
    assert_eq!(seen.polls.load(Ordering::Relaxed), 0);
}

/// How far the body is read while each of ten fragments of 100 bytes is on its way.
async fn read_ahead(largest: u64) -> Vec<u64> {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    // No patience with the client keeps them at their smallest.
    let sizes = FragmentLimits { max: largest, time: Duration::ZERO, ..fixed(100) };
    let setup = Setup::new(1000).fragments(sizes).plan(move |name| match name {
        name if name.starts_with("bytes") => Fate::When(Arc::clone(&held)),
        _ => Fate::Serve,
    });
    let (seen, body) = Feed::of(pieces(1000, 10));
    let running = setup.start(body);
    let mut read = Vec::new();
    for fragment in 1..=10 {
        settle().await;
        assert_eq!(running.log().len(), 1 + fragment);
        read.push(seen.bytes.load(Ordering::Relaxed));
        gate.add_permits(1);
    }
    let (_, report) = running.stored().await;
    assert_eq!((report.received, report.acknowledged, report.stats.fragments), (1000, 1000, 10));
    read
}

#[tokio::test(start_paused = true)]
async fn one_fragment_is_gathered_ahead_and_no_more() {
    let expected: Vec<u64> = (1..=10).map(|fragment| (fragment * 100 + 100).min(1000)).collect();
    assert_eq!(read_ahead(800).await, expected);
}

#[tokio::test(start_paused = true)]
async fn of_the_largest_fragments_only_a_part_is_gathered_ahead() {
    let expected: Vec<u64> = (1..=10).map(|fragment| (fragment * 100 + 20).min(1000)).collect();
    assert_eq!(read_ahead(100).await, expected);
}

#[tokio::test(start_paused = true)]
async fn large_pieces_are_never_copied() {
    let given = pieces(1_000_000, 40_000);
    let places: Vec<_> =
        given.iter().map(|piece| piece.as_ptr() as usize..piece.as_ptr() as usize + piece.len()).collect();
    let mut times = 0;
    // Sent a second time, too.
    let setup = Setup::new(1_000_000).fragments(fixed(100_000)).plan(move |name| {
        times += 1;
        if name.starts_with("bytes 300000") && times < 7 { Fate::Instead(503, "1") } else { Fate::Serve }
    });
    setup.start(Feed::of(given.clone()).1).stored().await;
    let state = setup.host.lock().unwrap();
    assert!(state.pieces.len() > given.len());
    for (at, len) in &state.pieces {
        assert!(places.iter().any(|place| place.contains(at) && at + len <= place.end), "a copy");
    }
    assert_eq!(state.published, [bytes(0..1_000_000)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_beyond_the_total_is_cut() {
    let setup = Setup::new(250);
    let (_, body) = Feed::of([bytes(0..120), bytes(120..400), bytes(400..500)]);
    let (_, report) = setup.start(body).stored().await;
    assert_eq!(report.received, 250);
    assert_eq!(setup.host.lock().unwrap().published, [bytes(0..250)]);
}

#[tokio::test(start_paused = true)]
async fn empty_pieces_and_trailers_are_not_bytes() {
    let setup = Setup::new(20);
    let (feeder, _, body) = Feed::new();
    for frame in [
        Frame::data(bytes(0..10)),
        Frame::data(Bytes::new()),
        Frame::trailers(HeaderMap::new()),
        Frame::data(bytes(10..20)),
    ] {
        feeder.send(Ok(frame)).unwrap();
    }
    setup.start(body).stored().await;
    assert_eq!(setup.host.lock().unwrap().published, [bytes(0..20)]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_created_and_closed() {
    let setup = Setup::new(0);
    let (seen, body) = Feed::of([]);
    let running = setup.start(body);
    running.stored().await;
    let state = setup.host.lock().unwrap();
    assert_eq!(state.log, ["Create-Session", "Close-Session"]);
    assert_eq!(seen.polls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_fragment_and_close_are_waited_for_longer() {
    let setup = Setup::new(250).plan(|name| match name {
        "Close-Session" => Fate::With(&[]),
        name if name.ends_with("249/250") => Fate::With(&[("bits-reply-url", "r.bin")]),
        _ => Fate::Serve,
    });
    let mut setup = setup;
    setup.route.reply = ReplyMode::Forward;
    let (stored, _) = setup.start(Feed::of(pieces(250, 10)).1).stored().await;
    assert_eq!(stored.reply.unwrap().body, "hi");
    let time = setup.shared.limits.time.clone();
    let state = setup.host.lock().unwrap();
    let waits: Vec<_> =
        state.log.iter().map(String::as_str).zip(state.patience.iter().map(|p| p.answer)).collect();
    let wanted = [
        ("Create-Session", time.ack),
        ("bytes 0-99/250", time.ack),
        ("bytes 100-199/250", time.ack),
        ("bytes 200-249/250", time.final_ack),
        ("GET r.bin", time.ack),
        ("Close-Session", time.final_ack),
    ];
    assert_eq!(waits, wanted);
    assert!(state.patience.iter().all(|p| (p.connect, p.stall) == (time.connect, time.stall)));
}

#[tokio::test(start_paused = true)]
async fn the_limit_that_one_upload_met_the_next_one_keeps() {
    let setup = Setup::new(60_000).fragments(fixed(20_000)).knobs(|knobs| {
        knobs.http.max_fragment = Some(FragmentLimit { bytes: 12_000, answer: LimitAnswer::Late413 });
    });
    setup.start(Feed::of(pieces(60_000, 1000)).1).stored().await;
    assert_eq!(setup.shared.ceiling.get(), Some(10_000));
    setup.host.lock().unwrap().log.clear();
    setup.start(Feed::of(pieces(60_000, 1000)).1).stored().await;
    let state = setup.host.lock().unwrap();
    assert_eq!(state.log[1], "bytes 0-9999/60000");
    assert_eq!(state.log.len(), 8);
    assert_eq!(state.published, [bytes(0..60_000), bytes(0..60_000)]);
}

#[tokio::test(start_paused = true)]
async fn headers_are_passed_on_as_the_route_says() {
    let mut setup = Setup::new(150).plan(|name| match name {
        "bytes 0-99/150" => Fate::With(&[("etag", "first"), ("x-file", "first")]),
        "bytes 100-149/150" => Fate::With(&[("x-file", "1"), ("x-file", "2"), ("x-secret", "no")]),
        "Close-Session" => Fate::With(&[("etag", "last")]),
        _ => Fate::Serve,
    });
    setup.route.response_headers = ["etag", "x-file", "x-none"].map(http::HeaderName::from_static).into();
    let (stored, _) = setup.start(Feed::of(pieces(150, 150)).1).stored().await;
    let got: Vec<_> =
        stored.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(got, [("etag", "last"), ("x-file", "1"), ("x-file", "2")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the pieces and whatever is lost on the way, the file is the same.
    #[test]
    fn any_pieces_make_the_same_file(
        cuts in prop::collection::vec(1u64..700, 1..40),
        fragment in 1u64..300,
        short in prop::option::of(1u64..200),
        troubles in prop::collection::vec(0u8..8, 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let total = cuts.iter().sum();
            let mut troubles = troubles.into_iter().cycle();
            let setup = Setup::new(total).fragments(fixed(fragment)).knobs(|knobs| knobs.fragment.short_take = short);
            let setup = setup.plan(move |name| match troubles.next() {
                Some(0) if name.starts_with("bytes") => Fate::Lost,
                Some(1) if name.starts_with("bytes") => Fate::Instead(503, "0"),
                Some(2) => Fate::ServedAfter(Duration::from_millis(70)),
                _ => Fate::Serve,
            });
            let mut from = 0;
            let pieces: Vec<_> = cuts.iter().map(|cut| { from += cut; bytes(from - cut..from) }).collect();
            let running = setup.start(Feed::of(pieces).1);
            let all_lost = running.task.await.unwrap().0.is_some();
            let state = setup.host.lock().unwrap();
            prop_assert!(all_lost || state.published == [bytes(0..total)]);
            prop_assert_eq!(setup.shared.budget.used(), 0);
            Ok(())
        })?;
    }
}

/// A phone gives 10 bytes each 100 ms: nobody waits longer than `fragment.time` for a fragment to fill.
#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_small_fragments_from_the_first_on() {
    let sizes = FragmentLimits { min: 20, first: 200, max: 200, time: Duration::from_millis(450) };
    let setup = Setup::new(200).fragments(sizes);
    let (feeder, _, body) = Feed::new();
    let running = setup.start(body);
    for piece in pieces(200, 10) {
        sleep(Duration::from_millis(100)).await;
        feeder.send(Ok(Frame::data(piece))).unwrap();
    }
    let (_, report) = running.stored().await;
    let (least, most) = report.stats.sizes.unwrap();
    assert!(least >= 10 && most <= 60, "{least}..{most}");
}
