//! The URL of a backend as an operator writes it: the rules of `route`, plus what an error line may show of it.

use crate::route::{BackendUrl, Scheme};
use http::uri::Authority;
use percent_encoding::percent_decode_str;

/// Why a text is not the URL of a backend. Prints without credentials and without the query, which may hold some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{url}\" is refused: {why}")]
pub struct NotABackend {
    url: String,
    why: String,
}

/// Reads `http://host[:port]/directory/`, or the same with `https`. A missing slash at the end is added, the scheme's own
/// port is left out.
///
/// ```
/// let backend = put2bits::config::parse_backend("http://iis:80/uploads").unwrap();
/// assert_eq!(backend.authority, "iis");
/// assert_eq!(backend.base, "/uploads/");
/// ```
///
/// # Errors
/// For anything but an absolute http or https URL of a directory, with neither credentials nor query nor fragment.
pub fn parse_backend(text: &str) -> Result<BackendUrl, NotABackend> {
    parse(text).map_err(|why| NotABackend { url: redact(text), why })
}

const CREDENTIALS: &str = "a user name or password in a URL ends up in logs and process lists. Put it into \
                           a file, and name that in a [[backend]] as credentials_file";

fn parse(text: &str) -> Result<BackendUrl, String> {
    let Some((_, rest)) = text.split_once("://") else {
        return Err("write an absolute URL, such as \"http://iis/uploads/\"".to_owned());
    };
    // Wherever the `@` stands: a password may hold any character, and a reason must not quote it.
    let credentials = |why: String| if rest.contains('@') { CREDENTIALS.to_owned() } else { why };
    let mut backend = BackendUrl::parse(text).map_err(credentials)?;
    backend.authority = without_default_port(backend.authority, backend.scheme);
    Ok(backend)
}

/// Two spellings of one backend are one backend: in `Host` and wherever something is remembered about it.
fn without_default_port(authority: Authority, scheme: Scheme) -> Authority {
    let port = format!(":{}", scheme.default_port());
    authority.as_str().strip_suffix(&port).and_then(|host| host.parse().ok()).unwrap_or(authority)
}

/// The prefix of a route, with a slash at both ends: plain segments, percent-encoded or not.
pub(crate) fn parse_prefix(text: &str) -> Option<String> {
    let inner = text.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    match inner {
        "" => (text == "/").then(|| "/".to_owned()),
        _ => inner.split('/').all(is_plain).then(|| format!("/{inner}/")),
    }
}

/// Whether a segment is a plain name: whoever decodes it finds neither a separator nor a way up.
fn is_plain(segment: &str) -> bool {
    let Ok(name) = percent_decode_str(segment).decode_utf8() else { return false };
    let unclear = |c: char| c.is_control() || "/\\%?#".contains(c);
    let visible = segment.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b'#');
    visible && !name.is_empty() && name != "." && name != ".." && !name.contains(unclear)
}

/// The URL for an error line: nothing of the query or fragment, and if there is an `@` anywhere, the scheme alone.
pub(crate) fn redact(url: &str) -> String {
    const LONGEST: usize = 120;
    if url.contains('@') {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let plain = scheme.filter(|scheme| scheme.bytes().all(|b| b.is_ascii_alphabetic()));
        return plain.map_or("***".to_owned(), |scheme| format!("{scheme}://***"));
    }
    let (shown, cut) = match url.find(['?', '#']) {
        // One byte long, both of them.
        Some(at) => (&url[..=at], "***"),
        None => (url, ""),
    };
    shown.chars().take(LONGEST).chain(cut.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_of_directories() {
        for (text, authority, base) in [
            ("http://iis/uploads/", "iis", "/uploads/"),
            ("http://iis/uploads", "iis", "/uploads/"),
            ("http://iis", "iis", "/"),
            ("http://iis/", "iis", "/"),
            ("HTTP://iis:80/a/b/", "iis", "/a/b/"),
            ("http://127.0.0.1:8181/in%20box/", "127.0.0.1:8181", "/in%20box/"),
            ("http://[::1]:8181/", "[::1]:8181", "/"),
            ("http://my_server-1.example:65535/~x/", "my_server-1.example:65535", "/~x/"),
        ] {
            let backend = parse_backend(text).unwrap();
            assert_eq!((backend.authority.as_str(), backend.base.as_str()), (authority, base), "{text}");
            assert_eq!(backend.scheme, Scheme::Http);
        }
        for (text, shown) in [
            ("https://iis:443/up", "https://iis/up/"),
            ("HTTPS://iis:80/up", "https://iis:80/up/"),
            ("http://iis:443/", "http://iis:443/"),
        ] {
            assert_eq!(parse_backend(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_why() {
        for (text, why) in [
            ("", "absolute URL"),
            ("iis/uploads", "absolute URL"),
            ("//iis/uploads/", "absolute URL"),
            ("ftp://iis/", "must begin with http://"),
            ("httpss://iis/", "must begin with http://"),
            ("https:///uploads/", "not a URL"),
            ("http://", "not a URL"),
            ("http:///uploads/", "not a URL"),
            ("http://:8080/", "host"),
            ("http://ii s/", "not a URL"),
            ("http://[::1/", "not a URL"),
            ("http://iis:0/", "port"),
            ("http://iis:65536/", "port"),
            ("http://iis:/", "port"),
            ("http://iis:+80/", "port"),
            ("http://iis/up?x=1", "query"),
            ("http://iis?x=1", "query"),
            ("http://iis/up#x", "fragment"),
            ("http://u:p@iis/", "user name"),
            ("http://u:p@iis?x/", "user name"),
            ("http://iis//up/", "empty segment"),
            ("http://iis/up//", "empty segment"),
            ("http://iis/../up/", "dot segment"),
            ("http://iis/%2e%2E/", "dot segment"),
            ("http://iis/a%2Fb/", "slash"),
            ("http://iis/%0d%0a/", "control"),
            ("http://iis/%zz/", "a '%' in a name"),
        ] {
            let error = parse_backend(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn no_secret_of_a_url_is_printed() {
        for text in [
            "http://user:s3cret@iis/up/",
            "https://user:s3cret@iis/up/",
            "user:s3cret@iis/up/",
            "http://user:s3c@s3cret@iis:99999/up/",
            "http://iis/up/?token=s3cret",
            "http://iis/up/#s3cret",
            "ftp://iis/up/?a@b=s3cret",
            "http://user:s3c?ret@iis/",
            "user:s3cret://@iis/",
            "http://user:s3c/ret@iis/",
            "http://user:s3c#ret@iis/",
        ] {
            let error = parse_backend(text).unwrap_err().to_string();
            assert!(!error.contains("s3c") && !error.contains("user:"), "{error}");
        }
    }

    #[test]
    fn prefixes_begin_with_a_slash_and_are_plain() {
        for (text, prefix) in
            [("/", "/"), ("/photos", "/photos/"), ("/a/b/", "/a/b/"), ("/~x/", "/~x/"), ("/a%20b", "/a%20b/")]
        {
            assert_eq!(parse_prefix(text).as_deref(), Some(prefix));
        }
        for text in [
            "", "photos", "photos/", "//", "/a//b", "/../", "/a/./", "/a%2fb/", "/a%5Cb/", "/%2e%2e/",
            "/%ff/", "/%", "/a%0ab/", "/a/?/", "/%2525/", "/a?b", "/a#b", "/a b", "/é",
        ] {
            assert_eq!(parse_prefix(text), None, "{text}");
        }
    }
}
