//! What is left at the server for a later run: checkpoints, lasting sessions, files withheld.

use super::*;
use Problem::{ClientGone, DigestMismatch};

/// Offset, in doubt, closing.
fn kept(script: &Script) -> Option<(u64, bool, bool)> {
    let checkpoint = script.session.checkpoint()?;
    assert_eq!(checkpoint.session.as_header(), "{7}");
    assert_eq!(checkpoint.created_at, httpdate::parse_http_date(BEGUN).ok());
    assert_eq!(checkpoint.profile, script.session.profile);
    Some((checkpoint.offset, checkpoint.in_doubt, checkpoint.closing))
}

fn lasting(total: u64, profile: &'static Profile) -> Script {
    custom(total, |settings| {
        settings.profile = Some(profile);
        settings.lasting = true;
    })
}

fn withhold(mut script: Script) -> Script {
    script.session.withhold(script.now, Failure::new(DigestMismatch, "scripted"));
    script
}

/// The same trouble until the session is decided.
fn outlast(mut script: Script, trouble: impl Fn(Script) -> Script) -> Script {
    for _ in 0..1_000 {
        script = trouble(script);
        if script.session.outcome().is_some() {
            return script;
        }
        script.next();
    }
    panic!("no end in sight");
}

#[test]
fn every_phase_has_its_checkpoint() {
    for profile in Profile::NAMED {
        let script = script(150, profile);
        assert_eq!(kept(&script), None);
        let script = script.expect("Create-Session");
        assert_eq!(kept(&script), None);
        let script = script.answer(200, &[("BITS-Session-Id", "{7}"), ("Date", BEGUN)]);
        assert_eq!(kept(&script), Some((0, false, false)));
        let script = script.expect("bytes 0-99/150");
        assert_eq!(kept(&script), Some((0, true, false)));
        let script = script.silence(Silence::Unsent);
        assert_eq!(kept(&script), Some((0, profile.overlap.may_resend(), false)));
        let script = script.expect("bytes 0-99/150").taken(100);
        assert_eq!(kept(&script), Some((100, false, false)));
        let script = script.expect("bytes 100-149/150").taken(150);
        assert_eq!(kept(&script), Some((150, false, false)));
        let script = script.expect("Close-Session");
        assert_eq!(kept(&script), Some((150, false, true)));
        let script = script.silence(Silence::Unsent);
        assert_eq!(kept(&script), Some((150, false, false)));
        let script = script.expect("Close-Session").silence(Silence::TimedOut);
        assert_eq!(kept(&script), Some((150, false, true)));
        let script = script.expect("Close-Session").answer(409, &[]).expect("HEAD");
        assert_eq!(kept(&script), Some((150, false, true)));
    }
    let closing =
        || script(50, &Profile::IIS).open().expect("bytes 0-49/50").taken(50).expect("Close-Session");
    assert_eq!(kept(&closing().answer(200, &[])), None);
    assert_eq!(kept(&closing().answer(403, &[])), None);
    assert_eq!(kept(&closing().silence(Silence::Lost).expect("Close-Session").answer(500, &[GONE])), None);
    assert_eq!(kept(&script(50, &Profile::IIS).expect("Create-Session").answer(403, &[])), None);
    let fetching = custom(50, |settings| settings.wants_reply = true).open().expect("bytes 0-49/50");
    let fetching = fetching.answer(200, &[("BITS-Received-Content-Range", "50"), ("BITS-Reply-URL", "r")]);
    assert_eq!(kept(&fetching.expect("GET r")), Some((50, false, false)));
}

#[test]
fn what_may_still_come_counts_as_doubt() {
    let sent = |profile| script(250, profile).open().expect("bytes 0-99/250");
    // It wants byte 40, but a request with more hangs somewhere.
    let asked = sent(&Profile::REFUSE).silence(Silence::TimedOut).expect("bytes 0-99/250").wants(40);
    assert_eq!(kept(&asked), Some((40, true, false)));
    assert_eq!(kept(&asked.expect("bytes 40-99/250").taken(100)), Some((100, false, false)));
    // Where nothing is sent twice, nothing hangs.
    assert_eq!(kept(&sent(&Profile::APPEND).taken(40)), Some((40, false, false)));
    // Dropped by the caller in the middle of an exchange.
    let dropped =
        |profile| kept(&sent(profile).taken(100).expect("bytes 100-199/250").silence(Silence::TimedOut));
    assert_eq!(dropped(&Profile::TRIM), Some((100, true, false)));
    assert_eq!(dropped(&Profile::UNKNOWN), None, "nothing to go on with");
}

#[test]
fn what_is_to_be_cancelled_has_no_checkpoint() {
    let sent = || script(50, &Profile::REFUSE).open().expect("bytes 0-49/50");
    assert_eq!(kept(&sent().abort(ClientGone)), None);
    assert_eq!(kept(&sent().abort(ClientGone).silence(Silence::Lost)), None);
    assert_eq!(kept(&sent().answer(507, &[])), None);
    assert_eq!(kept(&withhold(sent())), None);
    // Too late for an abort.
    assert_eq!(kept(&sent().abort(ClientGone).taken(50)), Some((50, false, false)));
    assert_eq!(kept(&withhold(sent().taken(50))), None);
    let closing = withhold(sent().taken(50).expect("Close-Session"));
    assert_eq!(kept(&closing), Some((50, false, true)));
    // Begun anew.
    let again = script(50, &Profile::APPEND).open().expect("bytes 0-49/50").silence(Silence::Lost);
    assert_eq!(kept(&again.expect("Cancel-Session")), None);
}

#[test]
fn a_lasting_session_is_left_at_the_server() {
    for profile in Profile::NAMED {
        for (trouble, problem) in
            [(Silence::Unsent, Problem::Unreachable), (Silence::TimedOut, Problem::Timeout)]
        {
            let doubtful = profile.overlap.may_resend();
            if trouble != Silence::Unsent && !doubtful {
                continue;
            }
            let script = lasting(150, profile).open().expect("bytes 0-99/150").taken(100);
            let script = outlast(script.expect("bytes 100-149/150"), |script| script.silence(trouble));
            assert_eq!(kept(&script), Some((100, doubtful, false)), "{}", profile.name);
            assert!(!script.session.is_open() && !script.session.is_closing());
            assert!(script.failure().detail.contains("given up after 300 s"));
            assert_eq!(script.pauses.iter().sum::<Duration>(), Duration::from_secs(300));
            // Neither by will nor by need is it cancelled now.
            let from = script.session.checkpoint();
            let script = withhold(script.abort(ClientGone)).over(problem);
            assert_eq!(script.session.checkpoint(), from);
            let mut again = of(Session::resume(SessionSettings::new(150), from.unwrap()));
            assert_eq!(text(&again.next()), "bytes 100-149/150");
        }
    }
    let script =
        outlast(lasting(50, &Profile::IIS).open().expect("bytes 0-49/50"), |script| script.bare(503));
    assert_eq!(kept(&script.over(Problem::Unavailable)), Some((0, true, false)));
    // Others are cancelled.
    let script =
        outlast(self::script(50, &Profile::IIS).open().expect("bytes 0-49/50"), |script| script.bare(503));
    assert_eq!(kept(&script), None);
    script.cancelled(Problem::Unavailable);
}

#[test]
fn so_is_one_that_is_complete() {
    let closing =
        || lasting(50, &Profile::APPEND).open().expect("bytes 0-49/50").taken(50).expect("Close-Session");
    let script = outlast(closing(), |script| script.silence(Silence::Unsent));
    assert_eq!(kept(&script), Some((50, false, false)));
    script.over(Problem::Unreachable);
    // A Close may have been sent, and the target cannot be looked at either.
    let script = outlast(closing(), |script| script.silence(Silence::Lost));
    assert_eq!(kept(&script), Some((50, false, true)));
    let mut again = of(Session::resume(SessionSettings::new(50), script.session.checkpoint().unwrap()));
    assert_eq!(text(&again.next()), "Close-Session");
    // Once the server has said that the session is gone, there is nothing to go on with.
    let script = closing().silence(Silence::Lost).expect("Close-Session").answer(500, &[GONE]).expect("HEAD");
    let script = outlast(script, |script| script.silence(Silence::Lost));
    assert_eq!(kept(&script), None);
    script.over(Problem::CloseInDoubt);
}

#[test]
fn refusals_and_losses_end_a_lasting_session_too() {
    let sent = |profile| {
        lasting(250, profile).open().expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250")
    };
    sent(&Profile::REFUSE).answer(507, &[]).cancelled(Problem::DiskFull);
    sent(&Profile::REFUSE).wants(99).cancelled(Problem::DataLost);
    sent(&Profile::REFUSE).answer(500, &[GONE]).over(Problem::SessionLost);
    sent(&Profile::APPEND).silence(Silence::Lost).cancelled(Problem::FragmentInDoubt);
    outlast(sent(&Profile::REFUSE), |script| script.wants(100)).cancelled(Problem::NoProgress);
    sent(&Profile::REFUSE).abort(ClientGone).silence(Silence::Lost).cancelled(ClientGone);
}

/// There is a client that waits and can come back: it is not sent away as early as one that cannot.
#[test]
fn a_lasting_session_may_take_its_time_to_open() {
    let script =
        outlast(lasting(50, &Profile::IIS).expect("Create-Session"), |script| script.answer(503, &[]));
    assert_eq!(script.pauses.iter().sum::<Duration>(), Duration::from_secs(300));
    assert_eq!(kept(&script.over(Problem::Unavailable)), None);
}

#[test]
fn a_file_is_withheld_as_long_as_no_close_may_have_been_sent() {
    let sent = |publish| {
        let script = custom(50, |settings| {
            settings.profile = Some(&Profile::REFUSE);
            settings.publish = publish;
            settings.wants_reply = true;
        });
        script.open().expect("bytes 0-49/50")
    };
    for publish in [true, false] {
        withhold(sent(publish)).taken(50).cancelled(DigestMismatch);
        withhold(sent(publish)).silence(Silence::Lost).cancelled(DigestMismatch);
        withhold(sent(publish).taken(50)).cancelled(DigestMismatch);
        // Also where a mere abort is too late, before or after it.
        withhold(sent(publish).abort(ClientGone)).taken(50).cancelled(ClientGone);
        withhold(sent(publish)).abort(ClientGone).taken(50).cancelled(DigestMismatch);
    }
    let replied = [("BITS-Received-Content-Range", "50"), ("BITS-Reply-URL", "r")];
    withhold(sent(true).answer(200, &replied)).cancelled(DigestMismatch);
    let mut fetching = withhold(sent(true).answer(200, &replied).expect("GET r"));
    assert_eq!(kept(&fetching), None);
    fetching.session.reply_fetched(fetching.now);
    fetching.cancelled(DigestMismatch);

    let closing = || withhold(sent(true).taken(50).expect("Close-Session"));
    closing().answer(200, &[]).stored();
    closing().answer(503, &[]).closed();
    closing().silence(Silence::Lost).closed();
    closing().silence(Silence::Unsent).cancelled(DigestMismatch);
    withhold(sent(true).taken(50).expect("Close-Session").silence(Silence::Unsent)).cancelled(DigestMismatch);
    // Before there is anything.
    withhold(script(0, &Profile::IIS)).over(DigestMismatch);
    withhold(script(0, &Profile::IIS).expect("Create-Session"))
        .answer(200, &[("BITS-Session-Id", "{7}")])
        .cancelled(DigestMismatch);
}
