//! A BITS server on raw sockets that is honest but for what its cases say.
//!
//! The path of a request names its case, so one listener serves them all at once. A case that speaks before it is asked
//! has a listener of its own.

use crate::act::{Act, Listen, Then, Words};
use crate::case::{ACK, At, Case, FRAGMENT, SIZE, ack, head};
use crate::client::file;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

/// What was seen of one upload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// How often the case struck.
    pub(crate) struck: u32,
    pub(crate) cancels: u32,
    /// What the proxy may never do.
    pub(crate) foul: Option<&'static str>,
    /// Bytes taken of the session that is open now.
    taken: u64,
}

/// A running peer. It ends with its process.
pub(crate) struct Peer {
    pub(crate) addr: SocketAddr,
    /// Listeners of the cases that speak first.
    pub(crate) greeters: HashMap<String, SocketAddr>,
    shared: Arc<Shared>,
    /// Dropped with the rest; that ends the thread.
    _stop: oneshot::Sender<()>,
}

struct Shared {
    /// By the last segment of the path.
    cases: HashMap<String, Case>,
    seen: watch::Sender<HashMap<String, Seen>>,
    elsewhere: SocketAddr,
    strangers: AtomicUsize,
}

impl Peer {
    /// `cases` by the name of the file.
    pub(crate) fn start(cases: HashMap<String, Case>) -> Peer {
        let listen = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            (listener.local_addr().unwrap(), listener)
        };
        let ((addr, main), (elsewhere, foreign)) = (listen(), listen());
        let greeting = cases.iter().filter(|(_, case)| case.at == At::Accept);
        let greeters: Vec<_> = greeting.map(|(name, _)| (name.clone(), listen())).collect();
        let addrs = greeters.iter().map(|(name, (addr, _))| (name.clone(), *addr)).collect();
        let (seen, strangers) = (watch::Sender::new(HashMap::new()), AtomicUsize::new(0));
        let shared = Arc::new(Shared { cases, seen, elsewhere, strangers });
        let (stop, stopped) = oneshot::channel::<()>();
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                tokio::spawn(accept(main, Arc::clone(&all), None));
                for (name, (_, listener)) in greeters {
                    tokio::spawn(accept(listener, Arc::clone(&all), Some(name)));
                }
                tokio::spawn(async move {
                    let listener = TcpListener::from_std(foreign).unwrap();
                    while listener.accept().await.is_ok() {
                        all.strangers.fetch_add(1, Ordering::SeqCst);
                    }
                });
                let _ = stopped.await;
            });
        });
        Peer { addr, greeters: addrs, shared, _stop: stop }
    }

    /// How often somebody came to the server that nobody may contact.
    pub(crate) fn strangers(&self) -> usize {
        self.shared.strangers.load(Ordering::SeqCst)
    }

    /// What was seen of a file, as soon as `ready` says so.
    pub(crate) async fn seen(&self, name: &str, ready: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.shared.seen.subscribe();
        let all = seen.wait_for(|all| ready(all.get(name).unwrap_or(&Seen::default()))).await.unwrap();
        all.get(name).cloned().unwrap_or_default()
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>, greeter: Option<String>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let (shared, greeter) = (Arc::clone(&shared), greeter.clone());
        tokio::spawn(async move {
            let tcp = match greeter.and_then(|name| shared.strikes(&name, At::Accept)) {
                Some(act) => act.perform(tcp, &shared.words(0, 0, "{7}".to_owned())).await,
                None => Some(tcp),
            };
            if let Some(tcp) = tcp {
                serve(tcp, &shared).await;
            }
        });
    }
}

/// Requests of one connection, until somebody ends it.
async fn serve(mut tcp: TcpStream, shared: &Shared) -> Option<()> {
    loop {
        let request = Request::read(&mut tcp).await?;
        let struck = request.at().and_then(|at| shared.strikes(&request.name, at));
        let listen = struck.as_ref().map_or(Listen::Whole, |act| act.listen);
        let wanted = match listen {
            Listen::Whole => request.length,
            Listen::Half => request.length / 2,
            Listen::Head => 0,
        };
        let mut body = vec![0; wanted];
        tcp.read_exact(&mut body).await.ok()?;
        match struck {
            Some(act) => {
                if act.listen == Listen::Whole && shared.cases[&request.name].takes {
                    shared.take(&request, &body);
                }
                let words = shared.words(request.start, request.end, shared.session(&request.name));
                tcp = act.perform(tcp, &words).await?;
                let mut rest = vec![0; request.length - wanted];
                tcp.read_exact(&mut rest).await.ok()?;
            }
            None => tcp.write_all(shared.answer(&request, &body).as_bytes()).await.ok()?,
        }
    }
}

struct Request {
    /// `BITS-Packet-Type`, or the method.
    kind: String,
    /// Last segment of the path.
    name: String,
    start: u64,
    end: u64,
    length: usize,
}

impl Request {
    async fn read(tcp: &mut TcpStream) -> Option<Request> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.ok()?);
        }
        // An id may be anything that a header may hold.
        let head = String::from_utf8_lossy(&head);
        let field = |name: &str| {
            head.lines().find_map(|line| {
                line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, it)| it)
            })
        };
        let mut line = head.split(' ');
        let (method, path) = (line.next()?, line.next()?);
        let (mut start, mut end) = (0, 0);
        if let Some(range) = field("content-range") {
            let (first, rest) = range.strip_prefix("bytes ").unwrap().split_once('-').unwrap();
            start = first.parse().unwrap();
            end = rest.split_once('/').unwrap().0.parse::<u64>().unwrap() + 1;
        }
        Some(Request {
            kind: field("bits-packet-type").unwrap_or(method).to_owned(),
            name: path.rsplit('/').next()?.to_owned(),
            start,
            end,
            length: field("content-length").map_or(0, |length| length.parse().unwrap()),
        })
    }

    fn at(&self) -> Option<At> {
        Some(match self.kind.as_str() {
            "Create-Session" => At::Create,
            "Fragment" if self.start < FRAGMENT => At::First,
            "Fragment" if self.end == SIZE => At::Last,
            "Fragment" => At::Middle,
            "Close-Session" => At::Close,
            "Cancel-Session" => At::Cancel,
            "HEAD" => At::Evidence,
            "GET" => At::Reply,
            _ => return None,
        })
    }
}

impl Shared {
    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Seen) -> T) -> T {
        let mut result = None;
        self.seen.send_modify(|all| result = Some(change(all.entry(name.to_owned()).or_default())));
        result.unwrap()
    }

    /// What the file's case does there, if it still does anything.
    fn strikes(&self, name: &str, at: At) -> Option<Act> {
        let case = self.cases.get(name)?;
        match (case.at, at) {
            // Evidence is looked for only after a Close-Session without an answer.
            (At::Evidence, At::Close) => return Some(Act::say(Vec::new()).then(Then::Close)),
            // Only the session of an upload that failed is cancelled.
            (At::Cancel, At::First) => {
                return Some(Act::say(head("403 Forbidden", "Content-Length: 0\r\n").into()));
            }
            _ => {}
        }
        let strikes = case.at == at
            && self.change(name, |seen| {
                let strikes = case.always || seen.struck == 0;
                seen.struck += u32::from(strikes);
                strikes
            });
        strikes.then(|| case.act.clone())
    }

    fn session(&self, name: &str) -> String {
        format!("{{{name}}}")
    }

    fn words(&self, start: u64, next: u64, session: String) -> Words {
        Words { start, next, session, elsewhere: self.elsewhere.to_string() }
    }

    /// Takes a fragment if it is the one that is due.
    fn take(&self, request: &Request, body: &[u8]) -> bool {
        self.change(&request.name, |seen| {
            match request.kind.as_str() {
                "Create-Session" => seen.taken = 0,
                "Fragment" if seen.taken == request.start => {
                    let bytes = file().bytes();
                    if bytes[request.start as usize..request.end as usize] != *body {
                        seen.foul = Some("other bytes than were sent");
                    }
                    seen.taken = request.end;
                }
                "Fragment" => return false,
                "Close-Session" if seen.taken != SIZE => seen.foul = Some("closed too early"),
                _ => {}
            }
            true
        })
    }

    /// The answer of an honest server.
    fn answer(&self, request: &Request, body: &[u8]) -> String {
        let in_step = self.take(request, body);
        match request.kind.as_str() {
            "Create-Session" => ack(&format!("BITS-Session-Id: {}\r\n", self.session(&request.name))),
            "Fragment" => {
                let next = self.change(&request.name, |seen| seen.taken);
                let mut lines = format!("BITS-Received-Content-Range: {next}\r\n");
                if self.cases.get(&request.name).is_some_and(|case| case.at == At::Reply) && next == SIZE {
                    lines += &format!("BITS-Reply-URL: reply/{}\r\n", request.name);
                }
                match in_step {
                    true => ack(&lines),
                    false => head("416 Out Of Step", &format!("{ACK}{lines}")),
                }
            }
            "Cancel-Session" => {
                self.change(&request.name, |seen| seen.cancels += 1);
                ack("")
            }
            "HEAD" | "GET" => head("404 Not Found", "Content-Length: 0\r\n"),
            _ => ack(""),
        }
    }
}
