//! A front on a loopback port with scripted uploads behind it, and a client that writes raw bytes.

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use put2bits::error::{Failure, Problem};
use put2bits::front::{Service, serve_connection};
use put2bits::limits::{Limits, MIB};
use put2bits::resumable::Settings;
use put2bits::resumable::reply::Told;
use put2bits::route::{BackendUrl, Route, Routes, ZeroLength};
use put2bits::transfer::{
    Begun, Created, Feeding, Found, NewPart, NewUpload, Outcome, Refusal, Report, Upload, Uploads,
};
use put2bits::upload::{Principal, Stored};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Nothing here takes longer unless something hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Largest upload that the front takes.
pub(crate) const MAX_UPLOAD: u64 = 100 * MIB;

/// What the scripted uploads saw.
#[derive(Debug)]
pub(crate) enum Event {
    /// An upload began.
    Started(Box<Upload>),
    /// The body was read to its end: so many bytes.
    Read(u64),
    /// The body ended too early.
    Broken,
    /// The client went away while the upload waited.
    ClientGone,
    /// The front refused a request.
    Refused(Refused),
}

/// What was told about a refusal.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) id: String,
    pub(crate) client: SocketAddr,
    pub(crate) code: &'static str,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
}

/// Uploads that do what the name of the file says.
#[derive(Clone)]
pub(crate) struct Script {
    events: mpsc::UnboundedSender<Event>,
    /// A permit lets an upload named `gated…` go on.
    pub(crate) gate: Arc<Semaphore>,
}

impl Uploads for Script {
    fn start<B>(
        &self,
        upload: Upload,
        _: Option<&Principal>,
        body: B,
    ) -> Result<oneshot::Receiver<Outcome>, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(self.clone().run(upload, body, sender));
        Ok(receiver)
    }

    async fn create(&self, _: NewUpload) -> Result<Created, Failure> {
        panic!("no request of these tests begins an upload that can be resumed")
    }

    fn begun(&self, _: &str) -> Option<Begun> {
        None
    }

    fn find(&self, _: &str, _: Option<&Principal>) -> Option<Found> {
        None
    }

    fn feed<B>(&self, _: &str, _: NewPart, _: B) -> Feeding
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        panic!("there is no upload that can be resumed")
    }

    async fn status(&self, _: &str) -> Result<Told, Problem> {
        Err(Problem::UploadUnknown)
    }

    async fn cancel(&self, _: &str) -> Result<(), Problem> {
        Err(Problem::UploadUnknown)
    }

    fn refused(&self, refusal: Refusal<'_>) {
        let _ = self.events.send(Event::Refused(Refused {
            id: refusal.id.to_owned(),
            client: refusal.client,
            code: refusal.failure.problem.code(),
            method: refusal.method.map(ToString::to_string),
            path: refusal.path.map(str::to_owned),
        }));
    }
}

impl Script {
    async fn run<B>(self, upload: Upload, mut body: B, mut sender: oneshot::Sender<Outcome>)
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: std::error::Error,
    {
        let name = upload.destination.target.path().rsplit('/').next().unwrap().to_owned();
        let _ = self.events.send(Event::Started(Box::new(upload)));
        if name.starts_with("gated") {
            self.gate.acquire().await.unwrap().forget();
        }
        let result = match name.as_str() {
            "full" => Err(Failure::new(Problem::DiskFull, "No room.")),
            "later-full" => {
                let _ = body.frame().await;
                Err(Failure::new(Problem::DiskFull, "No room after the first bytes."))
            }
            "gated-full" => Err(Failure::new(Problem::DiskFull, "No room after a while.")),
            "busy" => Err(Failure { retry_after: Some(7), ..Failure::new(Problem::Unavailable, "Busy.") }),
            "dies" => return,
            "waits" => {
                sender.closed().await;
                let _ = self.events.send(Event::ClientGone);
                return;
            }
            _ => {
                let mut read = 0;
                while let Some(frame) = body.frame().await {
                    let Ok(frame) = frame else {
                        let _ = self.events.send(Event::Broken);
                        return;
                    };
                    read += frame.data_ref().map_or(0, |data| data.len() as u64);
                }
                let _ = self.events.send(Event::Read(read));
                Ok(Stored::default())
            }
        };
        let _ = sender.send(Outcome { result, report: Report::default() });
    }
}

/// The running front.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
    /// Ends when every connection has ended.
    pub(crate) connections: tokio_util::task::TaskTracker,
}

impl Front {
    pub(crate) async fn start() -> Front {
        Front::with(|_| {}).await
    }

    /// With some limits changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Limits)) -> Front {
        let backend = BackendUrl::parse("http://iis/up/").unwrap();
        let mut strict = Route::new("/strict/", backend.clone());
        strict.zero_length = ZeroLength::Refuse;
        let routes = Arc::new(Routes::new(vec![Route::new("/in/", backend), strict]));
        let mut limits = Limits { max_upload: MAX_UPLOAD, ..Limits::default() };
        change(&mut limits);
        let (sender, events) = mpsc::unbounded_channel();
        let script = Script { events: sender, gate: Arc::new(Semaphore::new(0)) };
        let gate = Arc::clone(&script.gate);
        let service = Service::new(script, routes, Arc::new(limits), Arc::new(Settings::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let connections = tokio_util::task::TaskTracker::new();
        let (token, tracker) = (shutdown.clone(), connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tracker.spawn(serve_connection(stream, client, service.clone(), token.clone()));
            }
        });
        Front { address, events, gate, shutdown, connections }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), seen: Vec::new() }
    }

    /// The answer to one request on a connection of its own.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }

    pub(crate) async fn event(&mut self) -> Event {
        within(self.events.recv()).await.unwrap()
    }
}

/// The result of a future, or a failed test instead of a hanging one.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

/// One response.
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

    /// The stable code of a refusal, the same in its header and its document.
    pub(crate) fn code(&self) -> &str {
        let code = self.header("put2bits-error").unwrap_or_else(|| panic!("not a refusal of ours: {self:?}"));
        if !self.body.is_empty() {
            let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
            assert_eq!(
                (document["code"].as_str(), document["status"].as_u64()),
                (Some(code), Some(self.status.into()))
            );
            assert_eq!(self.header("content-type"), Some("application/problem+json"));
        }
        code
    }
}

/// A connection to the front.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    seen: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// The next response; the connection must not break before it is whole.
    pub(crate) async fn answer(&mut self) -> Answer {
        let end = self.head_end().await;
        let head = String::from_utf8(self.seen.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.seen.len() < length {
            assert!(self.more().await > 0, "closed within a body");
        }
        answer.body = self.seen.drain(..length).collect();
        answer
    }

    /// Asserts that the connection ends without another byte.
    pub(crate) async fn ends(&mut self) {
        assert!(self.seen.is_empty(), "{:?}", String::from_utf8_lossy(&self.seen));
        assert_eq!(self.more().await, 0, "{:?}", String::from_utf8_lossy(&self.seen));
    }

    async fn head_end(&mut self) -> usize {
        loop {
            if let Some(at) = self.seen.windows(4).position(|window| window == b"\r\n\r\n") {
                return at + 4;
            }
            assert!(self.more().await > 0, "closed within a head: {:?}", String::from_utf8_lossy(&self.seen));
        }
    }

    async fn more(&mut self) -> usize {
        within(self.stream.read_buf(&mut self.seen)).await.unwrap()
    }
}
