//! TLS to a backend: what is trusted, who the proxy is, and the handshake.
//!
//! TLS 1.2 and later, and no way round a check: what is wrong with a certificate is an error, never a plain connection.

mod explain;
mod pin;

pub(super) use explain::explain;

use super::io::Io;
use crate::route::TlsToServer;
use pin::Pinned;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What is wrong, and with which key of a `[[backend]]`, if it is one.
pub(super) type Wrong = (Option<&'static str>, String);

/// The files that the configuration of TLS is made from.
pub(super) fn files(settings: &TlsToServer) -> Vec<PathBuf> {
    let identity = settings.identity.iter().flat_map(|(certificate, key)| [certificate, key]);
    settings.ca.iter().chain(identity).cloned().collect()
}

/// Reads the files and puts it together.
pub(super) fn configure(settings: &TlsToServer) -> Result<ClientConfig, Wrong> {
    let of = |key: &'static str| move |why: String| (Some(key), why);
    let roots = match &settings.ca {
        Some(path) => Arc::new(private_roots(path).map_err(of("tls_ca"))?),
        None => system_roots().map_err(|why| (None, why))?,
    };
    let provider = provider();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|error| of("tls_ca")(error.to_string()))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .map_err(|error| (None, error.to_string()))?;
    let builder = match &settings.pin {
        Some(pin) => {
            let pinned = Pinned::new(verifier, pin)
                .ok_or_else(|| of("tls_pin")("not a SHA-256 in hexadecimal".to_owned()))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(pinned))
        }
        None => builder.with_webpki_verifier(verifier),
    };
    match &settings.identity {
        Some((certificate, key)) => {
            let chain = certificates(certificate).map_err(of("tls_certificate"))?;
            let file = key;
            let key = PrivateKeyDer::from_pem_file(file)
                .map_err(|error| of("tls_key")(unreadable(file, error, "a private key")))?;
            let apart = |error: rustls::Error| {
                let (file, certificate) = (file.display(), certificate.display());
                of("tls_key")(format!("{file} is not the key of {certificate} (tls_certificate): {error}"))
            };
            builder.with_client_auth_cert(chain, key).map_err(apart)
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

/// For a client that never speaks TLS, but has to have a configuration of it: it trusts nobody.
pub(super) fn trust_nobody() -> Result<ClientConfig, String> {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .map(|builder| builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
        .map_err(|error| error.to_string())
}

/// The name that is asked for and has to be in the certificate.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| format!("\"{host}\" cannot be the name in a certificate"))
}

/// The handshake, at a node or at the first host.
pub(super) async fn shake_hands(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    at_node: bool,
    io: Io,
) -> Result<TlsStream<Io>, String> {
    let shaken = TlsConnector::from(config).connect(name, io).await;
    let explain = if at_node { explain::explain_node } else { explain };
    shaken.map_err(|error| explain(&error).unwrap_or_else(|| format!("no TLS: {error}")))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn private_roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| format!("{} is no root: {error}", path.display()))?;
    }
    Ok(roots)
}

/// What the system trusts, looked up once: it takes some milliseconds, and changes with updates only.
fn system_roots() -> Result<Arc<RootCertStore>, String> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        // A system may have some that are unreadable or too old; the others count.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err("this system has no root certificates: install them (Debian: ca-certificates), \
                    or name the backend's CA by tls_ca"
            .to_owned());
    }
    Ok(Arc::clone(roots))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unreadable(path, error, "certificates"))?;
    match found.is_empty() {
        true => Err(format!("{} holds no certificate in PEM", path.display())),
        false => Ok(found),
    }
}

fn unreadable(path: &Path, error: pem::Error, wanted: &str) -> String {
    let path = path.display();
    match error {
        pem::Error::Io(error) => format!("cannot read {path}: {error}"),
        pem::Error::NoItemsFound => format!("{path} does not hold {wanted} in PEM"),
        // Its own words quote the file.
        _ => format!("{path} is not sound PEM"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let own = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
        let (good, key) = (file("good", &own.cert.pem()), file("key", &own.signing_key.serialize_pem()));
        let other = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
        let other = file("other", &other.signing_key.serialize_pem());
        let (empty, broken) = (file("empty", ""), file("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n"));
        let ca = |path: &Path| TlsToServer { ca: Some(path.to_owned()), ..TlsToServer::default() };
        let identity = |certificate: &Path, key: &Path| TlsToServer {
            identity: Some((certificate.to_owned(), key.to_owned())),
            ..ca(&good)
        };
        for (settings, words) in [
            (ca(Path::new("/no/such")), "tls_ca: cannot read /no/such: "),
            (ca(&empty), "tls_ca: "),
            (ca(&key), "holds no certificate"),
            (ca(&broken), "not sound PEM"),
            (identity(&good, Path::new("/no/such")), "tls_key: cannot read /no/such"),
            (identity(&good, &good), "tls_key: "),
            (identity(&empty, &key), "tls_certificate: "),
            (identity(&good, &other), "other is not the key of"),
            (TlsToServer { pin: Some("x".to_owned()), ..ca(&good) }, "tls_pin"),
        ] {
            let (key, why) = configure(&settings).unwrap_err();
            let why = format!("{}: {why}", key.unwrap());
            assert!(why.contains(words) && !why.contains('\n'), "{words}: {why}");
        }
        assert!(configure(&identity(&good, &key)).is_ok());
        assert_eq!(files(&identity(&good, &key)), [good.clone(), good, key]);
    }
}
