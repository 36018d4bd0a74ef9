//! What a request was let in with, as far as those who carry it out need it.

use crate::error::Failure;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a request was let in with.
#[derive(Debug, Clone, Default)]
pub struct Permit {
    /// The name of whoever sent it, for the log.
    pub user: Option<String>,
    /// Asked once more before the file is published. None: what was decided at the beginning holds to the end.
    pub approval: Option<Approval>,
}

impl Permit {
    /// Asks whether the file may be published.
    ///
    /// # Errors
    /// Why not. If that may pass, the upload waits for its client; else it ends.
    pub async fn confirm(&self) -> Result<(), Failure> {
        match &self.approval {
            Some(approval) => (approval.0)().await,
            None => Ok(()),
        }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A question that can be asked again: may this still be done?
#[derive(Clone)]
pub struct Approval(Arc<dyn Fn() -> Answer + Send + Sync>);

impl Approval {
    /// The question as a function.
    pub fn new<F, A>(ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Approval(Arc::new(move || Box::pin(ask())))
    }
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approval")
    }
}
