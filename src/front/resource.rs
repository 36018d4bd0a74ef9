//! Requests about uploads that can be resumed: the one that begins an upload, and those to its own URL.

use super::asked::{Answer, Asked, CutOff};
use super::door::{self, Entered};
use super::intent::{self, NewFile};
use super::reply;
use super::service::Service;
use crate::access::{Denied, Guard};
use crate::bits::Destination;
use crate::digest::Digests;
use crate::error::{Failure, Fault, Problem};
use crate::resumable::{self, Append, OnResource, Version};
use crate::route::Route;
use crate::transfer::{Created, Fed, Feeding, Found, NewPart, NewUpload, Uploads};
use crate::upload::Refusal;
use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body::Body;
use http_body_util::Full;
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// More 104s for one request would break Go's proxies, which count them.
const MOST_PROGRESS: u32 = 4;

/// Begins an upload: makes its resource, tells its URL by a 104, then takes the body.
pub(super) async fn create<U, G, B>(
    service: &Service<U, G>,
    asked: &Asked,
    entered: Entered,
    file: NewFile,
    destination: Destination,
    body: B,
) -> Answer
where
    U: Uploads,
    G: Guard,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Error + Send + Sync + 'static,
{
    let Some(creation) = file.creation else { return Err(CutOff) };
    let part = Append {
        version: creation.version,
        offset: 0,
        complete: creation.complete,
        length: creation.length,
        content: file.content,
    };
    if let Err(failure) = check_part(service, &part, &file.content_digest) {
        return Ok(service.refuse(asked, &failure));
    }
    let route = &Arc::clone(&file.route);
    let mut carried = route.carried(&asked.head.headers);
    entered.add_to(route, &mut carried);
    let new = NewUpload {
        name: asked.id.clone(),
        client: Some(asked.client),
        version: creation.version,
        principal: entered.principal,
        method: asked.head.method.clone(),
        route: file.route,
        path: asked.head.uri.path().to_owned(),
        destination,
        carried: carried.clone(),
        total: creation.length,
        digests: file.digests,
    };
    let made = service.uploads.create(new).await.and_then(|created| {
        let location = resumable::reply::location(&service.resumption, &created.id);
        // The settings are checked before anything is served.
        let location = location.ok_or_else(|| Failure::new(Problem::Internal, "the URL is not a header"));
        location.map(|location| (created, location))
    });
    let (Created { id, place }, location) = match made {
        Ok(made) => made,
        // Its system comes back by itself, to another instance or to the next life of this one. After a 503 it would not.
        Err(failure) if failure.problem == Problem::ShuttingDown => return Err(CutOff),
        // So after trouble of the backend that may pass.
        Err(failure) if failure.problem.row().retry && failure.problem.row().fault == Fault::Backend => {
            service.refuse(asked, &failure);
            return Err(CutOff);
        }
        Err(failure) => return Ok(service.refuse(asked, &failure)),
    };
    let head = resumable::reply::supported(creation.version, &location, &service.announced(Some(route)));
    if let Err(error) = asked.interim.send(&head).await {
        // Its connection is gone, as the upload will find out.
        tracing::debug!(id = asked.id, %error, "the 104 was not sent");
    }
    let new = NewPart {
        client: Some(asked.client),
        append: part,
        content_digest: file.content_digest,
        carried,
        place: Some(place),
        permit: entered.permit,
    };
    feed(service, asked, route, &id, new, body, Some(&location)).await
}

/// A request to the URL of an upload.
pub(super) async fn serve<U, G, B>(
    service: &Service<U, G>,
    asked: &Asked,
    id: &str,
    content: Option<u64>,
    body: B,
) -> Answer
where
    U: Uploads,
    G: Guard,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Error + Send + Sync + 'static,
{
    let unknown = || gone(service, asked, Version::rfc(), Problem::UploadUnknown);
    // Whether there is such an upload comes first: nothing about it is for strangers. (An answer may come a little later if
    // there is one, because then somebody is asked. Ids cannot be guessed, so that tells nobody anything.)
    let Some(begun) = service.uploads.begun(id) else { return Ok(unknown()) };
    let uri = if begun.path.is_empty() { &begun.route.prefix } else { &begun.path };
    let entered = match door::enter(&service.guard, asked, &begun.route, uri, &service.resumption).await {
        Ok(entered) => entered,
        // Nobody can say whether it is the owner: then its system comes back by itself. Who says to be somebody else is not.
        Err(Denied { undecided: true, claims, failure, .. })
            if claims.is_none() || service.uploads.find(id, claims.as_deref()).is_some() =>
        {
            service.note(asked, &failure);
            return Err(CutOff);
        }
        Err(_) => return Ok(unknown()),
    };
    let Some(found) = service.uploads.find(id, entered.principal.as_ref()) else { return Ok(unknown()) };
    let asked = &Asked { id: found.name.clone(), ..asked.clone() };
    let version = resumable::version(&asked.head.headers, found.version);
    match resumable::on_resource(&asked.head, content, found.version) {
        Err(failure) => Ok(refused(service, asked, version, failure, None)),
        Ok(OnResource::Capabilities) => {
            let (status, headers) = resumable::reply::capabilities(
                &asked.head.headers,
                &service.resumption,
                &service.announced(Some(&found.route)),
            );
            Ok(reply::bare(status, headers, &asked.id))
        }
        Ok(OnResource::Offset(version)) => Ok(match service.uploads.status(id).await {
            Ok(told) => {
                let announced = service.announced(Some(&found.route));
                let (status, headers) = resumable::reply::offset(version, &told, &announced);
                reply::bare(status, headers, &asked.id)
            }
            Err(why) => gone(service, asked, version, why),
        }),
        Ok(OnResource::Cancel(version)) => Ok(match service.uploads.cancel(id).await {
            Ok(()) => {
                let (status, headers) = resumable::reply::cancelled(version);
                reply::bare(status, headers, &asked.id)
            }
            Err(why) => gone(service, asked, version, why),
        }),
        Ok(OnResource::Append(part)) => append(service, asked, entered, id, &found, part, body).await,
    }
}

async fn append<U, G, B>(
    service: &Service<U, G>,
    asked: &Asked,
    entered: Entered,
    id: &str,
    found: &Found,
    part: Append,
    body: B,
) -> Answer
where
    U: Uploads,
    G: Guard,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Error + Send + Sync + 'static,
{
    let mut content_digest = intent::part_digest(&found.route, &asked.head.headers);
    // iOS repeats the fields of the first request. What was said there of the whole file is not about this part.
    if found.expected.contains(&content_digest) {
        content_digest = Digests::default();
    }
    if let Err(failure) = check_part(service, &part, &content_digest) {
        return Ok(refused(service, asked, part.version, failure, None));
    }
    let mut carried = found.route.carried(&asked.head.headers);
    entered.add_to(&found.route, &mut carried);
    let new = NewPart {
        client: Some(asked.client),
        append: part,
        content_digest,
        carried,
        place: None,
        permit: entered.permit,
    };
    feed(service, asked, &found.route, id, new, body, None).await
}

/// A part with a digest of its own is held whole until it is checked, so it has to be small.
fn check_part<U: Uploads, G: Guard>(
    service: &Service<U, G>,
    part: &Append,
    digest: &Digests,
) -> Result<(), Failure> {
    let most = service.limits.fragment.max;
    if digest.is_empty() || part.content.is_some_and(|content| content <= most) {
        return Ok(());
    }
    let detail = format!("with Content-Digest a part may have {most} bytes, and has to say how many it has");
    Err(Failure::new(Problem::PartTooLarge, detail))
}

/// Hands a part over, and answers what became of it. `created`: the URL, if this request began the upload.
async fn feed<U, G, B>(
    service: &Service<U, G>,
    asked: &Asked,
    route: &Route,
    id: &str,
    part: NewPart,
    body: B,
    created: Option<&HeaderValue>,
) -> Answer
where
    U: Uploads,
    G: Guard,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Error + Send + Sync + 'static,
{
    let (version, content) = (part.append.version, part.append.content);
    let feeding = service.uploads.feed(id, part, body);
    let Some(fed) = wait(service, asked, version, feeding).await else {
        tracing::error!(id = asked.id, "a request ended without an outcome: its connection is cut off");
        return Err(CutOff);
    };
    let announced = service.announced(Some(route));
    match fed {
        Fed::CutOff => Err(CutOff),
        Fed::Taken { offset } => {
            let (status, headers) = resumable::reply::part(version, created, offset, &announced);
            Ok(reply::bare(status, headers, &asked.id))
        }
        Fed::Finished { answer, offset, replayed } => {
            if replayed {
                service.uploads.replayed();
            }
            let unread = replayed && content != Some(0);
            let mut response = match answer {
                Ok(stored) => reply::stored(stored, &asked.id),
                Err(failure) => reply::failed(&failure, &asked.id, asked.has_body),
            };
            let status = response.status();
            resumable::reply::finish(version, status, response.headers_mut(), offset, created);
            if unread {
                reply::close(&mut response);
            }
            Ok(response)
        }
        Fed::Refused(Refusal { gone: Some(why), .. }) => Ok(gone(service, asked, version, why)),
        Fed::Refused(Refusal { failure, offset, .. }) => {
            Ok(refused(service, asked, version, failure, offset))
        }
    }
}

/// Waits for the outcome, and tells meanwhile how far the upload has come, if that is wanted.
async fn wait<U: Uploads, G: Guard>(
    service: &Service<U, G>,
    asked: &Asked,
    version: &Version,
    feeding: Feeding,
) -> Option<Fed> {
    let Feeding { outcome, mut recorded } = feeding;
    let mut outcome = pin!(outcome);
    let mut ticks = service.resumption.progress.map(|pause| {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let mut left = MOST_PROGRESS;
    loop {
        tokio::select! {
            biased;
            fed = &mut outcome => return fed.ok(),
            () = tick(&mut ticks), if left > 0 => {}
        }
        let offset = *recorded.borrow_and_update();
        let head = resumable::reply::progress(version, offset).filter(|_| offset > 0);
        if let Some(head) = head {
            left -= 1;
            // It is worth nothing to a client that does not read it in time.
            let _ = asked.interim.try_send(&head);
        }
    }
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => pending().await,
    }
}

/// The answer to a request for an upload that is not there, or not any more.
fn gone<U: Uploads, G: Guard>(
    service: &Service<U, G>,
    asked: &Asked,
    version: &Version,
    why: Problem,
) -> Response<Full<Bytes>> {
    let mut response = refused(service, asked, version, crate::upload::gone(why), None);
    reply::reason(&mut response, why);
    response
}

/// The answer to a request that changes nothing.
fn refused<U: Uploads, G: Guard>(
    service: &Service<U, G>,
    asked: &Asked,
    version: &Version,
    failure: Failure,
    offset: Option<u64>,
) -> Response<Full<Bytes>> {
    let mut response = service.refuse(asked, &failure);
    let announced = service.announced(None);
    resumable::reply::refuse(version, response.headers_mut(), failure.problem, offset, &announced);
    if failure.problem == Problem::MethodNotAllowed {
        reply::allow(&mut response, resumable::allowed(version));
    }
    response
}
