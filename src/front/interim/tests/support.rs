//! A connection whose service is a closure, and a client that reads and writes raw bytes.

use super::super::Interim;
use crate::front::asked::CutOff;
use crate::front::due::Due;
use crate::front::h1::run;
use crate::front::transport::Transport;
use crate::limits::{Limits, TimeLimits};
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) type Answer = Result<Response<Full<Bytes>>, CutOff>;

impl Transport for DuplexStream {
    fn close_abruptly(&self) {}
}

/// The result of a future, or a failed test instead of a hanging one.
pub(super) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("in time")
}

/// Fields of a head.
pub(super) fn fields(location: &str) -> HeaderMap {
    HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())])
}

pub(super) fn answer(body: Bytes) -> Response<Full<Bytes>> {
    Response::new(Full::new(body))
}

pub(super) fn time() -> TimeLimits {
    Limits::default().time
}

/// Both ends of a TCP connection.
pub(super) async fn tcp() -> (TcpStream, Client<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (io, _) = listener.accept().await.unwrap();
    io.set_nodelay(true).unwrap();
    (io, Client::new(client))
}

/// The same with small buffers: the server's as small as the system allows. The client's are larger, because with less
/// every packet waits for a delayed acknowledgement.
pub(super) async fn narrow_tcp() -> (TcpStream, Client<TcpStream>) {
    let (io, client) = tcp().await;
    socket2::SockRef::from(&io).set_send_buffer_size(1).unwrap();
    socket2::SockRef::from(&client.stream).set_recv_buffer_size(16 << 10).unwrap();
    (io, client)
}

/// Serves one connection.
pub(super) fn start<I, A, F>(io: I, answer: A) -> JoinHandle<hyper::Result<()>>
where
    I: Transport,
    A: Fn(Request<Incoming>, Interim) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    start_with(io, time(), answer)
}

pub(super) fn start_with<I, A, F>(io: I, time: TimeLimits, answer: A) -> JoinHandle<hyper::Result<()>>
where
    I: Transport,
    A: Fn(Request<Incoming>, Interim) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    tokio::spawn(async move {
        let due = Due::new(&time);
        run(io, &time, due, "7f3a".to_owned(), CancellationToken::new(), answer).await
    })
}

/// The client's end.
pub(super) struct Client<S> {
    pub(super) stream: S,
    seen: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) fn new(stream: S) -> Self {
        Client { stream, seen: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// The next head, whatever follows it.
    pub(super) async fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.seen.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.seen.drain(..at + 4).collect()).unwrap();
            }
            self.more().await;
        }
    }

    /// Status and body of the next message.
    pub(super) async fn message(&mut self) -> (u16, Bytes) {
        let head = self.head().await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        while self.seen.len() < length {
            self.more().await;
        }
        (status, self.seen.drain(..length).collect())
    }

    /// Asserts that the connection ends without another byte.
    pub(super) async fn ends(&mut self) {
        assert_eq!(within(self.stream.read_buf(&mut self.seen)).await.unwrap(), 0);
        assert_eq!(String::from_utf8_lossy(&self.seen), "");
    }

    async fn more(&mut self) {
        let read = within(self.stream.read_buf(&mut self.seen)).await.unwrap();
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&self.seen));
    }
}
