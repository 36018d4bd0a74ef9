//! Limits: of a fragment, of a file.

use super::*;
use crate::limits::{KIB, MIB};

/// Answers every fragment so; gives the sizes that were tried and what is left.
fn refuse_all(mut script: Script, status: u16, pairs: &[(&str, &str)]) -> (Vec<u64>, Script) {
    let mut sizes = Vec::new();
    while script.session.outcome().is_none() {
        match script.next() {
            Step::Send(Packet::Fragment { range, .. }) => sizes.push(range.len()),
            other => panic!("{other:?}"),
        }
        script = script.answer(status, pairs);
    }
    assert!(script.pauses.is_empty(), "a smaller fragment needs no pause");
    (sizes, script)
}

#[test]
fn too_large_halves_down_to_the_floor() {
    for status in [413, 404] {
        let (sizes, script) = refuse_all(sized(MIB, 256 * KIB, &Profile::REFUSE).open(), status, &[]);
        let kib: Vec<u64> = sizes.iter().map(|size| size / KIB).collect();
        assert_eq!(kib, [256, 128, 64, 32, 16, 8, 5], "{status}");
        script.cancelled(Problem::FragmentTooLarge);
    }
}

#[test]
fn a_bare_404_for_a_size_that_was_fine_is_a_lost_session() {
    let script = script(300, &Profile::REFUSE).open().expect("bytes 0-99/300").taken(100);
    script.expect("bytes 100-199/300").answer(404, &[]).over(Problem::SessionLost);
    // A larger one than ever before may be too large.
    let mut script =
        sized(60_000, 20_000, &Profile::REFUSE).open().expect("bytes 0-19999/60000").taken(8_000);
    script = script.expect("bytes 8000-19999/60000").answer(404, &[]).expect("bytes 8000-13999/60000");
    script.taken(14_000).expect("bytes 14000-19999/60000").answer(404, &[]).over(Problem::SessionLost);
}

#[test]
fn a_413_for_a_size_that_was_fine_still_shrinks() {
    let script = sized(40_000, 20_000, &Profile::REFUSE).open().expect("bytes 0-19999/40000").taken(20_000);
    script.expect("bytes 20000-39999/40000").answer(413, &[]).expect("bytes 20000-29999/40000");
}

/// By one document the fragment, by another the file.
#[test]
fn the_code_too_large_gets_one_small_fragment() {
    let (sizes, script) = refuse_all(sized(9 * MIB, 4 * MIB, &Profile::REFUSE).open(), 500, &[TOO_LARGE]);
    assert_eq!(sizes, [4 * MIB, MIB]);
    script.cancelled(Problem::FileTooLarge);
    // A small one cannot be meant: the file is refused before more of it is sent.
    let (sizes, script) = refuse_all(sized(9 * MIB, 256 * KIB, &Profile::REFUSE).open(), 500, &[TOO_LARGE]);
    assert_eq!(sizes, [256 * KIB]);
    script.cancelled(Problem::FileTooLarge);
    // The fragment it was.
    let script = sized(3 * MIB, 3 * MIB, &Profile::REFUSE).open();
    let mut script = script.expect("bytes 0-3145727/3145728").answer(200, &[TOO_LARGE]);
    for i in 0..3 {
        let (from, end) = (i * MIB, (i + 1) * MIB);
        script = script.expect(&format!("bytes {from}-{}/3145728", end - 1)).taken(end);
    }
    script.closed();
}

#[test]
fn a_limit_is_learned_once_a_fragment_within_it_was_taken() {
    let script = sized(MIB, 64 * KIB, &Profile::REFUSE).open();
    let script = script.expect("bytes 0-65535/1048576").answer(413, &[]);
    assert!(script.session.events.contains(&Event::FragmentLimit { bytes: 32 * KIB }));
    assert_eq!(script.session.ceiling(), None, "that may have been about anything");
    let script = script.expect("bytes 0-32767/1048576").taken(32 * KIB);
    assert_eq!(script.session.ceiling(), Some(32 * KIB));
    assert_eq!(script.session.stats().retries, 1);
    // Bytes gathered for the large fragment first, then fragments gathered small.
    let script = script.expect("bytes 32768-65535/1048576").taken(64 * KIB);
    let script = script.expect("bytes 65536-98303/1048576").taken(96 * KIB);
    assert_eq!(script.session.fragment_size(script.ready, u64::MAX), 32 * KIB);
}

#[test]
fn a_limit_learned_before_is_kept() {
    let script = custom(MIB, |settings| {
        settings.fragment = fixed(64 * KIB);
        settings.ceiling = Some(10_000);
    });
    script.open().expect("bytes 0-9999/1048576").taken(10_000).expect("bytes 10000-19999/1048576");
}

#[test]
fn iis_is_recognised_by_its_server_header() {
    let created = |profile, server| {
        let script = custom(100 * MIB, |settings| {
            settings.profile = profile;
            settings.fragment = fixed(50 * MIB);
        });
        let answer = [("BITS-Session-Id", "{7}"), ("Server", server)];
        let mut script = script.expect("Create-Session").answer(200, &answer);
        let event = script.session.poll_event();
        let Some(Event::Created { profile, .. }) = event else { panic!("{event:?}") };
        (profile.name, script)
    };
    let (name, script) = created(None, "Microsoft-IIS/10.0");
    assert_eq!(name, "iis");
    // Its largest fragment is known beforehand, and that it may get one again.
    script.expect("bytes 0-12582911/104857600").silence(Silence::Lost).expect("bytes 0-0/104857600");
    let (name, script) = created(None, "gobits");
    assert_eq!(name, "unknown");
    script.expect("bytes 0-52428799/104857600").silence(Silence::Lost).expect("Cancel-Session");
    // What was configured is not overruled.
    let (name, script) = created(Some(&Profile::APPEND), "Microsoft-IIS/10.0");
    assert_eq!(name, "append");
    script.expect("bytes 0-52428799/104857600");
}

#[test]
fn a_file_beyond_the_profiles_maximum_is_refused_before_its_body() {
    static SMALL: Profile = Profile { max_total: Some(200), ..Profile::REFUSE };
    script(201, &SMALL).open().cancelled(Problem::FileTooLarge);
    script(200, &SMALL).open().expect("bytes 0-99/200");
}
