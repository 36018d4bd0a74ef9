//! A client that writes requests by hand and reads answers as text.

use put2bits::mock::{Mock, MockConfig, Storage};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Starts a mock that hashes, with quirks on top of a preset, and faults.
pub(crate) async fn mock(preset: &str, quirks: &[&str], faults: &[&str]) -> Mock {
    mock_on(Storage::Hash, preset, quirks, faults).await
}

pub(crate) async fn mock_on(storage: Storage, preset: &str, quirks: &[&str], faults: &[&str]) -> Mock {
    let mut knobs = put2bits::bits::server::Knobs::preset(preset).unwrap();
    for quirk in quirks {
        knobs.set(quirk).unwrap();
    }
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let config = MockConfig { knobs, storage, faults, ..MockConfig::default() };
    Mock::bind("127.0.0.1:0".parse().unwrap(), config).await.unwrap()
}

/// Bytes that differ at every offset that matters.
pub(crate) fn file(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> Option<[u8; 32]> {
    Some(Sha256::digest(bytes).into())
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) path: String,
    pub(crate) id: String,
    unread: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status line and headers as they came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// In short: `416 0x0/0x5 next=100`.
    pub(crate) fn short(&self) -> String {
        let mut out = self.status().to_string();
        if let Some(code) = self.header("BITS-Error-Code") {
            write!(out, " {code}/{}", self.header("BITS-Error-Context").unwrap()).unwrap();
        }
        for name in ["BITS-Received-Content-Range", "BITS-Recieved-Content-Range"] {
            if let Some(next) = self.header(name) {
                write!(out, " next={next}").unwrap();
            }
        }
        out
    }
}

impl Client {
    pub(crate) async fn connect(mock: &Mock, path: &str) -> Client {
        let stream = TcpStream::connect(mock.addr()).await.unwrap();
        Client { stream, path: path.into(), id: String::new(), unread: Vec::new() }
    }

    /// Another connection for the same session.
    pub(crate) async fn again(&self, mock: &Mock) -> Client {
        let mut client = Client::connect(mock, &self.path).await;
        client.id.clone_from(&self.id);
        client
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The head of a packet.
    pub(crate) fn head(&self, kind: &str, extra: &str, length: usize) -> String {
        let session = match kind {
            "Create-Session" => {
                "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\n".to_owned()
            }
            "Ping" => String::new(),
            _ => format!("BITS-Session-Id: {}\r\n", self.id),
        };
        format!(
            "BITS_POST {} HTTP/1.1\r\nHost: mock\r\nBITS-Packet-Type: {kind}\r\n{session}{extra}\
             Content-Length: {length}\r\n\r\n",
            self.path
        )
    }

    pub(crate) fn fragment_head(&self, file: &[u8], start: usize, end: usize) -> String {
        let range = format!("Content-Range: bytes {start}-{}/{}\r\n", end - 1, file.len());
        self.head("Fragment", &range, end - start)
    }

    /// Reads one answer, or nothing when the connection ended before it.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            match self.stream.read_buf(&mut self.unread).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        };
        let rest = self.unread.split_off(end);
        let head = String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap();
        let mut answer = Answer { head, body: Vec::new() };
        let length = answer.header("Content-Length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            assert_ne!(self.stream.read_buf(&mut self.unread).await.unwrap(), 0, "the body ended early");
        }
        let rest = self.unread.split_off(length);
        answer.body = std::mem::replace(&mut self.unread, rest);
        Some(answer)
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("the connection ended without an answer")
    }

    pub(crate) async fn ask(&mut self, head: &str, body: &[u8]) -> Answer {
        self.write(head.as_bytes()).await;
        self.write(body).await;
        self.answer().await
    }

    pub(crate) async fn create(&mut self) -> Answer {
        let answer = self.ask(&self.head("Create-Session", "", 0), b"").await;
        if let Some(id) = answer.header("BITS-Session-Id") {
            self.id = id.into();
        }
        answer
    }

    pub(crate) async fn fragment(&mut self, file: &[u8], start: usize, end: usize) -> String {
        self.ask(&self.fragment_head(file, start, end), &file[start..end]).await.short()
    }

    pub(crate) async fn packet(&mut self, kind: &str) -> String {
        self.ask(&self.head(kind, "", 0), b"").await.short()
    }

    pub(crate) async fn get(&mut self, method: &str, path: &str) -> Answer {
        self.write(format!("{method} {path} HTTP/1.1\r\nHost: mock\r\n\r\n").as_bytes()).await;
        if method == "HEAD" {
            // The length tells about a body that does not come.
            let mut byte = [0];
            while !self.unread.ends_with(b"\r\n\r\n") {
                self.stream.read_exact(&mut byte).await.unwrap();
                self.unread.push(byte[0]);
            }
            let head = String::from_utf8(std::mem::take(&mut self.unread)).unwrap();
            return Answer { head, body: Vec::new() };
        }
        self.answer().await
    }

    /// Whether the server has closed the connection (waits for it).
    pub(crate) async fn ended(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest).await {
            Ok(_) => rest.is_empty(),
            Err(_) => true,
        }
    }
}
