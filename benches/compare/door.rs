//! By which protocol a client speaks to a proxy, a proxy to its backend: the certificate for it, and both ends of TLS.

use rcgen::CertifiedKey;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The name in the certificate.
const NAME: &str = "localhost";

/// How a client comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Http1,
    Http2,
    Tls,
    TlsHttp2,
}

impl Door {
    pub(crate) fn is_encrypted(self) -> bool {
        matches!(self, Door::Tls | Door::TlsHttp2)
    }

    pub(crate) fn is_http2(self) -> bool {
        matches!(self, Door::Http2 | Door::TlsHttp2)
    }
}

/// A connection, encrypted or not.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(crate) type Stream = Box<dyn Duplex>;

/// Both ends of TLS with a certificate made for this run.
struct Tls {
    made: CertifiedKey<rcgen::KeyPair>,
    acceptor: TlsAcceptor,
    http1: TlsConnector,
    http2: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn tls() -> io::Result<&'static Tls> {
    static TLS: OnceLock<Tls> = OnceLock::new();
    if let Some(tls) = TLS.get() {
        return Ok(tls);
    }
    let made = make().map_err(io::Error::other)?;
    Ok(TLS.get_or_init(|| made))
}

fn make() -> Result<Tls, Box<dyn std::error::Error + Send + Sync>> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![made.cert.der().clone()];
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let http1 = TlsConnector::from(Arc::new(client.clone()));
    client.alpn_protocols = vec![b"h2".to_vec()];
    let http2 = TlsConnector::from(Arc::new(client));
    Ok(Tls { made, acceptor: TlsAcceptor::from(Arc::new(server)), http1, http2 })
}

/// Writes certificate and key to `tls.crt` and `tls.key`.
pub(crate) fn write_certificate(dir: &Path) -> io::Result<()> {
    let made = &tls()?.made;
    std::fs::write(dir.join("tls.crt"), made.cert.pem())?;
    std::fs::write(dir.join("tls.key"), made.signing_key.serialize_pem())
}

/// The client's end of a connection.
pub(crate) async fn connect(stream: TcpStream, door: Door) -> io::Result<Stream> {
    if !door.is_encrypted() {
        return Ok(Box::new(stream));
    }
    let connector = if door.is_http2() { &tls()?.http2 } else { &tls()?.http1 };
    let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// The server's end of an encrypted connection.
pub(crate) async fn accept(stream: TcpStream) -> io::Result<Stream> {
    Ok(Box::new(tls()?.acceptor.accept(stream).await?))
}
