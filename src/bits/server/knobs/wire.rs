//! How answers look on the wire.

use http::HeaderValue;

/// How answers look.
#[derive(Debug, Clone, PartialEq)]
pub struct WireKnobs {
    /// Spelling of header names.
    pub case: HeaderCase,
    /// Whether the error header is `BITS-Error` (MC-BUP) and not `BITS-Error-Code` (Win32 and every known server).
    pub short_error_name: bool,
    /// How error codes and contexts are written.
    pub code_form: CodeForm,
    /// `BITS-Error-Context` of the server's own errors.
    pub context: u32,
    /// A code that stands in for all others.
    pub only_code: Option<u32>,
    /// Whether answers other than 2xx have a `Content-Length`. Without one the connection still stays open.
    pub error_length: bool,
    /// Whether Acks carry `Pragma: no-cache`.
    pub pragma: bool,
    /// Value of `Server`.
    pub server: Option<HeaderValue>,
    /// Which packets are acknowledged with 201 in place of 200.
    pub created: Created,
    /// Whether Acks other than that of Create-Session carry the session id.
    pub session_id: bool,
    /// Whether the 200 of a fragment carries the next wanted offset.
    pub offset_on_ok: bool,
    /// The next wanted offset on 416.
    pub offset_on_416: OffsetOn416,
    /// An error code on the 200 of a Ping, with an empty context.
    pub ping_code: Option<u32>,
}

impl Default for WireKnobs {
    fn default() -> Self {
        WireKnobs {
            case: HeaderCase::Exact,
            short_error_name: false,
            code_form: CodeForm::Prefixed,
            context: crate::bits::server::reply::CONTEXT_SERVER,
            only_code: None,
            error_length: true,
            pragma: false,
            server: None,
            created: Created::Never,
            session_id: true,
            offset_on_ok: true,
            offset_on_416: OffsetOn416::Exact,
            ping_code: None,
        }
    }
}

/// Spelling of header names on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderCase {
    /// As the documents spell them: `BITS-Session-Id`.
    #[default]
    Exact,
    /// `bits-session-id` (haproxy in between).
    Lower,
    /// `Bits-Session-Id` (Go).
    Title,
}

/// How error codes and contexts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodeForm {
    /// `0x80200020`
    #[default]
    Prefixed,
    /// `x80200020`
    X,
    /// `80200020`
    Bare,
}

/// Which packets are acknowledged with 201.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Created {
    /// None.
    #[default]
    Never,
    /// Create-Session.
    OnCreate,
    /// All.
    Always,
}

/// The next wanted offset on 416.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OffsetOn416 {
    /// `BITS-Received-Content-Range`
    #[default]
    Exact,
    /// `BITS-Recieved-Content-Range`
    Misspelt,
    /// Not sent.
    Omitted,
}
