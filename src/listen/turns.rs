//! Who computes its handshake when.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Handshakes of one worker take turns: only so many compute between two looks at what else there is to do, so that
/// a crowd that connects at once does not hold up the uploads that run.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

/// Handshakes between two looks. One takes less than a millisecond, or a few where the key is an old and long RSA one.
const AT_ONCE: usize = 4;

impl Default for Turns {
    fn default() -> Self {
        Turns(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Turns {
    /// Waits for a turn; it ends when the permit is dropped.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}
