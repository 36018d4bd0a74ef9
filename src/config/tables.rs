//! Which lists of tables the file may have, such as `[[route]]`, and the keys of each.

/// One list of tables.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What stands in the double brackets.
    pub(crate) name: &'static str,
    /// Keys of each of its tables, in the order in which they are written.
    pub(crate) keys: &'static [&'static str],
}

/// `[[listener]]`: where clients connect.
pub(crate) static LISTENER: Kind = Kind { name: "listener", keys: &LISTENER_KEYS };
/// `[[backend]]`: servers that routes name.
pub(crate) static BACKEND: Kind = Kind { name: "backend", keys: &BACKEND_KEYS };

/// `[[route]]`: which requests go where.
pub(crate) static ROUTE: Kind = Kind { name: "route", keys: &ROUTE_KEYS };

/// All of them.
pub(crate) static KINDS: [&Kind; 3] = [&LISTENER, &BACKEND, &ROUTE];

impl Kind {
    /// The list of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Kind> {
        KINDS.into_iter().find(|kind| kind.name == name)
    }

    /// The full paths of its keys: `route.path`.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| format!("{}.{key}", self.name))
    }
}

/// The keys of a `[[listener]]`, in the order in which they are written.
pub(crate) const LISTENER_KEYS: [&str; 8] =
    ["address", "mode", "proxy_protocol", "http2", "certificates", "tls_min", "client_auth", "client_ca"];

/// The keys of a `[[backend]]`, in the order in which they are written.
pub(crate) const BACKEND_KEYS: [&str; 25] = [
    "name",
    "url",
    "profile",
    "zero_length",
    "reply",
    "ambiguous_close",
    "credentials",
    "credentials_file",
    "credentials_headers",
    "tls_ca",
    "tls_name",
    "tls_pin",
    "tls_certificate",
    "tls_key",
    "host_id",
    "host_ids",
    "verb",
    "guid",
    "close_headers",
    "max_sessions",
    "fragment_max",
    "retry_window",
    "connect",
    "ack",
    "final_ack",
];

/// The keys of a `[[route]]`, in the order in which they are written.
pub(crate) const ROUTE_KEYS: [&str; 29] = [
    "host",
    "path",
    "backend",
    "target",
    "overwrite",
    "profile",
    "zero_length",
    "reply",
    "ambiguous_close",
    "request_headers",
    "set_headers",
    "response_headers",
    "add_response_headers",
    "name_header",
    "name_query",
    "refused_names",
    "resumption",
    "digest",
    "max_upload",
    "max_running",
    AUTH_KEYS[0],
    AUTH_KEYS[1],
    AUTH_KEYS[2],
    AUTH_KEYS[3],
    AUTH_KEYS[4],
    AUTH_KEYS[5],
    AUTH_KEYS[6],
    AUTH_KEYS[7],
    AUTH_KEYS[8],
];

/// Those of its keys that say who may upload by it, in the order in which they are written.
pub(crate) const AUTH_KEYS: [&str; 9] = [
    "auth",
    "auth_file",
    "auth_names",
    "auth_url",
    "auth_headers",
    "auth_copy",
    "auth_timeout",
    "auth_cache",
    "auth_ca",
];
