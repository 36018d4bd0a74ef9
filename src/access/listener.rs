//! Where clients connect, and how: plain data about a listener.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// One place where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it is.
    pub address: Address,
    /// Whether each connection begins with a PROXY header, by which a load balancer says who the client is.
    pub proxy_protocol: bool,
    /// Whether HTTP/2 is spoken there, beside HTTP/1.1.
    pub http2: bool,
    /// Its certificates and the like. None: it is not encrypted.
    pub tls: Option<Tls>,
}

impl Listener {
    /// One without encryption.
    pub fn plain(address: Address) -> Self {
        Listener { address, proxy_protocol: false, http2: true, tls: None }
    }
}

/// Where a listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix {
        /// Its file.
        path: PathBuf,
        /// The rights of that file, as `chmod` takes them.
        mode: u32,
    },
    /// Sockets that systemd has made and passed on: those of that `FileDescriptorName=`, or all that no other listener
    /// names.
    Systemd(Option<String>),
}

impl Address {
    /// The rights of a socket's file if nothing else is said: its user and group.
    pub const MODE: u32 = 0o660;

    /// The address that stands for whoever connects by a socket in the file system. It is a process of this machine, and
    /// treated as one that came by the loopback interface: trusted if that is, and all of them counted as one client.
    pub const UNIX_PEER: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
}

impl fmt::Display for Address {
    /// As it is written in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix { path, .. } => write!(f, "unix:{}", path.display()),
            Address::Systemd(Some(name)) => write!(f, "systemd:{name}"),
            Address::Systemd(None) => f.write_str("systemd"),
        }
    }
}

/// How a listener encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Its certificates; the first is for clients that name no host, or one that no certificate has.
    pub certificates: Vec<CertificateFiles>,
    /// The oldest version that is spoken.
    pub min: TlsVersion,
    /// File with the certificates of those who vouch for clients (PEM).
    pub client_ca: Option<PathBuf>,
    /// Whether clients have to prove who they are by a certificate.
    pub client_auth: ClientAuth,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// File with the certificate and those up to its root (PEM), its own first.
    pub chain: PathBuf,
    /// File with its private key (PEM).
    pub key: PathBuf,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// Whether clients have to prove who they are by a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    Off,
    /// They are asked. Who has none gets in, who has a wrong one does not.
    Ask,
    /// They are, and nobody gets in without.
    Require,
}
