//! Answers that no good server gives.

use crate::cell::Fault;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use put2bits::bits::Packet;

const OFFSET: HeaderName = HeaderName::from_static("bits-received-content-range");
const SESSION: HeaderName = HeaderName::from_static("bits-session-id");
const PACKET_TYPE: HeaderName = HeaderName::from_static("bits-packet-type");
const PROTOCOL: HeaderName = HeaderName::from_static("bits-protocol");
const CODE: HeaderName = HeaderName::from_static("bits-error-code");

/// The id of a session that no server ever gave.
const NOBODYS: &str = "{00000000-0000-0000-0000-000000000000}";
/// Larger than anything that fits into 64 bits.
const HUGE: &str = "99999999999999999999999999";

/// An answer to that packet from somebody who has not acted on it.
pub(crate) fn of(fault: Fault, packet: Option<&Packet>) -> (StatusCode, HeaderMap) {
    let (start, end) = match packet {
        Some(Packet::Fragment { range, .. }) => (range.start(), range.end()),
        _ => (0, 0),
    };
    let bare = |status| (status, HeaderMap::new());
    match fault {
        Fault::Status413 => bare(StatusCode::PAYLOAD_TOO_LARGE),
        Fault::Status401 => bare(StatusCode::UNAUTHORIZED),
        Fault::Status403 => bare(StatusCode::FORBIDDEN),
        Fault::Redirect => {
            let (status, mut headers) = bare(StatusCode::TEMPORARY_REDIRECT);
            headers.insert(LOCATION, HeaderValue::from_static("http://elsewhere/up/f.bin"));
            (status, headers)
        }
        Fault::RetryAfter => {
            let (status, mut headers) = bare(StatusCode::SERVICE_UNAVAILABLE);
            headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
            (status, headers)
        }
        Fault::Ahead416 => ack(StatusCode::RANGE_NOT_SATISFIABLE, OFFSET, HeaderValue::from(end + 100)),
        Fault::Behind416 => {
            ack(StatusCode::RANGE_NOT_SATISFIABLE, OFFSET, HeaderValue::from(start.saturating_sub(1)))
        }
        Fault::SessionNotFound => coded("0x8020001F"),
        Fault::TooLarge => coded("0x80200020"),
        malformed => {
            // Nobody says yes who has not acted.
            let status = match packet {
                Some(Packet::CreateSession | Packet::CancelSession { .. }) => StatusCode::OK,
                Some(Packet::Fragment { .. }) => StatusCode::RANGE_NOT_SATISFIABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let (status, mut headers) = ack(status, OFFSET, HeaderValue::from(start));
            // Elsewhere an id of another session is a fault of its own.
            if matches!(packet, Some(Packet::CreateSession)) {
                headers.insert(SESSION, HeaderValue::from_static(NOBODYS));
            }
            for (name, value) in bent(malformed, packet) {
                match value {
                    Some(value) => drop(headers.insert(name, value)),
                    None => drop(headers.remove(name)),
                }
            }
            (status, headers)
        }
    }
}

fn ack(status: StatusCode, name: HeaderName, value: HeaderValue) -> (StatusCode, HeaderMap) {
    let mut headers = HeaderMap::new();
    headers.insert(PACKET_TYPE, HeaderValue::from_static("Ack"));
    headers.insert(name, value);
    (status, headers)
}

fn coded(code: &'static str) -> (StatusCode, HeaderMap) {
    ack(StatusCode::INTERNAL_SERVER_ERROR, CODE, HeaderValue::from_static(code))
}

/// What is wrong with a good answer then. Create-Session has no offset: there the id of the session is what is wrong, or
/// the protocol.
pub(crate) fn bent(fault: Fault, packet: Option<&Packet>) -> Vec<(HeaderName, Option<HeaderValue>)> {
    let creates = matches!(packet, Some(Packet::CreateSession));
    let text = |name: HeaderName, value: &'static str| vec![(name, Some(HeaderValue::from_static(value)))];
    match fault {
        Fault::AckMissing => vec![(if creates { SESSION } else { OFFSET }, None)],
        Fault::AckHuge if creates => {
            vec![(SESSION, HeaderValue::try_from("9".repeat(2_000)).ok())]
        }
        Fault::AckHuge => text(OFFSET, HUGE),
        Fault::AckBeyond if creates => text(PROTOCOL, "{00000000-0000-0000-0000-000000000001}"),
        Fault::AckBeyond => text(OFFSET, "9223372036854775807"),
        Fault::AckNegative if creates => text(SESSION, ""),
        Fault::AckNegative => text(OFFSET, "-1"),
        Fault::AckText if creates => text(PROTOCOL, "bits"),
        Fault::AckText => text(OFFSET, "all of it"),
        Fault::AckForeign => text(SESSION, NOBODYS),
        Fault::AckUntyped => vec![(PACKET_TYPE, None)],
        _ => Vec::new(),
    }
}
