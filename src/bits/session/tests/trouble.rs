//! Pauses, patience, giving up, cancelling.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Create-Session is answered so until the session gives up.
fn never_opens(seed: u64, window: u64, status: u16) -> Script {
    let mut script = custom(10, |settings| {
        settings.seed = seed;
        settings.retry.window = Duration::from_secs(window);
        settings.retry.create_window = settings.retry.window;
    });
    while script.session.outcome().is_none() {
        script = script.expect("Create-Session").answer(status, &[]);
    }
    script
}

#[test]
fn pauses_grow_up_to_a_limit_and_fill_the_window() {
    let script = never_opens(1, 300, 503).over(Problem::Unavailable);
    // Jitter adds up to as much again to each: 0.2, 0.4, 0.8 … s.
    let mut base = 0.2;
    let (_, growing) = script.pauses.split_last().unwrap();
    for pause in growing {
        let pause = pause.as_secs_f64();
        assert!(pause >= base - 1e-9 && pause <= 2.0 * base + 1e-9, "{pause} where {base} is the base");
        assert!(pause <= 15.0, "{pause} is longer than max_delay");
        base = f64::min(2.0 * base, 7.5);
    }
    // The last attempt is made at the very end.
    let spent: Duration = script.pauses.iter().sum();
    assert_eq!(spent, 300 * SECOND);
    assert_eq!(script.session.stats().retries, script.pauses.len() as u64);
    assert_eq!(script.failure().retry_after, None);
}

#[test]
fn a_session_that_never_opens_is_given_up_sooner() {
    let mut script = custom(10, |settings| settings.retry.create_window = 5 * SECOND);
    while script.session.outcome().is_none() {
        script = script.expect("Create-Session").answer(503, &[]);
    }
    let script = script.over(Problem::Unavailable);
    let spent: Duration = script.pauses.iter().sum();
    assert_eq!(spent, 5 * SECOND);
}

#[test]
fn jitter_follows_from_the_seed() {
    assert_eq!(never_opens(1, 20, 503).pauses, never_opens(1, 20, 503).pauses);
    assert_ne!(never_opens(1, 20, 503).pauses, never_opens(2, 20, 503).pauses);
}

#[test]
fn progress_forgets_earlier_trouble() {
    let mut script = script(300, &Profile::REFUSE).open();
    for (offset, range) in [(0, "bytes 0-99/300"), (100, "bytes 100-199/300"), (200, "bytes 200-299/300")] {
        let before = script.pauses.len();
        let start = script.now;
        script = script.expect(range);
        // Just within the window each time, three windows in all.
        while script.now - start < 240 * SECOND {
            script = script.silence(Silence::Lost).expect(range);
        }
        assert!(script.pauses[before] <= Duration::from_millis(400), "the first pause is short again");
        script = script.taken(offset + 100);
    }
    assert!(script.now > 700 * SECOND);
    script.closed();
}

#[test]
fn time_in_exchanges_counts_too() {
    let mut script = script(300, &Profile::REFUSE).open().expect("bytes 0-99/300");
    let mut tries = 0;
    while script.session.outcome().is_none() {
        script = script.later(60 * SECOND).silence(Silence::TimedOut);
        tries += 1;
        if script.session.outcome().is_none() {
            script = script.expect("bytes 0-99/300");
        }
    }
    // The window begins with the exchange that failed first.
    assert_eq!(tries, 5);
    assert!(script.failure().detail.contains("given up after 30"), "{}", script.failure());
    script.cancelled(Problem::Timeout);
}

#[test]
fn one_answer_waited_for_longer_than_the_window_is_not_the_end() {
    let mut script = script(300, &Profile::REFUSE).open();
    for next in [100, 200] {
        script = script.expect(&format!("bytes {}-{}/300", next - 100, next - 1)).taken(next);
    }
    for _ in 0..2 {
        script = script.expect("bytes 200-299/300").later(360 * SECOND).silence(Silence::TimedOut);
    }
    script.cancelled(Problem::Timeout);
}

#[test]
fn retry_after_is_honoured() {
    let sent = || script(300, &Profile::REFUSE).open().expect("bytes 0-99/300");
    let script = sent().answer(503, &[("Retry-After", "120")]).expect("bytes 0-99/300");
    assert_eq!(script.pauses, [120 * SECOND]);
    // A short one does not shorten the pause.
    let script = sent().answer(503, &[("Retry-After", "0")]).expect("bytes 0-99/300");
    assert!(script.pauses[0] >= Duration::from_millis(200));
    // One beyond the window: at once, and the client is told when to come back.
    let script = sent().answer(503, &[("Retry-After", "301")]).cancelled(Problem::Unavailable);
    assert_eq!((script.failure().retry_after, script.pauses.len()), (Some(301), 0));
    // The same at Create-Session, Close-Session and a new session.
    let script = self::script(10, &Profile::REFUSE).expect("Create-Session");
    let script = script.answer(429, &[("Retry-After", "1000")]).over(Problem::Unavailable);
    assert_eq!(script.failure().retry_after, Some(1000));
    let script = self::script(0, &Profile::REFUSE).open().expect("Close-Session");
    let script = script.answer(503, &[("Retry-After", "33")]).expect("Close-Session");
    assert_eq!(script.pauses, [33 * SECOND]);
    let script = self::script(300, &Profile::APPEND).open().expect("bytes 0-99/300");
    let script = script.answer(503, &[("Retry-After", "400")]).cancelled(Problem::FragmentInDoubt);
    assert_eq!(script.failure().retry_after, Some(400));
}

#[test]
fn answers_without_progress_are_counted() {
    let mut script = script(300, &Profile::REFUSE).open().expect("bytes 0-99/300").taken(100);
    for _ in 0..4 {
        script = script.expect("bytes 100-199/300").wants(100);
        assert_eq!(script.session.outcome(), None);
    }
    // Progress forgets them...
    script = script.expect("bytes 100-199/300").taken(101);
    // ...and trouble between them does not.
    for _ in 0..4 {
        script = script.expect("bytes 101-199/300").taken(101);
        script = script.expect("bytes 101-199/300").silence(Silence::Lost);
        assert_eq!(script.session.outcome(), None);
    }
    let script = script.expect("bytes 101-199/300").wants(101).cancelled(Problem::NoProgress);
    let detail = script.failure().detail;
    assert!(detail.ends_with(" and brought no progress, 5 times in a row"), "{detail}");
    for event in &script.events {
        let Event::Retrying { why, .. } = event else { continue };
        assert!(!why.detail.contains("in a row"), "{}", why.detail);
    }
}

#[test]
fn create_is_repeated_or_final_by_its_answer() {
    for (status, pairs) in
        [(500, &[][..]), (502, &[]), (503, &[]), (504, &[]), (408, &[]), (429, &[]), (500, &[GONE])]
    {
        let script = script(50, &Profile::UNKNOWN).expect("Create-Session").answer(status, pairs);
        assert_eq!(script.open().expect("bytes 0-49/50").pauses.len(), 1, "{status}");
    }
    for silence in [Silence::Unsent, Silence::Lost, Silence::TimedOut] {
        script(50, &Profile::APPEND).expect("Create-Session").silence(silence).open().expect("bytes 0-49/50");
    }
    for (status, problem) in [
        (401, Problem::BackendAuth),
        (403, Problem::Forbidden),
        (404, Problem::NotFound),
        (405, Problem::NotBits),
        (409, Problem::Exists),
        (413, Problem::FileTooLarge),
        (501, Problem::NotBits),
        (505, Problem::BackendProtocol),
        (507, Problem::DiskFull),
        (200, Problem::NotBits),
    ] {
        let script = script(50, &Profile::UNKNOWN).expect("Create-Session").answer(status, &[]).over(problem);
        assert!(script.pauses.is_empty() && !script.session.is_open());
    }
}

#[test]
fn silence_has_its_own_words() {
    for (silence, problem) in [
        (Silence::Unsent, Problem::Unreachable),
        (Silence::Lost, Problem::Unavailable),
        (Silence::TimedOut, Problem::Timeout),
    ] {
        let script = custom(10, |settings| settings.retry.window = Duration::ZERO).expect("Create-Session");
        let failure = script.silence(silence).over(problem).failure();
        assert_eq!(failure.cause.as_deref(), Some("scripted"));
        assert!(failure.detail.contains("Create-Session"), "{failure}");
    }
}

fn cancelling() -> Script {
    script(50, &Profile::REFUSE).open().abort(Problem::ClientGone).expect("Cancel-Session")
}

#[test]
fn cancel_is_done_when_nothing_is_left_to_cancel() {
    for (status, pairs) in
        [(200, &[][..]), (201, &[]), (500, &[GONE]), (404, &[]), (400, &[]), (401, &[]), (301, &[])]
    {
        let script = cancelling().answer(status, pairs).over(Problem::ClientGone);
        assert!(script.pauses.is_empty(), "{status}");
    }
}

#[test]
fn cancel_is_repeated_but_not_for_long() {
    for status in [500, 503, 429] {
        let mut script = cancelling();
        let mut tries = 1;
        loop {
            script = script.answer(status, &[]);
            match script.next() {
                Step::Finished => break,
                step => assert_eq!(text(&step), "Cancel-Session"),
            }
            tries += 1;
            assert!(tries < 100, "no end in sight");
        }
        assert!(script.pauses.iter().sum::<Duration>() <= 10 * SECOND);
        assert!((3..=8).contains(&tries), "{tries}");
        script.over(Problem::ClientGone);
    }
    cancelling().silence(Silence::Lost).expect("Cancel-Session").answer(200, &[]).over(Problem::ClientGone);
    cancelling().later(11 * SECOND).silence(Silence::TimedOut).over(Problem::ClientGone);
}
