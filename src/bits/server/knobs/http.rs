//! What the HTTP layer does before BITS is asked: switches, credentials, lengths.

use http::HeaderValue;

/// What the HTTP layer does before BITS is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpKnobs {
    /// Which method packets have to have.
    pub verb: VerbRule,
    /// Whether the directory takes uploads.
    pub uploads: Uploads,
    /// Who may upload.
    pub auth: Auth,
    /// Requests without a `Content-Length`.
    pub missing_length: MissingLength,
    /// Largest body of one request.
    pub max_fragment: Option<FragmentLimit>,
}

/// Which method packets have to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerbRule {
    /// `BITS_POST`. Others: 405, or 501 if HTTP does not know them.
    #[default]
    Native,
    /// `POST` with `X-Http-Method-Override: BITS_POST`. The verb itself: 501.
    Override,
    /// Both are taken.
    Either,
    /// None: the request filter of IIS answers a verb that is not on its list with a bare 404.
    Filtered,
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
    /// NTLM with its real messages, whatever the user: negotiate, challenge, authenticate. It counts for the TCP connection.
    Ntlm,
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

/// The answer to a body above the limit of the HTTP layer. It mostly comes without BITS headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitAnswer {
    /// 413 at once, before the body, then the connection is closed (nginx).
    #[default]
    Early413,
    /// 413 after the body.
    Late413,
    /// An HTML page with 404 after the body (request filter of IIS).
    Html404,
    /// 500 with BG_E_TOO_LARGE after the body, and this one with BITS headers.
    TooLarge500,
}
