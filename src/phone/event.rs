//! What the client tells: on the way, and at the end.

use super::{Answer, Drop};
use http::StatusCode;
use std::io;
use std::time::Duration;

/// Something happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request begins, with this head.
    Request(&'a str),
    /// An answer, interim or final.
    Answer(&'a Answer),
    /// From now on the upload can be resumed, at this URL.
    Resumable(&'a str),
    /// Something about resumption is not as it has to be, and is ignored.
    Ignored(&'a str),
    /// All of the file before this place has been handed to the network.
    Sent(u64),
    /// The connection was dropped on purpose, before this byte of the file.
    Dropped {
        /// Place in the file.
        at: u64,
        /// The way.
        how: Drop,
    },
    /// The connection broke, or none was to be had.
    Broken(&'a str),
    /// The server told how much it has.
    Offset(u64),
    /// Nothing happens for that long.
    Pause(Duration),
    /// The upload begins anew.
    Restart(&'a str),
}

/// How it ended.
#[derive(Debug)]
pub struct Report {
    /// The final answer of the server to a file that it has whole; or what went wrong.
    pub outcome: Result<Answer, Trouble>,
    /// What it took.
    pub tally: Tally,
}

/// What an upload took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that brought bytes of the file, or were to fetch the final answer.
    pub attempts: u32,
    /// Connections dropped on purpose.
    pub drops: u32,
    /// Connections that broke of themselves, or were not to be had.
    pub breaks: u32,
    /// Times that it began anew.
    pub restarts: u32,
    /// Bytes of the file handed to the network, over all attempts.
    pub sent: u64,
    /// The furthest place in the file that any of them came to.
    pub reached: u64,
    /// From the first request to the end.
    pub took: Duration,
}

impl Tally {
    /// Bytes that were sent more than once.
    pub fn sent_twice(&self) -> u64 {
        self.sent.saturating_sub(self.reached)
    }
}

/// Why an upload failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The server refused: to a real system, too, that is final.
    #[error("the upload was refused: {}{}", .0.status.as_u16(), reason(.0))]
    Refused(Box<Answer>),
    /// The server broke the protocol.
    #[error("{0}")]
    Wrong(String),
    /// It was tried for long enough, or often enough.
    #[error("given up: {0}")]
    GaveUp(String),
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Content(#[source] io::Error),
}

/// The code of a refusal by put2bits, or the usual name of the status.
fn reason(answer: &Answer) -> String {
    let code = answer.headers.get("put2bits-error").and_then(|code| code.to_str().ok());
    let name = code.or(StatusCode::canonical_reason(&answer.status));
    name.map_or_else(String::new, |name| format!(" {name}"))
}
