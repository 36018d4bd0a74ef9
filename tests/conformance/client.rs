//! A client that sees every head by itself, interim ones too, and when it came.

use super::request::Request;
use super::support::within;
use serde_json::Value;
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    /// Read, and not yet looked at.
    seen: Vec<u8>,
    /// The answer to the request on its way never has a body.
    bodyless: bool,
}

/// A head, and its body if it is a final one.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How the server ended a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: Instant,
    /// By a reset, not in order.
    pub(crate) reset: bool,
}

impl Client {
    pub(crate) async fn to(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, seen: Vec::new(), bodyless: false }
    }

    /// Sends a head.
    pub(crate) async fn send(&mut self, request: &Request) {
        self.bodyless = request.is_head();
        self.bytes(&request.bytes()).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        within("sending", self.stream.write_all(bytes)).await.expect("the server takes what is sent");
    }

    /// Sends bytes that the server may have no use for any more.
    pub(crate) async fn bytes_in_vain(&mut self, bytes: &[u8]) {
        // That it fails is what is expected.
        let _ = within("sending", self.stream.write_all(bytes)).await;
    }

    /// The next head, interim or final.
    pub(crate) async fn message(&mut self) -> Message {
        match within("an answer", self.read()).await {
            Ok(message) => message,
            Err(end) => panic!("the connection ended in place of an answer: {end:?}"),
        }
    }

    /// The final answer. Nothing else may come first.
    pub(crate) async fn answer(&mut self) -> Message {
        let message = self.message().await;
        assert!(message.status >= 200, "an interim head in place of the answer: {message}");
        message
    }

    /// The final answer or the end, whichever comes.
    pub(crate) async fn answer_or_end(&mut self) -> Result<Message, End> {
        let message = within("an answer or the end", self.read()).await?;
        assert!(message.status >= 200, "an interim head in place of the answer: {message}");
        Ok(message)
    }

    /// The end of the connection. No answer may come before.
    pub(crate) async fn end(&mut self) -> End {
        match within("the end", self.read()).await {
            Ok(message) => panic!("an answer in place of the end: {message}"),
            Err(end) => end,
        }
    }

    /// Goes away as a machine does that crashed.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    async fn read(&mut self) -> Result<Message, End> {
        let end = loop {
            if let Some(at) = self.seen.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let rest = self.seen.split_off(end);
        let head = String::from_utf8(std::mem::replace(&mut self.seen, rest)).unwrap();
        let mut lines = head.lines();
        let status_line = lines.next().unwrap();
        assert!(status_line.starts_with("HTTP/1."), "{head:?}");
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.filter(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("a field: {line:?}"));
            (name.to_ascii_lowercase(), value.to_owned())
        });
        let mut message = Message { status, fields: fields.collect(), body: Vec::new() };
        if !self.bodyless && status >= 200 && status != 204 {
            let length = message.field("content-length").expect("a length").parse().unwrap();
            while self.seen.len() < length {
                self.more().await?;
            }
            let rest = self.seen.split_off(length);
            message.body = std::mem::replace(&mut self.seen, rest);
        }
        Ok(message)
    }

    async fn more(&mut self) -> Result<(), End> {
        let reset = match self.stream.read_buf(&mut self.seen).await {
            Ok(0) => false,
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
            Err(error) => panic!("reading: {error}"),
        };
        let rest = String::from_utf8_lossy(&self.seen);
        assert!(rest.is_empty(), "the connection ended within an answer: {rest:?}");
        Err(End { at: Instant::now(), reset })
    }
}

impl Message {
    /// The value of a field that may be there once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice: {self}");
        value
    }

    /// The value of a field that has to be there.
    pub(crate) fn has(&self, name: &str) -> &str {
        self.field(name).unwrap_or_else(|| panic!("{name} is missing: {self}"))
    }

    /// The names of all fields, in order of the alphabet.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The body as a problem document.
    pub(crate) fn document(&self) -> Value {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{self}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in self.fields.iter().filter(|(name, _)| name != "date") {
            write!(f, " | {name}: {value}")?;
        }
        match self.body.is_empty() {
            true => Ok(()),
            false => write!(f, " | {}", String::from_utf8_lossy(&self.body).trim_end()),
        }
    }
}
