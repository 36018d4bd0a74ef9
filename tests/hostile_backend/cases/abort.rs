//! Cancel-Session of an upload that was refused: whatever comes of it, the client has its answer.

use crate::act::Then;
use crate::case::{At, Case, ack, bad, head};
use put2bits::error::Problem::Forbidden;

pub(crate) fn cases() -> Vec<Case> {
    let case = |name: &str, bytes: &[u8]| bad(format!("cancel: {name}"), At::Cancel, bytes, Forbidden);
    let status = |status: &str| head(status, "Content-Length: 0\r\n").into_bytes();
    vec![
        case("500 for ever", &status("500 EVIL")),
        case(
            "503 with a long wait",
            head("503 EVIL", "Content-Length: 0\r\nRetry-After: 99999\r\n").as_bytes(),
        ),
        case("401", &status("401 EVIL")),
        case(
            "a redirect",
            head("307 No", "Location: http://{elsewhere}/\r\nContent-Length: 0\r\n").as_bytes(),
        ),
        case("another session", ack("BITS-Session-Id: {another}\r\n").as_bytes()),
        case("noise", b"\0\xff EVIL \r\n\r\n"),
        case("silence", b"").then(Then::Stall),
        case("closed", b"").then(Then::Close),
        case("reset", b"").then(Then::Reset),
        case("a head without an end", b"HTTP/1.1 200 OK\r\n").then(Then::Endless(b"X-Evil: EVIL\r\n")),
        case("interim without an end", b"").then(Then::Endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
        case("a byte a second", b"").then(Then::Drip(b"HTTP/1.1 200 OK\r\n")),
    ]
}
