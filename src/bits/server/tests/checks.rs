//! The order of checks of a strict server, row by row.

use super::*;
use http::Method;

#[test]
fn a_normal_run() {
    let mut peer = Peer::new(&[]);
    assert_eq!(peer.create(), "200");
    assert_eq!(peer.ping(), "200");
    assert_eq!(peer.fragment(0, 128, 500), "200 next=128");
    assert_eq!(peer.fragment(128, 213, 500), "200 next=213");
    assert_eq!(peer.fragment(213, 500, 500), "200 next=500");
    assert_eq!(peer.close(), "200");
    let [Effect::Open { session }, Effect::Publish { session: closed, target, length }] = &peer.effects[..]
    else {
        panic!("{:?}", peer.effects)
    };
    assert_eq!((session, &**target, *length), (closed, TARGET, 500));
    assert_eq!(peer.server.sessions().count(), 0);
    assert_eq!(peer.close(), "500 0x8020001F/0x5", "a second Close");
}

#[test]
fn the_ack_of_create_has_every_header() {
    let mut peer = Peer::new(&[]);
    let request = peer.packet(Packet::CreateSession);
    let Begin::Answer(reply) = peer.begin(&request) else { panic!("no answer") };
    let mut wire = Vec::new();
    reply.encode(&mut wire);
    let expected = "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nContent-Length: 0\r\n\
         BITS-Session-Id: {00000000-0000-0000-0000-000000000001}\r\n\
         BITS-Protocol: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\nAccept-Encoding: identity\r\n\r\n";
    assert_eq!(String::from_utf8(wire).unwrap(), expected);
}

#[test]
fn methods_other_than_bits_post_get_no_ack() {
    let mut peer = Peer::open(&[]);
    for (method, answer) in
        [("PUT", "405 bare"), ("POST", "405 bare"), ("GET", "405 bare"), ("BREW", "501 bare")]
    {
        let mut request = peer.packet(Packet::Ping);
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(peer.send(&request), answer, "{method}");
    }
}

#[test]
fn heads_that_are_wrong_before_any_session() {
    let mut peer = Peer::open(&[]);
    let long = "x".repeat(4097);
    for (packet, name, value, answer) in [
        (Packet::Ping, "content-length", "", "411 0x80070057/0x5"),
        (Packet::Ping, "content-length", "-1", "400 0x80070057/0x5 early"),
        (Packet::Ping, "transfer-encoding", "chunked", "411 0x80070057/0x5 early"),
        (Packet::Ping, "x-unknown", &long, "400 0x80070057/0x5"),
        (Packet::Ping, "x-unknown", &long[1..], "200"),
        (Packet::Ping, "bits-packet-type", "", "400 0x80070057/0x5"),
        (Packet::Ping, "bits-packet-type", "Resume-Session", "400 0x80070057/0x5"),
        (Packet::Ping, "bits-packet-type", "PING", "200"),
        (Packet::Ping, "content-length", "5", "400 0x80070057/0x5"),
        (Packet::CreateSession, "content-length", "5", "400 0x80070057/0x5"),
        (Packet::CreateSession, "bits-supported-protocols", "", "400 0x80070057/0x5"),
        (
            Packet::CreateSession,
            "bits-supported-protocols",
            "{00000000-0000-0000-0000-000000000000}",
            "400 0x80070057/0x5",
        ),
    ] {
        assert_eq!(peer.with(packet, name, value), answer, "{name}: {value:.50}");
    }
}

#[test]
fn two_lengths_are_none() {
    let mut peer = Peer::open(&[]);
    let mut request = peer.packet(Packet::Ping);
    request.headers_mut().append("content-length", HeaderValue::from_static("0"));
    assert_eq!(peer.send(&request), "400 0x80070057/0x5 early");
}

#[test]
fn protocol_lists() {
    let known = header::PROTOCOL_GUID;
    let upper = known.to_uppercase();
    let other = "{00000000-0000-0000-0000-000000000000}";
    let far = format!("{}{known}", format!("{other} ").repeat(100));
    let near = format!("{}{known}", format!("{other},").repeat(99));
    let refused = "400 0x80070057/0x5";
    for (list, any, upper_only, last_lower) in [
        (known.to_owned(), "200", refused, "200"),
        (upper.clone(), "200", "200", refused),
        (format!("{other} {known}"), "200", refused, "200"),
        (format!("{other}, {upper}"), "200", "200", refused),
        (format!("{known},{other}"), "200", refused, refused),
        (near, "200", refused, "200"),
        (far, refused, refused, "200"),
    ] {
        for (knob, answer) in [("any", any), ("upper", upper_only), ("last-lower", last_lower)] {
            let mut peer = Peer::new(&[&format!("protocol={knob}")]);
            let seen = peer.with(Packet::CreateSession, "bits-supported-protocols", &list);
            assert_eq!(seen, answer, "{knob}: {list:.60}");
        }
    }
}

#[test]
fn packets_of_unknown_sessions() {
    let mut peer = Peer::open(&[]);
    peer.id = HeaderValue::from_static("{unknown}");
    let answer = "500 0x8020001F/0x5";
    assert_eq!(peer.fragment(0, 1, 1), answer);
    assert_eq!(peer.close(), answer);
    assert_eq!(peer.cancel(), answer);
    let session = peer.session();
    assert_eq!(peer.with(Packet::CloseSession { session }, "bits-session-id", ""), answer);
}

#[test]
fn the_session_is_looked_up_before_the_range_is() {
    let mut peer = Peer::new(&[]);
    let range = ContentRange::new(0, 1, 1).unwrap();
    let session = peer.session();
    let seen = peer.with(Packet::Fragment { session, range }, "content-range", "nonsense");
    assert_eq!(seen, "500 0x8020001F/0x5");
}

#[test]
fn a_close_or_cancel_with_a_body() {
    let mut peer = Peer::open(&[]);
    let session = peer.session();
    let refused = "400 0x80070057/0x5";
    assert_eq!(peer.with(Packet::CloseSession { session: session.clone() }, "content-length", "1"), refused);
    assert_eq!(peer.with(Packet::CancelSession { session }, "content-length", "1"), refused);
    assert_eq!(peer.server.sessions().count(), 1);
}

#[test]
fn ranges_that_are_wrong() {
    let mut peer = Peer::open(&[]);
    assert_eq!(peer.fragment(0, 100, 500), "200 next=100");
    let range = ContentRange::new(100, 200, 500).unwrap();
    let refused = "400 0x80070057/0x5";
    for value in [
        "",
        "bytes 100-199/*",
        "bytes 100-198/500",
        "bytes 100-200/500",
        "bytes 199-100/500",
        "bytes 100-199/150",
        "bytes 100-199/501",
        "bytes 0--1/0",
        "lines 100-199/500",
    ] {
        let session = peer.session();
        assert_eq!(
            peer.with(Packet::Fragment { session, range }, "content-range", value),
            refused,
            "{value}"
        );
    }
    let session = peer.session();
    let seen = peer.with(Packet::Fragment { session, range }, "content-range", "Bytes 100-199/500");
    assert_eq!(seen, "200 next=200", "the unit in any case, and nothing before it counted");
}

#[test]
fn targets_that_cannot_be_created() {
    for (target, answer) in [
        (TargetState::NotAFile, "400 0x80070057/0x5"),
        (TargetState::NoFolder, "404 0x80070003/0x5"),
        (TargetState::Exists, "200"),
    ] {
        let mut peer = Peer::new(&[]);
        peer.target = target;
        assert_eq!(peer.create(), answer, "{target:?}");
    }
}

#[test]
fn offsets_beyond_32_bits() {
    let mut peer = Peer::open(&[]);
    let gib = 1u64 << 30;
    for start in (0..5 * gib).step_by(1 << 30) {
        assert_eq!(peer.fragment(start, start + gib, 5 * gib), format!("200 next={}", start + gib));
    }
    assert_eq!(peer.close(), "200");
    assert_eq!(peer.published(), [5 * gib]);
}
