//! From a request to its answer.

use super::asked::{Answer, Asked, CutOff, new_id};
use super::door::Entered;
use super::intent::{self, Intent, NewFile, Rules};
use super::interim::Interim;
use super::service::Service;
use super::{door, forwarded, head, reply, resource};
use crate::access::{Guard, Peer};
use crate::bits::Destination;
use crate::error::{Failure, Problem};
use crate::resumable;
use crate::resumable::reply::capabilities;
use crate::transfer::{Upload, Uploads};
use crate::upload::Beginning;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use std::error::Error;
use uuid::Uuid;

impl<U: Uploads, G: Guard> Service<U, G> {
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
}
