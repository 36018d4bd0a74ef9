//! Who the client is, by what stands in the head: trusted are 10.0.0.0/8, 127.0.0.1 and fd00::/8.

use super::*;
use crate::access::Trusted;
use http::Request;

fn proxies(forwarded: Forwarded) -> Proxies {
    let trusted = ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"].map(|network| network.parse().unwrap());
    Proxies { trusted: Trusted(trusted.into()), forwarded }
}

fn head(lines: &[&str]) -> Parts {
    let mut request = Request::builder().uri("/a").header("Host", "own.test");
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Address, "https" or "http", host.
fn settled(forwarded: Forwarded, peer: &str, lines: &[&str]) -> (String, &'static str, String) {
    let (mut head, peer) = (head(lines), Peer::plain(peer.parse().unwrap()));
    let origin = settle(&mut head, &peer, &proxies(forwarded));
    let host = effective_host(&head).unwrap();
    (origin.client.to_string(), if origin.encrypted { "https" } else { "http" }, host)
}

const OWN: &str = "10.0.0.1:5";

#[test]
fn clients_by_x_forwarded_for() {
    for (peer, value, client) in [
        // Nobody in front.
        (OWN, None, "10.0.0.1:5"),
        // One proxy, all forms of an address.
        (OWN, Some("203.0.113.9"), "203.0.113.9:0"),
        (OWN, Some("203.0.113.9:7"), "203.0.113.9:7"),
        (OWN, Some("2001:db8::1"), "[2001:db8::1]:0"),
        (OWN, Some("[2001:db8::1]"), "[2001:db8::1]:0"),
        (OWN, Some("[2001:db8::1]:7"), "[2001:db8::1]:7"),
        (OWN, Some("::ffff:203.0.113.9"), "203.0.113.9:0"),
        (OWN, Some("  203.0.113.9\t"), "203.0.113.9:0"),
        // Several: from the right, as far as they are trusted.
        (OWN, Some("203.0.113.9, 10.0.0.7"), "203.0.113.9:0"),
        (OWN, Some("203.0.113.9,10.0.0.7,fd00::1"), "203.0.113.9:0"),
        (OWN, Some("6.6.6.6, 203.0.113.9"), "203.0.113.9:0"),
        (OWN, Some("6.6.6.6, 203.0.113.9, 10.0.0.7"), "203.0.113.9:0"),
        (OWN, Some("10.0.0.9, 203.0.113.9"), "203.0.113.9:0"),
        (OWN, Some("10.0.0.9, 10.0.0.8"), "10.0.0.9:0"),
        (OWN, Some("127.0.0.1, 203.0.113.9"), "203.0.113.9:0"),
        // Whoever is not trusted is not believed.
        ("203.0.113.5:5", Some("6.6.6.6"), "203.0.113.5:5"),
        ("203.0.113.5:5", Some("10.0.0.1"), "203.0.113.5:5"),
        ("[fe80::1]:5", Some("6.6.6.6"), "[fe80::1]:5"),
        ("[fd00::1]:5", Some("203.0.113.9"), "203.0.113.9:0"),
        ("127.0.0.1:0", Some("203.0.113.9"), "203.0.113.9:0"),
        ("127.0.0.2:0", Some("203.0.113.9"), "127.0.0.2:0"),
        // What cannot be read ends it.
        (OWN, Some(""), "10.0.0.1:5"),
        (OWN, Some("unknown"), "10.0.0.1:5"),
        (OWN, Some("203.0.113.9, "), "10.0.0.1:5"),
        (OWN, Some("6.6.6.6, , 10.0.0.7"), "10.0.0.7:0"),
        (OWN, Some("6.6.6.6, garbage, 10.0.0.7"), "10.0.0.7:0"),
        (OWN, Some("garbage, 203.0.113.9"), "203.0.113.9:0"),
        (OWN, Some("203.0.113"), "10.0.0.1:5"),
        (OWN, Some("203.0.113.256"), "10.0.0.1:5"),
        (OWN, Some("203.0.113.9:65536"), "10.0.0.1:5"),
        (OWN, Some("203.0.113.9:+7"), "10.0.0.1:5"),
        (OWN, Some("203.0.113.9:"), "10.0.0.1:5"),
        (OWN, Some("[2001:db8::1"), "10.0.0.1:5"),
        (OWN, Some("[2001:db8::1]7"), "10.0.0.1:5"),
        (OWN, Some("fe80::1%eth0"), "10.0.0.1:5"),
        (OWN, Some("\"203.0.113.9\""), "10.0.0.1:5"),
        (OWN, Some("6.6.6.6 203.0.113.9"), "10.0.0.1:5"),
        // An open quotation mark of a client's does not swallow what a proxy adds.
        (OWN, Some("\", 203.0.113.9"), "203.0.113.9:0"),
    ] {
        let line = value.map(|value| format!("X-Forwarded-For: {value}"));
        let lines: Vec<&str> = line.iter().map(String::as_str).collect();
        assert_eq!(settled(Forwarded::XForwardedFor, peer, &lines).0, client, "{peer} {value:?}");
        // The other field is not read, nor is this one if nobody wants it.
        assert_eq!(settled(Forwarded::Standard, peer, &lines).0, peer, "{peer} {value:?}");
        assert_eq!(settled(Forwarded::None, peer, &lines).0, peer, "{peer} {value:?}");
    }
}

#[test]
fn clients_by_forwarded() {
    for (peer, value, client) in [
        (OWN, "for=203.0.113.9", "203.0.113.9:0"),
        (OWN, "For=\"203.0.113.9:47011\"", "203.0.113.9:47011"),
        (OWN, "for=\"[2001:db8::1]\"", "[2001:db8::1]:0"),
        (OWN, "for=\"[2001:db8::1]:7\"", "[2001:db8::1]:7"),
        (OWN, "for=\"203.0.113.9:_port\"", "203.0.113.9:0"),
        (OWN, "proto=https;for=203.0.113.9;by=10.0.0.1", "203.0.113.9:0"),
        (OWN, "for=203.0.113.9 ; proto=https", "203.0.113.9:0"),
        (OWN, ";for=203.0.113.9;", "203.0.113.9:0"),
        (OWN, "for=6.6.6.6, for=203.0.113.9", "203.0.113.9:0"),
        (OWN, "for=6.6.6.6, for=203.0.113.9, for=10.0.0.7", "203.0.113.9:0"),
        (OWN, "for=203.0.113.9;by=\"a,b\", for=10.0.0.7", "203.0.113.9:0"),
        // Not told, not known, not to be read.
        (OWN, "for=unknown", "10.0.0.1:5"),
        (OWN, "for=_hidden", "10.0.0.1:5"),
        (OWN, "for=6.6.6.6, for=_hidden, for=10.0.0.7", "10.0.0.7:0"),
        (OWN, "proto=https", "10.0.0.1:5"),
        (OWN, "for=6.6.6.6, proto=https", "10.0.0.1:5"),
        (OWN, "for=", "10.0.0.1:5"),
        (OWN, "for", "10.0.0.1:5"),
        (OWN, "for=2001:db8::1", "10.0.0.1:5"),
        (OWN, "for=203.0.113.9;for=6.6.6.6", "10.0.0.1:5"),
        (OWN, "for=\"203.0.113.9", "10.0.0.1:5"),
        (OWN, "for=\"203\\.0.113.9\"", "10.0.0.1:5"),
        (OWN, "for=\", for=203.0.113.9", "203.0.113.9:0"),
        (OWN, "for=6.6.6.6;x=\", for=203.0.113.9", "203.0.113.9:0"),
        (OWN, "for=6.6.6.6, garbage, for=10.0.0.7", "10.0.0.7:0"),
        ("203.0.113.5:5", "for=6.6.6.6", "203.0.113.5:5"),
        ("203.0.113.5:5", "for=10.0.0.1", "203.0.113.5:5"),
    ] {
        let line = format!("Forwarded: {value}");
        assert_eq!(settled(Forwarded::Standard, peer, &[&line]).0, client, "{peer} {value}");
        assert_eq!(settled(Forwarded::XForwardedFor, peer, &[&line]).0, peer, "{peer} {value}");
    }
}

#[test]
fn schemes_and_hosts() {
    let x = Forwarded::XForwardedFor;
    for (forwarded, peer, lines, scheme, host) in [
        (x, OWN, &["X-Forwarded-Proto: https", "X-Forwarded-Host: up.test"][..], "https", "up.test"),
        (x, OWN, &["X-Forwarded-Proto: HTTPS"], "https", "own.test"),
        (x, OWN, &["X-Forwarded-Proto: gopher"], "http", "own.test"),
        (x, OWN, &["X-Forwarded-Host: Up.test:8443"], "http", "up.test"),
        (x, OWN, &["X-Forwarded-Host: u@up.test"], "http", "own.test"),
        (x, OWN, &["X-Forwarded-Host: a b"], "http", "own.test"),
        (x, "6.6.6.6:1", &["X-Forwarded-Proto: https", "X-Forwarded-Host: up.test"], "http", "own.test"),
        (
            Forwarded::None,
            OWN,
            &["X-Forwarded-Proto: https", "X-Forwarded-Host: up.test"],
            "http",
            "own.test",
        ),
        // The entry of the proxy that the client came to: as many steps from the right as its address.
        (
            x,
            OWN,
            &["X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.7", "X-Forwarded-Proto: http, https, http"],
            "https",
            "own.test",
        ),
        (
            x,
            OWN,
            &["X-Forwarded-For: 203.0.113.9, 10.0.0.7", "X-Forwarded-Proto: https"],
            "https",
            "own.test",
        ),
        (
            x,
            OWN,
            &["X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: evil.test, up.test"],
            "http",
            "up.test",
        ),
        (
            x,
            OWN,
            &["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: up.test"],
            "http",
            "up.test",
        ),
        (Forwarded::Standard, OWN, &["Forwarded: for=6.6.6.6;proto=https;host=up.test"], "https", "up.test"),
        (
            Forwarded::Standard,
            OWN,
            &["Forwarded: for=_x;proto=https;host=\"up.test:8443\""],
            "https",
            "up.test",
        ),
        (
            Forwarded::Standard,
            OWN,
            &["Forwarded: for=6.6.6.6;host=evil.test, for=6.6.6.7"],
            "http",
            "own.test",
        ),
        (
            Forwarded::Standard,
            "6.6.6.6:1",
            &["Forwarded: for=6.6.6.6;proto=https;host=up.test"],
            "http",
            "own.test",
        ),
    ] {
        let (_, got_scheme, got_host) = settled(forwarded, peer, lines);
        assert_eq!((got_scheme, got_host.as_str()), (scheme, host), "{lines:?}");
    }
}

#[test]
fn who_is_not_believed_leaves_no_trace() {
    let lines = [
        "X-Forwarded-For: 1.1.1.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: h",
        "Forwarded: for=1.1.1.1",
    ];
    for (forwarded, peer, kept) in [
        (Forwarded::XForwardedFor, "6.6.6.6:1", 0),
        (Forwarded::Standard, "6.6.6.6:1", 0),
        (Forwarded::None, OWN, 0),
        (Forwarded::XForwardedFor, OWN, 3),
        (Forwarded::Standard, OWN, 1),
    ] {
        let mut head = head(&lines);
        settle(&mut head, &Peer::plain(peer.parse().unwrap()), &proxies(forwarded));
        assert_eq!(head.headers.len(), 1 + kept, "{forwarded:?} {peer}");
    }
}

#[test]
fn an_encrypted_connection_may_carry_plain_clients() {
    let peer = Peer { encrypted: true, ..Peer::plain(OWN.parse().unwrap()) };
    let settle =
        |lines: &[&str]| settle(&mut head(lines), &peer, &proxies(Forwarded::XForwardedFor)).encrypted;
    assert!(settle(&[]));
    assert!(!settle(&["X-Forwarded-Proto: http"]));
}

#[test]
fn long_lists_end() {
    let line = format!("X-Forwarded-For: 6.6.6.6{}", ", 10.0.0.2".repeat(100));
    assert_eq!(settled(Forwarded::XForwardedFor, OWN, &[&line]).0, "10.0.0.2:0");
}
