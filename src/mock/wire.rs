//! HTTP/1.1 on a socket, read with large buffers: heads, bodies, raw answers.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Size of the read buffer, which is also the largest piece of a body.
const BUFFER: usize = 256 * 1024;
/// Longest request head.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers in a head.
const MAX_HEADERS: usize = 100;
/// How long the rest of a refused body is read, so that the answer is not lost in a reset.
const LINGER: Duration = Duration::from_secs(1);

/// The head of a request.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    /// Size of the body; nothing if its end can't be told.
    pub(super) body: Option<u64>,
    /// The client waits for a 100.
    pub(super) expects_continue: bool,
    /// The client wants the connection closed.
    pub(super) last: bool,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// The connection ended.
    Ended,
    /// What came is refused with this status.
    Refused(StatusCode),
}

impl From<io::Error> for NoHead {
    fn from(_: io::Error) -> Self {
        NoHead::Ended
    }
}

/// A connection and what was read ahead.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    stalled: watch::Receiver<bool>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, stalled: watch::Receiver<bool>) -> Self {
        Wire { stream, buffer: vec![0; BUFFER].into(), start: 0, end: 0, stalled }
    }

    /// Waits while the server is stalled.
    async fn unstalled(&mut self) -> io::Result<()> {
        match self.stalled.wait_for(|stalled| !stalled).await {
            Ok(_) => Ok(()),
            Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Reads more behind what is there. 0 bytes: the peer has ended.
    async fn fill(&mut self) -> io::Result<usize> {
        self.unstalled().await?;
        let count = self.stream.read(&mut self.buffer[self.end..]).await?;
        self.end += count;
        self.unstalled().await?;
        Ok(count)
    }

    /// The next request's head.
    pub(super) async fn head(&mut self) -> Result<Head, NoHead> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            let read = &self.buffer[..self.end.min(MAX_HEAD)];
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(read) {
                Ok(httparse::Status::Complete(length)) => {
                    let head = Head::from_parsed(&request);
                    self.start = length;
                    return head.map_err(NoHead::Refused);
                }
                Ok(httparse::Status::Partial) if self.end < MAX_HEAD => {}
                Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                    return Err(NoHead::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
                }
                Err(httparse::Error::Version) => {
                    return Err(NoHead::Refused(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
                }
                Err(_) => return Err(NoHead::Refused(StatusCode::BAD_REQUEST)),
            }
            if self.fill().await? == 0 {
                return Err(NoHead::Ended);
            }
        }
    }

    /// The next piece of a body, at most `limit` bytes; never empty for a limit above 0.
    pub(super) async fn piece(&mut self, limit: u64) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let there = self.end - self.start;
        let count = usize::try_from(limit).map_or(there, |limit| there.min(limit));
        let piece = self.start..self.start + count;
        self.start = piece.end;
        Ok(&self.buffer[piece])
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unstalled().await?;
        self.stream.write_all(bytes).await
    }

    /// Ends the answers, then reads for a while what the client still sends.
    pub(super) async fn linger(mut self) {
        let rest = async {
            self.stream.shutdown().await?;
            loop {
                (self.start, self.end) = (0, 0);
                if self.fill().await? == 0 {
                    return Ok::<(), io::Error>(());
                }
            }
        };
        // However it ends, the connection is closed now.
        let _ = tokio::time::timeout(LINGER, rest).await;
    }
}

impl Head {
    fn from_parsed(request: &httparse::Request<'_, '_>) -> Result<Head, StatusCode> {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        if request.version != Some(1) {
            return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
        }
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for header in request.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| BAD)?;
            headers.append(name, HeaderValue::from_bytes(header.value).map_err(|_| BAD)?);
        }
        let method = Method::from_bytes(request.method.unwrap_or_default().as_bytes()).map_err(|_| BAD)?;
        let is = |name, wanted: &str| {
            headers
                .get(name)
                .is_some_and(|value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
        let body = match (headers.contains_key(TRANSFER_ENCODING), lengths.next(), lengths.next()) {
            (false, None, _) => Some(0),
            (false, Some(length), None) => length.to_str().ok().and_then(|text| text.parse().ok()),
            _ => None,
        };
        Ok(Head {
            target: origin_form(request.path.unwrap_or_default()),
            expects_continue: is(EXPECT, "100-continue"),
            last: is(CONNECTION, "close"),
            body,
            method,
            headers,
        })
    }
}

/// Path and query of a request target that may be a whole URL.
fn origin_form(target: &str) -> String {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target.to_owned();
    };
    rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned()
}
