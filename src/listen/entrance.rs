//! What a connection goes through before anything of HTTP is read.

use super::connection::Connection;
use super::proxy_header;
use super::refused::{Reason, Refused};
use super::socket::Socket;
use super::tls::{Expiry, LoadError, Loaded, shake_hands};
use super::turns::Turns;
use crate::access::{Listener, Peer, Proxies};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The entrance of one listener, shared by all threads.
#[derive(Debug)]
pub struct Entrance {
    listener: Listener,
    proxies: Arc<Proxies>,
    tls: Option<ArcSwap<Loaded>>,
    /// How long a PROXY header and a handshake may take, together.
    time: Duration,
}

/// What came of reading the files of an entrance again.
#[derive(Debug, Default)]
pub struct Look {
    /// Something is another one than before, and in use.
    pub is_new: bool,
    /// What cannot be used.
    pub wrong: Vec<LoadError>,
}

impl Entrance {
    /// Reads the files of the listener.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn new(listener: Listener, proxies: Arc<Proxies>, time: Duration) -> Result<Self, LoadError> {
        let load = |tls| Loaded::load(tls, listener.http2, SystemTime::now());
        let tls = listener.tls.as_ref().map(load).transpose()?.map(ArcSwap::from_pointee);
        Ok(Entrance { listener, proxies, tls, time })
    }

    /// What was configured.
    pub fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Lets a connection of `peer` in.
    ///
    /// `admit` is asked when it is known who the client is, before anything is computed for it.
    ///
    /// # Errors
    /// Why it does not get in. It has been closed.
    pub async fn enter<T>(
        &self,
        socket: Socket,
        peer: SocketAddr,
        turns: &Turns,
        admit: impl FnOnce(SocketAddr) -> Option<T>,
    ) -> Result<(Connection, Peer, T), Refused> {
        let entered = tokio::time::timeout(self.time, self.go_in(socket, peer, turns, admit));
        entered.await.unwrap_or_else(|_| {
            let detail = format!("it has not said who it is, or not shaken hands, for {:?}", self.time);
            Err(Refused::new(Reason::TooSlow, detail))
        })
    }

    async fn go_in<T>(
        &self,
        mut socket: Socket,
        mut address: SocketAddr,
        turns: &Turns,
        admit: impl FnOnce(SocketAddr) -> Option<T>,
    ) -> Result<(Connection, Peer, T), Refused> {
        if self.listener.proxy_protocol {
            if !self.proxies.trusted.contains(address.ip()) {
                let detail = "it is none of proxies.trusted, and this listener is for them alone";
                return Err(Refused::new(Reason::NotTrusted, detail));
            }
            if let Some(client) = proxy_header::read(&mut socket).await? {
                address = client;
            }
        }
        let admitted = admit(address).ok_or_else(|| {
            Refused::new(Reason::TooMany, "as many connections of this client are open as may be")
        })?;
        let (connection, encrypted, names) = match &self.tls {
            None => (Connection::plain(socket, self.listener.http2), false, Arc::default()),
            Some(loaded) => {
                let config = || Arc::clone(&loaded.load().config);
                let (stream, names) = shake_hands(socket, config, turns).await?;
                (Connection::encrypted(stream), true, names)
            }
        };
        Ok((connection, Peer { address, encrypted, names }, admitted))
    }

    /// Reads the files again. Each that can be used is taken; what is wrong with another one leaves what it held before
    /// in use. Connections keep what they began with.
    pub fn look_again(&self) -> Look {
        let (Some(current), Some(settings)) = (&self.tls, &self.listener.tls) else { return Look::default() };
        let renewed = current.load().renew(settings, self.listener.http2, SystemTime::now());
        let is_new = renewed.loaded.is_some();
        if let Some(loaded) = renewed.loaded {
            current.store(Arc::new(loaded));
        }
        Look { is_new, wrong: renewed.wrong }
    }

    /// Files that it was made from.
    pub(super) fn files(&self) -> Vec<&Path> {
        let Some(tls) = &self.listener.tls else { return Vec::new() };
        let pairs = tls.certificates.iter().flat_map(|files| [&files.chain, &files.key]);
        pairs.chain(&tls.client_ca).map(std::path::PathBuf::as_path).collect()
    }

    /// Until when its certificates are valid.
    pub(super) fn expiries(&self) -> Vec<Expiry> {
        self.tls.as_ref().map(|loaded| loaded.load().expiries().cloned().collect()).unwrap_or_default()
    }

    /// When the first of its certificates expires.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expiries().into_iter().map(|expiry| expiry.at).min()
    }
}
