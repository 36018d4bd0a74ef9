//! Uploads that cannot be resumed: one request, one run of the transfer.

use super::sessions::Slot;
use super::{Host, Registry};
use crate::bits::Event;
use crate::error::{Failure, Problem};
use crate::transfer::{self, How, Interruption, Outcome, Place, Report, Supervisor, Upload};
use crate::upload::{Owner, Principal};
use bytes::Bytes;
use http_body::Body;
use std::error::Error;
use std::future::pending;
use tokio::sync::oneshot;

impl<H: Host> Registry<H> {
    /// Runs it in a task of its own, and gives its outcome. If the receiver is dropped, the client is gone.
    ///
    /// # Errors
    /// [`Problem::TooManyRunning`], [`Problem::TooManySessions`], [`Problem::ShuttingDown`].
    pub fn start<B>(
        &self,
        upload: Upload,
        principal: Option<&Principal>,
        body: B,
    ) -> Result<oneshot::Receiver<Outcome>, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static,
    {
        self.check_open()?;
        let owner = principal.map(|principal| Owner::new(principal, &self.inner.salt));
        let place = self.try_enter(owner, upload.client, &upload.route)?;
        let slot = self.inner.sessions.try_open(&upload.route)?;
        let (client, outcome) = oneshot::channel();
        let registry = self.clone();
        self.tasks.spawn(async move { registry.plain(upload, body, client, (place, slot)).await });
        Ok(outcome)
    }

    async fn plain<B>(
        &self,
        mut upload: Upload,
        body: B,
        mut client: oneshot::Sender<Outcome>,
        held: (Place, Slot),
    ) where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Error + Send + Sync + 'static,
    {
        let host = self.host();
        // The name is given back when everything is over.
        let _reserved = match Box::pin(self.place_plain(&mut upload, &mut client)).await {
            Ok(reserved) => reserved,
            Err(failure) => {
                let report = Report::default();
                host.over(&upload, &How::Failed { failure: failure.clone(), complete: false }, &report);
                drop(held);
                // Nobody may be there any more.
                let _ = client.send(Outcome { result: Err(failure), report });
                return;
            }
        };
        let mut backend = host.dial(&upload.route, &upload.destination, &upload.carried);
        let shared = host.shared(&upload.route);
        let mut watch = Watch { host, upload: &upload, client: Some(client), gone: false, stopped: false };
        let ending = transfer::run(&upload, &mut backend, body, &shared, &mut watch).await;
        let result = match &ending.how {
            How::Stored(stored) => Ok(stored.clone()),
            How::Failed { failure, .. } | How::Paused { why: failure, .. } => Err(failure.clone()),
            // A whole file has no part behind it.
            How::Taken(_) => Err(Failure::new(Problem::Internal, "a whole file was taken for a part")),
        };
        // Who is told that its file is stored may come with the next one at once. Else it is given back when its session is
        // out of the way, too.
        let _held = (!matches!(ending.how, How::Stored(_))).then_some(held);
        if let Some(client) = watch.client.take() {
            // Nobody may be there any more.
            let _ = client.send(Outcome { result, report: ending.report.clone() });
        }
        host.over(&upload, &ending.how, &ending.report);
        ending.finish(&mut backend, &shared.limits, |event| host.observe(&upload, event)).await;
    }
}

/// Stands behind a run of the transfer.
struct Watch<'a, H> {
    host: &'a H,
    upload: &'a Upload,
    client: Option<oneshot::Sender<Outcome>>,
    gone: bool,
    stopped: bool,
}

impl<H: Host> Supervisor for Watch<'_, H> {
    async fn interrupted(&mut self) -> Interruption {
        let left = async {
            match &mut self.client {
                Some(client) if !self.gone => client.closed().await,
                _ => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = left => {
                self.gone = true;
                Interruption::Left(Failure::new(Problem::ClientGone, "the client closed its connection"))
            }
            () = self.host.drain().up().cancelled(), if !self.stopped => {
                self.stopped = true;
                let detail = "the upload did not finish within the grace period";
                Interruption::Stop(Failure::new(Problem::ShuttingDown, detail))
            }
        }
    }

    fn observe(&mut self, event: &Event) {
        self.host.observe(self.upload, event);
    }
}
