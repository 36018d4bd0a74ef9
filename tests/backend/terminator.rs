//! TLS in front of a plain server, certificates for it, and a CA of its own.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Signs certificates.
pub(crate) struct Ca {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
    key: PrivateKeyDer<'static>,
}

impl Ca {
    pub(crate) fn new() -> Ca {
        let mut params = CertificateParams::new([]).unwrap();
        // Whoever looks for the one that signed goes by the name: of two CAs with one name, in this process or in
        // another, the wrong one would be a bad signature in place of a stranger.
        params.distinguished_name.push(DnType::CommonName, format!("CA {}", uuid::Uuid::new_v4()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Ca { certificate, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// For these names, valid now.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, 2099)
    }

    /// For these names, valid until that year.
    pub(crate) fn issue_until(&self, names: &[&str], year: i32) -> Identity {
        let mut params = params(names);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(&certificate, &key)
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

impl Identity {
    /// Signed by nobody else.
    pub(crate) fn own(names: &[&str]) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity::new(&params(names).self_signed(&key).unwrap(), &key)
    }

    fn new(certificate: &Certificate, key: &KeyPair) -> Identity {
        Identity {
            certificate: certificate.der().clone(),
            chain_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

/// What a server does in a handshake.
pub(crate) fn server(
    identity: &Identity,
    clients: Option<&Ca>,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(ca.certificate.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    builder.with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key()).unwrap()
}

/// Listens with TLS and hands on what it decrypts. Dropping it closes everything.
pub(crate) struct Terminator {
    pub(crate) port: u16,
    names: Arc<Mutex<Vec<Option<String>>>>,
    _stop: oneshot::Sender<()>,
}

impl Terminator {
    /// In front of the server at `to`.
    pub(crate) fn start(config: ServerConfig, to: SocketAddr) -> Terminator {
        Terminator::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), config, to)
    }

    /// The same at this address.
    pub(crate) fn start_at(addr: SocketAddr, config: ServerConfig, to: SocketAddr) -> Terminator {
        let listener = std::net::TcpListener::bind(addr).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let names = Arc::new(Mutex::new(Vec::new()));
        let seen = names.clone();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let acceptor = TlsAcceptor::from(Arc::new(config));
                let listener = TcpListener::from_std(listener).unwrap();
                let accept = async {
                    loop {
                        let (tcp, _) = listener.accept().await.unwrap();
                        let (acceptor, seen) = (acceptor.clone(), seen.clone());
                        tokio::spawn(async move {
                            // One that is refused is what some tests are about.
                            let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                            seen.lock().unwrap().push(tls.get_ref().1.server_name().map(str::to_owned));
                            let Ok(mut plain) = TcpStream::connect(to).await else { return };
                            let _ = copy_bidirectional(&mut tls, &mut plain).await;
                        });
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        Terminator { port, names, _stop: stop }
    }

    /// The names that were asked for (SNI), one for each handshake that came to its end.
    pub(crate) fn names(&self) -> Vec<Option<String>> {
        self.names.lock().unwrap().clone()
    }
}
