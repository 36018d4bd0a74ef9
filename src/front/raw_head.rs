//! What hyper hides of a request head, seen in the bytes as they came. Pure: bytes in, doubts out.
//!
//! hyper reads heads leniently: it folds equal `Content-Length` fields into one, drops a `Content-Length` beside
//! `Transfer-Encoding`, takes a line feed alone for the end of a line, and cuts a fragment off the target. Each is
//! harmless here alone, but a proxy in front of us may read the same bytes in another way, and then the two disagree
//! where a request ends: that is request smuggling. So whoever sends such a head is refused. One more reason for the
//! fragment: `a#1.jpg` and `a#2.jpg`, written by a client that forgets to encode, would both become `a`.
//!
//! ```text
//!            ┌────── body with its last byte ─────┐
//!            ▼                                    │
//!        Head(…) ─── Content-Length: 7 ───▶ Body(7)
//!            │ ▲────── no body ──────┘
//!            └── in doubt, or chunked ──▶ Blind
//! ```
//!
//! A watch runs beside hyper over all bytes of a connection, each byte of a head once, a body in one step, and copies
//! nothing but the name of a field. It does not parse chunks: behind a chunked body it is blind, so the connection has
//! to end there. Should hyper ever hand over a request whose head the watch has not seen end, the two disagree, and
//! that is a doubt of its own: whatever this file overlooks leads to a refusal, not to an upload.

/// Why a head can be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// RFC 9112 §2.2: a recipient may take it; others take it for a part of the value.
    BareLineFeed,
    /// RFC 9112 §3.2: no form of a target has one.
    Fragment,
    /// RFC 9110 §8.6: equal ones may be folded or refused.
    RepeatedLength,
    /// RFC 9112 §6.1: may be refused, and is the classic means of smuggling.
    LengthAndCoding,
    /// hyper found a request where we see none.
    Unseen,
}

impl Doubt {
    /// For the client and the log.
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Doubt::BareLineFeed => "a line of the head ends with a line feed alone: CR LF is needed",
            Doubt::Fragment => "the request target has a fragment: write '#' in a name as %23",
            Doubt::RepeatedLength => "there is more than one Content-Length",
            Doubt::LengthAndCoding => "Content-Length and Transfer-Encoding contradict each other",
            Doubt::Unseen => "where this request begins is in doubt",
        }
    }
}

/// Follows the messages of one connection.
#[derive(Debug)]
pub(super) struct Watch {
    state: State,
    /// Heads that came to their end.
    seen: u64,
    /// Requests that hyper handed over.
    served: u64,
    /// About the last head seen.
    doubt: Option<Doubt>,
}

#[derive(Debug)]
enum State {
    Head(Head),
    /// So many bytes are still to come.
    Body(u64),
    /// Where the next head begins is unknown.
    Blind,
}

/// The longest name that matters: `transfer-encoding`.
const NAME: usize = 17;

/// What is known of a head so far.
#[derive(Debug, Default)]
struct Head {
    at: At,
    previous: u8,
    bare_line_feed: bool,
    fragment: bool,
    lengths: u32,
    /// The last `Content-Length`; nothing if it overflows.
    length: Option<u64>,
    coded: bool,
    name: [u8; NAME],
    /// More than [`NAME`]: too long to be of interest.
    name_length: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Empty lines before the request line, which RFC 9112 §2.2 lets pass.
    #[default]
    Before,
    RequestLine,
    LineStart,
    Name,
    /// The value of a field that says nothing about framing.
    Value,
    Length,
}

impl Watch {
    pub(super) fn new() -> Self {
        Watch { state: State::Head(Head::default()), seen: 0, served: 0, doubt: None }
    }

    /// Takes the next bytes of the connection.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Blind => return,
                State::Body(left) => {
                    let (here, rest) =
                        bytes.split_at(bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX)));
                    *left -= here.len() as u64;
                    bytes = rest;
                    if *left == 0 {
                        self.state = State::Head(Head::default());
                    }
                }
                State::Head(head) => {
                    let Some(end) = bytes.iter().position(|&byte| head.ends_with(byte)) else { return };
                    bytes = &bytes[end + 1..];
                    self.doubt = head.doubt();
                    self.seen += 1;
                    self.state = head.followed_by();
                }
            }
        }
    }

    /// hyper hands over a request: what is doubtful about its head.
    pub(super) fn serve(&mut self) -> Option<Doubt> {
        self.served += 1;
        match self.served.cmp(&self.seen) {
            // There are more behind it. A doubt is always about the last.
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => self.doubt,
            std::cmp::Ordering::Greater => Some(Doubt::Unseen),
        }
    }

    /// The request that is being served has to be the last of the connection.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.state, State::Blind) && self.served >= self.seen
    }
}

impl Head {
    /// Takes one byte. Whether it is the last of the head.
    fn ends_with(&mut self, byte: u8) -> bool {
        let previous = std::mem::replace(&mut self.previous, byte);
        if byte == b'\n' {
            return self.end_line(previous);
        }
        match self.at {
            At::Before if byte == b'\r' => {}
            At::Before => self.at = At::RequestLine,
            At::RequestLine => self.fragment |= byte == b'#',
            At::LineStart if byte == b'\r' => {}
            At::LineStart => {
                self.at = At::Name;
                self.name_length = 0;
                self.push(byte);
            }
            At::Name if byte == b':' => self.at = self.value(),
            At::Name => self.push(byte),
            At::Length if byte.is_ascii_digit() => {
                let digit = u64::from(byte - b'0');
                self.length = self.length.and_then(|so_far| so_far.checked_mul(10)?.checked_add(digit));
            }
            // hyper refuses a length that has anything but digits and blanks around them.
            At::Length | At::Value => {}
        }
        false
    }

    fn end_line(&mut self, previous: u8) -> bool {
        if self.at == At::Before {
            return false;
        }
        self.bare_line_feed |= previous != b'\r';
        std::mem::replace(&mut self.at, At::LineStart) == At::LineStart
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.name.get_mut(self.name_length) {
            *place = byte.to_ascii_lowercase();
        }
        self.name_length = (self.name_length + 1).min(NAME + 1);
    }

    /// The name is read: what its value is.
    fn value(&mut self) -> At {
        match self.name.get(..self.name_length) {
            Some(b"content-length") => {
                self.lengths = self.lengths.saturating_add(1);
                self.length = Some(0);
                At::Length
            }
            Some(b"transfer-encoding") => {
                self.coded = true;
                At::Value
            }
            _ => At::Value,
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        match self {
            Head { bare_line_feed: true, .. } => Some(Doubt::BareLineFeed),
            Head { fragment: true, .. } => Some(Doubt::Fragment),
            Head { lengths: 1.., coded: true, .. } => Some(Doubt::LengthAndCoding),
            Head { lengths: 2.., .. } => Some(Doubt::RepeatedLength),
            _ => None,
        }
    }

    /// What comes behind this head.
    fn followed_by(&self) -> State {
        match (self.lengths, self.length) {
            _ if self.coded || self.doubt().is_some() => State::Blind,
            (0, _) | (_, Some(0)) => State::Head(Head::default()),
            (_, Some(length)) => State::Body(length),
            // hyper refuses it.
            (_, None) => State::Blind,
        }
    }
}

#[cfg(test)]
mod tests;
