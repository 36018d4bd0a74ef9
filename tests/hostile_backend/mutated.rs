//! Good answers with something changed, straight into `bits`: no sockets, so many thousand of them.

use fastrand::Rng;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use put2bits::bits::{Packet, PacketKind, Profile, Session, SessionSettings, Silence, Step};
use put2bits::limits::FragmentLimits;
use std::time::Duration;

/// Changed answers in all.
const ANSWERS: u32 = 60_000;
/// Questions of one session, which has twenty fragments at most.
const TOO_MANY: u32 = 2_000;
const FRAGMENT: u64 = 50;

/// Answers of real servers to each packet. `@` is the right offset.
const CREATED: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nServer: Microsoft-IIS/6.0\r\nPragma: no-cache\r\nBITS-Packet-Type: Ack\r\nBITS-Protocol: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\nBITS-Session-Id: {A0FF5911-4144-45B3-BF27-27AFC8EC8A67}\r\nContent-Length: 0\r\nAccept-encoding: identity\r\n\r\n",
    "HTTP/1.1 200 OK\r\nServer: SimpleHTTP/0.6 Python/2.7.18\r\nBITS-Session-Id: -6623210570789998337\r\nContent-Length: 0\r\nBITS-Protocol: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\nAccept-Encoding: identity\r\nBITS-Packet-Type: Ack\r\n\r\n",
    "HTTP/1.1 201 Created\r\nBits-Packet-Type: Ack\r\nBits-Session-Id: de05eae6-5e6d-481d-8c37-8c795b7ab68d\r\nBITS-Host-Id: node7\r\nBITS-Host-Id-Fallback-Timeout: 60\r\nContent-Length: 0\r\n\r\n",
];
const TAKEN: [&str; 4] = [
    "HTTP/1.1 200 OK\r\nPragma: no-cache\r\nBITS-Packet-Type: Ack\r\nContent-Length: 0\r\nBITS-Received-Content-Range: @\r\n\r\n",
    "HTTP/1.1 200 OK\r\nBits-Packet-Type: Ack\r\nBits-Received-Content-Range: @\r\nBits-Session-Id: de05eae6-5e6d-481d-8c37-8c795b7ab68d\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 416 Requested Range Not Satisfiable\r\nBITS-Packet-Type: Ack\r\nBITS-Error-Code: 0\r\nBits-Recieved-Content-Range: @\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\nBITS-Packet-Type: Ack\r\nBITS-Error-Code: 0x80200020\r\nBITS-Error-Context: 0x5\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
];
const DONE: [&str; 2] = [
    "HTTP/1.1 200 OK\r\nPragma: no-cache\r\nBITS-Packet-Type: Ack\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 500 No\r\nBITS-Packet-Type: Ack\r\nBITS-Error-Code: 0x8020001F\r\nBITS-Error-Context: 0x5\r\nContent-Length: 0\r\n\r\n",
];

/// What is put somewhere.
const PIECES: [&str; 24] = [
    "0",
    "-1",
    "50",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "0x",
    "\0",
    "\r",
    "\n",
    "\r\n",
    ": ",
    ",",
    "{",
    "}",
    "\u{e9}",
    "0x8020001F",
    "0x80190194",
    "BITS-Received-Content-Range: 7\r\n",
    "BITS-Session-Id: x\r\n",
    "BITS-Error-Code: 0x80070070\r\n",
    "Retry-After: 99999999999\r\n",
    "Ack",
    "   ",
];

fn mutate(rng: &mut Rng, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    // Most mistakes come alone, and some answers are right: else no session would get far.
    for _ in 0..[0, 0, 0, 1, 1, 4][rng.usize(..6)] {
        let at = rng.usize(..bytes.len());
        match rng.u8(..6) {
            0 => bytes[at] = rng.u8(..),
            1 if at > 0 => drop(bytes.remove(at)),
            2 => drop(bytes.splice(at..at, PIECES[rng.usize(..PIECES.len())].bytes())),
            3 => bytes.truncate(at.max(1)),
            4 => {
                // A whole number, or none, in place of another.
                let digit = |byte: &u8| byte.is_ascii_digit();
                let Some(start) = bytes[at..].iter().position(digit).map(|start| at + start) else {
                    continue;
                };
                let length = bytes[start..].iter().take_while(|byte| digit(byte)).count();
                drop(bytes.splice(start..start + length, PIECES[rng.usize(..PIECES.len())].bytes()));
            }
            _ => {
                // A line again, somewhere else.
                let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
                drop(bytes.splice(at..at, lines[rng.usize(..lines.len())].bytes()));
            }
        }
    }
    bytes
}

/// What an HTTP client makes of it; nothing if it is no answer.
fn parse(bytes: &[u8]) -> Option<(StatusCode, HeaderMap)> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut response = httparse::Response::new(&mut fields);
    if !response.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let mut headers = HeaderMap::new();
    for field in response.headers.iter() {
        headers.append(HeaderName::try_from(field.name).ok()?, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some((StatusCode::from_u16(response.code?).ok()?, headers))
}

#[test]
fn mutated_answers_break_no_promise() {
    let seed = match std::env::var("HOSTILE_SEED") {
        Ok(text) => text.parse().expect("HOSTILE_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("HOSTILE_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let (mut answers, mut sessions, mut stored) = (0, 0, 0);
    while answers < ANSWERS {
        sessions += 1;
        stored += u32::from(one_session(&mut rng, &mut answers));
    }
    println!("{answers} answers in {sessions} sessions, {stored} of them stored");
    assert!(stored > sessions / 100, "so many mistakes prove nothing: {stored} of {sessions}");
}

/// Whether the file was stored.
fn one_session(rng: &mut Rng, answers: &mut u32) -> bool {
    let total = rng.u64(0..1_000);
    let fragment =
        FragmentLimits { min: FRAGMENT, first: FRAGMENT, max: FRAGMENT, time: Duration::from_secs(1) };
    let mut session = Session::new(SessionSettings {
        profile: rng.bool().then(|| Profile::NAMED[rng.usize(..Profile::NAMED.len())]),
        fragment,
        seed: rng.u64(..),
        lasting: rng.bool(),
        ..SessionSettings::new(total)
    });
    let (mut now, mut ready, mut sent) = (Duration::ZERO, 0, 0);
    let mut closed = false;
    for _ in 0..TOO_MANY {
        let before = session.offset();
        ready = ready.max(before);
        match session.step(now, ready) {
            Step::Gather => ready += session.fragment_size(ready, u64::MAX).min(total - ready),
            Step::Wait(until) => now = until,
            Step::Finished => {
                let outcome = session.outcome().expect("an outcome");
                assert!(
                    outcome.is_err() || closed && before == total,
                    "success without an acknowledged Close"
                );
                return outcome.is_ok();
            }
            Step::LookAtTarget => session.evidence(now, StatusCode::NOT_FOUND, &HeaderMap::new()),
            Step::FetchReply(_) => panic!("nobody asked for a reply"),
            Step::Send(packet) => {
                now += Duration::from_millis(3);
                *answers += 1;
                let (corpus, next) = match &packet {
                    Packet::CreateSession => (&CREATED[..], 0),
                    Packet::Fragment { range, .. } => {
                        assert!(range.start() == before && range.end() <= ready);
                        sent = sent.max(range.end());
                        // Two answers in three are a plain yes, so that sessions get somewhere.
                        (&TAKEN[..if rng.u8(..3) > 0 { 2 } else { 4 }], range.end())
                    }
                    _ => (&DONE[..], 0),
                };
                let good = corpus[rng.usize(..corpus.len())].replace('@', &next.to_string());
                let answer = parse(&mutate(rng, &good));
                match &answer {
                    Some((status, headers)) => session.answered(now, *status, headers),
                    None => session.unanswered(now, Silence::Lost, "no HTTP"),
                }
                if packet.kind() == PacketKind::CloseSession {
                    assert_eq!(before, total, "closed too early");
                    closed |= answer.is_some_and(|(status, _)| [200, 201].contains(&status.as_u16()));
                }
                let after = session.offset();
                assert!(before <= after && after <= sent, "{before} → {after}, and {sent} were sent");
            }
        }
        while session.poll_event().is_some() {}
    }
    panic!("a session that comes to no end: {session:?}");
}
