//! A server that speaks, or hangs up, before it is asked.

use crate::act::Then;
use crate::case::{At, Case, bad, created, head, passing};
use put2bits::error::Problem::{Timeout, Unavailable, Unreachable};

pub(crate) fn cases() -> Vec<Case> {
    // Whether a byte of the request went out before is a race, and nobody's business.
    let lost = |name: &str, bytes: &[u8]| bad(name, At::Accept, bytes, Unreachable).or(Unavailable);
    let empty = "Content-Length: 0\r\nConnection: close\r\n";
    vec![
        lost("greets: SSH", b"SSH-2.0-EVIL\r\n"),
        lost("greets: SMTP", b"220 EVIL ESMTP\r\n"),
        lost("greets: noise", b"\0\xff\xfe\x01EVIL"),
        lost("greets: without an end", b"").then(Then::Endless(b"EVIL")),
        lost("greets: TLS alert and end", b"\x15\x03\x01\x00\x02\x02\x46").then(Then::Close),
        lost("hangs up at once", b"").then(Then::Close),
        lost("half hangs up at once", b"").then(Then::HalfClose),
        lost("resets at once", b"").then(Then::Reset),
        lost("greets: interim answers without an end", b"")
            .then(Then::Endless(b"HTTP/1.1 100 Continue\r\n\r\n"))
            .or(Timeout),
        bad("accepts and does nothing", At::Accept, "", Timeout).then(Then::Stall),
        bad("a byte a second", At::Accept, "", Timeout)
            .then(Then::Drip(b"HTTP/1.1 200 OK\r\n"))
            .or(Unreachable),
        passing("greets: 408, once", At::Accept, head("408 Late", empty)).then(Then::Close),
        passing("greets: 503, once", At::Accept, head("503 EVIL", empty)).then(Then::Close),
        passing("hangs up at once, once", At::Accept, "").then(Then::Close),
        passing("resets at once, once", At::Accept, "").then(Then::Reset),
        passing("answers before it is asked, once", At::Accept, created("Connection: close\r\n"))
            .then(Then::Close),
    ]
}
