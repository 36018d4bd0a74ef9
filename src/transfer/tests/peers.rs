//! The two ends: a body that is fed by the test, and a backend that is a BITS server in memory.

use super::*;
use crate::bits::server::{Begin, Delivery, Effect, RequestHead, SessionKey, TargetState};
use crate::bits::{Dialect, Node};
use http::{HeaderName, StatusCode};
use http_body::{Body, Frame};
use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::{Semaphore, mpsc};

/// Pieces, errors and trailers from a channel; the end when its sender is dropped.
pub(crate) struct Feed {
    frames: mpsc::UnboundedReceiver<io::Result<Frame<Bytes>>>,
    /// How often the body was polled, and how many bytes it gave.
    seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) polls: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

pub(crate) type Feeder = mpsc::UnboundedSender<io::Result<Frame<Bytes>>>;

impl Feed {
    pub(crate) fn new() -> (Feeder, Arc<Seen>, Feed) {
        let (feeder, frames) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen::default());
        (feeder, Arc::clone(&seen), Feed { frames, seen })
    }

    /// All of these pieces, then the end.
    pub(crate) fn of(pieces: impl IntoIterator<Item = Bytes>) -> (Arc<Seen>, Feed) {
        let (feeder, seen, feed) = Feed::new();
        for piece in pieces {
            feeder.send(Ok(Frame::data(piece))).unwrap();
        }
        (seen, feed)
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        this.seen.polls.fetch_add(1, Ordering::Relaxed);
        let frame = std::task::ready!(this.frames.poll_recv(cx));
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            this.seen.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }
}

/// What happens to a question.
pub(crate) enum Fate {
    Serve,
    /// Served, with these headers added to the answer.
    With(&'static [(&'static str, &'static str)]),
    /// Served when the semaphore has a permit.
    When(Arc<Semaphore>),
    ServedAfter(Duration),
    /// Served, the answer is lost.
    Lost,
    /// Served, and no answer ever.
    Silent,
    /// No answer ever. Real backends give up by themselves; this one shows who else does.
    Never,
    /// Not served: this instead.
    Instead(u16, &'static str),
}

/// The backend, shared by all its connections.
pub(crate) struct State {
    pub(crate) server: Server,
    pub(crate) plan: Box<dyn FnMut(&str) -> Fate + Send>,
    stores: HashMap<SessionKey, Vec<u8>>,
    pub(crate) published: Vec<Vec<u8>>,
    /// Every question, as the session's tests write it.
    pub(crate) log: Vec<String>,
    /// How long each was waited for.
    pub(crate) patience: Vec<Patience>,
    /// Address and size of each piece that was sent.
    pub(crate) pieces: Vec<(usize, usize)>,
    ids: u128,
}

impl State {
    pub(crate) fn new(server: Server) -> Self {
        State {
            server,
            plan: Box::new(|_| Fate::Serve),
            stores: HashMap::new(),
            published: Vec::new(),
            log: Vec::new(),
            patience: Vec::new(),
            pieces: Vec::new(),
            ids: 0,
        }
    }

    fn serve(&mut self, packet: &Packet, body: &[Bytes]) -> Result<Answer, NoAnswer> {
        let request = packet.request(
            &Destination {
                target: "/up/f.bin".parse().unwrap(),
                host: HeaderValue::from_static("backend"),
                content_name: HeaderValue::from_static("f.bin"),
            },
            &Dialect::default(),
        );
        let head = RequestHead { method: request.method(), target: "/up/f.bin", headers: request.headers() };
        self.ids += 1;
        let reply = match self.server.begin(Duration::ZERO, 1, &head, TargetState::Free, self.ids) {
            Begin::Answer(reply) => reply,
            Begin::Receive(intake) => {
                let store = self.stores.entry(intake.session()).or_default();
                store.truncate(intake.at() as usize);
                let (skip, take) = (intake.skip() as usize, intake.store() as usize);
                store.extend(body.iter().flatten().skip(skip).take(take));
                self.server.finish(Duration::ZERO, intake)
            }
            Begin::Busy(_) => unreachable!("bodies come at once here"),
        };
        for effect in &reply.effects {
            match effect {
                Effect::Open { .. } => {}
                Effect::Publish { session, .. } => {
                    self.published.push(self.stores.remove(session).unwrap_or_default());
                }
                Effect::Discard { session } => drop(self.stores.remove(session)),
            }
        }
        if reply.delivery == Delivery::HangUp {
            return Err(NoAnswer::Lost("hung up".into()));
        }
        Ok(Answer {
            status: reply.status,
            headers: reply.header_map(),
            body: Bytes::new(),
            waited: None,
            early: false,
        })
    }
}

/// One way to the backend.
pub(crate) struct Host {
    state: Arc<Mutex<State>>,
    node: Option<Node>,
}

impl Host {
    pub(crate) fn new(state: Arc<Mutex<State>>) -> Self {
        Host { state, node: None }
    }
}

impl Backend for Host {
    fn go_to(&mut self, node: Option<&Node>) {
        self.node = node.cloned();
    }

    async fn exchange(&mut self, call: Call, patience: Patience) -> Result<Answer, NoAnswer> {
        let (name, packet, body) = match call {
            Call::Packet { packet: packet @ Packet::Fragment { range, .. }, body } => {
                (range.to_string(), Some(packet), body)
            }
            Call::Packet { packet, body } => (packet.kind().to_string(), Some(packet), body),
            Call::Evidence => ("HEAD".into(), None, Vec::new()),
            Call::Reply { url } => (format!("GET {}", url.to_str().unwrap()), None, Vec::new()),
        };
        if let Some(packet) = &packet {
            let sent: usize = body.iter().map(Bytes::len).sum();
            assert_eq!(sent as u64, packet.content_length(), "{name}");
        }
        let fate = {
            let mut state = self.state.lock().unwrap();
            state.pieces.extend(body.iter().map(|piece| (piece.as_ptr() as usize, piece.len())));
            state.patience.push(patience);
            let fate = (state.plan)(&name);
            state.log.push(match &self.node {
                Some(node) => format!("{name} at {node}"),
                None => name,
            });
            fate
        };
        let serve = || match &packet {
            Some(packet) => self.state.lock().unwrap().serve(packet, &body),
            None => Ok(Answer {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: Bytes::from_static(b"hi"),
                waited: None,
                early: false,
            }),
        };
        match fate {
            Fate::Serve => serve(),
            Fate::With(pairs) => serve().map(|mut answer| {
                for (name, value) in pairs {
                    answer.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
                }
                answer
            }),
            Fate::When(gate) => {
                gate.acquire().await.expect("never closed").forget();
                serve()
            }
            Fate::ServedAfter(time) => {
                sleep(time).await;
                serve()
            }
            Fate::Lost => serve().and(Err(NoAnswer::Lost("scripted".into()))),
            Fate::Silent => {
                let _ = serve();
                pending().await
            }
            Fate::Never => pending().await,
            Fate::Instead(status, retry_after) => {
                let mut headers = HeaderMap::new();
                headers.insert("bits-packet-type", HeaderValue::from_static("Ack"));
                headers.insert("retry-after", HeaderValue::from_static(retry_after));
                Ok(Answer {
                    status: StatusCode::from_u16(status).unwrap(),
                    headers,
                    body: Bytes::new(),
                    waited: None,
                    early: false,
                })
            }
        }
    }
}
