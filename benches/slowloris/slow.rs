//! Slow connections: a byte a second each, as long as they are let, and then anew. On a thread of their own, so that good
//! uploads do not wait for them here.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Between two bytes of one connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Many of them. Dropping it ends them.
pub(crate) struct Crowd {
    connected: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

/// Counts a connection as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Crowd {
    /// Connects them all.
    pub(crate) async fn gather(addr: SocketAddr, size: usize) -> io::Result<Self> {
        let (connected, (stop, stopped)) = (Arc::new(AtomicUsize::new(0)), oneshot::channel());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let counter = Arc::clone(&connected);
        std::thread::spawn(move || runtime.block_on(run(addr, size, counter, stopped)));
        while connected.load(Ordering::Relaxed) < size {
            sleep(Duration::from_millis(10)).await;
        }
        // Until each has dripped once.
        sleep(PAUSE).await;
        Ok(Crowd { connected, _stop: stop })
    }

    /// Connections that there are at the moment.
    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }
}

async fn run(addr: SocketAddr, size: usize, connected: Arc<AtomicUsize>, stopped: oneshot::Receiver<()>) {
    let mut tasks = JoinSet::new();
    for number in 0..size {
        let connected = Arc::clone(&connected);
        tasks.spawn(async move {
            loop {
                // Cut off or refused: it comes back.
                let _ = drip(addr, number, &connected).await;
                sleep(PAUSE).await;
            }
        });
    }
    // An error is what it waits for: the sender is gone. That ends the tasks, too.
    let _ = stopped.await;
}

async fn drip(addr: SocketAddr, number: usize, connected: &Arc<AtomicUsize>) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    connected.fetch_add(1, Ordering::Relaxed);
    let _counted = Counted(Arc::clone(connected));
    let head = match number % 2 {
        0 => format!("PUT /slow-{number} HTTP/1.1\r\nX-Slow: "),
        _ => format!("PUT /slow-{number} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: 1000000\r\n\r\n"),
    };
    stream.write_all(head.as_bytes()).await?;
    // Not all at the same moment.
    sleep(PAUSE.mul_f64((number % 100) as f64 / 100.0)).await;
    loop {
        stream.write_all(b"x").await?;
        sleep(PAUSE).await;
    }
}
