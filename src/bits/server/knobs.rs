//! What differs between BITS servers, as plain data. [`Knobs::default`] is a server that follows MC-BUP to the
//! letter; presets and quirks start from there.

use http::{HeaderValue, StatusCode};
use std::time::Duration;

/// All differences together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Knobs {
    /// What the HTTP layer does before BITS is asked.
    pub http: HttpKnobs,
    /// How answers look.
    pub wire: WireKnobs,
    /// How sessions begin, are found again and end.
    pub session: SessionKnobs,
    /// Which fragments are taken.
    pub fragment: FragmentKnobs,
    /// How a complete file gets to its target.
    pub publish: PublishKnobs,
}

/// What the HTTP layer does before BITS is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpKnobs {
    /// Whether the directory takes uploads.
    pub uploads: Uploads,
    /// Who may upload.
    pub auth: Auth,
    /// Requests without a `Content-Length`.
    pub missing_length: MissingLength,
    /// Largest body of one request.
    pub max_fragment: Option<FragmentLimit>,
}

/// Whether the directory takes uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uploads {
    /// It does.
    #[default]
    Enabled,
    /// 501 with E_ACCESSDENIED (MC-BUP Appendix A <22>).
    Disabled501,
    /// A 404 without any BITS header (IIS 7 and later).
    Disabled404,
}

/// Who may upload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Everybody.
    #[default]
    Open,
    /// Nobody: 403 with E_ACCESSDENIED.
    Forbidden,
    /// Whoever sends exactly this `Authorization` with each packet; others get 401.
    Exact(HeaderValue),
    /// Like NTLM: two answers of 401 before the TCP connection (not the request) counts as authenticated.
    ThreeLegs,
}

/// Requests without a `Content-Length`, which also means those with a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingLength {
    /// 411 with E_INVALIDARG (MC-BUP §2.2.1.1).
    #[default]
    Status411,
    /// 400 with E_INVALIDARG (IIS, Appendix A <23>).
    Status400,
    /// Taken as 0; a chunked body still gets 400.
    Accept,
}

/// Largest body of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentLimit {
    /// In bytes.
    pub bytes: u64,
    /// The answer above it.
    pub answer: LimitAnswer,
}

/// The answer to a body above the limit of the HTTP layer. It comes without BITS headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitAnswer {
    /// 413 at once, before the body, then the connection is closed (nginx).
    #[default]
    Early413,
    /// 413 after the body.
    Late413,
    /// An HTML page with 404 after the body (request filter of IIS).
    Html404,
}

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
            context: super::reply::CONTEXT_SERVER,
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

/// How sessions begin, are found again and end.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionKnobs {
    /// Which lists of protocols are taken.
    pub protocol: ProtocolMatch,
    /// What session ids look like.
    pub id_form: IdForm,
    /// The answer to a packet of an unknown session.
    pub unknown: UnknownSession,
    /// Whether a session lives and dies with its TCP connection: from another one it gets 500 with code 0x1.
    pub bound_to_connection: bool,
    /// Whether a session is known only under the target it was created for.
    pub bound_to_target: bool,
    /// A session without a successful packet for this long is forgotten.
    pub timeout: Duration,
    /// Most sessions at a time.
    pub limit: Option<SessionLimit>,
    /// Whether a target with a session on it, live or left behind, refuses another Create-Session with 409.
    pub target_held: bool,
    /// The node that later packets have to go to.
    pub host_id: Option<HostId>,
    /// Whether a body on packets that have none is refused with 400.
    pub refuse_stray_body: bool,
}

impl Default for SessionKnobs {
    fn default() -> Self {
        SessionKnobs {
            protocol: ProtocolMatch::Any,
            id_form: IdForm::Braced,
            unknown: UnknownSession::NotFound500,
            bound_to_connection: false,
            bound_to_target: true,
            timeout: Duration::from_secs(14 * 24 * 3600),
            limit: None,
            target_held: false,
            host_id: None,
            refuse_stray_body: true,
        }
    }
}

/// Which lists of protocols are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProtocolMatch {
    /// Every list with the GUID among its first 100 entries, in any letter case.
    #[default]
    Any,
    /// Only the GUID in upper case.
    Upper,
    /// Only lists that end with the GUID in lower case.
    LastLower,
}

/// What session ids look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdForm {
    /// `{A0FF5911-4144-45B3-BF27-27AFC8EC8A67}`
    #[default]
    Braced,
    /// `de05eae6-5e6d-481d-8c37-8c795b7ab68d`
    Bare,
    /// `-6623210570789998337`
    Negative,
    /// 100 characters, the longest that Win32 allows.
    Long,
}

/// The answer to a packet of an unknown session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownSession {
    /// 500 with BG_E_SESSION_NOT_FOUND.
    #[default]
    NotFound500,
    /// 400 with code 0.
    Zero400,
    /// 500 with code 0x1.
    Generic500,
    /// 404 with BG_E_SESSION_NOT_FOUND.
    Status404,
    /// None: the connection is dropped.
    HangUp,
}

/// Most sessions at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimit {
    /// How many.
    pub max: usize,
    /// Whether the oldest session makes room. If not, Create-Session gets 503.
    pub drop_oldest: bool,
}

/// The node that later packets have to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostId {
    /// Host name or address, without a port.
    pub host: HeaderValue,
    /// Seconds after which the client may come back to the first host.
    pub fallback: Option<u32>,
}

/// Which fragments are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FragmentKnobs {
    /// A fragment that begins before the next wanted offset.
    pub overlap: OverlapRule,
    /// A fragment that begins behind the next wanted offset.
    pub gap: GapRule,
    /// What became of a fragment whose connection broke.
    pub broken: Broken,
    /// Takes no more than this many bytes of each fragment, and says so.
    pub short_take: Option<u64>,
    /// Smallest fragment but for the last, in bytes; below it 400 with E_INVALIDARG.
    pub min: u64,
    /// Largest file.
    pub max_total: Option<TotalLimit>,
    /// Whether the total may change from one fragment to the next. If not: 400 with E_INVALIDARG.
    pub total_may_change: bool,
    /// A fragment after the last one.
    pub last_repeat: LastRepeat,
    /// How much fits on the disk.
    pub disk: Option<Disk>,
}

/// A fragment that begins before the next wanted offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverlapRule {
    /// 416 with the offset (MC-BUP §3.2.5.2.6).
    #[default]
    Refuse,
    /// Drops what it has and takes the rest (Win32).
    Trim,
    /// Trims, but 416 when it has the whole range (gobits).
    TrimOrRefuse,
    /// Appends the whole body to what is stored and acknowledges the end of the range.
    Append,
    /// Writes at the offset told and acknowledges the end of the range, whatever it is.
    Overwrite,
}

/// A fragment that begins behind the next wanted offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GapRule {
    /// 416 with the offset.
    #[default]
    Refuse,
    /// 500 with code 0x1.
    Generic500,
    /// No answer: the connection is dropped.
    HangUp,
    /// Taken: the end of the range is acknowledged whatever is missing before it.
    Take,
}

/// What became of a fragment whose connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broken {
    /// Nothing of it counts.
    #[default]
    Discard,
    /// The bytes that came count.
    Keep,
}

/// Largest file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalLimit {
    /// In bytes.
    pub bytes: u64,
    /// Status above it, with BG_E_TOO_LARGE: 500, or 200 on one family of servers.
    pub status: StatusCode,
}

/// A fragment after the last one was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastRepeat {
    /// Acknowledged again (MC-BUP §3.2.5.1.2).
    #[default]
    Acknowledge,
    /// Treated like any other overlap.
    ByOverlap,
    /// 416 with offset 0: the file has been moved already (gobits).
    OffsetZero,
}

/// How much fits on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of all sessions and published files together.
    pub capacity: u64,
    /// Code of the 500 above it: 0x80070070, or 0x80070112 as MC-BUP writes it.
    pub code: u32,
}

/// How a complete file gets to its target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishKnobs {
    /// When it appears.
    pub at: PublishAt,
    /// A target that exists already.
    pub existing: Existing,
    /// Close-Session before the last byte.
    pub early_close: EarlyClose,
    /// Close-Session without any fragment: a file of no bytes.
    pub zero_length: EmptyFile,
    /// Whether the last fragment's Ack names a reply (upload-reply).
    pub reply_url: ReplyUrl,
    /// What the application behind the server says to the last fragment.
    pub verdict: Option<Verdict>,
}

/// When the file appears at its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishAt {
    /// With Close-Session.
    #[default]
    Close,
    /// With the last fragment.
    LastFragment,
}

/// A target that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Is replaced.
    #[default]
    Overwrite,
    /// Is kept.
    Refuse {
        /// 403 comes with E_ACCESSDENIED, another status without a code.
        status: StatusCode,
        /// Which packet is refused.
        at: ExistingAt,
    },
}

/// Which packet is refused for a target that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingAt {
    /// Create-Session.
    #[default]
    Create,
    /// The last fragment.
    LastFragment,
    /// Close-Session.
    Close,
}

/// Close-Session before the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyClose {
    /// 400 with E_INVALIDARG; the session stays.
    #[default]
    Refuse,
    /// The upload is deleted and the Close acknowledged (Win32).
    DiscardAndAck,
    /// What is there is published.
    Publish,
}

/// Close-Session without any fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyFile {
    /// An empty file is published.
    #[default]
    Publish,
    /// 416.
    Refuse416,
    /// Acknowledged, but no file appears.
    AckOnly,
}

/// Whether the last fragment's Ack names a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyUrl {
    /// No.
    #[default]
    None,
    /// Relative, with backslashes, as IIS writes it.
    Backslashes,
    /// An absolute path.
    Path,
}

/// What the application behind the server says to the last fragment, with context 0x7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Status of the last fragment's Ack.
    pub status: StatusCode,
    /// Its error code.
    pub code: u32,
    /// How often in a session it says so before it agrees.
    pub times: u32,
}
