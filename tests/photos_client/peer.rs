//! The server: reads and writes what the test says. And the phone that is sent to it.

use put2bits::phone::{Check, Content, Event, Phone, Report, Tally};
use socket2::SockRef;
use std::io::{self, Cursor, Read};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

pub(crate) const STORED: &str = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";

/// A 104 for the newest system, and its upload resource.
pub(crate) const RESUMABLE: &str = "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /_uploads/1\r\nUpload-Draft-Interop-Version: 6\r\n\r\n";

/// Bytes that differ at every offset that matters.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Vec<u8>);

impl Memory {
    pub(crate) fn new(length: usize) -> Arc<Memory> {
        Arc::new(Memory((0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()))
    }
}

impl Content for Memory {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0[usize::try_from(offset).unwrap()..].to_vec())))
    }
}

/// A listening server.
pub(crate) struct Peer(TcpListener);

impl Peer {
    pub(crate) async fn bind() -> Peer {
        Peer(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/a.mov", self.0.local_addr().unwrap())
    }

    pub(crate) fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// A phone that comes here, and does not ask first.
    pub(crate) fn phone(&self) -> Phone {
        let mut phone = Phone::new(&self.url()).unwrap();
        phone.check = Check::Skip;
        phone
    }

    pub(crate) async fn accept(&self) -> Conversation {
        let (stream, _) = timeout(LONG, self.0.accept()).await.expect("nobody connects").unwrap();
        Conversation { stream, unread: Vec::new() }
    }

    /// Accepts a connection, and reads the head of a request on it.
    pub(crate) async fn request(&self) -> (Conversation, String) {
        let mut conversation = self.accept().await;
        let head = conversation.head().await;
        (conversation, head)
    }
}

/// One connection.
pub(crate) struct Conversation {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Conversation {
    pub(crate) async fn head(&mut self) -> String {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.more().await.unwrap(), "the connection ended before a head");
        };
        let rest = self.unread.split_off(end);
        String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap()
    }

    pub(crate) async fn body(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(self.more().await.unwrap(), "the connection ended after {} bytes", self.unread.len());
        }
        let rest = self.unread.split_off(length);
        std::mem::replace(&mut self.unread, rest)
    }

    /// All that still comes, and whether the end is a clean one.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, bool) {
        let clean = loop {
            match self.more().await {
                Ok(true) => {}
                Ok(false) => break true,
                Err(_) => break false,
            }
        };
        (std::mem::take(&mut self.unread), clean)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Whether nothing has come yet, not even an end.
    pub(crate) fn is_silent(&self) -> bool {
        // Asked of the system itself: the runtime may not have heard of it yet.
        let next = SockRef::from(&self.stream).peek(&mut [MaybeUninit::uninit()]);
        next.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    async fn more(&mut self) -> io::Result<bool> {
        timeout(LONG, self.stream.read_buf(&mut self.unread)).await.expect("nothing comes").map(|n| n > 0)
    }
}

/// What a phone did, and what it told on the way, in short.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) story: Vec<String>,
}

impl Told {
    /// The failure in words, or the status.
    pub(crate) fn outcome(&self) -> String {
        match &self.report.outcome {
            Ok(answer) => answer.status.as_u16().to_string(),
            Err(trouble) => trouble.to_string(),
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.report.tally
    }

    #[track_caller]
    pub(crate) fn assert_stored(&self) {
        assert_eq!(self.outcome(), "201", "{:?}", self.story);
    }
}

/// Uploads, and hears what is told.
pub(crate) async fn upload(phone: &Phone, content: Arc<Memory>) -> Told {
    let mut story = Vec::new();
    let mut hear = |event: Event<'_>| match event {
        Event::Resumable(_) => story.push("resumable".to_owned()),
        Event::Ignored(why) => story.push(format!("ignored: {why}")),
        Event::Dropped { at, .. } => story.push(format!("dropped at {at}")),
        Event::Broken(why) => story.push(format!("broken: {why}")),
        Event::Offset(offset) => story.push(format!("offset {offset}")),
        Event::Restart(why) => story.push(format!("anew: {why}")),
        _ => {}
    };
    let report = timeout(LONG, phone.upload(content, &mut hear)).await.expect("the phone never ends");
    Told { report, story }
}
