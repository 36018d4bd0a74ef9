//! The heads that come in.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::io;

/// Most headers of an answer.
const MOST_HEADERS: usize = 64;

/// Longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Longest body that is read. It is for people.
const LONGEST_BODY: u64 = 64 * 1024;

/// An answer, interim or final.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// All of the head as it came, with the empty line at the end.
    pub head: String,
    /// The body, if it is short and its length was told.
    pub body: Vec<u8>,
    http_1_1: bool,
}

impl Answer {
    /// The answer at the beginning of `bytes` and the length of its head; nothing: more is needed.
    pub(super) fn parse(bytes: &[u8]) -> io::Result<Option<(Answer, usize)>> {
        let broken = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(bytes).map_err(|error| broken(format!("not HTTP: {error}")))? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if bytes.len() > LONGEST_HEAD => {
                return Err(broken("a head without end".into()));
            }
            httparse::Status::Partial => return Ok(None),
        };
        let mut headers = HeaderMap::new();
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let name = name.map_err(|error| broken(error.to_string()))?;
            let value = HeaderValue::from_bytes(field.value).map_err(|error| broken(error.to_string()))?;
            headers.append(name, value);
        }
        let status = StatusCode::from_u16(head.code.unwrap_or_default());
        let answer = Answer {
            status: status.map_err(|error| broken(error.to_string()))?,
            headers,
            head: String::from_utf8_lossy(&bytes[..length]).into_owned(),
            body: Vec::new(),
            http_1_1: head.version == Some(1),
        };
        Ok(Some((answer, length)))
    }

    /// Whether another answer follows.
    pub fn is_interim(&self) -> bool {
        self.status.is_informational()
    }

    /// A header with one integer, by the rules of structured fields: nothing, if it is absent, there twice or malformed.
    pub fn integer(&self, name: &str) -> Option<u64> {
        u64::try_from(i64::from(self.item(name)?.bare_item.as_integer()?)).ok()
    }

    /// The same for a boolean.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.item(name)?.bare_item.as_boolean()
    }

    fn item(&self, name: &str) -> Option<sfv::Item> {
        let mut lines = self.headers.get_all(name).iter();
        let line = lines.next().filter(|_| lines.next().is_none())?;
        sfv::Parser::new(line.as_bytes()).parse().ok()
    }

    /// How many bytes of body follow, if it is worth to read them and known how.
    pub(super) fn body_length(&self, method: &Method) -> Option<u64> {
        let empty = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&self.status);
        if empty || method == Method::HEAD {
            return Some(0);
        }
        if self.headers.contains_key(http::header::TRANSFER_ENCODING) {
            return None;
        }
        let length = self.headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
        (length <= LONGEST_BODY).then_some(length)
    }

    /// Whether the connection may carry another request, once the body has been read.
    pub(super) fn keeps_connection(&self) -> bool {
        let mut lines = self.headers.get_all(http::header::CONNECTION).iter();
        self.http_1_1 && !lines.any(|line| line.as_bytes().eq_ignore_ascii_case(b"close"))
    }
}
