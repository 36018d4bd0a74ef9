//! Whatever a server answers, the session keeps its word and comes to an end.

use super::*;
use fastrand::Rng;
use proptest::prelude::*;

/// More questions than any upload of this size may need.
const TOO_MANY: u32 = 2_000;

fn any_answer(rng: &mut Rng, offset: u64, end: u64, total: u64) -> (u16, HeaderMap) {
    let near = [0, offset, end, end, end, end, (offset + end) / 2, total, end + 1, u64::MAX][rng.usize(..10)]
        .to_string();
    let status = [200, 200, 200, 200, 201, 416, 413, 404, 500, 503, 403, 400, 302][rng.usize(..13)];
    let mut pairs = vec![("BITS-Session-Id", "{7}"), ("BITS-Packet-Type", "Ack")];
    if rng.u8(..) < 220 {
        pairs.push(("BITS-Received-Content-Range", &near));
    }
    if rng.u8(..) < 40 {
        pairs.push((
            "BITS-Error-Code",
            ["0x8020001F", "0x80200020", "0", "0x1", "0x80070070"][rng.usize(..5)],
        ));
    }
    if rng.u8(..) < 20 {
        pairs.push(("Retry-After", ["0", "7", "1000"][rng.usize(..3)]));
    }
    (status, headers(&pairs))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_session_ends_and_keeps_its_promises(seed: u64, kind in 0..5usize, total in 0u64..2_000) {
        let profile = Profile::NAMED[kind];
        let mut rng = Rng::with_seed(seed);
        let mut script = script(total, profile);
        // What the server said last, and how far bytes may lie at it.
        let (mut acked, mut perhaps, mut questions) = (0, 0, 0u32);
        loop {
            let before = script.session.offset();
            let step = script.next();
            questions += 1;
            prop_assert!(questions < TOO_MANY, "no end in sight");
            let (mut from, mut end) = (before, total);
            match &step {
                Step::Send(Packet::CreateSession) => perhaps = 0,
                Step::Send(Packet::Fragment { range, .. }) => {
                    (from, end) = (range.start(), range.end());
                    prop_assert_eq!(from, acked);
                    prop_assert!(end <= script.ready);
                    let twice = from < perhaps;
                    prop_assert!(!twice || profile.overlap.may_resend(), "sent twice to '{}'", profile.name);
                }
                Step::Send(Packet::CloseSession { .. }) => prop_assert_eq!(acked, total),
                Step::Finished => break,
                _ => {}
            }
            if rng.u8(..) < 30 {
                let silence = [Silence::Unsent, Silence::Lost, Silence::TimedOut][rng.usize(..3)];
                if silence != Silence::Unsent && matches!(step, Step::Send(Packet::Fragment { .. })) {
                    perhaps = perhaps.max(end);
                }
                script.session.unanswered(script.now, silence, "random");
            } else if step == Step::LookAtTarget {
                script.session.evidence(script.now, StatusCode::NOT_FOUND, &HeaderMap::new());
            } else {
                let (status, headers) = any_answer(&mut rng, from, end, total);
                script.session.answered(script.now, StatusCode::from_u16(status).unwrap(), &headers);
            }
            prop_assert!(script.session.offset() >= before, "an acknowledged offset went back");
            acked = script.session.offset();
            if rng.u16(..200) == 0 {
                script.session.abort(script.now, Failure::new(Problem::ClientGone, "random"));
            }
        }
        prop_assert!(script.session.outcome().is_some());
        prop_assert!(script.session.stats().restarts <= 2);
    }
}
