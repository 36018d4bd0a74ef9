//! Runs uploads for the front: gives each its backend connection, its share of what all have in common, and its log lines.

use crate::backend;
use crate::bits::Event;
use crate::config::one_line;
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use crate::route::{BackendUrl, Routes};
use crate::telemetry::{self, UploadLine};
use crate::transfer::{self, Budget, Ceiling, Outcome, Refusal, Report, Shared, Upload, Uploads};
use bytes::Bytes;
use http::Method;
use http_body::Body;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What all workers share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) routes: Arc<Routes>,
    pub(super) limits: Arc<Limits>,
    client: backend::Client,
    budget: Budget,
    /// Largest fragment that each backend was found to take.
    ceilings: HashMap<BackendUrl, Ceiling>,
    stop: CancellationToken,
}

impl Common {
    pub(super) fn new(
        routes: Routes,
        limits: Limits,
        client: backend::Client,
        stop: CancellationToken,
    ) -> Self {
        let ceilings = routes.iter().map(|route| (route.backend.clone(), Ceiling::default())).collect();
        Common {
            budget: Budget::new(limits.memory),
            routes: Arc::new(routes),
            limits: Arc::new(limits),
            client,
            ceilings,
            stop,
        }
    }

    fn shared(&self, upload: &Upload) -> Shared {
        let ceiling = self.ceilings.get(&upload.route.backend).cloned();
        Shared {
            limits: Arc::clone(&self.limits),
            budget: self.budget.clone(),
            // Every route's backend has an entry; without one nothing would be remembered.
            ceiling: ceiling.unwrap_or_default(),
            stop: self.stop.clone(),
        }
    }
}

/// Runs the uploads of one worker.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    common: Arc<Common>,
    tasks: TaskTracker,
}

impl Runner {
    pub(super) fn new(common: Arc<Common>, tasks: TaskTracker) -> Self {
        Runner { common, tasks }
    }
}

impl Uploads for Runner {
    fn start<B>(&self, upload: Upload, body: B) -> oneshot::Receiver<Outcome>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        let (client, outcome) = oneshot::channel();
        let shared = self.common.shared(&upload);
        let backend =
            self.common.client.connection(upload.route.backend.authority.clone(), upload.destination.clone());
        self.tasks.spawn(async move {
            let line = upload.clone();
            let from = line.client.to_string();
            let log = |event: &Event| happened(&line.id, &from, event);
            let (failure, report) = transfer::run(upload, backend, body, shared, client, log).await;
            finished(&line, failure.as_ref(), &report);
        });
        outcome
    }

    fn refused(&self, refusal: Refusal<'_>) {
        let Refusal { id, client, failure, method, path } = refusal;
        let row = failure.problem.row();
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
            "{}",
            one_line(&format!("refused {what}: {failure}"))
        );
    }
}

/// One line for what is worth it in the course of an upload.
fn happened(id: &str, client: &str, event: &Event) {
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

fn finished(upload: &Upload, failure: Option<&Failure>, report: &Report) {
    let session = report.session.as_ref().map(ToString::to_string);
    telemetry::upload_finished(&UploadLine {
        id: &upload.id,
        client: upload.client,
        method: upload.method.as_str(),
        route: &upload.route.prefix,
        backend: upload.route.backend.authority.as_str(),
        target: upload.destination.target.path(),
        session: session.as_deref(),
        total: upload.total,
        bytes: report.acknowledged,
        fragments: report.stats.fragments,
        retries: report.stats.retries,
        restarts: report.stats.restarts,
        duration: report.duration,
        tail: report.tail,
        status: status(failure),
        failure,
    });
}

fn status(failure: Option<&Failure>) -> u16 {
    match failure.map(|failure| failure.problem) {
        None => 201,
        // Nobody is left to be answered: the number that proxies log for it.
        Some(Problem::ClientGone) => 499,
        Some(problem) => problem.row().status.as_u16(),
    }
}
