//! A client with one file, with and without resumption. It does not go on: how its first request ends is the question.

use crate::case::SIZE;
use crate::support::{Answer, File};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Resumable,
}

/// How a request ended.
#[derive(Debug)]
pub(crate) enum End {
    Answered(Answer),
    /// The connection ended, and there was no answer.
    Cut,
    /// Nothing came for [`LONGEST`].
    Hung,
}

/// Longer than all time limits of the program here together, on a busy machine too.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// The file that everybody uploads.
pub(crate) fn file() -> File {
    File::new(SIZE)
}

/// PUTs the file and listens while it sends.
pub(crate) async fn upload(addr: SocketAddr, path: &str, mode: Mode) -> End {
    let lines = match mode {
        Mode::Plain => "",
        Mode::Resumable => "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n",
    };
    let head = format!("PUT {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {SIZE}\r\n{lines}\r\n");
    let tcp = TcpStream::connect(addr).await.unwrap();
    let (mut reading, mut writing) = tcp.into_split();
    let sender = tokio::spawn(async move {
        let request = [head.into_bytes(), file().bytes()].concat();
        // Who refuses it may not take all of it.
        let _ = writing.write_all(&request).await;
        writing
    });
    let mut seen = Vec::new();
    let end = timeout(LONGEST, async {
        if mode == Mode::Resumable {
            let early = head_of(&mut reading, &mut seen).await.expect("a 104");
            assert_eq!(early.status, 104, "{early}");
        }
        let Some(mut answer) = head_of(&mut reading, &mut seen).await else { return End::Cut };
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        while seen.len() < length {
            assert!(reading.read_buf(&mut seen).await.unwrap() > 0, "{path}: closed within a body");
        }
        assert_eq!(seen.len(), length, "{path}: bytes behind the answer");
        answer.body = seen;
        End::Answered(answer)
    })
    .await;
    sender.abort();
    end.unwrap_or(End::Hung)
}

/// The next head. Nothing if the connection ends before it begins.
async fn head_of(stream: &mut (impl AsyncReadExt + Unpin), seen: &mut Vec<u8>) -> Option<Answer> {
    let end = loop {
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let Ok(1..) = stream.read_buf(seen).await else {
            assert!(seen.is_empty(), "cut off within a head: {:?}", String::from_utf8_lossy(seen));
            return None;
        };
    };
    let body = seen.split_off(end);
    let head = String::from_utf8(std::mem::replace(seen, body)).expect("an ASCII head");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head, body: Vec::new() })
}
