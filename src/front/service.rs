//! From a request to its answer.

use super::connection::CutOff;
use super::door::Entered;
use super::h2::Windows;
use super::intent::{self, Intent, NewFile, Rules};
use super::interim::Interim;
use super::{door, forwarded, head, reply, resource};
use crate::access::{Guard, Open, Peer, Proxies};
use crate::bits::Destination;
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use crate::resumable::reply::{Announced, capabilities, upload_id};
use crate::resumable::{self, Settings};
use crate::route::{Route, Routes};
use crate::transfer::{Refusal, Upload, Uploads};
use crate::upload::Beginning;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

/// The answer to a request, or the wish to break its connection off.
pub(super) type Answer = Result<Response<Full<Bytes>>, CutOff>;

/// Answers requests. Cheap to clone.
///
/// `G` decides who gets in; [`Open`] lets everybody in.
#[derive(Debug, Clone)]
pub struct Service<U, G = Open> {
    pub(super) uploads: U,
    pub(super) guard: G,
    routes: Arc<Routes>,
    pub(super) limits: Arc<Limits>,
    pub(super) resumption: Arc<Settings>,
    proxies: Arc<Proxies>,
    windows: Windows,
}

/// One request, as far as it matters for answering it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Names it, or the upload that it is about, in logs and to its client.
    pub(super) id: String,
    /// Who sent it: not always who is at the other end of the connection.
    pub(super) client: SocketAddr,
    /// Who is at the other end of the connection.
    pub(super) peer: Peer,
    pub(super) head: Parts,
    /// It has a body, or may have one: after a failure nobody knows how much of it is still to come.
    pub(super) has_body: bool,
    pub(super) interim: Interim,
}

impl<U> Service<U> {
    /// A service that lets everybody in, and hands the uploads it accepts to `uploads`.
    pub fn new(uploads: U, routes: Arc<Routes>, limits: Arc<Limits>, resumption: Arc<Settings>) -> Self {
        let windows = Windows::new(limits.memory / 4);
        Service { uploads, guard: Open, routes, limits, resumption, proxies: Arc::default(), windows }
    }

    /// The same, with somebody at the door.
    pub fn guarded_by<G: Guard>(self, guard: G) -> Service<U, G> {
        let Service { uploads, guard: Open, routes, limits, resumption, proxies, windows } = self;
        Service { uploads, guard, routes, limits, resumption, proxies, windows }
    }
}

impl<U: Uploads, G: Guard> Service<U, G> {
    /// The same behind these proxies. Without this, nobody is believed.
    pub fn behind(self, proxies: Arc<Proxies>) -> Self {
        Service { proxies, ..self }
    }

    /// The same with windows of HTTP/2 from a pool that it shares with other services.
    pub fn sharing(self, windows: Windows) -> Self {
        Service { windows, ..self }
    }

    pub(super) fn windows(&self) -> &Windows {
        &self.windows
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn uploads(&self) -> &U {
        &self.uploads
    }

    /// What clients are told about limits; of the program, where it is not known which route they would have taken.
    pub(super) fn announced(&self, route: Option<&Route>) -> Announced {
        let max_size = self.limits.max_upload;
        let max_size = route.map_or(max_size, |route| route.largest(max_size));
        Announced { max_size, age: Some(self.limits.uploads.expire) }
    }

    /// The answer to one request of that client, or the wish to break its connection. Dropping the future tells the
    /// upload that its client is gone.
    pub(super) async fn answer<B>(self, peer: Peer, request: Request<B>, interim: Interim) -> Answer
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        let (mut head, body) = request.into_parts();
        let origin = forwarded::settle(&mut head, &peer, &self.proxies);
        let peer = Peer { encrypted: origin.encrypted, ..peer };
        let has_body = !body.is_end_stream() || head::is_open_ended(&head);
        let asked = Asked { id: new_id(), client: origin.client, peer, has_body, head, interim };
        let rules =
            Rules { routes: &self.routes, resumption: &self.resumption, max_upload: self.limits.max_upload };
        match intent::read(&asked.head, rules) {
            Ok(Intent::Upload(file)) => {
                // Nothing is read of the body, and nobody else hears of it, before this is decided.
                let uri = asked.head.uri.path_and_query().map_or("/", |uri| uri.as_str());
                let entered = match door::enter(&self.guard, &asked, &file.route, uri, &self.resumption).await
                {
                    Ok(entered) => entered,
                    // Its system comes back by itself; after a 503 it would not.
                    Err(denied)
                        if file.creation.is_some() && denied.failure.problem == Problem::AuthUnavailable =>
                    {
                        self.note(&asked, &denied.failure);
                        return Err(CutOff);
                    }
                    Err(denied) => {
                        let mut response = self.refuse_new(&asked, &denied.failure);
                        reply::challenge(&mut response, &denied.challenges);
                        return Ok(response);
                    }
                };
                let user = entered.permit.user.as_deref();
                let destination = file.destination(&asked.head, user, Uuid::new_v4().as_u128());
                match destination {
                    Err(failure) => Ok(self.refuse_new(&asked, &failure)),
                    Ok(to) if file.creation.is_some() => {
                        Box::pin(resource::create(&self, &asked, entered, file, to, body)).await
                    }
                    Ok(to) => Ok(Box::pin(self.plain(&asked, entered, file, to, body)).await),
                }
            }
            Ok(Intent::Resource { id, content }) => {
                Box::pin(resource::serve(&self, &asked, id, content, body)).await
            }
            Ok(Intent::Capabilities(route)) => {
                let (status, headers) =
                    capabilities(&asked.head.headers, &self.resumption, &self.announced(Some(&route)));
                Ok(reply::bare(status, headers, &asked.id))
            }
            Err(failure) => Ok(self.refuse_new(&asked, &failure)),
        }
    }

    /// The answer to a request that is refused by its head. Who wants to upload is told in the words of the protocol.
    fn refuse_new(&self, asked: &Asked, failure: &Failure) -> Response<Full<Bytes>> {
        let mut response = self.refuse(asked, failure);
        let uploads = [Method::PUT, Method::POST].contains(&asked.head.method);
        if let Some(version) = resumable::spoken(&asked.head, &self.resumption).filter(|_| uploads) {
            let announced = self.announced(None);
            resumable::reply::refuse(version, response.headers_mut(), failure.problem, None, &announced);
        }
        response
    }

    /// An upload that cannot be resumed.
    async fn plain<B>(
        &self,
        asked: &Asked,
        entered: Entered,
        file: NewFile,
        destination: Destination,
        body: B,
    ) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        let mut carried = file.route.carried(&asked.head.headers);
        entered.add_to(&file.route, &mut carried);
        let upload = Upload {
            id: asked.id.clone(),
            client: Some(asked.client),
            method: asked.head.method.clone(),
            route: file.route,
            destination,
            carried,
            // A file that comes in one request tells its length in the head.
            part: Beginning::whole(file.content.unwrap_or_default()),
            digests: file.digests,
            content_digest: file.content_digest,
            lasting: false,
            permit: entered.permit,
        };
        let outcome = match self.uploads.start(upload, entered.principal.as_ref(), body) {
            Ok(outcome) => outcome,
            Err(failure) => return self.refuse_new(asked, &failure),
        };
        let result = match outcome.await {
            Ok(outcome) => outcome.result,
            Err(_) => Err(Failure::new(Problem::Internal, "the upload ended without an outcome")),
        };
        match result {
            Ok(stored) => reply::stored(stored, &asked.id),
            Err(failure) => reply::failed(&failure, &asked.id, asked.has_body),
        }
    }

    /// The answer to a request that does not become an upload.
    pub(super) fn refuse(&self, asked: &Asked, failure: &Failure) -> Response<Full<Bytes>> {
        self.note(asked, failure);
        reply::failed(failure, &asked.id, asked.has_body)
    }

    /// A request does not become an upload, for the log.
    pub(super) fn note(&self, asked: &Asked, failure: &Failure) {
        let (id, client, method) = (asked.id.as_str(), asked.client, Some(&asked.head.method));
        // The rest of the path of an upload is a secret, whatever is wrong with the request.
        let path = match asked.head.uri.path() {
            path if upload_id(&self.resumption, path).is_some() => &self.resumption.prefix,
            path => path,
        };
        self.uploads.refused(Refusal { id, client, failure, method, path: Some(path) });
    }
}

/// Twelve random hexadecimal digits: enough to tell the requests in a log apart.
pub(super) fn new_id() -> String {
    let mut id = Uuid::new_v4().simple().to_string();
    id.truncate(12);
    id
}
