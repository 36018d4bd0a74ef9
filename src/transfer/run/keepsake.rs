//! What the client of a run gets with its 201: headers and reply of the backend, and what the route and the digests add.

use super::Transfer;
use crate::transfer::Upload;
use crate::transfer::call::Answer;
use crate::transfer::exchange::Purpose;
use crate::upload::{Reply, Stored};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use http_body::Body;

/// The path of the file below the backend's directory, where the client cannot know it.
const TARGET: HeaderName = HeaderName::from_static("put2bits-target");

/// RFC 9530 §3.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

impl<B> Transfer<'_, B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: std::error::Error,
{
    /// Keeps of an answer what the client gets with its 201.
    pub(super) fn keep(&mut self, purpose: Purpose, answer: &Answer) {
        match purpose {
            Purpose::Packet { on_file: true } => self.pass_on(answer),
            Purpose::Reply => self.keep_reply(answer),
            Purpose::Packet { on_file: false } | Purpose::Evidence => {}
        }
    }

    /// The headers that the route passes on; those of a later answer win.
    fn pass_on(&mut self, answer: &Answer) {
        for name in &self.upload.route.response_headers {
            let mut values = answer.headers.get_all(name).iter();
            if let Some(first) = values.next() {
                self.stored.headers.insert(name, first.clone());
                for value in values {
                    self.stored.headers.append(name, value.clone());
                }
            }
        }
    }

    fn keep_reply(&mut self, answer: &Answer) {
        if answer.status.is_success() {
            let content_type = answer.headers.get(CONTENT_TYPE).cloned();
            self.stored.reply = Some(Reply { content_type, body: answer.body.clone() });
        }
    }

    /// The digest that the client wants to be told.
    pub(super) fn add_digest(&self, stored: &mut Stored) {
        let Some(wanted) = self.upload.digests.wanted else { return };
        let digests = self.source.hasher().digests();
        let field: Option<HeaderValue> = digests.only(wanted).field();
        if let Some(field) = field {
            stored.headers.insert(REPR_DIGEST, field);
        }
    }

    /// What the route sets, and the name that it chose.
    pub(super) fn add_fields(&self, stored: &mut Stored) {
        let Upload { route, destination, .. } = self.upload;
        for (name, value) in &route.add_response_headers {
            stored.headers.insert(name, value.clone());
        }
        if let Some(chosen) = route.chosen(destination) {
            stored.headers.insert(TARGET, chosen);
        }
    }
}
