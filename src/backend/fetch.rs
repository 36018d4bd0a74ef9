//! Evidence and replies: the requests that are no packets, through one HTTP client for each backend. (But where the
//! connection is what the server knows the proxy by, they go over the connection of the packets.)

use super::connection::{Connection, put_beside};
use super::link::MAX_REPLY;
use super::{reply_url, tls};
use crate::bits::Destination;
use crate::error::with_causes;
use crate::route::Scheme;
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use reqwest::{Response, Url};

impl Connection {
    /// HEAD of the target.
    pub(super) async fn evidence(
        &mut self,
        fields: HeaderMap,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let url = target_url(self.endpoint.url().scheme, &self.authority, &self.destination)?;
        self.fetch(Method::HEAD, url, fields, patience).await
    }

    /// GET of a reply.
    pub(super) async fn reply(
        &mut self,
        reply: &HeaderValue,
        fields: HeaderMap,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let target = target_url(self.endpoint.url().scheme, &self.authority, &self.destination)?;
        let url = reply_url::resolve(&target, reply).map_err(NoAnswer::Impossible)?;
        self.fetch(Method::GET, url, fields, patience).await
    }

    pub(super) async fn fetch(
        &mut self,
        method: Method,
        url: Url,
        fields: HeaderMap,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let mut headers = HeaderMap::from_iter([(HOST, self.destination.host.clone())]);
        put_beside(&mut headers, fields);
        #[cfg(feature = "negotiate")]
        if self.proves_itself_by_connection() {
            return self.fetch_over_link(method, &url, headers, patience).await;
        }
        let authority = &self.authority;
        let limit = patience.connect.saturating_add(patience.stall).saturating_add(patience.answer);
        // A node has its own name in its certificate.
        let name = self.endpoint.server().tls.name.as_deref().filter(|_| self.node.is_none());
        let url = by_name(url, name)?;
        let request =
            self.endpoint.ways().await.http.request(method.clone(), url).headers(headers).timeout(limit);
        let mut response = request.send().await.map_err(|error| no_answer(error, authority))?;
        // An answer to HEAD has none, whatever its length says.
        let body = match method == Method::HEAD {
            true => Bytes::new(),
            false => body(&mut response, authority).await?,
        };
        Ok(answer(&mut response, body))
    }
}

/// The URL with the name that has to be in the certificate, if that is another one. `Host` stays as it is.
fn by_name(mut url: Url, name: Option<&str>) -> Result<Url, NoAnswer> {
    if let Some(name) = name.filter(|_| url.scheme() == "https") {
        let named = url.set_host(Some(name));
        named.map_err(|_| NoAnswer::Impossible(format!("tls_name: \"{name}\" is no host name")))?;
    }
    Ok(url)
}

fn answer(response: &mut Response, body: Bytes) -> Answer {
    Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
        waited: None,
        early: false,
    }
}

/// The whole body, unless it is too large.
async fn body(response: &mut Response, authority: &Authority) -> Result<Bytes, NoAnswer> {
    let too_large = || NoAnswer::Impossible(format!("the reply is larger than {MAX_REPLY} bytes"));
    if response.content_length().is_some_and(|length| length > MAX_REPLY as u64) {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| no_answer(error, authority))? {
        if whole.len() + piece.len() > MAX_REPLY {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The URL of the file. The URL parser tidies paths; if that made it another file, there is no evidence to be had.
pub(super) fn target_url(scheme: Scheme, authority: &Authority, to: &Destination) -> Result<Url, NoAnswer> {
    let url = Url::parse(&format!("{}://{authority}{}", scheme.as_str(), to.target));
    match url {
        Ok(url) if percent_decode_str(url.path()).eq(percent_decode_str(to.target.path())) => Ok(url),
        _ => Err(NoAnswer::Impossible("the target is not a URL that can be asked for".to_owned())),
    }
}

fn no_answer(error: reqwest::Error, authority: &Authority) -> NoAnswer {
    let connecting = error.is_connect();
    let timed_out = error.is_timeout();
    // The URL may hold what must not be logged.
    let error = error.without_url();
    let why = tls::explain(&error).unwrap_or_else(|| with_causes(&error));
    if connecting {
        NoAnswer::Unsent(format!("connecting to {authority}: {why}"))
    } else if timed_out {
        NoAnswer::TimedOut(format!("asking {authority}: {why}"))
    } else {
        NoAnswer::Lost(format!("asking {authority}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_asked_for_as_it_is_or_not_at_all() {
        let ask = |target: &str| {
            let to = Destination {
                target: target.parse().unwrap(),
                host: HeaderValue::from_static("h"),
                content_name: HeaderValue::from_static("f"),
            };
            target_url(Scheme::Https, &Authority::from_static("iis:81"), &to).map(String::from)
        };
        assert_eq!(ask("/a/b%20c?x=1").unwrap(), "https://iis:81/a/b%20c?x=1");
        assert_eq!(ask("/a/{b}").unwrap(), "https://iis:81/a/%7Bb%7D");
        for other_file in ["/a/../b", "/a/./b", "/a/%2e%2e/b"] {
            assert!(matches!(ask(other_file), Err(NoAnswer::Impossible(_))), "{other_file}");
        }
    }
}
