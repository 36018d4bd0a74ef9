//! A client that resumes as Apple's systems do: PUT, listen for the 104, and when the connection is gone HEAD and PATCH.
//!
//! It checks what holds for every answer: an offset never decreases, a client with a URL gets no 5xx.

use crate::support::{Answer, File, PATIENCE, within};
use crate::watch::Watch;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a version of the protocol says things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// Its number.
    pub(crate) version: u8,
    /// "No more follows".
    last: &'static str,
    /// Type of a PATCH.
    part: &'static str,
}

const COMPLETE: &str = "Upload-Complete: ?1\r\n";
const PARTIAL: &str = "Content-Type: application/partial-upload\r\n";

/// The header with the digest of a file.
pub(crate) fn digest(file: File) -> String {
    format!("Repr-Digest: sha-256=:{}:\r\n", STANDARD.encode(file.sha256()))
}

/// All versions with a number, oldest first.
pub(crate) const WORDS: [Words; 6] = [
    Words { version: 3, last: "Upload-Incomplete: ?0\r\n", part: "Content-Type: video/mp4\r\n" },
    Words { version: 4, last: COMPLETE, part: "" },
    Words { version: 5, last: COMPLETE, part: "Content-Type: video/mp4\r\n" },
    Words { version: 6, last: COMPLETE, part: PARTIAL },
    Words { version: 7, last: COMPLETE, part: PARTIAL },
    Words { version: 8, last: COMPLETE, part: PARTIAL },
];

/// As iOS 18.1 and later.
const IOS: Words = WORDS[3];

/// A client with one file to upload.
#[derive(Debug)]
pub(crate) struct Phone {
    addr: SocketAddr,
    pub(crate) path: String,
    pub(crate) file: File,
    words: Words,
    /// More lines of every request.
    lines: String,
    /// Path of the upload resource, once it was told.
    pub(crate) url: Option<String>,
    /// The offset that it was told last.
    pub(crate) told: u64,
    /// Why its upload was gone, each time that it had to begin anew.
    pub(crate) gone: Vec<String>,
    /// How often it went on.
    pub(crate) resumed: u32,
    /// Bytes of the file sent, those sent twice counted twice.
    pub(crate) sent: u64,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// So much is acknowledged, and whether there is a final answer.
    At { offset: u64, finished: bool },
    /// 404: why.
    Gone(String),
    /// Nobody answered.
    Away,
}

/// How to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// As a crashed machine does.
    Reset,
    /// The connection is closed.
    Closed,
    /// The connection stays, and nothing comes any more.
    Silent,
}

/// A request whose body is on its way.
pub(crate) struct Going<'a> {
    phone: &'a mut Phone,
    stream: TcpStream,
    /// What was read and not understood yet.
    seen: Vec<u8>,
    /// Offset in the file of the next byte to send.
    at: u64,
}

impl Phone {
    pub(crate) fn new(addr: SocketAddr, path: &str, file: File) -> Phone {
        let (path, lines) = (path.to_owned(), String::new());
        Phone {
            addr,
            path,
            file,
            words: IOS,
            lines,
            url: None,
            told: 0,
            gone: Vec::new(),
            resumed: 0,
            sent: 0,
        }
    }

    pub(crate) fn speaking(self, words: Words) -> Phone {
        Phone { words, ..self }
    }

    /// These lines (each with its CRLF) in every request, too.
    pub(crate) fn with(self, lines: &str) -> Phone {
        Phone { lines: lines.to_owned(), ..self }
    }

    /// Sends a head. Nothing if nobody takes it.
    async fn send_head(&self, line: &str, lines: &str) -> Option<TcpStream> {
        let Words { version, .. } = self.words;
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nUpload-Draft-Interop-Version: {version}\r\n{}{lines}\r\n",
            self.addr, self.lines
        );
        let mut stream = within("a connection", TcpStream::connect(self.addr)).await.ok()?;
        stream.set_nodelay(true).ok()?;
        stream.write_all(head.as_bytes()).await.ok()?;
        Some(stream)
    }

    /// Sends the head of the PUT and waits for the 104. Nothing if nobody answered.
    pub(crate) async fn begin(&mut self) -> Option<Going<'_>> {
        let lines = format!("Content-Length: {}\r\n{}", self.file.size, self.words.last);
        let mut stream = self.send_head(&format!("PUT {}", self.path), &lines).await?;
        let mut seen = Vec::new();
        let early = within("the 104", read_head(&mut stream, &mut seen)).await?;
        assert_eq!(early.status, 104, "the first answer: {early}");
        let number = self.words.version.to_string();
        assert_eq!(early.header("upload-draft-interop-version"), Some(number.as_str()), "{early}");
        self.url = Some(early.header("location").expect("where to go on").to_owned());
        self.told = 0;
        Some(Going { phone: self, stream, seen, at: 0 })
    }

    /// HEAD.
    pub(crate) async fn ask(&mut self) -> Progress {
        let url = self.url.clone().expect("it was told a URL");
        let Some(answer) = self.exchange(&format!("HEAD {url}"), "").await else { return Progress::Away };
        match answer.status {
            204 => {
                let offset = answer.header("upload-offset").expect("an offset").parse().unwrap();
                assert!(offset >= self.told, "{}: {} was told before: {answer}", self.path, self.told);
                self.told = offset;
                let finished = self.words.last.trim_end().split_once(": ").unwrap();
                Progress::At { offset, finished: answer.header(finished.0) == Some(finished.1) }
            }
            404 => Progress::Gone(why(&answer)),
            _ => panic!("{}: the answer to HEAD: {answer}", self.path),
        }
    }

    /// DELETE; the status.
    pub(crate) async fn give_up(&mut self) -> Option<u16> {
        let url = self.url.clone().expect("it was told a URL");
        self.exchange(&format!("DELETE {url}"), "").await.map(|answer| answer.status)
    }

    /// Sends the head of the PATCH from the offset that it was told. Nothing if nobody is there.
    pub(crate) async fn go_on(&mut self) -> Option<Going<'_>> {
        let url = self.url.clone().expect("it was told a URL");
        let (at, Words { last, part, .. }) = (self.told, self.words);
        let lines = format!("Content-Length: {}\r\nUpload-Offset: {at}\r\n{last}{part}", self.file.size - at);
        let stream = self.send_head(&format!("PATCH {url}"), &lines).await?;
        self.resumed += 1;
        Some(Going { phone: self, stream, seen: Vec::new(), at })
    }

    /// A request without a body, and its answer, which has none either. Nothing if nobody answered.
    async fn exchange(&self, line: &str, lines: &str) -> Option<Answer> {
        let mut stream = self.send_head(line, lines).await?;
        within(line, read_head(&mut stream, &mut Vec::new())).await
    }

    /// Uploads the file, however often it has to go on or to begin anew, and gives the last answer, which is a success.
    /// `watch`: what the backend has acknowledged, to compare what is told with.
    pub(crate) async fn upload(&mut self, watch: Option<&Watch>) -> Answer {
        let deadline = Instant::now() + 5 * PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "it comes to no end: {self:?}");
            let answer = match &self.url {
                None => match self.begin().await {
                    Some(going) => going.finish().await,
                    None => None,
                },
                Some(_) => match self.ask().await {
                    Progress::At { offset, .. } => {
                        if let Some(watch) = watch {
                            watch.assert_acknowledged(&self.path, offset);
                        }
                        match self.go_on().await {
                            Some(going) => going.finish().await,
                            None => None,
                        }
                    }
                    Progress::Gone(why) => {
                        self.is_gone(why);
                        continue;
                    }
                    Progress::Away => None,
                },
            };
            match answer {
                Some(answer) if answer.status == 201 => return answer,
                Some(answer) if answer.status == 404 => self.is_gone(why(&answer)),
                Some(answer) => panic!("{}: {answer}", self.path),
                // It is being started again: there is nothing to wait for but that it listens.
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn is_gone(&mut self, why: String) {
        self.gone.push(why);
        self.url = None;
    }
}

impl Going<'_> {
    /// Sends the file up to that offset.
    pub(crate) async fn send_to(&mut self, end: u64) {
        while self.at < end {
            let piece = self.phone.file.piece(self.at);
            let wanted = usize::try_from(end - self.at).unwrap().min(piece.len());
            self.stream.write_all(&piece[..wanted]).await.expect("it is read");
            self.at += wanted as u64;
            self.phone.sent += wanted as u64;
        }
    }

    /// Sends nothing more and waits for an answer. Nothing if it was cut off.
    pub(crate) async fn read(mut self) -> Option<Answer> {
        read_answer(&mut self.stream, &mut self.seen).await
    }

    /// Leaves. What hangs has to be kept by the caller.
    pub(crate) fn leave(self, how: Leaving) -> Option<TcpStream> {
        match how {
            Leaving::Reset => self.stream.set_zero_linger().unwrap(),
            Leaving::Closed => {}
            Leaving::Silent => return Some(self.stream),
        }
        None
    }

    /// Sends what is left while it waits for the answer. Nothing if it was cut off.
    pub(crate) async fn finish(mut self) -> Option<Answer> {
        let (mut reading, mut writing) = self.stream.split();
        let file = self.phone.file;
        let write = async {
            while self.at < file.size {
                let Ok(count) = writing.write(file.piece(self.at)).await else { break };
                self.at += count as u64;
                self.phone.sent += count as u64;
            }
            std::future::pending::<Option<Answer>>().await
        };
        tokio::select! {
            answer = read_answer(&mut reading, &mut self.seen) => answer,
            answer = write => answer,
        }
    }
}

fn why(answer: &Answer) -> String {
    answer.header("put2bits-reason").expect("a reason in the head").to_owned()
}

/// The final answer, whatever is told before it.
async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin), seen: &mut Vec<u8>) -> Option<Answer> {
    loop {
        let mut answer = read_head(stream, seen).await?;
        if answer.status < 200 {
            continue;
        }
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while seen.len() < length {
            if stream.read_buf(seen).await.ok()? == 0 {
                return None;
            }
        }
        answer.body = std::mem::take(seen);
        return Some(answer);
    }
}

/// One head. Nothing if the connection ends before that.
async fn read_head(stream: &mut (impl AsyncReadExt + Unpin), seen: &mut Vec<u8>) -> Option<Answer> {
    loop {
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = seen.split_off(at + 4);
            let head = String::from_utf8(std::mem::replace(seen, rest)).unwrap();
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return Some(Answer { status, head, body: Vec::new() });
        }
        if stream.read_buf(seen).await.ok()? == 0 {
            assert!(seen.is_empty(), "cut off within a head: {:?}", String::from_utf8_lossy(seen));
            return None;
        }
    }
}
