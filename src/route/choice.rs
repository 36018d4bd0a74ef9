//! What a route decides by a word.

use http::{HeaderName, HeaderValue};
use std::fmt;
use std::path::PathBuf;

/// What to do with a file of no bytes, for which BITS has no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ZeroLength {
    /// Create-Session, then Close-Session: most servers then store an empty file.
    #[default]
    CreateClose,
    /// 422 before the backend is asked.
    Refuse,
}

/// What to do with the reply of an upload-reply backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReplyMode {
    /// Leave it; Close-Session deletes it.
    #[default]
    Ignore,
    /// Fetch it before Close-Session and make it the body of the 201.
    Forward,
}

/// What to do with an upload under the name of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overwrite {
    /// Leave it to the backend: it replaces the file or refuses.
    #[default]
    Pass,
    /// Ask the backend for the file first, and refuse if it is there.
    Refuse,
    /// Ask, and choose another name if it is there.
    Suffix,
}

/// What to do about `Repr-Digest` and `Content-Digest` of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DigestPolicy {
    /// What is sent is checked before the file is published.
    #[default]
    Accept,
    /// Uploads without a digest of the whole file are refused.
    Require,
    /// Nobody looks at them.
    Ignore,
}

/// A field of the client's request that goes to the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Its name in the request.
    pub from: HeaderName,
    /// Its name at the backend.
    pub to: HeaderName,
}

/// The value of a field that is set whatever the client sends.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// As written.
    Text(HeaderValue),
    /// What this file holds, read when it is needed.
    File(PathBuf),
}

/// A value may be a secret.
impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Text(_) => f.write_str("Text"),
            FieldValue::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
