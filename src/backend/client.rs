//! The HTTP client of one backend, for what is no packet.

use super::dial::bare_host;
use crate::error::with_causes;
use crate::route::{BackendUrl, Scheme, Server};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::lookup_host;

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
