//! From findings to settings and advice. Pure.

use super::{Plan, SMALL};
use crate::bits::{GuidCase, Overlap, Profile, Verb};
use crate::route::{BackendUrl, Credentials, Server, TlsToServer, ZeroLength};
use std::fmt::{self, Write as _};
use std::path::Path;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// It answers.
    Reached,
    /// The method of its packets.
    Verb,
    /// Whom it lets in.
    Auth,
    /// `BITS-Host-Id`.
    Node,
    /// Whether files can be read back.
    Reading,
    /// When a file appears.
    Appears,
    /// What becomes of a file that is there already.
    Existing,
    /// What becomes of bytes that come twice.
    Overlap,
    /// What becomes of half a fragment.
    Partial,
    /// Whether a session outlives its connection.
    Connection,
    /// The largest fragment.
    Fragment,
    /// Files of no bytes.
    Empty,
    /// A reply of the application behind the server.
    Reply,
    /// Something that could not be cleaned up.
    Left,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Topic::Reached => "server",
            Topic::Verb => "verb",
            Topic::Auth => "auth",
            Topic::Node => "host id",
            Topic::Reading => "reading",
            Topic::Appears => "appears",
            Topic::Existing => "existing",
            Topic::Overlap => "overlap",
            Topic::Partial => "partial",
            Topic::Connection => "connection",
            Topic::Fragment => "fragment",
            Topic::Empty => "empty file",
            Topic::Reply => "reply",
            Topic::Left => "left over",
        })
    }
}

/// One thing found out, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// The words.
    pub text: String,
}

impl Finding {
    pub(super) fn new(topic: Topic, text: impl Into<String>) -> Self {
        Finding { topic, text: text.into() }
    }
}

/// Why no upload is possible, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", .advice.as_ref().map(|advice| format!(": {advice}")).unwrap_or_default())]
pub struct Obstacle {
    /// What happened.
    pub what: String,
    /// What whoever runs the server can do.
    pub advice: Option<String>,
}

impl Obstacle {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Obstacle { what: what.into(), advice: None }
    }

    pub(super) fn with(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Obstacle { what: what.into(), advice: Some(advice.into()) }
    }

    pub(super) fn ours(what: String) -> Self {
        Obstacle::new(format!("the URL cannot be examined ({what})"))
    }
}

impl From<crate::transfer::NoAnswer> for Obstacle {
    fn from(why: crate::transfer::NoAnswer) -> Self {
        Obstacle::with(why.to_string(), "is the server up, and is the URL right?")
    }
}

/// What kind of server it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    backend: BackendUrl,
    configured: Server,
    /// What the server calls itself.
    pub server: Option<String>,
    /// The method that it takes.
    pub verb: Verb,
    /// The spelling of the protocol's GUID that it takes.
    pub guid: GuidCase,
    /// What it does with bytes that it gets twice.
    pub overlap: Overlap,
    /// Whether it keeps the bytes of a fragment whose connection broke. None: not found out.
    pub keeps_partial: Option<bool>,
    /// Whether a session ends with its connection. None: not found out.
    pub bound_to_connection: Option<bool>,
    /// Largest fragment that it took, in bytes.
    pub fragment: u64,
    /// Whether a larger one was refused.
    pub fragment_is_limited: bool,
    /// Whether a file that is there is replaced. None: not found out.
    pub replaces: Option<bool>,
    /// Whether its files can be read by HEAD, and so an unanswered Close-Session be cleared up.
    pub readable: bool,
    /// What to do with files of no bytes.
    pub zero_length: ZeroLength,
}

impl Report {
    pub(super) fn new(plan: &Plan) -> Self {
        Report {
            backend: plan.backend.clone(),
            configured: plan.server.clone(),
            server: None,
            verb: Verb::default(),
            guid: GuidCase::default(),
            overlap: Overlap::Unknown,
            keeps_partial: None,
            bound_to_connection: None,
            fragment: SMALL,
            fragment_is_limited: false,
            replaces: None,
            readable: false,
            zero_length: ZeroLength::default(),
        }
    }

    /// The profile that fits.
    pub fn profile(&self) -> &'static Profile {
        let is_iis = self
            .server
            .as_deref()
            .is_some_and(|name| name.to_ascii_lowercase().starts_with("microsoft-iis/"));
        match self.overlap {
            Overlap::Refuse | Overlap::Trim if is_iis => &Profile::IIS,
            Overlap::Refuse => &Profile::REFUSE,
            Overlap::Trim => &Profile::TRIM,
            Overlap::Append => &Profile::APPEND,
            Overlap::Unknown => &Profile::UNKNOWN,
        }
    }

    /// The settings, as they stand in the configuration file.
    pub fn settings(&self) -> String {
        let mut text = String::from("[[backend]]\n");
        let mut line = |key: &str, value: toml_text::Value<'_>| {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{key} = {value}");
        };
        use toml_text::Value::{List, Number, Text};
        line("name", Text(&self.configured.name));
        line("url", Text(&self.backend.to_string()));
        line("profile", Text(self.profile().name));
        for (key, value) in shown(&self.configured) {
            line(key, value.as_ref().map_or_else(|list| List(list), |text| Text(text)));
        }
        if self.verb == Verb::Override {
            line("verb", Text("override"));
        }
        if self.guid == GuidCase::Upper {
            line("guid", Text("upper"));
        }
        if self.zero_length == ZeroLength::Refuse {
            line("zero_length", Text("refuse"));
        }
        line("ambiguous_close", Text(if self.readable { "verify" } else { "fail" }));
        if self.fragment_is_limited {
            line("fragment_max", Number(self.fragment));
        }
        if self.profile() == &Profile::IIS {
            line("max_sessions", Number(IIS_SESSIONS));
        }
        text
    }

    /// What follows from it, in words.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        let mut say = |text: &str| advice.push(text.to_owned());
        match self.overlap {
            // What breaks takes its session along: nothing is sent twice.
            Overlap::Refuse | Overlap::Trim if self.bound_to_connection == Some(true) => {}
            Overlap::Refuse | Overlap::Trim => {
                say(
                    "Lost answers are harmless here: uploads go on after trouble, and phones can resume them.",
                );
            }
            Overlap::Append => say(
                "This server corrupts a file when it gets a byte twice. The proxy never sends one twice, so an upload \
                 whose answer is lost begins anew.",
            ),
            Overlap::Unknown => say(
                "What it does with bytes that come twice could not be found out, because its files cannot be read \
                 back. The proxy will not send one twice. If you know better, set the profile.",
            ),
        }
        if self.bound_to_connection == Some(true) {
            say(
                "Its sessions end with their connection: what runs when a connection breaks, or when the proxy is \
                 restarted, begins anew.",
            );
        }
        if !self.readable {
            say(
                "Its files cannot be read back, so nobody can tell whether a Close-Session without an answer has \
                 worked: such uploads count as failed. Letting the proxy read the folder (HEAD) mends that.",
            );
        }
        if self.replaces == Some(false) {
            say(
                "It does not replace files: a phone that sends one again, because it is in doubt, is refused. Let the \
                 server overwrite (for IIS: BITSAllowOverwrites), or set overwrite = \"suffix\" in the [[route]]: that \
                 finds another name.",
            );
        }
        if self.profile() == &Profile::IIS {
            say("IIS deletes sessions beyond 50 of one account: max_sessions keeps below that.");
        }
        advice
    }
}

/// What was shown to the server, and how it was checked: a text, or else a list of one.
fn shown(server: &Server) -> Vec<(&'static str, Result<String, String>)> {
    let path = |path: &Path| Ok(path.display().to_string());
    let word = |word: &str| Ok(word.to_owned());
    let mut lines = match &server.credentials {
        Credentials::None | Credentials::Caller(_) => Vec::new(),
        Credentials::Basic(file) => vec![("credentials", word("basic")), ("credentials_file", path(file))],
        Credentials::Bearer(file) => vec![("credentials", word("bearer")), ("credentials_file", path(file))],
        Credentials::Windows(file) => {
            vec![("credentials", word("windows")), ("credentials_file", path(file))]
        }
        Credentials::Header(name, file) => vec![
            ("credentials", word("header")),
            ("credentials_file", path(file)),
            ("credentials_headers", Err(name.to_string())),
        ],
    };
    let TlsToServer { ca, name, pin, identity } = &server.tls;
    lines.extend(ca.as_deref().map(|ca| ("tls_ca", path(ca))));
    lines.extend(name.clone().map(|name| ("tls_name", Ok(name))));
    lines.extend(pin.clone().map(|pin| ("tls_pin", Ok(pin))));
    if let Some((certificate, key)) = identity {
        lines.extend([("tls_certificate", path(certificate)), ("tls_key", path(key))]);
    }
    lines
}

/// A little below the 50 that IIS keeps of one account.
const IIS_SESSIONS: u64 = 45;

/// Values as TOML has them.
mod toml_text {
    use std::fmt;

    pub(super) enum Value<'a> {
        Text(&'a str),
        /// Of one text.
        List(&'a str),
        Number(u64),
    }

    impl fmt::Display for Value<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Value::Text(text) => write!(f, "{}", toml::Value::from(*text)),
                Value::List(text) => write!(f, "[{}]", toml::Value::from(*text)),
                Value::Number(number) => number.fmt(f),
            }
        }
    }
}
