//! The network between client and proxy: passes bytes, and can hold back the final answer.

use crate::gate::{Gate, Side, Trouble};
use crate::peer::Peer;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes moved at a time.
const PIECE: usize = 64 << 10;

/// A running relay. It ends with the runtime of its cell.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) addr: SocketAddr,
    /// Where the proxy is, if it is.
    target: watch::Sender<Option<SocketAddr>>,
}

impl Front {
    pub(crate) async fn before(proxy: SocketAddr, gate: &Gate) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (target, addr) = (watch::Sender::new(Some(proxy)), listener.local_addr().unwrap());
        let (targets, gate) = (target.subscribe(), gate.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = *targets.borrow();
                tokio::spawn(serve(client, target, gate.clone()));
            }
        });
        Front { addr, target }
    }

    /// The proxy is elsewhere, or nowhere.
    pub(crate) fn lead_to(&self, proxy: Option<SocketAddr>) {
        self.target.send_replace(proxy);
    }
}

/// How a connection ended.
enum End {
    /// Everything that was to come has come, and both sides know.
    Closed,
    Reset,
    Struck(Trouble),
}

async fn serve(mut client: TcpStream, proxy: Option<SocketAddr>, gate: Gate) {
    let mut fate = gate.fate(Side::Front);
    let connected = match proxy {
        Some(addr) => TcpStream::connect(addr).await.ok(),
        None => None,
    };
    let Some(mut proxy) = connected else { return Peer::new(client).reset() };
    let _ = (client.set_nodelay(true), proxy.set_nodelay(true));
    let end = {
        let (from_client, to_client) = client.split();
        let (from_proxy, to_proxy) = proxy.split();
        let both = async { tokio::try_join!(up(from_client, to_proxy), down(from_proxy, to_client, &gate)) };
        tokio::select! {
            biased;
            trouble = fate.strikes() => End::Struck(trouble),
            ended = both => if ended.is_ok() { End::Closed } else { End::Reset },
        }
    };
    let mut proxy = Peer::new(proxy);
    match end {
        End::Closed => {}
        End::Reset | End::Struck(Trouble::Cut) => {
            Peer::new(client).reset();
            proxy.reset();
        }
        // Until one end is closed; the client does that when everything is over.
        End::Struck(Trouble::Stalled) => {
            drop(fate);
            let mut client = Peer::new(client);
            tokio::select! {
                () = proxy.drain(|| gate.saw(|seen| seen.let_go += 1)) => {}
                () = client.drain(|| ()) => {}
            }
        }
        End::Struck(Trouble::HalfClosed) => {
            proxy.finish().await;
            drop(fate);
            let mut proxy = proxy.into_stream();
            let (from_proxy, _) = proxy.split();
            let (_, to_client) = client.split();
            if down(from_proxy, to_client, &gate).await.is_err() {
                Peer::new(client).reset();
            }
        }
    }
}

/// What the client sends, to its end.
async fn up(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> std::io::Result<()> {
    let mut bytes = vec![0; PIECE];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}

/// What the proxy sends, to its end.
async fn down(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, gate: &Gate) -> std::io::Result<()> {
    let mut bytes = vec![0; PIECE];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let bytes = &bytes[..count];
        // Heads are far smaller than a piece, and the proxy writes one at a time.
        if bytes.starts_with(b"HTTP/1.1 ") && !bytes.starts_with(b"HTTP/1.1 1") {
            gate.pass_answer().await;
        }
        to.write_all(bytes).await?;
    }
}
