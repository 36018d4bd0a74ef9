//! The line of a finished upload.

use crate::config::one_line;
use crate::error::{Failure, Fault, Problem};
use bytesize::ByteSize;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use tracing::{error, info, warn};

/// What is told about one finished upload.
#[derive(Debug, Clone, Copy)]
pub struct UploadLine<'a> {
    /// Name of the upload in logs and to its client.
    pub id: &'a str,
    /// Who sent it. None: it was finished without a client, and the field is left out.
    pub client: Option<SocketAddr>,
    /// The name of whoever that is, if the route asks. None: the field is left out.
    pub user: Option<&'a str>,
    /// Method of the client's request.
    pub method: &'a str,
    /// Prefix of the route.
    pub route: &'a str,
    /// Host and port of the backend, as they are configured.
    pub backend: &'a str,
    /// Path of the file at the backend. A query is left out.
    pub target: &'a str,
    /// The BITS session. No more than its first eight characters are printed.
    pub session: Option<&'a str>,
    /// Size of the file, in bytes.
    pub total: u64,
    /// Bytes that the backend acknowledged.
    pub bytes: u64,
    /// Fragments acknowledged.
    pub fragments: u64,
    /// Exchanges repeated after trouble.
    pub retries: u64,
    /// Sessions begun anew.
    pub restarts: u32,
    /// From the request head to the outcome.
    pub duration: Duration,
    /// From the last body byte to the outcome.
    pub tail: Option<Duration>,
    /// Bytes that were acknowledged before this request.
    pub from: u64,
    /// Status that the client got.
    pub status: u16,
    /// What became of it.
    pub end: UploadEnd<'a>,
}

/// What became of an upload, or of a part of one.
#[derive(Debug, Clone, Copy)]
pub enum UploadEnd<'a> {
    /// The file is stored.
    Stored,
    /// It failed.
    Failed(&'a Failure),
    /// A part was taken; more are to follow.
    Taken,
    /// The client may go on later.
    Paused(&'a Failure),
}

impl<'a> UploadEnd<'a> {
    pub(super) fn failure(self) -> Option<&'a Failure> {
        match self {
            UploadEnd::Stored | UploadEnd::Taken => None,
            UploadEnd::Failed(failure) | UploadEnd::Paused(failure) => Some(failure),
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            UploadEnd::Stored => "stored",
            UploadEnd::Failed(_) => "failed",
            UploadEnd::Taken => "taken",
            UploadEnd::Paused(_) => "paused",
        }
    }
}

impl UploadLine<'_> {
    /// Bytes a second over the whole duration.
    fn rate(&self) -> u64 {
        // More than 2^64 bytes a second can't be; a cast from f64 saturates.
        (self.bytes.saturating_sub(self.from) as f64 / self.duration.as_secs_f64().max(1e-6)) as u64
    }

    fn session_start(&self) -> Option<Cow<'_, str>> {
        const SHOWN: usize = 8;
        let session = self.session?;
        Some(match session.char_indices().nth(SHOWN) {
            Some((end, _)) => Cow::Owned(format!("{}…", &session[..end])),
            None => Cow::Borrowed(session),
        })
    }
}

impl fmt::Display for UploadLine<'_> {
    /// The sentence for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, taken) = (ByteSize(self.total), ByteSize(self.bytes));
        let seconds = self.duration.as_secs_f64();
        match self.end {
            UploadEnd::Stored => write!(f, "stored {total} in {seconds:.3} s ({}/s)", ByteSize(self.rate())),
            UploadEnd::Failed(failure) => {
                write!(f, "failed after {taken} of {total} and {seconds:.3} s: {failure}")
            }
            UploadEnd::Taken => write!(f, "took a part, up to {taken} of {total}, in {seconds:.3} s"),
            UploadEnd::Paused(failure) => {
                write!(f, "paused after {taken} of {total} and {seconds:.3} s: {failure}")
            }
        }
    }
}

/// Writes the line. Its level says who has to act: nobody or the client `info`, the backend `warn`, this proxy `error`.
/// Nobody has to where an upload waits for its client because the program ends: that is each restart. Where nobody could say
/// whether a client may upload, somebody else has to, whom the guard's own line names: `warn`.
pub fn upload_finished(line: &UploadLine<'_>) {
    let session = line.session_start();
    let client = line.client.map(|client| client.to_string());
    let failure = line.end.failure();
    let problem = failure.map(|failure| failure.problem.row());
    let fault = problem.map(|row| row.fault);
    let cause = failure.and_then(|failure| failure.cause.as_deref()).map(one_line);
    // The level of an event is part of its static description, so there is one for each.
    macro_rules! event {
        ($level:ident) => {
            $level!(
                target: "put2bits::upload",
                id = line.id,
                client = client.as_deref(),
                user = line.user,
                method = line.method,
                route = line.route,
                backend = line.backend,
                file = line.target.split('?').next(),
                session = session.as_deref(),
                end = line.end.word(),
                from = line.from,
                bytes = line.bytes,
                total = line.total,
                fragments = line.fragments,
                retries = line.retries,
                restarts = line.restarts,
                duration_ms = millis(line.duration),
                tail_ms = line.tail.map(millis),
                bytes_per_s = line.rate(),
                status = line.status,
                error = problem.map(|row| row.code),
                fault = fault.map(Fault::as_str),
                cause = cause.as_deref(),
                "{}", one_line(&line.to_string())
            )
        };
    }
    let waits = matches!(line.end, UploadEnd::Paused(why) if why.problem == Problem::ShuttingDown);
    let unjudged = failure.is_some_and(|failure| failure.problem == Problem::AuthUnavailable);
    match fault.filter(|_| !waits) {
        None | Some(Fault::Client) => event!(info),
        Some(Fault::Proxy) if unjudged => event!(warn),
        Some(Fault::Backend) => event!(warn),
        Some(Fault::Proxy) => event!(error),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
