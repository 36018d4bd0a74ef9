//! What the registry needs of this program: backends, limits, log lines. And the registry as the front sees it.

use super::backends::{Backends, Way};
use crate::bits::{Destination, Event};
use crate::config::one_line;
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use crate::registry::{Drain, Host, Registry};
use crate::resumable::reply::Told;
use crate::route::{Carried, Route, Routes};
use crate::telemetry::{self, Metrics, UploadEnd, UploadLine};
use crate::transfer::{
    Begun, Budget, Created, Feeding, Found, How, NewPart, NewUpload, Outcome, Refusal, Report, Shared,
    Traffic, Upload, Uploads,
};
use crate::upload::Principal;
use bytes::Bytes;
use http::Method;
use http_body::Body;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::oneshot;

/// What all workers share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) routes: Arc<Routes>,
    pub(super) limits: Arc<Limits>,
    pub(super) budget: Budget,
    pub(super) traffic: Traffic,
    pub(super) metrics: Metrics,
    backends: Backends,
    drain: Drain,
}

impl Common {
    pub(super) fn new(routes: Routes, limits: Limits, backends: Backends, drain: Drain) -> Self {
        let labels: Vec<String> = routes.iter().map(|route| route.label()).collect();
        Common {
            budget: Budget::new(limits.memory),
            traffic: Traffic::default(),
            metrics: Metrics::new(labels.iter().map(String::as_str)),
            routes: Arc::new(routes),
            limits: Arc::new(limits),
            backends,
            drain,
        }
    }
}

impl Host for Common {
    type Backend = Way;

    fn dial(&self, route: &Route, destination: &Destination, carried: &Carried) -> Self::Backend {
        self.backends.way(route, destination, carried)
    }

    fn route(&self, label: &str, destination: &Destination) -> Option<Arc<Route>> {
        let leads_there = |route: &&Arc<Route>| {
            let (authority, base) = (route.backend.authority.as_str(), route.backend.base.as_str());
            route.label() == label
                && destination.host.as_bytes() == authority.as_bytes()
                && destination.target.path().starts_with(base)
        };
        self.routes.iter().find(leads_there).cloned()
    }

    fn shared(&self, route: &Route) -> Shared {
        let known = self.backends.of(route);
        Shared {
            limits: Arc::clone(known.map_or(&self.limits, |known| &known.limits)),
            budget: self.budget.clone(),
            ceiling: known.map(|known| known.ceiling.clone()).unwrap_or_default(),
            traffic: self.traffic.clone(),
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn drain(&self) -> &Drain {
        &self.drain
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn observe(&self, upload: &Upload, event: &Event) {
        count(&self.metrics, event);
        happened(&upload.id, upload.client, event);
    }

    fn over(&self, upload: &Upload, how: &How, report: &Report) {
        finished(&self.metrics, upload, how, report);
    }

    fn unusable(&self, id: &str, why: &str) {
        tracing::error!("the upload {id}… of the state directory cannot be gone on with: {}", one_line(why));
    }
}

/// Runs the uploads of one worker.
#[derive(Debug, Clone)]
pub(super) struct Runner(pub(super) Registry<Common>);

impl Uploads for Runner {
    fn start<B>(
        &self,
        upload: Upload,
        principal: Option<&Principal>,
        body: B,
    ) -> Result<oneshot::Receiver<Outcome>, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        self.0.start(upload, principal, body)
    }

    async fn create(&self, new: NewUpload) -> Result<Created, Failure> {
        self.0.create(new).await
    }

    fn begun(&self, id: &str) -> Option<Begun> {
        self.0.begun(id)
    }

    fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Found> {
        self.0.find(id, principal)
    }

    fn feed<B>(&self, id: &str, part: NewPart, body: B) -> Feeding
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        self.0.feed(id, part, body)
    }

    async fn status(&self, id: &str) -> Result<Told, Problem> {
        self.0.status(id).await
    }

    async fn cancel(&self, id: &str) -> Result<(), Problem> {
        self.0.cancel(id).await
    }

    fn refused(&self, refusal: Refusal<'_>) {
        let Refusal { id, client, failure, method, path } = refusal;
        let row = failure.problem.row();
        self.0.host().metrics.request_refused(failure.problem);
        let what = match (method, path) {
            (Some(method), Some(path)) => format!("{method} {path}"),
            _ => "an unreadable head".to_owned(),
        };
        tracing::info!(
            id,
            client = client.to_string(),
            method = method.map(Method::as_str),
            path,
            status = row.status.as_u16(),
            error = row.code,
            fault = row.fault.as_str(),
            cause = failure.cause.as_deref().map(one_line),
            "{}",
            one_line(&format!("refused {what}: {failure}"))
        );
    }

    fn replayed(&self) {
        self.0.host().metrics.replayed();
    }
}

/// Counts what is worth it in the course of an upload.
fn count(metrics: &Metrics, event: &Event) {
    match event {
        Event::Retrying { .. } => metrics.retried(),
        Event::Restarted { .. } => metrics.restarted(),
        Event::Challenged { .. } => metrics.challenged(),
        Event::HostGivenUp { .. } => metrics.node_given_up(),
        Event::CloseDecided { stored, .. } => metrics.close_decided(*stored),
        _ => {}
    }
}

/// One line for what is worth it in the course of an upload.
fn happened(id: &str, client: Option<SocketAddr>, event: &Event) {
    let client = client.map(|client| client.to_string());
    let client = client.as_deref();
    match event {
        Event::Created { session, profile } => {
            tracing::debug!(id, client, session = %session, profile = profile.name, "session created");
        }
        Event::HostIgnored { host } => {
            tracing::warn!(
                id,
                client,
                host,
                "the backend asks for its node by BITS-Host-Id, which is not followed"
            );
        }
        Event::HostFollowed { host } => {
            tracing::debug!(id, client, host, "going on at the node that the backend named by BITS-Host-Id");
        }
        Event::HostGivenUp { host } => {
            tracing::warn!(
                id,
                client,
                host,
                "nothing gets through to the node: back to the backend's first host"
            );
        }
        Event::Challenged { what, status } => {
            let status = status.as_u16();
            tracing::info!(
                id,
                client,
                status,
                "{what} was answered {status}: sending it once more with fresh credentials"
            );
        }
        Event::Retrying { why, delay } => {
            let (problem, cause) = (why.problem.code(), why.cause.as_deref());
            tracing::warn!(
                id,
                client,
                problem,
                cause,
                "{}; next attempt in {} ms",
                why.detail,
                delay.as_millis()
            );
        }
        Event::Resynced { from, to } => {
            tracing::debug!(id, client, from, to, "the backend wants another offset than expected");
        }
        Event::FragmentLimit { bytes } => {
            tracing::info!(
                id,
                client,
                bytes,
                "the backend called a fragment too large: going on with smaller ones"
            );
        }
        Event::Restarted { why } => {
            let (problem, cause) = (why.problem.code(), why.cause.as_deref());
            tracing::warn!(
                id,
                client,
                problem,
                cause,
                "{}; beginning a new session for the same bytes",
                why.detail
            );
        }
        Event::ReplyLost { detail } => {
            tracing::warn!(id, client, "the application's reply is lost: {detail}");
        }
        Event::CloseDecided { stored, detail } => {
            tracing::warn!(id, client, stored, "an answer to Close-Session was lost: {detail}");
        }
    }
}

fn finished(metrics: &Metrics, upload: &Upload, how: &How, report: &Report) {
    let session = report.session.as_ref().map(ToString::to_string);
    let line = UploadLine {
        id: &upload.id,
        client: upload.client,
        user: upload.permit.user.as_deref(),
        method: upload.method.as_str(),
        route: &upload.route.label(),
        backend: upload.route.backend.authority.as_str(),
        target: upload.destination.target.path(),
        session: session.as_deref(),
        total: upload.part.total,
        from: report.from,
        bytes: report.acknowledged,
        fragments: report.stats.fragments,
        retries: report.stats.retries,
        restarts: report.stats.restarts,
        duration: report.duration,
        tail: report.tail,
        status: status(how),
        end: match how {
            How::Stored(_) => UploadEnd::Stored,
            How::Failed { failure, .. } => UploadEnd::Failed(failure),
            How::Taken(_) => UploadEnd::Taken,
            How::Paused { why, .. } => UploadEnd::Paused(why),
        },
    };
    metrics.upload_finished(&line);
    if is_cut_off(upload, how) {
        metrics.cut_off();
    }
    telemetry::upload_finished(&line);
}

/// Whether a client that can resume was broken off, not answered. Not counted if it left by itself, or has come again.
fn is_cut_off(upload: &Upload, how: &How) -> bool {
    let why = match how {
        How::Paused { refused: false, why, .. } => why,
        How::Failed { failure, complete: false } if upload.lasting && failure.problem.row().retry => failure,
        _ => return false,
    };
    upload.client.is_some() && why.problem != Problem::ClientGone
}

/// Where nobody was answered, or the connection was cut off: the number that proxies log for it.
const NO_ANSWER: u16 = 499;

fn status(how: &How) -> u16 {
    match how {
        How::Stored(_) | How::Taken(_) => 201,
        How::Failed { failure, .. } if failure.problem == Problem::ClientGone => NO_ANSWER,
        How::Paused { refused: false, .. } => NO_ANSWER,
        How::Failed { failure, .. } | How::Paused { why: failure, .. } => {
            failure.problem.row().status.as_u16()
        }
    }
}
