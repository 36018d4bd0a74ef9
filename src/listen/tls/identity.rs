//! The names in the certificate of a client.

use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Names of it that are told at most. Nobody has so many who does not want to be somebody else.
const MOST: usize = 64;

/// The common name of its subject, and all DNS and e-mail names. The certificate has been verified.
pub(super) fn names(certificate: Option<&CertificateDer<'_>>) -> Arc<[String]> {
    let Some(certificate) = certificate else { return Arc::default() };
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Arc::default() };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let mut names: Vec<String> = common.map(str::to_owned).collect();
    if let Ok(Some(others)) = parsed.subject_alternative_name() {
        names.extend(others.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    names.truncate(MOST);
    names.into()
}
