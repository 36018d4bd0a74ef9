//! Has it decided whether a request may come in, and keeps what that was decided by.

use super::asked::Asked;
use super::forwarded::told_host;
use crate::access::{Admitted, Denied, Guard, Visit};
use crate::error::{Failure, Problem};
use crate::resumable::Settings;
use crate::route::{Auth, Carried, Route};
use crate::transfer::{Approval, Permit};
use crate::upload::Principal;
use http::HeaderMap;
use std::sync::Arc;

/// A request that was let in.
#[derive(Debug)]
pub(super) struct Entered {
    /// Whose it is, if it is anybody's in particular.
    pub(super) principal: Option<Principal>,
    /// For those who carry it out.
    pub(super) permit: Permit,
    /// Fields that an authority adds to what goes to the backend.
    headers: HeaderMap,
}

impl Entered {
    /// Adds what the authority says. What a client says under the same names never gets to the backend.
    pub(super) fn add_to(&self, route: &Route, carried: &mut Carried) {
        if let Auth::Forward(forward) = &route.auth {
            forward.copy.iter().for_each(|name| carried.remove(name));
        }
        carried.set_all(&self.headers);
    }
}

/// Asks whether the request may come in. `uri`: see [`Visit::uri`].
pub(super) async fn enter<G: Guard>(
    guard: &G,
    asked: &Asked,
    route: &Arc<Route>,
    uri: &str,
    settings: &Settings,
) -> Result<Entered, Denied> {
    let host = told_host(&asked.head);
    let (peer, client, head) = (&asked.peer, asked.client, &asked.head);
    let visit = Visit { peer, client, route, host, uri, head };
    // In a box, as whatever takes long for few only: a future is as large as the largest thing that it ever waits for.
    let admitted = Box::pin(guard.admit(visit)).await?;
    // Where nobody asks, whoever sends the same credentials is the same.
    let own = || Principal::of(&asked.head.headers, &settings.credentials);
    let principal = admitted.principal.clone().or_else(own);
    let approval = (route.auth != Auth::Open).then(|| approval(guard, asked, route, uri, &admitted));
    Ok(Entered { principal, permit: Permit { user: admitted.user, approval }, headers: admitted.headers })
}

/// The same question for the moment when every byte is there. Hours may have passed, and a right may have been withdrawn.
fn approval<G: Guard>(guard: &G, asked: &Asked, route: &Arc<Route>, uri: &str, then: &Admitted) -> Approval {
    let (guard, asked, route) = (guard.clone(), Arc::new(asked.clone()), Arc::clone(route));
    let (uri, principal): (Arc<str>, _) = (uri.into(), then.principal.clone());
    Approval::new(move || {
        let (guard, asked, route) = (guard.clone(), Arc::clone(&asked), Arc::clone(&route));
        let (uri, principal) = (Arc::clone(&uri), principal.clone());
        async move {
            let host = told_host(&asked.head);
            let visit = Visit {
                peer: &asked.peer,
                client: asked.client,
                route: &route,
                host,
                uri: &uri,
                head: &asked.head,
            };
            match guard.confirm(visit).await {
                Ok(now) if now.principal == principal => Ok(()),
                Ok(_) => Err(withdrawn("the same credentials belong to somebody else now".to_owned())),
                Err(denied) if denied.undecided => Err(denied.failure),
                Err(Denied { failure: Failure { detail, cause, .. }, .. }) => {
                    Err(withdrawn(cause.map_or(detail.clone(), |cause| format!("{detail}: {cause}"))))
                }
            }
        }
    })
}

/// Not 401: the credentials were right when the request began, and nothing is gained by asking for them again.
fn withdrawn(why: String) -> Failure {
    let detail = "the right to upload was withdrawn while the upload was under way";
    Failure { cause: Some(why), ..Failure::new(Problem::AccessDenied, detail) }
}
