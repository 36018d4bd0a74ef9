use super::TooLarge;
use super::*;
use PacketKind::{CancelSession, CloseSession, CreateSession, Fragment, Ping};
use Problem::*;
use proptest::prelude::*;

fn read(packet: PacketKind, status: u16, headers: &[(&str, &str)]) -> Ack {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Ack::read(packet, StatusCode::from_u16(status).unwrap(), &map)
}

fn verdict(packet: PacketKind, status: u16, headers: &[(&str, &str)]) -> Verdict {
    read(packet, status, headers).verdict
}

const ACK: (&str, &str) = ("BITS-Packet-Type", "Ack");

fn code(value: &str) -> (&str, &str) {
    ("BITS-Error-Code", value)
}

fn taken(next: Option<u64>) -> Verdict {
    Verdict::Taken { next, reply_url: None }
}

fn created(id: &'static str) -> Verdict {
    Verdict::Created(SessionId::new(HeaderValue::from_static(id)).unwrap())
}

#[test]
fn good_answers() {
    let protocol = ("BITS-Protocol", header::PROTOCOL_GUID);
    for status in [200, 201] {
        for id in ["{A0FF5911-4144-45B3-BF27-27AFC8EC8A67}", "-6623210570789998337", "7"] {
            let headers = [ACK, protocol, ("BITS-Session-Id", id)];
            assert_eq!(verdict(CreateSession, status, &headers), created(id));
        }
        assert_eq!(
            verdict(Fragment, status, &[ACK, ("BITS-Received-Content-Range", "213")]),
            taken(Some(213))
        );
        assert_eq!(verdict(Ping, status, &[ACK]), Verdict::Done);
        assert_eq!(verdict(CloseSession, status, &[ACK]), Verdict::Done);
        assert_eq!(verdict(CancelSession, status, &[ACK]), Verdict::Done);
    }
}

#[test]
fn tolerated_answers() {
    // No protocol header; an upper-case GUID; names as Go servers and haproxy write them are the map's business.
    assert_eq!(verdict(CreateSession, 200, &[("bits-session-id", "x")]), created("x"));
    let upper = header::PROTOCOL_GUID.to_uppercase();
    assert_eq!(
        verdict(CreateSession, 200, &[("Bits-Session-Id", "x"), ("Bits-Protocol", &upper)]),
        created("x")
    );
    // A Ping with an error code.
    assert_eq!(verdict(Ping, 200, &[ACK, code("1"), ("BITS-Error-Context", "")]), Verdict::Done);
    // An Ack without an offset.
    assert_eq!(verdict(Fragment, 200, &[ACK]), taken(None));
    assert_eq!(verdict(Fragment, 200, &[("bits-packet-type", "ack")]), taken(None));
    // A failure code beside the header that a success carries does not count.
    let good = [ACK, ("BITS-Received-Content-Range", "5"), code("0x80004005")];
    assert_eq!(verdict(Fragment, 200, &good), taken(Some(5)));
    assert_eq!(
        verdict(CreateSession, 200, &[ACK, ("BITS-Session-Id", "x"), code("0x80004005")]),
        created("x")
    );
    // A reply URL.
    let url = "BITS-Sessions\\Replies\\{guid}\\responsefile.bin";
    assert_eq!(
        verdict(Fragment, 200, &[ACK, ("BITS-Received-Content-Range", "5"), ("BITS-Reply-URL", url)]),
        Verdict::Taken {
            next: Some(5),
            reply_url: Some(HeaderValue::from_static("BITS-Sessions\\Replies\\{guid}\\responsefile.bin"))
        }
    );
}

#[test]
fn good_status_bad_content() {
    let refused = Verdict::Refused;
    assert_eq!(verdict(CreateSession, 200, &[]), refused(NotBits));
    assert_eq!(verdict(CreateSession, 200, &[ACK]), refused(NotBits));
    assert_eq!(verdict(CreateSession, 200, &[ACK, ("BITS-Session-Id", "")]), refused(NotBits));
    let long = "x".repeat(SessionId::MAX + 1);
    assert_eq!(verdict(CreateSession, 200, &[ACK, ("BITS-Session-Id", &long)]), refused(NotBits));
    let other = ("BITS-Protocol", "{00000000-249b-430f-820d-3d2a9bef4931}");
    assert_eq!(
        verdict(CreateSession, 200, &[ACK, ("BITS-Session-Id", "x"), other]),
        refused(BackendProtocol)
    );
    for bad in ["-1", "x", "", "18446744073709551616", "1-2", "0x10"] {
        assert_eq!(
            verdict(Fragment, 200, &[ACK, ("BITS-Received-Content-Range", bad)]),
            refused(BackendProtocol),
            "{bad}"
        );
    }
    // A page of a middle box must not pass for an Ack.
    assert_eq!(verdict(Fragment, 200, &[("Content-Type", "text/html")]), refused(BackendProtocol));
    assert_eq!(verdict(CloseSession, 200, &[("Content-Type", "text/html")]), refused(BackendProtocol));
    // 200 with a failure code and nothing that a success carries.
    assert_eq!(
        verdict(Fragment, 200, &[ACK, code("0x80200020")]),
        Verdict::TooLarge(TooLarge::FileOrFragment)
    );
    assert_eq!(verdict(CloseSession, 200, &[ACK, code("0x80070070")]), refused(DiskFull));
    assert_eq!(verdict(CloseSession, 200, &[ACK, code("0x8020001F")]), Verdict::SessionGone { told: true });
    for status in [100, 202, 204, 206, 299, 600, 999] {
        assert_eq!(verdict(CreateSession, status, &[ACK]), refused(NotBits), "{status}");
        assert_eq!(verdict(Fragment, status, &[ACK]), refused(BackendProtocol), "{status}");
        assert_eq!(verdict(CloseSession, status, &[ACK]), refused(BackendProtocol), "{status}");
    }
}

#[test]
fn a_header_that_says_two_things_says_nothing() {
    let refused = Verdict::Refused(BackendProtocol);
    let at = |offset| ("BITS-Received-Content-Range", offset);
    assert_eq!(verdict(Fragment, 200, &[ACK, at("7"), at("9")]), refused);
    assert_eq!(verdict(Fragment, 416, &[ACK, at("7"), at("9")]), Verdict::OutOfStep { next: None });
    assert_eq!(verdict(Fragment, 200, &[ACK, at("7"), at("7")]), taken(Some(7)));
    assert_eq!(verdict(Fragment, 200, &[ACK, at("7"), ("BITS-Recieved-Content-Range", "9")]), taken(Some(7)));
    let id = |id| ("BITS-Session-Id", id);
    assert_eq!(verdict(CreateSession, 200, &[ACK, id("7"), id("9")]), refused);
    assert_eq!(verdict(CreateSession, 200, &[ACK, id("7"), id("7")]), created("7"));
    let protocol = |guid| ("BITS-Protocol", guid);
    let both = [ACK, id("7"), protocol(header::PROTOCOL_GUID), protocol("{0}")];
    assert_eq!(verdict(CreateSession, 200, &both), refused);
}

/// What an answer means that repeats these ids, to a packet of the session `{A0-ff}`.
#[test]
fn an_answer_about_another_session_is_none() {
    let session = SessionId::new(HeaderValue::from_static("{A0-ff}")).unwrap();
    for (ids, ours) in [
        (&[][..], true),
        (&["{A0-ff}"], true),
        (&["A0-FF"], true),
        (&[" {a0-ff} "], true),
        (&[""], true),
        (&["{A0-ff}", "a0-ff"], true),
        (&["{A0-fe}"], false),
        (&["{A0-ff"], false),
        (&["{A0-ff}", "8"], false),
        (&["8", "{A0-ff}"], false),
    ] {
        let about = |packet, status| {
            let mut map = HeaderMap::new();
            for (name, value) in [ACK, ("BITS-Received-Content-Range", "7")] {
                map.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_static(value));
            }
            for id in ids {
                map.append(header::SESSION_ID, HeaderValue::from_static(id));
            }
            Ack::read(packet, StatusCode::from_u16(status).unwrap(), &map).about(&session, &map).verdict
        };
        let refused = Verdict::Refused(BackendProtocol);
        let wanted = |verdict: Verdict| if ours { verdict } else { refused.clone() };
        assert_eq!(about(Fragment, 200), wanted(taken(Some(7))), "{ids:?}");
        assert_eq!(about(Fragment, 416), wanted(Verdict::OutOfStep { next: Some(7) }), "{ids:?}");
        assert_eq!(about(CloseSession, 200), wanted(Verdict::Done), "{ids:?}");
        // A refusal is one, whoever it is about.
        assert_eq!(about(Fragment, 503), Verdict::Transient(Unavailable), "{ids:?}");
    }
}

/// Every line of the failure table, by (packet, status, headers, meaning).
#[test]
fn failures() {
    use Verdict::{Done, OutOfStep, Refused, SessionGone, Transient};
    type Headers = [(&'static str, &'static str)];
    const APPLICATION: (&str, &str) = ("BITS-Error-Context", "0x7");
    let at = |offset| ("BITS-Received-Content-Range", offset);
    let rows: &[(PacketKind, u16, &Headers, Verdict)] = &[
        (Fragment, 500, &[ACK, code("0x8020001F")], SessionGone { told: true }),
        (Fragment, 404, &[ACK, code("x8020001f")], SessionGone { told: true }),
        (CloseSession, 500, &[ACK, ("BITS-Error", "8020001F")], SessionGone { told: true }),
        (CancelSession, 500, &[ACK, code("0x8020001F")], Done),
        (CreateSession, 500, &[ACK, code("0x8020001F")], Transient(Unavailable)),
        (Fragment, 400, &[ACK, code("0")], SessionGone { told: false }),
        (CloseSession, 400, &[ACK, code("0")], SessionGone { told: false }),
        (Fragment, 500, &[ACK, code("0x1"), ("BITS-Error-Context", "0x5")], SessionGone { told: false }),
        (CloseSession, 500, &[ACK, code("0x1")], SessionGone { told: false }),
        (CreateSession, 500, &[ACK, code("0x1")], Transient(Unavailable)),
        (Fragment, 416, &[ACK, at("100")], OutOfStep { next: Some(100) }),
        (
            Fragment,
            416,
            &[ACK, code("0"), ("BITS-Recieved-Content-Range", "100")],
            OutOfStep { next: Some(100) },
        ),
        (Fragment, 416, &[ACK], OutOfStep { next: None }),
        (Fragment, 416, &[ACK, at("nonsense")], OutOfStep { next: None }),
        (Fragment, 416, &[ACK, code("0x80070057"), at("9")], OutOfStep { next: Some(9) }),
        (Fragment, 500, &[ACK, code("0x8020002B"), at("9")], OutOfStep { next: Some(9) }),
        (Fragment, 500, &[ACK, code("0x8020002C")], OutOfStep { next: None }),
        (CloseSession, 416, &[ACK], Refused(CloseFailed)),
        (CreateSession, 416, &[ACK], Refused(BackendProtocol)),
        (Fragment, 413, &[], Verdict::TooLarge(TooLarge::Fragment)),
        (Fragment, 404, &[("Content-Type", "text/html")], Verdict::TooLarge(TooLarge::PerhapsFragment)),
        (Fragment, 500, &[ACK, code("0x80200020")], Verdict::TooLarge(TooLarge::FileOrFragment)),
        (CreateSession, 413, &[], Refused(FileTooLarge)),
        (CreateSession, 500, &[ACK, code("0x80200020")], Refused(FileTooLarge)),
        (CreateSession, 414, &[], Refused(UriTooLong)),
        (CreateSession, 431, &[], Refused(HeadersTooLarge)),
        (CreateSession, 300, &[], Refused(BackendRedirect)),
        (CreateSession, 301, &[], Refused(BackendRedirect)),
        (Fragment, 307, &[], Refused(BackendRedirect)),
        (Fragment, 308, &[], Refused(BackendRedirect)),
        (CreateSession, 400, &[], Refused(NotBits)),
        (CreateSession, 400, &[ACK, code("0x80070057")], Refused(BackendRefused)),
        (Fragment, 400, &[ACK, code("0x80070057")], Refused(BackendRefused)),
        (Fragment, 400, &[], Refused(BackendRefused)),
        (CloseSession, 400, &[], Refused(BackendRefused)),
        (CreateSession, 401, &[ACK, code("0x80070005")], Refused(BackendAuth)),
        (Fragment, 407, &[], Refused(BackendAuth)),
        (CreateSession, 403, &[ACK, code("0x80070005")], Refused(Forbidden)),
        (CreateSession, 403, &[], Refused(Forbidden)),
        (CreateSession, 404, &[], Refused(NotBits)),
        (CreateSession, 404, &[ACK], Refused(NotFound)),
        (CreateSession, 404, &[code("0x80070003")], Refused(NotFound)),
        (Fragment, 404, &[ACK, code("0x80070003")], Refused(NotFound)),
        (Fragment, 500, &[ACK, code("0x80070002")], Refused(NotFound)),
        (CreateSession, 500, &[ACK, code("0x80200029")], Refused(NotFound)),
        (CloseSession, 404, &[ACK, code("0x80070002")], Refused(CloseFailed)),
        (CloseSession, 404, &[], Refused(CloseFailed)),
        (CreateSession, 405, &[], Refused(NotBits)),
        (CreateSession, 501, &[], Refused(NotBits)),
        (CreateSession, 501, &[ACK, code("0x80070005")], Refused(UploadsDisabled)),
        (CreateSession, 500, &[ACK, code("0x80200023")], Refused(UploadsDisabled)),
        (CreateSession, 500, &[ACK, code("0x80200005")], Refused(NotBits)),
        (CreateSession, 400, &[ACK, code("0x80200022")], Refused(BackendProtocol)),
        (Fragment, 408, &[ACK, code("x80070112"), APPLICATION], Transient(Timeout)),
        (Fragment, 408, &[], Transient(Timeout)),
        (Fragment, 504, &[], Transient(Timeout)),
        (CreateSession, 409, &[], Refused(Exists)),
        (Fragment, 409, &[ACK], Refused(Exists)),
        (Fragment, 409, &[ACK, APPLICATION], Transient(Unavailable)),
        (Fragment, 306, &[ACK, APPLICATION], Transient(Unavailable)),
        (Fragment, 308, &[ACK, APPLICATION], Transient(Unavailable)),
        (Fragment, 302, &[ACK, APPLICATION], Refused(ApplicationRefused)),
        (Fragment, 403, &[ACK, APPLICATION], Refused(ApplicationRefused)),
        (Fragment, 422, &[ACK, APPLICATION], Refused(ApplicationRefused)),
        (Fragment, 501, &[ACK, APPLICATION], Refused(ApplicationRefused)),
        (Fragment, 505, &[ACK, APPLICATION], Refused(ApplicationRefused)),
        (Fragment, 500, &[ACK, APPLICATION], Transient(Unavailable)),
        (Fragment, 503, &[ACK, APPLICATION], Transient(Unavailable)),
        (CreateSession, 411, &[], Refused(BackendProtocol)),
        (CreateSession, 505, &[], Refused(BackendProtocol)),
        (CreateSession, 422, &[], Refused(BackendRefused)),
        (CreateSession, 425, &[], Transient(Unavailable)),
        (CreateSession, 429, &[], Transient(Unavailable)),
        (CreateSession, 500, &[], Transient(Unavailable)),
        (CreateSession, 502, &[], Transient(Unavailable)),
        (CreateSession, 503, &[], Transient(Unavailable)),
        (Fragment, 500, &[ACK, code("0x80070020")], Transient(Unavailable)),
        (Fragment, 500, &[ACK, code("0x80070021")], Transient(Unavailable)),
        (Fragment, 500, &[ACK, code("0xA0001234")], Transient(Unavailable)),
        (Fragment, 507, &[], Refused(DiskFull)),
        (Fragment, 500, &[ACK, code("0x80070070")], Refused(DiskFull)),
        (Fragment, 500, &[ACK, code("x80070112"), ("BITS-Error-Context", "0x5")], Refused(DiskFull)),
        (Fragment, 500, &[ACK, code("0x80190194")], Verdict::TooLarge(TooLarge::PerhapsFragment)),
        (CreateSession, 500, &[ACK, code("0x80190193")], Refused(Forbidden)),
        (CreateSession, 500, &[ACK, code("0x801901F7")], Transient(Unavailable)),
        (CancelSession, 400, &[ACK, code("0")], Done),
        (CancelSession, 404, &[], Done),
        (CancelSession, 429, &[], Transient(Unavailable)),
        (CancelSession, 503, &[], Transient(Unavailable)),
        (CancelSession, 500, &[ACK, code("0x1")], Transient(Unavailable)),
    ];
    for (packet, status, headers, meaning) in rows {
        assert_eq!(verdict(*packet, *status, headers), *meaning, "{packet} {status} {headers:?}");
    }
}

#[test]
fn the_code_header_wins_over_the_error_header() {
    let both = [ACK, ("BITS-Error", "0x80070070"), code("0x8020001F")];
    assert_eq!(verdict(Fragment, 500, &both), Verdict::SessionGone { told: true });
    // ...unless it can't be read.
    let unreadable = [ACK, ("BITS-Error", "0x80070070"), code("?")];
    assert_eq!(verdict(Fragment, 500, &unreadable), Verdict::Refused(DiskFull));
}

#[test]
fn retry_after_in_seconds_and_as_a_date() {
    let wait = |headers: &[(&str, &str)]| read(Fragment, 503, headers).retry_after;
    assert_eq!(wait(&[("Retry-After", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(wait(&[("Retry-After", "99999999999")]), Some(LONGEST_RETRY_AFTER));
    let date = ("Date", "Sun, 22 Nov 2026 10:00:00 GMT");
    assert_eq!(
        wait(&[date, ("Retry-After", "Sun, 22 Nov 2026 10:00:30 GMT")]),
        Some(Duration::from_secs(30))
    );
    assert_eq!(wait(&[date, ("Retry-After", "Sun, 22 Nov 2026 09:00:00 GMT")]), Some(Duration::ZERO));
    assert_eq!(wait(&[("Retry-After", "Sun, 22 Nov 2026 10:00:30 GMT")]), None);
    assert_eq!(wait(&[("Retry-After", "-1")]), None);
    assert_eq!(wait(&[]), None);
}

#[test]
fn reads_as_a_person_writes() {
    assert_eq!(read(Fragment, 403, &[code("0x80070005")]).to_string(), "403 Forbidden, 0x80070005");
    assert_eq!(read(Fragment, 416, &[code("0")]).to_string(), "416 Range Not Satisfiable");
}

fn any_packet() -> impl Strategy<Value = PacketKind> {
    prop::sample::select(PacketKind::ALL.to_vec())
}

fn any_value() -> impl Strategy<Value = HeaderValue> {
    prop_oneof![
        prop::sample::select(vec![
            "0",
            "0x8020001F",
            "0x80200020",
            "x80070112",
            "5",
            "0x7",
            "Ack",
            "-1",
            "99999999999999999999"
        ])
        .prop_map(HeaderValue::from_static),
        prop::collection::vec(prop_oneof![Just(9u8), 32u8..127, 128u8..=255], 0..40)
            .prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap()),
    ]
}

proptest! {
    /// Total, and never more hopeful than the status: nothing but 200 and 201 counts as taken or published.
    #[test]
    fn every_head_has_a_meaning(
        packet in any_packet(),
        status in 100u16..1000,
        headers in prop::collection::vec((0usize..8, any_value()), 0..6),
    ) {
        let names = [
            header::PACKET_TYPE, header::ERROR_CODE, header::ERROR, header::ERROR_CONTEXT,
            header::RECEIVED_RANGE, header::RECEIVED_RANGE_MISSPELT, header::SESSION_ID, RETRY_AFTER,
        ];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(names[name].clone(), value);
        }
        let ack = Ack::read(packet, StatusCode::from_u16(status).unwrap(), &map);
        let good = status == 200 || status == 201;
        match ack.verdict {
            Verdict::Created(_) => prop_assert!(good && packet == CreateSession),
            Verdict::Taken { .. } => prop_assert!(good && packet == Fragment),
            Verdict::Done => prop_assert!(packet == CancelSession || good && matches!(packet, Ping | CloseSession)),
            Verdict::OutOfStep { .. } | Verdict::TooLarge(_) => prop_assert_eq!(packet, Fragment),
            Verdict::SessionGone { .. } => prop_assert!(matches!(packet, Fragment | CloseSession)),
            Verdict::Transient(problem) => prop_assert!(problem.row().retry),
            Verdict::Refused(problem) => prop_assert!(!problem.row().retry),
        }
    }
}
