//! The files that the survey makes, and that nothing is left of them.

use super::site::Site;
use super::talk::Talk;
use super::{Obstacle, Plan};
use crate::bits::{Destination, Dialect, SessionId};
use crate::route::Route;
use crate::transfer::Patience;
use bytes::Bytes;
use http::uri::PathAndQuery;

/// Names of scratch files, and what has been made of them.
#[derive(Debug)]
pub(super) struct Scratch {
    route: Route,
    tag: String,
    patience: Patience,
    dialect: Dialect,
    made: u32,
    /// Files that may be there.
    files: Vec<Destination>,
    /// Sessions that may be open.
    sessions: Vec<(Destination, SessionId)>,
}

impl Scratch {
    pub(super) fn new(plan: &Plan) -> Self {
        let Plan { backend, server, patience, tag, .. } = plan;
        Scratch {
            route: Route::new("/", backend.clone()),
            tag: tag.clone(),
            patience: Patience { connect: *patience, stall: *patience, answer: *patience },
            dialect: server.dialect.clone(),
            made: 0,
            files: Vec::new(),
            sessions: Vec::new(),
        }
    }

    /// How packets are written from now on.
    pub(super) fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// How packets are written.
    pub(super) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// How long is waited.
    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// The place of a file that is not there.
    pub(super) fn place(&mut self) -> Result<Destination, Obstacle> {
        self.made += 1;
        let path = format!("/put2bits-probe-{}-{}.bin", self.tag, self.made);
        let uri = PathAndQuery::try_from(path)
            .map(Into::into)
            .map_err(|error| Obstacle::ours(error.to_string()))?;
        let empty = http::HeaderMap::new();
        self.route.destination(&uri, &empty).map_err(|failure| Obstacle::ours(failure.to_string()))
    }

    /// A conversation about one file.
    pub(super) fn talk<S: Site>(&self, site: &S, to: &Destination) -> Talk<S::Way> {
        Talk::new(site.way(to, &self.dialect), self.patience)
    }

    /// That file may be there now.
    pub(super) fn wrote(&mut self, to: &Destination) {
        if !self.files.contains(to) {
            self.files.push(to.clone());
        }
    }

    /// That session may be open now.
    pub(super) fn opened(&mut self, to: &Destination, session: &SessionId) {
        self.sessions.push((to.clone(), session.clone()));
    }

    /// That session is over.
    pub(super) fn closed(&mut self, session: &SessionId) {
        self.sessions.retain(|(_, open)| open != session);
    }

    /// Cancels sessions and deletes files. Gives what is left, in words.
    pub(super) async fn clean_up<S: Site>(&mut self, site: &S) -> Vec<String> {
        let mut left = Vec::new();
        for (to, session) in std::mem::take(&mut self.sessions) {
            let ack = self.talk(site, &to).cancel(&session).await;
            if let Err(why) = ack {
                left.push(format!("a session for {} ({session}): {why}", to.target));
            }
        }
        for to in std::mem::take(&mut self.files) {
            match site.delete(&to, self.patience).await {
                Ok(answer) if answer.status.is_success() || answer.status == http::StatusCode::NOT_FOUND => {}
                Ok(answer) => left.push(format!("{}: DELETE was answered {}", to.target, answer.status)),
                Err(why) => left.push(format!("{}: {why}", to.target)),
            }
        }
        left
    }
}

/// The bytes `from..to` of every scratch file. No two places look the same for long, so that what was put in the wrong
/// place shows.
pub(super) fn bytes(from: u64, to: u64) -> Bytes {
    let byte = |at: u64| {
        let mixed = (at ^ (at >> 13)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 56) as u8
    };
    (from..to).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_looks_the_same_wherever_it_is_cut() {
        assert_eq!(bytes(0, 100).slice(40..70), bytes(40, 70));
        assert_ne!(bytes(0, 4096), bytes(4096, 8192));
    }
}
