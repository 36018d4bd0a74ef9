//! A scripted server on a raw socket.

use http::uri::Authority;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Listens until stopped or dropped; each connection runs the script. Has a thread of its own, as a server would.
pub(crate) struct Peer {
    pub(crate) authority: Authority,
    accepts: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Peer {
    /// `script` gets the number of the connection, from 0, and the connection.
    pub(crate) fn start<F, S>(script: F) -> Self
    where
        F: Fn(usize, Conn) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let authority = listener.local_addr().unwrap().to_string().parse().unwrap();
        let accepts = Arc::new(AtomicUsize::new(0));
        let count = accepts.clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let accept = async {
                    loop {
                        let (tcp, _) = listener.accept().await.unwrap();
                        let number = count.fetch_add(1, Ordering::SeqCst);
                        tokio::spawn(script(number, Conn { tcp }));
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        Peer { authority, accepts, stop, thread }
    }

    /// Connections so far.
    pub(crate) fn accepts(&self) -> usize {
        self.accepts.load(Ordering::SeqCst)
    }

    /// Closes everything and waits until it is closed.
    pub(crate) fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

/// One connection, seen from the server.
pub(crate) struct Conn {
    pub(crate) tcp: TcpStream,
}

impl Conn {
    /// The next request head with its empty line; nothing when the client is gone. Reads no byte more.
    pub(crate) async fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.tcp.read_u8().await.ok()?);
        }
        Some(String::from_utf8(head).unwrap())
    }

    /// The next request, with its body.
    pub(crate) async fn request(&mut self) -> Option<(String, Vec<u8>)> {
        let head = self.head().await?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
        self.tcp.read_exact(&mut body).await.ok()?;
        Some((head, body))
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // A client that is gone is what some scripts are about.
        let _ = self.tcp.write_all(text.as_bytes()).await;
    }

    /// Answers every request until the client goes.
    pub(crate) async fn serve(mut self, answer: &str) {
        while self.request().await.is_some() {
            self.send(answer).await;
        }
    }

    /// Reads to the end: how many bytes came, and whether it was an orderly end.
    pub(crate) async fn rest(&mut self) -> (u64, bool) {
        let mut buffer = vec![0; 256 * 1024];
        let mut read = 0;
        loop {
            match self.tcp.read(&mut buffer).await {
                Ok(0) => return (read, true),
                Ok(bytes) => read += bytes as u64,
                Err(_) => return (read, false),
            }
        }
    }

    /// Hangs up with RST.
    pub(crate) fn reset(self) {
        self.tcp.set_zero_linger().unwrap();
    }
}
