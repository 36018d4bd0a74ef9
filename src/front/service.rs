//! What answers requests, and what all answers share. How it comes to one is in `answer`.

use super::asked::Asked;
use super::h2::Windows;
use super::reply;
use crate::access::{Guard, Open, Proxies};
use crate::error::Failure;
use crate::limits::Limits;
use crate::resumable::Settings;
use crate::resumable::reply::{Announced, upload_id};
use crate::route::{Route, Routes};
use crate::transfer::{Refusal, Uploads};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use std::sync::Arc;

/// Answers requests. Cheap to clone.
///
/// `G` decides who gets in; [`Open`] lets everybody in.
#[derive(Debug, Clone)]
pub struct Service<U, G = Open> {
    pub(super) uploads: U,
    pub(super) guard: G,
    pub(super) routes: Arc<Routes>,
    pub(super) limits: Arc<Limits>,
    pub(super) resumption: Arc<Settings>,
    pub(super) proxies: Arc<Proxies>,
    windows: Windows,
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
