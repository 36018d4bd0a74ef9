//! The one loop that awaits both sides: the client's body and the backend.
//!
//! Generic over [`Backend`], which has one method, and over the body. Every decision of the protocol is
//! [`bits::Session`](crate::bits::Session)'s; what is here gathers fragments (`source`), keeps them until they are
//! acknowledged, overlaps gathering with sending, bounds memory ([`Budget`]) and time, and tells the client
//! the outcome. It opens no sockets and writes no log: what is worth a line is given to the caller.

mod budget;
mod call;
mod ceiling;
mod ending;
mod exchange;
mod permit;
mod places;
mod placing;
mod run;
mod shared;
mod source;
mod supervisor;
#[cfg(test)]
pub(crate) mod tests;
mod traffic;
mod uploads;

pub use budget::{Account, Budget};
pub use call::{Answer, Backend, Call, NoAnswer, Patience};
pub use ceiling::Ceiling;
pub use ending::{Ending, cancel};
pub use permit::{Approval, Permit};
pub use places::{Full, Place, Places, network};
pub use placing::is_there;
pub use run::run;
pub use shared::Shared;
pub use supervisor::{Interruption, Supervisor};
pub use traffic::Traffic;
pub use uploads::{Begun, Created, Fed, Feeding, Found, NewPart, NewUpload, Refusal, Uploads};

use crate::bits::{Destination, SessionId, SessionStats};
use crate::digest::Digests;
use crate::error::Failure;
use crate::route::{Carried, Route};
use crate::upload::{Beginning, Continuation, DigestPlan, Final, Stored};
// `core` has addresses, but no sockets.
use core::net::SocketAddr;
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// What one run of the transfer carries: a whole file, or a part of one that is resumed. Everything but its bytes.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Names the upload in logs and to its client.
    pub id: String,
    /// Who sends it. None: what an earlier process left is done without a client.
    pub client: Option<SocketAddr>,
    /// Method of the request that began it: PUT or POST.
    pub method: Method,
    /// The route that it came in by.
    pub route: Arc<Route>,
    /// Where it goes.
    pub destination: Destination,
    /// What goes along to the backend. It is this request's, and in no record.
    pub carried: Carried,
    /// What the request brings, and where to go on.
    pub part: Beginning,
    /// What is to be done about digests of the whole file.
    pub digests: DigestPlan,
    /// Digests of what this request brings, which is held back until it is checked.
    pub content_digest: Digests,
    /// Whether a later request may go on where this one stops.
    pub lasting: bool,
    /// What the request was let in with.
    pub permit: Permit,
}

impl Upload {
    /// Size of the file in bytes.
    pub fn total(&self) -> u64 {
        self.part.total
    }
}

/// How a run of the transfer ended.
#[derive(Debug)]
pub enum How {
    /// The file is published.
    Stored(Stored),
    /// The upload failed.
    Failed {
        /// Why.
        failure: Failure,
        /// The backend had every byte, and the client is done.
        complete: bool,
    },
    /// The part was taken whole, and more follow.
    Taken(Continuation),
    /// It stopped in the middle and can be resumed.
    Paused {
        /// Where to go on.
        continuation: Continuation,
        /// Why.
        why: Failure,
        /// The client is to blame, and should be told.
        refused: bool,
    },
}

/// What became of an upload that cannot be resumed.
#[derive(Debug)]
pub struct Outcome {
    /// Stored, or why not.
    pub result: Final,
    /// What it took so far.
    pub report: Report,
}

/// Figures of one upload, for the log line.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The BITS session (prints shortened).
    pub session: Option<SessionId>,
    /// Bytes that were acknowledged before it began.
    pub from: u64,
    /// Body bytes read from the client.
    pub received: u64,
    /// Bytes that the backend acknowledged.
    pub acknowledged: u64,
    /// What the session counted.
    pub stats: SessionStats,
    /// From the request head to the outcome.
    pub duration: Duration,
    /// From the last body byte to the outcome.
    pub tail: Option<Duration>,
}
