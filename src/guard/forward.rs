//! Asks an authority whether a request may come in, as nginx (`auth_request`) and Traefik (`ForwardAuth`) do.
//!
//! It is a GET without a body, with the chosen fields of the request and what is said about it in `X-Forwarded-*`, which
//! nobody else can say: the client's own ones do not get there. 2xx lets it in, 401 and 403 are passed on, and whatever
//! else happens keeps it out. Redirects are not followed: a page to log in at is no answer to an upload.

use super::cache::{Cache, Mark};
use super::trouble::Trouble;
use super::{GuardError, Tried};
use crate::access::{Admitted, Denied, Visit};
use crate::error::{Failure, Problem, with_causes};
use crate::route::Forward;
use crate::upload::Principal;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::uri::Uri;
use http::{Method, StatusCode};
use reqwest::{Response, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections to it that are kept while nobody needs them.
const IDLE: usize = 8;
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Longest values that are taken over from its answer, together.
const MAX_COPIED: usize = 8 << 10;

/// Most challenges that are passed on, and the longest one.
const MAX_CHALLENGES: usize = 4;
const MAX_CHALLENGE: usize = 1 << 10;

/// Longest name of a user in the log.
const MAX_USER: usize = 128;

/// What is said about a request.
const SAYS: [HeaderName; 5] = [
    HeaderName::from_static("x-forwarded-method"),
    HeaderName::from_static("x-forwarded-uri"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-for"),
];

/// An authority, and what it said lately.
#[derive(Debug)]
pub(super) struct Authority {
    terms: Forward,
    http: reqwest::Client,
    yes: Cache<Admitted>,
    trouble: Trouble,
}

impl Authority {
    pub(super) fn new(terms: &Forward) -> Result<Self, GuardError> {
        let unusable = |why: String| GuardError::Authority { url: shown(&terms.url), why };
        let http = reqwest::Client::builder()
            .user_agent(concat!("put2bits/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls(terms)?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .referer(false)
            .timeout(terms.timeout)
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_TIME)
            .build()
            .map_err(|error| unusable(with_causes(&error)))?;
        let yes = Cache::new(terms.cache)?;
        Ok(Authority { terms: terms.clone(), http, yes, trouble: Trouble::default() })
    }

    /// What it said about the same request lately.
    pub(super) fn glance(&self, visit: Visit<'_>) -> Tried {
        let mark = self.mark(&self.question(visit));
        self.yes.get(&mark, Instant::now()).map_or(Tried::Unsure, Tried::In)
    }

    /// Asks it.
    pub(super) async fn ask(&self, visit: Visit<'_>) -> Result<Tried, Denied> {
        let question = self.question(visit);
        let answer = match self.send(&question).await {
            // A connection that was kept may have ended at the other end, at this very moment.
            Err(error) if !error.is_timeout() && !error.is_connect() => self.send(&question).await,
            answer => answer,
        };
        let answer = answer.map_err(|error| self.silent(&with_causes(&error.without_url())))?;
        match answer.status() {
            status if status.is_success() => {
                let admitted = self.admitted(&answer, visit).map_err(|why| self.silent(&why))?;
                self.yes.put(self.mark(&question), admitted.clone(), Instant::now());
                Ok(Tried::In(admitted))
            }
            StatusCode::UNAUTHORIZED => {
                let failure =
                    Failure::new(Problem::Unauthorized, "the authority does not take the credentials");
                let fits = |value: &&HeaderValue| value.len() <= MAX_CHALLENGE;
                let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter(fits);
                let challenges = challenges.take(MAX_CHALLENGES).cloned().collect();
                let shows = |name: &HeaderName| question.contains_key(name);
                let was_attempt = self.terms.headers.iter().any(shows);
                let denied = Denied { challenges, ..Denied::new(failure) };
                Ok(Tried::Refused { denied, was_attempt })
            }
            StatusCode::FORBIDDEN => Ok(Tried::Refused { denied: self.refused(&answer), was_attempt: false }),
            status => Err(self.silent(&format!("it answers {}", status.as_u16()))),
        }
    }

    async fn send(&self, question: &HeaderMap) -> Result<Response, reqwest::Error> {
        let url = self.terms.url.to_string();
        self.http.request(Method::GET, url).headers(question.clone()).send().await
    }

    /// All that it gets to see.
    fn question(&self, visit: Visit<'_>) -> HeaderMap {
        let mut question = HeaderMap::new();
        for name in &self.terms.headers {
            for value in visit.head.headers.get_all(name) {
                question.append(name, value.clone());
            }
        }
        let authority = visit.head.uri.authority().map(|authority| authority.as_str().to_owned());
        let host = visit.head.headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let proto = if visit.peer.encrypted { "https" } else { "http" };
        let said = [
            visit.head.method.to_string(),
            visit.uri.to_owned(),
            visit.host.map(str::to_owned).or(authority).or(host).unwrap_or_default(),
            proto.to_owned(),
            visit.client.ip().to_canonical().to_string(),
        ];
        for (name, value) in SAYS.into_iter().zip(said) {
            // All of it came out of a head, so it fits into one.
            if let Ok(value) = HeaderValue::try_from(value) {
                question.insert(name, value);
            }
        }
        question
    }

    fn mark(&self, question: &HeaderMap) -> Mark {
        let fields = question.iter().flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        self.yes.mark(fields)
    }

    /// What it says about whom it lets in.
    fn admitted(&self, answer: &Response, visit: Visit<'_>) -> Result<Admitted, String> {
        let mut headers = HeaderMap::new();
        let mut size = 0;
        for name in &self.terms.copy {
            for value in answer.headers().get_all(name) {
                size += name.as_str().len() + value.len();
                headers.append(name, value.clone());
            }
        }
        if size > MAX_COPIED {
            return Err(format!("the fields of its answer have more than {MAX_COPIED} bytes"));
        }
        let who = self.terms.copy.iter().find_map(|name| headers.get(name));
        let user =
            who.and_then(|value| value.to_str().ok()).map(|user| user.chars().take(MAX_USER).collect());
        let principal = match who {
            Some(who) => Some(Principal::named("forward", &String::from_utf8_lossy(who.as_bytes()))),
            // It says no name: whoever shows the same is the same.
            None => Principal::of(&visit.head.headers, &self.terms.headers),
        };
        Ok(Admitted { principal, user, headers })
    }

    /// It knows the client, perhaps by name, and does not let it in.
    fn refused(&self, answer: &Response) -> Denied {
        // Further fields may be secrets.
        let named = self.terms.copy.first().and_then(|name| Some((name, answer.headers().get(name)?)));
        let whom = named.map(|(name, who)| {
            let who: String = String::from_utf8_lossy(who.as_bytes()).chars().take(MAX_USER).collect();
            format!(" ({name}: {who:?})")
        });
        let cause = format!("{} answers 403{}", shown(&self.terms.url), whom.unwrap_or_default());
        let detail = "the authority does not let this client upload here";
        Denied::new(Failure { cause: Some(cause), ..Failure::new(Problem::AccessDenied, detail) })
    }

    /// Nobody gets in while it does not say so.
    fn silent(&self, why: &str) -> Denied {
        let line = format!("the authority {} lets nobody in: {why}", shown(&self.terms.url));
        self.trouble.denies("the authority that decides about it does not answer as it should", &line)
    }
}

/// The URL without its query, which may hold a key.
fn shown(url: &Uri) -> String {
    format!(
        "{}://{}{}",
        url.scheme_str().unwrap_or("http"),
        url.authority().map_or("", |authority| authority.as_str()),
        url.path()
    )
}

fn tls(terms: &Forward) -> Result<ClientConfig, GuardError> {
    let mut roots = RootCertStore::empty();
    match &terms.ca {
        Some(path) => add_from(path, &mut roots)?,
        None if terms.url.scheme_str() == Some("https") => {
            // What the system has and can't be read is of no use to anybody else either.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        None => {}
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder =
        builder.map_err(|error| GuardError::Authority { url: shown(&terms.url), why: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The roots of a file, of which there has to be one.
fn add_from(path: &Path, roots: &mut RootCertStore) -> Result<(), GuardError> {
    let unreadable = |source| GuardError::File { key: "auth_ca", path: path.to_owned(), source };
    let text = fs::read(path).map_err(unreadable)?;
    let wrong = || GuardError::Certificates { path: path.to_owned() };
    for certificate in CertificateDer::pem_slice_iter(&text) {
        roots.add(certificate.map_err(|_| wrong())?).map_err(|_| wrong())?;
    }
    if roots.is_empty() { Err(wrong()) } else { Ok(()) }
}
