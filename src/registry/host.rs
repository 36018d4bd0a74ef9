//! What the registry needs of the program around it.

use super::Drain;
use crate::bits::{Destination, Event};
use crate::limits::Limits;
use crate::route::{Carried, Route};
use crate::transfer::{Backend, How, Report, Shared, Upload};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

/// What the registry needs of the program around it: the way to backends, the limits, the time, somebody who listens.
pub trait Host: Debug + Send + Sync + 'static {
    /// The way to a backend.
    type Backend: Backend + Send + 'static;

    /// A way to that destination for one run of the transfer, which takes `carried` along.
    fn dial(&self, route: &Route, destination: &Destination, carried: &Carried) -> Self::Backend;

    /// The route of that label, if it still leads to that destination.
    fn route(&self, label: &str, destination: &Destination) -> Option<Arc<Route>>;

    /// What all uploads of a route have in common.
    fn shared(&self, route: &Route) -> Shared;

    /// All limits.
    fn limits(&self) -> &Limits;

    /// How the program ends.
    fn drain(&self) -> &Drain;

    /// Now.
    fn now(&self) -> SystemTime;

    /// Something worth a log line.
    fn observe(&self, upload: &Upload, event: &Event);

    /// A run of the transfer is over.
    fn over(&self, upload: &Upload, how: &How, report: &Report);

    /// A record of the store can't be used: the upload is lost.
    fn unusable(&self, id: &str, why: &str);
}
