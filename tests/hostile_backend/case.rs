//! One row of the table, and the words that it is written in.

use crate::act::{Act, Listen, Then};
use put2bits::error::Problem;

/// Fragments of every upload here, in bytes.
pub(crate) const FRAGMENT: u64 = 32 * 1024;
/// Every file: a first fragment, two in the middle, a last one.
pub(crate) const SIZE: u64 = 3 * FRAGMENT + 5;

/// Where the peer leaves the path of virtue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// When it is connected to, before any request.
    Accept,
    Create,
    /// The fragment at byte 0.
    First,
    /// A fragment that is neither.
    Middle,
    /// The fragment up to the end.
    Last,
    Close,
    Cancel,
    /// HEAD of the target, after Close-Session stayed unanswered.
    Evidence,
    /// GET of the reply; the last fragment was answered with a good `BITS-Reply-URL`.
    Reply,
}

/// What the client of a plain upload is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// 201.
    Stored,
    /// One of these, where the two ends race.
    Problems(Vec<Problem>),
}

/// One wrong answer and what follows from it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) act: Act,
    /// It does so each time; else only the first time.
    pub(crate) always: bool,
    /// It takes the bytes of the fragment.
    pub(crate) takes: bool,
    pub(crate) expect: Expect,
    /// How often it does so where that is not as often as the problem says.
    pub(crate) times: Option<u32>,
    /// Whether the session is cancelled where that does not follow from the outcome.
    pub(crate) cancelled: Option<bool>,
    /// The end of an upload that could be resumed, where that is not the rule: told, or cut off.
    pub(crate) cut: Option<bool>,
    /// On a route whose replies are fetched.
    pub(crate) fetched: bool,
}

/// A case that ends with this problem, because the answer is so each time.
pub(crate) fn bad(name: impl Into<String>, at: At, bytes: impl Into<Vec<u8>>, problem: Problem) -> Case {
    Case {
        name: name.into(),
        at,
        act: Act::say(bytes.into()),
        always: true,
        takes: false,
        expect: Expect::Problems(vec![problem]),
        times: None,
        cancelled: None,
        cut: None,
        fetched: at == At::Reply,
    }
}

/// A case in which the upload succeeds, and the answer counts as the good one that it is.
pub(crate) fn good(name: impl Into<String>, at: At, bytes: impl Into<Vec<u8>>) -> Case {
    Case { takes: true, expect: Expect::Stored, ..bad(name, at, bytes, Problem::Internal) }
}

/// A case in which the upload succeeds, because the answer is so only once and what it answers may be asked again.
pub(crate) fn passing(name: impl Into<String>, at: At, bytes: impl Into<Vec<u8>>) -> Case {
    Case { always: false, expect: Expect::Stored, ..bad(name, at, bytes, Problem::Internal) }
}

/// The head of an answer with this status line and these lines, each with its CRLF.
pub(crate) fn head(status: &str, lines: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{lines}\r\n")
}

/// What every Ack has.
pub(crate) const ACK: &str = "BITS-Packet-Type: Ack\r\nContent-Length: 0\r\n";

/// An Ack with these lines besides.
pub(crate) fn ack(lines: &str) -> String {
    head("200 OK", &format!("{ACK}{lines}"))
}

/// A good Ack of a fragment with these lines besides.
pub(crate) fn taken(lines: &str) -> String {
    ack(&format!("BITS-Received-Content-Range: {{next}}\r\n{lines}"))
}

/// A good Ack of Create-Session with these lines besides.
pub(crate) fn created(lines: &str) -> String {
    ack(&format!("BITS-Session-Id: {{session}}\r\n{lines}"))
}

impl Case {
    pub(crate) fn then(mut self, then: Then) -> Case {
        self.act.then = then;
        self
    }

    pub(crate) fn listen(mut self, listen: Listen) -> Case {
        self.act.listen = listen;
        self
    }

    /// Says it a byte at a time.
    pub(crate) fn byte_by_byte(mut self) -> Case {
        self.act.in_bytes = true;
        self
    }

    /// Ends with this problem all the same.
    pub(crate) fn fails(self, problem: Problem) -> Case {
        Case { expect: Expect::Problems(vec![problem]), ..self }.times(1)
    }

    pub(crate) fn times(self, times: u32) -> Case {
        Case { times: Some(times), ..self }
    }

    pub(crate) fn cancelled(self, cancelled: bool) -> Case {
        Case { cancelled: Some(cancelled), ..self }
    }

    pub(crate) fn cut(self, cut: bool) -> Case {
        Case { cut: Some(cut), ..self }
    }

    /// This problem is as good.
    pub(crate) fn or(mut self, problem: Problem) -> Case {
        if let Expect::Problems(problems) = &mut self.expect {
            problems.push(problem);
        }
        self
    }

    /// On a route whose replies are fetched.
    pub(crate) fn fetched(self) -> Case {
        Case { fetched: true, ..self }
    }
}
