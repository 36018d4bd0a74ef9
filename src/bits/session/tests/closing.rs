//! Close-Session, and what becomes of it when its answer is lost.

use super::*;

const NEW: &str = "Sun, 22 Nov 2026 10:00:00 GMT";
const OLD: &str = "Sun, 22 Nov 2026 09:59:59 GMT";

/// Every byte is acknowledged; Close-Session has been sent.
fn at_close(mode: AmbiguousClose) -> Script {
    let script = custom(50, |settings| {
        settings.profile = Some(&Profile::REFUSE);
        settings.ambiguous_close = mode;
    });
    script.open().expect("bytes 0-49/50").taken(50).expect("Close-Session")
}

/// Its answer was lost; on the second try the session is unknown.
fn in_doubt(mode: AmbiguousClose) -> Script {
    at_close(mode).silence(Silence::Lost).expect("Close-Session").answer(500, &[GONE])
}

impl Script {
    #[track_caller]
    fn seen(self, status: u16, pairs: &[(&str, &str)]) -> Self {
        let mut script = self.expect("HEAD");
        script.session.evidence(script.now, StatusCode::from_u16(status).unwrap(), &headers(pairs));
        script
    }

    #[track_caller]
    fn close_decided(mut self, stored: bool) -> Self {
        while let Some(event) = self.session.poll_event() {
            self.events.push(event);
        }
        let decided = self.events.iter().find_map(|event| match event {
            Event::CloseDecided { stored, .. } => Some(*stored),
            _ => None,
        });
        assert_eq!(decided, Some(stored));
        if stored { self.stored() } else { self.over(Problem::CloseInDoubt) }
    }
}

#[test]
fn a_lost_close_is_decided_as_configured() {
    in_doubt(AmbiguousClose::Fail).close_decided(false);
    in_doubt(AmbiguousClose::Accept).close_decided(true);
    in_doubt(AmbiguousClose::Verify)
        .seen(200, &[("Content-Length", "50"), ("Last-Modified", NEW)])
        .close_decided(true);
}

#[test]
fn only_a_new_file_of_the_right_size_is_evidence() {
    let rows: &[(u16, Headers<'_>, bool)] = &[
        (200, &[("Content-Length", "50"), ("Last-Modified", NEW)], true),
        (200, &[("Content-Length", "50"), ("Last-Modified", "Sun, 22 Nov 2026 10:07:00 GMT")], true),
        (200, &[("Content-Length", "50"), ("Last-Modified", OLD)], false),
        (200, &[("Content-Length", "50")], false),
        (200, &[("Content-Length", "49"), ("Last-Modified", NEW)], false),
        (200, &[("Content-Length", "+50"), ("Last-Modified", NEW)], false),
        (200, &[("Content-Length", "50"), ("Content-Length", "49"), ("Last-Modified", NEW)], false),
        (200, &[("Content-Length", "50"), ("Last-Modified", NEW), ("Last-Modified", OLD)], false),
        (200, &[("Last-Modified", NEW)], false),
        (200, &[("Content-Length", "50"), ("Last-Modified", "yesterday")], false),
        (206, &[("Content-Length", "50"), ("Last-Modified", NEW)], false),
        (404, &[("Content-Length", "50"), ("Last-Modified", NEW)], false),
        (405, &[], false),
        (401, &[], false),
        (302, &[], false),
    ];
    for (status, headers, stored) in rows {
        in_doubt(AmbiguousClose::Verify).seen(*status, headers).close_decided(*stored);
    }
    // A backend whose Create-Session had no Date cannot say what is new.
    let script =
        script(0, &Profile::REFUSE).expect("Create-Session").answer(200, &[("BITS-Session-Id", "1")]);
    let script =
        script.expect("Close-Session").silence(Silence::Lost).expect("Close-Session").answer(500, &[GONE]);
    script.seen(200, &[("Content-Length", "0"), ("Last-Modified", NEW)]).close_decided(false);
}

#[test]
fn evidence_is_asked_for_again_when_the_backend_is_in_trouble() {
    let found = [("Content-Length", "50"), ("Last-Modified", NEW)];
    for status in [500, 503, 429] {
        let script = in_doubt(AmbiguousClose::Verify).seen(status, &found);
        assert_eq!(script.session.outcome(), None, "{status}");
        script.seen(200, &found).close_decided(true);
    }
    let script = in_doubt(AmbiguousClose::Verify).expect("HEAD").silence(Silence::Lost);
    script.expect("HEAD").silence(Silence::Unsent).seen(200, &found).close_decided(true);
    // Not for ever.
    let mut script = in_doubt(AmbiguousClose::Verify);
    while script.session.outcome().is_none() {
        script = script.seen(503, &[]);
    }
    assert!(script.pauses.iter().sum::<Duration>() <= Duration::from_secs(300));
    assert!(script.pauses.len() > 10);
    script.close_decided(false);
}

#[test]
fn only_the_protocols_own_word_is_accepted_unseen() {
    for (status, code) in [(400, "0"), (500, "0x1")] {
        let script = at_close(AmbiguousClose::Accept).silence(Silence::TimedOut).expect("Close-Session");
        let script = script.answer(status, &[("BITS-Error-Code", code)]);
        script.seen(404, &[]).close_decided(false);
    }
}

#[test]
fn the_file_in_the_way_may_be_our_own() {
    for status in [409, 403] {
        for mode in [AmbiguousClose::Verify, AmbiguousClose::Accept] {
            let script = at_close(mode).silence(Silence::Lost).expect("Close-Session").answer(status, &[]);
            script.seen(200, &[("Content-Length", "50"), ("Last-Modified", NEW)]).close_decided(true);
        }
        let failing = at_close(AmbiguousClose::Fail).silence(Silence::Lost).expect("Close-Session");
        failing.answer(status, &[]).cancelled(Problem::CloseInDoubt);
    }
    // Without a lost answer it is somebody else's.
    at_close(AmbiguousClose::Accept).answer(409, &[]).cancelled(Problem::Exists);
    at_close(AmbiguousClose::Accept).answer(403, &[]).cancelled(Problem::Forbidden);
}

#[test]
fn a_session_gone_at_the_first_close_is_lost_in_every_mode() {
    for mode in [AmbiguousClose::Verify, AmbiguousClose::Fail, AmbiguousClose::Accept] {
        at_close(mode).answer(500, &[GONE]).over(Problem::SessionLost);
        // Nothing of the first one left the proxy.
        let unsent = at_close(mode).silence(Silence::Unsent).expect("Close-Session");
        unsent.answer(500, &[GONE]).over(Problem::SessionLost);
    }
}

#[test]
fn a_close_in_trouble_is_repeated() {
    for status in [500, 502, 503, 504, 408, 429] {
        let script = at_close(AmbiguousClose::Verify).answer(status, &[]).expect("Close-Session");
        assert_eq!(script.pauses.len(), 1, "{status}");
        script.answer(200, &[]).stored();
        // The first one may have worked.
        let script = at_close(AmbiguousClose::Verify).answer(status, &[]).expect("Close-Session");
        script.answer(500, &[GONE]).seen(404, &[]).close_decided(false);
    }
    at_close(AmbiguousClose::Fail)
        .silence(Silence::TimedOut)
        .expect("Close-Session")
        .answer(200, &[])
        .stored();
}

#[test]
fn a_close_that_is_refused_is_final() {
    at_close(AmbiguousClose::Accept).answer(404, &[]).cancelled(Problem::CloseFailed);
    at_close(AmbiguousClose::Accept).answer(416, &[]).cancelled(Problem::CloseFailed);
    at_close(AmbiguousClose::Accept).answer(400, &[]).cancelled(Problem::BackendRefused);
    at_close(AmbiguousClose::Accept).bare(200).cancelled(Problem::BackendProtocol);
    at_close(AmbiguousClose::Accept).answer(507, &[]).cancelled(Problem::DiskFull);
}

/// The session may still be there: it is cancelled so that it does not stay.
#[test]
fn a_close_that_never_gets_through_is_given_up() {
    let give_up = |mode, silence| {
        let mut script = at_close(mode).silence(silence);
        while script.session.outcome().is_none() && matches!(script.session.phase, Phase::Closing(_)) {
            script = script.expect("Close-Session").silence(silence);
        }
        assert!(script.pauses.iter().sum::<Duration>() <= Duration::from_secs(300));
        script
    };
    give_up(AmbiguousClose::Accept, Silence::Unsent).cancelled(Problem::Unreachable);
    give_up(AmbiguousClose::Fail, Silence::TimedOut).cancelled(Problem::CloseInDoubt);
    give_up(AmbiguousClose::Accept, Silence::Lost).seen(404, &[]).cancelled(Problem::CloseInDoubt);
    let stored = give_up(AmbiguousClose::Verify, Silence::Lost);
    stored.seen(200, &[("Content-Length", "50"), ("Last-Modified", NEW)]).close_decided(true);
}

/// The last fragment's answer names a reply.
fn with_reply(wants_reply: bool) -> Script {
    let script = custom(50, |settings| settings.wants_reply = wants_reply).open().expect("bytes 0-49/50");
    script.answer(200, &[("BITS-Received-Content-Range", "50"), ("BITS-Reply-URL", "r\\1.bin")])
}

#[test]
fn a_reply_is_fetched_before_close() {
    with_reply(false).closed();
    let mut script = with_reply(true).expect("GET r\\1.bin");
    assert!(script.session.is_closing());
    script.session.reply_fetched(script.now);
    script.closed();
}

#[test]
fn a_reply_that_cannot_be_had_is_gone_without() {
    let mut refused = with_reply(true).expect("GET r\\1.bin");
    refused.session.reply_refused(refused.now, "404".into());
    assert!(refused.closed().events.contains(&Event::ReplyLost { detail: "404".into() }));

    let mut lost = with_reply(true).expect("GET r\\1.bin").silence(Silence::Lost).expect("GET r\\1.bin");
    while matches!(lost.session.phase, Phase::Fetching(..)) {
        lost = lost.silence(Silence::TimedOut);
        if matches!(lost.session.phase, Phase::Fetching(..)) {
            lost = lost.expect("GET r\\1.bin");
        }
    }
    assert!(lost.pauses.iter().sum::<Duration>() <= Duration::from_secs(300));
    // Close-Session has patience of its own.
    let lost = lost.expect("Close-Session").answer(503, &[]).closed();
    assert!(lost.events.iter().any(|event| matches!(event, Event::ReplyLost { .. })));
}
