//! The source: uploads by PUT or by BITS on a raw socket, the same buffer again and again.

use crate::door::{self, Door, Stream};
use crate::http2::Http2;
use crate::peer::Protocol;
use crate::sending::{BUFFER, BYTES, Pace, Took};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// What a client sends that can resume.
const RESUMABLE: &str = "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n";

/// Fragments of the plain BITS client, bytes.
const FRAGMENT: u64 = 4 << 20;

/// A connection that uploads files one after the other.
pub(crate) struct Client {
    way: Way,
    protocol: Protocol,
    pace: Option<Pace>,
    rest: Vec<u8>,
}

/// What a connection speaks.
enum Way {
    Http1(Stream),
    Http2(Http2),
}

impl Client {
    pub(crate) async fn connect(
        protocol: Protocol,
        door: Door,
        addr: SocketAddr,
        pace: Option<Pace>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let stream = door::connect(stream, door).await?;
        let way = if door.is_http2() { Way::Http2(Http2::over(stream).await?) } else { Way::Http1(stream) };
        Ok(Client { way, protocol, pace, rest: Vec::new() })
    }

    /// Uploads a file of that size under a name of its own.
    pub(crate) async fn upload(&mut self, size: u64) -> io::Result<Took> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = format!("/file-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let Client { way, protocol, pace, rest } = self;
        let stream = match way {
            Way::Http1(stream) => stream,
            Way::Http2(http2) => return http2.put(&path, size, *pace).await,
        };
        let mut http1 = Http1 { stream, pace: *pace, rest };
        let began = Instant::now();
        let sent = match *protocol {
            Protocol::Put | Protocol::Resumable => {
                let more = if *protocol == Protocol::Resumable { RESUMABLE } else { "" };
                let head =
                    format!("PUT {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n{more}\r\n");
                http1.stream.write_all(head.as_bytes()).await?;
                let sent = http1.body(0, size, began).await?;
                http1.answer().await?;
                sent
            }
            Protocol::Bits => http1.bits(&path, size, began).await?,
        };
        Ok(Took { whole: began.elapsed(), tail: sent.elapsed() })
    }
}

/// A connection of HTTP/1.1 during one upload.
struct Http1<'a> {
    stream: &'a mut Stream,
    pace: Option<Pace>,
    rest: &'a mut Vec<u8>,
}

impl Http1<'_> {
    async fn bits(&mut self, path: &str, size: u64, began: Instant) -> io::Result<Instant> {
        let protocols = "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\n";
        self.packet(path, "Create-Session", protocols, 0).await?;
        let created = self.answer().await?;
        let session = header(&created, "bits-session-id").unwrap_or_default();
        let session = format!("BITS-Session-Id: {session}\r\n");
        let (mut from, mut sent) = (0, began);
        while from < size {
            let to = size.min(from + FRAGMENT);
            let range = format!("{session}Content-Range: bytes {from}-{}/{size}\r\n", to - 1);
            self.packet(path, "Fragment", &range, to - from).await?;
            sent = self.body(from, to, began).await?;
            self.answer().await?;
            from = to;
        }
        self.packet(path, "Close-Session", &session, 0).await?;
        self.answer().await?;
        Ok(sent)
    }

    async fn packet(&mut self, path: &str, kind: &str, headers: &str, length: u64) -> io::Result<()> {
        let head = format!(
            "BITS_POST {path} HTTP/1.1\r\nHost: bench\r\nBITS-Packet-Type: {kind}\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.flush().await
    }

    /// Sends bytes `from..to` of a file begun at `began`. When the last one was written.
    async fn body(&mut self, mut from: u64, to: u64, began: Instant) -> io::Result<Instant> {
        while from < to {
            let mut piece = (to - from).min(BUFFER as u64);
            if let Some(pace) = self.pace {
                piece = piece.min(pace.piece);
                // A piece is there when its last byte is.
                sleep_until(began + Duration::from_secs_f64((from + piece) as f64 / pace.rate as f64)).await;
            }
            self.stream.write_all(&BYTES[..piece as usize]).await?;
            from += piece;
        }
        // TLS may hold the end of it.
        self.stream.flush().await?;
        Ok(Instant::now())
    }

    /// The head of an answer that must be a success without a body.
    async fn answer(&mut self) -> io::Result<String> {
        loop {
            let head = head(self.stream, self.rest).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match head.split(' ').nth(1).and_then(|status| status.chars().next()) {
                // The answer proper is still to come.
                Some('1') => {}
                Some('2') => return Ok(head),
                _ => return Err(io::Error::other(format!("answered {head:?}"))),
            }
        }
    }
}

/// Reads up to the end of a head; what came behind it stays in `rest`. Nothing at the end of the connection.
pub(crate) async fn head(stream: &mut Stream, rest: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut seen = 0;
    loop {
        if let Some(at) = rest[seen..].windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = rest.split_off(seen + at + 4);
            let head = std::mem::replace(rest, behind);
            return String::from_utf8(head).map(Some).map_err(io::Error::other);
        }
        seen = rest.len().saturating_sub(3);
        if stream.read_buf(rest).await? == 0 {
            return Ok(None);
        }
    }
}

/// The value of a header.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
