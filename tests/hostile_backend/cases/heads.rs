//! Heads that are no HTTP, or no longer.

use super::no_answer_at_all;
use crate::act::Then;
use crate::case::{ACK, At, Case, ack, created, good, head, taken};

pub(crate) fn cases() -> Vec<Case> {
    [refused(), endless(), forgiven()].concat()
}

fn refused() -> Vec<Case> {
    let line =
        |line: &[u8]| [ack("").trim_end_matches("\r\n").as_bytes(), b"\r\n", line, b"\r\n\r\n"].concat();
    let status = |line: &str| format!("{line}\r\n{ACK}\r\n").into_bytes();
    let many = |count: usize| ack(&"X-Evil: EVIL\r\n".repeat(count)).into_bytes();
    let long = "x".repeat(100_000);
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("a folded line", line(b"X-Evil: a\r\n EVIL")),
        ("a folded first line", b"HTTP/1.1 200 OK\r\n BITS-Packet-Type: Ack\r\n\r\n".to_vec()),
        ("a blank before the colon", line(b"X-Evil : EVIL")),
        ("no colon", line(b"EVIL")),
        ("no name", line(b": EVIL")),
        ("a blank in a name", line(b"X Evil: EVIL")),
        ("a name that is not ASCII", line(b"X-\xc3\x89vil: EVIL")),
        ("a NUL in a name", line(b"X\0Evil: EVIL")),
        ("a NUL in a value", line(b"X-Evil: a\0EVIL")),
        ("a carriage return in a value", line(b"X-Evil: a\rEVIL: b")),
        ("an escape in a value", line(b"X-Evil: \x1b[2JEVIL")),
        ("a DEL in a value", line(b"X-Evil: \x7fEVIL")),
        ("lengths that differ", line(b"Content-Length: 5")),
        ("a negative length", status("HTTP/1.1 200 OK\r\nContent-Length: -1")),
        ("a signed length", status("HTTP/1.1 200 OK\r\nContent-Length: +1")),
        ("a hexadecimal length", status("HTTP/1.1 200 OK\r\nContent-Length: 0x1")),
        ("a length of 2^64", status("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616")),
        ("HTTP/0.9", b"<html>EVIL</html>\r\n\r\n".to_vec()),
        ("version 1.2", status("HTTP/1.2 200 OK")),
        ("version 2.0", status("HTTP/2.0 200 OK")),
        ("version 1", status("HTTP/1 200 OK")),
        ("version 1.10", status("HTTP/1.10 200 OK")),
        ("lower-case HTTP", status("http/1.1 200 OK")),
        ("ICY", status("ICY 200 OK")),
        ("a NUL before it", [b"\0", ack("").as_bytes()].concat()),
        ("HTTP/2 SETTINGS", b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\x01".to_vec()),
        ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28\r\n\r\n".to_vec()),
        ("a TLS handshake", [b"\x16\x03\x03\x00\x7a\x02\0\0\x76\x03\x03", &[7; 120][..]].concat()),
        ("SSH", b"SSH-2.0-EVIL\r\n".to_vec()),
        ("SMTP", b"220 EVIL ESMTP\r\n".to_vec()),
        ("a request", b"GET /EVIL HTTP/1.1\r\nHost: evil\r\n\r\n".to_vec()),
        ("noise", (0..=255).cycle().skip(128).take(4_000).collect()),
        ("101 fields", many(101)),
        ("1,000 fields", many(1_000)),
        ("50,000 fields", many(50_000)),
        ("a field of 100 kB", line(format!("X-Evil: {long}").as_bytes())),
        ("a name of 100 kB", line(format!("{long}: EVIL").as_bytes())),
        ("a status line of 1 MB", status(&format!("HTTP/1.1 200 {}", "EVIL".repeat(250_000)))),
    ];
    table.into_iter().flat_map(|(name, bytes)| no_answer_at_all(&format!("head: {name}"), &bytes)).collect()
}

/// Heads that never end.
fn endless() -> Vec<Case> {
    let start = "HTTP/1.1 200 OK\r\n";
    [
        no_answer_at_all("endless: status line", b"HTTP/1.1 200 ")
            .map(|case| case.then(Then::Endless(b"EVIL"))),
        no_answer_at_all("endless: fields", start.as_bytes())
            .map(|case| case.then(Then::Endless(b"X-Evil: EVIL\r\n"))),
        no_answer_at_all("endless: one field", b"HTTP/1.1 200 OK\r\nX-Evil: ")
            .map(|case| case.then(Then::Endless(b"EVIL"))),
        no_answer_at_all("endless: a name", start.as_bytes()).map(|case| case.then(Then::Endless(b"EVIL"))),
        no_answer_at_all("endless: noise", b"").map(|case| case.then(Then::Endless(b"\xff\xfe\0\x01"))),
    ]
    .concat()
}

/// What is not right, but is understood.
fn forgiven() -> Vec<Case> {
    let mut all = Vec::new();
    for (at, answer) in [(At::Create, created("")), (At::Middle, taken("")), (At::Close, ack(""))] {
        let name = |name: &str| format!("forgiven: {name} ({at:?})");
        let changed = |from: &str, to: &str| answer.replacen(from, to, 1);
        all.extend([
            good(name("bare line feeds"), at, answer.replace("\r\n", "\n")),
            good(name("no reason"), at, changed("200 OK", "200 ")),
            good(name("a status line without a blank"), at, changed("200 OK", "200")),
            good(name("a reason of its own"), at, changed("200 OK", "200 EVIL \t is as EVIL does")),
            good(name("empty lines before it"), at, format!("\r\n\r\n{answer}")),
            good(name("names in capitals"), at, changed("BITS-Packet-Type: Ack", "BITS-PACKET-TYPE:ACK")),
            good(name("names in lower case"), at, changed("BITS-Packet-Type: Ack", "bits-packet-type: ack")),
            good(name("90 fields"), at, changed("\r\n", &format!("\r\n{}", "X-Evil: EVIL\r\n".repeat(90)))),
            good(
                name("a field of 50 kB"),
                at,
                changed("\r\n", &format!("\r\nX: {}\r\n", "x".repeat(50_000))),
            ),
            good(name("a byte at a time"), at, answer.clone()).byte_by_byte(),
            good(name("HTTP/1.0"), at, changed("HTTP/1.1", "HTTP/1.0")).then(Then::Close),
            good(name("HTTP/1.0, kept open"), at, changed("HTTP/1.1", "HTTP/1.0")),
            good(
                name("HTTP/1.0 that promises to keep it open"),
                at,
                changed("HTTP/1.1 200 OK", "HTTP/1.0 200 OK\r\nConnection: keep-alive"),
            ),
            good(
                name("Connection names everything"),
                at,
                changed("\r\n", "\r\nConnection: BITS-Packet-Type, EVIL\r\n"),
            ),
        ]);
    }
    let obs =
        [&b"HTTP/1.1 200 \xff\xfe\r\nX-Evil: \x80\xff\r\n"[..], &head("", ACK).as_bytes()[11..]].concat();
    all.push(good("forgiven: bytes that are not ASCII", At::Close, obs));
    all
}
