//! Names and fixed values of the protocol's headers (MC-BUP §2.2.1).

use http::{HeaderName, HeaderValue, Method};

macro_rules! names {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )*) => {
        $( $(#[$doc])* pub const $name: HeaderName = HeaderName::from_static($text); )*
    };
}

names! {
    /// `BITS-Packet-Type`: on every request and every conforming answer.
    PACKET_TYPE = "bits-packet-type";
    /// `BITS-Supported-Protocols`: on Create-Session.
    SUPPORTED_PROTOCOLS = "bits-supported-protocols";
    /// `BITS-Protocol`: the protocol that the server chose.
    PROTOCOL = "bits-protocol";
    /// `BITS-Session-Id`: opaque, echoed byte for byte.
    SESSION_ID = "bits-session-id";
    /// `BITS-Host-Id`: the node of a farm that holds the session.
    HOST_ID = "bits-host-id";
    /// `BITS-Host-Id-Fallback-Timeout`: seconds without success after which the first host is asked again.
    HOST_ID_FALLBACK = "bits-host-id-fallback-timeout";
    /// `BITS-Received-Content-Range`: the next wanted offset, a decimal number.
    RECEIVED_RANGE = "bits-received-content-range";
    /// The same as one server family misspells it on 416.
    RECEIVED_RANGE_MISSPELT = "bits-recieved-content-range";
    /// `BITS-Reply-URL`: where an upload-reply server put its reply.
    REPLY_URL = "bits-reply-url";
    /// `BITS-Error-Code`: the spelling of Win32 and of every known server.
    ERROR_CODE = "bits-error-code";
    /// `BITS-Error`: the spelling of MC-BUP.
    ERROR = "bits-error";
    /// `BITS-Error-Context`.
    ERROR_CONTEXT = "bits-error-context";
    /// `Content-Name`: the file's name without a path.
    CONTENT_NAME = "content-name";
    /// `X-Http-Method-Override`: the verb that is meant, where a POST carries it.
    METHOD_OVERRIDE = "x-http-method-override";
}

/// The only protocol that exists, BITS 1.5, as it is sent: braces, lower case.
pub const PROTOCOL_GUID: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

/// [`PROTOCOL_GUID`] as a header value.
pub const PROTOCOL_VALUE: HeaderValue = HeaderValue::from_static(PROTOCOL_GUID);

/// The same in upper case, for servers that compare it letter by letter.
pub const PROTOCOL_VALUE_UPPER: HeaderValue =
    HeaderValue::from_static("{7DF0354D-249B-430F-820D-3D2A9BEF4931}");

/// The value of [`PACKET_TYPE`] on answers.
pub const ACK: &str = "Ack";

/// Longest header value that servers must take (IIS refuses longer ones). Bytes.
pub const MAX_VALUE: usize = 4096;

/// The name of the extension method of every packet.
pub const VERB: &str = "BITS_POST";

/// The extension method of every packet.
pub fn bits_post() -> Method {
    // A fixed token: parsing it cannot fail, and if it ever did, POST would be the nearest verb.
    Method::from_bytes(VERB.as_bytes()).unwrap_or(Method::POST)
}
