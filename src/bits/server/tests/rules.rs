//! Repeats, overlaps, gaps, broken connections, and how a session ends.

use super::*;

#[test]
fn a_gap_tells_the_wanted_offset() {
    let mut peer = Peer::open(&[]);
    peer.fragment(0, 100, 500);
    assert_eq!(peer.fragment(200, 300, 500), "416 0x0/0x5 next=100");
    assert_eq!(peer.fragment(100, 500, 500), "200 next=500");
}

/// The same four fragments under each rule: what is answered, how many bytes are stored.
#[test]
fn overlaps() {
    for (rule, repeat, partial, stored) in [
        ("refuse", "416 0x0/0x5 next=600", "416 0x0/0x5 next=600", 600),
        ("trim", "200 next=600", "200 next=1024", 1024),
        ("trim-or-refuse", "416 0x0/0x5 next=600", "200 next=1024", 1024),
        ("append", "200 next=600", "200 next=1024", 600 + 600 + 524),
        ("overwrite", "200 next=600", "200 next=1024", 1024),
    ] {
        let mut peer = Peer::open(&[&format!("overlap={rule}")]);
        assert_eq!(peer.fragment(0, 600, 1024), "200 next=600");
        assert_eq!(peer.fragment(0, 600, 1024), repeat, "{rule}: repeat");
        assert_eq!(peer.fragment(500, 1024, 1024), partial, "{rule}: overlap");
        let (_, session) = peer.server.sessions().next().unwrap();
        assert_eq!(session.stored(), stored, "{rule}");
    }
}

#[test]
fn writing_over_the_beginning_does_not_shorten_the_file() {
    let mut peer = Peer::open(&["overlap=overwrite", "early-close=publish"]);
    peer.fragment(0, 600, 1024);
    assert_eq!(peer.fragment(0, 100, 1024), "200 next=100");
    assert_eq!(peer.close(), "200");
    assert_eq!(peer.published(), [600]);
}

#[test]
fn an_intake_says_where_bytes_go() {
    for (rule, start, expected) in [
        ("trim", 500, (600, 100, 424)),
        ("append", 500, (600, 0, 524)),
        ("overwrite", 500, (500, 0, 524)),
        ("refuse", 600, (600, 0, 424)),
    ] {
        let mut peer = Peer::open(&[&format!("overlap={rule}")]);
        peer.fragment(0, 600, 1024);
        let request = peer.fragment_head(start, 1024, 1024);
        let Begin::Receive(intake) = peer.begin(&request) else { panic!("{rule}: no intake") };
        assert_eq!((intake.at(), intake.skip(), intake.store()), expected, "{rule}");
        assert_eq!(seen(&peer.server.finish(Duration::ZERO, intake)), "200 next=1024");
    }
}

#[test]
fn gaps() {
    for (rule, answer) in [
        ("refuse", "416 0x0/0x5 next=100"),
        ("500", "500 0x1/0x5"),
        ("hang-up", "500 hang-up"),
        ("take", "200 next=300"),
    ] {
        let mut peer = Peer::open(&[&format!("gap={rule}")]);
        peer.fragment(0, 100, 500);
        assert_eq!(peer.fragment(200, 300, 500), answer, "{rule}");
    }
}

#[test]
fn a_broken_fragment_counts_or_not() {
    for (rule, kept, next) in [("discard", 0, 100), ("keep", 30, 130)] {
        let mut peer = Peer::open(&[&format!("broken={rule}")]);
        peer.fragment(0, 100, 500);
        assert_eq!(peer.break_off(100, 200, 500, 30), kept, "{rule}");
        assert_eq!(peer.fragment(400, 500, 500), format!("416 0x0/0x5 next={next}"), "{rule}");
        assert_eq!(peer.fragment(next, 500, 500), "200 next=500", "{rule}");
        assert_eq!(peer.close(), "200");
        assert_eq!(peer.published(), [500]);
    }
}

#[test]
fn a_broken_overlap_keeps_only_new_bytes() {
    let mut peer = Peer::open(&["overlap=trim", "broken=keep"]);
    peer.fragment(0, 100, 500);
    assert_eq!(peer.break_off(50, 200, 500, 40), 0, "all of it was known");
    assert_eq!(peer.break_off(50, 200, 500, 60), 10);
    assert_eq!(peer.fragment(110, 500, 500), "200 next=500");
}

#[test]
fn one_fragment_at_a_time() {
    let mut peer = Peer::open(&[]);
    let request = peer.fragment_head(0, 100, 500);
    let Begin::Receive(intake) = peer.begin(&request) else { panic!("no intake") };
    assert_eq!(peer.fragment(0, 100, 500), "busy");
    assert_eq!(peer.close(), "busy");
    assert_eq!(peer.ping(), "200");
    assert_eq!(peer.server.abort(intake, 10), 0);
    assert_eq!(peer.fragment(0, 100, 500), "200 next=100");
}

#[test]
fn a_session_that_goes_while_its_fragment_comes() {
    let mut peer = Peer::open(&[]);
    let request = peer.fragment_head(0, 100, 500);
    let Begin::Receive(intake) = peer.begin(&request) else { panic!("no intake") };
    peer.server.forget_all();
    assert_eq!(seen(&peer.server.finish(Duration::ZERO, intake)), "500 0x8020001F/0x5");
}

#[test]
fn short_takes_move_on_by_what_was_taken() {
    let mut peer = Peer::open(&["short-take=64"]);
    assert_eq!(peer.fragment(0, 100, 150), "200 next=64");
    assert_eq!(peer.fragment(64, 150, 150), "200 next=128");
    assert_eq!(peer.close(), "400 0x80070057/0x5", "not complete");
    assert_eq!(peer.fragment(128, 150, 150), "200 next=150");
    assert_eq!(peer.close(), "200");
    assert_eq!(peer.published(), [150]);

    let mut peer = Peer::open(&[]);
    let request = peer.fragment_head(0, 100, 100);
    let Begin::Receive(mut intake) = peer.begin(&request) else { panic!("no intake") };
    intake.limit(7);
    assert_eq!(seen(&peer.server.finish(Duration::ZERO, intake)), "200 next=7");
}

#[test]
fn after_the_last_fragment() {
    for (quirks, answer) in [
        (&["last-repeat=acknowledge"][..], "200 next=100"),
        (&["last-repeat=by-overlap"], "416 0x0/0x5 next=100"),
        (&["last-repeat=by-overlap", "publish=last-fragment"], "200 next=100"),
        (&["last-repeat=offset-zero"], "416 0x0/0x5 next=0"),
    ] {
        let mut peer = Peer::open(quirks);
        peer.fragment(0, 100, 100);
        assert_eq!(peer.fragment(0, 100, 100), answer, "{quirks:?}");
        assert_eq!(peer.close(), "200");
        assert_eq!(peer.published(), [100], "{quirks:?}: once");
    }
}

#[test]
fn publishing_with_the_last_fragment() {
    let mut peer = Peer::open(&["publish=last-fragment"]);
    peer.fragment(0, 60, 100);
    assert!(peer.published().is_empty());
    peer.fragment(60, 100, 100);
    assert_eq!(peer.published(), [100]);
    assert_eq!(peer.cancel(), "200", "a Cancel has no effect on the file");
    assert_eq!(peer.published(), [100]);
}

#[test]
fn early_close() {
    for (rule, answer, published, sessions) in [
        ("refuse", "400 0x80070057/0x5", &[][..], 1),
        ("discard", "200", &[], 0),
        ("publish", "200", &[60], 0),
    ] {
        let mut peer = Peer::open(&[&format!("early-close={rule}")]);
        peer.fragment(0, 60, 100);
        assert_eq!(peer.close(), answer, "{rule}");
        assert_eq!(peer.published(), published, "{rule}");
        assert_eq!(peer.server.sessions().count(), sessions, "{rule}");
    }
}

#[test]
fn files_of_no_bytes() {
    for (rule, answer, published) in
        [("publish", "200", &[0][..]), ("416", "416 0x0/0x5", &[]), ("ack-only", "200", &[])]
    {
        let mut peer = Peer::open(&[&format!("zero-length={rule}")]);
        assert_eq!(peer.close(), answer, "{rule}");
        assert_eq!(peer.published(), published, "{rule}");
    }
}

#[test]
fn cancel_discards() {
    let mut peer = Peer::open(&[]);
    peer.fragment(0, 60, 100);
    assert_eq!(peer.cancel(), "200");
    assert!(matches!(peer.effects.last(), Some(Effect::Discard { .. })));
    assert_eq!(peer.cancel(), "500 0x8020001F/0x5");
}

#[test]
fn existing_targets() {
    let conflict = "409";
    let denied = "403 0x80070005/0x5";
    for (quirk, at_create, at_last, at_close) in [
        ("existing=overwrite", "200", "200 next=10", "200"),
        ("existing=403", denied, "", ""),
        ("existing=409", conflict, "", ""),
        ("existing=403:last-fragment", "200", denied, ""),
        ("existing=409:last-fragment", "200", conflict, ""),
        ("existing=403:close", "200", "200 next=10", denied),
        ("existing=409:close", "200", "200 next=10", conflict),
    ] {
        let mut peer = Peer::new(&[quirk]);
        peer.target = TargetState::Exists;
        assert_eq!(peer.create(), at_create, "{quirk}");
        if !at_last.is_empty() {
            assert_eq!(peer.fragment(0, 10, 10), at_last, "{quirk}");
        }
        if !at_close.is_empty() {
            assert_eq!(peer.close(), at_close, "{quirk}");
        }
        let stored = if at_close == "200" { 1 } else { 0 };
        assert_eq!(peer.published().len(), stored, "{quirk}");
    }
}

#[test]
fn the_application_may_refuse() {
    let mut peer = Peer::open(&["verdict=503:80004005:2"]);
    peer.fragment(0, 10, 20);
    assert_eq!(peer.fragment(10, 20, 20), "503 0x80004005/0x7");
    assert_eq!(peer.close(), "400 0x80070057/0x5", "not while it is refused");
    assert_eq!(peer.fragment(10, 20, 20), "503 0x80004005/0x7");
    assert_eq!(peer.fragment(10, 20, 20), "200 next=20");
    assert_eq!(peer.close(), "200");
    assert_eq!(peer.published(), [20]);
}

#[test]
fn sessions_expire() {
    let mut peer = Peer::open(&["session-timeout=60"]);
    peer.now = Duration::from_secs(60);
    assert_eq!(peer.fragment(0, 10, 100), "200 next=10");
    peer.now = Duration::from_secs(120);
    assert_eq!(peer.fragment(10, 20, 100), "200 next=20", "progress resets the timer");
    peer.now = Duration::from_secs(181);
    assert_eq!(peer.fragment(20, 30, 100), "500 0x8020001F/0x5");
    assert_eq!(peer.server.expire(peer.now).len(), 1);
    assert_eq!(peer.server.sessions().count(), 0);
}

#[test]
fn a_restart_forgets() {
    let mut peer = Peer::open(&[]);
    peer.fragment(0, 10, 100);
    assert_eq!(peer.server.forget_all().len(), 1);
    assert_eq!(peer.fragment(10, 20, 100), "500 0x8020001F/0x5");
}
