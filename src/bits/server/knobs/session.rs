//! How sessions begin, are found again and end.

use http::HeaderValue;
use std::time::Duration;

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
    /// Whether a session is known only to its node, that is with its name in `Host`: a farm without shared storage.
    pub bound_to_host: bool,
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
            bound_to_host: false,
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
