//! What went wrong with TLS, in words for whoever runs the proxy.

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error};
use std::error;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

/// What helps if a certificate is for another name: of the backend's first host, and of its nodes, whose names come from
/// the backend.
const NAME_OF_HOST: &str = "tls_name says which name to expect";
const NAME_OF_NODE: &str =
    "a node has to have its own name in its certificate, because tls_name is for the first host alone";

/// One clause about the server, if TLS is what failed. Looks into what hyper, reqwest and the system put around it.
pub(in crate::backend) fn explain(error: &(dyn error::Error + 'static)) -> Option<String> {
    explain_with(error, NAME_OF_HOST)
}

/// The same about a node.
pub(super) fn explain_node(error: &(dyn error::Error + 'static)) -> Option<String> {
    explain_with(error, NAME_OF_NODE)
}

fn explain_with(error: &(dyn error::Error + 'static), name: &str) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(words(error, name));
        }
        // An I/O error passes over what it holds, to what is behind that.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

fn words(error: &Error, name: &str) -> String {
    match error {
        Error::InvalidCertificate(why) => certificate(why, name),
        Error::AlertReceived(alert) => refused(*alert),
        Error::InvalidMessage(_) => "it does not speak TLS at that port".to_owned(),
        Error::PeerIncompatible(why) => format!("it speaks no TLS that is safe (1.2 or later): {why:?}"),
        other => format!("TLS: {other}"),
    }
}

/// `name`: what helps if it is for another one.
fn certificate(why: &CertificateError, name: &str) -> String {
    match why {
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate expired on {}", date(*not_after))
        }
        CertificateError::NotValidYet => "its certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("its certificate is not valid before {}: is the clock here right?", date(*not_before))
        }
        CertificateError::UnknownIssuer => {
            "its certificate is not signed by anybody trusted here: if it is right, name its CA by tls_ca"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "its certificate is not signed by the CA that is trusted here under that name: if it is right, \
             name its CA by tls_ca"
                .to_owned()
        }
        CertificateError::NotValidForName => format!("its certificate is for another name: {name}"),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let found = match presented.is_empty() {
                true => "no name at all".to_owned(),
                false => presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", "),
            };
            let expected = match expected {
                ServerName::IpAddress(address) => std::net::IpAddr::from(*address).to_string(),
                host => host.to_str().into_owned(),
            };
            format!("its certificate is for {found}, not for {expected}: {name}")
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        CertificateError::Other(other) => {
            let text = other.to_string();
            match text.as_str() {
                "CaUsedAsEndEntity" => "its certificate is a CA's, not a server's".to_owned(),
                _ => text,
            }
        }
        other => format!("its certificate cannot be taken: {other}"),
    }
}

/// The server broke it off.
fn refused(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    let more = match alert {
        Alert::CertificateRequired => "it wants a certificate of the proxy: tls_certificate and tls_key",
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::DecryptError
        | Alert::AccessDenied => "it does not take the certificate of the proxy",
        Alert::HandshakeFailure => "it wants a certificate of the proxy, or other ciphers",
        Alert::ProtocolVersion => "it speaks no TLS 1.2 or later",
        Alert::UnrecognisedName => "it does not know that name: tls_name says which to ask for",
        _ => "it broke TLS off",
    };
    format!("{more} ({alert:?})")
}

/// `DnsName("iis.example")` is how the library shows a name.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')').trim_matches('"'))
}

fn date(time: UnixTime) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    // The formatter takes no year beyond 9999.
    const LAST: u64 = 253_402_300_799;
    match time {
        Some(time) if time <= UNIX_EPOCH + Duration::from_secs(LAST) => httpdate::fmt_http_date(time),
        _ => "a day far away".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_says_what_to_do() {
        let certificate = |why| Error::InvalidCertificate(why);
        let name = ServerName::try_from("iis.example").unwrap();
        let day = UnixTime::since_unix_epoch(Duration::from_secs(86_400));
        let far = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        for (error, text) in [
            (certificate(CertificateError::UnknownIssuer), "name its CA by tls_ca"),
            (
                certificate(CertificateError::NotValidForName),
                "another name: tls_name says which name to expect",
            ),
            (
                certificate(CertificateError::ExpiredContext { time: far, not_after: day }),
                "expired on Fri, 02 Jan 1970 00:00:00 GMT",
            ),
            (certificate(CertificateError::ExpiredContext { time: day, not_after: far }), "a day far away"),
            (
                certificate(CertificateError::NotValidForNameContext {
                    expected: name,
                    presented: vec!["DnsName(\"a.example\")".into(), "DnsName(\"b.example\")".into()],
                }),
                "is for a.example, b.example, not for iis.example",
            ),
            (Error::AlertReceived(AlertDescription::CertificateRequired), "tls_certificate and tls_key"),
        ] {
            // As tokio and hyper wrap it.
            let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            let said = explain(&wrapped).unwrap();
            assert!(said.contains(text), "{said}");
        }
        assert_eq!(explain(&io::Error::other("something else")), None);
        // What is set for the first host is not used for a node.
        let said = explain_node(&certificate(CertificateError::NotValidForName)).unwrap();
        assert!(said.contains("tls_name is for the first host alone"), "{said}");
    }
}
