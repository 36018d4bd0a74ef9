//! From a request to its answer.

use super::connection::CutOff;
use super::interim::Interim;
use super::{intent, reply};
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use crate::route::Routes;
use crate::transfer::{Refusal, Upload, Uploads};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

/// Answers requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service<U> {
    uploads: U,
    routes: Arc<Routes>,
    limits: Arc<Limits>,
}

impl<U: Uploads> Service<U> {
    /// A service that hands the uploads it accepts to `uploads`.
    pub fn new(uploads: U, routes: Arc<Routes>, limits: Arc<Limits>) -> Self {
        Service { uploads, routes, limits }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn uploads(&self) -> &U {
        &self.uploads
    }

    /// The answer to one request of that client, or the wish to break its connection. Dropping the future tells the
    /// upload that its client is gone.
    pub(super) async fn answer<B>(
        self,
        client: SocketAddr,
        request: Request<B>,
        _interim: Interim,
    ) -> Result<Response<Full<Bytes>>, CutOff>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        let id = new_id();
        let (head, body) = request.into_parts();
        // After a failure nobody knows how much of a body is still to come.
        let close_on_failure = !body.is_end_stream();
        let intent = match intent::read(&head, &self.routes, self.limits.max_upload) {
            Ok(intent) => intent,
            Err(failure) => {
                let (method, path) = (Some(&head.method), Some(head.uri.path()));
                self.uploads.refused(Refusal { id: &id, client, failure: &failure, method, path });
                return Ok(reply::failed(&failure, &id, close_on_failure));
            }
        };
        let upload = Upload {
            id: id.clone(),
            client,
            method: head.method,
            route: intent.route,
            destination: intent.destination,
            total: intent.total,
        };
        let result = match self.uploads.start(upload, body).await {
            Ok(outcome) => outcome.result,
            Err(_) => Err(Failure::new(Problem::Internal, "the upload ended without an outcome")),
        };
        Ok(match result {
            Ok(stored) => reply::stored(stored, &id),
            Err(failure) => reply::failed(&failure, &id, close_on_failure),
        })
    }
}

/// Twelve random hexadecimal digits: enough to tell the requests in a log apart.
pub(super) fn new_id() -> String {
    let mut id = Uuid::new_v4().simple().to_string();
    id.truncate(12);
    id
}
