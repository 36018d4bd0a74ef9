//! Answers: what goes on the wire, and what the caller does with the stored bytes.

use super::SessionKey;
use super::knobs::{CodeForm, Created, HeaderCase, OffsetOn416, WireKnobs};
use crate::bits::HResult;
use crate::bits::PacketKind;
use crate::bits::header;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// No error.
pub const CODE_NONE: u32 = HResult::NONE.0;
/// The nameless error of the Python servers.
pub const CODE_GENERIC: u32 = HResult::GENERIC.0;
/// BG_E_SESSION_NOT_FOUND
pub const CODE_SESSION_NOT_FOUND: u32 = HResult::SESSION_NOT_FOUND.0;
/// BG_E_TOO_LARGE
pub const CODE_TOO_LARGE: u32 = HResult::TOO_LARGE.0;
/// E_INVALIDARG
pub const CODE_INVALID_ARGUMENT: u32 = HResult::INVALID_ARGUMENT.0;
/// E_ACCESSDENIED
pub const CODE_ACCESS_DENIED: u32 = HResult::ACCESS_DENIED.0;
/// ERROR_FILE_NOT_FOUND as an HRESULT.
pub const CODE_FILE_NOT_FOUND: u32 = HResult::FILE_NOT_FOUND.0;
/// ERROR_PATH_NOT_FOUND as an HRESULT.
pub const CODE_PATH_NOT_FOUND: u32 = HResult::PATH_NOT_FOUND.0;
/// ERROR_DISK_FULL as an HRESULT.
pub const CODE_DISK_FULL: u32 = HResult::DISK_FULL.0;
/// The same as MC-BUP writes it.
pub const CODE_DISK_FULL_AS_WRITTEN: u32 = HResult::DISK_FULL_OR_TIMEOUT.0;

/// BG_ERROR_CONTEXT_REMOTE_FILE: the server itself.
pub const CONTEXT_SERVER: u32 = 5;
/// BG_ERROR_CONTEXT_REMOTE_APPLICATION: the application behind it.
pub const CONTEXT_APPLICATION: u32 = 7;

const HTML_404: &[u8] =
    b"<!DOCTYPE html>\n<html><head><title>404 - File or directory not found.</title></head>\
<body><h1>Server Error</h1><h2>404 - File or directory not found.</h2></body></html>\n";

/// What the caller does with the bytes it stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make room for a new session.
    Open {
        /// Its key.
        session: SessionKey,
    },
    /// The first `length` stored bytes are the file at `target`; anything behind them is rubbish.
    Publish {
        /// The session that ends or, if it publishes before Close-Session, goes on without bytes.
        session: SessionKey,
        /// Request target of its Create-Session.
        target: Box<str>,
        /// Size of the file in bytes.
        length: u64,
    },
    /// Throw the bytes away.
    Discard {
        /// The session that ended.
        session: SessionKey,
    },
}

/// How an answer is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// After the body was read; the connection stays open.
    #[default]
    AfterBody,
    /// Before the body is read; the connection is closed then.
    Early,
    /// Not at all: the connection is dropped.
    HangUp,
}

/// An answer and what goes with it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers in wire order, spelled as the documents do.
    pub headers: Vec<(&'static str, HeaderValue)>,
    /// A body: empty but for HTML pages.
    pub body: &'static [u8],
    /// Spelling of the header names on the wire.
    pub case: HeaderCase,
    /// When to send it.
    pub delivery: Delivery,
    /// What to do with stored bytes, in this order, before the answer is sent.
    pub effects: Vec<Effect>,
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        Reply {
            status,
            headers: Vec::with_capacity(8),
            body: b"",
            case: HeaderCase::Exact,
            delivery: Delivery::AfterBody,
            effects: Vec::new(),
        }
    }

    /// An answer without any BITS header: of the HTTP layer, of something in between, of a fault.
    pub fn plain(status: StatusCode) -> Self {
        let mut reply = Reply::new(status);
        reply.headers.push(("Content-Length", HeaderValue::from_static("0")));
        reply
    }

    /// The HTML page with which the request filter of IIS answers a body that is too large.
    pub fn html_404() -> Self {
        let mut reply = Reply::new(StatusCode::NOT_FOUND);
        reply.headers.push(("Content-Type", HeaderValue::from_static("text/html")));
        reply.headers.push(("Content-Length", HeaderValue::from(HTML_404.len())));
        reply.body = HTML_404;
        reply
    }

    /// The 413 of something in front of the server, sent while the body still comes.
    pub fn early_413() -> Self {
        let mut reply = Reply::plain(StatusCode::PAYLOAD_TOO_LARGE);
        reply.headers.push(("Connection", HeaderValue::from_static("close")));
        reply.delivery = Delivery::Early;
        reply
    }

    /// The same, delivered otherwise.
    pub(super) fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// The headers as a client's HTTP library hands them out.
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            // All names here are tokens; one that is not would be left out.
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                map.append(name, value.clone());
            }
        }
        map
    }

    /// Writes the answer as it goes over the wire: HTTP/1.1 head and body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(self.status.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.status.canonical_reason().unwrap_or("Unknown").as_bytes());
        out.extend_from_slice(b"\r\n");
        for (name, value) in &self.headers {
            self.case.encode(name, out);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body);
    }
}

impl HeaderCase {
    fn encode(self, name: &str, out: &mut Vec<u8>) {
        match self {
            HeaderCase::Exact => out.extend_from_slice(name.as_bytes()),
            HeaderCase::Lower => out.extend(name.bytes().map(|b| b.to_ascii_lowercase())),
            HeaderCase::Title => {
                let mut first = true;
                for byte in name.bytes() {
                    out.push(if first { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() });
                    first = byte == b'-';
                }
            }
        }
    }
}

/// Makes Acks that look as the knobs say.
impl WireKnobs {
    /// An Ack without an error.
    pub(super) fn ack(&self, kind: PacketKind, session: Option<&HeaderValue>) -> Reply {
        let created = match self.created {
            Created::Never => false,
            Created::OnCreate => kind == PacketKind::CreateSession,
            Created::Always => true,
        };
        let reply = self.begin(if created { StatusCode::CREATED } else { StatusCode::OK });
        match session {
            Some(id) if self.session_id || kind == PacketKind::CreateSession => {
                reply.with("BITS-Session-Id", id.clone())
            }
            _ => reply,
        }
    }

    /// The 200 of a fragment: `next` is the offset wanted next.
    pub(super) fn ack_fragment(&self, session: &HeaderValue, next: u64) -> Reply {
        let reply = self.ack(PacketKind::Fragment, Some(session));
        if self.offset_on_ok { reply.with("BITS-Received-Content-Range", next) } else { reply }
    }

    /// The 416 of a fragment: `next` is the offset wanted next.
    pub(super) fn out_of_step(&self, next: u64) -> Reply {
        let reply = self.refuse(StatusCode::RANGE_NOT_SATISFIABLE, CODE_NONE);
        match self.offset_on_416 {
            OffsetOn416::Exact => reply.with("BITS-Received-Content-Range", next),
            OffsetOn416::Misspelt => reply.with("BITS-Recieved-Content-Range", next),
            OffsetOn416::Omitted => reply,
        }
    }

    /// An Ack with an error of the server itself.
    pub(super) fn refuse(&self, status: StatusCode, code: u32) -> Reply {
        self.refuse_in_context(status, code, self.context)
    }

    /// An Ack with an error.
    pub(super) fn refuse_in_context(&self, status: StatusCode, code: u32, context: u32) -> Reply {
        let code = self.only_code.unwrap_or(code);
        let name = if self.short_error_name { "BITS-Error" } else { "BITS-Error-Code" };
        self.begin(status)
            .with(name, self.code_form.value(code))
            .with("BITS-Error-Context", self.code_form.value(context))
    }

    /// An Ack with an error status but no code.
    pub(super) fn refuse_without_code(&self, status: StatusCode) -> Reply {
        self.begin(status)
    }

    /// Status, `Server` and what all Acks share.
    fn begin(&self, status: StatusCode) -> Reply {
        let mut reply = Reply::new(status);
        reply.case = self.case;
        if let Some(server) = &self.server {
            reply.headers.push(("Server", server.clone()));
        }
        if self.pragma {
            reply.headers.push(("Pragma", HeaderValue::from_static("no-cache")));
        }
        reply.headers.push(("BITS-Packet-Type", HeaderValue::from_static(header::ACK)));
        if status.is_success() || self.error_length {
            reply.headers.push(("Content-Length", HeaderValue::from_static("0")));
        }
        reply
    }
}

impl CodeForm {
    pub(super) fn value(self, code: u32) -> HeaderValue {
        let text = match self {
            CodeForm::Prefixed => format!("0x{code:X}"),
            CodeForm::X => format!("x{code:X}"),
            CodeForm::Bare => format!("{code:x}"),
        };
        // Letters and digits are a header value.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}
