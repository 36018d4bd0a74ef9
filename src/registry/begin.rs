//! New upload resources.

use super::entry::Entry;
use super::{Host, Registry};
use crate::bits::Destination;
use crate::error::{Failure, Problem};
use crate::transfer::{Created, NewUpload};
use crate::upload::{Life, Owner, Plan};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// An upload may wait so long for its first byte when others want its place.
const FIRST_BYTE: Duration = Duration::from_secs(60);

impl<H: Host> Registry<H> {
    /// Makes an upload resource. When the future is ready it is recorded. The secret part of its URL has 128 random bits.
    ///
    /// Older uploads of the same client to the same target are abandoned: it has forgotten them. (Of clients without
    /// credentials only those that nobody feeds: two of them may be two.)
    ///
    /// # Errors
    /// [`Problem::TooManyUploads`], [`Problem::TooManyRunning`], [`Problem::TooManySessions`],
    /// [`Problem::ShuttingDown`]; [`Problem::FileExists`] or why it is
    /// not known whether the file is there.
    pub async fn create(&self, new: NewUpload) -> Result<Created, Failure> {
        self.check_open()?;
        let id = secret()?;
        let now = self.host().now();
        let owner = new.principal.as_ref().map(|principal| Owner::new(principal, &self.inner.salt));
        let mut plan = Plan {
            name: new.name,
            version: new.version,
            owner,
            method: new.method,
            route: new.route.label(),
            wanted: new.destination.target.clone(),
            path: new.path,
            destination: new.destination,
            digests: new.digests,
            created: now,
        };
        let place = match self.try_enter(plan.owner.clone(), new.client, &new.route) {
            Ok(place) => place,
            // It takes over from one that runs.
            Err(full) => self.older(&plan).iter().find_map(|older| older.place()).ok_or(full)?,
        };
        let slot = match self.inner.sessions.try_open(&new.route) {
            Ok(slot) => slot,
            // It begins when the session of that one is out of the way.
            Err(full) => {
                let same_account = |older: &&Arc<Entry>| older.route.server == new.route.server;
                let older = self.older(&plan);
                older.iter().filter(same_account).find_map(|older| older.lock().slot.clone()).ok_or(full)?
            }
        };
        self.make_room();
        let replaced: Vec<Destination> =
            self.older(&plan).iter().map(|older| older.lock().life.plan().destination.clone()).collect();
        let placed = self.place(&new.route, &plan.destination, &new.carried, &replaced).await?;
        plan.destination = placed.destination;
        let after = self.abandon_older(self.older(&plan));
        let held = (placed.reserved, Some(slot));
        let entry = Arc::new(Entry::new(id.clone(), new.route, Life::new(plan, new.total), after, held));
        self.admit(&entry)?;
        self.record(&entry).await;
        Ok(Created { id, place })
    }

    /// Whether uploads may begin.
    pub(super) fn check_open(&self) -> Result<(), Failure> {
        match self.host().drain().has_begun() {
            true => Err(Failure::new(Problem::ShuttingDown, "the program ends and takes no new uploads")),
            false => Ok(()),
        }
    }

    /// When no more uploads may be open: gives up the one that has waited longest for its first byte, if one has for a while.
    /// So nobody can keep others out by beginning uploads and sending nothing.
    fn make_room(&self) {
        let (now, limits) = (self.host().now(), &self.host().limits().uploads);
        let open: Vec<Arc<Entry>> = {
            let book = self.book();
            if book.open.len() < limits.max_open as usize {
                return;
            }
            book.open.iter().filter_map(|id| book.entries.get(id).cloned()).collect()
        };
        let waits_since = |entry: &Arc<Entry>| {
            let state = entry.lock();
            let waits = state.attempt.is_none() && state.life.is_open() && state.life.offset() == 0;
            let since = state.life.touched();
            let is_long = now.duration_since(since).is_ok_and(|time| time >= FIRST_BYTE);
            (waits && is_long).then_some(since)
        };
        let longest =
            open.iter().filter_map(|entry| Some((waits_since(entry)?, entry))).min_by_key(|(at, _)| *at);
        if let Some((_, entry)) = longest {
            self.abandon(entry, Problem::UploadExpired);
            let (registry, entry) = (self.clone(), Arc::clone(entry));
            self.tasks.spawn(async move { registry.record(&entry).await });
        }
    }

    /// Enters it into the book, if there is room for it.
    fn admit(&self, entry: &Arc<Entry>) -> Result<(), Failure> {
        let limits = &self.host().limits().uploads;
        let owner = entry.lock().life.plan().owner.clone();
        let mut book = self.book();
        let room = (limits.max_open as usize) > book.open.len();
        let owned = owner.as_ref().and_then(|owner| book.owners.get(owner)).copied().unwrap_or_default();
        if !room || owned >= limits.max_open_per_client {
            let whose = if room { "of this client " } else { "" };
            let detail = format!("as many uploads {whose}are open as may be");
            return Err(Failure::new(Problem::TooManyUploads, detail));
        }
        book.enter(entry, owner);
        Ok(())
    }

    /// Open uploads of the same client to the same target.
    fn older(&self, plan: &Plan) -> Vec<Arc<Entry>> {
        let mut open: Vec<Arc<Entry>> = {
            let book = self.book();
            book.open.iter().filter_map(|id| book.entries.get(id).cloned()).collect()
        };
        open.retain(|entry| {
            let state = entry.lock();
            let other = state.life.plan();
            other.owner == plan.owner
                && other.wanted == plan.wanted
                && other.destination.host == plan.destination.host
                && !state.life.is_finalizing()
                && (plan.owner.is_some() || state.attempt.is_none())
        });
        open
    }

    /// Gives what has to be over before the new one begins: a server may not take two sessions for one target.
    fn abandon_older(&self, older: Vec<Arc<Entry>>) -> Vec<CancellationToken> {
        let mut after = Vec::new();
        for entry in older {
            // What it would have waited for, if nobody fed it so far.
            after.append(&mut entry.lock().after);
            after.push(self.abandon(&entry, Problem::UploadSuperseded));
            let registry = self.clone();
            self.tasks.spawn(async move { registry.record(&entry).await });
        }
        after
    }
}

impl super::Book {
    pub(super) fn enter(&mut self, entry: &Arc<Entry>, owner: Option<Owner>) {
        self.entries.insert(entry.id.clone(), Arc::clone(entry));
        self.open.insert(entry.id.clone());
        if let Some(owner) = owner {
            *self.owners.entry(owner).or_default() += 1;
        }
    }
}

fn secret() -> Result<String, Failure> {
    use std::fmt::Write as _;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure {
        cause: Some(error.to_string()),
        ..Failure::new(Problem::Internal, "the system has no randomness")
    })?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
