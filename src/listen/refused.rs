//! Why a connection does not get in.

use std::io;
use thiserror::Error;

/// Why a connection was closed before a byte of HTTP was read.
#[derive(Debug, Error)]
#[error("{detail}")]
pub struct Refused {
    /// In one word.
    pub reason: Reason,
    /// What happened, a clause.
    pub detail: String,
}

/// Why, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It took too long.
    TooSlow,
    /// The client went away.
    Gone,
    /// It speaks HTTP without TLS.
    PlainHttp,
    /// It speaks something else.
    NotTls,
    /// Client and listener have no version, cipher or protocol in common.
    NothingInCommon,
    /// The client's certificate is missing, or not valid.
    ClientCertificate,
    /// The client does not like what it was shown, mostly the listener's certificate.
    ClientRefused,
    /// It says who it speaks for, and is not trusted to.
    NotTrusted,
    /// What it says about that cannot be read.
    ProxyHeader,
    /// The client has as many connections as it may.
    TooMany,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 10] = [
        Reason::TooSlow,
        Reason::Gone,
        Reason::PlainHttp,
        Reason::NotTls,
        Reason::NothingInCommon,
        Reason::ClientCertificate,
        Reason::ClientRefused,
        Reason::NotTrusted,
        Reason::ProxyHeader,
        Reason::TooMany,
    ];

    /// The word for it in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::TooSlow => "too_slow",
            Reason::Gone => "gone",
            Reason::PlainHttp => "plain_http",
            Reason::NotTls => "not_tls",
            Reason::NothingInCommon => "nothing_in_common",
            Reason::ClientCertificate => "client_certificate",
            Reason::ClientRefused => "client_refused",
            Reason::NotTrusted => "not_trusted",
            Reason::ProxyHeader => "proxy_header",
            Reason::TooMany => "too_many",
        }
    }

    /// Whether an operator wants to hear of it without asking: it looks like a mistake in somebody's settings. Scanners
    /// and clients that go away are the weather.
    pub const fn is_notable(self) -> bool {
        !matches!(self, Reason::Gone | Reason::TooSlow | Reason::NotTls | Reason::TooMany)
    }
}

impl Refused {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Refused { reason, detail: detail.into() }
    }

    /// What an error of the way to the client means.
    pub(super) fn gone(error: &io::Error) -> Self {
        Refused::new(Reason::Gone, format!("the connection ended: {error}"))
    }
}
