//! What may be said of an upload, and what may not.

use crate::world::{Inside, target};
use put2bits::bits::server::Effect;
use put2bits::bits::server::PublishAt;
use std::collections::BTreeSet;

/// One upload resource, as an all-knowing observer sees it.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Whose.
    pub(crate) phone: usize,
    /// The secret part of its URL. One that cannot be resumed has none.
    pub(crate) id: Option<String>,
    /// Bytes that the server acknowledged to the proxy.
    pub(crate) acknowledged: u64,
    /// Every offset that a client was told. 0 is known to everybody.
    pub(crate) told: BTreeSet<u64>,
    /// It was on record that a Close-Session may have been sent.
    pub(crate) was_closing: bool,
    /// A client wanted it to be gone.
    pub(crate) was_deleted: bool,
    /// Some request said that it brings the end.
    pub(crate) is_complete: bool,
    /// The bytes are not those that the digest is of: the file must not appear.
    pub(crate) is_wrong: bool,
    /// Somebody was told that there is no such upload.
    pub(crate) gone: bool,
    /// The final answer that was told: stored or not.
    pub(crate) done: Option<bool>,
}

/// What had been told when a request began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    /// The highest offset.
    pub(crate) offset: u64,
    /// That there is no such upload. (Of two requests at a time either may be overtaken by the other.)
    pub(crate) gone: bool,
}

impl Inside {
    pub(crate) fn before(&self, upload: usize) -> Before {
        Before { offset: self.highest(upload), gone: self.uploads[upload].gone }
    }

    /// A phone begins an upload.
    pub(crate) fn upload(&mut self, phone: usize, is_wrong: bool) -> usize {
        self.figures.uploads += 1;
        self.uploads.push(Upload {
            phone,
            id: None,
            acknowledged: 0,
            told: BTreeSet::from([0]),
            was_closing: false,
            was_deleted: false,
            is_complete: false,
            is_wrong,
            gone: false,
            done: None,
        });
        self.uploads.len() - 1
    }

    /// The highest offset told so far.
    pub(crate) fn highest(&self, upload: usize) -> u64 {
        self.uploads[upload].told.last().copied().unwrap_or_default()
    }

    /// A client is told an offset.
    pub(crate) fn tell(&mut self, upload: usize, offset: u64, before: Before, how: &str) {
        let Before { offset: before, gone } = before;
        let (acknowledged, done) = (self.uploads[upload].acknowledged, self.uploads[upload].done);
        self.say(|| format!("upload {upload}: {how} tells {offset}"));
        self.check(offset <= acknowledged, || {
            format!("{how} tells {offset}, the server acknowledged {acknowledged}")
        });
        self.check(offset >= before, || format!("{how} tells {offset} after {before} was told"));
        self.check(!gone, || format!("{how} tells {offset} of an upload that is gone"));
        self.check(done != Some(false) || how == "HEAD" || how == "409", || {
            format!("{how} tells {offset} of an upload that failed")
        });
        self.uploads[upload].told.insert(offset);
    }

    /// A client is told that there is no such upload.
    pub(crate) fn tell_gone(&mut self, upload: usize) {
        self.say(|| format!("upload {upload}: told to be gone"));
        let about = &self.uploads[upload];
        let stored = about.done == Some(true) && !about.was_deleted;
        let gentle = self.schedule.gentle;
        self.check(!stored, || "a stored upload is gone".to_owned());
        self.check(!gentle || self.is_replaced(upload), || "an upload is lost for nothing".to_owned());
        self.uploads[upload].gone = true;
        self.figures.gone += 1;
    }

    fn is_replaced(&self, upload: usize) -> bool {
        let phone = self.uploads[upload].phone;
        self.uploads[upload + 1..].iter().any(|later| later.phone == phone)
    }

    /// A client is told the final answer.
    pub(crate) fn tell_final(&mut self, upload: usize, stored: bool, replayed: bool) {
        self.say(|| format!("upload {upload}: told to be over, stored: {stored}, replayed: {replayed}"));
        let about = &self.uploads[upload];
        let (phone, complete, wrong, done) = (about.phone, about.is_complete, about.is_wrong, about.done);
        // The answer to one connection may be overtaken by a DELETE on another.
        let gone = about.gone && !about.was_deleted;
        self.check(!gone || !stored, || "an upload that is gone is stored".to_owned());
        self.check(done.is_none_or(|done| done == stored), || {
            format!("two final answers: stored is {stored} now")
        });
        if stored {
            let all = self.uploads[upload].acknowledged == self.files[phone].len() as u64;
            let all = all || !self.schedule.knobs.wire.offset_on_ok;
            let file = self.published.get(&target(phone));
            let right = file.is_some_and(|file| file.bytes == self.files[phone]);
            self.check(right, || "wrong bytes are reported as success".to_owned());
            self.check(all, || "success before the server acknowledged every byte".to_owned());
            self.check(complete, || "success before the client said that it is complete".to_owned());
            self.check(!wrong, || "success against the digest".to_owned());
        } else {
            let gentle = self.schedule.gentle;
            self.check(!gentle, || "an upload failed for nothing".to_owned());
        }
        self.uploads[upload].done = Some(stored);
    }

    /// A part that begins at `from` was taken.
    pub(crate) fn taken(&mut self, upload: usize, from: u64, acknowledged_before: u64) {
        let about = &self.uploads[upload];
        let acknowledged = about.acknowledged;
        let ok = about.told.contains(&from) || (acknowledged_before..=acknowledged).contains(&from);
        self.check(ok, || format!("a part that begins at {from} is taken, {acknowledged} is acknowledged"));
    }

    /// The server does what it does behind an answer.
    pub(crate) fn carry_out(&mut self, effect: Effect, upload: Option<usize>) {
        match effect {
            Effect::Open { session } => {
                self.stores.insert(session, Vec::new());
                if let Some(upload) = upload {
                    self.owners.insert(session, upload);
                }
            }
            Effect::Publish { session, target, length } => {
                let mut bytes = self.stores.get(&session).cloned().unwrap_or_default();
                bytes.truncate(length as usize);
                let about = self.owners.get(&session).map(|&upload| &self.uploads[upload]);
                // A server that does not wait for Close-Session cannot be kept from it.
                let waits = self.schedule.knobs.publish.at == PublishAt::Close;
                if let (Some(about), true) = (about, waits) {
                    let (wrong, complete) = (about.is_wrong, about.is_complete);
                    let right = bytes == self.files[about.phone];
                    self.check(!wrong, || "published against the digest".to_owned());
                    self.check(complete, || {
                        "published before the client said that it is complete".to_owned()
                    });
                    self.check(right, || "wrong bytes are published".to_owned());
                }
                let at = self.now();
                self.say(|| format!("the server publishes {target}"));
                self.published.insert(
                    target.into(),
                    crate::world::Published { bytes, host: self.nodes.here.clone(), at },
                );
            }
            Effect::Discard { session } => drop(self.stores.remove(&session)),
        }
    }
}
