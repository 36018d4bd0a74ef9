//! The URL of a backend and the prefix of a route: what may stand in them.

use crate::route::BackendUrl;
use http::uri::Authority;
use std::net::Ipv6Addr;

/// Why a text is not the URL of a backend. Prints without credentials and without the query, which may hold some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{url}\" {why}")]
pub struct NotABackend {
    url: String,
    why: &'static str,
}

/// Reads `http://host[:port]/directory/`. A missing slash at the end is added, port 80 is left out.
///
/// ```
/// let backend = put2bits::config::parse_backend("http://iis:80/uploads").unwrap();
/// assert_eq!(backend.authority, "iis");
/// assert_eq!(backend.base, "/uploads/");
/// ```
///
/// # Errors
/// For anything but an absolute http URL of a directory, with neither credentials nor query nor fragment.
pub fn parse_backend(text: &str) -> Result<BackendUrl, NotABackend> {
    parse(text).map_err(|why| NotABackend { url: redact(text), why })
}

fn parse(text: &str) -> Result<BackendUrl, &'static str> {
    const SHAPE: &str = "is not an absolute URL of a directory, such as \"http://iis/uploads/\"";
    let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
    if scheme.eq_ignore_ascii_case("https") {
        return Err("is https, which is not supported in this version: use http:// on a network you trust");
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(SHAPE);
    }
    if rest.contains('?') {
        return Err("has a query: a backend is a directory, leave out the '?' and what follows");
    }
    if rest.contains('#') {
        return Err("has a fragment: leave out the '#' and what follows");
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("holds a user name or password, which would end up in logs and process lists: \
                    leave them out, and let the backend give the proxy's address the right to write");
    }
    let authority = parse_authority(authority)?;
    Ok(BackendUrl { authority, base: directory(path, true).ok_or(PATH)? })
}

const PATH: &str = "has a path that is not plain: percent-encode special characters, \
                    no empty segments, no '.' or '..', no encoded slashes";

fn parse_authority(text: &str) -> Result<Authority, &'static str> {
    const HOST: &str = "has no valid host: write a name, an IPv4 address or an [IPv6] address";
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(HOST)?;
            let address: Ipv6Addr = address.parse().map_err(|_| HOST)?;
            (format!("[{address}]"), port)
        }
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            if host.is_empty() || !host.bytes().all(plain) {
                return Err(HOST);
            }
            (host.to_owned(), port)
        }
    };
    let whole = match port {
        "" | ":" | ":80" => host,
        _ => {
            let number = port.strip_prefix(':').filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
            let number = number.and_then(|n| n.parse::<u16>().ok()).filter(|n| *n != 0);
            format!("{host}:{}", number.ok_or("has no valid port: write a number from 1 to 65535")?)
        }
    };
    whole.parse().map_err(|_| HOST)
}

/// The prefix of a route: a path that begins with `/`. A missing slash at the end is added.
pub(crate) fn parse_prefix(text: &str) -> Option<String> {
    if text.starts_with('/') { directory(text, false) } else { None }
}

/// The path of a directory, with a slash at both ends, if every segment is a plain name.
fn directory(path: &str, encoded: bool) -> Option<String> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return (path.len() <= 1).then(|| "/".to_owned());
    }
    inner.split('/').all(|segment| is_plain(segment, encoded)).then(|| format!("/{inner}/"))
}

fn is_plain(segment: &str, encoded: bool) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' if encoded => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return false };
                // Two hexadecimal digits are below 256.
                decoded.push((high * 16 + low) as u8);
            }
            _ if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) => decoded.push(byte),
            _ => return false,
        }
    }
    let special = |b: &u8| b.is_ascii_control() || b"/\\".contains(b);
    !decoded.is_empty() && decoded != b"." && decoded != b".." && !decoded.iter().any(special)
}

/// The URL for an error line: nothing of the query or fragment, and if there is an `@` anywhere, the scheme alone.
fn redact(url: &str) -> String {
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
            ("http://iis:/a/", "iis", "/a/"),
            ("http://127.0.0.1:8181/in%20box/", "127.0.0.1:8181", "/in%20box/"),
            ("http://[::1]:8181/", "[::1]:8181", "/"),
            ("http://[0:0::1]/", "[::1]", "/"),
            ("http://my_server-1.example:65535/~x/", "my_server-1.example:65535", "/~x/"),
        ] {
            let backend = parse_backend(text).unwrap();
            assert_eq!((backend.authority.as_str(), backend.base.as_str()), (authority, base), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_why() {
        for (text, why) in [
            ("", "absolute URL"),
            ("iis/uploads", "absolute URL"),
            ("//iis/uploads/", "absolute URL"),
            ("ftp://iis/", "absolute URL"),
            ("https://iis/uploads/", "not supported in this version"),
            ("http://", "host"),
            ("http:///uploads/", "host"),
            ("http://:8080/", "host"),
            ("http://ii s/", "host"),
            ("http://ïïs/", "host"),
            ("http://[::1/", "host"),
            ("http://[v1.x]/", "host"),
            ("http://iis:0/", "port"),
            ("http://iis:65536/", "port"),
            ("http://iis:+80/", "port"),
            ("http://iis:80:80/", "port"),
            ("http://[::1]8080/", "port"),
            ("http://iis/up?x=1", "query"),
            ("http://iis?x=1", "query"),
            ("http://iis/up#x", "fragment"),
            ("http://u:p@iis/", "user name"),
            ("http://iis//up/", "path"),
            ("http://iis/up//", "path"),
            ("http://iis//", "path"),
            ("http://iis/../up/", "path"),
            ("http://iis/%2e%2E/", "path"),
            ("http://iis/a%2Fb/", "path"),
            ("http://iis/a%5cb/", "path"),
            ("http://iis/a\\b/", "path"),
            ("http://iis/a b/", "path"),
            ("http://iis/%0d%0a/", "path"),
            ("http://iis/%zz/", "path"),
            ("http://iis/%+1/", "path"),
            ("http://iis/%2", "path"),
            ("http://iis/é/", "path"),
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
        ] {
            let error = parse_backend(text).unwrap_err().to_string();
            assert!(!error.contains("s3c") && !error.contains("user:"), "{error}");
        }
    }

    #[test]
    fn prefixes_begin_with_a_slash_and_are_plain() {
        for (text, prefix) in [("/", "/"), ("/photos", "/photos/"), ("/a/b/", "/a/b/"), ("/~x/", "/~x/")] {
            assert_eq!(parse_prefix(text).as_deref(), Some(prefix));
        }
        for text in
            ["", "photos", "photos/", "//", "/a//b", "/../", "/a/./", "/a%20b/", "/a?b", "/a#b", "/a b", "/é"]
        {
            assert_eq!(parse_prefix(text), None, "{text}");
        }
    }
}
