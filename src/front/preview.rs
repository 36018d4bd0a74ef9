//! What would become of a request, without doing anything: the same checks in the same order. Pure.

use super::intent::{self, Intent, Rules};
use crate::bits::Destination;
use crate::error::Failure;
use crate::resumable::Settings;
use crate::route::{Route, Routes};
use http::request::Parts;
use std::sync::Arc;

/// What would become of a request that nobody refuses by its head.
#[derive(Debug)]
pub enum Preview {
    /// A file would be uploaded.
    Upload {
        /// By this route.
        route: Arc<Route>,
        /// To there, unless the name is taken and the route chooses another one then.
        destination: Destination,
        /// The version of the protocol in which it could be resumed, if it could.
        resumable: Option<&'static str>,
        /// Bytes of the file, if it says so.
        length: Option<u64>,
    },
    /// It is about an upload that has a URL of its own.
    Resource,
    /// It asks whether uploads can be resumed by this route: they can.
    Capabilities(Arc<Route>),
}

/// What would become of a request with that head. `user`: the public name of its client, if the route asks for that;
/// `max_upload`: largest file that the program takes, in bytes. Whether the client may upload is not asked.
///
/// # Errors
/// Why it would be refused.
pub fn preview(
    head: &Parts,
    routes: &Routes,
    resumption: &Settings,
    max_upload: u64,
    user: Option<&str>,
) -> Result<Preview, Failure> {
    Ok(match intent::read(head, Rules { routes, resumption, max_upload })? {
        Intent::Upload(file) => Preview::Upload {
            destination: file.destination(head, user, 0)?,
            resumable: file.creation.as_ref().map(|creation| creation.version.name()),
            length: file.creation.as_ref().map_or(file.content, |creation| creation.length),
            route: file.route,
        },
        Intent::Resource { .. } => Preview::Resource,
        Intent::Capabilities(route) => Preview::Capabilities(route),
    })
}
