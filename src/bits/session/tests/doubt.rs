//! Fragments without a usable answer, and sessions that are gone.

use super::*;
use crate::limits::KIB;

/// One fragment got nothing usable.
fn disturb(script: Script, trouble: usize) -> Script {
    match trouble {
        0 => script.silence(Silence::Lost),
        1 => script.silence(Silence::TimedOut),
        2 => script.answer(503, &[]),
        _ => script.bare(502),
    }
}

#[test]
fn where_bytes_may_come_twice_a_fragment_is_sent_again() {
    for profile in [&Profile::REFUSE, &Profile::TRIM, &Profile::IIS] {
        for trouble in 0..4 {
            let mut script = script(250, profile).open().expect("bytes 0-99/250");
            for _ in 0..5 {
                script = disturb(script, trouble).expect("bytes 0-99/250");
            }
            let script = script.taken(100).expect("bytes 100-199/250");
            let script = disturb(script, trouble).expect("bytes 100-199/250");
            assert_eq!(script.session.stats().retries, 6);
            assert_eq!(script.session.stats().restarts, 0);
        }
    }
}

#[test]
fn where_bytes_must_not_come_twice_a_fragment_is_never_sent_again() {
    for profile in [&Profile::APPEND, &Profile::UNKNOWN] {
        for trouble in 0..4 {
            // The first fragment is still held: cancelled and begun anew, twice at most.
            let mut script = script(250, profile).open().expect("bytes 0-99/250");
            for restarts in 1..=2 {
                script = disturb(script, trouble);
                assert_eq!(script.session.outcome(), None);
                script = script.expect("Cancel-Session").answer(200, &[]).open().expect("bytes 0-99/250");
                assert_eq!(script.session.stats().restarts, restarts);
            }
            disturb(script, trouble).cancelled(Problem::FragmentInDoubt);
            // Later there is no way back.
            let script = self::script(250, profile).open().expect("bytes 0-99/250").taken(100);
            disturb(script.expect("bytes 100-199/250"), trouble).cancelled(Problem::FragmentInDoubt);
        }
    }
}

#[test]
fn an_unsent_fragment_is_always_sent_again() {
    for profile in Profile::NAMED {
        let script = script(250, profile).open().expect("bytes 0-99/250").silence(Silence::Unsent);
        let script = script.expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250");
        let script = script.silence(Silence::Unsent).expect("bytes 100-199/250").taken(200);
        let script = script.expect("bytes 200-249/250").taken(250).closed();
        assert_eq!(script.session.stats().restarts, 0, "{}", profile.name);
    }
}

#[test]
fn a_large_fragment_in_doubt_is_asked_about_with_one_byte() {
    let lost = || {
        let script = sized(600_000, 200_000, &Profile::REFUSE).open();
        script.expect("bytes 0-199999/600000").silence(Silence::Lost).expect("bytes 0-0/600000")
    };
    // Nothing had come.
    lost().taken(1).expect("bytes 1-199999/600000").taken(200_000).expect("bytes 200000-399999/600000");
    // A part had come, or all of it; a server that refuses says so by 416, one that trims by 200.
    lost().wants(70_000).expect("bytes 70000-199999/600000");
    lost().wants(200_000).expect("bytes 200000-399999/600000");
    lost().taken(200_000).expect("bytes 200000-399999/600000");
    // Still no answer: the same question.
    lost().silence(Silence::Lost).expect("bytes 0-0/600000");
    // A lie.
    lost().taken(200_001).cancelled(Problem::BackendProtocol);
}

#[test]
fn no_probe_without_need() {
    let sent = |size: u64, profile| sized(600_000, size, profile).open();
    // What is short is cheaper to send again, and what was never sent is in no doubt.
    let short = sent(64 * KIB, &Profile::REFUSE).expect("bytes 0-65535/600000");
    short.silence(Silence::Lost).expect("bytes 0-65535/600000");
    let unsent = sent(200_000, &Profile::REFUSE).expect("bytes 0-199999/600000");
    unsent.silence(Silence::Unsent).expect("bytes 0-199999/600000");
    static WHOLE: Profile = Profile { probe: 0, ..Profile::REFUSE };
    let whole = sent(200_000, &WHOLE).expect("bytes 0-199999/600000");
    whole.silence(Silence::Lost).expect("bytes 0-199999/600000");
    // A new session has no doubts.
    let gone = sent(200_000, &Profile::REFUSE).expect("bytes 0-199999/600000").silence(Silence::Lost);
    gone.expect("bytes 0-0/600000").answer(500, &[GONE]).open().expect("bytes 0-199999/600000");
}

#[test]
fn a_session_gone_at_byte_0_is_begun_anew_twice() {
    let mut script = script(250, &Profile::REFUSE).open();
    for restarts in 1..=2 {
        script = script.expect("bytes 0-99/250").answer(500, &[GONE]).open();
        assert_eq!(script.session.stats().restarts, restarts);
        assert!(script.events.iter().any(|event| matches!(event, Event::Restarted { .. })));
    }
    // What does not exist is not cancelled.
    script.expect("bytes 0-99/250").answer(500, &[GONE]).over(Problem::SessionLost);
}

#[test]
fn a_session_gone_later_is_lost() {
    for gone in [(500, "0x8020001F"), (400, "0"), (500, "0x1")] {
        let script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250").taken(1);
        let script = script.expect("bytes 1-99/250").answer(gone.0, &[("BITS-Error-Code", gone.1)]);
        assert_eq!(script.over(Problem::SessionLost).session.stats().restarts, 0);
    }
}

#[test]
fn the_limit_of_new_sessions_is_the_configured_one() {
    let script = custom(250, |settings| settings.retry.restarts = 0).open();
    script.expect("bytes 0-99/250").answer(500, &[GONE]).over(Problem::SessionLost);
}

#[test]
fn a_new_session_may_be_answered_like_a_first_one() {
    // Its old one cannot be cancelled: it is begun anew all the same.
    let script = script(250, &Profile::APPEND).open().expect("bytes 0-99/250").silence(Silence::Lost);
    let script = script.expect("Cancel-Session").answer(403, &[]).expect("Create-Session").answer(503, &[]);
    let script = script.open().expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250").taken(200);
    script.expect("bytes 200-249/250").taken(250).closed();
}

/// The pause before a new session comes before the Cancel of the old one, and does not use up its time.
#[test]
fn an_old_session_is_cancelled_with_patience() {
    let script = script(250, &Profile::APPEND).open().expect("bytes 0-99/250");
    let script = script.answer(503, &[("Retry-After", "100")]).expect("Cancel-Session").answer(503, &[]);
    let script = script.expect("Cancel-Session").answer(200, &[]).open().expect("bytes 0-99/250");
    assert_eq!((script.pauses.len(), script.pauses[0]), (2, Duration::from_secs(100)));
}
