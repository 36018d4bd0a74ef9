//! One conversation with the server: packets out, their meaning back.

use super::content;
use crate::bits::{Ack, ContentRange, Packet, SessionId, Verdict};
use crate::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use bytes::Bytes;
use http::header::{SERVER, WWW_AUTHENTICATE};

/// An answer, read.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// What it means.
    pub(super) ack: Ack,
    /// As it came.
    pub(super) answer: Answer,
}

impl Heard {
    /// What the server calls itself.
    pub(super) fn server(&self) -> Option<String> {
        let value = self.answer.headers.get(SERVER)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The schemes that it asks credentials by.
    pub(super) fn schemes(&self) -> Vec<String> {
        let scheme = |value: &http::HeaderValue| {
            let word = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
            String::from_utf8_lossy(word).into_owned()
        };
        self.answer.headers.get_all(WWW_AUTHENTICATE).iter().map(scheme).collect()
    }

    /// The offset that it says it wants next, if the fragment was taken or is out of step.
    pub(super) fn next(&self) -> Option<u64> {
        match self.ack.verdict {
            Verdict::Taken { next, .. } | Verdict::OutOfStep { next } => next,
            _ => None,
        }
    }

    /// Whether the fragment was taken.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self.ack.verdict, Verdict::Taken { .. })
    }
}

/// One way, and how long is waited on it.
#[derive(Debug)]
pub(super) struct Talk<W> {
    way: W,
    patience: Patience,
}

impl<W: Backend> Talk<W> {
    pub(super) fn new(way: W, patience: Patience) -> Self {
        Talk { way, patience }
    }

    /// Sends a packet.
    pub(super) async fn send(&mut self, packet: Packet, body: Vec<Bytes>) -> Result<Heard, NoAnswer> {
        let kind = packet.kind();
        let answer = self.way.exchange(Call::Packet { packet, body }, self.patience).await?;
        Ok(Heard { ack: Ack::read(kind, answer.status, &answer.headers), answer })
    }

    /// Create-Session.
    pub(super) async fn create(&mut self) -> Result<Heard, NoAnswer> {
        self.send(Packet::CreateSession, Vec::new()).await
    }

    /// Bytes of a scratch file of that size.
    pub(super) async fn fragment(
        &mut self,
        session: &SessionId,
        from: u64,
        to: u64,
        total: u64,
    ) -> Result<Heard, NoAnswer> {
        let range = ContentRange::new(from, to, total);
        let range = range.ok_or_else(|| NoAnswer::Impossible(format!("{from}-{to}/{total} is no range")))?;
        let packet = Packet::Fragment { session: session.clone(), range };
        self.send(packet, vec![content::bytes(from, to)]).await
    }

    /// Close-Session.
    pub(super) async fn close(&mut self, session: &SessionId) -> Result<Heard, NoAnswer> {
        self.send(Packet::CloseSession { session: session.clone() }, Vec::new()).await
    }

    /// Cancel-Session. Fails in words.
    pub(super) async fn cancel(&mut self, session: &SessionId) -> Result<(), String> {
        let packet = Packet::CancelSession { session: session.clone() };
        match self.send(packet, Vec::new()).await {
            Ok(heard) if heard.ack.verdict == Verdict::Done => Ok(()),
            Ok(heard) => Err(format!("Cancel-Session was answered {}", heard.ack)),
            Err(why) => Err(why.to_string()),
        }
    }

    /// The size of the file, if it is there and can be asked for.
    pub(super) async fn size(&mut self) -> Result<Seen, NoAnswer> {
        let answer = self.way.exchange(Call::Evidence, self.patience).await?;
        let length = || {
            let value = answer.headers.get(http::header::CONTENT_LENGTH)?;
            value.to_str().ok()?.parse().ok()
        };
        Ok(match answer.status.as_u16() {
            200 => Seen::There(length()),
            404 | 410 => Seen::Nothing,
            _ => Seen::Untold(answer.status),
        })
    }
}

/// What HEAD of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is there, with so many bytes.
    There(Option<u64>),
    /// It is not.
    Nothing,
    /// The server does not tell.
    Untold(http::StatusCode),
}
