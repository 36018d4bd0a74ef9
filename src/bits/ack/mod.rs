//! From the head of an answer to its one meaning.
//!
//! [`Ack::read`] is total: whatever a server, or something in front of it, answers to a packet has a meaning, and no input
//! panics. All of the protocol's tolerance lives here (both spellings of the error header, the misspelt offset, 200 for
//! 201, 200 with a failure code, errors without any BITS header), and so does the table of which failure is final and
//! which may pass (`failure`). What to *do* about a meaning is the session's business.

mod failure;
#[cfg(test)]
mod tests;

use super::header;
use super::hresult::HResult;
use super::packet::{PacketKind, SessionId};
use super::range::decimal;
use crate::error::Problem;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::fmt;
use std::time::{Duration, SystemTime};

/// What an answer to a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Its meaning.
    pub verdict: Verdict,
    /// The status it came with.
    pub status: StatusCode,
    /// `BITS-Error-Code`, or `BITS-Error`.
    pub code: Option<HResult>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The server's clock.
    pub date: Option<SystemTime>,
}

/// The meaning of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Create-Session: here is the session.
    Created(SessionId),
    /// Fragment: taken.
    Taken {
        /// The offset wanted next. Nothing if the server did not say: by most readings the fragment was taken whole.
        next: Option<u64>,
        /// Where an upload-reply server put its reply.
        reply_url: Option<HeaderValue>,
    },
    /// Ping, Close-Session, Cancel-Session: done.
    Done,
    /// Fragment: it does not begin where the server wants it to.
    OutOfStep {
        /// The offset wanted, if the server said it.
        next: Option<u64>,
    },
    /// Fragment: something is too large.
    TooLarge(TooLarge),
    /// The server does not know the session.
    SessionGone {
        /// Whether it said so by `BG_E_SESSION_NOT_FOUND`. Otherwise the answer is what some servers give instead.
        told: bool,
    },
    /// It may pass.
    Transient(Problem),
    /// It will stay so.
    Refused(Problem),
}

/// What is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TooLarge {
    /// The fragment (413).
    Fragment,
    /// Perhaps the fragment: a bare 404 after a good Create-Session is how IIS's request filter refuses a body.
    PerhapsFragment,
    /// `BG_E_TOO_LARGE`: the file by one document, the fragment by another.
    FileOrFragment,
}

/// The fields of an answer's head that the meaning depends on.
#[derive(Debug, Clone, Copy)]
struct Fields {
    packet: PacketKind,
    status: u16,
    code: Option<HResult>,
    /// `BITS-Error-Context: 0x7`, the application behind the server. Some servers use it for their own errors, so it only
    /// refines what nothing else explains.
    application: bool,
    /// `BITS-Packet-Type: Ack` is there: a BITS server spoke, not something in front of it.
    is_ack: bool,
    /// The offset wanted next.
    offset: Offset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offset {
    Absent,
    Malformed,
    At(u64),
}

impl Offset {
    fn known(self) -> Option<u64> {
        match self {
            Offset::At(next) => Some(next),
            Offset::Absent | Offset::Malformed => None,
        }
    }
}

/// `BITS-Error-Context` of the application behind the server (`BG_ERROR_CONTEXT_REMOTE_APPLICATION`).
const CONTEXT_APPLICATION: HResult = HResult(7);

impl Ack {
    /// Reads the head of an answer to a packet of that kind.
    ///
    /// ```
    /// use put2bits::bits::{Ack, PacketKind, Verdict};
    /// use http::{HeaderMap, StatusCode};
    /// let mut headers = HeaderMap::new();
    /// headers.insert("bits-packet-type", "Ack".parse().unwrap());
    /// headers.insert("bits-received-content-range", "213".parse().unwrap());
    /// let ack = Ack::read(PacketKind::Fragment, StatusCode::OK, &headers);
    /// assert_eq!(ack.verdict, Verdict::Taken { next: Some(213), reply_url: None });
    /// ```
    pub fn read(packet: PacketKind, status: StatusCode, headers: &HeaderMap) -> Ack {
        let fields = Fields {
            packet,
            status: status.as_u16(),
            code: first_result(headers, [header::ERROR_CODE, header::ERROR]),
            application: first_result(headers, [header::ERROR_CONTEXT]) == Some(CONTEXT_APPLICATION),
            is_ack: headers
                .get(header::PACKET_TYPE)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(header::ACK.as_bytes())),
            offset: offset(headers),
        };
        let verdict = match fields.code {
            Some(HResult::SESSION_NOT_FOUND) => failure::session_not_found(packet),
            _ if matches!(status, StatusCode::OK | StatusCode::CREATED) => success(fields, headers),
            _ => failure::meaning(fields),
        };
        let date = headers.get(DATE).and_then(http_date);
        Ack { verdict, status, code: fields.code, retry_after: retry_after(headers, date), date }
    }

    /// Whether it says that bytes of a fragment that begins at `start` were taken.
    pub(super) fn claims_progress(&self, start: u64) -> bool {
        match self.verdict {
            Verdict::Taken { next, .. } => next.is_none_or(|next| next > start),
            Verdict::OutOfStep { next } => next.is_some_and(|next| next > start),
            _ => false,
        }
    }

    /// The same as the answer to a packet of that session. Most servers do not repeat the id; one that repeats another one
    /// has not spoken of this session, so what it took or did is not ours.
    pub(super) fn about(mut self, session: &SessionId, headers: &HeaderMap) -> Ack {
        let says_yes =
            matches!(self.verdict, Verdict::Taken { .. } | Verdict::OutOfStep { .. } | Verdict::Done);
        if says_yes && !headers.get_all(header::SESSION_ID).iter().all(|echo| session.is_echoed_by(echo)) {
            self.verdict = Verdict::Refused(Problem::BackendProtocol);
        }
        self
    }
}

impl fmt::Display for Ack {
    /// `409 Conflict, 0x80070005`: for logs and error details.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match self.code {
            Some(code) if code != HResult::NONE => write!(f, ", {code}"),
            _ => Ok(()),
        }
    }
}

/// 200 and 201. A failure code counts only where the header is missing that a success would carry (§2.4: several servers
/// send codes with good answers).
fn success(fields: Fields, headers: &HeaderMap) -> Verdict {
    let failed = fields.code.is_some_and(HResult::is_failure);
    match fields.packet {
        PacketKind::CreateSession => {
            let session = match only(headers, &header::SESSION_ID) {
                Ok(value) => value.cloned().and_then(SessionId::new),
                Err(TheyDiffer) => return Verdict::Refused(Problem::BackendProtocol),
            };
            match session {
                Some(_) if !speaks_our_protocol(headers) => Verdict::Refused(Problem::BackendProtocol),
                Some(session) => Verdict::Created(session),
                None if failed => failure::meaning(fields),
                None => Verdict::Refused(Problem::NotBits),
            }
        }
        PacketKind::Fragment => match fields.offset {
            Offset::At(next) => {
                Verdict::Taken { next: Some(next), reply_url: headers.get(header::REPLY_URL).cloned() }
            }
            Offset::Malformed => Verdict::Refused(Problem::BackendProtocol),
            Offset::Absent if failed => failure::meaning(fields),
            // A 200 that no BITS server made (a portal's page, say) says nothing about the bytes.
            Offset::Absent if !fields.is_ack => Verdict::Refused(Problem::BackendProtocol),
            Offset::Absent => {
                Verdict::Taken { next: None, reply_url: headers.get(header::REPLY_URL).cloned() }
            }
        },
        // Some servers answer a good Ping with an error code.
        PacketKind::Ping | PacketKind::CancelSession => Verdict::Done,
        PacketKind::CloseSession if failed => failure::meaning(fields),
        PacketKind::CloseSession if !fields.is_ack => Verdict::Refused(Problem::BackendProtocol),
        PacketKind::CloseSession => Verdict::Done,
    }
}

/// A missing `BITS-Protocol` is forgiven; a different one is not.
fn speaks_our_protocol(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::PROTOCOL)
        .iter()
        .all(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(header::PROTOCOL_GUID.as_bytes()))
}

/// A header stands there several times, and says several things.
struct TheyDiffer;

/// The value of a header. One that was repeated on the way still says one thing.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, TheyDiffer> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.all(|value| Some(value) == first) { Ok(first) } else { Err(TheyDiffer) }
}

fn offset(headers: &HeaderMap) -> Offset {
    let value = match only(headers, &header::RECEIVED_RANGE) {
        Ok(None) => only(headers, &header::RECEIVED_RANGE_MISSPELT),
        well_spelt => well_spelt,
    };
    match value {
        Ok(None) => Offset::Absent,
        // Two answers to one question are none.
        Err(TheyDiffer) => Offset::Malformed,
        Ok(Some(value)) => match value.to_str().ok().and_then(|text| decimal(text.trim())) {
            Some(next) => Offset::At(next),
            None => Offset::Malformed,
        },
    }
}

/// The first of the headers that holds a readable code.
fn first_result<const N: usize>(headers: &HeaderMap, names: [HeaderName; N]) -> Option<HResult> {
    names.into_iter().find_map(|name| headers.get(name).and_then(|value| HResult::parse(value.as_bytes())))
}

fn http_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Longest `Retry-After` believed: whoever asks for more gets a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Seconds, or a date, which counts from the answer's own `Date`: this module has no clock.
fn retry_after(headers: &HeaderMap, date: Option<SystemTime>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    let wait = match value.to_str().ok().and_then(|text| decimal(text.trim())) {
        Some(seconds) => Duration::from_secs(seconds),
        None => http_date(value)?.duration_since(date?).unwrap_or(Duration::ZERO),
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}
