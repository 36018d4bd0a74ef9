//! Going on from a checkpoint.

use super::*;
use Problem::{BackendProtocol, ClientGone, DataLost, DigestMismatch, FragmentInDoubt, SessionLost};

const RESENDING: [&Profile; 3] = [&Profile::REFUSE, &Profile::TRIM, &Profile::IIS];
const CAREFUL: [&Profile; 2] = [&Profile::APPEND, &Profile::UNKNOWN];

fn at(offset: u64, profile: &'static Profile) -> Checkpoint {
    Checkpoint {
        session: SessionId::new(HeaderValue::from_static("{7}")).unwrap(),
        profile,
        offset,
        in_doubt: false,
        created_at: httpdate::parse_http_date(BEGUN).ok(),
        closing: false,
        node: None,
    }
}

fn in_doubt(offset: u64, profile: &'static Profile) -> Checkpoint {
    Checkpoint { in_doubt: true, ..at(offset, profile) }
}

fn changed(total: u64, from: Checkpoint, change: impl FnOnce(&mut SessionSettings)) -> Script {
    let mut settings = SessionSettings { fragment: fixed(FRAGMENT), ..SessionSettings::new(total) };
    change(&mut settings);
    of(Session::resume(settings, from))
}

fn resumed(total: u64, from: Checkpoint) -> Script {
    changed(total, from, |_| {})
}

#[test]
fn without_doubt_it_goes_on_at_the_offset() {
    for profile in Profile::NAMED {
        let script = resumed(250, at(150, profile));
        assert_eq!(script.session.offset(), 150);
        assert!(script.session.is_open() && !script.session.is_closing());
        assert_eq!(script.session.may_resend(), profile.overlap.may_resend());
        let script = script.expect("bytes 150-249/250").taken(250).closed();
        assert!(script.pauses.is_empty());
    }
    // What was never sent cannot have been taken.
    resumed(250, at(50, &Profile::REFUSE)).expect("bytes 50-149/250").wants(151).cancelled(BackendProtocol);
}

#[test]
fn every_offset_of_a_server_in_doubt() {
    for profile in RESENDING {
        let sent = || resumed(1_000, in_doubt(300, profile)).expect("bytes 300-399/1000");
        sent().wants(299).cancelled(DataLost);
        sent().wants(0).cancelled(DataLost);
        sent().taken(299).cancelled(DataLost);
        sent().wants(300).expect("bytes 300-399/1000");
        sent().wants(350).expect("bytes 350-399/1000");
        sent().taken(400).expect("bytes 400-499/1000");
        // Ahead of all that this run has sent: it was sent by an earlier one.
        sent().wants(999).expect("bytes 999-999/1000").taken(1_000).closed();
        let all = sent().wants(1_000);
        assert!(all.session.is_all_sent());
        all.closed();
        sent().taken(1_000).closed();
        sent().wants(1_001).cancelled(BackendProtocol);
        sent().answer(200, &[]).cancelled(FragmentInDoubt);
        sent().answer(500, &[GONE]).over(SessionLost);
        // A request of the earlier run may still come between.
        sent().taken(400).expect("bytes 400-499/1000").wants(700).expect("bytes 700-799/1000");
    }
}

#[test]
fn it_is_asked_with_one_byte() {
    let resumed = |from| changed(600_000, from, |settings| settings.fragment = fixed(200_000));
    let asked = || resumed(in_doubt(1_000, &Profile::REFUSE)).expect("bytes 1000-1000/600000");
    asked().taken(1_001).expect("bytes 1001-200999/600000");
    asked().silence(Silence::Lost).expect("bytes 1000-1000/600000");
    resumed(at(1_000, &Profile::REFUSE)).expect("bytes 1000-200999/600000");
}

#[test]
fn bytes_that_the_server_has_are_passed_over() {
    let mut script = resumed(1_000, in_doubt(300, &Profile::REFUSE)).expect("bytes 300-399/1000").wants(650);
    assert_eq!(script.session.offset(), 650);
    for ready in [0, 300, 400, 649, 650] {
        assert_eq!(script.session.step(script.now, ready), Step::Gather, "{ready}");
    }
    script.ready = 660;
    let script = script.expect("bytes 650-659/1000").taken(660);
    // What others sent tells nothing about sizes that this server takes.
    assert_eq!(script.session.stats().sizes, Some((10, 100)));
    // The client may also be late from the start.
    let mut script = resumed(1_000, at(300, &Profile::APPEND));
    for ready in [0, 299, 300] {
        assert_eq!(script.session.step(script.now, ready), Step::Gather, "{ready}");
    }
}

#[test]
fn a_fragment_in_doubt_ends_it_where_bytes_must_not_come_twice() {
    for profile in CAREFUL {
        let mut script = resumed(250, in_doubt(100, profile));
        assert!(script.session.checkpoint().unwrap().in_doubt);
        assert!(matches!(script.next(), Step::Send(Packet::CancelSession { .. })));
        assert_eq!(script.session.checkpoint(), None);
        script.decided(FragmentInDoubt).answer(200, &[]).over(FragmentInDoubt);
        // While the first byte is held, a new session takes its place.
        let script = resumed(250, in_doubt(0, profile)).expect("Cancel-Session").answer(200, &[]);
        let script = script.open().expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250");
        assert_eq!(script.session.stats().restarts, 1);
        // Nothing lies beyond the last byte.
        resumed(250, in_doubt(250, profile)).closed();
    }
}

#[test]
fn a_profile_in_the_settings_stands_above_the_recorded_one() {
    let careful = |settings: &mut SessionSettings| settings.profile = Some(&Profile::APPEND);
    changed(250, in_doubt(100, &Profile::REFUSE), careful).expect("Cancel-Session");
    let knowing = |settings: &mut SessionSettings| settings.profile = Some(&Profile::TRIM);
    let script = changed(250, in_doubt(100, &Profile::UNKNOWN), knowing);
    assert_eq!(script.session.checkpoint().unwrap().profile, &Profile::TRIM);
    script.expect("bytes 100-199/250");
    // The recorded one brings its limits along.
    let script = changed(64 << 20, at(0, &Profile::IIS), |settings| settings.fragment = fixed(50 << 20));
    script.expect("bytes 0-12582911/67108864");
}

#[test]
fn a_session_that_is_gone_is_begun_anew_at_byte_0_only() {
    for gone in [&[GONE][..], &[("BITS-Error-Code", "0x1")]] {
        let script = resumed(250, in_doubt(0, &Profile::REFUSE)).expect("bytes 0-99/250").answer(500, gone);
        // The new one has no past.
        let script = script.open().expect("bytes 0-99/250");
        script.wants(101).cancelled(BackendProtocol);
        let script = resumed(250, at(1, &Profile::REFUSE)).expect("bytes 1-100/250").answer(500, gone);
        script.over(SessionLost);
    }
    // One that says so by a bare 404 is asked for less first.
    let mut script = changed(50_000, at(1, &Profile::REFUSE), |settings| settings.fragment = fixed(20_000));
    for range in ["1-20000", "1-10000", "1-5120"] {
        script = script.expect(&format!("bytes {range}/50000")).answer(404, &[]);
    }
    script.over(SessionLost);
}

#[test]
fn a_close_that_may_have_been_sent_is_repeated() {
    let closing = |mode| {
        let from = Checkpoint { closing: true, ..in_doubt(50, &Profile::UNKNOWN) };
        let script = changed(50, from, |settings| settings.ambiguous_close = mode);
        assert!(script.session.is_closing() && script.session.is_all_sent());
        assert!(script.session.checkpoint().unwrap().closing);
        script.expect("Close-Session")
    };
    closing(AmbiguousClose::Verify).answer(200, &[]).stored();
    closing(AmbiguousClose::Accept).answer(500, &[GONE]).stored();
    closing(AmbiguousClose::Fail).answer(500, &[GONE]).over(Problem::CloseInDoubt);
    let evidence = [("Content-Length", "50"), ("Last-Modified", BEGUN)];
    for (answer, stored) in [(404, false), (200, true)] {
        let mut script = closing(AmbiguousClose::Verify).answer(500, &[GONE]).expect("HEAD");
        script.session.evidence(script.now, StatusCode::from_u16(answer).unwrap(), &headers(&evidence));
        if stored {
            script.stored()
        } else {
            script.over(Problem::CloseInDoubt)
        };
    }
}

#[test]
fn a_complete_session_is_closed_once_it_may_be() {
    let script = resumed(50, at(50, &Profile::APPEND));
    assert!(script.session.is_closing());
    assert!(!script.session.checkpoint().unwrap().closing);
    script.expect("Close-Session").answer(500, &[GONE]).over(SessionLost);
    resumed(0, at(0, &Profile::APPEND)).closed();

    let hold = |settings: &mut SessionSettings| settings.publish = false;
    for mut script in
        [changed(50, at(50, &Profile::APPEND), hold), changed(50, at(0, &Profile::APPEND), hold)]
    {
        if script.session.offset() == 0 {
            script = script.expect("bytes 0-49/50").taken(50);
        }
        for _ in 0..3 {
            assert_eq!(script.session.step(script.now, 50), Step::Gather);
            script = script.later(Duration::from_secs(1_000));
        }
        assert!(!script.session.is_closing() && script.session.outcome().is_none());
        assert_eq!(
            script.session.checkpoint(),
            Some(Checkpoint { created_at: script.session.created_at, ..at(50, &Profile::APPEND) })
        );
        script.abort(ClientGone).cancelled(ClientGone);
    }
    // The file may be there already: nothing is held back any more.
    changed(50, Checkpoint { closing: true, ..at(50, &Profile::APPEND) }, hold).closed();
}

#[test]
fn a_record_that_cannot_be_is_not_believed() {
    resumed(50, at(51, &Profile::REFUSE)).over(SessionLost);
    assert_eq!(resumed(50, at(51, &Profile::REFUSE)).session.checkpoint(), None);
    // Never closed before all is acknowledged.
    let from = Checkpoint { closing: true, ..at(49, &Profile::REFUSE) };
    resumed(50, from).expect("bytes 49-49/50").taken(50).closed();
}

#[test]
fn a_session_left_behind_can_be_cancelled() {
    for profile in Profile::NAMED {
        for from in [at(10, profile), in_doubt(10, profile), in_doubt(50, profile), at(0, profile)] {
            let mut script = resumed(50, from);
            script.session.withhold(script.now, Failure::new(DigestMismatch, "scripted"));
            assert_eq!(script.session.checkpoint(), None);
            script.cancelled(DigestMismatch);
        }
        let mut script = resumed(50, Checkpoint { closing: true, ..at(50, profile) });
        script.session.withhold(script.now, Failure::new(DigestMismatch, "scripted"));
        script.closed();
    }
}

#[test]
fn the_retry_window_begins_with_the_run() {
    for from in [at(0, &Profile::REFUSE), in_doubt(0, &Profile::APPEND)] {
        let mut script = resumed(50, from).later(Duration::from_secs(100_000));
        script = match text(&script.next()).as_str() {
            "Cancel-Session" => {
                script.answer(200, &[]).open().expect("bytes 0-49/50").silence(Silence::Unsent)
            }
            _ => script.answer(503, &[]),
        };
        assert_eq!(script.session.outcome(), None);
    }
}
