//! A client that writes raw bytes, as slowly or as rudely as a test wants it.

use super::{File, within};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn assert_stored(&self) {
        assert_eq!((self.status, self.header("content-length")), (201, Some("0")), "{self}");
    }

    /// Asserts that the proxy refused: with this status and code, in the header and in a whole problem document.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.header("put2bits-error")), (status, Some(code)), "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let document: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["type"], format!("urn:put2bits:problem:{code}"), "{self}");
        assert_eq!((&document["status"], &document["code"]), (&status.into(), &code.into()), "{self}");
        for field in ["title", "detail"] {
            assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {self}");
        }
        let may_retry = [408, 429, 503, 504].contains(&status);
        assert_eq!(self.header("retry-after").is_some(), may_retry, "{self}");
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// The connection of one upload.
pub(crate) struct Upload {
    pub(crate) stream: TcpStream,
    file: File,
    /// Bytes of the file sent.
    sent: u64,
}

impl Upload {
    /// Connects and sends the head, with these further lines (each with its CRLF).
    pub(crate) async fn begin(addr: SocketAddr, method: &str, path: &str, file: File, lines: &str) -> Upload {
        Upload::on(TcpStream::connect(addr).await.unwrap(), method, path, file, lines).await
    }

    /// The same on a connection that is open already.
    pub(crate) async fn on(
        mut stream: TcpStream,
        method: &str,
        path: &str,
        file: File,
        lines: &str,
    ) -> Upload {
        let (length, addr) = (file.size, stream.peer_addr().unwrap());
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {length}\r\n{lines}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Upload { stream, file, sent: 0 }
    }

    /// Sends the file up to that offset.
    pub(crate) async fn send_to(&mut self, end: u64) {
        within("sending", async {
            while self.sent < end {
                let piece = self.file.piece(self.sent);
                let wanted = usize::try_from(end - self.sent).unwrap().min(piece.len());
                self.stream.write_all(&piece[..wanted]).await.unwrap();
                self.sent += wanted as u64;
            }
        })
        .await;
    }

    /// Sends what is left while it waits for the answer, as HTTP clients do.
    pub(crate) async fn finish(self) -> Answer {
        self.finish_and_keep().await.0
    }

    /// The same; the connection can be used again.
    pub(crate) async fn finish_and_keep(mut self) -> (Answer, TcpStream) {
        let (mut reading, mut writing) = self.stream.split();
        let write = async {
            while self.sent < self.file.size {
                let piece = self.file.piece(self.sent);
                if writing.write_all(piece).await.is_err() {
                    break;
                }
                self.sent += piece.len() as u64;
            }
            std::future::pending::<Answer>().await
        };
        let answer = within("the answer", async {
            tokio::select! {
                answer = read_answer(&mut reading) => answer,
                answer = write => answer,
            }
        })
        .await;
        (answer, self.stream)
    }

    /// Sends everything, however often it is told to stop, and only then looks for an answer. Every byte has to be
    /// taken: a connection that is closed with unread bytes is reset, which on other systems than this one would
    /// destroy the answer.
    pub(crate) async fn finish_blindly(mut self) -> Answer {
        within("the answer", async {
            while self.sent < self.file.size {
                let piece = self.file.piece(self.sent);
                self.stream.write_all(piece).await.expect("the rest of the body is read away");
                self.sent += piece.len() as u64;
            }
            read_answer(&mut self.stream).await
        })
        .await
    }

    /// The answer that comes although the file is not sent whole.
    pub(crate) async fn answer(&mut self) -> Answer {
        within("the answer", read_answer(&mut self.stream)).await
    }

    /// Goes away without a word more; with `reset` as a crashed machine does.
    pub(crate) fn vanish(self, reset: bool) {
        if reset {
            self.stream.set_zero_linger().unwrap();
        }
    }
}

/// Sends a request as it is written and reads the answer.
pub(crate) async fn ask(addr: SocketAddr, request: &str) -> Answer {
    within("the answer", async {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut stream).await
    })
    .await
}

async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> Answer {
    let mut seen = Vec::new();
    let end = loop {
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let read = stream.read_buf(&mut seen).await.expect("an answer and not a reset");
        assert!(read > 0, "closed within a head: {:?}", String::from_utf8_lossy(&seen));
    };
    let body = seen.split_off(end);
    let head = String::from_utf8(seen).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body };
    let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    while answer.body.len() < length {
        assert!(stream.read_buf(&mut answer.body).await.unwrap() > 0, "closed within a body");
    }
    assert_eq!(answer.body.len(), length, "bytes behind the answer: {answer}");
    answer
}
