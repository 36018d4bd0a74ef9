//! What proxies in front say about the client: `X-Forwarded-*`, or `Forwarded` (RFC 7239). Pure.
//!
//! Anybody can write these fields, so they are read from the right, where the nearest proxy has written, and only as
//! far as those who wrote are trusted:
//!
//! ```text
//!   X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.7        from 10.0.0.1
//!                    │        │            │                    └ the connection's: trusted, so believe what it wrote:
//!                    │        │            └ trusted, so believe what it wrote:
//!                    │        └ not trusted: this is the client
//!                    └ written by the client: ignored
//! ```
//!
//! What cannot be read ends the walk: the last address that is known counts as the client. Fields of who is not
//! trusted, and those that the configuration does not name, are taken out of the request; nobody behind this sees them.

use super::head::authority;
use crate::access::{Forwarded, Peer, Proxies};
use crate::route;
use http::header::{FORWARDED, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Proxies that a request may have come through. Longer lists are read no further.
const MOST: usize = 16;

/// What is known of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// Its address. The port is 0 where nobody told it.
    pub(super) client: SocketAddr,
    /// Whether its connection is encrypted.
    pub(super) encrypted: bool,
}

/// The host that the client asked for, where a trusted proxy has told another one than it asks for itself.
#[derive(Debug, Clone)]
struct AskedHost(String);

/// What the proxies before `peer` say, and takes what is not to be believed out of the head.
pub(super) fn settle(head: &mut Parts, peer: &Peer, proxies: &Proxies) -> Origin {
    let own = Origin { client: peer.address, encrypted: peer.encrypted };
    let believed = match proxies.trusted.contains(peer.address.ip()) {
        true => proxies.forwarded,
        false => Forwarded::None,
    };
    if believed != Forwarded::XForwardedFor {
        for name in [X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST] {
            head.headers.remove(name);
        }
    }
    if believed != Forwarded::Standard {
        head.headers.remove(FORWARDED);
    }
    let told = match believed {
        Forwarded::None => return own,
        Forwarded::XForwardedFor => x_forwarded(&head.headers, peer.address, proxies),
        Forwarded::Standard => standard(&head.headers, peer.address, proxies),
    };
    if let Some(host) = told.host.and_then(host_of) {
        head.extensions.insert(AskedHost(host));
    }
    let encrypted = match told.proto.map(str::to_ascii_lowercase).as_deref() {
        Some("https") => true,
        Some("http") => false,
        _ => own.encrypted,
    };
    Origin { client: told.client, encrypted }
}

/// The host that the client asked for, in small letters and without port: what trusted proxies say, else the request.
pub(super) fn effective_host(head: &Parts) -> Option<String> {
    match head.extensions.get() {
        Some(AskedHost(host)) => Some(host.clone()),
        None => route::host(&head.uri, &head.headers),
    }
}

/// The host that trusted proxies say the client asked for.
pub(super) fn told_host(head: &Parts) -> Option<&str> {
    head.extensions.get::<AskedHost>().map(|AskedHost(host)| host.as_str())
}

/// What was told.
#[derive(Debug)]
struct Told<'a> {
    client: SocketAddr,
    proto: Option<&'a str>,
    host: Option<&'a str>,
}

fn x_forwarded<'a>(headers: &'a HeaderMap, own: SocketAddr, proxies: &Proxies) -> Told<'a> {
    let (mut client, mut hops) = (own, 0);
    for entry in from_right(headers, &X_FORWARDED_FOR).take(MOST) {
        let Some(next) = entry.and_then(|entry| node(entry, true)) else { break };
        (client, hops) = (next, hops + 1);
        if !proxies.trusted.contains(client.ip()) {
            break;
        }
    }
    // Each proxy adds to all three lists, or writes a list anew: then what is there was written by one that is trusted.
    let at = |name| {
        let mut last = None;
        for entry in from_right(headers, name).take(hops.max(1)) {
            last = entry;
        }
        last
    };
    Told { client, proto: at(&X_FORWARDED_PROTO), host: at(&X_FORWARDED_HOST) }
}

fn standard<'a>(headers: &'a HeaderMap, own: SocketAddr, proxies: &Proxies) -> Told<'a> {
    let mut told = Told { client: own, proto: None, host: None };
    for entry in from_right(headers, &FORWARDED).take(MOST) {
        let Some(element) = entry.and_then(Element::parse) else { break };
        (told.proto, told.host) = (element.proto, element.host);
        let Some(client) = element.client else { break };
        told.client = client;
        if !proxies.trusted.contains(client.ip()) {
            break;
        }
    }
    told
}

/// The entries of a list, its last one first; none for one that cannot be read, and behind it nothing.
///
/// Read from the right, so that what a client has written at the left, an open quotation mark for instance, changes
/// nothing in the meaning of what a proxy has added.
fn from_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let mut rest: Vec<&[u8]> = lines;
    std::iter::from_fn(move || {
        let line = rest.pop()?;
        let mut quoted = false;
        let comma = line.iter().rposition(|&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        if quoted {
            rest.clear();
            return Some(None);
        }
        let (left, entry) = match comma {
            Some(at) => (line.get(..at), line.get(at + 1..)),
            None => (None, Some(line)),
        };
        rest.extend(left);
        let entry = entry.and_then(|entry| std::str::from_utf8(entry).ok());
        Some(entry.map(|entry| entry.trim_matches([' ', '\t'])).filter(|entry| !entry.is_empty()))
    })
}

/// One element of `Forwarded`.
#[derive(Debug, Default)]
struct Element<'a> {
    /// None: the proxy does not know or does not tell.
    client: Option<SocketAddr>,
    proto: Option<&'a str>,
    host: Option<&'a str>,
}

impl<'a> Element<'a> {
    /// `for=192.0.2.60;proto=http;host="example.com"`
    fn parse(text: &'a str) -> Option<Self> {
        let mut element = Element::default();
        let mut names = Vec::new();
        let mut quoted = false;
        let pairs = text.split(|c| {
            quoted ^= c == '"';
            c == ';' && !quoted
        });
        for pair in pairs.filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim().to_ascii_lowercase(), unquoted(value.trim())?);
            if names.contains(&name) {
                return None;
            }
            match name.as_str() {
                "for" if value.eq_ignore_ascii_case("unknown") || value.starts_with('_') => {}
                "for" => element.client = Some(node(value, false)?),
                "proto" => element.proto = Some(value),
                "host" => element.host = Some(value),
                _ => {}
            }
            names.push(name);
        }
        (!names.is_empty()).then_some(element)
    }
}

/// The value without its quotation marks. Nothing that is meant here needs a backslash.
fn unquoted(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.is_empty() && !inner.contains(['"', '\\'])).then_some(inner)
}

/// An address, with a port or without. `bare`: one of IPv6 may stand without its brackets.
fn node(text: &str, bare: bool) -> Option<SocketAddr> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (IpAddr::V6(host.parse().ok()?), port)
        }
        None if bare && text.matches(':').count() > 1 => (IpAddr::V6(text.parse().ok()?), ""),
        None => {
            let end = text.find(':').unwrap_or(text.len());
            let (host, port) = text.split_at(end);
            (IpAddr::V4(host.parse().ok()?), port)
        }
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => 0,
        // A name in place of a number says which one it was to the proxy alone.
        Some(port) if port.starts_with('_') => 0,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
        _ => return None,
    };
    Some(SocketAddr::new(host.to_canonical(), port))
}

/// The host of `up.test:8443`, as routes have it.
fn host_of(text: &str) -> Option<String> {
    let authority = authority(&HeaderValue::from_str(text).ok()?)?;
    let host = authority.host();
    Some(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
