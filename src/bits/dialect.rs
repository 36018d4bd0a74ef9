//! In which ways servers want the same packets written differently.

use http::HeaderMap;

/// How the packets for one server are written. The default is MC-BUP's form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialect {
    /// The method of every packet.
    pub verb: Verb,
    /// How the protocol's GUID is written.
    pub guid: GuidCase,
    /// Fields that go with Close-Session alone. None of them is one of the protocol's.
    pub on_close: HeaderMap,
}

/// The method of every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Verb {
    /// `BITS_POST`.
    #[default]
    Native,
    /// `POST` with `X-Http-Method-Override: BITS_POST`, for servers behind something that knows fixed methods only.
    Override,
}

/// How the GUID of the protocol is written. Some servers compare it letter by letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GuidCase {
    /// Lower case.
    #[default]
    Lower,
    /// Upper case.
    Upper,
}
