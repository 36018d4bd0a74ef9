//! One HTTP/1.1 connection: sends a request, watches the time, reads the head of the answer.

use super::body::{self, Body};
use super::stream::Stream;
use super::tls;
use super::wire::{Progress, Wire};
use crate::error::with_causes;
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

/// Longest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 100;
/// Largest reply of an upload-reply server that is passed on, in bytes.
pub(super) const MAX_REPLY: usize = 1024 * 1024;
/// The body of an answer means nothing to the protocol. It is read away so that the connection stays usable, but only
/// if it is no longer than this, in bytes …
const MAX_DRAIN: u64 = 64 * 1024;
/// … and comes within this time. A new connection costs less than more of it.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// An open connection. Prints nothing of what went over it. Dropping it closes the socket; a request under way is reset.
pub(super) struct Link {
    sender: SendRequest<Body>,
    wire: Arc<Wire>,
    /// Body of the last answer, not read yet.
    unread: Option<Incoming>,
    /// hyper's side of the connection.
    _task: AbortOnDropHandle<()>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// An answer, and whether the connection can serve another request.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) reusable: bool,
}

impl Link {
    /// HTTP on a connection whose socket reports to `wire`.
    pub(super) async fn new(stream: Stream, wire: Arc<Wire>) -> Result<Self, hyper::Error> {
        let io = TokioIo::new(stream);
        // The size of hyper's buffers stays as it is: it is also how much goes into one write.
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD)
            .handshake(io)
            .await?;
        let task = tokio::spawn(async move {
            // The request that fails is told why; an idle connection may end as it likes.
            let _ = connection.await;
        });
        Ok(Link { sender, wire, unread: None, _task: AbortOnDropHandle::new(task) })
    }

    /// Gets the connection ready for a request: reads the rest of the last answer. If it can't, a new one is needed.
    pub(super) async fn ready(&mut self) -> bool {
        let Link { sender, unread, .. } = self;
        let ready = timeout(DRAIN_TIME, async {
            if let Some(body) = unread.take()
                && !drain(body).await
            {
                return false;
            }
            sender.ready().await.is_ok()
        });
        matches!(ready.await, Ok(true))
    }

    /// The whole body of the last answer, if it ends within `limit` bytes and that time.
    #[cfg(feature = "negotiate")]
    pub(super) async fn body(&mut self, limit: usize, time: Duration) -> Result<Bytes, NoAnswer> {
        let Some(body) = self.unread.take() else { return Ok(Bytes::new()) };
        let whole = timeout(time, http_body_util::Limited::new(body, limit).collect()).await;
        let late = |_| NoAnswer::TimedOut(format!("the reply did not end within {time:?}"));
        match whole.map_err(late)? {
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(NoAnswer::Impossible(format!("the reply is larger than {limit} bytes")))
            }
            Err(error) => Err(NoAnswer::Lost(format!("the reply broke off: {error}"))),
        }
    }

    /// Sends a request whose body is `pieces` and waits for the head of its answer.
    ///
    /// [`NoAnswer::Unsent`] is exact: the socket took no byte.
    pub(super) async fn ask(
        &mut self,
        request: Request<()>,
        pieces: Arc<[Bytes]>,
        patience: Patience,
    ) -> Result<Answered, NoAnswer> {
        self.send(request, body::length(&pieces), |wire| Body::new(pieces, wire), patience).await
    }

    /// The same with any body, of which that many bytes are there.
    pub(super) async fn send(
        &mut self,
        request: Request<()>,
        length: u64,
        body: impl FnOnce(Arc<Wire>) -> Body,
        patience: Patience,
    ) -> Result<Answered, NoAnswer> {
        // To GET alone it is the body that matters.
        let longest = if request.method() == Method::GET { MAX_REPLY as u64 } else { MAX_DRAIN };
        self.wire.begin(length);
        let body = body(self.wire.clone());
        let mut response = pin!(self.sender.try_send_request(request.map(|()| body)));
        let mut alarm = pin!(sleep_until(next_look(self.wire.progress(), patience)));
        let answered = loop {
            tokio::select! {
                biased;
                answered = &mut response => break answered,
                () = &mut alarm => {
                    let progress = self.wire.progress();
                    if let Some(late) = overdue(progress, patience) {
                        return Err(no_answer(progress, late, NoAnswer::TimedOut));
                    }
                    alarm.as_mut().reset(next_look(progress, patience));
                }
            }
        };
        let progress = self.wire.progress();
        match answered {
            // Said before it was asked: a farewell (408) of a server that closes an idle connection.
            Ok(_) if progress.taken == 0 => {
                Err(NoAnswer::Unsent("the backend spoke before it was asked".to_owned()))
            }
            Ok(response) => Ok(self.accept(response, progress, longest)),
            Err(failed) => Err(no_answer(progress, explain(failed.error()), NoAnswer::Lost)),
        }
    }

    fn accept(&mut self, response: Response<Incoming>, progress: Progress, longest: u64) -> Answered {
        let (head, body) = response.into_parts();
        // An early answer: the rest of the request is owed to this connection, and nobody wants it any more.
        let mut reusable = progress.sent;
        if reusable {
            self.wire.finish();
        }
        if !body.is_end_stream() {
            reusable &= is_short(&head.headers, longest);
            self.unread = Some(body);
        }
        Answered {
            answer: Answer {
                status: head.status,
                headers: head.headers,
                body: Bytes::new(),
                waited: progress.sent.then(|| progress.moved.elapsed()),
                early: !progress.sent,
            },
            reusable,
        }
    }
}

/// Nothing taken by the socket: unsent, whatever went wrong.
fn no_answer(progress: Progress, why: String, sent: fn(String) -> NoAnswer) -> NoAnswer {
    if progress.taken == 0 { NoAnswer::Unsent(why) } else { sent(why) }
}

/// Whether a body ends by itself and may be short. One without a length ends only with the connection: several BITS
/// servers write their errors so and leave the connection open, and waiting for the end would take for ever.
fn is_short(headers: &HeaderMap, longest: u64) -> bool {
    if let Some(coding) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
        return coding.as_bytes().to_ascii_lowercase().ends_with(b"chunked");
    }
    let length =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    length.is_some_and(|length| length <= longest)
}

/// Reads a body away. Says no if it is too long or breaks.
async fn drain(mut body: Incoming) -> bool {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if read > MAX_DRAIN {
            return false;
        }
    }
    true
}

/// Which limit has passed, if any.
fn overdue(at: Progress, patience: Patience) -> Option<String> {
    let waited = at.moved.elapsed();
    if at.sent {
        let limit = patience.answer;
        (waited >= limit).then(|| format!("no answer within {limit:?} after the whole request was sent"))
    } else {
        let limit = patience.stall;
        (waited >= limit).then(|| format!("the backend took no byte of the request for {limit:?}"))
    }
}

/// When a limit can pass at the earliest. A request still going out may be sent whole any moment from now, and then
/// the limit for the answer counts; so no timer has to be set when bytes move.
fn next_look(at: Progress, patience: Patience) -> Instant {
    if at.sent {
        after(at.moved, patience.answer)
    } else {
        after(at.moved, patience.stall).min(after(Instant::now(), patience.answer))
    }
}

/// A sum that cannot overflow: a limit beyond all clocks is looked at again after a day.
fn after(start: Instant, limit: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(86_400);
    start + limit.min(DAY)
}

/// hyper's error in words.
fn explain(error: &hyper::Error) -> String {
    if let Some(why) = tls::explain(error) {
        return why;
    }
    let causes = with_causes(error);
    if error.is_parse_too_large() {
        format!("the head of the backend's answer is too large: {causes}")
    } else if error.is_parse() {
        format!("the backend's answer is not HTTP: {causes}")
    } else if error.is_incomplete_message() {
        "the backend closed the connection before it answered".to_owned()
    } else {
        causes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bodies_with_an_end_keep_the_connection() {
        for (headers, short) in [
            (vec![("content-length", "10")], true),
            (vec![("content-length", "65536")], true),
            (vec![("content-length", "65537")], false),
            (vec![("transfer-encoding", "Chunked")], true),
            (vec![("transfer-encoding", "gzip")], false),
            (vec![("transfer-encoding", "gzip, chunked"), ("content-length", "99999999")], true),
            (vec![], false),
        ] {
            let map: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            assert_eq!(is_short(&map, MAX_DRAIN), short, "{headers:?}");
        }
    }

    fn patience(stall: Duration, answer: Duration) -> Patience {
        Patience { connect: Duration::ZERO, stall, answer }
    }

    #[test]
    fn the_limit_that_counts_is_the_one_of_the_phase() {
        const LONG: Duration = Duration::from_secs(3600);
        let wire = Wire::new();
        wire.begin(10);
        let sending = wire.progress();
        assert_eq!(overdue(sending, patience(LONG, Duration::ZERO)), None);
        assert!(overdue(sending, patience(Duration::ZERO, LONG)).unwrap().contains("no byte"));

        wire.took(300);
        wire.handed(10);
        wire.flushed();
        let sent = wire.progress();
        assert_eq!(overdue(sent, patience(Duration::ZERO, LONG)), None);
        assert!(overdue(sent, patience(LONG, Duration::ZERO)).unwrap().contains("no answer"));
        assert_eq!(next_look(sent, patience(Duration::ZERO, LONG)), sent.moved + LONG);
    }

    #[test]
    fn the_next_look_is_never_too_late_for_an_answer_that_is_due() {
        const SHORT: Duration = Duration::from_secs(5);
        const LONG: Duration = Duration::from_secs(60);
        let wire = Wire::new();
        wire.begin(10);
        let sending = wire.progress();
        // It may be sent whole right now, and then the answer is due.
        let look = next_look(sending, patience(LONG, SHORT));
        assert!(look >= sending.moved + SHORT && look <= Instant::now() + SHORT);
        assert_eq!(next_look(sending, patience(SHORT, LONG)), sending.moved + SHORT);
    }

    #[test]
    fn no_limit_overflows() {
        let wire = Wire::new();
        wire.begin(0);
        let endless = patience(Duration::MAX, Duration::MAX);
        assert_eq!(overdue(wire.progress(), endless), None);
        assert!(next_look(wire.progress(), endless) > Instant::now());
    }
}
