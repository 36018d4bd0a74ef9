//! One upload session of the server.

use crate::bits::Node;
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// Names a session between the server and its caller; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub(super) u64);

/// What the server knows about a session.
#[derive(Debug)]
pub struct Session {
    pub(super) id: HeaderValue,
    pub(super) target: Box<str>,
    pub(super) connection: u64,
    /// The node that the client was sent to.
    pub(super) node: Option<HeaderValue>,
    /// Size of the file; known from the first fragment on.
    pub(super) total: Option<u64>,
    /// Offset wanted next.
    pub(super) next: u64,
    /// Bytes that the caller stores. Differs from `next` only under the rules that corrupt files.
    pub(super) stored: u64,
    /// All bytes came, but the target or the application behind the server refused the file.
    pub(super) refused: bool,
    /// How often the application refused.
    pub(super) verdicts: u32,
    /// The file is at its target, the session waits for Close-Session.
    pub(super) published: bool,
    /// A fragment's body is coming.
    pub(super) in_flight: bool,
    /// Time of the last successful packet.
    pub(super) last_seen: Duration,
}

impl Session {
    /// Whether a request came to the node of this session.
    pub(super) fn is_at(&self, headers: &HeaderMap) -> bool {
        let Some(node) = &self.node else { return true };
        let node = Node::parse(node.as_bytes());
        // A node's own name may hold colons; then the port is behind its brackets.
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        node.is_some() && host.and_then(|host| Node::parse(host.host().as_bytes())) == node
    }

    /// Value of `BITS-Session-Id`.
    pub fn id(&self) -> &HeaderValue {
        &self.id
    }

    /// Request target of its Create-Session.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Offset wanted next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Size of the file, once a fragment told it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Bytes that the caller stores for it.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// Whether every byte came and nobody refused the file.
    pub fn is_complete(&self) -> bool {
        self.total == Some(self.next) && !self.refused
    }
}
