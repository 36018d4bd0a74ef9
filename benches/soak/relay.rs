//! A piece of network that can be cut and frozen. It passes on what its two ends do: an end as an end, a reset as a reset.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing moves.
    Frozen,
    /// Every connection is reset, new ones too.
    Closed,
}

/// It runs as long as the runtime that it was made in.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    addr: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    /// Changes when all connections of now are to be reset.
    cuts: Arc<watch::Sender<u64>>,
}

impl Relay {
    /// Before that address.
    pub(crate) async fn bind(target: SocketAddr) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let relay = Relay {
            addr,
            way: Arc::new(watch::Sender::new(Way::Open)),
            cuts: Arc::new(watch::Sender::new(0)),
        };
        let (way, cuts) = (Arc::clone(&relay.way), Arc::clone(&relay.cuts));
        tokio::spawn(async move {
            // Without descriptors it ends, and whoever is behind it cannot be reached any more: that shows.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, target, way.subscribe(), cuts.subscribe()));
            }
        });
        Ok(relay)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Resets all connections.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Nothing moves until it is opened.
    pub(crate) fn freeze(&self) {
        self.way.send_replace(Way::Frozen);
    }

    /// Nobody gets through until it is opened.
    pub(crate) fn close(&self) {
        self.way.send_replace(Way::Closed);
        self.cut();
    }

    pub(crate) fn open(&self) {
        self.way.send_replace(Way::Open);
    }
}

async fn carry(
    mut near: TcpStream,
    target: SocketAddr,
    way: watch::Receiver<Way>,
    mut cuts: watch::Receiver<u64>,
) {
    if *way.borrow() == Way::Closed {
        // An option that cannot be set makes an end of a reset.
        let _ = near.set_zero_linger();
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else {
        let _ = near.set_zero_linger();
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ended = {
        let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
        let both = async {
            tokio::try_join!(pump(from_near, to_far, way.clone()), pump(from_far, to_near, way.clone()))
        };
        tokio::select! {
            ended = both => ended.is_ok(),
            _ = cuts.changed() => false,
        }
    };
    if !ended {
        let _ = (near.set_zero_linger(), far.set_zero_linger());
    }
}

/// One direction, to its end.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        // It fails if the relay is gone: then nothing is frozen any more either.
        let _ = way.wait_for(|way| *way != Way::Frozen).await;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}
