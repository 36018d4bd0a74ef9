//! The table of scalar keys: which there are, where their values go, what each takes and how it is written.
//!
//! File, environment, checks and `check-config` all read this table; a key is added by one line here and a field.

use super::choice::{self, LOG_FORMATS};
use super::log_filter;
use super::raw::Raw;
use super::routes::ROUTE_KEYS;
use super::value::{Size, Time};
use super::{Config, LogFormat};
use std::net::SocketAddr;
use std::time::Duration;

/// More threads than any machine for this program has cores.
pub(crate) const MAX_WORKERS: usize = 1024;

/// Longest time that can be set. Far from where adding it to a clock could overflow.
pub(crate) const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// One scalar key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path in the file.
    pub(crate) path: &'static str,
    slot: fn(&mut Config) -> Slot<'_>,
}

/// Every scalar key, in the order of the file.
pub(crate) const KEYS: &[Key] = &[
    Key { path: "listen", slot: |c| Slot::Address(&mut c.listen) },
    Key { path: "workers", slot: |c| Slot::Workers(&mut c.workers) },
    Key { path: "limits.max_upload", slot: |c| Slot::Size(&mut c.limits.max_upload) },
    Key { path: "limits.memory", slot: |c| Slot::Size(&mut c.limits.memory) },
    Key { path: "fragment.min", slot: |c| Slot::Size(&mut c.limits.fragment.min) },
    Key { path: "fragment.max", slot: |c| Slot::Size(&mut c.limits.fragment.max) },
    Key { path: "fragment.first", slot: |c| Slot::Size(&mut c.limits.fragment.first) },
    Key { path: "fragment.time", slot: |c| Slot::Time(&mut c.limits.fragment.time) },
    Key { path: "retry.window", slot: |c| Slot::Time(&mut c.limits.retry.window) },
    Key { path: "retry.create_window", slot: |c| Slot::Time(&mut c.limits.retry.create_window) },
    Key { path: "retry.first_delay", slot: |c| Slot::Time(&mut c.limits.retry.first_delay) },
    Key { path: "retry.max_delay", slot: |c| Slot::Time(&mut c.limits.retry.max_delay) },
    Key { path: "retry.stalled_exchanges", slot: |c| Slot::Count(&mut c.limits.retry.stalled_exchanges) },
    Key { path: "retry.restarts", slot: |c| Slot::CountOrZero(&mut c.limits.retry.restarts) },
    Key { path: "timeouts.header", slot: |c| Slot::Time(&mut c.limits.time.header) },
    Key { path: "timeouts.idle", slot: |c| Slot::Time(&mut c.limits.time.idle) },
    Key { path: "timeouts.connect", slot: |c| Slot::Time(&mut c.limits.time.connect) },
    Key { path: "timeouts.stall", slot: |c| Slot::Time(&mut c.limits.time.stall) },
    Key { path: "timeouts.ack", slot: |c| Slot::Time(&mut c.limits.time.ack) },
    Key { path: "timeouts.final_ack", slot: |c| Slot::Time(&mut c.limits.time.final_ack) },
    Key { path: "timeouts.cancel", slot: |c| Slot::Time(&mut c.limits.time.cancel) },
    Key { path: "timeouts.linger", slot: |c| Slot::TimeOrZero(&mut c.limits.time.linger) },
    Key { path: "timeouts.grace", slot: |c| Slot::TimeOrZero(&mut c.limits.time.grace) },
    Key { path: "log.format", slot: |c| Slot::LogFormat(&mut c.log.format) },
    Key { path: "log.filter", slot: |c| Slot::LogFilter(&mut c.log.filter) },
];

impl Key {
    /// The key of that path.
    pub(crate) fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The place of its value.
    pub(crate) fn of<'a>(&self, config: &'a mut Config) -> Slot<'a> {
        (self.slot)(config)
    }
}

/// Every key of the file by its path, those of a route as `route.…`.
pub fn known_keys() -> impl Iterator<Item = String> {
    KEYS.iter().map(|key| key.path.to_owned()).chain(ROUTE_KEYS.iter().map(|key| format!("route.{key}")))
}

/// Whether keys lie below this path.
pub(crate) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The place of a value in a [`Config`], and with it what may be put there.
#[derive(Debug)]
pub(crate) enum Slot<'a> {
    /// Bytes, at least 1.
    Size(&'a mut u64),
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
    /// Where to listen.
    Address(&'a mut SocketAddr),
    /// Text or JSON.
    LogFormat(&'a mut LogFormat),
    /// What to log.
    LogFilter(&'a mut String),
}

/// What two slots are compared by.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Amount {
    /// Of a size.
    Bytes(u64),
    /// Of a time.
    Time(Duration),
}

impl Slot<'_> {
    /// Puts the value there, or says why it may not be there.
    pub(crate) fn set(self, raw: &Raw) -> Result<(), String> {
        let wanted = self.wanted();
        let done = match self {
            Slot::Size(at) => put(at, size(raw)),
            Slot::Time(at) => put(at, time(raw).filter(|time| !time.is_zero())),
            Slot::TimeOrZero(at) => put(at, time(raw)),
            Slot::Count(at) => put(at, count(raw).filter(|count| *count > 0)),
            Slot::CountOrZero(at) => put(at, count(raw)),
            Slot::Workers(at) => put(at, count(raw).filter(|count| (1..=MAX_WORKERS).contains(count))),
            Slot::Address(at) => put(at, raw.text().and_then(|text| text.parse().ok())),
            Slot::LogFormat(at) => return choice::pick(raw, &LOG_FORMATS).map(|format| *at = format),
            Slot::LogFilter(at) => return log_filter::read(raw).map(|filter| *at = filter),
        };
        done.ok_or_else(|| raw.is_not(wanted))
    }

    /// What may be put there, as a noun phrase.
    const fn wanted(&self) -> &'static str {
        match self {
            Slot::Size(_) => {
                "a size above 0, such as \"8MiB\" (8 × 2^20 bytes), \"8MB\" (8 × 10^6) or 8388608"
            }
            Slot::Time(_) => "a time with its unit, above 0 and up to 30 days, such as \"90s\" or \"1h30m\"",
            Slot::TimeOrZero(_) => {
                "a time with its unit, from \"0s\" up to 30 days, such as \"90s\" or \"1h30m\""
            }
            Slot::Count(_) => "a whole number from 1 to 4294967295",
            Slot::CountOrZero(_) => "a whole number from 0 to 4294967295",
            Slot::Workers(_) => "a whole number from 1 to 1024",
            Slot::Address(_) => "an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
            Slot::LogFormat(_) => "\"text\" or \"json\"",
            Slot::LogFilter(_) => log_filter::WANTED,
        }
    }

    /// The value as TOML.
    pub(crate) fn toml(self) -> String {
        match self {
            Slot::Size(at) => format!("\"{}\"", Size(*at)),
            Slot::Time(at) | Slot::TimeOrZero(at) => format!("\"{}\"", Time(*at)),
            Slot::Count(at) | Slot::CountOrZero(at) => at.to_string(),
            Slot::Workers(at) => at.to_string(),
            Slot::Address(at) => format!("\"{at}\""),
            Slot::LogFormat(at) => format!("\"{}\"", choice::name(*at, &LOG_FORMATS)),
            Slot::LogFilter(at) => toml::Value::from(at.as_str()).to_string(),
        }
    }

    /// The value, if it is one that others are compared with.
    pub(crate) fn amount(self) -> Option<Amount> {
        match self {
            Slot::Size(at) => Some(Amount::Bytes(*at)),
            Slot::Time(at) | Slot::TimeOrZero(at) => Some(Amount::Time(*at)),
            _ => None,
        }
    }

    /// Replaces the value by an amount of its own kind.
    pub(crate) fn put_amount(self, amount: Amount) {
        match (self, amount) {
            (Slot::Size(at), Amount::Bytes(bytes)) => *at = bytes,
            (Slot::Time(at) | Slot::TimeOrZero(at), Amount::Time(time)) => *at = time,
            _ => {}
        }
    }
}

fn put<T>(at: &mut T, value: Option<T>) -> Option<()> {
    value.map(|value| *at = value)
}

fn size(raw: &Raw) -> Option<u64> {
    raw.text_or_number()?.parse().ok().map(|Size(bytes)| bytes).filter(|bytes| *bytes > 0)
}

fn time(raw: &Raw) -> Option<Duration> {
    raw.text()?.parse().ok().map(|Time(time)| time).filter(|time| *time <= MAX_TIME)
}

fn count<T: std::str::FromStr>(raw: &Raw) -> Option<T> {
    raw.number().filter(|text| !text.starts_with('+'))?.parse().ok()
}
