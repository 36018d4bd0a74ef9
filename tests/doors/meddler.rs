//! A BITS server that wants its client to be somewhere else: a relay before the mock that adds to its answers, or answers
//! itself.

use crate::support::within;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What it does with requests for a file, by the last name of the path.
#[derive(Debug, Clone)]
pub(crate) struct Meddling {
    pub(crate) file: String,
    /// The packet type, or the method.
    pub(crate) at: &'static str,
    pub(crate) how: How,
}

#[derive(Debug, Clone)]
pub(crate) enum How {
    /// These fields, each with its CRLF, in the answer of the mock.
    Add(String),
    /// This head instead of an answer.
    Say(String),
    /// The answer is lost, and so is the connection.
    Lose,
}

/// A running relay. It ends with the runtime of its test.
#[derive(Debug, Clone)]
pub(crate) struct Meddler {
    pub(crate) addr: SocketAddr,
    backend: SocketAddr,
    all: Arc<Mutex<Vec<Meddling>>>,
    /// Files, and addresses that somebody connected to.
    struck: watch::Sender<Vec<String>>,
}

impl Meddler {
    pub(crate) async fn before(backend: SocketAddr) -> Meddler {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let meddler = Meddler { addr, backend, all: Arc::default(), struck: watch::Sender::default() };
        meddler.accept(listener);
        meddler
    }

    /// The same relay at another address of the loopback network, on the same port.
    pub(crate) async fn also_at(&self, address: Ipv4Addr) {
        let listener = TcpListener::bind(SocketAddr::from((address, self.addr.port()))).await.unwrap();
        self.accept(listener);
    }

    fn accept(&self, listener: TcpListener) {
        let serving = self.clone();
        tokio::spawn(async move {
            let here = listener.local_addr().unwrap().ip();
            while let Ok((client, _)) = listener.accept().await {
                serving.struck.send_modify(|all| all.push(here.to_string()));
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(client).await });
            }
        });
    }

    pub(crate) fn meddle(&self, file: &str, at: &'static str, how: How) {
        self.all.lock().unwrap().push(Meddling { file: file.to_owned(), at, how });
    }

    /// The same for the reply, which has a name that only the mock knows. It counts as one for the file `GET`.
    pub(crate) fn meddle_with_replies(&self, how: How) {
        self.all.lock().unwrap().retain(|meddling| meddling.at != "GET");
        self.meddle("GET", "GET", how);
    }

    /// How often it did something to requests for a file.
    pub(crate) fn struck(&self, file: &str) -> usize {
        self.struck.borrow().iter().filter(|name| *name == file).count()
    }

    /// Waits until it did something.
    pub(crate) async fn until_struck(&self, file: &str) {
        let mut struck = self.struck.subscribe();
        let wanted = struck.wait_for(|all| all.iter().any(|name| name == file));
        within(&format!("a packet for {file}"), wanted).await.unwrap();
    }

    /// Connections to one of its addresses.
    pub(crate) fn visits_at(&self, address: Ipv4Addr) -> usize {
        self.struck(&address.to_string())
    }

    /// One connection, until somebody ends it.
    async fn serve(&self, mut client: TcpStream) -> Option<()> {
        let mut server = TcpStream::connect(self.backend).await.ok()?;
        loop {
            let head = read_head(&mut client).await?;
            let mut line = head.split(' ');
            let (method, path) = (line.next()?, line.next()?);
            let at = field(&head, "bits-packet-type").unwrap_or(method);
            // The reply has a name that only the mock knows.
            let file = if at == "GET" { at } else { path.rsplit('/').next()? };
            let is_it = |meddling: &&Meddling| meddling.file == file && meddling.at == at;
            let meddling = self.all.lock().unwrap().iter().find(is_it).cloned();
            let body = read_body(&mut client, &head).await?;
            if meddling.is_some() {
                self.struck.send_modify(|all| all.push(file.to_owned()));
            }
            if let Some(Meddling { how: How::Say(answer), .. }) = &meddling {
                client.write_all(answer.as_bytes()).await.ok()?;
                continue;
            }
            server.write_all(&[head.as_bytes(), &body].concat()).await.ok()?;
            let mut answer = read_head(&mut server).await?;
            let body = if method == "HEAD" { Vec::new() } else { read_body(&mut server, &answer).await? };
            match meddling.map(|meddling| meddling.how) {
                Some(How::Add(fields)) => answer.insert_str(answer.len() - 2, &fields),
                Some(How::Lose) => return None,
                _ => {}
            }
            client.write_all(&[answer.as_bytes(), &body].concat()).await.ok()?;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn read_body(stream: &mut TcpStream, head: &str) -> Option<Vec<u8>> {
    let length = field(head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
