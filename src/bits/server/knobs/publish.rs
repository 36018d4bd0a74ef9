//! How a complete file gets to its target.

use http::{HeaderName, HeaderValue, Method, StatusCode};

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
    /// A field that Close-Session has to have. Without it: 400 with E_INVALIDARG.
    pub close_field: Option<CloseField>,
    /// Whether the file can be read back.
    pub reads: Reads,
}

/// A field that Close-Session has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseField {
    /// Its name.
    pub name: HeaderName,
    /// Its value. None: any.
    pub value: Option<HeaderValue>,
}

/// Whether a published file can be read back. What cannot is answered 405.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// By GET and HEAD.
    #[default]
    Both,
    /// By HEAD alone.
    Head,
    /// By GET alone.
    Get,
    /// Not at all.
    None,
}

impl Reads {
    /// Whether this method is answered.
    pub fn allows(self, method: &Method) -> bool {
        match self {
            Reads::None => false,
            // Who may look may tidy up.
            _ if method == Method::DELETE => true,
            Reads::Both => method == Method::GET || method == Method::HEAD,
            Reads::Head => method == Method::HEAD,
            Reads::Get => method == Method::GET,
        }
    }
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
