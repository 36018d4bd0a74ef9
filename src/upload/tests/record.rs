//! Records: what a later process makes of them.

use super::*;
use crate::bits::{Followed, Node};
use crate::digest::Algorithm;
use http::HeaderName;

/// A record of form 1, as it was written. It has to stay readable.
const PINNED: &[u8] = include_bytes!("pinned.json");

fn restored(life: &Life) -> Life {
    Life::restore(&life.record().unwrap()).unwrap()
}

fn digests(text: &'static str) -> Digests {
    let name = HeaderName::from_static("repr-digest");
    Digests::read(&HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(text))]), &name)
}

/// A plan with everything in it.
fn full() -> Plan {
    let alice = [(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer alice-secret"))];
    let principal = Principal::of(&alice.into_iter().collect(), &[http::header::AUTHORIZATION]).unwrap();
    Plan {
        owner: Some(Owner::new(&principal, &[7; 32])),
        digests: DigestPlan {
            expected: digests("sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:"),
            wanted: Some(Algorithm::Sha512),
        },
        ..plan()
    }
}

fn hashed(plan: &Plan, offset: u64) -> Continuation {
    let mut hasher = Hasher::new(plan.digests.algorithms());
    hasher.update(&vec![b'x'; offset as usize]);
    let mut headers = HeaderMap::new();
    headers.append("x-file", HeaderValue::from_bytes(b"\xffr\xe4w").unwrap());
    headers.append("x-file", HeaderValue::from_static("two"));
    Continuation { digest: Some(hasher.state()), headers, ..exact(offset) }
}

#[test]
fn every_state_goes_round() {
    let mut life = Life::new(full(), None);
    assert_eq!(restored(&life), life);
    life.append(&part(0, Some(0), false, Some(100)), MAX, at(1)).unwrap();
    assert_eq!(restored(&life), life);
    life.paused(hashed(life.plan(), 50), at(2));
    life.tell(at(2));
    assert_eq!(restored(&life), life);
    life.paused(hashed(life.plan(), 70), at(3));
    assert_eq!((restored(&life), restored(&life).told), (life.clone(), 50));

    // A process that ended while a request fed it: what was on its way may have come.
    life.append(&part(70, Some(10), false, None), MAX, at(4)).unwrap();
    assert_eq!(life.state(), &State::Receiving);
    assert_eq!(restored(&life), Life { state: State::Idle, ..life.clone() });
    assert!(restored(&life).continuation().checkpoint.as_ref().unwrap().in_doubt);

    // Before Close-Session and behind it.
    let closing = changed(hashed(life.plan(), 100), |checkpoint| checkpoint.closing = true);
    life.finalizing(closing, at(5));
    assert_eq!((restored(&life), life.is_finalizing()), (life.clone(), true));
    for answer in [Ok(stored()), Ok(Stored::default()), Err(failed())] {
        let mut life = life.clone();
        life.finished(answer, at(6));
        assert_eq!(restored(&life), life);
    }
    life.end(Problem::UploadCancelled, at(7));
    assert_eq!(life.record(), None);
}

#[test]
fn all_methods_versions_and_profiles_go_round() {
    for version in Version::ALL {
        for profile in Profile::NAMED {
            let mut life = Life::new(Plan { version, method: Method::POST, ..plan() }, Some(100));
            life.paused(changed(exact(50), |checkpoint| checkpoint.profile = profile), at(1));
            assert_eq!(restored(&life), life);
        }
    }
}

#[test]
fn the_node_of_a_farm_goes_round() {
    for (fallback, given_up) in [(None, false), (Some(Duration::from_secs(60)), true)] {
        let mut life = Life::new(plan(), Some(100));
        let node = Node::parse(b"[::1]").unwrap();
        let followed = Followed { node, fallback, silent: Duration::from_secs(7), given_up };
        life.paused(changed(exact(50), |checkpoint| checkpoint.node = Some(followed)), at(1));
        assert_eq!(restored(&life), life);
        let text = String::from_utf8(life.record().unwrap()).unwrap();
        // A host that is none is not asked.
        for evil in ["evil.test:80", "u@evil.test", ""] {
            let record = text.replacen("\"host\":\"[::1]\"", &format!("\"host\":\"{evil}\""), 1);
            assert_ne!(record, text);
            let error = Life::restore(record.as_bytes()).unwrap_err();
            assert_eq!(error, BadRecord::Damaged("session.node.host is not what it should be".into()));
        }
    }
    // Records of programs that knew no nodes.
    assert!(!String::from_utf8_lossy(PINNED).contains("node"));
    assert_eq!(Life::restore(PINNED).unwrap().continuation().checkpoint.as_ref().unwrap().node, None);
}

#[test]
fn a_fragment_in_doubt_decides_by_the_kind_of_backend() {
    for profile in Profile::NAMED {
        for offset in [0, 50] {
            let mut life = Life::new(plan(), Some(100));
            life.paused(changed(exact(offset), |checkpoint| checkpoint.profile = profile), at(1));
            life.append(&part(offset, None, true, None), MAX, at(2)).unwrap();
            let mut life = restored(&life);
            let may_resend = profile.overlap.may_resend();
            let wanted = match (may_resend, offset) {
                (false, 50) => State::Gone(Problem::FragmentInDoubt),
                _ => State::Idle,
            };
            assert_eq!((life.state(), life.offset()), (&wanted, offset), "{}", profile.name);
            // It begins anew where nothing is acknowledged; the session is for the caller to cancel, as that of one that
            // is gone.
            assert!(life.continuation().checkpoint.is_some());
            let renewable = !may_resend && offset == 0;
            assert_eq!(life.take_lost_session().is_some(), renewable, "{}", profile.name);
            assert_eq!(life.continuation().checkpoint.is_none(), renewable);
        }
        // With nothing under way there is no doubt, and with all bytes acknowledged neither.
        let mut life = Life::new(plan(), Some(100));
        life.paused(changed(exact(50), |checkpoint| checkpoint.profile = profile), at(1));
        assert_eq!(restored(&life).state(), &State::Idle);
        let closing = changed(exact(100), |checkpoint| {
            (checkpoint.profile, checkpoint.closing, checkpoint.in_doubt) = (profile, true, true);
        });
        life.finalizing(closing, at(2));
        assert_eq!(restored(&life).state(), &State::Finalizing, "{}", profile.name);
    }
}

/// The record of an upload half-way, with one place of its text replaced.
fn with(from: &str, to: &str) -> Result<Life, BadRecord> {
    let mut life = Life::new(full(), Some(100));
    life.paused(hashed(life.plan(), 50), at(1));
    life.tell(at(1));
    let text = String::from_utf8(life.record().unwrap()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    Life::restore(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn a_damaged_record_is_refused() {
    for (from, to) in [
        ("\"form\":1", "\"form\":\"1\""),
        ("\"form\":1", "\"form\":-1"),
        ("\"form\":1,", ""),
        ("\"name\":\"k3f9\"", "\"name\":7"),
        ("\"interop\":\"6\"", "\"interop\":\"9\""),
        ("\"interop\":\"6\"", "\"interop\":6"),
        ("\"method\":\"PUT\"", "\"method\":\"P T\""),
        ("/up/a%20b.mov", "no path"),
        ("/up/a%20b.mov", "?/up/a%20b.mov"),
        ("/up/a%20b.mov?x=1", "*"),
        ("backend:8080", "back\\nend"),
        ("\"\u{e4} b.mov\"", "\"\u{4e00}\""),
        ("\"phase\":\"open\"", "\"phase\":\"closed\""),
        ("\"phase\":\"open\"", "\"phase\":\"stored\",\"reply\":7"),
        ("\"id\":\"{7}\"", "\"id\":\"\""),
        ("\"id\":\"{7}\"", "\"id\":\"{7}\\r\\nx: y\""),
        ("\"profile\":\"refuse\"", "\"profile\":\"later\""),
        ("\"offset\":50", "\"offset\":-1"),
        ("\"offset\":50", "\"offset\":1e400"),
        ("\"in_doubt\":false", "\"in_doubt\":0"),
        ("[\"x-file\",", "[\"x file\","),
        ("\"two\"", "\"two\\u0000\""),
        ("\"two\"", "null"),
        // What each field says is possible, but not all of it.
        ("\"told\":50", "\"told\":51"),
        ("\"total\":100", "\"total\":49"),
        ("\"total\":100", "\"total\":null"),
        ("\"offset\":50", "\"offset\":40"),
        ("\"offset\":50", "\"offset\":101"),
        ("\"closing\":false", "\"closing\":true"),
        ("\"position\":50", "\"position\":40"),
        ("\"sha256\":\"", "\"sha256\":\"AAAA"),
        ("\"digest\":{", "\"digest\":null,\"unknown\":{"),
    ] {
        let error = with(from, to).expect_err(to);
        assert!(matches!(error, BadRecord::Damaged(_)), "{to}: {error}");
    }
    for end in 0..PINNED.len() - 2 {
        assert!(matches!(Life::restore(&PINNED[..end]), Err(BadRecord::Damaged(_))), "{end}");
    }
    for text in ["", "null", "7", "[]", "{}", "\u{0}"] {
        assert!(matches!(Life::restore(text.as_bytes()), Err(BadRecord::Damaged(_))), "{text}");
    }
}

#[test]
fn no_damage_makes_it_panic() {
    for at in 0..PINNED.len() {
        for byte in [0, b'"', b'9', b'{', 0xff] {
            let mut record = PINNED.to_vec();
            record[at] = byte;
            if let Ok(life) = Life::restore(&record) {
                let _ = (life.record(), life.deadline(&crate::limits::UploadLimits::default()));
            }
        }
    }
}

#[test]
fn a_later_form_is_told_from_damage() {
    assert_eq!(with("\"form\":1", "\"form\":2"), Err(BadRecord::Newer(2)));
    // Whatever else it may hold.
    assert_eq!(Life::restore(b"{\"form\":3,\"phase\":[]}"), Err(BadRecord::Newer(3)));
    // What a later program adds to this form does no harm.
    assert_eq!(with("{\"form\":1", "{\"new\":{},\"form\":1"), with("\"form\":1", "\"form\":1"));
}

#[test]
fn form_1_stays_readable() {
    let mut life = Life::new(full(), Some(100));
    life.paused(hashed(life.plan(), 50), at(2));
    life.tell(at(3));
    life.append(&part(50, Some(50), true, None), MAX, at(4)).unwrap();
    let text = String::from_utf8(life.record().unwrap()).unwrap();
    assert_eq!(text, String::from_utf8_lossy(PINNED).trim_end(), "what is written now");
    assert_eq!(Life::restore(PINNED).unwrap(), Life { state: State::Idle, ..life });
}

#[test]
fn nothing_of_the_credentials_is_in_it() {
    let mut life = Life::new(full(), Some(100));
    life.paused(hashed(life.plan(), 50), at(1));
    let text = String::from_utf8(life.record().unwrap()).unwrap().to_lowercase();
    for secret in ["alice", "bearer", "authorization", "secret"] {
        assert!(!text.contains(secret), "{text}");
    }
}
