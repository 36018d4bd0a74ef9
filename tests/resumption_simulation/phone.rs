//! The client: sends one file, breaks off, comes back, gets in its own way.

use crate::body::{End, Script};
use crate::front::{Answer, Asked, FENCED, Front, Place, digests};
use crate::schedule::{Said, Schedule};
use crate::world::{World, target};
use bytes::Bytes;
use fastrand::Rng;
use http::{HeaderValue, Method, Request};
use put2bits::resumable::Version;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// No phone needs more requests than this.
const TOO_MANY: u32 = 600;

/// How it ended for the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Stored,
    /// Honestly told.
    Failed,
    /// The upload was gone, and the phone did not begin anew any more.
    Gone,
    /// The phone did not want it any more.
    GivenUp,
}

/// What it does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Create,
    Ask,
    Send(u64),
}

/// A phone.
pub(crate) struct Phone {
    number: usize,
    world: World,
    schedule: Arc<Schedule>,
    rng: Rng,
    file: Bytes,
    place: Place,
    next: Next,
    version: &'static Version,
    /// Requests that still may go wrong by its own doing.
    troubles: u32,
    creations: u32,
    requests: u32,
    pub(crate) ending: Option<Ending>,
}

/// One or two phones use the proxy until they have come to their end.
pub(crate) async fn live(phones: &mut [Phone], front: &Front) {
    if let [one] = &mut *phones {
        one.live(front).await;
    } else if let [one, two] = &mut *phones {
        tokio::join!(one.live(front), two.live(front));
    }
}

impl Phone {
    pub(crate) fn new(number: usize, world: &World) -> Self {
        let mut inside = world.lock();
        let schedule = Arc::clone(&inside.schedule);
        Phone {
            number,
            world: world.clone(),
            rng: inside.rng.fork(),
            file: inside.files[number].clone(),
            place: Place::default(),
            next: Next::Create,
            version: schedule.version,
            troubles: schedule.troubles,
            creations: 0,
            requests: 0,
            ending: None,
            schedule,
        }
    }

    /// Goes on until it has come to its end.
    pub(crate) async fn live(&mut self, front: &Front) {
        // What it knew of a connection to another proxy is gone.
        self.next = if self.place().is_some() { Next::Ask } else { Next::Create };
        while self.ending.is_none() {
            self.requests += 1;
            if self.requests >= TOO_MANY {
                self.world.lock().check(false, || "no end in sight".to_owned());
            }
            self.world.alive().await;
            if self.rng.u8(..) < 128 {
                sleep(Duration::from_millis(self.rng.u64(0..20_000))).await;
            }
            let answer = match (self.next, self.place()) {
                (Next::Create, _) | (_, None) => self.create(front).await,
                (Next::Ask, Some((upload, url))) => self.ask(front, upload, &url).await,
                (Next::Send(offset), Some((upload, url))) => self.send(front, upload, &url, offset).await,
            };
            self.hear(answer);
        }
    }

    fn place(&self) -> Option<(usize, String)> {
        self.place.lock().expect("nobody panics with it").clone()
    }

    fn hear(&mut self, answer: Option<Answer>) {
        self.world.lock().say(|| format!("phone {} hears {answer:?}", self.number));
        self.next = Next::Ask;
        match answer {
            Some(Answer::Offset(offset)) => self.next = Next::Send(offset),
            Some(Answer::Stored) => self.ending = Some(Ending::Stored),
            Some(Answer::Failed(_)) => self.again(Ending::Failed),
            Some(Answer::Gone) => self.again(Ending::Gone),
            Some(Answer::Cancelled) => self.again(Ending::GivenUp),
            Some(Answer::Refused) | None => {}
        }
        if self.schedule.may_give_up && self.ending.is_none() && self.rng.u8(..) < 20 {
            // It was deleted together with its app.
            self.ending = Some(Ending::GivenUp);
        }
    }

    /// Begins anew, or lets it be.
    fn again(&mut self, ending: Ending) {
        *self.place.lock().expect("nobody panics with it") = None;
        self.next = Next::Create;
        if self.creations >= 4 || self.schedule.said == Said::Wrong {
            self.ending = Some(ending);
        }
    }

    /// The first request.
    async fn create(&mut self, front: &Front) -> Option<Answer> {
        self.creations += 1;
        self.place = Place::default();
        let total = self.file.len() as u64;
        let is_wrong = self.schedule.said == Said::Wrong;
        let upload = self.world.lock().upload(self.number, is_wrong);
        let size = match self.schedule.in_parts {
            true => [0, self.rng.u64(0..=total), total][self.rng.usize(..3)],
            false => total,
        };
        let complete = !self.schedule.in_parts || (size == total && self.rng.bool());
        let mut request = self.request(self.schedule.method.clone(), &target(self.number), Some(complete));
        let chunked = self.schedule.chunked && self.schedule.in_parts;
        if !complete || chunked || self.rng.bool() {
            request = request.header("upload-length", total);
        }
        match self.schedule.said {
            Said::Nothing => {}
            Said::Right => request = request.header("repr-digest", field(&self.file)),
            Said::Wrong => request = request.header("repr-digest", field(b"something else")),
        }
        if self.schedule.wants_digest {
            request = request.header("want-repr-digest", "sha-256=5");
        }
        let content = (!chunked).then_some(size);
        let data = self.file.slice(..size as usize);
        let place = Some(Arc::clone(&self.place));
        self.exchange(front, request, content, data, upload, place).await
    }

    /// Where to go on?
    async fn ask(&mut self, front: &Front, upload: usize, url: &str) -> Option<Answer> {
        if self.rng.u8(..) < 12 {
            // It believes to know.
            let offset = self.world.lock().highest(upload);
            return self.send(front, upload, url, offset).await;
        }
        let gives_up = self.schedule.may_give_up && self.rng.u8(..) < 12;
        let method = if gives_up { Method::DELETE } else { Method::HEAD };
        let request = self.request(method, url, None);
        self.exchange(front, request, Some(0), Bytes::new(), upload, None).await
    }

    /// The rest, or some of it.
    async fn send(&mut self, front: &Front, upload: usize, url: &str, offset: u64) -> Option<Answer> {
        self.world.lock().figures.resumes += 1;
        let (request, content, data) = self.part(url, offset);
        self.exchange(front, request, content, data, upload, None).await
    }

    /// A PATCH from there on. Sometimes it begins somewhere else.
    fn part(&mut self, url: &str, offset: u64) -> (http::request::Builder, Option<u64>, Bytes) {
        let total = self.file.len() as u64;
        let mut from = offset.min(total);
        let is_lost = self.is_trouble(20);
        if is_lost {
            from = [from.saturating_sub(1), from + 1, 0, total][self.rng.usize(..4)].min(total);
        }
        let left = total - from;
        let (size, complete) = match self.schedule.in_parts && self.rng.bool() {
            true => (self.rng.u64(0..=left), false),
            false => (left, true),
        };
        let mut data = self.file.slice(from as usize..(from + size) as usize);
        let mut request = self.request(Method::PATCH, url, Some(complete)).header("upload-offset", from);
        if self.rng.bool() {
            request = request.header("upload-length", total);
        }
        request = request.header("content-type", "application/partial-upload");
        let is_small = size <= self.schedule.limits.fragment.max;
        if is_small && self.rng.u8(..) < 25 {
            request = request.header("content-digest", field(&data));
            if size > 0 && self.is_trouble(100) {
                // Something on the way bends a byte.
                let mut bent = data.to_vec();
                bent[self.rng.usize(..size as usize)] ^= 1;
                data = bent.into();
            }
            return (request, Some(size), data);
        }
        let chunked = self.schedule.chunked && self.rng.bool();
        (request, (!chunked).then_some(size), data)
    }

    fn request(&mut self, method: Method, path: &str, complete: Option<bool>) -> http::request::Builder {
        if self.rng.u16(..) < 200 {
            // The system is updated while the queue waits. The form without a number names itself by nothing.
            self.version = &Version::ALL[self.rng.usize(..Version::ALL.len())];
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/_uploads/{path}") };
        let mut request = Request::builder().method(method).uri(path);
        if self.schedule.has_credentials {
            request = request.header("authorization", format!("Bearer {}", self.number));
        }
        if let Some(interop) = self.version.interop {
            request = request.header("upload-draft-interop-version", u16::from(interop));
        }
        if let Some(complete) = complete {
            // Both names, as each version looks for its own.
            request = request.header("upload-complete", if complete { "?1" } else { "?0" });
            request = request.header("upload-incomplete", if complete { "?0" } else { "?1" });
        }
        request
    }

    /// Whether this goes wrong, out of 256 times.
    fn is_trouble(&mut self, often: u8) -> bool {
        let is = self.troubles > 0 && self.rng.u8(..) < often;
        self.troubles -= u32::from(is);
        is
    }

    /// One request and its answer, and all that may happen meanwhile.
    async fn exchange(
        &mut self,
        front: &Front,
        request: http::request::Builder,
        content: Option<u64>,
        data: Bytes,
        upload: usize,
        place: Option<Place>,
    ) -> Option<Answer> {
        let end = match self.is_trouble(130) {
            false => End::Whole,
            true if self.rng.bool() => End::Broken(self.rng.usize(0..=data.len())),
            true => End::Silence(self.rng.usize(0..=data.len())),
        };
        let body = self.body(data, end);
        let head = request.body(()).expect("a good head").into_parts().0;
        self.world.lock().say(|| {
            format!(
                "phone {}: {} {} {:?}, {content:?} bytes, {end:?}",
                self.number, head.method, head.uri, head.headers
            )
        });
        let mut task = tokio::spawn(front.clone().answer(Asked { head, content, body, upload, place }));
        if end == End::Whole && !self.is_trouble(70) {
            return self.result(task.await);
        }
        self.world.lock().figures.drops += 1;
        let longest = [300, 3_000, 90_000][self.rng.usize(..3)];
        let patience = Duration::from_millis(self.rng.u64(0..longest));
        match self.rng.u8(0..4) {
            // It closes the connection.
            0 => {
                if let Ok(answer) = timeout(patience, &mut task).await {
                    return self.result(answer);
                }
                task.abort();
                None
            }
            // It changes its network: the old connection hangs.
            1 => match timeout(patience, &mut task).await {
                Ok(answer) => self.result(answer),
                Err(_) => None,
            },
            // Its answer gets lost.
            2 => {
                let _ = timeout(Duration::from_secs(3600), &mut task).await;
                None
            }
            _ => self.race(front, task, upload, patience).await,
        }
    }

    /// A second connection of the same phone gets in the way.
    async fn race(
        &mut self,
        front: &Front,
        mut task: JoinHandle<Option<Answer>>,
        upload: usize,
        after: Duration,
    ) -> Option<Answer> {
        // Long enough that it is the older one.
        if let Ok(answer) = timeout(after + Duration::from_millis(1), &mut task).await {
            return self.result(answer);
        }
        let (current, url) = self.place()?;
        self.world.lock().figures.races += 1;
        let highest = self.world.lock().highest(upload);
        let (request, content, data) = match self.rng.u8(0..8) {
            0..4 => (self.request(Method::HEAD, &url, None), Some(0), Bytes::new()),
            4 if self.schedule.may_give_up => {
                (self.request(Method::DELETE, &url, None), Some(0), Bytes::new())
            }
            _ => self.part(&url, highest),
        };
        let body = self.body(data, End::Whole);
        let head = request.body(()).expect("a good head").into_parts().0;
        self.world
            .lock()
            .say(|| format!("phone {}: races with {} {:?}", self.number, head.method, head.headers));
        let asked = Asked { head, content, body, upload: current, place: None };
        let begun = Instant::now();
        let newer = tokio::spawn(front.clone().answer(asked));
        let older = tokio::spawn({
            let world = self.world.clone();
            async move {
                let answer = task.await;
                let took = begun.elapsed();
                let mut inside = world.lock();
                inside.figures.fences += 1;
                // Where records take long, so does everything that is told.
                let slow = inside.schedule.store > FENCED || inside.uploads[upload].is_complete;
                let prompt = took <= FENCED || slow || answer.as_ref().is_ok_and(Option::is_some);
                inside.check(prompt, || format!("the older request was cut off after {took:?}"));
            }
        });
        let answer = newer.await;
        let _ = older.await;
        self.result(answer)
    }

    fn result(&self, answer: Result<Option<Answer>, tokio::task::JoinError>) -> Option<Answer> {
        if answer.as_ref().is_err_and(|error| error.is_panic()) {
            self.world.lock().check(false, || "a request panicked".to_owned());
        }
        answer.ok().flatten()
    }

    fn body(&mut self, data: Bytes, end: End) -> Script {
        let (piece, pace) = (self.schedule.piece, self.schedule.pace);
        Script::new(&self.world, self.rng.fork(), data, end, piece, pace)
    }
}

fn field(bytes: &[u8]) -> HeaderValue {
    digests(bytes).field().expect("a digest is a field")
}
