//! Session ids, packet types, protocols and error codes.

use crate::case::{ACK, At, Case, ack, bad, created, good, head, taken};
use put2bits::error::Problem::{
    BackendProtocol, FileTooLarge, FragmentTooLarge, NotBits, SessionLost, Unavailable,
};

const GUID: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

pub(crate) fn cases() -> Vec<Case> {
    [ids(), echoes(), types_and_protocols(), codes()].concat()
}

/// Of the id in the answer to Create-Session.
fn ids() -> Vec<Case> {
    let id = |value: &str| ack(&format!("BITS-Session-Id: {value}\r\n"));
    let mut all = vec![
        bad("id: missing", At::Create, ack(""), NotBits),
        bad("id: empty", At::Create, id(""), NotBits),
        bad("id: blanks", At::Create, id(" \t "), NotBits),
        bad("id: 1,025 characters", At::Create, id(&"7".repeat(1025)), NotBits),
        bad("id: 60,000 characters", At::Create, id(&"7".repeat(60_000)), NotBits),
        bad("id: a carriage return inside", At::Create, id("7\rEVIL: 1"), Unavailable),
        bad("id: a NUL inside", At::Create, id("7\0EVIL"), Unavailable),
        bad("id: an escape inside", At::Create, id("7\x1b[31mEVIL"), Unavailable),
        bad("id: two that differ", At::Create, created("BITS-Session-Id: 8\r\n"), BackendProtocol),
        good("id: not ASCII", At::Create, [id("7").trim_end().as_bytes(), b"\xff\x80\xfe8\r\n\r\n"].concat()),
    ];
    for (name, value) in [
        ("1,024 characters", "7".repeat(1024).as_str()),
        ("no braces", "A0FF5911-4144-45B3-BF27-27AFC8EC8A67"),
        ("a negative number", "-6623210570789998337"),
        ("blanks and a tab inside", "7 \t 8"),
        ("a path", "../../../../etc/passwd"),
        ("a script", "<script>alert('EVIL')</script>"),
        ("a format", "%s%n%x${jndi:ldap}"),
        ("an encoded line end", "7%0d%0aEVIL: 1"),
        ("a list", "{1}, {2}"),
        ("quotes", "\"7\\\""),
    ] {
        all.push(good(format!("id: {name}"), At::Create, id(value)));
    }
    all
}

/// Of the id in later answers, which most servers leave out.
fn echoes() -> Vec<Case> {
    let mut all = Vec::new();
    for at in [At::Middle, At::Last, At::Close] {
        let echo = |id: &str| match at {
            At::Close => ack(&format!("BITS-Session-Id: {id}\r\n")),
            _ => taken(&format!("BITS-Session-Id: {id}\r\n")),
        };
        let name = |name: &str| format!("echo: {name} ({at:?})");
        all.extend([
            good(name("the same"), at, echo("{session}")),
            good(name("empty"), at, echo("")),
            bad(name("another"), at, echo("{another}"), BackendProtocol),
            bad(name("longer than any"), at, echo(&"7".repeat(9_000)), BackendProtocol),
            bad(
                name("the same and another"),
                at,
                echo("{session}\r\nBITS-Session-Id: {another}"),
                BackendProtocol,
            ),
        ]);
    }
    let another =
        head("416 No", &format!("{ACK}BITS-Received-Content-Range: {{next}}\r\nBITS-Session-Id: 8\r\n"));
    all.push(bad("echo: 416 of another session", At::Middle, another, BackendProtocol));
    all
}

fn types_and_protocols() -> Vec<Case> {
    let page = head("200 OK", "Content-Type: text/html\r\nContent-Length: 4\r\n") + "EVIL";
    let typed = |kind: &str, lines: &str| {
        head("200 OK", &format!("Content-Length: 0\r\nBITS-Packet-Type: {kind}\r\n{lines}"))
    };
    let id = "BITS-Session-Id: {session}\r\n";
    let offset = "BITS-Received-Content-Range: {next}\r\n";
    let protocol = |value: &str| created(&format!("BITS-Protocol: {value}\r\n"));
    let mut all = vec![
        bad("type: a page (Create)", At::Create, page.clone(), NotBits),
        bad("type: a page (Middle)", At::Middle, page.clone(), BackendProtocol),
        bad("type: a page (Close)", At::Close, page, BackendProtocol),
        good("type: another, with an id", At::Create, typed("Create-Session", id)),
        good("type: in capitals", At::Create, typed("ACK", id)),
        good("type: another, with an offset", At::Middle, typed("EVIL", offset)),
        bad("type: another, without an offset", At::Middle, typed("Fragment", ""), BackendProtocol),
        bad("type: another (Close)", At::Close, typed("Close-Session", ""), BackendProtocol),
        bad("type: empty (Close)", At::Close, typed("", ""), BackendProtocol),
        good("protocol: the one", At::Create, protocol(GUID)),
        good("protocol: in capitals", At::Create, protocol(&GUID.to_uppercase())),
        bad(
            "protocol: two that differ",
            At::Create,
            protocol(&format!("{GUID}\r\nBITS-Protocol: x")),
            BackendProtocol,
        ),
    ];
    for (name, value) in [
        ("not offered", "{00000000-0000-0000-0000-000000000000}"),
        ("empty", ""),
        ("no braces", "7df0354d-249b-430f-820d-3d2a9bef4931"),
        ("a list", "{7df0354d-249b-430f-820d-3d2a9bef4931}, {0}"),
        ("a word", "EVIL"),
    ] {
        all.push(bad(format!("protocol: {name}"), At::Create, protocol(value), BackendProtocol));
    }
    all
}

fn codes() -> Vec<Case> {
    let error = |status: &str, lines: &str| head(status, &format!("{ACK}{lines}"));
    let mut all = Vec::new();
    let long = "f".repeat(30_000);
    for (name, lines) in [
        ("no hexadecimal", "BITS-Error-Code: EVIL\r\n"),
        ("empty", "BITS-Error-Code:\r\n"),
        ("negative", "BITS-Error-Code: -2145386481\r\n"),
        ("33 bits", "BITS-Error-Code: 0x18020001F\r\n"),
        ("30,000 digits", &format!("BITS-Error-Code: {long}\r\n")),
        ("a long context", &format!("BITS-Error-Context: 0x{long}\r\n")),
        ("a wrong context", "BITS-Error-Context: -7\r\n"),
    ] {
        all.push(bad(format!("code: {name}"), At::Middle, error("500 EVIL", lines), Unavailable));
        all.push(good(format!("code: {name}, beside an offset"), At::Middle, taken(lines)));
    }
    const GONE: &str = "BITS-Error-Code: 0x8020001F\r\n";
    const LARGE: &str = "BITS-Error-Code: 0x80200020\r\n";
    let lost = |name: &str, at, bytes: String| bad(name, at, bytes, SessionLost).times(1).cancelled(false);
    all.extend([
        // A new session is begun twice.
        lost("code: no session (First)", At::First, error("500 No", GONE)).times(3),
        lost("code: no session (Middle)", At::Middle, error("500 No", GONE)),
        lost("code: no session, with 200", At::Last, error("200 OK", GONE)),
        lost("code: no session (Close)", At::Close, error("500 No", GONE)).cut(true),
        lost(
            "code: a bare 404 for a size that was fine",
            At::Middle,
            head("404 No", "Content-Length: 0\r\n"),
        ),
        bad("code: no session (Create)", At::Create, error("500 No", GONE), Unavailable),
        bad("code: too large", At::First, error("500 No", LARGE), FileTooLarge),
        bad("code: too large, with 200", At::First, error("200 OK", LARGE), FileTooLarge),
        bad("code: 413 for every size", At::First, head("413 No", "Content-Length: 0\r\n"), FragmentTooLarge)
            .times(4),
        bad("code: 404 for every size", At::First, head("404 No", "Content-Length: 0\r\n"), FragmentTooLarge)
            .times(4),
    ]);
    all
}
