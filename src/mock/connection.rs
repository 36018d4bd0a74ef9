//! One connection: requests one after the other, each with what goes wrong on purpose.

use super::fault::{Struck, What};
use super::files;
use super::intake::Incoming;
use super::observe::Event;
use super::state::Shared;
use super::wire::{Head, NoHead, Wire};
use crate::bits::server::{Begin, Delivery, Reply, RequestHead};
use crate::bits::{ContentRange, PacketKind, header};
use http::header::CONTENT_RANGE;
use http::{HeaderValue, Method, StatusCode};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Serves a connection until it ends or the server restarts.
pub(super) async fn run(shared: Arc<Shared>, stream: TcpStream, number: u64) {
    shared.stats.send_modify(|stats| {
        stats.connections += 1;
        stats.connections_open += 1;
    });
    // An option that can't be set only makes things slower.
    let _ = stream.set_nodelay(true);
    let lifetime = shared.lifetime();
    let wire = Wire::new(stream, shared.stalled.subscribe());
    let connection = Connection { shared: Arc::clone(&shared), number };
    tokio::select! {
        biased;
        () = lifetime.cancelled() => {}
        // An error means that the peer is gone; there is nobody to tell.
        _ = connection.serve(wire) => {}
    }
    shared.core().server.disconnected(number);
    shared.stats.send_modify(|stats| stats.connections_open -= 1);
}

/// What becomes of the connection after a request.
enum After {
    Next,
    /// Close it, reading for a while what still comes.
    Linger,
    /// Drop it.
    Drop,
}

struct Connection {
    shared: Arc<Shared>,
    number: u64,
}

impl Connection {
    async fn serve(self, mut wire: Wire) -> io::Result<()> {
        loop {
            let after = match wire.head().await {
                Ok(head) => self.request(&mut wire, &head).await?,
                Err(NoHead::Ended) => return Ok(()),
                Err(NoHead::Refused(status)) => {
                    self.send(&mut wire, &Reply::plain(status)).await?;
                    After::Linger
                }
            };
            match after {
                After::Next => {}
                After::Linger => {
                    wire.linger().await;
                    return Ok(());
                }
                After::Drop => return Ok(()),
            }
        }
    }

    async fn request(&self, wire: &mut Wire, head: &Head) -> io::Result<After> {
        let reads = [Method::GET, Method::HEAD, Method::DELETE].contains(&head.method);
        if reads && head.body == Some(0) && self.shared.config.serve_files {
            let refused = self.refuses_to_read(head);
            let status = match refused {
                Some(reply) => {
                    self.send(wire, &reply).await?;
                    reply.status
                }
                None => files::answer(&self.shared, wire, head).await?,
            };
            self.note(head, None, None, Some(status));
            return Ok(if head.last { After::Linger } else { After::Next });
        }
        let kind =
            head.headers.get(header::PACKET_TYPE).and_then(|value| PacketKind::parse(value.as_bytes()));
        let range = head.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let range = range.and_then(ContentRange::parse).filter(|_| kind == Some(PacketKind::Fragment));
        let struck = self.strike(kind, range.is_some_and(ContentRange::is_last));

        let (mut reply, body_read) = match self.take(wire, head, &struck).await? {
            Taken::Answer { reply, body_read } => (reply, body_read),
            Taken::HangUp => {
                self.note(head, kind, range, None);
                return Ok(After::Drop);
            }
        };
        // The shortest sleep takes up to a millisecond: far longer than an answer.
        if !struck.delay.is_zero() {
            tokio::time::sleep(struck.delay).await;
        }
        if reply.delivery == Delivery::HangUp || struck.what == Some(What::DropAck) {
            self.note(head, kind, range, None);
            return Ok(After::Drop);
        }
        if !body_read && !reply.headers.iter().any(|(name, _)| *name == "Connection") {
            reply.headers.push(("Connection", HeaderValue::from_static("close")));
        }
        // The server has no clock; all known ones date their answers.
        if let Ok(now) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())) {
            reply.headers.push(("Date", now));
        }
        self.note(head, kind, range, Some(reply.status));
        self.send(wire, &reply).await?;
        Ok(match struck.what {
            Some(What::DropAfterAck) => After::Drop,
            _ if head.last || !body_read => After::Linger,
            _ => After::Next,
        })
    }

    /// The answer to a GET or HEAD that does not get to the file.
    fn refuses_to_read(&self, head: &Head) -> Option<Reply> {
        let mut core = self.shared.core();
        if !core.server.knobs().publish.reads.allows(&head.method) {
            return Some(Reply::plain(StatusCode::METHOD_NOT_ALLOWED));
        }
        core.server.authenticate(self.number, &head.headers).err()
    }

    fn strike(&self, kind: Option<PacketKind>, last: bool) -> Struck {
        let struck = self.shared.core().faults.draw(kind, last);
        for fault in &struck.texts {
            self.shared.tell(|| Event::Fault { connection: self.number, fault: fault.clone() });
        }
        if !struck.texts.is_empty() {
            self.shared.stats.send_modify(|stats| stats.faults += struck.texts.len() as u64);
        }
        struck
    }

    /// Reads the request as far as the server and the faults let it come.
    async fn take(&self, wire: &mut Wire, head: &Head, struck: &Struck) -> io::Result<Taken> {
        let refuse = match struck.what {
            Some(What::DropHead) => return Ok(Taken::HangUp),
            Some(What::Stall) => std::future::pending().await,
            Some(What::Restart { keep_sessions }) => {
                self.shared.restart(keep_sessions);
                return Ok(Taken::HangUp);
            }
            Some(What::LoseSession) => {
                let mut core = self.shared.core();
                if let Some(session) = core.server.find(&head.headers) {
                    self.shared.lose(&mut core, session);
                }
                None
            }
            Some(What::Early413) => Some(Reply::early_413()),
            Some(What::Html404) => Some(Reply::html_404()),
            Some(What::Status { code, retry_after, after_bytes: false }) => Some(plain(code, retry_after)),
            Some(What::Spurious416) => {
                let core = self.shared.core();
                core.server.find(&head.headers).map(|session| core.server.out_of_step(session))
            }
            _ => None,
        };
        let drop_after = match struck.what {
            Some(What::DropBody(bytes)) => bytes,
            _ => u64::MAX,
        };
        if let Some(reply) = refuse {
            return self.refuse(wire, head, reply, drop_after).await;
        }
        let (mut incoming, broken) = match self.begin(head, struck).await {
            Ok(begun) => begun,
            Err(reply) => return self.refuse(wire, head, reply, drop_after).await,
        };
        let complete = tokio::select! {
            biased;
            // A newer request for the session: this one comes from a connection that its client gave up.
            () = broken.cancelled() => Ok(false),
            complete = self.body(wire, head, drop_after, Some(&mut incoming)) => complete,
        };
        if !matches!(complete, Ok(true)) {
            incoming.flush().await;
            return complete.map(|_| Taken::HangUp);
        }
        let length = head.body.unwrap_or(0);
        let reply = incoming.finish().await;
        if reply.status.is_success() {
            self.shared.stats.send_modify(|stats| {
                stats.fragments += 1;
                stats.bytes += length;
                stats.fragment_min = Some(stats.fragment_min.map_or(length, |min| min.min(length)));
                stats.fragment_max = Some(stats.fragment_max.map_or(length, |max| max.max(length)));
            });
        }
        let reply = match struck.what {
            Some(What::Status { code, retry_after, .. }) => plain(code, retry_after),
            _ => reply,
        };
        Ok(Taken::Answer { reply, body_read: true })
    }

    /// Asks the server; a fragment of the same session that is still coming is broken off first.
    async fn begin(&self, head: &Head, struck: &Struck) -> Result<(Incoming, CancellationToken), Reply> {
        let kind = packet_kind(head);
        loop {
            let mut released = std::pin::pin!(self.shared.released.notified());
            released.as_mut().enable();
            let request = RequestHead { method: &head.method, target: &head.target, headers: &head.headers };
            let target = self.shared.target_state(&head.target);
            let fresh_id = uuid::Uuid::new_v4().as_u128();
            {
                let mut core = self.shared.core();
                self.shared.expire(&mut core);
                match core.server.begin(self.shared.now(), self.number, &request, target, fresh_id) {
                    Begin::Answer(mut reply) => {
                        self.shared.apply(&mut core, kind, &mut reply);
                        return Err(reply);
                    }
                    Begin::Receive(mut intake) => {
                        if let Some(What::ShortTake(bytes)) = struck.what {
                            intake.limit(bytes);
                        }
                        let Some(slot) = core.slots.get_mut(&intake.session()) else {
                            core.server.abort(intake, 0);
                            return Err(Reply::plain(StatusCode::INTERNAL_SERVER_ERROR));
                        };
                        let broken = CancellationToken::new();
                        slot.coming = Some(broken.clone());
                        let writer = slot.store.writer(intake.at());
                        return Ok((Incoming::new(Arc::clone(&self.shared), intake, writer), broken));
                    }
                    Begin::Busy(session) => {
                        if let Some(coming) = core.slots.get(&session).and_then(|slot| slot.coming.as_ref()) {
                            coming.cancel();
                        }
                    }
                }
            }
            released.await;
        }
    }

    /// An answer that needs no body: reads it all the same, unless the answer goes out before it.
    async fn refuse(&self, wire: &mut Wire, head: &Head, reply: Reply, drop_after: u64) -> io::Result<Taken> {
        let waits = head.expects_continue && head.body != Some(0);
        if reply.delivery == Delivery::Early || head.body.is_none() || waits {
            return Ok(Taken::Answer { reply, body_read: false });
        }
        Ok(match self.body(wire, head, drop_after, None).await? {
            true => Taken::Answer { reply, body_read: true },
            false => Taken::HangUp,
        })
    }

    /// Reads the body, at most `drop_after` bytes of it. Says whether it came whole.
    async fn body(
        &self,
        wire: &mut Wire,
        head: &Head,
        drop_after: u64,
        mut incoming: Option<&mut Incoming>,
    ) -> io::Result<bool> {
        let length = head.body.unwrap_or(0);
        if head.expects_continue && length > 0 && self.shared.config.expect_continue {
            wire.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut left = length.min(drop_after);
        while left > 0 {
            let piece = wire.piece(left).await?;
            left -= piece.len() as u64;
            self.shared.stats.send_modify(|stats| stats.bytes_received += piece.len() as u64);
            if let Some(incoming) = &mut incoming {
                incoming.feed(piece).await;
            }
        }
        Ok(length < drop_after)
    }

    async fn send(&self, wire: &mut Wire, reply: &Reply) -> io::Result<()> {
        let mut out = Vec::with_capacity(512);
        reply.encode(&mut out);
        wire.send(&out).await
    }

    /// Counts a request and tells of it. Before the answer goes out, so that who has read it sees the figures.
    fn note(
        &self,
        head: &Head,
        kind: Option<PacketKind>,
        range: Option<ContentRange>,
        status: Option<StatusCode>,
    ) {
        if status.is_some_and(|status| status.is_client_error() || status.is_server_error()) {
            self.shared.stats.send_modify(|stats| stats.refusals += 1);
        }
        self.shared.tell(|| Event::Packet {
            connection: self.number,
            kind,
            target: head.target.clone(),
            range,
            status: status.map(|status| status.as_u16()),
        });
    }
}

fn packet_kind(head: &Head) -> Option<PacketKind> {
    PacketKind::parse(head.headers.get(header::PACKET_TYPE)?.as_bytes())
}

/// How far a request was taken.
enum Taken {
    Answer {
        reply: Reply,
        /// Whether the next request can follow on this connection.
        body_read: bool,
    },
    HangUp,
}

/// An answer of something in between.
fn plain(code: StatusCode, retry_after: Option<u64>) -> Reply {
    let mut reply = Reply::plain(code);
    if let Some(seconds) = retry_after {
        reply.headers.push(("Retry-After", HeaderValue::from(seconds)));
    }
    reply
}
