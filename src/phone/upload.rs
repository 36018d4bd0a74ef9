//! The upload from its first request to its end.

use super::answer::Answer;
use super::connection::Connection;
use super::content::{Content, read_ahead};
use super::event::{Event, Report, Tally, Trouble};
use super::exchange::{End, Part};
use super::patience::Patience;
use super::request::Request;
use super::{Check, Drop, Observer, Phone};
use http::StatusCode;
use reqwest::Url;
use std::sync::Arc;
use tokio::time::{Instant, sleep};

/// An upload on its way.
pub(super) struct Upload<'a> {
    pub(super) phone: &'a Phone,
    pub(super) content: Arc<dyn Content>,
    observer: Observer<'a>,
    pub(super) tally: Tally,
    patience: Patience,
    /// Places where the connection is still to be dropped.
    drops: Vec<(u64, Drop)>,
    /// Whether the check has shown that a 104 may be believed.
    pub(super) listens: bool,
    /// Where the upload can be resumed, once a 104 has said so.
    pub(super) resource: Option<Url>,
    /// The last offset told for it.
    pub(super) told: u64,
    /// Place in the file that the present request has come to.
    position: u64,
    /// A connection that may carry another request.
    pub(super) spare: Option<Connection>,
    /// Those that were left without a word.
    pub(super) silent: Vec<Connection>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(phone: &'a Phone, content: Arc<dyn Content>, observer: Observer<'a>) -> Self {
        Upload {
            phone,
            content,
            observer,
            tally: Tally::default(),
            patience: Patience::new(phone.retry_for),
            drops: phone.drops.clone(),
            listens: true,
            resource: None,
            told: 0,
            position: 0,
            spare: None,
            silent: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Report {
        let begun = Instant::now();
        let outcome = self.live().await;
        self.tally.took = begun.elapsed();
        Report { outcome, tally: self.tally }
    }

    async fn live(&mut self) -> Result<Answer, Trouble> {
        if self.phone.check != Check::Skip {
            self.check().await?;
        }
        loop {
            let (end, appended) = match self.resource.clone() {
                None => (self.create().await?, false),
                Some(resource) => match self.offset(&resource).await? {
                    Some(offset) => (self.append(&resource, offset).await?, true),
                    None => {
                        self.begin_anew("the server does not know the upload any more")?;
                        continue;
                    }
                },
            };
            match end {
                End::Answered { answer, early } => return self.judge(answer, early, appended),
                End::Dropped => self.patience.renew(),
                End::Broken(why) => self.pause(&why).await?,
                End::Unreachable(why) => {
                    self.pause(&why).await?;
                    continue;
                }
            }
            if self.resource.is_none() {
                self.begin_anew("no 104 came, so nothing can be resumed")?;
            }
        }
    }

    /// OPTIONS: whether the server can resume.
    async fn check(&mut self) -> Result<(), Trouble> {
        let answer = self.ask(&self.phone.target, || Request::check(self.phone)).await?;
        self.listens = answer.status.is_success() && answer.headers.contains_key("upload-limit");
        if !self.listens {
            self.tell(Event::Ignored(
                "by its answer to OPTIONS the server cannot resume: a 104 will not count",
            ));
        }
        Ok(())
    }

    async fn create(&mut self) -> Result<End, Trouble> {
        let request = Request::create(self.phone, self.content.length());
        self.send(&self.phone.target, request, 0).await
    }

    async fn append(&mut self, resource: &Url, offset: u64) -> Result<End, Trouble> {
        let request = Request::append(self.phone, resource, offset, self.content.length());
        self.send(resource, request, offset).await
    }

    /// HEAD: how much the server has; nothing, if it does not know the upload.
    async fn offset(&mut self, resource: &Url) -> Result<Option<u64>, Trouble> {
        let answer = self.ask(resource, || Request::offset(self.phone, resource)).await?;
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) {
            return Ok(None);
        }
        let offset = self.read_offset(answer)?;
        if offset > self.told {
            self.patience.renew();
        }
        self.told = offset;
        self.tell(Event::Offset(offset));
        Ok(Some(offset))
    }

    /// A request without a body, until there is an answer.
    async fn ask(&mut self, url: &Url, request: impl Fn() -> Request) -> Result<Answer, Trouble> {
        loop {
            match self.exchange(url, request(), Part::none()).await? {
                End::Answered { answer, .. } => return Ok(answer),
                End::Broken(why) | End::Unreachable(why) => self.pause(&why).await?,
                // Only parts of the file are dropped.
                End::Dropped => {}
            }
        }
    }

    /// A request with the file from `from` on, up to the next place where the connection is to be dropped.
    async fn send(&mut self, url: &Url, request: Request, from: u64) -> Result<End, Trouble> {
        let length = self.content.length();
        self.drops.retain(|(at, _)| (from..=length).contains(at));
        let drop = self.drops.first().copied();
        let chunks = read_ahead(Arc::clone(&self.content), from);
        let part =
            Part { chunks, from, to: drop.map_or(length, |(at, _)| at), then: drop.map(|(_, how)| how) };
        self.position = from;
        let end = self.exchange(url, request, part).await?;
        if !matches!(end, End::Unreachable(_)) {
            self.tally.attempts += 1;
        }
        if matches!(end, End::Dropped) {
            self.drops.remove(0);
        }
        Ok(end)
    }

    pub(super) fn sent(&mut self, position: u64) {
        if position > self.position {
            self.tally.sent += position - self.position;
            self.tally.reached = self.tally.reached.max(position);
            self.position = position;
            self.tell(Event::Sent(position));
        }
    }

    async fn pause(&mut self, why: &str) -> Result<(), Trouble> {
        self.tally.breaks += 1;
        self.tell(Event::Broken(why));
        let pause = self.patience.pause(why)?;
        self.tell(Event::Pause(pause));
        sleep(pause).await;
        Ok(())
    }

    fn begin_anew(&mut self, why: &str) -> Result<(), Trouble> {
        if self.tally.restarts == self.phone.restarts {
            return Err(Trouble::GaveUp(format!("{why}, and it has begun anew often enough")));
        }
        self.tally.restarts += 1;
        self.tell(Event::Restart(why));
        self.resource = None;
        self.told = 0;
        Ok(())
    }

    /// A 104, or something else that comes before the answer.
    pub(super) fn interim(&mut self, answer: &Answer) {
        self.tell(Event::Answer(answer));
        if answer.status.as_u16() != 104 || !self.listens {
            return;
        }
        if self.resource.is_some() {
            // A later one may tell how far the upload is: nothing may be told below that from then on.
            self.told = self.told.max(answer.integer("upload-offset").unwrap_or_default());
            return;
        }
        match self.read_104(answer) {
            Ok(resource) => {
                self.patience.renew();
                self.tell(Event::Resumable(resource.as_str()));
                self.resource = Some(resource);
            }
            Err(why) => self.tell(Event::Ignored(why)),
        }
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        (self.observer)(event);
    }
}
