//! Good heads with bodies that are not. Acks have none; what comes is not waited for.

use crate::act::Then;
use crate::case::{At, Case, ack, created, good, head, taken};

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (at, answer) in [(At::Create, created("")), (At::Middle, taken("")), (At::Close, ack(""))] {
        let name = |name: &str| format!("body: {name} ({at:?})");
        let framed = |lines: &str, body: &str| answer.replacen("Content-Length: 0\r\n", lines, 1) + body;
        let chunked = |body: &str| framed("Transfer-Encoding: chunked\r\n", body);
        let length = |length: &str, body: &str| framed(&format!("Content-Length: {length}\r\n"), body);
        all.extend([
            good(name("shorter than promised"), at, length("100", "EVIL")).then(Then::Close),
            good(name("never there"), at, length("100", "")),
            good(name("of 2^63 bytes by its word"), at, length("9223372036854775807", "EVIL")),
            good(name("without an end"), at, framed("", "")).then(Then::Endless(b"EVIL")),
            good(name("up to the end of the connection"), at, framed("", "EVIL")).then(Then::Close),
            good(name("up to an end that never comes"), at, framed("", "EVIL")),
            good(name("longer than promised"), at, length("4", "EVILEVIL")),
            good(name("60 kB"), at, length("60000", &"EVIL".repeat(15_000))),
            good(name("chunked"), at, chunked("4\r\nEVIL\r\n0\r\n\r\n")),
            good(name("a chunk size that is no number"), at, chunked("EVIL\r\n")),
            good(name("a chunk size of 2^64"), at, chunked("10000000000000000\r\nEVIL")),
            good(name("a chunk that ends wrong"), at, chunked("4\r\nEVILEVIL\r\n0\r\n\r\n")),
            good(name("chunks without an end"), at, chunked("")).then(Then::Endless(b"4\r\nEVIL\r\n")),
            good(name("a chunk extension without an end"), at, chunked("4;")).then(Then::Endless(b"EVIL")),
            good(name("trailers without an end"), at, chunked("0\r\n"))
                .then(Then::Endless(b"X-Evil: EVIL\r\n")),
            good(name("the last chunk missing"), at, chunked("4\r\nEVIL\r\n")).then(Then::Close),
            good(name("gzip"), at, framed("Content-Encoding: gzip\r\nContent-Length: 4\r\n", "\x1f\u{8}EV")),
            good(name("coded in no known way"), at, framed("Transfer-Encoding: EVIL\r\n", "EVIL")),
            // What comes behind an answer belongs to nobody.
            good(name("noise behind it"), at, format!("{answer}EVIL EVIL EVIL\r\n\r\n")),
            good(name("a second answer"), at, format!("{answer}{answer}")),
            good(
                name("a second answer that refuses"),
                at,
                answer.clone() + &head("403 EVIL", "Content-Length: 0\r\n"),
            ),
            good(name("99 more answers"), at, answer.repeat(100)),
            good(name("answers without an end"), at, answer.clone())
                .then(Then::Endless(b"HTTP/1.1 503 EVIL\r\nContent-Length: 0\r\n\r\n")),
            good(
                name("more behind the announced end"),
                at,
                framed("Connection: close\r\nContent-Length: 0\r\n", &answer),
            ),
            good(name("then closed"), at, answer.clone()).then(Then::Close),
            good(name("then half closed"), at, answer.clone()).then(Then::HalfClose),
        ]);
    }
    all
}
