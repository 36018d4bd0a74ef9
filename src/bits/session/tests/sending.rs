//! Fragments in order, and offsets that are not the expected ones.

use super::*;
use crate::bits::ContentRange;

#[test]
fn every_size_is_cut_sent_and_closed() {
    for total in [0, 1, FRAGMENT - 1, FRAGMENT, FRAGMENT + 1, 2 * FRAGMENT, 10 * FRAGMENT + 7] {
        let mut script = script(total, &Profile::REFUSE).open();
        let mut from = 0;
        while from < total {
            let end = (from + FRAGMENT).min(total);
            script = script.expect(&format!("bytes {from}-{}/{total}", end - 1)).taken(end);
            assert_eq!(script.session.offset(), end);
            from = end;
        }
        let stats = script.closed().session.stats();
        assert_eq!((stats.fragments, stats.retries), (total.div_ceil(FRAGMENT), 0));
    }
}

#[test]
fn offsets_pass_4_gib() {
    let (gib, total) = (1u64 << 30, (5u64 << 30) + 1);
    let mut script = sized(total, gib, &Profile::REFUSE).open();
    for i in 0..5 {
        script =
            script.expect(&format!("bytes {}-{}/{total}", i * gib, (i + 1) * gib - 1)).taken((i + 1) * gib);
    }
    script.expect("bytes 5368709120-5368709120/5368709121").taken(total).closed();
}

#[test]
fn the_session_id_is_sent_back_unchanged() {
    let hundred = "x".repeat(100);
    for id in ["{A0ff5911-4144-45B3-bf27-27AFC8EC8A67}", "A0FF5911-4144", &hundred, "-6623210570789998337"] {
        let wanted = SessionId::new(HeaderValue::from_str(id).unwrap()).unwrap();
        let mut script =
            script(5, &Profile::REFUSE).expect("Create-Session").answer(201, &[("bits-session-ID", id)]);
        let range = ContentRange::new(0, 5, 5).unwrap();
        assert_eq!(script.next(), Step::Send(Packet::Fragment { session: wanted.clone(), range }));
        let mut script = script.taken(5);
        assert_eq!(script.next(), Step::Send(Packet::CloseSession { session: wanted.clone() }));
        let mut script = script.answer(409, &[]);
        assert_eq!(script.next(), Step::Send(Packet::CancelSession { session: wanted }));
    }
}

#[test]
fn one_packet_at_a_time() {
    let mut script = script(250, &Profile::REFUSE).expect("Create-Session");
    assert_eq!(script.session.step(script.now, 0), Step::Gather);
    assert!(!script.session.is_open());
    let mut script = script.answer(200, &[("BITS-Session-Id", "1")]);
    assert!(script.session.is_open());
    assert_eq!(script.session.step(script.now, 0), Step::Gather, "no byte is there yet");
    assert_eq!(text(&script.next()), "bytes 0-99/250");
    assert_eq!(script.session.step(script.now, 250), Step::Gather, "its answer is waited for");
    // A second answer to one question changes nothing.
    let script = script.taken(100).taken(200).silence(Silence::Lost);
    assert_eq!((script.session.offset(), script.session.outcome()), (100, None));
    script.expect("bytes 100-199/250");
}

#[test]
fn a_partial_take_is_gone_on_from() {
    let script = script(250, &Profile::APPEND).open().expect("bytes 0-99/250").taken(40);
    assert!(script.session.events.contains(&Event::Resynced { from: 0, to: 40 }));
    let script = script.expect("bytes 40-99/250").wants(99).expect("bytes 99-99/250").taken(100);
    let script =
        script.expect("bytes 100-199/250").taken(200).expect("bytes 200-249/250").taken(250).closed();
    assert_eq!(script.session.stats().sizes, Some((1, 100)));
    assert!(script.pauses.is_empty());
}

/// Bytes 0..100 are acknowledged, 100..200 stayed unanswered and are sent again; the answer is 416 with an offset.
#[test]
fn every_offset_of_a_416() {
    let again = || {
        let sent = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250").taken(100);
        sent.expect("bytes 100-199/250").silence(Silence::Lost).expect("bytes 100-199/250")
    };
    again().wants(0).cancelled(Problem::DataLost);
    again().wants(99).cancelled(Problem::DataLost);
    again().wants(100).expect("bytes 100-199/250").taken(200).expect("bytes 200-249/250");
    again().wants(150).expect("bytes 150-199/250").taken(200).expect("bytes 200-249/250");
    again().wants(200).expect("bytes 200-249/250").taken(250).closed();
    again().wants(201).cancelled(Problem::BackendProtocol);
    again().wants(250).cancelled(Problem::BackendProtocol);
    again().wants(251).cancelled(Problem::BackendProtocol);
    again().answer(416, &[("BITS-Received-Content-Range", "x")]).cancelled(Problem::BackendProtocol);
    again().answer(416, &[("BITS-Recieved-Content-Range", "200")]).expect("bytes 200-249/250");
    // The same offsets by 200.
    again().taken(99).cancelled(Problem::DataLost);
    again().taken(201).cancelled(Problem::BackendProtocol);
    again().taken(u64::MAX).cancelled(Problem::BackendProtocol);
}

#[test]
fn a_last_fragment_found_to_be_taken_is_closed() {
    let lost = || script(50, &Profile::TRIM).open().expect("bytes 0-49/50").silence(Silence::TimedOut);
    lost().expect("bytes 0-49/50").wants(50).closed();
    lost().expect("bytes 0-49/50").taken(50).closed();
}

#[test]
fn a_416_without_an_offset_leaves_only_a_new_session() {
    let first = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250").answer(416, &[]);
    assert_eq!(first.session.outcome(), None);
    let begun = first.expect("Cancel-Session").answer(200, &[]).open();
    let later = begun.expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250").answer(416, &[]);
    later.cancelled(Problem::BackendProtocol);
}

#[test]
fn a_200_without_an_offset_means_all_unless_in_doubt() {
    let sent = || script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
    sent().answer(200, &[]).expect("bytes 100-199/250");
    sent()
        .silence(Silence::Lost)
        .expect("bytes 0-99/250")
        .answer(200, &[])
        .cancelled(Problem::FragmentInDoubt);
    // An offset ends the doubt.
    let known = sent().silence(Silence::Lost).expect("bytes 0-99/250").taken(100);
    known.expect("bytes 100-199/250").answer(200, &[]).expect("bytes 200-249/250");
    // Nothing was sent: no doubt.
    sent().silence(Silence::Unsent).expect("bytes 0-99/250").answer(200, &[]).expect("bytes 100-199/250");

    static STRICT: Profile = Profile { offset_required: true, ..Profile::REFUSE };
    let strict = script(250, &STRICT).open().expect("bytes 0-99/250").answer(200, &[]);
    strict.cancelled(Problem::FragmentInDoubt);
}

#[test]
fn a_200_that_is_none() {
    let sent = || script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
    sent().answer(200, &[("BITS-Error-Code", "0x80070070")]).cancelled(Problem::DiskFull);
    sent().answer(200, &[GONE]).expect("Create-Session");
    sent().bare(200).cancelled(Problem::BackendProtocol);
    sent().answer(204, &[]).cancelled(Problem::BackendProtocol);
}

#[test]
fn refusals_of_a_fragment_are_final() {
    for (status, problem) in [
        (401, Problem::BackendAuth),
        (403, Problem::Forbidden),
        (409, Problem::Exists),
        (507, Problem::DiskFull),
        (301, Problem::BackendRedirect),
        (400, Problem::BackendRefused),
    ] {
        let script = script(50, &Profile::REFUSE).open().expect("bytes 0-49/50").answer(status, &[]);
        let script = script.cancelled(problem);
        assert!(script.pauses.is_empty() && script.session.stats().retries == 0, "{status}");
    }
}

#[test]
fn no_close_before_the_server_has_said_that_it_has_all() {
    let script = script(150, &Profile::TRIM).open().expect("bytes 0-99/150").taken(100);
    // The last fragment, again and again: partial, equal, lost. Never a Close.
    let script = script.expect("bytes 100-149/150").taken(149).expect("bytes 149-149/150").wants(149);
    let script = script.expect("bytes 149-149/150").silence(Silence::TimedOut);
    let script = script.expect("bytes 149-149/150").answer(503, &[]).expect("bytes 149-149/150");
    assert!(!script.session.is_closing());
    let script = script.taken(150);
    assert!(script.session.is_closing());
    script.closed();
}
