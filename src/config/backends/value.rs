//! The values of a `[[backend]]`, as `check-config` prints them. No secret is among them: those are in files.

use super::super::choice::{
    self, AMBIGUOUS_CLOSES, AUTO, CREDENTIALS, CredentialsKind, Follow, GUIDS, HOST_IDS, REPLIES, VERBS,
    ZERO_LENGTHS,
};
use super::super::value::{Size, Time};
use super::entry::Entry;
use crate::bits::HostIdPolicy;
use crate::route::Credentials;
use http::HeaderName;
use std::path::Path;
use std::time::Duration;
use toml::{Table, Value};

impl Entry {
    /// The value of a key as TOML; none if it has none.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        let (server, choices) = (&*self.server, &self.choices);
        let (tls, limits, dialect) = (&server.tls, &server.limits, &server.dialect);
        let time = |time: Option<Duration>| time.map(|time| Value::from(Time(time).to_string()));
        match key {
            "name" => Some(Value::from(server.name.as_str())),
            "url" => Some(Value::from(self.url.to_string())),
            "profile" => Some(Value::from(choices.profile.map_or(AUTO, |profile| profile.name))),
            "zero_length" => Some(Value::from(choice::name(choices.zero_length, &ZERO_LENGTHS))),
            "reply" => Some(Value::from(choice::name(choices.reply, &REPLIES))),
            "ambiguous_close" => Some(Value::from(choice::name(choices.ambiguous_close, &AMBIGUOUS_CLOSES))),
            "credentials" => Some(Value::from(choice::name(kind(&server.credentials), &CREDENTIALS))),
            "credentials_file" => file(&server.credentials).map(path),
            "credentials_headers" => {
                let names = headers(&server.credentials).iter().map(|name| Value::from(name.as_str()));
                Some(Value::Array(names.collect()))
            }
            "tls_ca" => tls.ca.as_deref().map(path),
            "tls_name" => tls.name.as_deref().map(Value::from),
            "tls_pin" => tls.pin.as_deref().map(Value::from),
            "tls_certificate" => tls.identity.as_ref().map(|(certificate, _)| path(certificate)),
            "tls_key" => tls.identity.as_ref().map(|(_, key)| path(key)),
            "host_id" => Some(Value::from(choice::name(follow(&server.host_id), &HOST_IDS))),
            "host_ids" => {
                let HostIdPolicy::AllowList(hosts) = &server.host_id else {
                    return Some(Value::Array(Vec::new()));
                };
                Some(Value::Array(hosts.iter().map(|host| Value::from(host.as_str())).collect()))
            }
            "verb" => Some(Value::from(choice::name(dialect.verb, &VERBS))),
            "guid" => Some(Value::from(choice::name(dialect.guid, &GUIDS))),
            "close_headers" => {
                // Each has one value, which was made from text.
                let text = |value: &http::HeaderValue| Value::from(value.to_str().unwrap_or_default());
                let entries = dialect.on_close.iter().map(|(name, value)| (name.to_string(), text(value)));
                Some(Value::Table(Table::from_iter(entries)))
            }
            "max_sessions" => server.max_sessions.map(|most| Value::from(i64::from(most))),
            "fragment_max" => limits.fragment_max.map(|bytes| Value::from(Size(bytes).to_string())),
            "retry_window" => time(limits.retry_window),
            "connect" => time(limits.connect),
            "ack" => time(limits.ack),
            "final_ack" => time(limits.final_ack),
            _ => None,
        }
    }
}

fn path(path: &Path) -> Value {
    // It was made from text.
    Value::from(path.to_string_lossy().into_owned())
}

fn kind(credentials: &Credentials) -> CredentialsKind {
    match credentials {
        Credentials::None => CredentialsKind::None,
        Credentials::Caller(_) => CredentialsKind::Caller,
        Credentials::Basic(_) => CredentialsKind::Basic,
        Credentials::Bearer(_) => CredentialsKind::Bearer,
        Credentials::Header(..) => CredentialsKind::Header,
        Credentials::Windows(_) => CredentialsKind::Windows,
    }
}

fn file(credentials: &Credentials) -> Option<&Path> {
    match credentials {
        Credentials::None | Credentials::Caller(_) => None,
        Credentials::Basic(file)
        | Credentials::Bearer(file)
        | Credentials::Header(_, file)
        | Credentials::Windows(file) => Some(file),
    }
}

fn headers(credentials: &Credentials) -> &[HeaderName] {
    match credentials {
        Credentials::Caller(names) => names,
        Credentials::Header(name, _) => std::slice::from_ref(name),
        _ => &[],
    }
}

fn follow(policy: &HostIdPolicy) -> Follow {
    match policy {
        HostIdPolicy::Ignore => Follow::Ignore,
        HostIdPolicy::SameDomain => Follow::SameDomain,
        HostIdPolicy::AllowList(_) => Follow::AllowList,
    }
}
