//! What an operator decides about resumption.

use http::{HeaderName, HeaderValue};
use std::time::Duration;

/// Whether the uploads of a route can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Yes: clients that ask for it get a 104.
    #[default]
    On,
    /// No: every upload is plain, and a capability check is answered 501.
    Off,
    /// Only for requests without a `Via` header: some intermediaries break on a 104, and those that are honest about
    /// themselves can be told by that header.
    UnlessVia,
}

/// What all routes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Path below which upload resources live. Begins and ends with `/`. Takes precedence over routes.
    pub prefix: String,
    /// `https://upload.example.com`, put in front of the path in `Location`; nothing: the path alone.
    pub origin: Option<String>,
    /// Whether requests without an interop number may mean the protocol as it will be in the RFC.
    pub rfc: bool,
    /// Sent as `Upload-Limit` in answers to OPTIONS as it is; nothing: made from the limits.
    pub upload_limit: Option<HeaderValue>,
    /// Headers that say who a client is. Whoever wants to go on with an upload has to send the same values.
    pub credentials: Vec<HeaderName>,
    /// Pause between two 104s that tell how far an upload has come; nothing: none are sent.
    pub progress: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            prefix: "/_uploads/".to_owned(),
            origin: None,
            rfc: false,
            upload_limit: None,
            credentials: vec![http::header::AUTHORIZATION],
            progress: None,
        }
    }
}
