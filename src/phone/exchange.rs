//! One request and its answer, with all that may come between.

use super::answer::Answer;
use super::connection::Connection;
use super::event::Trouble;
use super::outgoing::{Outgoing, Stuck};
use super::request::Request;
use super::upload::Upload;
use super::{Drop, Event};
use bytes::Bytes;
use http::Method;
use reqwest::Url;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a drop waits for a 104 that is on its way: on a fast network the first bytes are out before it is in.
const GRACE: Duration = Duration::from_secs(2);

/// How an exchange ended.
#[derive(Debug)]
pub(super) enum End {
    /// With an answer. It is early if it came before all had been sent.
    Answered { answer: Answer, early: bool },
    /// Dropped on purpose.
    Dropped,
    /// Broken in the middle.
    Broken(String),
    /// Nothing was sent, because there was no connection.
    Unreachable(String),
}

/// The part of the file that goes with a request.
#[derive(Debug)]
pub(super) struct Part {
    /// Of the file, from `from` on.
    pub(super) chunks: mpsc::Receiver<io::Result<Bytes>>,
    pub(super) from: u64,
    /// Place in the file where it ends.
    pub(super) to: u64,
    /// How the connection is dropped there, if it is.
    pub(super) then: Option<Drop>,
}

impl Part {
    /// Of a request without a body.
    pub(super) fn none() -> Part {
        Part { chunks: mpsc::channel(1).1, from: 0, to: 0, then: None }
    }
}

impl Upload<'_> {
    /// Sends a request and hears the answer.
    pub(super) async fn exchange(&mut self, url: &Url, request: Request, part: Part) -> Result<End, Trouble> {
        let spare = self.spare.take().filter(Connection::is_quiet);
        let mut connection = match spare {
            Some(connection) => connection,
            None => match timeout(self.phone.idle, Connection::dial(url)).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => return Ok(End::Unreachable(format!("no connection: {error}"))),
                Err(_) => return Ok(End::Unreachable("no connection in time".to_owned())),
            },
        };
        let head = request.to_string();
        self.tell(Event::Request(&head));
        let mut outgoing = Outgoing::new(head, part.chunks, part.from, part.to);
        let end = self.talk(&mut connection, &request.method, &mut outgoing, part.then).await?;
        match end {
            Talk::Answered { answer, keeps, early } => {
                self.spare = keeps.then_some(connection);
                Ok(End::Answered { answer, early })
            }
            Talk::Dropped(how) => {
                self.silent.extend(connection.drop_by(how).await);
                self.tally.drops += 1;
                self.tell(Event::Dropped { at: outgoing.position(), how });
                Ok(End::Dropped)
            }
            Talk::Broken(why) => Ok(End::Broken(why)),
        }
    }

    async fn talk(
        &mut self,
        connection: &mut Connection,
        method: &Method,
        outgoing: &mut Outgoing,
        then: Option<Drop>,
    ) -> Result<Talk, Trouble> {
        let (mut writer, mut reader) = connection.split();
        let mut writable = true;
        loop {
            let drops = then.filter(|_| outgoing.is_done());
            if let Some(how) = drops.filter(|_| self.resource.is_some() || !self.listens) {
                return Ok(Talk::Dropped(how));
            }
            let patience = if drops.is_some() { GRACE } else { self.phone.idle };
            tokio::select! {
                answer = reader.head() => {
                    let mut answer = match answer {
                        Ok(answer) => answer,
                        Err(error) => return Ok(Talk::Broken(error.to_string())),
                    };
                    if answer.is_interim() {
                        self.interim(&answer);
                        continue;
                    }
                    let early = !outgoing.is_done();
                    let body = timeout(self.phone.idle, reader.body(&mut answer, method)).await;
                    self.tell(Event::Answer(&answer));
                    // Real systems take the answer, and send the rest all the same.
                    while writable && !outgoing.is_done() {
                        writable = match timeout(self.phone.idle, outgoing.write(&mut writer)).await {
                            Ok(wrote) => self.wrote(outgoing, wrote)?,
                            Err(_) => false,
                        };
                    }
                    // A body that breaks off is no loss: it is for people.
                    let keeps = writable && matches!(body, Ok(Ok(true)));
                    return Ok(Talk::Answered { answer, keeps, early });
                }
                wrote = outgoing.write(&mut writer), if writable && !outgoing.is_done() => {
                    // If the server takes no more, it may have said why.
                    writable = self.wrote(outgoing, wrote)?;
                }
                () = sleep_until(Instant::now() + patience) => {
                    let broken = || Talk::Broken(format!("nothing moved for {patience:?}"));
                    return Ok(drops.map_or_else(broken, Talk::Dropped));
                }
            }
        }
    }

    /// Whether more can be written.
    fn wrote(&mut self, outgoing: &Outgoing, result: Result<(), Stuck>) -> Result<bool, Trouble> {
        match result {
            Ok(()) => {
                self.sent(outgoing.position());
                Ok(true)
            }
            Err(Stuck::Network) => Ok(false),
            Err(Stuck::Content(error)) => Err(Trouble::Content(error)),
        }
    }
}

/// How a conversation on a connection ended.
enum Talk {
    Answered { answer: Answer, keeps: bool, early: bool },
    Dropped(Drop),
    Broken(String),
}
