//! One hostile request, and what has to come of it.

/// What the bytes are, and what has to happen.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    /// Theme and name, as failures print it.
    pub(crate) name: String,
    /// What the client writes.
    pub(crate) bytes: Vec<u8>,
    pub(crate) expect: Expect,
}

/// What has to happen. Whatever is not named here must not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect {
    /// 201 for `/up/a` with `hello`. The connection goes on.
    Stored,
    /// The same, and the connection ends.
    StoredLast,
    /// 201 for that target with `hello`. The connection goes on.
    StoredAs(&'static str),
    /// Refused with this status and code; nothing reaches the backend, and whatever follows is not answered.
    Refused(u16, &'static str),
    /// Refused; nothing reaches the backend. The connection goes on, for there was no body.
    Kept(u16, &'static str),
    /// Exactly these answers, and the connection ends; stored are these.
    Answers(&'static [Told], &'static [File]),
    /// The client stops within it. It is answered nothing at all, or only that; the backend stores nothing.
    Cut(&'static [Told]),
    /// An upload begins, and fails with the framing of its body. The backend stores nothing.
    Broken,
}

/// Status, and code of a refusal or "".
pub(crate) type Told = (u16, &'static str);

/// Target and bytes.
pub(crate) type File = (&'static str, &'static str);

impl Expect {
    /// The final answers, in order.
    pub(crate) fn answers(self) -> Vec<Told> {
        match self {
            Expect::Stored | Expect::StoredLast | Expect::StoredAs(_) => vec![(201, "")],
            Expect::Refused(status, code) | Expect::Kept(status, code) => vec![(status, code)],
            Expect::Answers(answers, _) | Expect::Cut(answers) => answers.to_vec(),
            Expect::Broken => Vec::new(),
        }
    }

    /// What the backend stores.
    pub(crate) fn stored(self) -> Vec<File> {
        match self {
            Expect::Stored | Expect::StoredLast => vec![("/up/a", "hello")],
            Expect::StoredAs(target) => vec![(target, "hello")],
            Expect::Answers(_, files) => files.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Whether another request can follow.
    pub(crate) fn goes_on(self) -> bool {
        matches!(self, Expect::Stored | Expect::StoredAs(_) | Expect::Kept(..))
    }
}

/// A request that must never be answered: it stands behind what is refused, and in bodies.
pub(crate) const SMUGGLED: &str = "PUT /in/smuggled HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\n\r\nbad";

/// Text where each character below U+0100 is the byte of that number: so tables can hold bytes that are no text.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("a byte")).collect()
}

/// A payload as it is written.
pub(crate) fn raw(theme: &str, name: &str, text: &str, expect: Expect) -> Payload {
    Payload { name: format!("{theme}: {name}"), bytes: bytes(text), expect }
}

/// `PUT /in/a` with `Host`, these further lines (each with its CRLF) and this body.
pub(crate) fn put(theme: &str, fields: &str, body: &str, expect: Expect) -> Payload {
    let text = format!("PUT /in/a HTTP/1.1\r\nHost: p\r\n{fields}\r\n{body}");
    raw(theme, &format!("{fields:?} {body:?}"), &text, expect)
}
