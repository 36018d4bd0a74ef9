//! The files that the survey makes, and that nothing is left of them.

use super::site::Site;
use super::talk::Talk;
use super::{Obstacle, Plan};
use crate::bits::{Ack, Destination, Dialect, SessionId, Verdict};
use crate::route::Route;
use crate::transfer::{Backend, NoAnswer, Patience};
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

    /// Begins a session for the file, and notes it: what is not ended is cancelled in the end. Inner error: what
    /// Create-Session was answered in place of a session.
    pub(super) async fn begin<S: Site>(
        &mut self,
        site: &S,
        to: &Destination,
    ) -> Result<Result<(Talk<S::Way>, SessionId), Ack>, NoAnswer> {
        let mut talk = self.talk(site, to);
        let ack = talk.create().await?.ack;
        let Verdict::Created(session) = &ack.verdict else { return Ok(Err(ack)) };
        let session = session.clone();
        self.opened(to, &session);
        Ok(Ok((talk, session)))
    }

    /// Cancels a session that is of no more use.
    pub(super) async fn end<W: Backend>(&mut self, talk: &mut Talk<W>, session: &SessionId) {
        if talk.cancel(session).await.is_ok() {
            self.closed(session);
        }
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
