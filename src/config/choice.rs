//! Values that are one of a few words.

use super::admin::{ReadyBackend, ReadyStore};
use super::closest::closest;
use super::raw::Raw;
use super::settings::{LogFormat, StoreKind};
use crate::access::{ClientAuth, Forwarded, TlsVersion};
use crate::bits::{AmbiguousClose, GuidCase, Profile, Verb};
use crate::resumable::Mode;
use crate::route::{DigestPolicy, Overwrite, ReplyMode, ZeroLength};

/// The words of a choice and what they mean, the default first.
pub(crate) type Words<T, const N: usize> = [(&'static str, T); N];

/// `log.format`
pub(crate) const LOG_FORMATS: Words<LogFormat, 2> = [("text", LogFormat::Text), ("json", LogFormat::Json)];

/// `state.store`
pub(crate) const STORES: Words<StoreKind, 2> =
    [("embedded", StoreKind::Embedded), ("memory", StoreKind::Memory)];

/// `admin.ready_store`
pub(crate) const READY_STORES: Words<ReadyStore, 2> =
    [("ignore", ReadyStore::Ignore), ("require", ReadyStore::Require)];

/// `admin.ready_backend`
pub(crate) const READY_BACKENDS: Words<ReadyBackend, 3> =
    [("ignore", ReadyBackend::Ignore), ("any", ReadyBackend::Any), ("all", ReadyBackend::All)];

/// `proxies.forwarded`
pub(crate) const FORWARDEDS: Words<Forwarded, 3> = [
    ("none", Forwarded::None),
    ("x-forwarded-for", Forwarded::XForwardedFor),
    ("forwarded", Forwarded::Standard),
];

/// `listener.tls_min`
pub(crate) const TLS_VERSIONS: Words<TlsVersion, 2> = [("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)];

/// `listener.client_auth`
pub(crate) const CLIENT_AUTHS: Words<ClientAuth, 3> =
    [("off", ClientAuth::Off), ("ask", ClientAuth::Ask), ("require", ClientAuth::Require)];

/// `route.zero_length`
pub(crate) const ZERO_LENGTHS: Words<ZeroLength, 2> =
    [("create-close", ZeroLength::CreateClose), ("refuse", ZeroLength::Refuse)];

/// `route.reply`
pub(crate) const REPLIES: Words<ReplyMode, 2> =
    [("ignore", ReplyMode::Ignore), ("forward", ReplyMode::Forward)];

/// `route.ambiguous_close`
pub(crate) const AMBIGUOUS_CLOSES: Words<AmbiguousClose, 3> =
    [("verify", AmbiguousClose::Verify), ("fail", AmbiguousClose::Fail), ("accept", AmbiguousClose::Accept)];

/// `route.resumption`
pub(crate) const RESUMPTIONS: Words<Mode, 3> =
    [("on", Mode::On), ("off", Mode::Off), ("only-without-Via", Mode::UnlessVia)];

/// Which kind of [`Credentials`](crate::route::Credentials).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialsKind {
    None,
    Caller,
    Basic,
    Bearer,
    Header,
    Windows,
}

/// `backend.credentials`
pub(crate) const CREDENTIALS: Words<CredentialsKind, 6> = [
    ("none", CredentialsKind::None),
    ("caller", CredentialsKind::Caller),
    ("basic", CredentialsKind::Basic),
    ("bearer", CredentialsKind::Bearer),
    ("header", CredentialsKind::Header),
    ("windows", CredentialsKind::Windows),
];

/// Which kind of [`HostIdPolicy`](crate::bits::HostIdPolicy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Ignore,
    SameDomain,
    AllowList,
}

/// `backend.host_id`
pub(crate) const HOST_IDS: Words<Follow, 3> =
    [("ignore", Follow::Ignore), ("same-domain", Follow::SameDomain), ("allow-list", Follow::AllowList)];

/// `backend.verb`
pub(crate) const VERBS: Words<Verb, 2> = [("native", Verb::Native), ("override", Verb::Override)];

/// `backend.guid`
pub(crate) const GUIDS: Words<GuidCase, 2> = [("lower", GuidCase::Lower), ("upper", GuidCase::Upper)];

/// `route.overwrite`
pub(crate) const OVERWRITES: Words<Overwrite, 3> =
    [("pass", Overwrite::Pass), ("refuse", Overwrite::Refuse), ("suffix", Overwrite::Suffix)];

/// `route.digest`
pub(crate) const DIGESTS: Words<DigestPolicy, 3> =
    [("accept", DigestPolicy::Accept), ("require", DigestPolicy::Require), ("ignore", DigestPolicy::Ignore)];

/// The word for "recognise the server by its answers".
pub(crate) const AUTO: &str = "auto";

/// What the written word means.
pub(crate) fn pick<T: Copy>(raw: &Raw, words: &[(&'static str, T)]) -> Result<T, String> {
    let found = raw.text().and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, value)| *value).ok_or_else(|| refuse(raw, words.iter().map(|(word, _)| *word).collect()))
}

/// What `route.resumption` means. In any case: one of its words holds the name of a header.
pub(crate) fn resumption(raw: &Raw) -> Result<Mode, String> {
    let word = |text| RESUMPTIONS.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    raw.text().and_then(word).map(|(_, mode)| mode).map_or_else(|| pick(raw, &RESUMPTIONS), Ok)
}

/// The word for a value.
pub(crate) fn name<T: Copy + PartialEq>(value: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| word)
}

/// The profile of that name; nothing for [`AUTO`].
pub(crate) fn profile(raw: &Raw) -> Result<Option<&'static Profile>, String> {
    match raw.text() {
        Some(AUTO) => Ok(None),
        text => text.and_then(Profile::named).map(Some).ok_or_else(|| {
            refuse(raw, [AUTO].into_iter().chain(Profile::NAMED.map(|profile| profile.name)).collect())
        }),
    }
}

fn refuse(raw: &Raw, words: Vec<&'static str>) -> String {
    let mut message = raw.is_not(&format!("one of {}", words.join(", ")));
    if let Some(word) = raw.text().and_then(|text| closest(&text.to_ascii_lowercase(), words.iter().copied()))
    {
        message.push_str(&format!("; did you mean \"{word}\"?"));
    }
    message
}
