//! Statuses that no BITS server has a use for.

use super::no_answer_at_all;
use crate::act::Then;
use crate::case::{At, Case, ack, bad, created, good, head, taken};
use put2bits::error::Problem::{
    BackendAuth, BackendProtocol, BackendRedirect, CloseInDoubt, NotBits, Timeout,
};

const EMPTY: &str = "Content-Length: 0\r\n";

pub(crate) fn cases() -> Vec<Case> {
    [useless(), redirects(), logins(), interim()].concat()
}

fn useless() -> Vec<Case> {
    let mut all = Vec::new();
    for (status, lines, body) in [
        ("202 Accepted", EMPTY, ""),
        ("204 No Content", "Content-Length: 4\r\n", "EVIL"),
        ("205 Reset Content", "Content-Length: 4\r\n", "EVIL"),
        ("206 Partial Content", "Content-Range: bytes 0-3/4\r\nContent-Length: 4\r\n", "EVIL"),
        ("299 Strange", EMPTY, ""),
        ("600 Beyond", EMPTY, ""),
        ("999 Far beyond", "Content-Length: 4\r\n", "EVIL"),
        ("101 Switching Protocols", "Upgrade: evil\r\nConnection: upgrade\r\n", "EVIL"),
    ] {
        let bytes = head(status, lines) + body;
        let name = |at: At| format!("status: {status} ({at:?})");
        all.push(bad(name(At::Create), At::Create, bytes.clone(), NotBits));
        all.push(bad(name(At::Middle), At::Middle, bytes.clone(), BackendProtocol));
        all.push(bad(name(At::Close), At::Close, bytes, BackendProtocol));
    }
    for status in
        ["000 None", "099 Below", "20 Short", "2000 Long", "-20 Negative", "abc Letters", "2 0 0 Apart"]
    {
        all.extend(no_answer_at_all(&format!("status: {status}"), head(status, EMPTY).as_bytes()));
    }
    all
}

fn redirects() -> Vec<Case> {
    let mut all = Vec::new();
    for status in [300, 301, 302, 303, 304, 305, 307, 308, 399] {
        for at in [At::Create, At::Middle, At::Close] {
            let lines = format!("Location: http://{{elsewhere}}/EVIL\r\n{EMPTY}");
            let bytes = head(&format!("{status} Elsewhere"), &lines);
            all.push(bad(format!("redirect: {status} ({at:?})"), at, bytes, BackendRedirect));
        }
    }
    for (name, place) in [
        ("file", "file:///etc/passwd"),
        ("javascript", "javascript:EVIL"),
        ("nothing", ""),
        ("userinfo", "http://{elsewhere}@127.0.0.1/"),
        ("long", &"x/".repeat(15_000)),
    ] {
        let bytes = head("307 Elsewhere", &format!("Location: {place}\r\n{EMPTY}"));
        all.push(bad(format!("redirect: to {name}"), At::First, bytes, BackendRedirect));
    }
    all
}

fn logins() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, challenge) in [
        ("Basic", "Basic realm=\"EVIL\"".to_owned()),
        ("Negotiate", "Negotiate".to_owned()),
        ("NTLM", "NTLM TlRMTVNTUAACAAAA".to_owned()),
        ("Digest without an end", "Digest realm=\"EVIL, nonce=".to_owned()),
        ("60 of them", vec!["Basic realm=\"EVIL\""; 60].join("\r\nWWW-Authenticate: ")),
        ("a long one", format!("Basic realm=\"{}\"", "x".repeat(50_000))),
        ("none", String::new()),
    ] {
        let lines = format!("WWW-Authenticate: {challenge}\r\n{EMPTY}");
        all.push(bad(format!("login: {name}"), At::Create, head("401 Who", &lines), BackendAuth));
    }
    for at in [At::Create, At::Middle, At::Close] {
        let bytes = head("407 Who", &format!("Proxy-Authenticate: Basic realm=EVIL\r\n{EMPTY}"));
        all.push(bad(format!("login: at a proxy ({at:?})"), at, bytes, BackendAuth));
    }
    all
}

/// 1xx: skipped, but not for ever.
fn interim() -> Vec<Case> {
    const HINT: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </EVIL>\r\n\r\n";
    let mut all = Vec::new();
    for (at, answer) in [(At::Create, created("")), (At::Middle, taken("")), (At::Close, ack(""))] {
        let name = |name: &str| format!("interim: {name} ({at:?})");
        let late = if at == At::Close { CloseInDoubt } else { Timeout };
        for status in ["100 Continue", "102 Processing", "103 Early Hints", "199 Strange"] {
            let storm = head(status, "X-Evil: EVIL\r\n").repeat(10_000);
            all.push(good(name(&format!("10,000 × {status}")), at, storm + &answer));
        }
        all.extend([
            bad(name("without an end"), at, "", late).then(Then::Endless(HINT)),
            bad(name("and nothing more"), at, HINT, late),
            bad(name("199 as the answer"), at, head("199 Done", EMPTY), late),
        ]);
    }
    all
}
