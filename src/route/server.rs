//! How a backend is spoken to, and who the proxy is there: plain data that several routes can share.

use super::Overrides;
use crate::bits::{Dialect, HostIdPolicy, Login};
use http::HeaderName;
use std::path::PathBuf;

/// A backend, apart from its URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Its name in the configuration. Empty: it has none of its own.
    pub name: String,
    /// What the proxy shows when it is asked who it is.
    pub credentials: Credentials,
    /// How its certificate is checked, if its URL is https.
    pub tls: TlsToServer,
    /// How packets are written for it.
    pub dialect: Dialect,
    /// Whether its nodes are followed.
    pub host_id: HostIdPolicy,
    /// Most BITS sessions at once, those of paused uploads included. IIS deletes sessions beyond 50 of one account.
    pub max_sessions: Option<u32>,
    /// Limits that are other than those of the rest.
    pub limits: Overrides,
}

/// What the proxy shows a backend. Secrets stay in files: they are read when they are needed, and again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// These fields of the client's own request, as they come.
    Caller(Vec<HeaderName>),
    /// `Authorization: Basic`; the file holds `user:password`.
    Basic(PathBuf),
    /// `Authorization: Bearer`; the file holds the token.
    Bearer(PathBuf),
    /// Any field; the file holds its value.
    Header(HeaderName, PathBuf),
    /// NTLM or Negotiate, whichever the backend asks for; the file holds `DOMAIN\user:password` or `user@REALM:password`.
    Windows(PathBuf),
}

impl Credentials {
    /// Whose they are, and whether a new attempt can have better ones.
    pub fn login(&self) -> Login {
        match self {
            Credentials::None => Login::Fixed,
            Credentials::Caller(_) => Login::Callers,
            Credentials::Basic(_)
            | Credentials::Bearer(_)
            | Credentials::Header(..)
            | Credentials::Windows(_) => Login::Renewable,
        }
    }
}

/// How the certificate of a backend is checked. Without anything set: by the roots of the system and the name in the URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TlsToServer {
    /// Roots in PEM that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// Host name that is asked for (SNI) and has to be in the certificate, instead of the URL's. No address.
    pub name: Option<String>,
    /// Lower-case hexadecimal SHA-256 of the one certificate that is taken, beside all other checks.
    pub pin: Option<String>,
    /// Certificate chain and key of the proxy itself, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}
