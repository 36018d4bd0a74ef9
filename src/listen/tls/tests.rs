//! What is told about files that cannot be used, and which certificates are found.

use super::certificate::Certificate;
use super::*;
use crate::access::{CertificateFiles, ClientAuth};
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// A day within the time of the certificates made here: rcgen's are valid from 1975 to 4096.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A certificate for these hosts and its key, changed in some way.
    fn pair(
        &self,
        name: &str,
        hosts: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateFiles {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        CertificateFiles {
            chain: self.write(&format!("{name}.crt"), &certificate.pem()),
            key: self.write(&format!("{name}.key"), &key.serialize_pem()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn with(certificates: Vec<CertificateFiles>) -> Tls {
    Tls { certificates, min: TlsVersion::V1_2, client_ca: None, client_auth: ClientAuth::Off }
}

/// The key of the configuration, the name of the file and what is wrong with it.
fn refused(tls: &Tls) -> (&'static str, String) {
    let error = Loaded::load(tls, true, now()).unwrap_err();
    let file = error.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    assert!(!error.to_string().contains('\n'));
    (error.key, format!("{file}: {}", error.why))
}

#[test]
fn files_that_cannot_be_used() {
    let files = Files::new();
    let good = files.pair("good", &["a.test"], |_| {});
    let other = files.pair("other", &["a.test"], |_| {});
    let old = files.pair("old", &["a.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let young =
        files.pair("young", &["a.test"], |params| params.not_before = rcgen::date_time_ymd(2090, 1, 1));
    let text = files.write("text.pem", "no PEM at all");
    let broken = files.write("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let half = files.write("half.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let locked = files.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let missing = files.path("missing.pem");
    let pair = |chain: &Path, key: &Path| CertificateFiles { chain: chain.to_owned(), key: key.to_owned() };
    for (files, wanted) in [
        (pair(&missing, &good.key), "missing.pem: cannot be read: "),
        (pair(&good.chain, &missing), "missing.pem: cannot be read: "),
        (pair(&text, &good.key), "text.pem: holds no certificate (PEM)"),
        (pair(&good.key, &good.key), "good.key: holds no certificate (PEM)"),
        (pair(&broken, &good.key), "broken.crt: holds a certificate that cannot be read: "),
        (pair(&half, &good.key), "half.crt: is not PEM: "),
        (pair(&good.chain, &text), "text.pem: holds no private key in PEM (one with a password"),
        (pair(&good.chain, &good.chain), "good.crt: holds no private key in PEM"),
        (pair(&good.chain, &locked), "locked.key: holds no private key in PEM (one with a password"),
        (pair(&good.chain, &other.key), "other.key: is not the key of the certificate in "),
        (pair(&old.chain, &old.key), "old.crt: the certificate has expired, 2020-01-01T00:00:00Z"),
        (pair(&young.chain, &young.key), "young.crt: the certificate is not valid yet, but from 2090-01-01"),
    ] {
        let (key, told) = refused(&with(vec![good.clone(), files]));
        assert!(key == "certificates" && told.starts_with(wanted), "{told}\n{wanted}");
    }
    for (file, wanted) in [
        (&missing, "missing.pem: cannot be read: "),
        (&text, "text.pem: holds no certificate (PEM)"),
        (&good.key, "good.key: holds no certificate (PEM)"),
        (&broken, "broken.crt: holds a certificate that is none: "),
    ] {
        let asked =
            Tls { client_ca: Some(file.clone()), client_auth: ClientAuth::Ask, ..with(vec![good.clone()]) };
        let (key, told) = refused(&asked);
        assert!(key == "client_ca" && told.starts_with(wanted), "{told}\n{wanted}");
        // Where nobody is asked, nobody looks at it.
        Loaded::load(&Tls { client_auth: ClientAuth::Off, ..asked }, true, now()).unwrap();
    }
}

#[test]
fn what_files_come_to() {
    let files = Files::new();
    let expiring = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2024, 1, 1);
    let pairs =
        vec![files.pair("a", &["A.test", "*.a.test"], expiring), files.pair("b", &["b.test"], |_| {})];
    let loaded = Loaded::load(&with(pairs.clone()), true, now()).unwrap();
    assert_eq!(loaded.config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    let first = loaded.expiries().next().unwrap();
    assert_eq!(first.file, pairs[0].chain);
    let at = humantime::format_rfc3339_seconds(first.at).to_string();
    assert_eq!(at, "2024-01-01T00:00:00Z");
    let provider = ring::default_provider();
    let certificate = Certificate::load(&pairs[0], &provider, now()).unwrap();
    assert_eq!(certificate.names, ["a.test", "*.a.test"]);
    // Who shows a certificate shows it each time.
    let ca = Some(pairs[1].chain.clone());
    let asked = Tls { client_ca: ca, client_auth: ClientAuth::Require, ..with(pairs) };
    let loaded = Loaded::load(&asked, false, now()).unwrap();
    assert_eq!(loaded.config.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(loaded.config.send_tls13_tickets == 0 && !loaded.config.ticketer.enabled());
}

#[test]
fn names_of_clients() {
    let mut params = CertificateParams::new(vec!["phone.test".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Anna's phone");
    params.subject_alt_names.push(rcgen::SanType::Rfc822Name("anna@up.test".try_into().unwrap()));
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(identity::names(Some(certificate.der()))[..], ["Anna's phone", "phone.test", "anna@up.test"]);
    assert!(identity::names(None).is_empty());
}

#[test]
fn a_bad_file_later_holds_up_no_other() {
    let files = Files::new();
    let in_2024 = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2024, 1, 1);
    let pairs = vec![files.pair("a", &["a.test"], in_2024), files.pair("b", &["b.test"], |_| {})];
    let ca = files.pair("ca", &["ca.test"], |_| {}).chain;
    let tls = Tls { client_ca: Some(ca.clone()), client_auth: ClientAuth::Require, ..with(pairs) };
    let shown = |loaded: &Loaded| -> Vec<_> {
        loaded.parts.certificates.iter().map(|certificate| certificate.key.cert[0].clone()).collect()
    };
    let first = Loaded::load(&tls, true, now()).unwrap();
    let same = first.renew(&tls, true, now());
    assert!(same.loaded.is_none() && same.wrong.is_empty(), "nothing has changed");

    // The first expires while the program runs; the second is renewed.
    let later = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    files.pair("b", &["b.test"], |_| {});
    let Renewed { loaded, wrong } = first.renew(&tls, true, later);
    let second = loaded.unwrap();
    assert!(shown(&second)[0] == shown(&first)[0] && shown(&second)[1] != shown(&first)[1]);
    assert!(
        wrong.len() == 1 && wrong[0].to_string().contains("a.crt: the certificate has expired"),
        "{wrong:?}"
    );
    let again = second.renew(&tls, true, later);
    assert!(again.loaded.is_none() && again.wrong.len() == 1, "it is not swapped for nothing");

    // Everything is damaged, and then half of it is good again.
    for name in ["a.crt", "b.key", "ca.crt"] {
        files.write(name, "no PEM at all");
    }
    let Renewed { loaded, wrong } = second.renew(&tls, true, now());
    assert!(loaded.is_none());
    assert_eq!(
        wrong.iter().map(|error| error.key).collect::<Vec<_>>(),
        ["certificates", "certificates", "client_ca"]
    );
    files.pair("a", &["a.test"], |_| {});
    let third = second.renew(&tls, true, now()).loaded.unwrap();
    assert!(shown(&third)[0] != shown(&second)[0] && shown(&third)[1] == shown(&second)[1]);
    assert_eq!(third.config.send_tls13_tickets, 0, "clients still have to show a certificate");
    files.pair("ca", &["ca.test"], |_| {});
    let fourth = third.renew(&tls, true, now()).loaded.unwrap();
    assert!(!Arc::ptr_eq(third.parts.clients.as_ref().unwrap(), fourth.parts.clients.as_ref().unwrap()));
    assert!(refused(&tls).1.starts_with("b.key: "), "at the start all of them have to be good");
}
