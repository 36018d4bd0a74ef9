//! What the name of a file can be made of.

use http::HeaderMap;
use http::uri::Uri;

/// What the name of a file can be made of.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The target of the request.
    pub uri: &'a Uri,
    /// The fields of the request.
    pub headers: &'a HeaderMap,
    /// Bytes of the file, if that is known.
    pub length: Option<u64>,
    /// Who the client is, if it was asked: its public name.
    pub user: Option<&'a str>,
    /// A number that no other request has, for files that nothing identifies.
    pub random: u128,
}

impl<'a> Naming<'a> {
    /// By path and fields alone.
    pub fn new(uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        Naming { uri, headers, length: None, user: None, random: 0 }
    }
}
