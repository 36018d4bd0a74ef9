//! The sinks: a plain one that takes PUTs, and the mock BITS server. Both drop the bytes. On a thread of their own.

use crate::client;
use crate::door::{self, Stream};
use crate::peer::Protocol;
use crate::sending::BUFFER;
use put2bits::mock::{Fault, Mock, MockConfig};
use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

/// What the way to the backend is like.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Conditions {
    /// Each answer comes that late: the round trip.
    pub(crate) delay: Duration,
    /// Bytes a second that get there; as fast as it goes if nothing is said.
    pub(crate) rate: Option<u64>,
}

/// A running backend. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Backend {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Backend {
    /// `encrypted`: it speaks TLS.
    pub(crate) fn start(protocol: Protocol, encrypted: bool, conditions: Conditions) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (addr, mock) = runtime.block_on(open(protocol, encrypted, conditions))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("backend".into()).spawn(move || {
            // An error is what it waits for: the sender is gone.
            let _ = runtime.block_on(stopped);
            drop(mock);
        })?;
        Ok(Backend { addr, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn open(
    protocol: Protocol,
    encrypted: bool,
    conditions: Conditions,
) -> io::Result<(SocketAddr, Option<Mock>)> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (mut addr, mock) = match protocol {
        Protocol::Put | Protocol::Resumable => {
            let listener = TcpListener::bind(any).await?;
            let addr = listener.local_addr()?;
            tokio::spawn(accept(listener, move |stream| take_puts(stream, conditions.delay)));
            (addr, None)
        }
        Protocol::Bits => {
            let late = format!("delay={}us:any:p=1", conditions.delay.as_micros());
            let late = (!conditions.delay.is_zero()).then(|| late.parse::<Fault>());
            let faults = late.transpose().map_err(io::Error::other)?.into_iter().collect();
            let mock = Mock::bind(any, MockConfig { faults, ..MockConfig::default() }).await?;
            (mock.addr(), Some(mock))
        }
    };
    if let Some(rate) = conditions.rate {
        let listener = TcpListener::bind(any).await?;
        // No more on the way than a real line would hold in a moment.
        SockRef::from(&listener).set_recv_buffer_size(BUFFER)?;
        let target = std::mem::replace(&mut addr, listener.local_addr()?);
        tokio::spawn(accept(listener, move |stream| relay(stream, target, rate)));
    }
    if encrypted {
        let listener = TcpListener::bind(any).await?;
        let target = std::mem::replace(&mut addr, listener.local_addr()?);
        tokio::spawn(accept(listener, move |stream| decrypt(stream, target)));
    }
    Ok((addr, mock))
}

async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    // An error of one connection is seen at its other end.
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
}

/// Takes one PUT after the other.
async fn take_puts(stream: TcpStream, delay: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream: Stream = Box::new(stream);
    let (mut buffer, mut rest) = (vec![0; BUFFER], Vec::new());
    while let Some(head) = client::head(&mut stream, &mut rest).await? {
        let length: usize =
            client::header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let mut left = length - rest.drain(..length.min(rest.len())).len();
        while left > 0 {
            let limit = left.min(BUFFER);
            match stream.read(&mut buffer[..limit]).await? {
                0 => return Ok(()),
                read => left -= read,
            }
        }
        if !delay.is_zero() {
            sleep(delay).await;
        }
        stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await?;
    }
    Ok(())
}

/// Takes the TLS off.
async fn decrypt(client: TcpStream, target: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = door::accept(client).await?;
    let mut server = TcpStream::connect(target).await?;
    server.set_nodelay(true)?;
    copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, 4096).await.map(drop)
}

/// A line that carries `rate` bytes a second to the target; the way back is free.
async fn relay(client: TcpStream, target: SocketAddr, rate: u64) -> io::Result<()> {
    /// Sent at once: a millisecond's worth at 1 Gbit/s, the resolution of the timer.
    const PIECE: usize = 128 * 1024;
    const LATE: Duration = Duration::from_millis(5);
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from, mut back) = client.into_split();
    let (mut answers, mut to) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
    let (mut buffer, mut free) = (vec![0; PIECE], Instant::now());
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        // Time in which the line had nothing to carry is lost, but not the little that a timer comes late.
        free = free.max(Instant::now() - LATE) + Duration::from_secs_f64(read as f64 / rate as f64);
        sleep_until(free).await;
        to.write_all(&buffer[..read]).await?;
    }
}
