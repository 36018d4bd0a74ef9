//! One certificate with its key, from its files.

use super::LoadError;
use crate::access::CertificateFiles;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The key of the files in the configuration.
const KEY: &str = "certificates";

/// A certificate, ready for use.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The hosts that it is for, in small letters; `*.` at the beginning stands for one label.
    pub(super) names: Vec<String>,
    pub(super) expiry: Expiry,
}

/// Until when a certificate is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::listen) struct Expiry {
    /// Its file.
    pub(in crate::listen) file: PathBuf,
    /// Until when.
    pub(in crate::listen) at: SystemTime,
}

impl Certificate {
    /// Reads both files, and checks that they belong together and are valid now.
    pub(super) fn load(
        files: &CertificateFiles,
        provider: &CryptoProvider,
        now: SystemTime,
    ) -> Result<Self, LoadError> {
        let CertificateFiles { chain: chain_file, key: key_file } = files;
        let in_chain = |why: String| LoadError::new(KEY, chain_file, why);
        let in_key = |why: String| LoadError::new(KEY, key_file, why);

        let mut chain = Vec::new();
        for certificate in CertificateDer::pem_file_iter(chain_file).map_err(|error| in_chain(pem(&error)))? {
            chain.push(certificate.map_err(|error| in_chain(pem(&error)))?);
        }
        let first = chain.first().ok_or_else(|| in_chain("holds no certificate (PEM)".to_owned()))?;
        let (names, validity) = read(first).map_err(in_chain)?;
        if now > validity.1 {
            return Err(in_chain(format!("the certificate has expired, {}", date(validity.1))));
        }
        if now < validity.0 {
            return Err(in_chain(format!("the certificate is not valid yet, but from {}", date(validity.0))));
        }
        let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| in_key(key_error(&error)))?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                in_key(format!("is not the key of the certificate in {}", chain_file.display()))
            }
            error => in_key(format!("is no key that can be used: {error}")),
        })?;
        let expiry = Expiry { file: chain_file.clone(), at: validity.1 };
        Ok(Certificate { key: Arc::new(key), names, expiry })
    }
}

/// The names of a certificate, and from when until when it is valid.
fn read(certificate: &CertificateDer<'_>) -> Result<(Vec<String>, (SystemTime, SystemTime)), String> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| format!("holds a certificate that cannot be read: {error}"))?;
    let names = match parsed.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().filter_map(host).collect(),
        _ => Vec::new(),
    };
    let validity = parsed.validity();
    Ok((names, (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()))))
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    }
}

/// Seconds since 1970 as a time.
fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}

fn date(time: SystemTime) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(time)
}

/// What is wrong with a file of PEM sections.
pub(super) fn pem(error: &PemError) -> String {
    match error {
        PemError::Io(error) => format!("cannot be read: {error}"),
        PemError::NoItemsFound => "holds no such thing (PEM)".to_owned(),
        error => format!("is not PEM: {error}"),
    }
}

fn key_error(error: &PemError) -> String {
    match error {
        PemError::NoItemsFound => {
            "holds no private key in PEM (one with a password cannot be used: nobody is there to give it)"
                .to_owned()
        }
        error => pem(error),
    }
}
