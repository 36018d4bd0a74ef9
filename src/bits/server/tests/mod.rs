//! Tables: what is sent, under which knobs, and the exact answer.

mod checks;
mod knobs;
mod rules;

use super::*;
use crate::bits::{ContentRange, Destination, Dialect, Packet, SessionId};
use http::{HeaderName, HeaderValue, Request};

const TARGET: &str = "/up/f.bin";

/// A client that sends what it is told, and the file as the caller of the server keeps it.
pub(super) struct Peer {
    pub(super) server: Server,
    pub(super) now: Duration,
    pub(super) connection: u64,
    pub(super) target: TargetState,
    pub(super) path: &'static str,
    pub(super) id: HeaderValue,
    pub(super) effects: Vec<Effect>,
    created: u128,
}

impl Peer {
    /// A strict server with some quirks.
    pub(super) fn new(quirks: &[&str]) -> Self {
        let mut knobs = Knobs::strict();
        for quirk in quirks {
            knobs.set(quirk).unwrap();
        }
        Peer::of(knobs)
    }

    pub(super) fn of(knobs: Knobs) -> Self {
        Peer {
            server: Server::new(knobs),
            now: Duration::ZERO,
            connection: 1,
            target: TargetState::Free,
            path: TARGET,
            id: HeaderValue::from_static("none"),
            effects: Vec::new(),
            created: 0,
        }
    }

    /// The same with a session.
    pub(super) fn open(quirks: &[&str]) -> Self {
        let mut peer = Peer::new(quirks);
        peer.create();
        peer
    }

    pub(super) fn packet(&self, packet: Packet) -> Request<()> {
        packet.request(
            &Destination {
                target: self.path.parse().unwrap(),
                host: HeaderValue::from_static("host"),
                content_name: HeaderValue::from_static("f.bin"),
            },
            &Dialect::default(),
        )
    }

    pub(super) fn session(&self) -> SessionId {
        SessionId::new(self.id.clone()).unwrap()
    }

    pub(super) fn begin(&mut self, request: &Request<()>) -> Begin {
        let target = request.uri().path_and_query().unwrap().as_str();
        let head = RequestHead { method: request.method(), target, headers: request.headers() };
        self.created += 1;
        self.server.begin(self.now, self.connection, &head, self.target, self.created)
    }

    /// Sends a request with its whole body.
    pub(super) fn send(&mut self, request: &Request<()>) -> String {
        let reply = match self.begin(request) {
            Begin::Answer(reply) => reply,
            Begin::Receive(intake) => self.server.finish(self.now, intake),
            Begin::Busy(_) => return "busy".into(),
        };
        self.effects.extend(reply.effects.iter().cloned());
        seen(&reply)
    }

    pub(super) fn create(&mut self) -> String {
        let request = self.packet(Packet::CreateSession);
        let answer = self.send(&request);
        if let Some((_, session)) = self.server.sessions().last() {
            self.id = session.id().clone();
        }
        answer
    }

    pub(super) fn ping(&mut self) -> String {
        self.send(&self.packet(Packet::Ping))
    }

    /// Sends the bytes `start..end` of `total`.
    pub(super) fn fragment(&mut self, start: u64, end: u64, total: u64) -> String {
        let request = self.fragment_head(start, end, total);
        self.send(&request)
    }

    pub(super) fn fragment_head(&self, start: u64, end: u64, total: u64) -> Request<()> {
        let range = ContentRange::new(start, end, total).unwrap();
        self.packet(Packet::Fragment { session: self.session(), range })
    }

    pub(super) fn close(&mut self) -> String {
        self.send(&self.packet(Packet::CloseSession { session: self.session() }))
    }

    pub(super) fn cancel(&mut self) -> String {
        self.send(&self.packet(Packet::CancelSession { session: self.session() }))
    }

    /// A fragment whose connection breaks after `received` bytes.
    pub(super) fn break_off(&mut self, start: u64, end: u64, total: u64, received: u64) -> u64 {
        match self.begin(&self.fragment_head(start, end, total)) {
            Begin::Receive(intake) => self.server.abort(intake, received),
            other => panic!("{other:?}"),
        }
    }

    /// A packet with one header set, or removed when the value is empty.
    pub(super) fn with(&mut self, packet: Packet, name: &'static str, value: &str) -> String {
        let mut request = self.packet(packet);
        let name = HeaderName::from_static(name);
        match value {
            "" => request.headers_mut().remove(name),
            _ => request.headers_mut().insert(name, HeaderValue::try_from(value).unwrap()),
        };
        self.send(&request)
    }

    pub(super) fn published(&self) -> Vec<u64> {
        let lengths = self.effects.iter().map(|effect| match effect {
            Effect::Publish { length, .. } => Some(*length),
            _ => None,
        });
        lengths.flatten().collect()
    }
}

/// An answer in short: `416 0x0/0x5 next=100`.
pub(super) fn seen(reply: &Reply) -> String {
    let headers = reply.header_map();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut out = reply.status.as_str().to_owned();
    if let Some(code) = text("bits-error-code").or(text("bits-error")) {
        out += &format!(" {code}/{}", text("bits-error-context").unwrap());
    }
    if let Some(next) = text("bits-received-content-range") {
        out += &format!(" next={next}");
    }
    if let Some(next) = text("bits-recieved-content-range") {
        out += &format!(" nexxt={next}");
    }
    if text("bits-packet-type").as_deref() != Some("Ack") {
        out += " bare";
    }
    match reply.delivery {
        Delivery::AfterBody => {}
        Delivery::Early => out += " early",
        Delivery::HangUp => out += " hang-up",
    }
    out
}
