//! 401 and 407: asked once more, or whose they are.

use super::*;
use crate::bits::Login;
use Problem::{BackendAuth, CallerRefused};

fn with(login: Login, total: u64, profile: &'static Profile) -> Script {
    custom(total, |settings| {
        settings.profile = Some(profile);
        settings.login = login;
        settings.wants_reply = true;
    })
}

fn renewable(total: u64) -> Script {
    // Where a byte sent twice would be stored twice: what got 401 was not taken.
    with(Login::Renewable, total, &Profile::APPEND)
}

fn challenges(script: &Script) -> Vec<String> {
    let what = |event: &Event| match event {
        Event::Challenged { what, status } => Some(format!("{what}: {}", status.as_u16())),
        _ => None,
    };
    script.events.iter().filter_map(what).collect()
}

#[test]
fn every_packet_is_sent_once_more() {
    let script = renewable(150).expect("Create-Session").bare(401).open();
    let script = script.expect("bytes 0-99/150").bare(401).expect("bytes 0-99/150").taken(100);
    let script = script.expect("bytes 100-149/150").bare(407).expect("bytes 100-149/150");
    let script = script.answer(200, &[("BITS-Received-Content-Range", "150"), ("BITS-Reply-URL", "/r")]);
    let mut script = script.expect("GET /r");
    assert!(script.session.challenged(script.now, StatusCode::UNAUTHORIZED));
    script = script.expect("GET /r");
    assert!(!script.session.challenged(script.now, StatusCode::OK));
    script.session.reply_fetched(script.now);
    let script = script.expect("Close-Session").bare(401).closed();
    let seen = challenges(&script);
    let wanted = [
        "Create-Session: 401",
        "the fragment bytes 0-99/150: 401",
        "the fragment bytes 100-149/150: 407",
        "the request for the reply: 401",
        "Close-Session: 401",
    ];
    assert_eq!(seen, wanted);
    // It is no trouble: nothing waits, and nothing counts as a repetition.
    assert_eq!((script.pauses.len(), script.session.stats().retries), (0, 0));
}

#[test]
fn twice_is_a_refusal() {
    renewable(50).expect("Create-Session").bare(401).expect("Create-Session").bare(401).over(BackendAuth);
    let script = renewable(50).open().expect("bytes 0-49/50").bare(401).expect("bytes 0-49/50").bare(401);
    // The Cancel has an attempt of its own.
    let script = script.decided(BackendAuth).expect("Cancel-Session").bare(401).expect("Cancel-Session");
    script.bare(401).over(BackendAuth);
    // An answer in between makes it another matter.
    let script = renewable(150).open().expect("bytes 0-99/150").bare(401).expect("bytes 0-99/150").taken(100);
    script.expect("bytes 100-149/150").bare(401).expect("bytes 100-149/150").taken(150).closed();
}

#[test]
fn silence_in_between_is_not_a_new_packet() {
    let script = with(Login::Renewable, 50, &Profile::REFUSE).open().expect("bytes 0-49/50").bare(401);
    let script = script.expect("bytes 0-49/50").silence(Silence::Unsent).expect("bytes 0-49/50").bare(401);
    script.cancelled(BackendAuth);
}

#[test]
fn evidence_is_asked_for_once_more() {
    let script = with(Login::Renewable, 50, &Profile::REFUSE).open().expect("bytes 0-49/50").taken(50);
    let script = script.expect("Close-Session").silence(Silence::Lost).expect("Close-Session");
    let mut script = script.answer(500, &[GONE]).expect("HEAD");
    script.session.evidence(script.now, StatusCode::UNAUTHORIZED, &HeaderMap::new());
    script = script.expect("HEAD");
    let found = headers(&[("content-length", "50"), ("last-modified", BEGUN)]);
    script.session.evidence(script.now, StatusCode::OK, &found);
    script.stored();
}

#[test]
fn who_leaves_meanwhile_is_not_waited_for() {
    let script = renewable(150).open().expect("bytes 0-99/150").abort(Problem::ClientGone).bare(401);
    script.cancelled(Problem::ClientGone);
}

#[test]
fn credentials_that_do_not_change_are_refused_at_once() {
    with(Login::Fixed, 50, &Profile::REFUSE).expect("Create-Session").bare(401).over(BackendAuth);
    with(Login::Fixed, 50, &Profile::REFUSE).open().expect("bytes 0-49/50").bare(407).cancelled(BackendAuth);
}

#[test]
fn the_callers_credentials_are_the_callers_affair() {
    let basic = [("WWW-Authenticate", "NTLM"), ("WWW-Authenticate", "Basic realm=\"iis\"")];
    let script = with(Login::Callers, 50, &Profile::REFUSE).expect("Create-Session").answer(401, &basic);
    let script = script.over(CallerRefused);
    assert_eq!(*script.failure().challenge.unwrap(), "Basic realm=\"iis\"");
    let script =
        with(Login::Callers, 50, &Profile::REFUSE).open().expect("bytes 0-49/50").answer(401, &basic);
    script.cancelled(CallerRefused);
    // What the client cannot answer through this proxy is not put to it.
    for useless in [&[("WWW-Authenticate", "NTLM")][..], &[("WWW-Authenticate", "negotiate")], &[]] {
        let script = with(Login::Callers, 50, &Profile::REFUSE).expect("Create-Session");
        assert_eq!(script.answer(401, useless).over(BackendAuth).failure().challenge, None);
    }
    with(Login::Callers, 50, &Profile::REFUSE).expect("Create-Session").answer(407, &basic).over(BackendAuth);
    with(Login::Callers, 50, &Profile::REFUSE)
        .expect("Create-Session")
        .answer(403, &[])
        .over(Problem::Forbidden);
}

/// A later request may bring better ones.
#[test]
fn a_lasting_upload_outlives_a_token_of_its_client() {
    let settings = |settings: &mut SessionSettings| {
        settings.login = Login::Callers;
        settings.lasting = true;
        settings.profile = Some(&Profile::APPEND);
    };
    let bearer = [("WWW-Authenticate", "Bearer")];
    let script = custom(150, settings).open().expect("bytes 0-99/150").taken(100);
    let script = script.expect("bytes 100-149/150").answer(401, &bearer).over(CallerRefused);
    let kept = script.session.checkpoint().unwrap();
    assert_eq!((kept.offset, kept.in_doubt), (100, false));
    let mut next = SessionSettings { fragment: fixed(FRAGMENT), ..SessionSettings::new(150) };
    settings(&mut next);
    let script = of(Session::resume(next, kept)).expect("bytes 100-149/150").taken(150);
    let script = script.expect("Close-Session").answer(401, &bearer).over(CallerRefused);
    assert!(!script.session.checkpoint().unwrap().closing, "a refused Close has published nothing");
}
