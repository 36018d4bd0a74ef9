//! A client that cannot resume, and how one that can goes on.

use crate::gate::Gate;
use crate::outcomes::Outcome;
use crate::phone::{Leaving, Phone, Progress};
use crate::support::{Answer, File, within};
use put2bits::error::Problem;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Between two attempts to reach a proxy that is being started.
const PAUSE: Duration = Duration::from_millis(10);

/// One PUT, and nothing after it.
pub(crate) struct Plain {
    stream: TcpStream,
    file: File,
    /// Bytes of the file sent.
    sent: u64,
}

impl Plain {
    /// Sends the head.
    pub(crate) async fn begin(addr: SocketAddr, path: &str, file: File) -> Plain {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let head = format!("PUT {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {}\r\n\r\n", file.size);
        stream.write_all(head.as_bytes()).await.unwrap();
        Plain { stream, file, sent: 0 }
    }

    /// Sends the file up to that offset. Nobody may take it any more.
    pub(crate) async fn send_to(&mut self, end: u64) {
        while self.sent < end {
            let piece = self.file.piece(self.sent);
            let wanted = usize::try_from(end - self.sent).unwrap().min(piece.len());
            if self.stream.write_all(&piece[..wanted]).await.is_err() {
                return;
            }
            self.sent += wanted as u64;
        }
    }

    /// Sends what is left and waits.
    pub(crate) async fn finish(mut self) -> Outcome {
        self.send_to(self.file.size).await;
        self.read().await
    }

    /// What it is told, if anything.
    pub(crate) async fn read(&mut self) -> Outcome {
        let mut seen = Vec::new();
        let read = async {
            while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
                if self.stream.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                    assert!(seen.is_empty(), "cut off within a head");
                    return Outcome::CutOff;
                }
            }
            let head = String::from_utf8_lossy(&seen).into_owned();
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            told(&Answer { status, head, body: Vec::new() })
        };
        within("an answer or the end", read).await
    }

    pub(crate) fn leave(self, how: Leaving) -> Option<TcpStream> {
        match how {
            Leaving::Reset => self.stream.set_zero_linger().unwrap(),
            Leaving::Closed => {}
            Leaving::Silent => return Some(self.stream),
        }
        None
    }
}

/// What an answer says.
fn told(answer: &Answer) -> Outcome {
    match answer.status {
        201 => Outcome::Stored,
        404 => Outcome::Anew(problem(answer.header("put2bits-reason"))),
        _ => Outcome::Failed(problem(answer.header("put2bits-error"))),
    }
}

fn problem(code: Option<&str>) -> Problem {
    let named = |problem: &&Problem| code == Some(problem.code());
    *Problem::ALL.iter().find(named).unwrap_or_else(|| panic!("no reason of ours: {code:?}"))
}

/// Asserts that an offset that was told is one that the proxy can know.
pub(crate) fn assert_acknowledged(phone: &Phone, gate: &Gate) {
    let seen = gate.seen();
    assert!(
        phone.told <= seen.acknowledged,
        "P3: {} was told, {} is acknowledged",
        phone.told,
        seen.acknowledged
    );
}

/// Brings an upload to its end. `first`: the answer to the request that was under way, if there was one.
pub(crate) async fn resume(phone: &mut Phone, gate: &Gate, first: Option<Answer>) -> Outcome {
    let mut outcome = Outcome::Stored;
    let mut answer = first;
    loop {
        match answer.as_ref().map(told) {
            Some(Outcome::Stored) => return outcome,
            Some(Outcome::Anew(why)) => {
                outcome = Outcome::Anew(why);
                phone.url = None;
            }
            Some(failed) => return failed,
            None => {}
        }
        if phone.url.is_some() && outcome == Outcome::Stored {
            outcome = Outcome::Resumed;
        }
        answer = next(phone, gate).await;
    }
}

/// One more request with bytes, and its answer.
async fn next(phone: &mut Phone, gate: &Gate) -> Option<Answer> {
    let going = match &phone.url {
        None => phone.begin().await,
        Some(_) => match phone.ask().await {
            Progress::At { .. } => {
                assert_acknowledged(phone, gate);
                phone.go_on().await
            }
            Progress::Gone(why) => {
                let head = format!("HTTP/1.1 404\r\nPut2bits-Reason: {why}\r\n\r\n");
                return Some(Answer { status: 404, head, body: Vec::new() });
            }
            Progress::Away => None,
        },
    };
    match going {
        Some(going) => within("an answer or the end", going.finish()).await,
        None => {
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}
