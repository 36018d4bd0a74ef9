//! What can go wrong with an upload, as values.
//!
//! Every failure that a user can meet is one [`Problem`]; what follows from it stands in one table, see
//! [`Problem::row`]. A [`Failure`] is a problem with what one case adds to it. Nothing here does I/O.

mod causes;
mod fault;
mod problem;

pub use causes::with_causes;
pub use fault::Fault;
pub use problem::{Problem, Row};

use http::HeaderValue;

/// A problem together with what this very case adds: the human detail and the advice when to come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .problem.code())]
pub struct Failure {
    /// What kind of failure.
    pub problem: Problem,
    /// What happened, for the uploading client and the log. Holds no addresses of the backend, no credentials and no
    /// whole session ids.
    pub detail: String,
    /// What the system said about it, for the log alone: addresses and causes.
    pub cause: Option<String>,
    /// Seconds after which a new attempt makes sense, when the backend named them.
    pub retry_after: Option<u64>,
    /// Value of `WWW-Authenticate`, where the client can try again with other credentials.
    pub challenge: Option<Box<HeaderValue>>,
}

impl Failure {
    /// A failure with its detail.
    pub fn new(problem: Problem, detail: impl Into<String>) -> Self {
        Failure { problem, detail: detail.into(), cause: None, retry_after: None, challenge: None }
    }
}
