//! Certificates, from files to what a handshake needs.
//!
//! ring does the arithmetic. It is named in every place: what a process has as its default provider is nobody's surprise.

mod certificate;
mod choice;
mod handshake;
mod identity;

pub(super) use certificate::Expiry;
pub(super) use handshake::{HANDSHAKE, shake_hands};

use crate::access::{ClientAuth, Listener, Tls, TlsVersion};
use certificate::Certificate;
use choice::Choice;
use rustls::crypto::ring;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
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
    /// Until when each certificate is valid.
    pub(super) expiries: Vec<Expiry>,
}

/// Reads all files of a listener, and checks that they fit together.
///
/// # Errors
/// At the first that cannot be used.
pub fn check(listener: &Listener) -> Result<(), LoadError> {
    match &listener.tls {
        Some(tls) => load(tls, listener.http2, SystemTime::now()).map(drop),
        None => Ok(()),
    }
}

/// Reads all files.
pub(super) fn load(tls: &Tls, http2: bool, now: SystemTime) -> Result<Loaded, LoadError> {
    let provider = Arc::new(ring::default_provider());
    let mut certificates = Vec::with_capacity(tls.certificates.len());
    for files in &tls.certificates {
        certificates.push(Certificate::load(files, &provider, now)?);
    }
    let expiries = certificates.iter().map(|certificate| certificate.expiry.clone()).collect();
    let versions: &[_] = match tls.min {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let verifier = verifier(tls, &provider)?;
    let general = |why: rustls::Error| {
        let chain = tls.certificates.first().map(|files| files.chain.as_path());
        LoadError::new("certificates", chain.unwrap_or(Path::new("")), why.to_string())
    };
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).map_err(general)?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(Choice::new(certificates)));
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    if verifier.is_some() {
        // A session that is resumed brings the certificate of the first time along, whatever has become of it since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    } else {
        // Its keys change by themselves.
        config.ticketer = Ticketer::new().map_err(general)?;
    }
    Ok(Loaded { config: Arc::new(config), expiries })
}

/// Who checks the certificates of clients, if they are asked for one.
fn verifier(
    tls: &Tls,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, LoadError> {
    let Some(file) = tls.client_ca.as_deref().filter(|_| tls.client_auth != ClientAuth::Off) else {
        return Ok(None);
    };
    let fail = |why: String| LoadError::new("client_ca", file, why);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fail(certificate::pem(&error)))? {
        let certificate = certificate.map_err(|error| fail(certificate::pem(&error)))?;
        roots.add(certificate).map_err(|error| fail(format!("holds a certificate that is none: {error}")))?;
    }
    if roots.is_empty() {
        return Err(fail("holds no certificate (PEM)".to_owned()));
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match tls.client_auth {
        ClientAuth::Ask => builder.allow_unauthenticated(),
        ClientAuth::Off | ClientAuth::Require => builder,
    };
    builder.build().map(Some).map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests;
