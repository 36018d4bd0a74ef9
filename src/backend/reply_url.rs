//! Which reply URLs are followed, and where they lead. Pure.
//!
//! `BITS-Reply-URL` is the server's word. It may be relative to the directory of the upload's target, with backslashes
//! and braces in it. It is followed only to the server that the upload went to (promise P10).

use http::HeaderValue;
use reqwest::Url;

/// Where the reply is, or why it is not fetched. `target` is the URL of the uploaded file.
pub(super) fn resolve(target: &Url, reply: &HeaderValue) -> Result<Url, String> {
    let text = reply.to_str().map_err(|_| "the reply URL is not plain ASCII".to_owned())?;
    let text = text.replace('\\', "/").replace('{', "%7B").replace('}', "%7D");
    // Joining drops the last segment of the target: what is left is its directory.
    let url = target.join(&text).map_err(|error| format!("the reply URL can't be read: {error}"))?;
    let same_server = url.scheme() == target.scheme()
        && url.host() == target.host()
        && url.port_or_known_default() == target.port_or_known_default();
    if !same_server {
        return Err("the reply URL leads to another server".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the reply URL carries credentials".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(reply: &str) -> Result<String, String> {
        let target = Url::parse("http://iis:8080/uploads/album/a.mov?x=1").unwrap();
        resolve(&target, &HeaderValue::from_str(reply).unwrap()).map(String::from)
    }

    #[test]
    fn leads_to_the_same_server() {
        for (reply, url) in [
            ("reply.txt", "http://iis:8080/uploads/album/reply.txt"),
            (
                r"BITS-Sessions\Replies\{7DF0-1}\a.mov",
                "http://iis:8080/uploads/album/BITS-Sessions/Replies/%7B7DF0-1%7D/a.mov",
            ),
            ("/r/1?k={a}", "http://iis:8080/r/1?k=%7Ba%7D"),
            ("http://iis:8080/r/1", "http://iis:8080/r/1"),
            ("HTTP://IIS:8080/r/1", "http://iis:8080/r/1"),
            ("../../../r", "http://iis:8080/r"),
        ] {
            assert_eq!(resolved(reply).as_deref(), Ok(url), "{reply}");
        }
    }

    #[test]
    fn refuses_every_other_server() {
        for reply in [
            "http://evil/r",
            "//evil/r",
            r"\\evil\share",
            "http://iis/r",
            "http://iis:8081/r",
            "https://iis:8080/r",
            "ftp://iis:8080/r",
            "file:///etc/passwd",
            "http://user@iis:8080/r",
            "http://user:secret@iis:8080/r",
            "http://iis:8080@evil/r",
            "http://iis:8080.evil/r",
            "http://[::1/r",
            "javascript:0",
        ] {
            assert!(resolved(reply).is_err(), "{reply}");
        }
        let target = Url::parse("http://iis/").unwrap();
        assert!(resolve(&target, &HeaderValue::from_bytes(b"\xff").unwrap()).is_err());
    }
}
