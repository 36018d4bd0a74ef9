//! What the value of a key may be, and how it is written: one kind of slot for each kind of value.

use super::admin::{ReadyBackend, ReadyStore};
use super::choice::{self, FORWARDEDS, LOG_FORMATS, READY_BACKENDS, READY_STORES, STORES};
use super::raw::{Raw, Wrong};
use super::settings::{LogFormat, MAX_WORKERS, StoreKind};
use super::value::{Size, Time};
use super::{header_names, log_filter, resumption};
use crate::access::{Forwarded, Trusted};
use crate::limits::{GIB, KIB};
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;

/// Longest time that can be set. Far from where adding it to a clock could overflow.
const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// After this time BITS servers drop sessions that nothing was heard of.
const MAX_EXPIRY: Duration = Duration::from_secs(14 * 24 * 3600);

/// The place of a value in a [`Config`](super::settings::Config), and with it what may be put there.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    /// Bytes, at least 1.
    Size(&'a mut u64),
    /// Bytes; 0: not at all.
    SizeOrZero(&'a mut u64),
    /// More than no time.
    Time(&'a mut Duration),
    /// A time; 0: not at all.
    TimeOrZero(&'a mut Duration),
    /// How often, at least once.
    Count(&'a mut u32),
    /// How often; 0: not at all.
    CountOrZero(&'a mut u32),
    /// Threads.
    Workers(&'a mut usize),
    /// Where to listen; nothing: nowhere.
    AddressOrOff(&'a mut Option<SocketAddr>),
    /// Networks of proxies that are believed.
    Networks(&'a mut Trusted),
    /// The fields in which they name clients.
    Forwarded(&'a mut Forwarded),
    /// What a store that cannot write means for being ready.
    ReadyStore(&'a mut ReadyStore),
    /// What backends that cannot be reached mean for being ready.
    ReadyBackend(&'a mut ReadyBackend),
    /// Text or JSON.
    LogFormat(&'a mut LogFormat),
    /// What to log.
    LogFilter(&'a mut String),
    /// Yes or no.
    Switch(&'a mut bool),
    /// A time that BITS servers keep sessions for.
    Expiry(&'a mut Duration),
    /// A time of a second or more; nothing: not at all.
    Pause(&'a mut Option<Duration>),
    /// Bytes of a socket's buffer; nothing: as the system has it.
    Buffer(&'a mut Option<u64>),
    /// A folder. It need not be there.
    Folder(&'a mut PathBuf),
    /// Embedded or in memory.
    Store(&'a mut StoreKind),
    /// The path that upload resources live below.
    UploadPrefix(&'a mut String),
    /// What stands before that path in a URL, if anything.
    Origin(&'a mut Option<String>),
    /// A header's value, sent as it is.
    UploadLimit(&'a mut Option<HeaderValue>),
    /// Headers that say who a client is.
    Credentials(&'a mut Vec<HeaderName>),
}

/// What two slots are compared by.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Amount {
    /// Of a size.
    Bytes(u64),
    /// Of a time.
    Time(Duration),
    /// Of a number.
    Count(u32),
}

impl Slot<'_> {
    /// Puts the value there, or says why it may not be there.
    pub(crate) fn set(self, raw: &Raw) -> Result<(), Wrong> {
        let wanted = self.wanted();
        let done = match self {
            Slot::Size(at) => put(at, size(raw).filter(|bytes| *bytes > 0)),
            Slot::SizeOrZero(at) => put(at, size(raw)),
            Slot::Time(at) => put(at, time(raw).filter(|time| !time.is_zero())),
            Slot::TimeOrZero(at) => put(at, time(raw)),
            Slot::Count(at) => put(at, count(raw).filter(|count| *count > 0)),
            Slot::CountOrZero(at) => put(at, count(raw)),
            Slot::Workers(at) => put(at, count(raw).filter(|count| (1..=MAX_WORKERS).contains(count))),
            Slot::AddressOrOff(at) => put(at, address_or_off(raw)),
            Slot::Networks(at) => put(at, networks(raw)?),
            Slot::Forwarded(at) => put(at, Some(choice::pick(raw, &FORWARDEDS)?)),
            Slot::ReadyStore(at) => put(at, Some(choice::pick(raw, &READY_STORES)?)),
            Slot::ReadyBackend(at) => put(at, Some(choice::pick(raw, &READY_BACKENDS)?)),
            Slot::LogFormat(at) => put(at, Some(choice::pick(raw, &LOG_FORMATS)?)),
            Slot::LogFilter(at) => put(at, Some(log_filter::read(raw)?)),
            Slot::Switch(at) => put(at, raw.boolean()),
            Slot::Expiry(at) => put(at, time(raw).filter(|time| !time.is_zero() && *time <= MAX_EXPIRY)),
            Slot::Pause(at) => put(at, pause(raw)),
            Slot::Buffer(at) => put(at, buffer(raw)),
            Slot::Folder(at) => put(at, folder(raw)),
            Slot::Store(at) => put(at, Some(choice::pick(raw, &STORES)?)),
            Slot::UploadPrefix(at) => put(at, resumption::prefix(raw)),
            Slot::Origin(at) => put(at, Some(resumption::origin(raw)?)),
            Slot::UploadLimit(at) => put(at, resumption::upload_limit(raw)),
            Slot::Credentials(at) => put(at, Some(header_names::credentials(raw)?)),
        };
        done.ok_or_else(|| raw.is_not(wanted).into())
    }

    /// What may be put there, as a noun phrase.
    const fn wanted(&self) -> &'static str {
        match self {
            Slot::Size(_) => {
                "a size above 0, such as \"8MiB\" (8 × 2^20 bytes), \"8MB\" (8 × 10^6) or 8388608"
            }
            Slot::SizeOrZero(_) => "a size such as \"8KiB\" (8 × 2^10 bytes) or 8192; 0 for none",
            Slot::Time(_) => "a time with its unit, above 0 and up to 30 days, such as \"90s\" or \"1h30m\"",
            Slot::TimeOrZero(_) => {
                "a time with its unit, from \"0s\" up to 30 days, such as \"90s\" or \"1h30m\""
            }
            Slot::Count(_) => "a whole number from 1 to 4294967295",
            Slot::CountOrZero(_) => "a whole number from 0 to 4294967295",
            Slot::Workers(_) => "a whole number from 1 to 1024",
            Slot::AddressOrOff(_) => {
                "\"off\", or an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\""
            }
            Slot::Networks(_) => "a list of addresses and networks, such as [\"10.0.0.0/8\", \"::1\"]",
            Slot::Forwarded(_) => "\"none\", \"x-forwarded-for\" or \"forwarded\"",
            Slot::ReadyStore(_) => "\"ignore\" or \"require\"",
            Slot::ReadyBackend(_) => "\"ignore\", \"any\" or \"all\"",
            Slot::LogFormat(_) => "\"text\" or \"json\"",
            Slot::LogFilter(_) => log_filter::WANTED,
            Slot::Switch(_) => "true or false",
            Slot::Expiry(_) => {
                "a time with its unit, above 0 and up to 14 days (then BITS servers drop a session), such as \"7days\""
            }
            Slot::Pause(_) => "\"off\", or a time with its unit from \"1s\" up to 30 days, such as \"30s\"",
            Slot::Buffer(_) => "\"auto\", or a size from \"4KiB\" to \"1GiB\", such as \"256KiB\"",
            Slot::Folder(_) => "the path of a folder, such as \"/var/lib/put2bits\"",
            Slot::Store(_) => "\"embedded\" or \"memory\"",
            Slot::UploadPrefix(_) => resumption::PREFIX_WANTED,
            Slot::Origin(_) => resumption::ORIGIN_WANTED,
            Slot::UploadLimit(_) => resumption::UPLOAD_LIMIT_WANTED,
            Slot::Credentials(_) => header_names::WANTED,
        }
    }

    /// The value as TOML.
    pub(crate) fn toml(self) -> String {
        match self {
            Slot::Size(at) | Slot::SizeOrZero(at) => format!("\"{}\"", Size(*at)),
            Slot::Time(at) | Slot::TimeOrZero(at) => format!("\"{}\"", Time(*at)),
            Slot::Count(at) | Slot::CountOrZero(at) => at.to_string(),
            Slot::Workers(at) => at.to_string(),
            Slot::AddressOrOff(at) => at.map_or("\"off\"".to_owned(), |addr| format!("\"{addr}\"")),
            Slot::Networks(at) => {
                Value::Array(at.0.iter().map(|network| Value::from(network.to_string())).collect())
                    .to_string()
            }
            Slot::Forwarded(at) => format!("\"{}\"", choice::name(*at, &FORWARDEDS)),
            Slot::ReadyStore(at) => format!("\"{}\"", choice::name(*at, &READY_STORES)),
            Slot::ReadyBackend(at) => format!("\"{}\"", choice::name(*at, &READY_BACKENDS)),
            Slot::LogFormat(at) => format!("\"{}\"", choice::name(*at, &LOG_FORMATS)),
            Slot::LogFilter(at) | Slot::UploadPrefix(at) => quoted(at),
            Slot::Switch(at) => at.to_string(),
            Slot::Expiry(at) => format!("\"{}\"", Time(*at)),
            Slot::Pause(at) => at.map_or("\"off\"".to_owned(), |pause| format!("\"{}\"", Time(pause))),
            Slot::Buffer(at) => at.map_or("\"auto\"".to_owned(), |bytes| format!("\"{}\"", Size(bytes))),
            // Both were made from text.
            Slot::Folder(at) => quoted(&at.to_string_lossy()),
            Slot::UploadLimit(at) => {
                quoted(at.as_ref().and_then(|limit| limit.to_str().ok()).unwrap_or_default())
            }
            Slot::Store(at) => format!("\"{}\"", choice::name(*at, &STORES)),
            Slot::Origin(at) => quoted(at.as_deref().unwrap_or_default()),
            Slot::Credentials(at) => {
                Value::Array(at.iter().map(|name| Value::from(name.as_str())).collect()).to_string()
            }
        }
    }

    /// The value, if it is one that others are compared with.
    pub(crate) fn amount(self) -> Option<Amount> {
        match self {
            Slot::Size(at) | Slot::SizeOrZero(at) => Some(Amount::Bytes(*at)),
            Slot::Time(at) | Slot::TimeOrZero(at) | Slot::Expiry(at) => Some(Amount::Time(*at)),
            Slot::Count(at) | Slot::CountOrZero(at) => Some(Amount::Count(*at)),
            Slot::Pause(at) => at.map(Amount::Time),
            _ => None,
        }
    }

    /// Replaces the value by an amount of its own kind.
    pub(crate) fn put_amount(self, amount: Amount) {
        match (self, amount) {
            (Slot::Size(at), Amount::Bytes(bytes)) => *at = bytes,
            (Slot::Time(at) | Slot::TimeOrZero(at), Amount::Time(time)) => *at = time,
            (Slot::Count(at) | Slot::CountOrZero(at), Amount::Count(count)) => *at = count,
            _ => {}
        }
    }
}

fn put<T>(at: &mut T, value: Option<T>) -> Option<()> {
    value.map(|value| *at = value)
}

fn size(raw: &Raw) -> Option<u64> {
    raw.text_or_number()?.parse().ok().map(|Size(bytes)| bytes)
}

fn time(raw: &Raw) -> Option<Duration> {
    raw.text()?.parse().ok().map(|Time(time)| time).filter(|time| *time <= MAX_TIME)
}

fn count<T: std::str::FromStr>(raw: &Raw) -> Option<T> {
    raw.number().filter(|text| !text.starts_with('+'))?.parse().ok()
}

/// `"off"` or 0: no pause at all.
fn pause(raw: &Raw) -> Option<Option<Duration>> {
    if raw.text_or_number().is_some_and(|text| text == "off" || text == "0") {
        return Some(None);
    }
    let pause = time(raw)?;
    (pause.is_zero() || pause >= Duration::from_secs(1)).then_some((!pause.is_zero()).then_some(pause))
}

/// `"off"`: no address at all.
fn address_or_off(raw: &Raw) -> Option<Option<SocketAddr>> {
    match raw.text()? {
        "off" => Some(None),
        text => text.parse().ok().map(Some),
    }
}

/// Networks, and addresses that stand for themselves alone.
fn networks(raw: &Raw) -> Result<Option<Trusted>, Wrong> {
    let wanted = "an IP address, or a network such as \"10.0.0.0/8\"";
    let network = |(number, item): (usize, &Raw)| {
        let alone = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
        let network = item.text().and_then(|text| text.parse().ok().or_else(|| alone(text)));
        network.ok_or_else(|| Wrong { item: Some((number, item.origin.clone())), why: item.is_not(wanted) })
    };
    let Some(items) = raw.list() else { return Ok(None) };
    items.iter().enumerate().map(network).collect::<Result<_, _>>().map(|networks| Some(Trusted(networks)))
}

/// `"auto"`: whatever the system finds good.
fn buffer(raw: &Raw) -> Option<Option<u64>> {
    if raw.text() == Some("auto") {
        return Some(None);
    }
    size(raw).filter(|bytes| (4 * KIB..=GIB).contains(bytes)).map(Some)
}

fn folder(raw: &Raw) -> Option<PathBuf> {
    let plain = |text: &&str| !text.trim().is_empty() && !text.contains(char::is_control);
    raw.text().filter(plain).map(PathBuf::from)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
