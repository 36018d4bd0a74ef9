//! P10: answers that want to lead the proxy somewhere else, by host, by reply, by evidence.

use crate::act::Then;
use crate::case::{At, Case, SIZE, bad, created, good, head, taken};
use put2bits::error::Problem::{CloseInDoubt, Unavailable};

pub(crate) fn cases() -> Vec<Case> {
    [hosts(), reply_urls(), replies(), evidence()].concat()
}

fn hosts() -> Vec<Case> {
    let host = |value: &[u8]| {
        let answer = created("BITS-Host-Id: ?\r\nBITS-Host-Id-Fallback-Timeout: -1\r\n");
        let (before, behind) = answer.split_once('?').unwrap();
        [before.as_bytes(), value, behind.as_bytes()].concat()
    };
    let mut all = Vec::new();
    let long = "x".repeat(60_000);
    for (name, value) in [
        ("another", &b"{elsewhere}"[..]),
        ("an address", b"127.0.0.1"),
        ("IPv6", b"[::1]:99999"),
        ("a URL", b"http://{elsewhere}/"),
        ("userinfo", b"user:secret@{elsewhere}"),
        ("a path", b"../../{elsewhere}"),
        ("a share", b"\\\\{elsewhere}\\c$"),
        ("empty", b""),
        ("60 kB", long.as_bytes()),
        ("a line for the log", b"x\t2026-11-22T10:00:00Z ERROR forged"),
        ("a terminal sequence of one byte", b"\x9b31mred"),
        ("a terminal sequence in UTF-8", b"\xc2\x9b31mred"),
        ("right to left", "\u{202e}txt.exe".as_bytes()),
        ("no UTF-8", b"\xff\xfe\xc3\x28"),
    ] {
        all.push(good(format!("host: {name}"), At::Create, host(value)));
    }
    all.push(bad("host: an escape", At::Create, host(b"\x1b[31mEVIL"), Unavailable));
    all.push(bad("host: 100 kB", At::Create, host("x".repeat(100_000).as_bytes()), Unavailable));
    all.push(good("host: changes on the way", At::Middle, taken("BITS-Host-Id: {elsewhere}\r\n")));
    all
}

/// The file is stored all the same, and nobody is asked for the reply.
fn reply_urls() -> Vec<Case> {
    let mut all = Vec::new();
    let (long, deep) = ("x".repeat(60_000), "../".repeat(10_000));
    for (name, url) in [
        ("another", "http://{elsewhere}/x"),
        ("without a scheme", "//{elsewhere}/x"),
        ("a share", "\\\\{elsewhere}\\x"),
        ("slashes of both kinds", "/\\{elsewhere}/x"),
        ("userinfo", "http://127.0.0.1@{elsewhere}/x"),
        ("https", "https://{elsewhere}/x"),
        ("file", "file:///etc/passwd"),
        ("javascript", "javascript:alert('EVIL')"),
        ("data", "data:text/html,EVIL"),
        ("a colon alone", ":"),
        ("a broken address", "http://[::1/x"),
        ("a port too high", "http://127.0.0.1:99999/x"),
        ("not ASCII", "/\u{e9}\u{202e}"),
        ("empty", ""),
        ("60 kB", &long),
        ("up and up", &deep),
        ("a tab inside", "http://\t{elsewhere}/x"),
        ("a line end, encoded", "/x%0d%0aEVIL:%201"),
    ] {
        let bytes = taken(&format!("BITS-Reply-URL: {url}\r\n"));
        all.push(good(format!("reply URL: {name}"), At::Last, bytes.clone()).fetched());
        all.push(good(format!("reply URL: {name}, ignored"), At::Last, bytes));
    }
    all
}

/// What the URL leads to. The file is stored all the same.
fn replies() -> Vec<Case> {
    let reply = |name: &str, bytes: &str| good(format!("reply: {name}"), At::Reply, bytes);
    let ok = |lines: &str| head("200 OK", lines);
    vec![
        reply("a redirect", &head("302 No", "Location: http://{elsewhere}/EVIL\r\nContent-Length: 0\r\n")),
        reply("a login", &head("401 No", "WWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n")),
        reply("too large by its word", &ok("Content-Length: 99999999999\r\n")),
        reply("without an end", &ok("")).then(Then::Endless(b"EVIL")),
        reply("chunks without an end", &ok("Transfer-Encoding: chunked\r\n"))
            .then(Then::Endless(b"4\r\nEVIL\r\n")),
        reply("a chunk size that is no number", &(ok("Transfer-Encoding: chunked\r\n") + "EVIL\r\n")),
        reply("shorter than promised", &(ok("Content-Length: 9\r\n") + "EVIL")).then(Then::Close),
        reply("never there", &ok("Content-Length: 9\r\n")),
        reply("500 for ever", &head("500 EVIL", "Content-Length: 0\r\n")),
        reply("noise", "\0EVIL\r\n\r\n"),
        reply("a head without an end", "HTTP/1.1 200 OK\r\n").then(Then::Endless(b"X-Evil: EVIL\r\n")),
        reply("silence", "").then(Then::Stall),
        reply("reset", "").then(Then::Reset),
        reply("a byte a second", "").then(Then::Drip(b"HTTP/1.1 200 OK\r\n")),
    ]
}

/// Nothing of this proves that the file is stored. Close-Session stayed unanswered for the whole window.
fn evidence() -> Vec<Case> {
    let told = |name: &str, bytes: &str| {
        bad(format!("evidence: {name}"), At::Evidence, bytes, CloseInDoubt).times(1)
    };
    // A later request may still find it.
    let later = |name: &str, bytes: &str| told(name, bytes).cut(true);
    let size = |lines: &str| head("200 OK", &format!("Content-Length: {SIZE}\r\n{lines}"));
    let modified = "Last-Modified: Fri, 31 Dec 9999 23:59:59 GMT\r\n";
    vec![
        told("the right size and no date", &size("")),
        told("the right size and a date without a beginning", &size(modified)),
        told("another size", &head("200 OK", &format!("Content-Length: 1\r\n{modified}"))),
        told("no size", &head("200 OK", modified)),
        told("206", &head("206 Part", &format!("Content-Length: {SIZE}\r\n{modified}"))),
        told("a redirect", &head("302 No", "Location: http://{elsewhere}/\r\nContent-Length: 0\r\n")),
        told("a login", &head("401 No", "Content-Length: 0\r\n")),
        later("503", &head("503 EVIL", "Content-Length: 0\r\n")),
        told("sizes that differ", &size("Content-Length: 7\r\n")),
        later("noise", "\0EVIL\r\n\r\n"),
        later("closed", "").then(Then::Close),
        later("reset", "").then(Then::Reset),
        later("silence", "").then(Then::Stall),
        later("a head without an end", "HTTP/1.1 200 OK\r\n").then(Then::Endless(b"X-Evil: EVIL\r\n")),
        later("interim without an end", "").then(Then::Endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ]
}
