//! Evidence and replies: the requests that are no packets, through one HTTP client for each backend. (But where the
//! connection is what the server knows the proxy by, they go over the connection of the packets.)

use super::connection::{Connection, put_beside};
use super::dial::bare_host;
use super::{reply_url, tls, with_causes};
use crate::bits::Destination;
use crate::route::{BackendUrl, Scheme, Server};
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, Url, redirect};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::lookup_host;

/// Largest reply of an upload-reply server that is passed on, in bytes.
pub(super) const MAX_REPLY: usize = 1024 * 1024;
/// Longest time to a connection. The patience of a call bounds the whole of it.
const CONNECT: Duration = Duration::from_secs(10);

/// A client that goes only where it is sent: no redirects, no proxy from the environment, and nowhere without the TLS of
/// `config` if the backend has it.
pub(super) fn client(
    url: &BackendUrl,
    server: &Server,
    config: ClientConfig,
) -> Result<reqwest::Client, String> {
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("put2bits/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .https_only(url.scheme == Scheme::Https)
        .referer(false)
        .tls_backend_preconfigured(config)
        // Some servers serve one connection at a time: none is kept open for nothing.
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT);
    if url.scheme == Scheme::Https
        && let Some(name) = &server.tls.name
    {
        http = http.dns_resolver(Arc::new(ByAnotherName {
            name: name.to_ascii_lowercase(),
            host: bare_host(&url.authority).to_owned(),
        }));
    }
    // By default a server that reads nothing for 30 s would be cut off, whatever the patience of the call.
    #[cfg(target_os = "linux")]
    let http = http.tcp_user_timeout(None);
    http.build().map_err(|error| with_causes(&error))
}

/// Leads from the name in the certificate to the host that has it.
#[derive(Debug)]
struct ByAnotherName {
    name: String,
    host: String,
}

impl Resolve for ByAnotherName {
    fn resolve(&self, name: Name) -> Resolving {
        let host = if name.as_str() == self.name { self.host.clone() } else { name.as_str().to_owned() };
        Box::pin(async move {
            // The port comes from the URL.
            let found: Vec<SocketAddr> = lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

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
