//! Certificates for the tests.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::path::PathBuf;
use tempfile::TempDir;

/// Somebody who vouches for others, with a folder for all files.
pub(crate) struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Each has its own, or one could not be told from another.
        let name = format!("test authority {}", uuid::Uuid::new_v4());
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let authority =
            Authority { folder: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key), certificate };
        std::fs::write(authority.file("ca.crt"), authority.certificate.pem()).unwrap();
        authority
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as a text.
    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    /// Writes `name.crt` and `name.key` for these hosts, over what was there. Gives the certificate in DER.
    pub(crate) fn issue(&self, name: &str, hosts: &[&str]) -> Vec<u8> {
        self.issue_with(name, hosts, |_| {})
    }

    pub(crate) fn issue_with(
        &self,
        name: &str,
        hosts: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // Whole or not at all, as those who renew certificates do it.
        for (end, text) in [("crt", certificate.pem()), ("key", key.serialize_pem())] {
            let new = self.file(&format!("{name}.{end}.new"));
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, self.file(&format!("{name}.{end}"))).unwrap();
        }
        certificate.der().to_vec()
    }

    /// `{ chain = …, key = … }`
    pub(crate) fn pair(&self, name: &str) -> String {
        let (chain, key) = (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")));
        format!("{{ chain = '{chain}', key = '{key}' }}")
    }

    /// A configuration with one TLS listener for `name`, these further lines in it, and everything at the backend.
    pub(crate) fn listener(&self, name: &str, lines: &str, backend: &str) -> String {
        let pair = self.pair(name);
        listener(&format!("certificates = [{pair}]\n{lines}"), backend)
    }
}

/// A configuration with one listener on a port of the system's choice, with these further lines.
pub(crate) fn listener(lines: &str, backend: &str) -> String {
    format!("[[listener]]\naddress = '127.0.0.1:0'\n{lines}\n{}", route(backend))
}

pub(crate) fn route(backend: &str) -> String {
    format!("[[route]]\npath = '/'\nbackend = '{backend}'\nprofile = 'refuse'\n")
}
