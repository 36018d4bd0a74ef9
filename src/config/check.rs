//! How values must relate to each other.

use super::admin::clash;
use super::draft::Draft;
use super::error::ConfigError;
use super::listeners;
use super::origin::Origin;
use super::routes::Entry;
use super::slot::Amount;
use super::value::{Size, Time};
use crate::access::ClientAuth;
use crate::access::{Forwarded, Proxies};
use crate::route::Auth;
use std::fmt;
use std::time::Duration;

/// One rule: the value of `less`, so many times, is not larger than that of `more`.
struct Rule {
    less: &'static str,
    times: u32,
    more: &'static str,
}

/// All rules, those whose `more` is another one's `less` after that one.
const RULES: [Rule; 13] = [
    // One upload holds two fragments: one in flight, one being gathered.
    Rule { less: "fragment.max", times: 2, more: "limits.memory" },
    Rule { less: "fragment.first", times: 1, more: "fragment.max" },
    Rule { less: "fragment.min", times: 1, more: "fragment.first" },
    Rule { less: "retry.create_window", times: 1, more: "retry.window" },
    Rule { less: "retry.max_delay", times: 1, more: "retry.window" },
    Rule { less: "retry.first_delay", times: 1, more: "retry.max_delay" },
    Rule { less: "timeouts.ack", times: 1, more: "timeouts.final_ack" },
    Rule { less: "uploads.settle", times: 1, more: "timeouts.ack" },
    // What is measured has to fit into the time that there is for it.
    Rule { less: "timeouts.idle", times: 1, more: "timeouts.upload" },
    Rule { less: "timeouts.rate_window", times: 1, more: "timeouts.upload" },
    Rule { less: "connections.max_per_client", times: 1, more: "connections.max" },
    Rule { less: "uploads.max_running_per_client", times: 1, more: "uploads.max_running" },
    Rule { less: "shutdown.delay", times: 1, more: "shutdown.grace" },
];

/// Applies the rules. A default gives way to what somebody set; two set values that clash are refused.
pub(crate) fn settle(draft: &mut Draft) -> Result<(), ConfigError> {
    for Rule { less, times, more } in RULES {
        let (Some(small), Some(large)) = (amount(draft, less), amount(draft, more)) else { continue };
        let most = large.divided(times);
        if small <= most {
            continue;
        }
        let (from, other) = (draft.origin(less), draft.origin(more));
        if !from.is_explicit() && !most.is_zero() {
            if let Some(slot) = draft.slot(less) {
                slot.put_amount(most);
            }
            draft.note(less, Origin::Lowered(more));
            continue;
        }
        let relation = match times {
            1 => format!("{less} ({small}, {from}) is larger than {more} ({large}, {other})"),
            _ => format!("{more} ({large}, {other}) is less than {times} times {less} ({small}, {from})"),
        };
        // Whoever wrote a value has to change it; if both were written, the smaller side's line is named first.
        let origin = if from.is_explicit() { from } else { other };
        return Err(ConfigError::new(&origin, "", relation));
    }
    Ok(())
}

/// The listener for probes and that of `listen` do not get into each other's way.
pub(crate) fn keep_listeners_apart(draft: &Draft) -> Result<(), ConfigError> {
    const KEYS: [&str; 2] = ["admin.listen", "listen"];
    let (Some(admin), Some(listen)) = draft.listeners() else { return Ok(()) };
    if !clash(admin, listen) {
        return Ok(());
    }
    let (from, other) = (draft.origin(KEYS[0]), draft.origin(KEYS[1]));
    let message = format!(
        "{} ({admin}, {from}) and {} ({listen}, {other}) are in each other's way: choose another by --admin-listen, or off",
        KEYS[0], KEYS[1]
    );
    // Whoever wrote one of them has to change it.
    Err(ConfigError::new(if from.is_explicit() { &from } else { &other }, "", message))
}

/// Fields that nobody is trusted to set would never be read.
pub(crate) fn proxies_are_known(draft: &Draft) -> Result<(), ConfigError> {
    const KEY: &str = "proxies.forwarded";
    let Proxies { trusted, forwarded } = draft.proxies();
    if *forwarded != Forwarded::None && trusted.is_empty() {
        let message = "needs proxies.trusted: the addresses of those that may set these fields";
        return Err(ConfigError::new(&draft.origin(KEY), KEY, message));
    }
    Ok(())
}

/// No route lies where the upload resources are: no request would ever reach it.
pub(crate) fn keep_apart(draft: &Draft, routes: &[Entry]) -> Result<(), ConfigError> {
    const PREFIX: &str = "resumption.prefix";
    let prefix = draft.upload_prefix();
    for (number, entry) in routes.iter().enumerate() {
        if entry.lies_below(prefix) {
            let message = format!(
                "{:?} lies below {PREFIX} ({prefix:?}, {}), where uploads are resumed",
                entry.route.prefix,
                draft.origin(PREFIX)
            );
            return Err(ConfigError::new(entry.origin("path"), format!("route[{number}].path"), message));
        }
    }
    Ok(())
}

/// A route that lets clients in by their certificates has a listener that asks for those.
pub(crate) fn certificates_are_asked_for(
    listeners: &[listeners::Entry],
    routes: &[Entry],
) -> Result<(), ConfigError> {
    let tls = |entry: &listeners::Entry| entry.listener.tls.clone();
    if listeners.iter().filter_map(tls).any(|tls| tls.client_auth != ClientAuth::Off) {
        return Ok(());
    }
    let by_certificate = |(_, entry): &(usize, &Entry)| matches!(entry.route.auth, Auth::Certificate(_));
    match routes.iter().enumerate().find(by_certificate) {
        Some((number, entry)) => Err(ConfigError::new(
            entry.origin("auth"),
            format!("route[{number}].auth"),
            "\"certificate\" lets nobody in here: no [[listener]] asks clients for certificates (client_ca)",
        )),
        None => Ok(()),
    }
}

/// No name is made of a user whom nobody asks for: the route would refuse every request.
pub(crate) fn users_are_known(routes: &[Entry]) -> Result<(), ConfigError> {
    for (number, entry) in routes.iter().enumerate() {
        if entry.route.needs_user() && !entry.route.auth.names_users() {
            let message =
                "{user} needs auth, and of auth = \"forward\" auth_copy; or a fallback: {user|'nobody'}";
            return Err(ConfigError::new(entry.origin("target"), format!("route[{number}].target"), message));
        }
    }
    Ok(())
}

fn amount(draft: &mut Draft, key: &str) -> Option<Amount> {
    draft.slot(key)?.amount()
}

impl Amount {
    fn is_zero(self) -> bool {
        [Amount::Bytes(0), Amount::Time(Duration::ZERO), Amount::Count(0)].contains(&self)
    }

    fn divided(self, by: u32) -> Amount {
        match self {
            Amount::Bytes(bytes) => Amount::Bytes(bytes / u64::from(by.max(1))),
            Amount::Time(time) => Amount::Time(time / by.max(1)),
            Amount::Count(count) => Amount::Count(count / by.max(1)),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Bytes(bytes) => Size(*bytes).fmt(f),
            Amount::Time(time) => Time(*time).fmt(f),
            Amount::Count(count) => count.fmt(f),
        }
    }
}
