//! The values of `[resumption]`: what may stand in the URL of an upload and in the headers about it.

use super::backend::redact;
use super::raw::Raw;
use crate::route::BackendUrl;
use http::HeaderValue;

/// What `resumption.prefix` is wanted to be, as a noun phrase.
pub(crate) const PREFIX_WANTED: &str = "a path that begins and ends with '/', such as \"/_uploads/\": \
                                        segments of letters, digits and -._~, no '.' or '..'";
/// The same for `resumption.origin`.
pub(crate) const ORIGIN_WANTED: &str =
    "\"https://host\" or \"https://host:port\" without a path; \"\" for none";
/// The same for `resumption.upload_limit`.
pub(crate) const UPLOAD_LIMIT_WANTED: &str =
    "the value of a header, such as \"min-size=0, max-size=1000000\"; \"\" for one made from the limits";

/// Longest prefix and longest limit, in bytes: both are sent with every answer, beside much else.
const LONGEST: usize = 255;

/// The path that upload resources live below. It is compared byte by byte, so nothing in it may be encoded.
pub(crate) fn prefix(raw: &Raw) -> Option<String> {
    let text = raw.text().filter(|text| text.len() <= LONGEST)?;
    let inner = text.strip_prefix('/')?.strip_suffix('/')?;
    inner.split('/').all(is_unreserved).then(|| text.to_owned())
}

/// RFC 3986 §2.3, and a name rather than a step.
fn is_unreserved(segment: &str) -> bool {
    let plain = segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    plain && !["", ".", ".."].contains(&segment)
}

/// What is put in front of that path; nothing: the path alone. Never plain http: a client sends its credentials there.
pub(crate) fn origin(raw: &Raw) -> Result<Option<String>, String> {
    const SCHEME: &str = "https://";
    let text = raw.text().ok_or_else(|| raw.is_not(ORIGIN_WANTED))?;
    if text.is_empty() {
        return Ok(None);
    }
    let rest = match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => "",
    };
    // The rules for hosts and ports are those of backends.
    let known = BackendUrl::parse(&format!("http://{rest}")).ok().filter(|_| !rest.contains(['/', '?', '#']));
    let authority = known.map(|url| url.authority);
    let refused = || format!("\"{}\" is not {ORIGIN_WANTED}", redact(text));
    authority.map(|authority| Some(format!("{SCHEME}{authority}"))).ok_or_else(refused)
}

/// `Upload-Limit` as it is sent. A bare number, too: that is how Apple's documentation prints it.
pub(crate) fn upload_limit(raw: &Raw) -> Option<Option<HeaderValue>> {
    let text = raw.text_or_number().filter(|text| text.len() <= LONGEST)?;
    if text.is_empty() {
        return Some(None);
    }
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.trim() == text;
    plain.then(|| HeaderValue::from_str(text).ok()).flatten().map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::origin::Origin;
    use super::super::raw::Form;
    use super::*;

    fn raw(text: &str) -> Raw {
        Raw::new(Form::Quoted(text.to_owned()), Origin::Default)
    }

    #[test]
    fn a_prefix_has_segments_of_unreserved_characters() {
        for text in ["/_uploads/", "/a/b/", "/A-z0.9_~/", "/.../", "/.well-known/uploads/"] {
            assert_eq!(prefix(&raw(text)).as_deref(), Some(text));
        }
        for text in [
            "",
            "/",
            "//",
            "///",
            "_uploads/",
            "/_uploads",
            "_uploads",
            "/a//b/",
            "/./",
            "/../",
            "/a/../b/",
            "/a%62/",
            "/a b/",
            "/a?/",
            "/a#/",
            "/a:b/",
            "/a\\b/",
            "/é/",
            "/a\r\n/",
            "http://x/",
            "*",
        ] {
            assert_eq!(prefix(&raw(text)), None, "{text}");
        }
        assert!(prefix(&raw(&format!("/{}/", "x".repeat(253)))).is_some());
        assert!(prefix(&raw(&format!("/{}/", "x".repeat(254)))).is_none());
    }

    #[test]
    fn an_origin_is_https_and_a_host() {
        for (text, told) in [
            ("https://upload.example.com", "https://upload.example.com"),
            ("HTTPS://upload.example.com:8443", "https://upload.example.com:8443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("https://10.0.0.1", "https://10.0.0.1"),
        ] {
            assert_eq!(origin(&raw(text)), Ok(Some(told.to_owned())));
        }
        assert_eq!(origin(&raw("")), Ok(None));
        for text in [
            " ",
            "https://",
            "https:",
            "http://a",
            "a",
            "//a",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://a:0",
            "https://a:65536",
            "https://a:",
            "https://:1",
            "https://a b",
            "https://a\r\nX: y",
            "ftp://a",
            "https://é",
        ] {
            assert!(origin(&raw(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn no_secret_of_an_origin_is_printed() {
        for text in ["https://me:s3cret@a", "https://me:s3c/ret@a", "https://a?s3cret", "me:s3cret@a"] {
            let line = origin(&raw(text)).unwrap_err();
            assert!(!line.contains("s3c") && !line.contains("me:"), "{line}");
        }
    }

    #[test]
    fn a_limit_is_one_line_of_ascii() {
        for text in ["min-size=0", "min-size=0, max-size=107374182400", "107374182400", "a\"b"] {
            assert_eq!(upload_limit(&raw(text)), Some(Some(HeaderValue::from_str(text).unwrap())));
        }
        assert_eq!(upload_limit(&raw("")), Some(None));
        for text in [" ", " a", "a ", "a\r\nb", "a\tb", "é", &"1".repeat(256)] {
            assert_eq!(upload_limit(&raw(text)), None, "{text}");
        }
    }
}
