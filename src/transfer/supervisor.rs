//! The seam between a running transfer and whoever started it.

use crate::bits::Event;
use crate::error::Failure;
use crate::upload::Continuation;
use std::future::Future;

/// Why a transfer has to stop before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interruption {
    /// The client is gone, or a newer request of it takes over: no more bytes come from this one. An upload that can be
    /// resumed brings what it has to the backend and pauses; if it has every byte, it goes on to the end. Any
    /// other is abandoned.
    Left(Failure),
    /// The program ends: the same, but soon, whatever there is.
    Stop(Failure),
    /// The upload is not wanted any more: its session is cancelled.
    Abandon(Failure),
}

/// Stands behind a running transfer.
pub trait Supervisor: Send {
    /// Waits for the next reason to stop. Dropping the future loses nothing; once nothing more can come it waits for ever.
    fn interrupted(&mut self) -> impl Future<Output = Interruption> + Send;

    /// Something worth a log line.
    fn observe(&mut self, event: &Event);

    /// The session was opened, or the backend acknowledged more. Only told for uploads that can be resumed.
    fn acknowledged(&mut self, _continuation: Continuation) {}

    /// Every byte is acknowledged; the file is published when the future is ready. Only told for uploads that can be resumed.
    ///
    /// # Errors
    /// It must not be published. If the reason may pass, the upload stops here and can be gone on with; else its session is
    /// cancelled.
    fn publishing(
        &mut self,
        _continuation: Continuation,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        std::future::ready(Ok(()))
    }
}
