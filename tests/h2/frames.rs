//! A client that writes frames one by one, as no library would.

use crate::support::within;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The reason of RST_STREAM or GOAWAY.
    pub(crate) fn reason(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn ends_stream(&self) -> bool {
        self.flags & END_STREAM != 0
    }
}

/// A frame as it goes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &stream, payload].concat()
}

/// Fields as HPACK has them without any compression.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            // An integer with a prefix of seven bits (RFC 7541 §5.1).
            let mut length = text.len();
            if length < 127 {
                block.push(length as u8);
            } else {
                block.push(127);
                length -= 127;
                while length >= 128 {
                    block.push((length % 128) as u8 | 128);
                    length /= 128;
                }
                block.push(length as u8);
            }
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// The head of a request with these fields beside the usual ones.
pub(crate) fn head<'a>(
    method: &'a str,
    path: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let usual = [(":method", method), (":scheme", "http"), (":authority", "p"), (":path", path)];
    usual.into_iter().chain(more.iter().copied()).collect()
}

/// A connection.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    /// Connects and says hello.
    pub(crate) async fn connect(addr: SocketAddr) -> Raw {
        let mut raw = Raw::silent(addr).await;
        raw.send(PREFACE).await;
        raw.send(frame(SETTINGS, 0, 0, &[])).await;
        raw
    }

    /// Connects and says nothing.
    pub(crate) async fn silent(addr: SocketAddr) -> Raw {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Raw { stream, seen: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("sending", self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// The same to somebody who may hang up meanwhile. Whether all of it was taken.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        within("sending", self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    /// Sends a request head in one frame.
    pub(crate) async fn request(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) {
        self.send(frame(HEADERS, END_HEADERS | flags, stream, &block(fields))).await;
    }

    /// The next frame; nothing if the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(head) = self.seen.first_chunk::<9>() {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                if self.seen.len() >= 9 + length {
                    let whole: Vec<u8> = self.seen.drain(..9 + length).collect();
                    let stream = u32::from_be_bytes(whole[5..9].try_into().unwrap());
                    let payload = whole[9..].to_vec();
                    return Some(Frame { kind: whole[3], flags: whole[4], stream, payload });
                }
            }
            match within("a frame", self.stream.read_buf(&mut self.seen)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next frame of that kind, for that stream if it is not 0. What comes before is passed over.
    pub(crate) async fn until(&mut self, kind: u8, stream: u32) -> Frame {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("the connection ended before {kind}"));
            if frame.kind == kind && frame.stream == stream && (kind != SETTINGS || frame.flags & ACK == 0) {
                return frame;
            }
            assert!(frame.kind != GOAWAY, "{frame:?}");
        }
    }

    /// Why the connection ends: the reason of its last GOAWAY; nothing if it just ended.
    pub(crate) async fn ends(&mut self) -> Option<u32> {
        let mut reason = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                reason = Some(frame.reason());
            }
        }
        reason
    }

    /// Asserts that the connection is alive: a PING comes back.
    pub(crate) async fn is_alive(&mut self) {
        let mark = *b"alive? y";
        self.send(frame(PING, 0, 0, &mark)).await;
        while self.until(PING, 0).await.payload != mark {}
    }
}

impl Raw {
    /// Waits until all that was sent has been looked at: a PING comes back, or the connection ends.
    pub(crate) async fn is_alive_or_gone(&mut self) {
        if self.try_send(frame(PING, 0, 0, b"looked?!")).await {
            while self.next().await.is_some_and(|frame| frame.kind != PING) {}
        }
    }
}
