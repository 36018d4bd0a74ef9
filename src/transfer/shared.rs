//! What the uploads to one backend have in common.

use super::Upload;
use super::budget::Budget;
use super::ceiling::Ceiling;
use super::traffic::Traffic;
use crate::bits::SessionSettings;
use crate::limits::Limits;
use crate::route::ReplyMode;
use std::sync::Arc;

/// What the uploads to one backend have in common.
#[derive(Debug, Clone)]
pub struct Shared {
    /// All limits.
    pub limits: Arc<Limits>,
    /// Memory for body bytes.
    pub budget: Budget,
    /// Largest fragment that the backend was found to take.
    pub ceiling: Ceiling,
    /// Counts the bytes of all.
    pub traffic: Traffic,
}

impl Shared {
    /// What a session for that upload is to do.
    pub(super) fn settings(&self, upload: &Upload) -> SessionSettings {
        let limits = &self.limits;
        SessionSettings {
            total: upload.part.total,
            profile: upload.route.profile,
            fragment: limits.fragment.clone(),
            ceiling: self.ceiling.get(),
            retry: limits.retry.clone(),
            cancel: limits.time.cancel,
            ambiguous_close: upload.route.ambiguous_close,
            wants_reply: upload.route.reply == ReplyMode::Forward,
            lasting: upload.lasting,
            publish: upload.part.last,
            origin: upload.route.backend.authority.host().to_owned(),
            host_id: upload.route.server.host_id.clone(),
            login: upload.route.server.credentials.login(),
            seed: fastrand::u64(..),
        }
    }
}
