//! One `[[backend]]` table, checked.

use super::super::backend::parse_backend;
use super::super::choice::{
    self, AMBIGUOUS_CLOSES, CREDENTIALS, CredentialsKind, Follow, GUIDS, HOST_IDS, REPLIES, VERBS,
    ZERO_LENGTHS,
};
use super::super::error::ConfigError;
use super::super::file::RawTable;
use super::super::header_names;
use super::super::raw::Raw;
use super::super::slot::Slot;
use super::entry::{Choices, Entry};
use crate::bits::HostIdPolicy;
use crate::route::{BackendUrl, Carried, Credentials, Scheme, Server, TlsToServer};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Longest name of a backend.
pub(super) const MAX_NAME: usize = 64;

/// Whether a text can be the name of a backend.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(plain)
}

/// What is wrong, and with which key.
type Wrong = (&'static str, String);

pub(super) fn read(table: RawTable) -> Result<Entry, ConfigError> {
    let error = |(key, why): Wrong| {
        let written = table.fields.iter().find(|(name, _)| *name == key);
        let origin = written.map_or(&table.origin, |(_, raw)| &raw.origin);
        // One that is made of flags has no name.
        let path = if table.name.is_empty() { key.to_owned() } else { format!("{}.{key}", table.name) };
        ConfigError::new(origin, path, why)
    };
    let fields = Fields(&table.fields);
    let (url, server, choices) = fields.read().map_err(error)?;
    let origins = table.fields.iter().map(|(key, raw)| (*key, raw.origin.clone())).collect();
    Ok(Entry { url, server: Arc::new(server), choices, fields: origins })
}

/// The keys and values of a table.
struct Fields<'a>(&'a [(&'static str, Raw)]);

impl Fields<'_> {
    fn find(&self, key: &'static str) -> Option<&Raw> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, raw)| raw)
    }

    /// The value of a key, if it is written.
    fn get<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Raw) -> Result<T, String>,
    ) -> Result<Option<T>, Wrong> {
        self.find(key).map(read).transpose().map_err(|why| (key, why))
    }

    fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl Fn(&Raw) -> Result<T, String>,
    ) -> Result<T, Wrong> {
        self.get(key, read)?.ok_or_else(|| (key, format!("is missing: write {key} = {example}")))
    }

    fn read(&self) -> Result<(BackendUrl, Server, Choices), Wrong> {
        let name = self.required("name", "\"iis\"", name)?;
        let url = self.required("url", "\"https://iis/uploads/\"", url)?;
        let server = Server {
            name,
            credentials: self.credentials()?,
            tls: self.tls(&url)?,
            host_id: self.host_id()?,
            max_sessions: self.get("max_sessions", |raw| slot(raw, |at| Slot::Count(at)))?,
            ..Server::default()
        };
        let server = self.dialect(self.limits(server)?)?;
        Ok((url, server, self.choices()?))
    }

    fn choices(&self) -> Result<Choices, Wrong> {
        Ok(Choices {
            profile: self.get("profile", choice::profile)?.flatten(),
            zero_length: self.get("zero_length", |raw| choice::pick(raw, &ZERO_LENGTHS))?.unwrap_or_default(),
            reply: self.get("reply", |raw| choice::pick(raw, &REPLIES))?.unwrap_or_default(),
            ambiguous_close: self
                .get("ambiguous_close", |raw| choice::pick(raw, &AMBIGUOUS_CLOSES))?
                .unwrap_or_default(),
        })
    }

    fn credentials(&self) -> Result<Credentials, Wrong> {
        const FILE: &str = "credentials_file";
        const HEADERS: &str = "credentials_headers";
        let kind =
            self.get("credentials", |raw| choice::pick(raw, &CREDENTIALS))?.unwrap_or(CredentialsKind::None);
        let names = self.get(HEADERS, own_names)?.unwrap_or_default();
        if !names.is_empty() && !matches!(kind, CredentialsKind::Caller | CredentialsKind::Header) {
            return Err((HEADERS, "goes with credentials = \"caller\" or \"header\" only".to_owned()));
        }
        let file = self.get(FILE, path)?;
        if matches!(kind, CredentialsKind::None | CredentialsKind::Caller) {
            if file.is_some() {
                let why = "is not used: credentials says what is in it, such as \"basic\" or \"bearer\"";
                return Err((FILE, why.to_owned()));
            }
            return match (kind, names.is_empty()) {
                (CredentialsKind::Caller, true) => {
                    Err((HEADERS, "is missing: write credentials_headers = [\"authorization\"]".to_owned()))
                }
                (CredentialsKind::Caller, false) => Ok(Credentials::Caller(names)),
                _ => Ok(Credentials::None),
            };
        }
        let missing = || (FILE, "is missing: write credentials_file = \"/run/secrets/backend\"".to_owned());
        let file = file.ok_or_else(missing)?;
        match kind {
            CredentialsKind::Basic => Ok(Credentials::Basic(file)),
            CredentialsKind::Bearer => Ok(Credentials::Bearer(file)),
            CredentialsKind::Windows if cfg!(feature = "negotiate") => Ok(Credentials::Windows(file)),
            CredentialsKind::Windows => {
                let why =
                    "\"windows\" needs a program that was built with --features negotiate; this one was not";
                Err(("credentials", why.to_owned()))
            }
            _ => match <[HeaderName; 1]>::try_from(names) {
                Ok([name]) => Ok(Credentials::Header(name, file)),
                Err(_) => Err((HEADERS, "has to name one header, such as [\"x-api-key\"]".to_owned())),
            },
        }
    }

    fn tls(&self, url: &BackendUrl) -> Result<TlsToServer, Wrong> {
        const KEYS: [&str; 5] = ["tls_ca", "tls_name", "tls_pin", "tls_certificate", "tls_key"];
        if url.scheme == Scheme::Http
            && let Some(key) = KEYS.into_iter().find(|key| self.find(key).is_some())
        {
            return Err((key, "goes with an https URL only".to_owned()));
        }
        let identity = match (self.get(KEYS[3], path)?, self.get(KEYS[4], path)?) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => return Err((KEYS[3], "needs tls_key, too".to_owned())),
            (None, Some(_)) => return Err((KEYS[4], "needs tls_certificate, too".to_owned())),
            (None, None) => None,
        };
        Ok(TlsToServer {
            ca: self.get(KEYS[0], path)?,
            name: self.get(KEYS[1], host_name)?,
            pin: self.get(KEYS[2], pin)?,
            identity,
        })
    }

    fn host_id(&self) -> Result<HostIdPolicy, Wrong> {
        const HOSTS: &str = "host_ids";
        let follow = self.get("host_id", |raw| choice::pick(raw, &HOST_IDS))?.unwrap_or(Follow::Ignore);
        let hosts = self.get(HOSTS, hosts)?.unwrap_or_default();
        match (follow, hosts.is_empty()) {
            (Follow::AllowList, true) => {
                Err((HOSTS, "is missing: write host_ids = [\"node1.example\"]".to_owned()))
            }
            (Follow::AllowList, false) => Ok(HostIdPolicy::AllowList(hosts)),
            (_, false) => Err((HOSTS, "goes with host_id = \"allow-list\" only".to_owned())),
            (Follow::SameDomain, true) => Ok(HostIdPolicy::SameDomain),
            (Follow::Ignore, true) => Ok(HostIdPolicy::Ignore),
        }
    }

    fn dialect(&self, mut server: Server) -> Result<Server, Wrong> {
        let dialect = &mut server.dialect;
        dialect.verb = self.get("verb", |raw| choice::pick(raw, &VERBS))?.unwrap_or_default();
        dialect.guid = self.get("guid", |raw| choice::pick(raw, &GUIDS))?.unwrap_or_default();
        dialect.on_close = self.get("close_headers", close_headers)?.unwrap_or_default();
        Ok(server)
    }

    fn limits(&self, mut server: Server) -> Result<Server, Wrong> {
        let time = |key| self.get(key, |raw| slot::<Duration>(raw, |at| Slot::Time(at)));
        let limits = &mut server.limits;
        limits.retry_window = time("retry_window")?;
        limits.connect = time("connect")?;
        limits.ack = time("ack")?;
        limits.final_ack = time("final_ack")?;
        limits.fragment_max = self.get("fragment_max", |raw| slot(raw, |at| Slot::Size(at)))?;
        if let (Some(ack), Some(last)) = (limits.ack, limits.final_ack)
            && ack > last
        {
            return Err(("ack", "is larger than final_ack".to_owned()));
        }
        Ok(server)
    }
}

/// Reads a value as a key of that kind does.
fn slot<T: Default>(raw: &Raw, kind: impl Fn(&mut T) -> Slot<'_>) -> Result<T, String> {
    let mut value = T::default();
    kind(&mut value).set(raw)?;
    Ok(value)
}

fn name(raw: &Raw) -> Result<String, String> {
    let wanted = "a name: up to 64 letters, digits and -._";
    raw.text().filter(|text| is_name(text)).map(str::to_owned).ok_or_else(|| raw.is_not(wanted))
}

fn url(raw: &Raw) -> Result<BackendUrl, String> {
    let text = raw.text().ok_or_else(|| raw.is_not("a URL, such as \"https://iis/uploads/\""))?;
    parse_backend(text).map_err(|error| error.to_string())
}

fn path(raw: &Raw) -> Result<PathBuf, String> {
    let plain = |text: &&str| !text.trim().is_empty() && !text.contains(char::is_control);
    raw.text().filter(plain).map(PathBuf::from).ok_or_else(|| raw.is_not("the path of a file"))
}

fn host_name(raw: &Raw) -> Result<String, String> {
    let text = raw.text().filter(|text| is_host_name(text) && text.parse::<IpAddr>().is_err());
    text.map(str::to_ascii_lowercase).ok_or_else(|| raw.is_not("a host name, such as \"iis.example\""))
}

fn is_host_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() <= 253
        && text.split('.').all(|label| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain))
}

/// With or without colons, in any case, as tools print it.
fn pin(raw: &Raw) -> Result<String, String> {
    let wanted = "the SHA-256 of a certificate in 64 hexadecimal digits";
    let bare = raw.text().map(|text| text.replace(':', "").to_ascii_lowercase());
    let sound = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    bare.filter(sound).ok_or_else(|| raw.is_not(wanted))
}

fn hosts(raw: &Raw) -> Result<Vec<String>, String> {
    let items = raw.list().ok_or_else(|| raw.is_not("a list of hosts, such as [\"node1.example\"]"))?;
    let host = |item: &Raw| {
        let sound = |text: &&str| is_host_name(text) || text.parse::<IpAddr>().is_ok();
        let host = item.text().filter(sound).map(str::to_ascii_lowercase);
        host.ok_or_else(|| item.is_not("a host name or an IP address, without a port"))
    };
    items.iter().map(host).collect()
}

/// Names of fields that may go to a backend beside those of the protocol.
fn own_names(raw: &Raw) -> Result<Vec<HeaderName>, String> {
    header_names::list(raw, |name| {
        (!Carried::may_hold(name)).then_some("one that may be set: the protocol or the connection needs it")
    })
}

fn close_headers(raw: &Raw) -> Result<HeaderMap, String> {
    let wanted = "a table of headers, such as { \"x-done\" = \"yes\" }";
    let entries = raw.table().ok_or_else(|| raw.is_not(wanted))?;
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is not the name of a header"))?;
        if [AUTHORIZATION, COOKIE].contains(&name) {
            return Err(format!("a secret does not belong in this file: use credentials instead of {name}"));
        }
        if !Carried::may_hold(&name) {
            return Err(format!("{name:?} may not be set: the protocol or the connection needs it"));
        }
        let text = value.text().and_then(|text| HeaderValue::from_str(text).ok());
        headers.insert(name, text.ok_or_else(|| value.is_not("the value of a header: one line of text"))?);
    }
    Ok(headers)
}
