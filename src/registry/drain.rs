//! How a program ends, in two steps.

use tokio_util::sync::CancellationToken;

/// The two steps in which a program ends. Cheap to clone; all clones are the same one.
///
/// When it **begins**, no new upload is taken. An upload that can be resumed, and whose last byte has not come, brings what it
/// has to the backend and is broken off, so that its client goes on elsewhere. All others may go on.
///
/// When time is **up**, whatever still runs comes to an end.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    begun: CancellationToken,
    up: CancellationToken,
}

impl Drain {
    /// The first step.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// The second step; the first, if it was left out.
    pub fn end(&self) {
        self.begun.cancel();
        self.up.cancel();
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Cancelled when it begins.
    pub fn begun(&self) -> &CancellationToken {
        &self.begun
    }

    /// Cancelled when time is up.
    pub fn up(&self) -> &CancellationToken {
        &self.up
    }
}
