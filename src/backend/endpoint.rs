//! One backend as this process reaches it: its address, TLS, credentials. What a [`Server`] only names, this has read.

use super::client;
use super::credentials::{self, Credentials};
use super::dial::{Dialer, bare_host};
use super::io::Io;
use super::stream::Stream;
use super::tls;
use super::watched::Watched;
use super::wire::Wire;
use crate::limits::SocketLimits;
use crate::route::{self, BackendUrl, Carried, Scheme, Server};
use http::HeaderMap;
use http::uri::Authority;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// One backend as this process reaches it. Clones are cheap and the same.
#[derive(Debug, Clone)]
pub struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: BackendUrl,
    server: Arc<Server>,
    credentials: Credentials,
    /// Values of fields that are in files.
    files: HashMap<PathBuf, Arc<Watched<http::HeaderValue>>>,
    ways: Arc<Watched<Ways>>,
    /// Bytes of the send buffer of each socket for packets. None: as the system has it.
    send_buffer: Option<usize>,
}

/// What has to be built anew when a certificate changes.
#[derive(Debug)]
pub(super) struct Ways {
    /// For packets. None: the way is not encrypted.
    tls: Option<Arc<ClientConfig>>,
    /// For evidence and replies.
    pub(super) http: reqwest::Client,
}

/// Why a backend can't be used as it is configured. One line that names it and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend {backend}: {}{why}", .key.map(|key| format!("{key}: ")).unwrap_or_default())]
pub struct Unusable {
    backend: String,
    /// The key that is to blame, of a `[[backend]]` or of a `[[route]]`, if it is one.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub why: String,
}

impl Endpoint {
    /// Reads whatever file the settings name. `files`: further ones, whose content goes along as fields. Connects to nobody.
    ///
    /// # Errors
    /// When a file is missing or does not hold what it should.
    pub fn open(
        url: &BackendUrl,
        server: &Arc<Server>,
        files: impl IntoIterator<Item = PathBuf>,
        sockets: &SocketLimits,
    ) -> Result<Self, Unusable> {
        let backend = match server.name.as_str() {
            "" => url.to_string(),
            name => format!("\"{name}\""),
        };
        let unusable = |key| {
            let backend = backend.clone();
            move |why| Unusable { backend, key: Some(key), why }
        };
        let credentials = Credentials::open(&server.credentials).map_err(unusable("credentials_file"))?;
        let files = files
            .into_iter()
            .map(|path| credentials::value_in(&path).map(|value| (path, value)))
            .collect::<Result<_, String>>()
            .map_err(unusable("set_headers"))?;
        if shows_secrets(&server.credentials) && url.scheme == Scheme::Http && !is_here(url) {
            tracing::warn!(
                "backend {backend}: credentials go over plain http, where everybody on the way can read them"
            );
        }
        let watched = match url.scheme {
            Scheme::Http => Vec::new(),
            Scheme::Https => tls::files(&server.tls),
        };
        let (to, settings) = (url.clone(), Arc::clone(server));
        let read = {
            let backend = backend.clone();
            move || ways(&to, &settings).map_err(|(key, why)| Unusable { backend: backend.clone(), key, why })
        };
        let ways = Watched::open(watched, read)?;
        let send_buffer = sockets.send_buffer.and_then(|bytes| usize::try_from(bytes).ok());
        let server = Arc::clone(server);
        Ok(Endpoint(Arc::new(Inner { url: url.clone(), server, credentials, files, ways, send_buffer })))
    }

    /// Where it is.
    pub fn url(&self) -> &BackendUrl {
        &self.0.url
    }

    /// How it is spoken to.
    pub fn server(&self) -> &Arc<Server> {
        &self.0.server
    }

    /// Whether a connection can be opened within `limit`, TLS included. It is closed at once.
    ///
    /// # Errors
    /// What stands against it.
    pub async fn reach(&self, limit: Duration) -> Result<(), String> {
        self.connect(&mut self.dialer(&self.0.url.authority), false, limit).await.map(drop)
    }

    /// Opens connections to its host, or to one of its nodes.
    pub(super) fn dialer(&self, authority: &Authority) -> Dialer {
        Dialer::new(authority, self.0.url.scheme, self.0.send_buffer)
    }

    #[cfg(feature = "negotiate")]
    pub(super) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    pub(super) async fn ways(&self) -> Arc<Ways> {
        self.0.ways.current().await
    }

    /// Opens a connection within `limit`. Its socket reports to what comes with it. A node has its own name in its certificate.
    pub(super) async fn connect(
        &self,
        dialer: &mut Dialer,
        at_node: bool,
        limit: Duration,
    ) -> Result<(Stream, Arc<Wire>), String> {
        let begun = Instant::now();
        let tls = self.ways().await.tls.clone();
        let tcp = dialer.dial(limit).await?;
        tracing::debug!(backend = dialer.host(), peer = ?tcp.peer_addr().ok(), "connected");
        let wire = Arc::new(Wire::new());
        let io = Io::new(tcp, Arc::clone(&wire));
        let Some(config) = tls else { return Ok((Stream::Left(io), wire)) };
        let name = self.0.server.tls.name.as_deref().filter(|_| !at_node).unwrap_or(dialer.host());
        let handshake = tls::shake_hands(config, tls::server_name(name)?, at_node, io);
        let left = limit.saturating_sub(begun.elapsed());
        let shaken = timeout(left, handshake).await;
        let tls = shaken.map_err(|_| format!("connected, but TLS did not begin within {limit:?}"))??;
        Ok((Stream::Right(Box::new(tls)), wire))
    }

    /// What goes along with a request beside the fields of the protocol: what is carried, and what the proxy shows.
    /// `anew`: what was shown last was refused, so it is read again first.
    pub(super) async fn fields(&self, carried: &Carried, anew: bool) -> Result<HeaderMap, String> {
        let mut fields = HeaderMap::new();
        carried.put_into(&mut fields);
        for (name, path) in carried.files() {
            let file = self.0.files.get(path).ok_or_else(|| format!("{} was not read", path.display()))?;
            let value = if anew { file.renewed().await } else { file.current().await };
            fields.insert(name, (*value).clone());
        }
        if let Credentials::Field(field) = &self.0.credentials {
            let field = if anew { field.renewed().await } else { field.current().await };
            fields.insert(&field.name, field.value.clone());
        }
        Ok(fields)
    }
}

fn ways(url: &BackendUrl, server: &Server) -> Result<Ways, tls::Wrong> {
    let general = |why: String| (None, why);
    let (tls, config) = match url.scheme {
        Scheme::Http => (None, tls::trust_nobody().map_err(general)?),
        Scheme::Https => {
            let name = server.tls.name.as_deref().unwrap_or(bare_host(&url.authority));
            tls::server_name(name).map_err(general)?;
            let config = tls::configure(&server.tls)?;
            (Some(Arc::new(config.clone())), config)
        }
    };
    Ok(Ways { tls, http: client::client(url, server, config).map_err(general)? })
}

fn shows_secrets(credentials: &route::Credentials) -> bool {
    // An account's password itself never goes over the wire, but what does is nearly as good.
    !matches!(credentials, route::Credentials::None)
}

/// Whether it is on this machine, so that nobody is on the way.
fn is_here(url: &BackendUrl) -> bool {
    let host = bare_host(&url.authority);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
