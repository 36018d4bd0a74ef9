//! The body of one fragment on its way from the socket to the store. However it ends, the server hears of it.

use super::state::{Shared, storage_refusal};
use super::storage::Writer;
use crate::bits::PacketKind;
use crate::bits::server::{Intake, Reply};
use std::io;
use std::sync::Arc;

/// A fragment that is coming. Dropped before [`Incoming::finish`], it counts as broken off.
#[derive(Debug)]
pub(super) struct Incoming {
    shared: Arc<Shared>,
    /// Gone once the server was told the end.
    open: Option<(Intake, Writer)>,
    /// Bytes of the body seen.
    received: u64,
    failed: Option<io::Error>,
}

impl Incoming {
    pub(super) fn new(shared: Arc<Shared>, intake: Intake, writer: Writer) -> Self {
        Incoming { shared, open: Some((intake, writer)), received: 0, failed: None }
    }

    /// Stores that part of a piece of the body which is to be stored.
    pub(super) async fn feed(&mut self, bytes: &[u8]) {
        let Some((intake, writer)) = &mut self.open else { return };
        let (begin, end) = (intake.skip(), intake.skip() + intake.store());
        let piece_end = self.received + bytes.len() as u64;
        if self.failed.is_none() && piece_end > begin && self.received < end {
            // Both ends lie within the piece, whose length is a usize.
            let from = begin.saturating_sub(self.received) as usize;
            let to = (end.min(piece_end) - self.received) as usize;
            self.failed = writer.write(&bytes[from..to]).await.err();
        }
        self.received = piece_end;
    }

    /// Waits until everything that came is stored.
    pub(super) async fn flush(&mut self) {
        if let Some((_, writer)) = &mut self.open
            && self.failed.is_none()
        {
            self.failed = writer.flush().await.err();
        }
    }

    /// The body is complete.
    pub(super) async fn finish(mut self) -> Reply {
        self.flush().await;
        if let Some(error) = self.failed.take() {
            let refusal = storage_refusal(&self.shared.core().server, &error);
            return refusal;
        }
        let Some((intake, writer)) = self.open.take() else {
            return Reply::plain(http::StatusCode::INTERNAL_SERVER_ERROR);
        };
        let session = intake.session();
        let kept = intake.store();
        let mut core = self.shared.core();
        if let Some(slot) = core.slots.get_mut(&session) {
            slot.coming = None;
            slot.store.settle(writer.settle(kept));
        }
        let mut reply = core.server.finish(self.shared.now(), intake);
        self.shared.apply(&mut core, Some(PacketKind::Fragment), &mut reply);
        drop(core);
        self.shared.released.notify_waiters();
        reply
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some((intake, writer)) = self.open.take() else { return };
        let session = intake.session();
        let mut core = self.shared.core();
        // What is not certainly stored has not been received.
        let received = match writer.written() {
            0 => 0,
            written => intake.skip() + written,
        };
        let kept = core.server.abort(intake, received);
        if let Some(slot) = core.slots.get_mut(&session) {
            slot.coming = None;
            slot.store.settle(writer.settle(kept));
        }
        drop(core);
        self.shared.released.notify_waiters();
    }
}
