//! `Content-Range` of a fragment: `bytes first-last/total` (MC-BUP §2.2.6.1, RFC 2616 §14.16).

use http::HeaderValue;
use std::fmt::{self, Write as _};

/// The bytes `start..end` of a file of `total` bytes. Never empty, never beyond the total; the total is always known.
///
/// ```
/// use put2bits::bits::ContentRange;
/// let range = ContentRange::new(128, 213, 500).unwrap();
/// assert_eq!(range.to_string(), "bytes 128-212/500");
/// assert_eq!(ContentRange::parse("bytes 128-212/500"), Some(range));
/// assert_eq!(ContentRange::parse("bytes 128-212/*"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentRange {
    start: u64,
    end: u64,
    total: u64,
}

impl ContentRange {
    /// `start..end` of `total`, or nothing when that is empty or beyond the total.
    pub const fn new(start: u64, end: u64, total: u64) -> Option<Self> {
        if start < end && end <= total { Some(ContentRange { start, end, total }) } else { None }
    }

    /// First byte.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// One past the last byte: the offset wanted next once this range is taken.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// Size of the whole file.
    pub const fn total(self) -> u64 {
        self.total
    }

    /// Bytes in the range, never 0.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Whether this is the end of the file.
    pub const fn is_last(self) -> bool {
        self.end == self.total
    }

    /// Parses the header's value. The unit is matched without case (Win32 prints `Bytes`).
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last, total) = (decimal(first)?, decimal(last)?, decimal(total)?);
        ContentRange::new(first, last.checked_add(1)?, total)
    }

    /// As a header value.
    pub fn to_value(self) -> HeaderValue {
        let mut text = String::with_capacity(48);
        // Writing to a String cannot fail, and digits are valid in a header.
        let _ = write!(text, "{self}");
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.start, self.end - 1, self.total)
    }
}

/// Digits only: no sign, no blanks, no overflow.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_rfc_2616_refuses() {
        for bad in [
            "",
            "bytes",
            "bytes 0-0",
            "bytes 0-0/*",
            "bytes */5",
            "bytes 0--1/0",
            "bytes 0-0/0",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "bytes -1-3/10",
            "bytes +0-3/10",
            "bytes 0-3/+10",
            "octets 0-3/10",
            "bytes=0-3/10",
            "bytes 0-18446744073709551615/18446744073709551615",
            "bytes 0-3/99999999999999999999",
            "bytes 0 -3/10",
        ] {
            assert_eq!(ContentRange::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn takes_any_case_of_the_unit() {
        assert_eq!(ContentRange::parse("Bytes 0-3/10"), ContentRange::new(0, 4, 10));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(start in 0u64..u64::MAX / 2, len in 1u64..1 << 40, rest in 0u64..1 << 40) {
            let range = ContentRange::new(start, start + len, start + len + rest).unwrap();
            prop_assert_eq!(ContentRange::parse(&range.to_string()), Some(range));
            let value = range.to_value();
            prop_assert_eq!(value.to_str().unwrap(), range.to_string());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = ContentRange::parse(&text);
        }
    }
}
