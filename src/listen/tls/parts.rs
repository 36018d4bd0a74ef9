//! What the files of a listener hold. At the start all of them have to be good; later each good one is taken, whatever is
//! wrong with the others.

use super::LoadError;
use super::certificate::{self, Certificate};
use crate::access::{ClientAuth, Tls};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use std::sync::Arc;
use std::time::SystemTime;

/// What the files hold, piece by piece.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// In the order of the configuration.
    pub(super) certificates: Vec<Arc<Certificate>>,
    /// None: clients are not asked for a certificate.
    pub(super) clients: Option<Arc<Clients>>,
}

/// Who vouches for clients.
#[derive(Debug)]
pub(super) struct Clients {
    roots: Vec<CertificateDer<'static>>,
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
}

impl Parts {
    /// Reads all files.
    pub(super) fn read(
        tls: &Tls,
        provider: &Arc<CryptoProvider>,
        now: SystemTime,
    ) -> Result<Self, LoadError> {
        let certificates = tls.certificates.iter();
        let certificates = certificates
            .map(|files| Certificate::load(files, provider, now).map(Arc::new))
            .collect::<Result<_, _>>();
        Ok(Parts { certificates: certificates?, clients: Clients::read(tls, provider)?.map(Arc::new) })
    }

    /// Reads all files again. What cannot be used stays as it was, and is told; what says the same as before is the same.
    pub(super) fn read_again(
        &self,
        tls: &Tls,
        provider: &Arc<CryptoProvider>,
        now: SystemTime,
    ) -> (Self, Vec<LoadError>) {
        let mut wrong = Vec::new();
        let certificates = self.certificates.iter().zip(&tls.certificates).map(|(old, files)| {
            match Certificate::load(files, provider, now) {
                // Its key belongs to it, so that is the same, too.
                Ok(new) if new.key.cert != old.key.cert => Arc::new(new),
                Ok(_) => Arc::clone(old),
                Err(error) => {
                    wrong.push(error);
                    Arc::clone(old)
                }
            }
        });
        let certificates = certificates.collect();
        let clients = match Clients::read(tls, provider) {
            Ok(new) if new.as_ref().map(|new| &new.roots) != self.clients.as_ref().map(|old| &old.roots) => {
                new.map(Arc::new)
            }
            Ok(_) => self.clients.clone(),
            Err(error) => {
                wrong.push(error);
                self.clients.clone()
            }
        };
        (Parts { certificates, clients }, wrong)
    }

    /// Whether these are the same, not only alike.
    pub(super) fn is(&self, other: &Parts) -> bool {
        let pairs = self.certificates.iter().zip(&other.certificates);
        let has_same = |(one, other): (&Arc<Clients>, &Arc<Clients>)| Arc::ptr_eq(one, other);
        pairs.into_iter().all(|(one, other)| Arc::ptr_eq(one, other))
            && self.clients.as_ref().zip(other.clients.as_ref()).is_none_or(has_same)
    }
}

impl Clients {
    /// Reads the file, if clients are asked for a certificate.
    fn read(tls: &Tls, provider: &Arc<CryptoProvider>) -> Result<Option<Self>, LoadError> {
        let Some(file) = tls.client_ca.as_deref().filter(|_| tls.client_auth != ClientAuth::Off) else {
            return Ok(None);
        };
        let fail = |why: String| LoadError::new("client_ca", file, why);
        let (mut roots, mut store) = (Vec::new(), RootCertStore::empty());
        for root in CertificateDer::pem_file_iter(file).map_err(|error| fail(certificate::pem(&error)))? {
            let root = root.map_err(|error| fail(certificate::pem(&error)))?;
            store
                .add(root.clone())
                .map_err(|error| fail(format!("holds a certificate that is none: {error}")))?;
            roots.push(root);
        }
        if roots.is_empty() {
            return Err(fail("holds no certificate (PEM)".to_owned()));
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
        let builder = match tls.client_auth {
            ClientAuth::Ask => builder.allow_unauthenticated(),
            ClientAuth::Off | ClientAuth::Require => builder,
        };
        let verifier = builder.build().map_err(|error| fail(error.to_string()))?;
        Ok(Some(Clients { roots, verifier }))
    }
}
