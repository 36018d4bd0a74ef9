//! The network between the proxy and the server, and the server with its bytes.

use crate::farm::ORIGIN;
use crate::faults::Fate;
use crate::strike::Strike;
use crate::world::{Inside, World};
use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use put2bits::bits::server::{Begin, Delivery, OverlapRule, RequestHead, TargetState};
use put2bits::bits::{Destination, Dialect, Node, Packet};
use put2bits::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use std::future::pending;
use std::time::Duration;
use tokio::time::sleep;

/// A packet on its way.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) packet: Packet,
    head: HeaderMap,
    target: String,
    host: String,
    pub(crate) upload: usize,
    body: Vec<Bytes>,
    connection: u64,
}

/// A packet that hangs somewhere, and the exchange at which it arrives.
pub(crate) type Late = (u64, Sent);

/// The way of one run of the transfer to the server.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) world: World,
    pub(crate) to: Destination,
    upload: usize,
    connection: u64,
    /// Where it is now; nothing: at the origin.
    node: Option<Node>,
}

impl Link {
    pub(crate) fn new(world: World, to: Destination, upload: usize) -> Self {
        let connection = world.lock().connect();
        Link { world, to, upload, connection, node: None }
    }

    /// Whom it speaks to.
    pub(crate) fn host(&self) -> String {
        self.node.as_ref().map_or_else(|| ORIGIN.to_owned(), Node::to_string)
    }

    fn reconnect(&mut self) {
        let mut world = self.world.lock();
        world.server.disconnected(self.connection);
        self.connection = world.connect();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.world.lock().server.disconnected(self.connection);
    }
}

/// An exchange under way. Dropped before its end, it is abandoned: what became of it nobody knows.
struct UnderWay {
    world: World,
    sent: Sent,
    has_arrived: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut world = self.world.lock();
        world.over(&self.sent);
        if !self.has_arrived {
            let fate = Fate::unfinished(&mut world.rng);
            world.say(|| format!("{:?} is abandoned: {fate:?}", self.sent.packet.kind()));
            world.abandoned(fate, &self.sent);
        }
    }
}

impl Backend for Link {
    fn go_to(&mut self, node: Option<&Node>) {
        if self.node.as_ref() != node {
            self.node = node.cloned();
            self.to.host = HeaderValue::from_str(&self.host()).expect("a node is a header value");
            self.reconnect();
        }
    }

    async fn exchange(&mut self, call: Call, patience: Patience) -> Result<Answer, NoAnswer> {
        self.world.alive().await;
        let Call::Packet { packet, body } = call else { return self.look(patience).await };
        let sent = Sent {
            head: packet.request(&self.to, &Dialect::default()).headers().clone(),
            target: self.to.target.to_string(),
            host: self.host(),
            upload: self.upload,
            connection: self.connection,
            packet,
            body,
        };
        let (course, there, back) = self.world.lock().depart(&sent);
        let mut under_way = UnderWay { world: self.world.clone(), sent: sent.clone(), has_arrived: false };
        sleep(there).await;
        if !self.world.lock().lives_on() {
            return pending().await;
        }
        under_way.has_arrived = true;
        let (reply, back) = match course {
            Course::Fate(fate) => (self.world.lock().arrive(fate, &sent), back),
            Course::Strike(strike) => self.world.lock().strike(&strike, &sent, patience),
        };
        sleep(if reply == Err(Hurt::TimedOut) { patience.answer } else { back }).await;
        if !self.world.lock().lives_on() {
            return pending().await;
        }
        drop(under_way);
        match reply {
            Ok((status, headers)) => {
                self.world.lock().learn(&sent, status, &headers);
                Ok(answer((status, headers)))
            }
            Err(hurt) => {
                self.reconnect();
                Err(no_answer(hurt))
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hurt {
    Unsent,
    Lost,
    /// No answer in time.
    TimedOut,
    /// Not one byte of the request was taken in time.
    Stalled,
}

pub(crate) fn answer((status, headers): (StatusCode, HeaderMap)) -> Answer {
    Answer { status, headers, body: Bytes::new(), waited: None, early: false }
}

pub(crate) fn no_answer(hurt: Hurt) -> NoAnswer {
    let cause = "simulated".into();
    match hurt {
        Hurt::Unsent => NoAnswer::Unsent(cause),
        Hurt::Lost => NoAnswer::Lost(cause),
        Hurt::TimedOut | Hurt::Stalled => NoAnswer::TimedOut(cause),
    }
}

/// What an exchange runs into.
enum Course {
    Fate(Fate),
    Strike(Strike),
}

pub(crate) type Got = Result<(StatusCode, HeaderMap), Hurt>;

impl Inside {
    fn connect(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Out of 1,000 exchanges, how many have a fault now.
    pub(crate) fn weather(&self) -> u16 {
        let over = self.calm || self.figures.exchanges > self.schedule.weather_ends;
        if over { 0 } else { self.schedule.weather.per_mille }
    }

    /// A packet is sent.
    fn depart(&mut self, sent: &Sent) -> (Course, Duration, Duration) {
        self.figures.exchanges += 1;
        self.inspect(sent);
        self.inspect_host(&sent.host, Some(&sent.packet));
        self.deliver_late();
        let fate = if self.weather() == 0 { Fate::Fine } else { self.schedule.weather.fate(&mut self.rng) };
        // A repetition that the proxy has no part in: where repeated bytes are appended, no client can save the file.
        let appends = self.schedule.knobs.fragment.overlap == OverlapRule::Append;
        let fate = if fate == Fate::Twice && appends { Fate::Fine } else { fate };
        self.figures.faults += u64::from(fate != Fate::Fine);
        let mut pause = || Duration::from_millis(self.rng.u64(0..40));
        let (there, back) = (pause(), pause());
        if let Some(strike) = self.aimed(Some(&sent.packet)) {
            self.say(|| format!("upload {}: {:?} {strike:?}", sent.upload, sent.packet));
            let there = there + strike.before;
            return (Course::Strike(strike), there, back);
        }
        let fate = if self.is_dead_there(&sent.host) { Fate::Refused } else { fate };
        self.say(|| format!("upload {}: {:?} {fate:?}", sent.upload, sent.packet));
        (Course::Fate(fate), there, back)
    }

    /// It comes as far as fate wants.
    fn arrive(&mut self, fate: Fate, sent: &Sent) -> Got {
        match fate {
            Fate::Fine => self.serve(sent, None).ok_or(Hurt::Lost),
            Fate::Refused => Err(Hurt::Unsent),
            Fate::Cut(_) | Fate::AnswerLost => {
                self.abandoned(fate, sent);
                Err(Hurt::Lost)
            }
            Fate::AnswerLate => {
                self.serve(sent, None);
                Err(Hurt::TimedOut)
            }
            Fate::RequestLate(_) => {
                self.abandoned(fate, sent);
                Err(Hurt::TimedOut)
            }
            Fate::Twice => {
                self.serve(sent, None);
                self.serve(sent, None).ok_or(Hurt::Lost)
            }
            Fate::StatusBefore(status) => Ok(bare(status)),
            Fate::StatusAfter(status) => {
                self.serve(sent, None);
                Ok(bare(status))
            }
            Fate::SessionsLost => {
                for effect in self.server.forget_all() {
                    self.carry_out(effect, None);
                }
                self.serve(sent, None).ok_or(Hurt::Lost)
            }
        }
    }

    fn abandoned(&mut self, fate: Fate, sent: &Sent) {
        match fate {
            Fate::Cut(share) if sent.packet.content_length() > 0 => {
                let received = sent.packet.content_length() * u64::from(share) / 256;
                self.serve(sent, Some(received));
            }
            Fate::AnswerLost => drop(self.serve(sent, None)),
            Fate::RequestLate(after) => {
                self.late.push((self.figures.exchanges + u64::from(after), sent.clone()));
            }
            _ => {}
        }
    }

    fn deliver_late(&mut self) {
        let now = self.figures.exchanges;
        let due: Vec<Late> = self.late.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, sent) in due {
            self.say(|| format!("late: {:?}", sent.packet));
            self.serve(&sent, None);
        }
    }

    /// The server gets the packet, all of it or `only` so many bytes of its body.
    pub(crate) fn serve(&mut self, sent: &Sent, only: Option<u64>) -> Option<(StatusCode, HeaderMap)> {
        let request = Request::builder().method("BITS_POST").body(()).ok()?;
        let head = RequestHead { method: request.method(), target: &sent.target, headers: &sent.head };
        let exists = self.published.contains_key(&sent.target);
        let target = if exists { TargetState::Exists } else { TargetState::Free };
        let (now, fresh_id) = (self.now(), self.rng.u128(..));
        self.nodes.here.clone_from(&sent.host);
        let reply = match self.server.begin(now, sent.connection, &head, target, fresh_id) {
            Begin::Answer(reply) => reply,
            Begin::Receive(intake) => {
                let received = only.unwrap_or(intake.length());
                let take = intake.store().min(received.saturating_sub(intake.skip())) as usize;
                let store = self.stores.entry(intake.session()).or_default();
                let at = intake.at() as usize;
                if self.schedule.knobs.fragment.overlap != OverlapRule::Overwrite {
                    store.truncate(at);
                }
                let end = at + take;
                store.resize(store.len().max(end), 0);
                let bytes = sent.body.iter().flatten().copied().skip(intake.skip() as usize).take(take);
                store[at..end].iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
                if only.is_some() {
                    self.server.abort(intake, received);
                    return None;
                }
                self.server.finish(now, intake)
            }
            Begin::Busy(_) => unreachable!("bodies come at once here"),
        };
        for effect in &reply.effects {
            self.carry_out(effect.clone(), Some(sent.upload));
        }
        if only.is_some() || reply.delivery == Delivery::HangUp {
            return None;
        }
        let mut headers = reply.header_map();
        headers.insert(DATE, self.http_date(now));
        Some((reply.status, headers))
    }
}

fn bare(status: u16) -> (StatusCode, HeaderMap) {
    (StatusCode::from_u16(status).expect("a status"), HeaderMap::new())
}
