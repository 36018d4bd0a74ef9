//! From a request to its answer, as the program's front does it, without sockets; and what every answer has to be like.

use crate::body::Script;
use crate::oracle::Before;
use crate::proxy::Program;
use crate::world::{World, target};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use put2bits::bits::Destination;
use put2bits::digest::{self, Digests};
use put2bits::error::Problem;
use put2bits::registry::Registry;
use put2bits::resumable::reply::{self, Announced};
use put2bits::resumable::{self, Append, Mode, OnResource, Settings, Version};
use put2bits::transfer::{Created, Fed, Feeding, NewPart, NewUpload, Permit};
use put2bits::upload::{DigestPlan, Principal, Refusal, gone};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Where all requests come from.
fn client() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// What an answer means to the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Where to go on. From HEAD, from a part that was taken, or from a 409.
    Offset(u64),
    /// The file is stored.
    Stored,
    /// The upload has failed for good.
    Failed(Problem),
    /// There is no such upload.
    Gone,
    /// It is gone now, as was wished.
    Cancelled,
    /// This request was not to the point.
    Refused,
}

/// Where an upload can be gone on with: its number and its URL.
pub(crate) type Place = Arc<Mutex<Option<(usize, String)>>>;

/// A request.
pub(crate) struct Asked {
    pub(crate) head: Parts,
    pub(crate) content: Option<u64>,
    pub(crate) body: Script,
    pub(crate) upload: usize,
    /// For the URL in the 104, if this begins an upload.
    pub(crate) place: Option<Place>,
}

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) world: World,
    pub(crate) registry: Registry<Program>,
    settings: Arc<Settings>,
}

impl Front {
    pub(crate) fn new(world: World, registry: Registry<Program>) -> Self {
        let progress = world.lock().schedule.progress;
        let settings = Settings { rfc: true, progress, ..Settings::default() };
        Front { world, registry, settings: Arc::new(settings) }
    }

    /// The answer to a request; nothing: its connection is cut off.
    pub(crate) async fn answer(self, asked: Asked) -> Option<Answer> {
        self.world.alive().await;
        self.world.lock().figures.requests += 1;
        let answer = if asked.place.is_some() { self.create(asked).await } else { self.serve(asked).await };
        self.world.alive().await;
        answer
    }

    async fn create(&self, asked: Asked) -> Option<Answer> {
        let upload = asked.upload;
        let creation = resumable::creation(&asked.head, asked.content, Mode::On, &self.settings);
        let creation = creation.expect("a good head").expect("an upload that can be resumed");
        let append = Append {
            version: creation.version,
            offset: 0,
            complete: creation.complete,
            length: creation.length,
            content: asked.content,
        };
        let headers = &asked.head.headers;
        let new = NewUpload {
            name: upload.to_string(),
            client: Some(client()),
            version: creation.version,
            principal: self.principal(headers),
            method: asked.head.method.clone(),
            route: self.registry.host().the_route(),
            path: "/f".to_owned(),
            destination: self.destination(upload),
            carried: Default::default(),
            total: creation.length,
            digests: DigestPlan {
                expected: Digests::read(headers, &REPR_DIGEST),
                wanted: digest::wanted(headers),
            },
        };
        let Created { id, place } = match self.registry.create(new).await {
            Ok(created) => created,
            Err(_) => return Some(Answer::Refused),
        };
        self.world.alive().await;
        let location = reply::location(&self.settings, &id).expect("a good URL");
        let supported = reply::supported(creation.version, &location, &self.announced());
        {
            let mut world = self.world.lock();
            world.uploads[upload].id = Some(id.clone());
            let known = world.durable.contains_key(&id);
            world.check(known, || "a URL is told before it is on record".to_owned());
            let url = supported.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let found = reply::upload_id(&self.settings, url) == Some(id.as_str());
            world.check(found, || format!("the 104 tells {url}"));
            let interop = creation.version.interop.map(|number| number.to_string());
            let echo = supported.get("upload-draft-interop-version").and_then(|value| value.to_str().ok());
            world.check(echo == interop.as_deref(), || format!("the 104 says version {echo:?}"));
        }
        if let Some(told) = &asked.place {
            *told.lock().expect("nobody panics with it") = Some((upload, id.clone()));
        }
        let content_digest = Digests::read(headers, &CONTENT_DIGEST);
        let part = NewPart {
            client: Some(client()),
            append,
            content_digest,
            carried: Default::default(),
            place: Some(place),
            permit: Permit::default(),
        };
        self.feed(upload, &id, part, asked.body, Some(&location)).await
    }

    async fn serve(&self, asked: Asked) -> Option<Answer> {
        let upload = asked.upload;
        let before = self.world.lock().before(upload);
        let id = asked.head.uri.path();
        let id = reply::upload_id(&self.settings, id).expect("the URL of an upload").to_owned();
        let principal = self.principal(&asked.head.headers);
        let Some(found) = self.registry.find(&id, principal.as_ref()) else {
            return self.gone(upload, Version::rfc(), Problem::UploadUnknown).await;
        };
        self.world.lock().check(found.name == upload.to_string(), || "another upload is found".to_owned());
        let version = resumable::version(&asked.head.headers, found.version);
        match resumable::on_resource(&asked.head, asked.content, found.version) {
            Ok(OnResource::Offset(version)) => match self.registry.status(&id).await {
                Ok(told) => {
                    self.world.alive().await;
                    let (status, headers) = reply::offset(version, &told, &self.announced());
                    let offset = number(&headers, "upload-offset");
                    let mut world = self.world.lock();
                    let words = status == StatusCode::NO_CONTENT
                        && offset == Some(told.offset)
                        && completeness(version, &headers) == Some(told.finished);
                    world.check(words, || format!("HEAD is answered {status} {headers:?} for {told:?}"));
                    world.tell(upload, told.offset, before, "HEAD");
                    Some(Answer::Offset(told.offset))
                }
                Err(why) => self.gone(upload, version, why).await,
            },
            Ok(OnResource::Cancel(version)) => match self.cancel(upload, &id).await {
                Ok(()) => {
                    self.world.alive().await;
                    let (status, _) = reply::cancelled(version);
                    let mut world = self.world.lock();
                    world.check(status == StatusCode::NO_CONTENT, || format!("DELETE is answered {status}"));
                    world.uploads[upload].gone = true;
                    world.uploads[upload].done = None;
                    world.figures.cancelled += 1;
                    Some(Answer::Cancelled)
                }
                Err(why) => self.gone(upload, version, why).await,
            },
            Ok(OnResource::Append(append)) => {
                let content_digest = Digests::read(&asked.head.headers, &CONTENT_DIGEST);
                let part = NewPart {
                    client: Some(client()),
                    append,
                    content_digest,
                    carried: Default::default(),
                    place: None,
                    permit: Permit::default(),
                };
                self.feed(upload, &id, part, asked.body, None).await
            }
            Ok(OnResource::Capabilities) => None,
            Err(failure) => {
                self.world.lock().check(false, || format!("{version:?}: {failure}"));
                None
            }
        }
    }

    async fn cancel(&self, upload: usize, id: &str) -> Result<(), Problem> {
        self.world.lock().uploads[upload].was_deleted = true;
        self.registry.cancel(id).await
    }

    async fn feed(
        &self,
        upload: usize,
        id: &str,
        part: NewPart,
        body: Script,
        created: Option<&HeaderValue>,
    ) -> Option<Answer> {
        let Append { version, offset: from, content, complete, .. } = part.append;
        let (before, acknowledged) = {
            let mut world = self.world.lock();
            world.uploads[upload].is_complete |= complete;
            (world.before(upload), world.uploads[upload].acknowledged)
        };
        let feeding = self.registry.feed(id, part, body);
        let fed = self.wait(upload, version, feeding, before.gone).await;
        self.world.alive().await;
        let fed = match fed {
            Some(fed) => fed,
            None => {
                self.world.lock().check(false, || "a request ended without an outcome".to_owned());
                return None;
            }
        };
        self.world.lock().say(|| format!("upload {upload}: from {from}: {fed:?}"));
        match fed {
            Fed::CutOff => None,
            Fed::Taken { offset } => {
                let (status, headers) = reply::part(version, created, offset, &self.announced());
                let mut world = self.world.lock();
                world.tell(upload, offset, before, "201");
                world.taken(upload, from, acknowledged);
                let end = content.map(|content| from + content);
                world.check(!complete && end.is_none_or(|end| end <= offset), || {
                    format!("{offset} bytes are taken of a part that ends at {end:?}")
                });
                let words = status.is_success()
                    && number(&headers, "upload-offset") == Some(offset)
                    && completeness(version, &headers) == Some(false);
                world.check(words, || format!("a part is answered {status} {headers:?}"));
                world.figures.parts += 1;
                Some(Answer::Offset(offset))
            }
            Fed::Finished { answer, offset, replayed } => {
                let status = answer
                    .as_ref()
                    .map_or_else(|failure| failure.problem.row().status, |_| StatusCode::CREATED);
                let mut headers = answer.as_ref().map(|stored| stored.headers.clone()).unwrap_or_default();
                reply::finish(version, status, &mut headers, offset, created);
                let mut world = self.world.lock();
                world.tell_final(upload, answer.is_ok(), replayed);
                if let Err(failure) = answer {
                    world.figures.withheld += u64::from(world.uploads[upload].is_wrong);
                    return Some(Answer::Failed(failure.problem));
                }
                world.figures.replays += u64::from(replayed);
                if !replayed {
                    world.taken(upload, from, acknowledged);
                }
                let phone = world.uploads[upload].phone;
                let total = world.files[phone].len() as u64;
                let words = number(&headers, "upload-offset") == Some(total)
                    && completeness(version, &headers) == Some(true);
                world.check(words, || format!("the final answer is {status} {headers:?}"));
                if world.schedule.wants_digest {
                    let told = Digests::read(&headers, &REPR_DIGEST);
                    let right = told == digests(&world.files[phone]);
                    world.check(right, || format!("the digest told is {told:?}"));
                }
                Some(Answer::Stored)
            }
            Fed::Refused(Refusal { gone: Some(why), .. }) => self.gone(upload, version, why).await,
            Fed::Refused(Refusal { failure, offset, .. }) => {
                let mut headers = HeaderMap::new();
                reply::refuse(version, &mut headers, failure.problem, offset, &self.announced());
                let mut world = self.world.lock();
                let Some(offset) = offset else { return Some(Answer::Refused) };
                world.check(number(&headers, "upload-offset") == Some(offset), || format!("{headers:?}"));
                world.tell(upload, offset, before, "409");
                world.figures.mismatches += 1;
                Some(Answer::Offset(offset))
            }
        }
    }

    /// Waits for the outcome, and tells meanwhile how far the upload has come, if that is wanted.
    async fn wait(&self, upload: usize, version: &Version, feeding: Feeding, gone: bool) -> Option<Fed> {
        let Feeding { mut outcome, recorded } = feeding;
        let mut before = Before { offset: 0, gone };
        loop {
            let tick = async {
                match self.settings.progress {
                    Some(pause) => sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                fed = &mut outcome => return fed.ok(),
                () = tick => {}
            }
            self.world.alive().await;
            let offset = *recorded.borrow();
            if offset > 0 && reply::progress(version, offset).is_some() {
                self.world.lock().tell(upload, offset, before, "104");
                before.offset = offset;
            }
        }
    }

    async fn gone(&self, upload: usize, version: &Version, why: Problem) -> Option<Answer> {
        self.world.alive().await;
        let failure = gone(why);
        let mut headers = HeaderMap::new();
        reply::refuse(version, &mut headers, failure.problem, None, &self.announced());
        let mut world = self.world.lock();
        let status = failure.problem.row().status;
        world.check(status == StatusCode::NOT_FOUND, || format!("what is gone is answered {status}"));
        world.tell_gone(upload);
        Some(Answer::Gone)
    }

    fn announced(&self) -> Announced {
        let limits = self.registry.host();
        let limits = put2bits::registry::Host::limits(limits);
        Announced { max_size: limits.max_upload, age: Some(limits.uploads.expire) }
    }

    fn principal(&self, headers: &HeaderMap) -> Option<Principal> {
        Principal::of(headers, &self.settings.credentials)
    }

    /// The number of the upload is its name at the backend.
    pub(crate) fn destination(&self, upload: usize) -> Destination {
        Destination {
            target: target(self.world.lock().uploads[upload].phone).parse().expect("a path"),
            host: HeaderValue::from_static("backend"),
            content_name: HeaderValue::from(upload),
        }
    }
}

/// The SHA-256 of those bytes.
pub(crate) fn digests(bytes: &[u8]) -> Digests {
    let mut hasher = digest::Hasher::new([digest::Algorithm::Sha256]);
    hasher.update(bytes);
    hasher.digests()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// What the message says about the end of the upload, in the words that the version has for it.
fn completeness(version: &Version, headers: &HeaderMap) -> Option<bool> {
    let is_old = version.interop == Some(3);
    let name = if is_old { "upload-incomplete" } else { "upload-complete" };
    let told = headers.get(name)?.as_bytes() == b"?1";
    Some(told != is_old)
}

/// Longest time in which a request that a newer one takes over from is cut off.
pub(crate) const FENCED: Duration = Duration::from_secs(1);
