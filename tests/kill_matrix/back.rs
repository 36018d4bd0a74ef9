//! The network between proxy and backend: passes packet by packet, so that it can stop at any point of any of them.

use crate::gate::{Gate, Moment, Packet, Side, Trouble};
use crate::peer::Peer;
use put2bits::bits::{ContentRange, PacketKind};
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A running relay. It ends with the runtime of its cell.
#[derive(Debug)]
pub(crate) struct Back {
    addr: SocketAddr,
    /// Where the backend is, if it is.
    target: watch::Sender<Option<SocketAddr>>,
}

impl Back {
    pub(crate) async fn before(backend: SocketAddr, gate: &Gate) -> Back {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (target, addr) = (watch::Sender::new(Some(backend)), listener.local_addr().unwrap());
        let (targets, gate) = (target.subscribe(), gate.clone());
        tokio::spawn(async move {
            while let Ok((proxy, _)) = listener.accept().await {
                let target = *targets.borrow();
                tokio::spawn(serve(Peer::new(proxy), target, gate.clone()));
            }
        });
        Back { addr, target }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// The backend is elsewhere, or nowhere.
    pub(crate) fn lead_to(&self, backend: Option<SocketAddr>) {
        self.target.send_replace(backend);
    }
}

async fn serve(mut proxy: Peer, backend: Option<SocketAddr>, gate: Gate) {
    let mut fate = gate.fate(Side::Back);
    let connected = match backend {
        Some(addr) => TcpStream::connect(addr).await,
        None => Err(ErrorKind::ConnectionRefused.into()),
    };
    let Ok(backend) = connected else { return proxy.reset() };
    let mut backend = Peer::new(backend);
    let trouble = tokio::select! {
        biased;
        trouble = fate.strikes() => Some(trouble),
        ended = packets(&mut proxy, &mut backend, &gate) => match ended {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            _ => Some(Trouble::Cut),
        },
    };
    match trouble {
        None => {}
        Some(Trouble::Cut) => {
            proxy.reset();
            backend.reset();
        }
        Some(Trouble::Stalled) => {
            drop(fate);
            proxy.drain(|| ()).await;
        }
        Some(Trouble::HalfClosed) => {
            proxy.finish().await;
            drop(fate);
            proxy.drain(|| ()).await;
        }
    }
}

/// One packet and its answer after the other, until one of both is gone.
async fn packets(proxy: &mut Peer, backend: &mut Peer, gate: &Gate) -> Result<()> {
    loop {
        let head = proxy.head().await?;
        let (kind, packet, length) = (kind(&head), packet(&head), length(&head));
        tokio::select! {
            () = gate.pass(packet, Moment::Unsent) => {}
            error = proxy.gone() => return Err(error),
        }
        backend.send(head.as_bytes()).await?;
        proxy.forward(backend, length / 2).await?;
        gate.pass(packet, Moment::Half).await;
        proxy.forward(backend, length - length / 2).await?;
        let answer = tokio::select! {
            answer = backend.head() => answer?,
            error = proxy.gone() => return Err(error),
        };
        let bytes = if head.starts_with("HEAD") { 0 } else { self::length(&answer) };
        let body = backend.body(bytes).await?;
        count_sessions(kind, &head, &answer, gate);
        tokio::select! {
            () = gate.pass(packet, Moment::Sent) => {}
            error = proxy.gone() => return Err(error),
        }
        learn(kind, &answer, gate);
        proxy.send(&[answer.as_bytes(), &body].concat()).await?;
        gate.note(packet, Moment::Answered);
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn length(head: &str) -> usize {
    field(head, "content-length").map_or(0, |length| length.parse().unwrap())
}

fn kind(head: &str) -> Option<PacketKind> {
    PacketKind::parse(field(head, "bits-packet-type")?.as_bytes())
}

fn packet(head: &str) -> Packet {
    match kind(head) {
        Some(PacketKind::CreateSession) => Packet::Create,
        Some(PacketKind::CloseSession) => Packet::Close,
        Some(PacketKind::Fragment) => {
            let range = field(head, "content-range").and_then(ContentRange::parse).unwrap();
            Packet::Fragment(range.start(), range.end())
        }
        _ => Packet::Other,
    }
}

fn is_success(answer: &str) -> bool {
    answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2'))
}

/// What the backend has done, whether the proxy hears of it or not.
fn count_sessions(kind: Option<PacketKind>, head: &str, answer: &str, gate: &Gate) {
    let id = |head| field(head, "bits-session-id").unwrap_or_default().to_owned();
    gate.saw(|seen| match kind {
        Some(PacketKind::CreateSession) if is_success(answer) => {
            seen.sessions.insert(id(answer));
        }
        Some(PacketKind::CloseSession | PacketKind::CancelSession) if is_success(answer) => {
            seen.sessions.remove(&id(head));
        }
        _ => {}
    });
}

/// What the proxy is about to hear: nothing else may it tell.
fn learn(kind: Option<PacketKind>, answer: &str, gate: &Gate) {
    let offset = field(answer, "bits-received-content-range").and_then(|offset| offset.parse::<u64>().ok());
    gate.saw(|seen| {
        if kind == Some(PacketKind::CreateSession) && is_success(answer) {
            seen.acknowledged = 0;
        }
        seen.acknowledged = seen.acknowledged.max(offset.unwrap_or(0));
    });
}
