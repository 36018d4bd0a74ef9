//! A client that does what it should, and comes back as long as that helps.

use crate::aim::Aim;
use crate::body::{End, Script};
use crate::cell::{Cell, Mode, Point};
use crate::front::{Answer, Asked, Front, Place};
use crate::world::{World, target};
use bytes::Bytes;
use fastrand::Rng;
use http::{Method, Request};
use put2bits::digest::Digests;
use put2bits::error::Problem;
use put2bits::transfer::Upload;
use put2bits::upload::{Beginning, DigestPlan};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

/// How often it comes back after it was cut off.
const PATIENCE: u32 = 4;
/// And after how long.
const PAUSE: Duration = Duration::from_secs(5);
/// No client needs more requests than this.
const TOO_MANY: u32 = 20;

/// How it ended for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// At once: it saw nothing of the trouble.
    Stored,
    /// It had to come back.
    Resumed,
    /// The upload was gone, and it began anew.
    Anew,
    /// It was told so.
    Failed(Problem),
    /// The upload was gone, and so was the next one.
    Gone,
    /// It was cut off, and gave up in the end.
    CutOff,
    /// It died, and there is nothing to come back for.
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Begin,
    Ask,
    Send(u64),
}

/// What a request came to.
enum Heard {
    Answer(Answer),
    /// The end of the connection.
    Nothing,
    /// It died before.
    Died,
}

/// A client.
pub(crate) struct Client {
    cell: Cell,
    world: World,
    aim: Arc<Mutex<Aim>>,
    file: Bytes,
    /// What the first request brings, where the fault strikes the second.
    head: usize,
    place: Place,
    next: Next,
    creations: u32,
    requests: u32,
    /// How often it was cut off though it did nothing for it.
    cuts: u32,
    /// It lost its final answer once.
    forgot: bool,
    pub(crate) outcome: Option<Outcome>,
}

impl Client {
    pub(crate) fn new(cell: Cell, world: &World, aim: &Arc<Mutex<Aim>>, head: usize) -> Self {
        let file = world.lock().files[0].clone();
        Client {
            cell,
            world: world.clone(),
            aim: Arc::clone(aim),
            file,
            head,
            place: Place::default(),
            next: Next::Begin,
            creations: 0,
            requests: 0,
            cuts: 0,
            forgot: false,
            outcome: None,
        }
    }

    /// Goes on until it has come to its end.
    pub(crate) async fn live(&mut self, front: &Front) {
        while self.outcome.is_none() {
            self.requests += 1;
            if self.requests > TOO_MANY {
                self.world.lock().check(false, || "no end in sight".to_owned());
            }
            self.world.alive().await;
            let place = self.place.lock().expect("nobody panics with it").clone();
            let heard = match (self.next, place) {
                _ if self.cell.mode == Mode::Plain => self.plain(front).await,
                (Next::Begin, _) | (_, None) => self.create(front).await,
                (Next::Ask, Some((upload, url))) => {
                    let request = request(Method::HEAD, &format!("/_uploads/{url}"));
                    self.exchange(front, request, Bytes::new(), End::Whole, upload, false).await
                }
                (Next::Send(from), Some((upload, url))) => self.append(front, upload, &url, from).await,
            };
            self.hear(heard).await;
        }
        self.aim.lock().unwrap().disarm();
    }

    /// The proxy is dead. Another one will be there.
    pub(crate) fn cut_off(&mut self) {
        self.cuts += 1;
        self.next = Next::Ask;
        if self.cell.mode == Mode::Plain {
            self.outcome = Some(Outcome::CutOff);
        }
    }

    async fn hear(&mut self, heard: Heard) {
        self.world.lock().say(|| match &heard {
            Heard::Answer(answer) => format!("the client hears {answer:?}"),
            Heard::Nothing => "the client is cut off".to_owned(),
            Heard::Died => "the client dies".to_owned(),
        });
        match heard {
            Heard::Answer(Answer::Offset(offset)) => self.next = Next::Send(offset),
            Heard::Answer(Answer::Stored) if self.loses_its_answer() => {
                self.cuts += 1;
                self.next = Next::Ask;
            }
            Heard::Answer(Answer::Stored) => {
                self.outcome = Some(match (self.creations, self.cuts) {
                    (..=1, 0) => Outcome::Stored,
                    (..=1, _) => Outcome::Resumed,
                    _ => Outcome::Anew,
                });
            }
            Heard::Answer(Answer::Failed(problem)) => self.outcome = Some(Outcome::Failed(problem)),
            Heard::Answer(Answer::Gone) if self.creations > 1 => self.outcome = Some(Outcome::Gone),
            Heard::Answer(Answer::Gone) => {
                self.next = Next::Begin;
                *self.place.lock().expect("nobody panics with it") = None;
            }
            Heard::Died if self.cell.mode == Mode::Plain => self.outcome = Some(Outcome::Left),
            Heard::Answer(Answer::Cancelled | Answer::Refused) | Heard::Nothing | Heard::Died => {
                self.next = Next::Ask;
                // The break of the first request is its own.
                if self.aim.lock().unwrap().is_set() {
                    self.cuts += 1;
                }
                if self.cuts > PATIENCE || self.cell.mode == Mode::Plain {
                    self.outcome = Some(Outcome::CutOff);
                    return;
                }
                sleep(PAUSE).await;
            }
        }
    }

    /// Behind the answer to Close-Session nothing can go wrong but that the client does not hear of it.
    fn loses_its_answer(&mut self) -> bool {
        let loses = self.cell.point == Point::CloseAnswered && self.cell.mode != Mode::Plain && !self.forgot;
        self.forgot |= loses;
        loses && !self.cell.fault.is_a_death_of_ours()
    }

    /// A file that comes at once and cannot be resumed.
    async fn plain(&mut self, front: &Front) -> Heard {
        self.creations += 1;
        let upload = {
            let mut world = self.world.lock();
            let upload = world.upload(0, false);
            world.uploads[upload].is_complete = true;
            upload
        };
        let plan = Upload {
            id: upload.to_string(),
            client: Some(([127, 0, 0, 1], 1).into()),
            method: Method::PUT,
            route: front.registry.host().the_route(),
            destination: front.destination(upload),
            part: Beginning::whole(self.file.len() as u64),
            digests: DigestPlan::default(),
            content_digest: Digests::default(),
            carried: Default::default(),
            permit: Default::default(),
            lasting: false,
        };
        self.aim.lock().unwrap().arm();
        let body = self.body(self.file.clone(), End::Whole);
        let Ok(outcome) = front.registry.start(plan, None, body) else {
            self.world.lock().check(false, || "a plain upload was not taken".to_owned());
            return Heard::Nothing;
        };
        let doom = Arc::clone(&self.world.lock().client_doom);
        let outcome = tokio::select! {
            biased;
            () = doom.notified() => {
                self.world.lock().client_lives += 1;
                return Heard::Died;
            }
            outcome = outcome => outcome,
        };
        self.world.alive().await;
        let mut world = self.world.lock();
        match outcome.map(|outcome| outcome.result) {
            Ok(result) => {
                world.tell_final(upload, result.is_ok(), false);
                Heard::Answer(
                    result.map_or_else(|failure| Answer::Failed(failure.problem), |_| Answer::Stored),
                )
            }
            Err(_) => {
                world.check(false, || "a plain upload ended without an outcome".to_owned());
                Heard::Nothing
            }
        }
    }

    async fn create(&mut self, front: &Front) -> Heard {
        self.creations += 1;
        self.place = Place::default();
        let upload = self.world.lock().upload(0, false);
        let is_second = self.cell.mode == Mode::Append && self.creations == 1;
        // Where the session is to be opened by the second request, the first one brings nothing, and says so.
        let is_empty = is_second && self.cell.point.is_at_create();
        let total = self.file.len();
        let mut head = request(Method::PUT, &target(0)).header("upload-length", total);
        head = head.header("upload-complete", if is_empty { "?0" } else { "?1" });
        let end = if is_second && !is_empty { End::Broken(self.head) } else { End::Whole };
        let data = if is_empty { Bytes::new() } else { self.file.clone() };
        if !is_second {
            self.aim.lock().unwrap().arm();
        }
        self.exchange(front, head, data, end, upload, true).await
    }

    async fn append(&mut self, front: &Front, upload: usize, url: &str, from: u64) -> Heard {
        let head = request(Method::PATCH, &format!("/_uploads/{url}"))
            .header("upload-complete", "?1")
            .header("upload-offset", from)
            .header("content-type", "application/partial-upload");
        self.aim.lock().unwrap().arm();
        let data = self.file.slice((from as usize).min(self.file.len())..);
        self.exchange(front, head, data, End::Whole, upload, false).await
    }

    async fn exchange(
        &mut self,
        front: &Front,
        request: http::request::Builder,
        data: Bytes,
        end: End,
        upload: usize,
        creates: bool,
    ) -> Heard {
        let content = Some(data.len() as u64);
        let body = self.body(data, end);
        let head = request.body(()).expect("a good head").into_parts().0;
        self.world
            .lock()
            .say(|| format!("the client: {} {} {:?}, {end:?}", head.method, head.uri, head.headers));
        let place = creates.then(|| Arc::clone(&self.place));
        let mut task = tokio::spawn(front.clone().answer(Asked { head, content, body, upload, place }));
        let doom = Arc::clone(&self.world.lock().client_doom);
        let answer = tokio::select! {
            biased;
            () = doom.notified() => {
                self.world.lock().client_lives += 1;
                task.abort();
                return Heard::Died;
            }
            answer = &mut task => answer,
        };
        match answer {
            Ok(Some(answer)) => Heard::Answer(answer),
            Ok(None) => Heard::Nothing,
            Err(_) => {
                self.world.lock().check(false, || "a request panicked".to_owned());
                Heard::Nothing
            }
        }
    }

    fn body(&self, data: Bytes, end: End) -> Script {
        let (rng, piece) = (Rng::with_seed(1), self.world.lock().schedule.piece);
        Script::new(&self.world, rng, data, end, piece, Duration::ZERO)
    }
}

/// All requests speak the same version.
fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("upload-draft-interop-version", "6")
}
