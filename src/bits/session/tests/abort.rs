//! Aborted in every phase.

use super::*;
use Problem::ClientGone;

fn start() -> Script {
    script(250, &Profile::APPEND)
}

#[test]
fn before_the_session_is_open() {
    // Nothing to cancel.
    start().abort(ClientGone).over(ClientGone);
    // While Create-Session is under way its answer is waited for: it may have opened a session.
    let asked = start().expect("Create-Session").abort(ClientGone);
    assert_eq!(asked.session.outcome(), None);
    asked.answer(200, &[("BITS-Session-Id", "{7}")]).cancelled(ClientGone);
    let asked = || start().expect("Create-Session").abort(ClientGone);
    asked().silence(Silence::TimedOut).over(ClientGone);
    asked().silence(Silence::Unsent).over(ClientGone);
    asked().answer(503, &[]).over(ClientGone);
    asked().answer(403, &[]).over(Problem::Forbidden);
    let impatient = custom(250, |settings| settings.retry.window = Duration::ZERO).expect("Create-Session");
    impatient.abort(ClientGone).silence(Silence::TimedOut).over(ClientGone);
    // In the pause before the next Create-Session.
    let pausing = start().expect("Create-Session").answer(503, &[]).abort(ClientGone);
    assert!(pausing.over(ClientGone).pauses.is_empty());
}

#[test]
fn while_gathering() {
    let mut script = start().open();
    assert_eq!(script.session.step(script.now, 0), Step::Gather);
    script.abort(ClientGone).cancelled(ClientGone);
}

#[test]
fn while_a_fragment_is_under_way() {
    let sent = || start().open().expect("bytes 0-99/250").abort(ClientGone);
    assert_eq!(sent().session.outcome(), None);
    sent().taken(100).cancelled(ClientGone);
    // No new session for somebody who left, and no word of what else would have followed.
    for trouble in [sent().silence(Silence::TimedOut), sent().answer(503, &[])] {
        let mut script = trouble.cancelled(ClientGone);
        assert_eq!(script.session.stats().restarts, 0);
        assert!(!script.events.iter().any(|event| matches!(event, Event::Restarted { .. })));
        assert!(script.pauses.is_empty() && script.session.poll_event().is_none());
    }
    // What the backend said meanwhile counts.
    sent().answer(507, &[]).cancelled(Problem::DiskFull);
    // Nothing is left to cancel.
    sent().answer(500, &[GONE]).over(ClientGone);
}

#[test]
fn beyond_byte_0_it_is_still_the_clients_doing() {
    let sent = start().open().expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250");
    sent.abort(ClientGone).silence(Silence::TimedOut).cancelled(ClientGone);
}

#[test]
fn in_a_pause_the_session_is_cancelled_at_once() {
    let script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
    let script = script.answer(503, &[("Retry-After", "100")]).abort(ClientGone).cancelled(ClientGone);
    assert!(script.pauses.is_empty());
}

#[test]
fn every_byte_acknowledged_is_too_late() {
    let last = || script(50, &Profile::REFUSE).open().expect("bytes 0-49/50");
    last().abort(ClientGone).taken(50).closed();
    last().taken(50).abort(ClientGone).closed();
    last().taken(50).expect("Close-Session").abort(ClientGone).answer(503, &[]).closed();
    let gone = last().taken(50).expect("Close-Session").silence(Silence::Lost).abort(ClientGone);
    gone.expect("Close-Session").answer(500, &[GONE]).abort(ClientGone).expect("HEAD");
    last().taken(50).closed().abort(ClientGone).stored();
}

#[test]
fn while_a_session_is_cancelled_to_begin_anew() {
    let lost = || {
        let script = start().open().expect("bytes 0-99/250");
        script.answer(503, &[("Retry-After", "100")])
    };
    // The Cancel-Session that was to come anyway comes now.
    assert!(lost().abort(ClientGone).cancelled(ClientGone).pauses.is_empty());
    let asked = lost().expect("Cancel-Session").abort(ClientGone);
    assert_eq!(asked.session.outcome(), None);
    asked.answer(200, &[]).over(ClientGone);
    let asked = lost().expect("Cancel-Session").abort(ClientGone).silence(Silence::Lost);
    asked.cancelled(ClientGone);
}

#[test]
fn the_first_reason_stays() {
    let script = start().open().abort(ClientGone).abort(Problem::ShuttingDown);
    let script = script.expect("Cancel-Session").abort(Problem::ShuttingDown).answer(503, &[]);
    script.cancelled(ClientGone).abort(Problem::ShuttingDown).over(ClientGone);
    let sent = start().open().expect("bytes 0-99/250").abort(ClientGone).abort(Problem::ShuttingDown);
    sent.taken(100).cancelled(ClientGone);
}
