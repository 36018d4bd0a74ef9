//! The way to the BITS server.
//!
//! - The packets of one upload go over **one** HTTP/1.1 connection that nobody else uses ([`Connection`]): several
//!   servers keep the session in the TCP connection. It is opened when it is needed and replaced when it broke.
//! - Everything else (is the file there? what is the reply?) goes through one shared HTTP client ([`Client`]).
//!
//! This module moves requests and answers and tells exactly whether a request can have reached the server. It does not
//! know what an answer means and never repeats a request that may have arrived: that is decided in [`crate::bits`].
//!
//! | file | what it does |
//! | --- | --- |
//! | `connection` | one upload's way: which connection a packet takes, when a new one is opened |
//! | `dial` | name → address → TCP connection |
//! | `link` | one HTTP connection: sends a request, watches the time, reads the head of the answer |
//! | `body` | the body of a fragment, given to hyper piece by piece without a copy |
//! | `io` | the socket below hyper: counts, and survives a server that answers early and hangs up |
//! | `wire` | how far the request under way has come, shared by the three above |
//! | `fetch` | evidence and replies, through the shared client |
//! | `scratch` | what only the examination of a server asks |
//! | `reply_url` | which reply URLs are followed, and where they lead |

mod body;
mod connection;
mod dial;
mod fetch;
mod io;
mod link;
mod reply_url;
mod scratch;
mod wire;

pub use connection::Connection;
pub use fetch::Client;

use http::uri::Authority;
use std::error::Error;
use std::time::Duration;

/// Whether a connection to that server can be opened within `limit`. It is closed at once.
///
/// # Errors
/// What stands against it.
pub async fn reach(authority: &Authority, limit: Duration) -> Result<(), String> {
    dial::Dialer::new(authority, None).dial(limit).await.map(drop)
}

/// What an error says, with its causes: hyper and reqwest keep the telling part in `source()`.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some libraries print their cause themselves.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
