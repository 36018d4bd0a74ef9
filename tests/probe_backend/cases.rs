//! Servers, and what has to be said of each.

/// One server.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) preset: &'static str,
    pub(crate) quirks: &'static [&'static str],
    /// It answers HEAD and GET.
    pub(crate) readable: bool,
    /// Exit code.
    pub(crate) code: i32,
    /// Lines of the settings.
    pub(crate) settings: &'static [&'static str],
    /// What is said beside them.
    pub(crate) words: &'static [&'static str],
    /// Nothing is left.
    pub(crate) cleans_up: bool,
}

/// A server that follows the protocol.
const STRICT: Case = Case {
    name: "strict",
    preset: "strict",
    quirks: &[],
    readable: true,
    code: 0,
    settings: &["profile = \"refuse\"", "ambiguous_close = \"verify\""],
    words: &[
        "verb        BITS_POST",
        "refuses bytes that it has",
        "sessions outlive it",
        "is thrown away",
        "with Close-Session",
        "is replaced",
        "1.0 MiB is taken; larger ones were not tried",
        "Create-Session and Close-Session make one",
    ],
    cleans_up: true,
};

const fn quirk(
    name: &'static str,
    quirks: &'static [&'static str],
    settings: &'static [&'static str],
    words: &'static [&'static str],
) -> Case {
    Case { name, quirks, settings, words, ..STRICT }
}

/// One that takes nothing.
const fn blocked(
    name: &'static str,
    quirks: &'static [&'static str],
    words: &'static [&'static str],
) -> Case {
    Case { name, quirks, words, settings: &[], code: 1, ..STRICT }
}

pub(crate) const CASES: &[Case] = &[
    STRICT,
    Case {
        name: "iis",
        preset: "iis",
        settings: &["profile = \"iis\"", "max_sessions = 45"],
        words: &[
            "Microsoft-IIS/10.0",
            "were kept",
            "is refused at Create-Session (403",
            "It does not replace files: ",
            "BITSAllowOverwrites",
        ],
        ..STRICT
    },
    Case {
        name: "gobits",
        preset: "gobits",
        settings: &["profile = \"refuse\"", "zero_length = \"refuse\""],
        words: &["with its last fragment"],
        ..STRICT
    },
    Case {
        name: "simplebits",
        preset: "simplebits",
        settings: &["profile = \"append\""],
        words: &["sessions end with it", "corrupts"],
        cleans_up: false,
        ..STRICT
    },
    Case {
        name: "xenserver",
        preset: "xenserver",
        settings: &["profile = \"trim\""],
        words: &[],
        cleans_up: false,
        ..STRICT
    },
    quirk("trim", &["overlap=trim"], &["profile = \"trim\""], &["drops bytes that it has"]),
    quirk("append", &["overlap=append"], &["profile = \"append\""], &["corrupts the file"]),
    quirk("trim-or-refuse", &["overlap=trim-or-refuse"], &["profile = \"refuse\""], &[]),
    quirk("overwrite", &["overlap=overwrite"], &["profile = \"trim\""], &[]),
    Case {
        name: "unreadable, refuses",
        readable: false,
        cleans_up: false,
        settings: &["profile = \"refuse\"", "ambiguous_close = \"fail\""],
        words: &["HEAD is answered 405", "cannot be read back"],
        ..STRICT
    },
    Case {
        name: "unreadable, trims",
        quirks: &["overlap=trim"],
        readable: false,
        cleans_up: false,
        settings: &["profile = \"unknown\""],
        words: &["cannot be read back"],
        ..STRICT
    },
    quirk("keeps parts", &["broken=keep"], &["profile = \"refuse\""], &["32768 of 32768 bytes were kept"]),
    quirk("bound", &["bind-connection=yes"], &["profile = \"refuse\""], &["sessions end with it"]),
    quirk("early 413", &["max-fragment=300KB"], &[], &["is refused with 413"]),
    quirk("html 404", &["max-fragment=300KB:html-404"], &[], &["request filter of IIS"]),
    quirk(
        "403 at the last fragment",
        &["existing=403:last-fragment"],
        &[],
        &["is refused at the last fragment (403", "overwrite = \"suffix\""],
    ),
    quirk("409 at close", &["existing=409:close"], &[], &["is refused at Close-Session (409"]),
    quirk("early file", &["publish=last-fragment"], &[], &["with its last fragment"]),
    quirk(
        "no empty files",
        &["zero-length=416"],
        &["zero_length = \"refuse\""],
        &["Close-Session was answered 416"],
    ),
    quirk(
        "empty files get lost",
        &["zero-length=ack-only"],
        &["zero_length = \"refuse\""],
        &["but nothing is stored"],
    ),
    quirk("upper-case GUID", &["protocol=upper"], &["guid = \"upper\""], &["in upper case"]),
    quirk("verb overridden", &["verb=override"], &["verb = \"override\""], &["X-Http-Method-Override"]),
    quirk("0x80200020", &["max-fragment=300KB:hresult"], &[], &["0x80200020 (the fragment, or the file)"]),
    quirk(
        "only HEAD",
        &["reads=head"],
        &["ambiguous_close = \"verify\"", "profile = \"refuse\""],
        &["GET does not give"],
    ),
    quirk("node", &["host-id=node7.example"], &[], &["node7.example"]),
    blocked(
        "filtered by verb",
        &["verb=filtered", "server=Microsoft-IIS/10.0"],
        &["IIS request filtering blocks BITS_POST"],
    ),
    blocked("asks for a domain account", &["auth=ntlm"], &["--credentials windows"]),
    blocked("uploads disabled", &["uploads=501"], &["501", "enable BITS uploads"]),
    blocked(
        "filtered like IIS",
        &["uploads=404", "server=Microsoft-IIS/10.0"],
        &["IIS request filtering blocks BITS_POST: add it to allowed verbs"],
    ),
    blocked("forbidden", &["auth=forbidden"], &["403"]),
    blocked("asks for credentials", &["auth=exact:Basic dTpw"], &["asks for credentials"]),
];
