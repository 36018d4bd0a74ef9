//! Answers of a backend: a status, then the fields of the head, read as the answer to every kind of packet.

use super::text;
use http::{HeaderMap, HeaderValue, StatusCode};
use put2bits::bits::{Ack, HResult, PacketKind, Session, SessionSettings, Step, TooLarge, Verdict};
use put2bits::error::Problem;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn run(input: &[u8]) -> bool {
    let (status, headers) = text::head(input);
    let status = StatusCode::from_bytes(status.trim_ascii()).unwrap_or(StatusCode::OK);
    let mut good = false;
    for kind in PacketKind::ALL {
        let ack = Ack::read(kind, status, &headers);
        check(kind, &ack, &headers);
        good |= matches!(ack.verdict, Verdict::Created(_) | Verdict::Taken { .. });
    }
    for stage in 0..4 {
        react(stage, status, &headers);
    }
    good
}

/// What holds whatever was answered.
fn check(kind: PacketKind, ack: &Ack, headers: &HeaderMap) {
    assert!(ack.retry_after.is_none_or(|wait| wait <= DAY));
    assert!(ack.retry_after.is_none() || headers.contains_key("retry-after"));
    assert!(ack.date.is_none() || headers.contains_key("date"));
    assert!(!ack.to_string().contains(char::is_control));
    let success = matches!(ack.status.as_u16(), 200 | 201);
    match &ack.verdict {
        Verdict::Created(id) => {
            assert!(success && kind == PacketKind::CreateSession);
            assert_eq!(headers.get("bits-session-id"), Some(id.as_header()));
        }
        Verdict::Taken { next, .. } => {
            assert!(success && kind == PacketKind::Fragment);
            assert_eq!(*next, offset(headers), "an offset that the server did not tell");
            assert!(next.is_some() || is_ack(headers), "taken, though no BITS server spoke");
        }
        Verdict::OutOfStep { next } => {
            assert!(kind == PacketKind::Fragment && next.is_none_or(|next| Some(next) == offset(headers)));
        }
        Verdict::Done => {
            let last = matches!(kind, PacketKind::Ping | PacketKind::CancelSession);
            assert!(last || (kind == PacketKind::CloseSession && success && is_ack(headers)));
        }
        Verdict::TooLarge(what) => {
            assert!(kind == PacketKind::Fragment);
            assert!(*what != TooLarge::FileOrFragment || ack.code == Some(HResult::TOO_LARGE));
        }
        Verdict::SessionGone { told } => {
            assert!(matches!(kind, PacketKind::Fragment | PacketKind::CloseSession));
            assert_eq!(*told, ack.code == Some(HResult::SESSION_NOT_FOUND));
        }
        Verdict::Transient(problem) | Verdict::Refused(problem) => {
            assert_ne!(*problem, Problem::Internal, "a server's answer is not our mistake");
        }
    }
}

fn is_ack(headers: &HeaderMap) -> bool {
    headers.get("bits-packet-type").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"ack"))
}

/// The offset told, by another way of reading it: digits alone, blanks around them.
fn offset(headers: &HeaderMap) -> Option<u64> {
    let value = headers
        .get("bits-received-content-range")
        .or_else(|| headers.get("bits-recieved-content-range"))?
        .to_str()
        .ok()?
        .trim();
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok()).flatten()
}

/// A session that gets this answer at the beginning, to the first fragment, to the last, or to Close-Session.
fn react(stage: u32, status: StatusCode, headers: &HeaderMap) {
    const TOTAL: u64 = 100_000;
    let now = Duration::from_secs(9);
    let mut session = Session::new(SessionSettings::new(TOTAL));
    if stage > 0 {
        answer(&mut session, now, "bits-session-id", "{7}");
    }
    // The first fragment is smaller than the file, and so there is a last one.
    let mut sent = 0;
    for number in 1..stage {
        let Step::Send(_) = session.step(now, TOTAL) else { unreachable!("everything is gathered") };
        sent = if number == 1 { 50_000 } else { TOTAL };
        session.answered(now, StatusCode::OK, &good("bits-received-content-range", &sent.to_string()));
        assert_eq!(session.offset(), sent);
    }
    let Step::Send(packet) = session.step(now, TOTAL) else { unreachable!("there is a next packet") };
    let most = sent.max(sent + packet.content_length());
    session.answered(now, status, headers);
    assert!((sent..=most).contains(&session.offset()), "{packet:?} acknowledged {}", session.offset());
    if session.is_closing() {
        let last = session.offset() == TOTAL;
        assert!(last, "closing at byte {}", session.offset());
    }
    if let Some(Ok(())) = session.outcome() {
        assert!(
            stage == 3 && matches!(status.as_u16(), 200 | 201),
            "stored without the Ack to Close-Session"
        );
    }
    if let Some(checkpoint) = session.checkpoint() {
        assert_eq!(checkpoint.offset, session.offset());
    }
    while session.poll_event().is_some() {}
    let _ = session.step(now + DAY, TOTAL);
}

fn answer(session: &mut Session, now: Duration, name: &'static str, value: &str) {
    let Step::Send(_) = session.step(now, 0) else { unreachable!("a session begins by a packet") };
    session.answered(now, StatusCode::OK, &good(name, value));
}

fn good(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("bits-packet-type", HeaderValue::from_static("Ack"));
    headers.insert(name, HeaderValue::from_str(value).expect("digits and braces"));
    headers
}
