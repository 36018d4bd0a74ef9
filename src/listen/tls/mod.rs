//! Certificates, from files to what a handshake needs.
//!
//! ring does the arithmetic. It is named in every place: what a process has as its default provider is nobody's surprise.

mod certificate;
mod choice;
mod handshake;
mod identity;
mod parts;

pub(super) use certificate::Expiry;
pub(super) use handshake::{HANDSHAKE, shake_hands};

use crate::access::{Listener, Tls, TlsVersion};
use choice::Choice;
use parts::Parts;
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;

/// Why the files of a listener cannot be used.
#[derive(Debug, Error)]
#[error("{}: {why}", file.display())]
pub struct LoadError {
    /// The key of the `[[listener]]` that names the file.
    pub key: &'static str,
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl LoadError {
    fn new(key: &'static str, file: &Path, why: impl Into<String>) -> Self {
        LoadError { key, file: file.to_owned(), why: why.into() }
    }
}

/// What the files come to.
#[derive(Debug)]
pub(super) struct Loaded {
    /// For handshakes.
    pub(super) config: Arc<ServerConfig>,
    parts: Parts,
}

/// What came of reading the files again.
#[derive(Debug)]
pub(super) struct Renewed {
    /// None: nothing that can be used is another one than before.
    pub(super) loaded: Option<Loaded>,
    /// What cannot be used, and so stays as it was.
    pub(super) wrong: Vec<LoadError>,
}

/// Reads all files of a listener, and checks that they fit together.
///
/// # Errors
/// At the first that cannot be used.
pub fn check(listener: &Listener) -> Result<(), LoadError> {
    match &listener.tls {
        Some(tls) => Loaded::load(tls, listener.http2, SystemTime::now()).map(drop),
        None => Ok(()),
    }
}

impl Loaded {
    /// Reads all files.
    pub(super) fn load(tls: &Tls, http2: bool, now: SystemTime) -> Result<Self, LoadError> {
        let provider = Arc::new(ring::default_provider());
        let parts = Parts::read(tls, &provider, now)?;
        build(tls, http2, provider, parts)
    }

    /// Reads all files again. The settings are those that it was loaded with.
    pub(super) fn renew(&self, tls: &Tls, http2: bool, now: SystemTime) -> Renewed {
        let provider = Arc::new(ring::default_provider());
        let (parts, mut wrong) = self.parts.read_again(tls, &provider, now);
        if parts.is(&self.parts) {
            return Renewed { loaded: None, wrong };
        }
        let built = build(tls, http2, provider, parts);
        let loaded = built.map_err(|error| wrong.push(error)).ok();
        Renewed { loaded, wrong }
    }

    /// Until when each certificate is valid.
    pub(super) fn expiries(&self) -> impl Iterator<Item = &Expiry> {
        self.parts.certificates.iter().map(|certificate| &certificate.expiry)
    }
}

fn build(tls: &Tls, http2: bool, provider: Arc<CryptoProvider>, parts: Parts) -> Result<Loaded, LoadError> {
    let versions: &[_] = match tls.min {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let general = |why: rustls::Error| {
        let chain = tls.certificates.first().map(|files| files.chain.as_path());
        LoadError::new("certificates", chain.unwrap_or(Path::new("")), why.to_string())
    };
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).map_err(general)?;
    let builder = match &parts.clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::clone(&clients.verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(Choice::new(parts.certificates.clone())));
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    if parts.clients.is_some() {
        // A session that is resumed brings the certificate of the first time along, whatever has become of it since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    } else {
        // Its keys change by themselves.
        config.ticketer = Ticketer::new().map_err(general)?;
    }
    Ok(Loaded { config: Arc::new(config), parts })
}

#[cfg(test)]
mod tests;
