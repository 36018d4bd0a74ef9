//! `put2bits check-config --try 'PUT https://host/path'`: what would become of a request. Asks nobody.

use super::Stop;
use super::exit::Exit;
use crate::app::{Preview, preview};
use crate::config::{Config, Size};
use crate::error::Failure;
use crate::limits::Limits;
use crate::resumable::Mode;
use crate::route::{Auth, DigestPolicy, Fit, Overwrite, Route, host};
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use std::io::{self, Write};

/// Width of the column of names.
const NAMES: usize = 11;

/// Routes that are told although the request does not take them.
const NOT_TAKEN: usize = 3;

/// Bytes of the file, if nobody says how many.
const LENGTH: u64 = 1000;

/// A request to be tried.
#[derive(Debug, clap::Args)]
pub(super) struct TryArgs {
    /// Instead of the configuration print what would become of a request, such as 'PUT https://host/path'
    #[arg(long = "try", value_name = "REQUEST")]
    request: Option<String>,
    /// A header of that request, as 'Name: value'; can be repeated
    #[arg(long, value_name = "HEADER", requires = "request")]
    header: Vec<String>,
    /// Size of its body [default: 1KB]
    #[arg(long, value_name = "SIZE", requires = "request")]
    length: Option<Size>,
    /// Who sends it, where the route asks for that
    #[arg(long, value_name = "NAME", requires = "request")]
    user: Option<String>,
}

impl TryArgs {
    /// Whether there is a request to be tried.
    pub(super) fn is_given(&self) -> bool {
        self.request.is_some()
    }

    /// Prints what would become of it.
    pub(super) fn run(self, config: &Config, out: &mut impl Write) -> Result<(), Stop> {
        let text = self.request.unwrap_or_default();
        let usage = |why: String| Stop::new(Exit::Usage, why);
        let head = head(&text, &self.header, self.length.map(|Size(bytes)| bytes)).map_err(usage)?;
        let result = preview(
            &head,
            &config.routes,
            &config.resumption,
            config.limits.max_upload,
            self.user.as_deref(),
        );
        writeln!(out, "{text}")?;
        // Where it would go, if it went anywhere, also explains a refusal.
        if !matches!(result, Ok(Preview::Resource)) {
            routes(config, &head, out)?;
        }
        match result {
            Ok(Preview::Resource) => {
                line(out, "is about", "an upload that was begun before, by resumption.prefix")?;
            }
            Ok(Preview::Capabilities(_)) => line(out, "answer", "200: uploads can be resumed here")?,
            Ok(Preview::Upload { route, destination, resumable, length }) => {
                line(out, "backend", &backend(&route))?;
                line(out, "who", who(&route.auth))?;
                line(out, "target", destination.target.as_str())?;
                line(out, "name", &String::from_utf8_lossy(destination.content_name.as_bytes()))?;
                line(out, "overwrite", overwrite(route.overwrite))?;
                carried(&route, &head, out)?;
                limits(&route, &config.limits, length, out)?;
                line(out, "digest", digest(route.digest))?;
                line(out, "resumption", &resumption(&route, resumable))?;
            }
            Err(failure) => refused(&failure, out)?,
        }
        Ok(())
    }
}

/// The head as it would come.
fn head(text: &str, fields: &[String], length: Option<u64>) -> Result<Parts, String> {
    let wanted = || format!("--try {text:?}: a request is a method and a URL, as in 'PUT https://host/path'");
    let (method, url) = text.trim().split_once(' ').ok_or_else(wanted)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| wanted())?;
    let url: Uri = url.trim().parse().map_err(|error| format!("--try {text:?}: {error}"))?;
    let is_url = url.authority().is_none() || matches!(url.scheme_str(), Some("http" | "https"));
    if !is_url || url.path().is_empty() {
        return Err(wanted());
    }
    let (mut head, ()) = Request::new(()).into_parts();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|error| format!("--try {text:?}: {error}"))?;
    let authority = url.authority().map_or("localhost", |authority| authority.as_str());
    let authority = HeaderValue::from_str(authority).map_err(|_| wanted())?;
    head.headers.insert(HOST, authority);
    let mut is_open = [Method::PUT, Method::POST].contains(&method);
    head.method = method;
    for field in fields {
        let bad = || format!("--header {field:?}: a header is written 'Name: value'");
        let (name, value) = field.split_once(':').ok_or_else(bad)?;
        let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| bad())?;
        is_open &= ![CONTENT_LENGTH, http::header::TRANSFER_ENCODING].contains(&name);
        if name == HOST {
            head.headers.insert(name, value);
        } else {
            head.headers.append(name, value);
        }
    }
    if length.is_some() || is_open {
        head.headers.insert(CONTENT_LENGTH, length.unwrap_or(LENGTH).into());
    }
    Ok(head)
}

fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{}", format!("{name:NAMES$}{value}").trim_end())
}

fn routes(config: &Config, head: &Parts, out: &mut impl Write) -> io::Result<()> {
    let host = host(&head.uri, &head.headers);
    let mut fits: Vec<_> = config.routes.explain(host.as_deref(), head.uri.path()).collect();
    // The nearest first: those that nearly took it.
    fits.sort_by_key(|(_, fit)| match fit {
        Fit::Taken | Fit::OtherHostSaysMore | Fit::OtherPrefixIsLonger => 0,
        Fit::OtherPath => 1,
        Fit::OtherHost => 2,
    });
    let taken = fits.iter().find(|(_, fit)| *fit == Fit::Taken);
    line(out, "route", &taken.map_or("none".to_owned(), |(route, _)| route.label()))?;
    let others = fits.iter().filter(|(_, fit)| *fit != Fit::Taken);
    for (route, fit) in others.clone().take(NOT_TAKEN) {
        let why = match fit {
            Fit::Taken => "",
            Fit::OtherHostSaysMore => "another route says more about the host",
            Fit::OtherPrefixIsLonger => "another route has a longer path",
            Fit::OtherHost => "is for other hosts",
            Fit::OtherPath => "is for other paths",
        };
        line(out, "  not", &format!("{}: {why}", route.label()))?;
    }
    match others.count().saturating_sub(NOT_TAKEN) {
        0 => Ok(()),
        more => line(out, "  not", &format!("{more} more")),
    }
}

/// Where its files go, with the name of its `[[backend]]` if it has one.
fn backend(route: &Route) -> String {
    match route.server.name.as_str() {
        "" => route.backend.to_string(),
        name => format!("{name}, {}", route.backend),
    }
}

fn carried(route: &Route, head: &Parts, out: &mut impl Write) -> io::Result<()> {
    let carried = route.carried(&head.headers);
    for (name, value) in carried.headers() {
        let value = match is_secret(name) {
            true => "(hidden)".into(),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        line(out, "carries", &format!("{name}: {value}"))?;
    }
    for (name, path) in carried.files() {
        line(out, "carries", &format!("{name}: (what is in {})", path.display()))?;
    }
    Ok(())
}

/// Whether the value of a field may be a secret, by its name. A screen is seen by many.
fn is_secret(name: &HeaderName) -> bool {
    const WORDS: [&str; 9] =
        ["auth", "cookie", "credential", "key", "passw", "secret", "session", "signature", "token"];
    WORDS.iter().any(|word| name.as_str().contains(word))
}

fn limits(route: &Route, limits: &Limits, length: Option<u64>, out: &mut impl Write) -> io::Result<()> {
    let length = length.map_or("not said".to_owned(), |length| Size(length).to_string());
    let most = Size(route.largest(limits.max_upload));
    line(out, "length", &format!("{length}; {most} at most"))?;
    let running =
        route.max_running.map_or(limits.uploads.max_running, |own| own.min(limits.uploads.max_running));
    line(out, "at once", &format!("{running} uploads at most"))
}

const fn who(auth: &Auth) -> &'static str {
    match auth {
        Auth::Open => "everybody: nobody is asked here",
        Auth::Bearer(_) => "whoever has a token (401 without one)",
        Auth::Basic(_) => "users with their passwords (401 without one)",
        Auth::Certificate(_) => "clients with a certificate of a listed name",
        Auth::Forward(_) => "whoever the authority lets in that is asked for every request",
    }
}

const fn overwrite(policy: Overwrite) -> &'static str {
    match policy {
        Overwrite::Pass => "pass: the backend decides whether it overwrites",
        Overwrite::Refuse => "refuse: 409 if the backend has the file, 502 if it does not tell",
        Overwrite::Suffix => "suffix: another name if the backend has the file, or does not tell",
    }
}

const fn digest(policy: DigestPolicy) -> &'static str {
    match policy {
        DigestPolicy::Accept => "accept: checked, if one is sent",
        DigestPolicy::Require => "require: checked, and there has to be one",
        DigestPolicy::Ignore => "ignore: nobody looks at it",
    }
}

fn resumption(route: &Route, resumable: Option<&str>) -> String {
    match (resumable, route.resumption) {
        (Some(version), _) => format!("yes: the client gets a 104, in version {version}"),
        (None, Mode::Off) => "off for this route".to_owned(),
        (None, _) => "no: the request does not ask for it".to_owned(),
    }
}

fn refused(failure: &Failure, out: &mut impl Write) -> io::Result<()> {
    let row = failure.problem.row();
    line(out, "answer", &format!("{} {}: {}", row.status.as_u16(), row.code, failure.detail))?;
    match row.advice {
        "" => Ok(()),
        advice => line(out, "", advice),
    }
}
