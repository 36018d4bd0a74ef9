//! Which file an upload becomes: names that are taken by a file at the backend, or by another upload that is open here.
//!
//! A name is reserved first and looked up then, so of two uploads to one name that begin at once the second finds it taken.
//! What somebody else stores at the backend between the look and the end of the upload nobody can know: then the backend
//! decides, as under [`Overwrite::Pass`].

use super::{Host, Registry};
use crate::bits::Destination;
use crate::error::{Failure, Problem};
use crate::route::{Carried, Overwrite, Route};
use crate::transfer::{self, Outcome, Upload};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// So many names are tried at most. A second one is needed only if 32 random bits were not enough.
const TRIES: u32 = 4;

/// Host and path of a file, so that two spellings of one file are the same: Windows knows no case.
type Name = (String, String);

fn name(destination: &Destination) -> Name {
    let host = String::from_utf8_lossy(destination.host.as_bytes()).to_ascii_lowercase();
    (host, percent_decode_str(destination.target.path()).decode_utf8_lossy().to_lowercase())
}

/// The names of the files that open uploads become, and how many each.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<Name, usize>>);

/// A name that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    names: Arc<Names>,
    name: Name,
}

impl Names {
    /// Reserves a name, if no more than that many uploads have it.
    fn reserve(self: &Arc<Self>, destination: &Destination, most: usize) -> Option<Reserved> {
        let name = name(destination);
        // Nothing that is done under the lock can panic half-way.
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = names.entry(name.clone()).or_default();
        if *count > most {
            return None;
        }
        *count += 1;
        drop(names);
        Some(Reserved { names: Arc::clone(self), name })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut names = self.names.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = names.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                names.remove(&self.name);
            }
        }
    }
}

/// Where an upload goes in the end.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) destination: Destination,
    pub(super) reserved: Option<Reserved>,
}

impl<H: Host> Registry<H> {
    /// Decides where a new upload goes, by what its route says about names that are taken. `replaced`: where uploads go that
    /// end when it begins; they do not stand in its way.
    ///
    /// # Errors
    /// [`Problem::FileExists`], or why that cannot be found out.
    pub(super) async fn place(
        &self,
        route: &Route,
        wanted: &Destination,
        carried: &Carried,
        replaced: &[Destination],
    ) -> Result<Placed, Failure> {
        let taken = |whose| {
            Err(Failure::new(Problem::FileExists, format!("{whose}, and the route overwrites nothing")))
        };
        let mut destination = wanted.clone();
        let mut blind = false;
        for _ in 0..TRIES {
            let own = replaced.iter().filter(|other| name(other) == name(&destination)).count();
            let most = if route.overwrite == Overwrite::Pass { usize::MAX } else { own };
            let reserved = self.inner.names.reserve(&destination, most);
            if route.overwrite == Overwrite::Pass || (blind && reserved.is_some()) {
                return Ok(Placed { destination, reserved });
            }
            match (reserved, route.overwrite) {
                (None, Overwrite::Refuse) => return taken("another upload to this name is under way"),
                (None, _) => {}
                (reserved, overwrite) => match (self.look(route, &destination, carried).await, overwrite) {
                    (Ok(false), _) => return Ok(Placed { destination, reserved }),
                    (Ok(true), Overwrite::Refuse) => return taken("the backend has the file"),
                    (Err(failure), Overwrite::Refuse) => return Err(failure),
                    // Whoever says nothing of the first name will say nothing of the next.
                    (found, _) => blind = found.is_err(),
                },
            }
            destination = route.renamed(wanted, &format!("{:08x}", fastrand::u32(..)))?;
        }
        taken("all names that were tried are taken")
    }

    /// Whether the backend has a file there.
    async fn look(&self, route: &Route, at: &Destination, carried: &Carried) -> Result<bool, Failure> {
        let mut backend = self.host().dial(route, at, carried);
        let login = route.server.credentials.login();
        transfer::is_there(&mut backend, login, &self.host().shared(route).limits).await
    }

    /// The same for an upload that cannot be resumed, as long as its client is there.
    pub(super) async fn place_plain(
        &self,
        upload: &mut Upload,
        client: &mut oneshot::Sender<Outcome>,
    ) -> Result<Option<Reserved>, Failure> {
        let drain = self.host().drain().up();
        let Placed { destination, reserved } = tokio::select! {
            biased;
            placed = self.place(&upload.route, &upload.destination, &upload.carried, &[]) => placed?,
            () = client.closed() => {
                return Err(Failure::new(Problem::ClientGone, "the client closed its connection"));
            }
            () = drain.cancelled() => {
                return Err(Failure::new(Problem::ShuttingDown, "the program ends before the upload began"));
            }
        };
        upload.destination = destination;
        Ok(reserved)
    }

    /// Reserves the name of an upload that an earlier process began.
    pub(super) fn hold(&self, destination: &Destination) -> Option<Reserved> {
        self.inner.names.reserve(destination, usize::MAX)
    }
}
