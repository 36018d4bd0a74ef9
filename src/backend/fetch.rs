//! Evidence and replies: the requests that are no packets, through one HTTP client for all uploads.

use super::{reply_url, with_causes};
use crate::bits::Destination;
use crate::limits::SocketLimits;
use crate::route::Carried;
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use reqwest::{RequestBuilder, Response, Url, redirect};
use std::time::Duration;

/// Largest reply of an upload-reply server that is passed on, in bytes.
const MAX_REPLY: usize = 1024 * 1024;
/// Longest time to a connection. The patience of a call bounds the whole of it.
const CONNECT: Duration = Duration::from_secs(10);

/// What all ways to backends share. Built once; clones are cheap and use the same pool.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Bytes of the send buffer of each socket for packets. None: as the system has it.
    pub(super) send_buffer: Option<usize>,
}

impl Client {
    /// A client that goes only where it is sent: no redirects, no proxy from the environment.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(sockets: &SocketLimits) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("put2bits/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .referer(false)
            // Some servers serve one connection at a time: none is kept open for nothing.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .tls_backend_preconfigured(no_tls());
        // By default a server that reads nothing for 30 s would be cut off, whatever the patience of the call.
        #[cfg(target_os = "linux")]
        let http = http.tcp_user_timeout(None);
        let send_buffer = sockets.send_buffer.and_then(|bytes| usize::try_from(bytes).ok());
        Ok(Client { http: http.build()?, send_buffer })
    }

    /// HEAD of the target.
    pub(super) async fn evidence(
        &self,
        authority: &Authority,
        to: &Destination,
        carried: &Carried,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let request = self.http.request(Method::HEAD, target_url(authority, to)?);
        let mut response = send(request, to, carried, patience, authority).await?;
        Ok(answer(&mut response, Bytes::new()))
    }

    /// GET of a reply.
    pub(super) async fn reply(
        &self,
        authority: &Authority,
        to: &Destination,
        carried: &Carried,
        reply: &HeaderValue,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let target = target_url(authority, to)?;
        let url = reply_url::resolve(&target, reply).map_err(NoAnswer::Impossible)?;
        let request = self.http.request(Method::GET, url);
        let mut response = send(request, to, carried, patience, authority).await?;
        let body = body(&mut response, authority).await?;
        Ok(answer(&mut response, body))
    }

    /// A request for the file itself, with the whole body of its answer.
    pub(super) async fn ask_for(
        &self,
        method: Method,
        authority: &Authority,
        to: &Destination,
        carried: &Carried,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let request = self.http.request(method, target_url(authority, to)?);
        let mut response = send(request, to, carried, patience, authority).await?;
        let body = body(&mut response, authority).await?;
        Ok(answer(&mut response, body))
    }
}

async fn send(
    request: RequestBuilder,
    to: &Destination,
    carried: &Carried,
    patience: Patience,
    authority: &Authority,
) -> Result<Response, NoAnswer> {
    let limit = patience.connect.saturating_add(patience.stall).saturating_add(patience.answer);
    let mut headers = HeaderMap::from_iter([(HOST, to.host.clone())]);
    carried.put_into(&mut headers);
    let answer = request.headers(headers).timeout(limit).send().await;
    answer.map_err(|error| no_answer(error, authority))
}

/// A configuration that trusts nobody.
fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    // ring has all of them.
    #[expect(clippy::expect_used)]
    let builder = versions.expect("ring speaks the default versions of TLS");
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
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
fn target_url(authority: &Authority, to: &Destination) -> Result<Url, NoAnswer> {
    let url = Url::parse(&format!("http://{authority}{}", to.target));
    match url {
        Ok(url) if percent_decode_str(url.path()).eq(percent_decode_str(to.target.path())) => Ok(url),
        _ => Err(NoAnswer::Impossible("the target is not a URL that can be asked for".to_owned())),
    }
}

fn no_answer(error: reqwest::Error, authority: &Authority) -> NoAnswer {
    let connecting = error.is_connect();
    let timed_out = error.is_timeout();
    // The URL may hold what must not be logged.
    let why = with_causes(&error.without_url());
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
            target_url(&Authority::from_static("iis:81"), &to).map(String::from)
        };
        assert_eq!(ask("/a/b%20c?x=1").unwrap(), "http://iis:81/a/b%20c?x=1");
        assert_eq!(ask("/a/{b}").unwrap(), "http://iis:81/a/%7Bb%7D");
        for other_file in ["/a/../b", "/a/./b", "/a/%2e%2e/b"] {
            assert!(matches!(ask(other_file), Err(NoAnswer::Impossible(_))), "{other_file}");
        }
    }
}
