//! A client that looks closely at what it is shown.

use crate::authority::Authority;
use crate::support::within;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How to shake hands.
#[derive(Clone)]
pub(crate) struct Hand {
    config: ClientConfig,
}

pub(crate) type Stream = TlsStream<TcpStream>;

impl Hand {
    /// Trusts this authority alone.
    pub(crate) fn new(authority: &Authority) -> Hand {
        Hand::of(authority, &[&rustls::version::TLS13, &rustls::version::TLS12], None)
    }

    /// The same with these versions, and with the certificate of that name.
    pub(crate) fn of(
        authority: &Authority,
        versions: &[&'static SupportedProtocolVersion],
        certificate: Option<(&Authority, &str)>,
    ) -> Hand {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority.file("ca.crt")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some((issuer, name)) => {
                let chain = vec![CertificateDer::from_pem_file(issuer.file(&format!("{name}.crt"))).unwrap()];
                let key = PrivateKeyDer::from_pem_file(issuer.file(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Hand { config }
    }

    pub(crate) fn protocols(mut self, protocols: &[&str]) -> Hand {
        self.config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    /// The handshake on a connection that is open.
    pub(crate) async fn shake(&self, stream: TcpStream, host: &str) -> io::Result<Stream> {
        let host = ServerName::try_from(host.to_owned()).unwrap();
        within("a handshake", TlsConnector::from(Arc::new(self.config.clone())).connect(host, stream)).await
    }

    pub(crate) async fn connect(&self, addr: SocketAddr, host: &str) -> io::Result<Stream> {
        self.shake(TcpStream::connect(addr).await?, host).await
    }
}

/// The certificate that the client was shown.
pub(crate) fn shown(stream: &Stream) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

pub(crate) fn version(stream: &Stream) -> ProtocolVersion {
    stream.get_ref().1.protocol_version().unwrap()
}

pub(crate) fn agreed(stream: &Stream) -> Option<&str> {
    stream.get_ref().1.alpn_protocol().map(|name| std::str::from_utf8(name).unwrap())
}

/// Sends a small file; the status of the answer. The connection can be used again.
pub(crate) async fn put(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> io::Result<u16> {
    let request = format!("PUT {path} HTTP/1.1\r\nHost: up.test\r\nContent-Length: 5\r\n\r\nhello");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("an answer", stream.read_u8()).await?);
    }
    Ok(String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().parse().unwrap())
}
