//! From `[[listener]]` tables to listeners.

use super::admin::clash;
use super::choice::{self, CLIENT_AUTHS, TLS_VERSIONS};
use super::draft::Draft;
use super::error::ConfigError;
use super::file::RawTable;
use super::origin::Origin;
use super::raw::Raw;
use crate::access::{Address, CertificateFiles, ClientAuth, Listener, Tls, TlsVersion};
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::{Table, Value};

const ADDRESS_WANTED: &str = "an IP address and a port, such as \"0.0.0.0:443\", or \"unix:\" and the path of a socket, or \"systemd:\" and a name, or \"systemd\"";
const CERTIFICATES_WANTED: &str =
    "a list of certificates: [{ chain = \"/etc/put2bits/tls.crt\", key = \"/etc/put2bits/tls.key\" }]";

/// A listener and where its values were written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The listener.
    pub(crate) listener: Listener,
    name: String,
    fields: Vec<(&'static str, Origin)>,
}

impl Entry {
    /// Where the value of a key came from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        self.fields.iter().find(|(name, _)| *name == key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// What is wrong with a key of it.
    pub(crate) fn error(&self, key: &str, why: impl Into<String>) -> ConfigError {
        ConfigError::new(self.origin(key), format!("{}.{key}", self.name), why)
    }

    /// The value of a key as TOML; none if it has none.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        let Listener { address, proxy_protocol, http2, tls } = &self.listener;
        let tls = tls.as_ref();
        let path = |path: &PathBuf| Value::from(path.to_string_lossy().into_owned());
        match key {
            "address" => Some(Value::from(address.to_string())),
            "mode" => match address {
                Address::Unix { mode, .. } => Some(Value::from(format!("{mode:04o}"))),
                _ => None,
            },
            "proxy_protocol" => Some(Value::from(*proxy_protocol)),
            "http2" => Some(Value::from(*http2)),
            "certificates" => {
                let pair = |files: &CertificateFiles| {
                    let pair = [("chain", path(&files.chain)), ("key", path(&files.key))];
                    Value::Table(Table::from_iter(pair.map(|(name, value)| (name.to_owned(), value))))
                };
                tls.map(|tls| Value::Array(tls.certificates.iter().map(pair).collect()))
            }
            "tls_min" => tls.map(|tls| Value::from(choice::name(tls.min, &TLS_VERSIONS))),
            "client_auth" => tls.map(|tls| Value::from(choice::name(tls.client_auth, &CLIENT_AUTHS))),
            "client_ca" => tls?.client_ca.as_ref().map(path),
            _ => None,
        }
    }
}

/// The listeners of the file.
pub(crate) fn build(tables: Vec<RawTable>) -> Result<Vec<Entry>, ConfigError> {
    tables.into_iter().map(read).collect()
}

fn read(table: RawTable) -> Result<Entry, ConfigError> {
    let path = |key: &str| format!("{}.{key}", table.name);
    let find = |key: &str| table.fields.iter().find(|(name, _)| *name == key).map(|(_, raw)| raw);
    let fail = |key: &str, raw: &Raw, why: String| ConfigError::new(&raw.origin, path(key), why);
    let Some(address) = find("address") else {
        let message = "is missing: write address = \"0.0.0.0:443\"";
        return Err(ConfigError::new(&table.origin, path("address"), message));
    };
    let mut listener = Listener::plain(
        read_address(address).ok_or_else(|| fail("address", address, address.is_not(ADDRESS_WANTED)))?,
    );
    let mut tls = Tls {
        certificates: Vec::new(),
        min: TlsVersion::default(),
        client_ca: None,
        client_auth: ClientAuth::default(),
    };
    for (key, raw) in &table.fields {
        set(&mut listener, &mut tls, key, raw).map_err(|why| fail(key, raw, why))?;
    }
    let goes_with = |key: &'static str, what: &str| match find(key) {
        Some(raw) => Err(fail(key, raw, format!("goes with {what} only"))),
        None => Ok(()),
    };
    if find("certificates").is_some() {
        match (find("client_auth"), &tls.client_ca) {
            (None, Some(_)) => tls.client_auth = ClientAuth::Require,
            (Some(raw), None) if tls.client_auth != ClientAuth::Off => {
                let why = "needs client_ca: the file with the certificates of those who vouch for clients";
                return Err(fail("client_auth", raw, why.to_owned()));
            }
            _ => {}
        }
        listener.tls = Some(tls);
    } else {
        for key in ["tls_min", "client_auth", "client_ca"] {
            goes_with(key, "certificates")?;
        }
    }
    if !matches!(listener.address, Address::Unix { .. }) {
        goes_with("mode", "address = \"unix:…\"")?;
    }
    let fields = table.fields.into_iter().map(|(key, raw)| (key, raw.origin)).collect();
    Ok(Entry { listener, name: table.name, fields })
}

fn set(listener: &mut Listener, tls: &mut Tls, key: &str, raw: &Raw) -> Result<(), String> {
    let switch = || raw.boolean().ok_or_else(|| raw.is_not("true or false"));
    match key {
        "mode" => {
            let wanted = "the rights of a file in octal, such as \"0660\"";
            let read = read_mode(raw).ok_or_else(|| raw.is_not(wanted))?;
            if let Address::Unix { mode, .. } = &mut listener.address {
                *mode = read;
            }
        }
        "proxy_protocol" => listener.proxy_protocol = switch()?,
        "http2" => listener.http2 = switch()?,
        "certificates" => tls.certificates = read_certificates(raw)?,
        "tls_min" => tls.min = choice::pick(raw, &TLS_VERSIONS)?,
        "client_auth" => tls.client_auth = choice::pick(raw, &CLIENT_AUTHS)?,
        "client_ca" => {
            let wanted = "the path of a file, such as \"/etc/put2bits/clients.crt\"";
            tls.client_ca = Some(read_path(raw).ok_or_else(|| raw.is_not(wanted))?);
        }
        // `address` has been read.
        _ => {}
    }
    Ok(())
}

fn read_address(raw: &Raw) -> Option<Address> {
    let text = raw.text()?;
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(Address::Unix { path: plain_path(path)?, mode: Address::MODE });
    }
    match text.strip_prefix("systemd") {
        Some("") => Some(Address::Systemd(None)),
        Some(name) => {
            let name = name.strip_prefix(':').filter(|name| !name.is_empty() && !name.contains(':'))?;
            Some(Address::Systemd(Some(name.to_owned())))
        }
        None => text.parse().ok().map(Address::Tcp),
    }
}

fn read_mode(raw: &Raw) -> Option<u32> {
    // A number of TOML would be read as a decimal one.
    let text = raw.text().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777)
}

fn read_path(raw: &Raw) -> Option<PathBuf> {
    raw.text().and_then(plain_path)
}

fn plain_path(text: &str) -> Option<PathBuf> {
    (!text.trim().is_empty() && !text.contains(char::is_control)).then(|| PathBuf::from(text))
}

fn read_certificates(raw: &Raw) -> Result<Vec<CertificateFiles>, String> {
    let wanted = || raw.is_not(CERTIFICATES_WANTED);
    let items = raw.list().filter(|items| !items.is_empty()).ok_or_else(wanted)?;
    items
        .iter()
        .map(|item| {
            let table = item.table().ok_or_else(|| item.is_not("{ chain = \"…\", key = \"…\" }"))?;
            let file = |wanted: &str| {
                let raw = table.iter().find(|(name, _)| name == wanted).map(|(_, raw)| raw);
                let raw = raw.ok_or_else(|| format!("a certificate has no {wanted}: name its file"))?;
                read_path(raw).ok_or_else(|| raw.is_not("the path of a file"))
            };
            if let Some((name, _)) = table.iter().find(|(name, _)| !["chain", "key"].contains(&name.as_str()))
            {
                return Err(format!("a certificate has a chain and a key, and no {name:?}"));
            }
            Ok(CertificateFiles { chain: file("chain")?, key: file("key")? })
        })
        .collect()
}

/// What concerns several listeners, or them and other settings.
pub(crate) fn check(draft: &Draft, entries: &[Entry]) -> Result<(), ConfigError> {
    let (admin, listen) = draft.listeners();
    if listen.is_none() && entries.is_empty() {
        let message = "nothing to listen on: give an address, or write a [[listener]] into the file";
        return Err(ConfigError::new(&draft.origin("listen"), "listen", message));
    }
    let mut taken: Vec<(String, Origin, SocketAddr)> = Vec::new();
    let known = [("admin.listen", admin), ("listen", listen)];
    taken.extend(
        known.into_iter().filter_map(|(key, address)| Some((key.to_owned(), draft.origin(key), address?))),
    );
    for (at, entry) in entries.iter().enumerate() {
        if entry.listener.proxy_protocol && draft.proxies().trusted.is_empty() {
            let why = "needs proxies.trusted: the addresses of the load balancers that write it";
            return Err(entry.error("proxy_protocol", why));
        }
        let address = &entry.listener.address;
        if let Some(twin) = entries.iter().take(at).find(|other| other.listener.address == *address) {
            let is_tcp_zero = matches!(address, Address::Tcp(tcp) if tcp.port() == 0);
            if !is_tcp_zero {
                let why =
                    format!("{address} is the address of another listener, too ({})", twin.origin("address"));
                return Err(entry.error("address", why));
            }
        }
        let Address::Tcp(tcp) = *address else { continue };
        if let Some((key, origin, other)) = taken.iter().find(|(_, _, other)| clash(*other, tcp)) {
            let why = format!("{tcp} and {key} ({other}, {origin}) are in each other's way");
            return Err(entry.error("address", why));
        }
        taken.push((format!("{}.address", entry.name), entry.origin("address").clone(), tcp));
    }
    Ok(())
}
