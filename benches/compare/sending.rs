//! What is sent, how fast, and what it took: of all clients.

use std::time::Duration;

/// Bytes read or written at once.
pub(crate) const BUFFER: usize = 256 * 1024;

/// What is sent.
pub(crate) static BYTES: [u8; BUFFER] = [0x5a; BUFFER];

/// How fast a client sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Bytes a second.
    pub(crate) rate: u64,
    /// Bytes that it has at once.
    pub(crate) piece: u64,
}

/// What an upload took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From the request to the answer.
    pub(crate) whole: Duration,
    /// From the last byte to the answer.
    pub(crate) tail: Duration,
}
