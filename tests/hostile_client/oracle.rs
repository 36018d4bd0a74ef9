//! What a payload did, seen from both sides, against what it had to do.

use crate::authority::Authority;
use crate::hand::Hand;
use crate::payload::{Expect, File, Payload, SMUGGLED};
use crate::support::{Backend, Proxy, Settings, message, within};
use put2bits::bits::PacketKind;
use put2bits::mock::Event;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Whoever hangs for so long hangs.
const HANG: Duration = Duration::from_secs(5);

/// The program, the backend behind it, and what that has seen.
pub(crate) struct World {
    proxy: Proxy,
    /// How to shake hands, if that is wanted.
    tls: Option<(Authority, Hand)>,
    backend: Backend,
    events: Receiver<Event>,
    /// Ids of the refusals that were answered.
    refusals: Vec<String>,
}

/// All that the client saw.
#[derive(Debug, Default)]
struct Seen {
    answers: Vec<Answer>,
    /// The connection ended.
    ended: bool,
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl World {
    pub(crate) async fn new() -> World {
        let backend = Backend::new(&[], &[]);
        let settings = Settings::routes(&World::routes(&backend));
        World::start(settings, backend, None).await
    }

    /// The same behind TLS.
    pub(crate) async fn encrypted() -> World {
        let (backend, authority) = (Backend::new(&[], &[]), Authority::new());
        authority.issue("up", &["up.test"]);
        let listener = format!(
            "[[listener]]\naddress = '127.0.0.1:0'\ncertificates = [{}]\n{}",
            authority.pair("up"),
            World::routes(&backend)
        );
        let hand = Hand::new(&authority);
        World::start(Settings::listeners(&listener), backend, Some((authority, hand))).await
    }

    fn routes(backend: &Backend) -> String {
        let url = backend.url();
        format!(
            "[[route]]\npath = '/in/'\nbackend = '{url}up/'\nprofile = 'refuse'\nname_header = 'X-File-Name'\n\
             [[route]]\npath = '/strict/'\nbackend = '{url}up/'\nzero_length = 'refuse'\nresumption = 'off'\n"
        )
    }

    async fn start(settings: Settings, backend: Backend, tls: Option<(Authority, Hand)>) -> World {
        let proxy = settings.set("limits.max_upload", "1MiB").start().await;
        let events = backend.events();
        World { proxy, tls, backend, events, refusals: Vec::new() }
    }

    async fn connect(&self) -> Box<dyn Stream> {
        match &self.tls {
            None => Box::new(TcpStream::connect(self.proxy.addr).await.unwrap()),
            Some((_, hand)) => Box::new(hand.connect(self.proxy.addr, "up.test").await.unwrap()),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.proxy.addr
    }

    /// What is wrong with what became of it.
    pub(crate) async fn judge(&mut self, payload: &Payload) -> Result<(), String> {
        let expect = payload.expect;
        let expected = expect.answers();
        let mut stream = self.connect().await;
        let mut bytes = payload.bytes.clone();
        if matches!(expect, Expect::Refused(..)) {
            bytes.extend_from_slice(SMUGGLED.as_bytes());
        }
        let is_head = payload.bytes.starts_with(b"HEAD ");
        // It may be refused while it is still being sent.
        let _ = tokio::time::timeout(HANG, send(&mut stream, &bytes)).await;
        if matches!(expect, Expect::Cut(_)) {
            let _ = stream.shutdown().await;
        }
        let wanted = if expect.goes_on() { Some(expected.len()) } else { None };
        let seen = match tokio::time::timeout(HANG, read(&mut stream, wanted, is_head)).await {
            Ok(seen) => seen?,
            Err(_) => return Err(format!("no end within {HANG:?}")),
        };
        let told: Vec<_> = seen.answers.iter().map(Answer::told).collect();
        if told != expected {
            return Err(format!("answered {told:?}, not {expected:?}"));
        }
        self.refusals.extend(
            seen.answers.into_iter().filter(|answer| !answer.code.is_empty()).map(|answer| answer.id),
        );
        if seen.ended == expect.goes_on() {
            return Err(format!("the connection {}", if seen.ended { "ended" } else { "goes on" }));
        }
        self.at_the_backend(&expect.stored(), matches!(expect, Expect::Broken | Expect::Cut(_)))?;
        if !seen.ended {
            // Nothing is left over of it: the next request is understood as it is meant.
            let next = "PUT /in/next HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\nnext";
            send(&mut stream, next.as_bytes()).await.map_err(|error| error.to_string())?;
            let next = tokio::time::timeout(HANG, read(&mut stream, Some(1), false)).await;
            let next = next.map_err(|_| "no answer to the next request".to_owned())??;
            if next.answers.iter().map(Answer::told).ne([(201, "")]) {
                return Err(format!("the next request was answered {:?}", next.answers));
            }
            self.at_the_backend(&[("/up/next", "next")], false)?;
        }
        Ok(())
    }

    /// The backend saw the packets of these files, and none besides. `broken`: packets of an upload that stores nothing are
    /// no surprise.
    pub(crate) fn at_the_backend(&mut self, files: &[File], broken: bool) -> Result<(), String> {
        let mut published = Vec::new();
        loop {
            let event = match self.events.try_recv() {
                Ok(event) => event,
                Err(TryRecvError::Empty) => break,
                Err(error) => return Err(format!("the backend's events: {error}")),
            };
            match event {
                Event::Published { target, file } => published.push((target, file.length, file.sha256)),
                Event::Packet { kind: Some(kind), target, status: Some(200 | 201), .. }
                    if files.iter().any(|(known, _)| *known == target)
                        || (broken && is_broken_upload(kind, &target)) => {}
                // Its client is gone, and it is cancelled some time later.
                Event::Packet { target, .. } if is_broken_upload(PacketKind::CancelSession, &target) => {}
                other => return Err(format!("the backend saw {other}")),
            }
        }
        let expected: Vec<_> = files
            .iter()
            .map(|(target, text)| {
                ((*target).to_owned(), text.len() as u64, Some(Sha256::digest(text.as_bytes()).into()))
            })
            .collect();
        if published != expected {
            return Err(format!("stored {published:?}, not {files:?}"));
        }
        Ok(())
    }

    /// The program is alive, and its log has one line for each refusal and none that does not belong there.
    pub(crate) async fn end(mut self) {
        let mut stream = self.connect().await;
        send(&mut stream, b"GET /the-end HTTP/1.1\r\nHost: p\r\n\r\n").await.unwrap();
        let seen = within("the last answer", read(&mut stream, Some(1), false)).await.unwrap();
        assert_eq!(seen.answers[0].told(), (405, "method_not_allowed"));
        self.proxy.line("the last refusal", |line| line["path"] == "/the-end").await;
        for line in self.proxy.log_text().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(line.is_object(), "not a line of ours: {line}");
            assert_ne!(line["level"], "ERROR", "{line}");
            let text = message(&line);
            assert!(
                !text.chars().any(|c| c.is_control() || "\u{2028}\u{2029}\u{202d}\u{202e}".contains(c)),
                "{line}"
            );
        }
        let log = self.proxy.log_text();
        let known: HashSet<_> =
            log.lines().filter_map(|line| line.split_once("\"id\":\"")?.1.split('"').next()).collect();
        let missing: Vec<_> = self.refusals.iter().filter(|id| !known.contains(id.as_str())).collect();
        assert!(missing.is_empty(), "refusals without a line: {missing:?}");
        crate::support::signal(self.proxy.pid(), "TERM");
        assert_eq!(self.proxy.exit_code().await, Some(0));
    }

    /// Whatever the backend saw, it was packets for files below the route.
    pub(crate) fn all_harmless(&mut self) {
        for target in self.backend.published().keys() {
            assert!(target.starts_with("/up/") && !target.contains("//"), "{target}");
        }
        assert_eq!(self.backend.stats().refusals, 0, "{}", self.backend.stats());
    }
}

/// A packet of an upload that fails with its client.
fn is_broken_upload(kind: PacketKind, target: &str) -> bool {
    let name = target.strip_prefix("/up/").unwrap_or_default();
    let waits = name.starts_with("chunks-") || name == "a" || name == "cut";
    waits && matches!(kind, PacketKind::CreateSession | PacketKind::Fragment | PacketKind::CancelSession)
}

async fn send(stream: &mut Box<dyn Stream>, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Reads final answers: so many, or all until the connection ends. One to HEAD has no body.
async fn read(stream: &mut Box<dyn Stream>, wanted: Option<usize>, is_head: bool) -> Result<Seen, String> {
    let (mut seen, mut buffer) = (Seen::default(), Vec::new());
    loop {
        while let Some(answer) = answer(&buffer, is_head)? {
            buffer.drain(..answer.length);
            // Interim ones may come or not.
            if answer.status >= 200 {
                seen.answers.push(answer);
            }
        }
        if wanted == Some(seen.answers.len()) && buffer.is_empty() {
            return Ok(seen);
        }
        match stream.read_buf(&mut buffer).await {
            Ok(read) if read > 0 => {}
            // A reset is an end, too.
            _ if buffer.is_empty() => return Ok(Seen { ended: true, ..seen }),
            _ => return Err(format!("ended within an answer: {:?}", String::from_utf8_lossy(&buffer))),
        }
    }
}

/// One answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    code: String,
    id: String,
    /// All of it, in bytes.
    pub(crate) length: usize,
}

impl Answer {
    fn told(&self) -> (u16, &str) {
        (self.status, &self.code)
    }
}

/// The first answer in the buffer; nothing if it is not whole.
pub(crate) fn answer(buffer: &[u8], is_head: bool) -> Result<Option<Answer>, String> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end]).map_err(|error| error.to_string())?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status = status.ok_or_else(|| format!("not an answer: {first:?}"))?;
    let mut answer = Answer { status, length: end + 4, ..Answer::default() };
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("not a field: {line:?}"))?;
        match name.to_ascii_lowercase().as_str() {
            "put2bits-error" => value.clone_into(&mut answer.code),
            "put2bits-id" => value.clone_into(&mut answer.id),
            "content-length" if !is_head => {
                answer.length += value.parse::<usize>().map_err(|_| format!("no length: {value:?}"))?;
            }
            _ => {}
        }
    }
    Ok((buffer.len() >= answer.length).then_some(answer))
}
