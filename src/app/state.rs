//! Where uploads are remembered.

use crate::config::{StateConfig, StoreKind};
use crate::store::{Embedded, FILE_NAME, Memory, Opened, StoreError};

/// Reads what an earlier process left there.
pub(super) fn open(state: &StateConfig) -> Result<Opened, StoreError> {
    match state.store {
        StoreKind::Memory => Memory::open(),
        StoreKind::Embedded => Embedded::open(&state.dir),
    }
}

/// Says where uploads are remembered: the default lies in the working directory, which is easily another one next time.
pub(super) fn tell_where(state: &StateConfig, found: usize) {
    match state.store {
        StoreKind::Memory => tracing::info!("uploads are remembered in memory only: none outlives a restart"),
        StoreKind::Embedded => {
            let path = state.dir.join(FILE_NAME);
            let path = std::path::absolute(&path).unwrap_or(path);
            tracing::info!(found, "uploads are remembered in {}", path.display());
        }
    }
}
