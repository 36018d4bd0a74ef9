//! What a request shows in `Authorization`. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Longest user name and password together, in bytes: what is hashed for a stranger is bounded.
const MAX_BASIC: usize = 1024;

/// The credentials of that scheme, if the request has exactly one field with some (RFC 9110 §11.6.2).
pub(super) fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (found, rest) = value.as_bytes().split_at_checked(scheme.len())?;
    let rest = rest.strip_prefix(b" ").filter(|_| found.eq_ignore_ascii_case(scheme.as_bytes()))?;
    let shown = rest.trim_ascii();
    (!shown.is_empty()).then_some(shown)
}

/// User name and password of `Basic` (RFC 7617).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let shown = credentials(headers, "Basic").filter(|shown| shown.len() <= MAX_BASIC / 3 * 4 + 4)?;
    let decoded = STANDARD.decode(shown).ok().filter(|decoded| decoded.len() <= MAX_BASIC)?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    let user = std::str::from_utf8(&decoded[..colon]).ok()?;
    Some((user.to_owned(), decoded[colon + 1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn tokens() {
        for (values, shown) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bEARER  abc "], Some("abc")),
            (&["Bearer a b"], Some("a b")),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearerabc"], None),
            (&["Basic abc"], None),
            (&["Bear"], None),
            (&[], None),
            (&["Bearer abc", "Bearer abc"], None),
            (&["Bearer abc", "Basic abc"], None),
        ] {
            assert_eq!(credentials(&headers(values), "Bearer"), shown.map(str::as_bytes), "{values:?}");
        }
    }

    #[test]
    fn users_and_passwords() {
        let shown = |text: &[u8]| basic(&headers(&[&format!("Basic {}", STANDARD.encode(text))]));
        let found = |user: &str, password: &[u8]| Some((user.to_owned(), password.to_vec()));
        assert_eq!(shown(b"alice:secret"), found("alice", b"secret"));
        assert_eq!(shown(b"alice:a:b"), found("alice", b"a:b"));
        assert_eq!(shown(b":"), found("", b""));
        assert_eq!(shown("ä:ö".as_bytes()), found("ä", "ö".as_bytes()));
        assert_eq!(shown(b"a:\xff\x00"), found("a", b"\xff\x00"));
        for wrong in [&b"alice"[..], b"\xff:a", b""] {
            assert_eq!(shown(wrong), None, "{wrong:?}");
        }
        let long = |size: usize| shown(&[b"a:".to_vec(), vec![b'x'; size - 2]].concat()).is_some();
        assert!(long(MAX_BASIC) && !long(MAX_BASIC + 1));
        for wrong in ["Basic !", "Basic YTpi=", "Basic YTp", "Bearer YTpi"] {
            assert_eq!(basic(&headers(&[wrong])), None, "{wrong}");
        }
    }
}
