//! Knobs as text: `name=value`, for command lines and test tables.

use super::knobs::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytesize::ByteSize;
use http::{HeaderValue, StatusCode};
use std::time::Duration;

/// One knob that can be set by text.
#[derive(Debug)]
pub struct Quirk {
    /// Its name.
    pub name: &'static str,
    /// Which values it takes; upper-case words stand for something to fill in.
    pub values: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    set: fn(&mut Knobs, &str) -> Option<()>,
}

/// Why a text is no quirk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuirkError {
    /// No `=` in it.
    #[error("'{0}' is not NAME=VALUE")]
    NoValue(String),
    /// No such name.
    #[error("there is no quirk '{0}'")]
    UnknownName(String),
    /// Not a value of that quirk.
    #[error("{name}={value}: the value has to be {values}")]
    BadValue {
        /// Name of the quirk.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        values: &'static str,
    },
}

impl Knobs {
    /// Sets one knob: `overlap=trim`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn set(&mut self, quirk: &str) -> Result<(), QuirkError> {
        let Some((name, value)) = quirk.split_once('=') else {
            return Err(QuirkError::NoValue(quirk.into()));
        };
        let Some(quirk) = QUIRKS.iter().find(|quirk| quirk.name == name) else {
            return Err(QuirkError::UnknownName(name.into()));
        };
        (quirk.set)(self, value).ok_or_else(|| QuirkError::BadValue {
            name: quirk.name,
            value: value.into(),
            values: quirk.values,
        })
    }
}

/// A quirk whose values are words.
macro_rules! choice {
    ($name:literal, $help:literal, $($group:ident).+, { $first:literal => $first_value:expr $(, $word:literal => $value:expr)* }) => {
        Quirk {
            name: $name,
            values: concat!($first $(, "|", $word)*),
            help: $help,
            set: |knobs, text| {
                knobs.$($group).+ = match text {
                    $first => $first_value,
                    $($word => $value,)*
                    _ => return None,
                };
                Some(())
            },
        }
    };
}

/// A quirk whose value is parsed.
macro_rules! parsed {
    ($name:literal, $values:literal, $help:literal, $($group:ident).+, $parse:expr) => {
        Quirk {
            name: $name,
            values: $values,
            help: $help,
            set: |knobs, text| {
                let parse: fn(&str) -> Option<_> = $parse;
                knobs.$($group).+ = parse(text)?;
                Some(())
            },
        }
    };
}

/// Every knob, in the order of [`Knobs`].
pub const QUIRKS: &[Quirk] = &[
    choice!("verb", "which method packets have to have", http.verb,
        { "native" => VerbRule::Native, "override" => VerbRule::Override, "either" => VerbRule::Either,
          "filtered" => VerbRule::Filtered }),
    choice!("uploads", "whether the directory takes uploads, or how it says no", http.uploads,
        { "enabled" => Uploads::Enabled, "501" => Uploads::Disabled501, "404" => Uploads::Disabled404 }),
    parsed!(
        "auth",
        "open|forbidden|ntlm|three-legs|basic:USER:PASSWORD|bearer:TOKEN|exact:AUTHORIZATION",
        "who may upload",
        http.auth,
        |text| {
            let exact = |text: String| HeaderValue::try_from(text).ok().map(Auth::Exact);
            if let Some(user) = text.strip_prefix("basic:") {
                return user.contains(':').then(|| exact(format!("Basic {}", STANDARD.encode(user))))?;
            }
            if let Some(token) = text.strip_prefix("bearer:") {
                return exact(format!("Bearer {token}"));
            }
            Some(match text {
                "ntlm" => Auth::Ntlm,
                "open" => Auth::Open,
                "forbidden" => Auth::Forbidden,
                "three-legs" => Auth::ThreeLegs,
                _ => Auth::Exact(HeaderValue::try_from(text.strip_prefix("exact:")?).ok()?),
            })
        }
    ),
    choice!("missing-length", "answer to a request without Content-Length", http.missing_length,
        { "411" => MissingLength::Status411, "400" => MissingLength::Status400, "accept" => MissingLength::Accept }),
    parsed!(
        "max-fragment",
        "SIZE[:early-413|:late-413|:html-404|:hresult]",
        "largest request body",
        http.max_fragment,
        |text| {
            let (bytes, answer) = split(text);
            let answer = match answer {
                None | Some("early-413") => LimitAnswer::Early413,
                Some("late-413") => LimitAnswer::Late413,
                Some("html-404") => LimitAnswer::Html404,
                Some("hresult") => LimitAnswer::TooLarge500,
                Some(_) => return None,
            };
            Some(Some(FragmentLimit { bytes: size(bytes)?, answer }))
        }
    ),
    choice!("header-case", "spelling of header names", wire.case,
        { "exact" => HeaderCase::Exact, "lower" => HeaderCase::Lower, "title" => HeaderCase::Title }),
    choice!("error-name", "BITS-Error-Code or BITS-Error", wire.short_error_name,
        { "code" => false, "short" => true }),
    choice!("code-form", "how error codes are written", wire.code_form,
        { "0x" => CodeForm::Prefixed, "x" => CodeForm::X, "bare" => CodeForm::Bare }),
    parsed!("context", "HEX", "error context of the server's own errors", wire.context, hex),
    parsed!("only-code", "HEX", "an error code in place of all others", wire.only_code, |text| hex(text)
        .map(Some)),
    choice!("error-length", "Content-Length on errors", wire.error_length, { "yes" => true, "no" => false }),
    choice!("pragma", "Pragma: no-cache on Acks", wire.pragma, { "yes" => true, "no" => false }),
    parsed!("server", "TEXT", "value of Server", wire.server, |text| HeaderValue::try_from(text)
        .ok()
        .map(Some)),
    choice!("created", "which packets are acknowledged with 201", wire.created,
        { "never" => Created::Never, "create" => Created::OnCreate, "always" => Created::Always }),
    choice!("session-id", "session id on Acks other than Create-Session's", wire.session_id,
        { "yes" => true, "no" => false }),
    choice!("offset-on-ok", "next offset on a fragment's 200", wire.offset_on_ok, { "yes" => true, "no" => false }),
    choice!("offset-on-416", "next offset on 416", wire.offset_on_416,
        { "exact" => OffsetOn416::Exact, "misspelt" => OffsetOn416::Misspelt, "omitted" => OffsetOn416::Omitted }),
    parsed!("ping-code", "HEX", "an error code on the 200 of a Ping", wire.ping_code, |text| hex(text)
        .map(Some)),
    choice!("protocol", "which protocol lists are taken", session.protocol,
        { "any" => ProtocolMatch::Any, "upper" => ProtocolMatch::Upper, "last-lower" => ProtocolMatch::LastLower }),
    choice!("id-form", "what session ids look like", session.id_form,
        { "braced" => IdForm::Braced, "bare" => IdForm::Bare, "negative" => IdForm::Negative, "long" => IdForm::Long }),
    choice!("unknown", "answer to an unknown session", session.unknown,
        { "500" => UnknownSession::NotFound500, "400" => UnknownSession::Zero400, "generic" => UnknownSession::Generic500,
          "404" => UnknownSession::Status404, "hang-up" => UnknownSession::HangUp }),
    choice!("bind-connection", "a session lives with its TCP connection", session.bound_to_connection,
        { "yes" => true, "no" => false }),
    choice!("bind-target", "a session is known only under its own target", session.bound_to_target,
        { "yes" => true, "no" => false }),
    parsed!("session-timeout", "SECONDS", "how long an idle session lives", session.timeout, |text| text
        .parse()
        .ok()
        .map(Duration::from_secs)),
    parsed!("session-limit", "N[:drop-oldest]", "most sessions at a time", session.limit, |text| {
        let (max, rest) = split(text);
        let drop_oldest = match rest {
            None => false,
            Some("drop-oldest") => true,
            Some(_) => return None,
        };
        Some(Some(SessionLimit { max: max.parse().ok()?, drop_oldest }))
    }),
    choice!("target-held", "a session on a target refuses another with 409", session.target_held,
        { "yes" => true, "no" => false }),
    parsed!("host-id", "HOST[,SECONDS]", "BITS-Host-Id and its fallback time-out", session.host_id, |text| {
        let (host, fallback) = match text.split_once(',') {
            Some((host, seconds)) => (host, Some(seconds.parse().ok()?)),
            None => (text, None),
        };
        Some(Some(HostId { host: HeaderValue::try_from(host).ok()?, fallback }))
    }),
    choice!("bind-host", "a session is known at its own node alone", session.bound_to_host,
        { "yes" => true, "no" => false }),
    choice!("stray-body", "a body on packets that have none", session.refuse_stray_body,
        { "refuse" => true, "take" => false }),
    choice!("overlap", "a fragment that begins before the next offset", fragment.overlap,
        { "refuse" => OverlapRule::Refuse, "trim" => OverlapRule::Trim, "trim-or-refuse" => OverlapRule::TrimOrRefuse,
          "append" => OverlapRule::Append, "overwrite" => OverlapRule::Overwrite }),
    choice!("gap", "a fragment that begins behind the next offset", fragment.gap,
        { "refuse" => GapRule::Refuse, "500" => GapRule::Generic500, "hang-up" => GapRule::HangUp, "take" => GapRule::Take }),
    choice!("broken", "bytes of a fragment whose connection broke", fragment.broken,
        { "discard" => Broken::Discard, "keep" => Broken::Keep }),
    parsed!("short-take", "SIZE", "take only this much of each fragment", fragment.short_take, |text| size(
        text
    )
    .map(Some)),
    parsed!("min-fragment", "SIZE", "smallest fragment but for the last", fragment.min, size),
    parsed!("max-total", "SIZE[:200]", "largest file; refused with 500 or 200", fragment.max_total, |text| {
        let (bytes, status) = split(text);
        let status = match status {
            None | Some("500") => StatusCode::INTERNAL_SERVER_ERROR,
            Some("200") => StatusCode::OK,
            Some(_) => return None,
        };
        Some(Some(TotalLimit { bytes: size(bytes)?, status }))
    }),
    choice!("total-may-change", "a total that changes is taken", fragment.total_may_change,
        { "yes" => true, "no" => false }),
    choice!("last-repeat", "a fragment after the last one", fragment.last_repeat,
        { "acknowledge" => LastRepeat::Acknowledge, "by-overlap" => LastRepeat::ByOverlap, "offset-zero" => LastRepeat::OffsetZero }),
    parsed!("disk", "SIZE[:HEX]", "disk full after this much, with this code", fragment.disk, |text| {
        let (capacity, code) = split(text);
        let code = code.map_or(Some(super::CODE_DISK_FULL), hex)?;
        Some(Some(Disk { capacity: size(capacity)?, code }))
    }),
    choice!("publish", "when the file appears", publish.at,
        { "close" => PublishAt::Close, "last-fragment" => PublishAt::LastFragment }),
    parsed!(
        "existing",
        "overwrite|403|409[:create|:last-fragment|:close]",
        "a target that exists",
        publish.existing,
        |text| {
            let (rule, at) = split(text);
            let at = match at {
                None | Some("create") => ExistingAt::Create,
                Some("last-fragment") => ExistingAt::LastFragment,
                Some("close") => ExistingAt::Close,
                Some(_) => return None,
            };
            Some(match rule {
                "overwrite" => Existing::Overwrite,
                "403" => Existing::Refuse { status: StatusCode::FORBIDDEN, at },
                "409" => Existing::Refuse { status: StatusCode::CONFLICT, at },
                _ => return None,
            })
        }
    ),
    choice!("early-close", "Close-Session before the last byte", publish.early_close,
        { "refuse" => EarlyClose::Refuse, "discard" => EarlyClose::DiscardAndAck, "publish" => EarlyClose::Publish }),
    choice!("zero-length", "Close-Session without a fragment", publish.zero_length,
        { "publish" => EmptyFile::Publish, "416" => EmptyFile::Refuse416, "ack-only" => EmptyFile::AckOnly }),
    choice!("reply-url", "BITS-Reply-URL on the last fragment's Ack", publish.reply_url,
        { "none" => ReplyUrl::None, "backslashes" => ReplyUrl::Backslashes, "path" => ReplyUrl::Path }),
    parsed!(
        "verdict",
        "STATUS[:HEX[:TIMES]]",
        "what the application says to the last fragment",
        publish.verdict,
        |text| {
            let mut parts = text.split(':');
            let status = parts.next()?.parse().ok()?;
            let code = parts.next().map_or(Some(0x8007_0005), hex)?;
            let times = parts.next().map_or(Some(u32::MAX), |times| times.parse().ok())?;
            parts.next().is_none().then_some(Some(Verdict { status, code, times }))
        }
    ),
    parsed!(
        "close-field",
        "NAME[:VALUE]",
        "a field that Close-Session has to have",
        publish.close_field,
        |text| {
            let (name, value) = split(text);
            let value = value.map(HeaderValue::try_from).transpose().ok()?;
            Some(Some(CloseField { name: name.parse().ok()?, value }))
        }
    ),
    choice!("reads", "whether published files can be read back", publish.reads,
        { "both" => Reads::Both, "head" => Reads::Head, "get" => Reads::Get, "none" => Reads::None }),
];

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((first, rest)) => (first, Some(rest)),
        None => (text, None),
    }
}

fn size(text: &str) -> Option<u64> {
    text.parse::<ByteSize>().ok().map(|size| size.as_u64())
}

fn hex(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}
