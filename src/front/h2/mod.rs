//! HTTP/2: the server of the crate h2, which can send a 104 (hyper's cannot), and what hyper would do around it.
//!
//! | what comes | what becomes of it |
//! | --- | --- |
//! | a request | a task of its own (`stream`), which may send heads before its answer; its body is read at the pace of the transfer (`body`) |
//! | bytes that nobody has asked for | as many as the windows allow (`windows`), in memory |
//! | a malformed request, one that brings more or less than its Content-Length | h2 resets the stream (names that HPACK's decoder refuses end the connection) |
//! | more streams than `connections.max_streams` | h2 refuses them |
//! | a head larger than [`MAX_HEAD`] | h2 answers 431; CONTINUATION frames that go on beyond that end the connection |
//! | streams that are reset as fast as they begin | the end of the connection: h2's own limit for those that nobody has looked at, [`MOST_LEFT`] for the others |
//! | many tiny frames of DATA, many empty ones | the end of the connection: h2's limits |
//! | PING, SETTINGS | answered one by one; a client that does not take the answers is not read any more, and is cut off after `timeouts.idle` |
//! | nothing, while requests are open | a PING after `timeouts.idle`; nothing for as long again: the end (`pulse`) |
//! | nothing, while none is open | the end after `timeouts.keep_alive` (`timeouts.header` before the first), in order, by GOAWAY |
//!
//! What is wrong with a request resets its stream, never the connection: other uploads are on it.

mod body;
mod pulse;
mod stream;
mod windows;
mod wire;

use super::asked::CutOff;
use super::due::Due;
use super::head::{MAX_HEAD, OpenEnded};
use super::interim::{self, Interim};
use super::transport::Transport;
use crate::limits;
use body::Incoming;
use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use pulse::{Found, Pulse};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use stream::{Ended, Exchange};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
pub use windows::Windows;
use windows::{FREE, SMALL, Share};
use wire::Wire;

/// Largest frame taken, in bytes.
const MAX_FRAME: u32 = 64 << 10;

/// For how many streams, and how long, it is remembered that we have reset them. What is still on its way for them is
/// ignored so long; then it would count as an error of the client.
const MAX_RESET: usize = 256;
const RESET_TIME: Duration = Duration::from_secs(30);

/// Most of an answer that waits in h2 to be written, in bytes.
const MAX_SEND: usize = 64 << 10;

/// How many more requests a client may begin and reset than it lets be carried out.
const MOST_LEFT: usize = 100;

/// What bounds a connection.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    time: limits::TimeLimits,
    streams: u32,
}

impl Limits {
    /// Those of the program that matter here.
    pub(super) fn of(limits: &limits::Limits) -> Self {
        Limits { time: limits.time.clone(), streams: limits.connections.max_streams }
    }
}

/// Serves the requests of one connection, each by a future that `answer` makes. `due`: until when its first head has to
/// be there.
pub(super) async fn run<I, A, F>(
    io: I,
    limits: Limits,
    windows: Windows,
    mut due: Due,
    shutdown: CancellationToken,
    answer: A,
) -> Result<(), h2::Error>
where
    I: Transport,
    A: Fn(Request<Incoming>, Interim) -> F,
    F: Future<Output = Result<Response<Full<Bytes>>, CutOff>> + Send + 'static,
{
    let reads = Arc::default();
    let wire = Wire::new(io, limits.time.idle, Arc::clone(&reads));
    let mut connection = tokio::select! {
        biased;
        connection = settings(limits.streams).handshake(wire) => connection?,
        () = poll_fn(|cx| due.poll(cx)) => return Ok(()),
        () = shutdown.cancelled() => return Ok(()),
    };
    let pulse = Pulse::new(connection.ping_pong(), reads, limits.time.idle);
    let mut server = Server {
        connection,
        limits,
        windows: windows.open(),
        told: (SMALL, FREE),
        due,
        pulse,
        streams: JoinSet::new(),
        reading: Arc::default(),
        left: 0,
        ending: false,
        answer,
    };
    let mut shutdown = pin!(shutdown.cancelled());
    let mut stopping = false;
    poll_fn(|cx| {
        if !stopping && shutdown.as_mut().poll(cx).is_ready() {
            stopping = true;
            server.connection.graceful_shutdown();
            server.due.end_within(server.limits.time.linger);
        }
        server.poll(cx)
    })
    .await
}

fn settings(streams: u32) -> Builder {
    let mut settings = Builder::new();
    settings
        .initial_window_size(SMALL)
        .initial_connection_window_size(FREE)
        .max_concurrent_streams(streams)
        .max_frame_size(MAX_FRAME)
        .max_header_list_size(MAX_HEAD)
        .max_send_buffer_size(MAX_SEND)
        .max_concurrent_reset_streams(MAX_RESET)
        .reset_stream_duration(RESET_TIME);
    settings
}

/// One connection. Dropping it drops what its requests are served by.
struct Server<I, A> {
    connection: Connection<Wire<I>, Bytes>,
    limits: Limits,
    windows: Share,
    /// How large the client was told that the windows are.
    told: (u32, u32),
    /// Counts while no request is open.
    due: Due,
    pulse: Pulse,
    streams: JoinSet<Ended>,
    /// Bodies that are being read.
    reading: Arc<AtomicUsize>,
    /// See [`MOST_LEFT`].
    left: usize,
    /// GOAWAY is on its way, and nothing is waited for behind it.
    ending: bool,
    answer: A,
}

impl<I, A, F> Server<I, A>
where
    I: Transport,
    A: Fn(Request<Incoming>, Interim) -> F,
    F: Future<Output = Result<Response<Full<Bytes>>, CutOff>> + Send + 'static,
{
    /// Ready when the connection has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        loop {
            self.reap(cx);
            match self.connection.poll_accept(cx)? {
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some((request, respond))) => self.begin(request, respond),
                // What was done here has to be sent.
                Poll::Pending if self.fit() || ready!(self.look(cx)) => {}
                Poll::Pending => return Poll::Ready(Ok(())),
            }
        }
    }

    fn begin(&mut self, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let (mut head, stream) = request.into_parts();
        let (body, hearing) = body::new(stream, Arc::clone(&self.reading));
        let has_body = !body.is_end_stream();
        settle(&mut head, has_body);
        let (interim, heads) = interim::channel(head.version);
        let exchange = Exchange {
            respond,
            hearing,
            heads,
            head_only: head.method == Method::HEAD,
            expects: has_body && head.headers.contains_key(EXPECT),
            idle: self.limits.time.idle,
            linger: self.limits.time.linger,
        };
        let answer = (self.answer)(Request::from_parts(head, body), interim);
        self.streams.spawn(exchange.serve(answer));
    }

    /// Lets go of requests that are over.
    fn reap(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(ended)) = self.streams.poll_join_next(cx) {
            self.left = match ended {
                Ok(Ended::Served) => self.left.saturating_sub(1),
                // Who is refused has earned nothing by it.
                Ok(Ended::Refused) => self.left,
                Ok(Ended::Left) | Err(_) => self.left + 1,
            };
            if self.streams.is_empty() {
                self.due.idle_began();
            }
            if self.left > MOST_LEFT {
                self.end(Reason::ENHANCE_YOUR_CALM);
            }
        }
    }

    /// Fits the windows to the streams there are. Whether the client has to be told.
    fn fit(&mut self) -> bool {
        let read = self.reading.load(Ordering::Relaxed) > 0;
        let (stream, connection) = self.windows.fit(self.streams.len(), read);
        let before = self.told;
        if connection != self.told.1 {
            self.connection.set_target_window_size(connection);
            self.told.1 = connection;
        }
        // Fails as long as the client has not confirmed the last change.
        if stream != self.told.0 && self.connection.set_initial_window_size(stream).is_ok() {
            self.told.0 = stream;
        }
        self.told != before
    }

    /// Looks whether the client is there, and in time. Ready with true if there is something to send, with false if
    /// there is nobody to send it to.
    fn look(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let idle = self.streams.is_empty();
        if let Poll::Ready(found) = self.pulse.poll(!idle, cx) {
            return Poll::Ready(found == Found::Asked);
        }
        if !idle && !self.ending {
            return Poll::Pending;
        }
        ready!(self.due.poll(cx));
        if self.ending {
            return Poll::Ready(false);
        }
        self.end(Reason::NO_ERROR);
        Poll::Ready(true)
    }

    fn end(&mut self, reason: Reason) {
        if !std::mem::replace(&mut self.ending, true) {
            self.connection.abrupt_shutdown(reason);
            self.due.end_within(self.limits.time.linger);
        }
    }
}

/// What HTTP/2 says in its own way, in the words of HTTP/1 (RFC 9113 §8.3.1), which all else here speaks.
fn settle(head: &mut Parts, has_body: bool) {
    if let Some(authority) = head.uri.authority()
        && !head.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        head.headers.insert(HOST, host);
    }
    if has_body && !head.headers.contains_key(CONTENT_LENGTH) {
        head.extensions.insert(OpenEnded);
    }
}
