//! Who may upload: each route's [`Auth`] put into practice.
//!
//! ```text
//!  request ──► glance ── is it known already, or is nothing shown? ── in / 401 + challenge
//!                │ nobody can say yet
//!              throttle ── has its network failed too often? ── 429, and nothing is hashed or asked
//!                │
//!               look ── work out a hash, or ask the authority ── in / 401 / 403 / 503
//! ```
//!
//! - `bearer`, `basic`: files of hashes (`file` reads them, and again when they change), of tokens and of passwords.
//! - `forward`: another service is asked.
//! - `cache` remembers a "yes" without remembering credentials, `throttle` counts the failures of each network, `trouble`
//!   says seldom why nobody can be judged.
//!
//! Whoever cannot be judged is kept out. Nothing here logs or keeps what a client showed. A wrong line of a file is told
//! by its number.
//!
//! **What is asked when.** The head of a request is checked first, then this, and only then is its body asked for and the
//! backend contacted. To the URL of an upload, strangers are told that there is no such upload. A capability check
//! (OPTIONS) is answered without: what it says is the same for everybody, and clients ask before they have credentials.

mod basic;
mod bearer;
mod cache;
mod certificate;
mod error;
mod file;
mod forward;
mod header;
mod throttle;
mod trouble;
mod turns;

use crate::access::{Admitted, Denied, Guard, Visit};
use crate::error::{Failure, Problem};
use crate::route::{Auth, PeerName, Routes};
use crate::transfer::network;
use crate::upload::Principal;
use basic::Basic;
use bearer::Tokens;
pub use error::GuardError;
use file::File;
use forward::Authority;
use http::HeaderValue;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use throttle::Throttle;
use trouble::unavailable;
use turns::Turns;

/// Between two looks at the files.
const PAUSE: Duration = Duration::from_secs(2);

/// What a look at a request gave.
#[derive(Debug)]
enum Tried {
    /// It may come in.
    In(Admitted),
    /// It shows no credentials. That is no attempt: many clients wait to be asked.
    Nothing,
    /// It shows wrong ones.
    Wrong,
    /// Somebody else keeps it out, in these words.
    Refused {
        /// The words.
        denied: Denied,
        /// Credentials were tried that were wrong.
        was_attempt: bool,
    },
    /// That would take a closer look.
    Unsure,
}

/// How one kind of routes is guarded.
#[derive(Debug)]
enum Gate {
    Bearer(File<Tokens>),
    Basic(Basic),
    Certificate(Vec<PeerName>),
    Forward(Authority),
}

/// The guards of all routes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guards(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Routes that are guarded in the same way share what is known.
    gates: HashMap<Auth, Gate>,
    throttle: Throttle,
}

impl Guards {
    /// Reads the files that the routes name.
    ///
    /// # Errors
    /// If a file can't be used, or an authority can't be asked. Whether it answers shows later.
    pub fn new(routes: &Routes) -> Result<Self, GuardError> {
        let (mut gates, turns) = (HashMap::new(), Turns::default());
        for auth in routes.iter().map(|route| &route.auth) {
            if gates.contains_key(auth) {
                continue;
            }
            let gate = match auth {
                Auth::Open => continue,
                Auth::Bearer(path) => Gate::Bearer(File::open(path, Tokens::parse)?),
                Auth::Basic(path) => Gate::Basic(Basic::open(path, turns.clone())?),
                Auth::Certificate(names) => Gate::Certificate(names.clone()),
                Auth::Forward(terms) => Gate::Forward(Authority::new(terms)?),
            };
            gates.insert(auth.clone(), gate);
        }
        Ok(Guards(Arc::new(Inner { gates, throttle: Throttle::default() })))
    }

    /// Whether there are files that may change.
    pub fn has_files(&self) -> bool {
        self.0.gates.values().any(|gate| matches!(gate, Gate::Bearer(_) | Gate::Basic(_)))
    }

    /// What is allowed in the files, and yet hardly meant: that one lets nobody in.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.0.gates.values().filter_map(|gate| match gate {
            Gate::Bearer(file) => file.warning(),
            Gate::Basic(basic) => basic.file.warning(),
            Gate::Certificate(_) | Gate::Forward(_) => None,
        })
    }

    /// Looks at the files every two seconds, for ever, and reads those that have changed. For a thread that may wait for a
    /// disk.
    pub async fn watch(self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            for gate in self.0.gates.values() {
                match gate {
                    Gate::Bearer(file) => file.refresh(),
                    Gate::Basic(basic) => basic.file.refresh(),
                    Gate::Certificate(_) | Gate::Forward(_) => {}
                }
            }
        }
    }

    /// `counts`: a failure counts against the client's network, and too many keep it out.
    async fn decide(&self, visit: Visit<'_>, counts: bool) -> Result<Admitted, Denied> {
        if visit.route.auth == Auth::Open {
            return Ok(Admitted::default());
        }
        // Every route has its gate. If there were none, nobody would get in.
        let Some(gate) = self.0.gates.get(&visit.route.auth) else {
            return Err(unavailable("the route has no guard"));
        };
        let network = network(visit.client.ip());
        // Fails with the seconds after which it may.
        let may_try = || match counts {
            true => self.0.throttle.check(network, Instant::now()),
            false => Ok(()),
        };
        let mut tried = gate.glance(visit);
        if matches!(tried, Tried::Unsure) {
            let unjudged = |denied: Denied| Denied { claims: gate.claims(visit), ..denied };
            may_try().map_err(too_many).map_err(unjudged)?;
            tried = gate.look(visit, may_try).await.map_err(unjudged)?;
        }
        let (denied, was_attempt) = match tried {
            Tried::In(admitted) => return Ok(admitted),
            Tried::Nothing => (gate.missing(), false),
            Tried::Wrong => (gate.wrong(), true),
            Tried::Refused { denied, was_attempt } => (denied, was_attempt),
            Tried::Unsure => (unavailable("the guard of the route came to no end"), false),
        };
        if was_attempt && counts {
            // That they are wrong is certain.
            may_try().map_err(|seconds| Denied { undecided: false, ..too_many(seconds) })?;
            self.0.throttle.failed(network, Instant::now());
        }
        Err(denied)
    }
}

impl Guard for Guards {
    async fn admit(&self, visit: Visit<'_>) -> Result<Admitted, Denied> {
        self.decide(visit, true).await
    }

    async fn confirm(&self, visit: Visit<'_>) -> Result<Admitted, Denied> {
        self.decide(visit, false).await
    }
}

impl Gate {
    /// What can be said at once.
    fn glance(&self, visit: Visit<'_>) -> Tried {
        match self {
            Gate::Bearer(file) => {
                let Some(shown) = header::credentials(&visit.head.headers, "Bearer") else {
                    return Tried::Nothing;
                };
                match file.get().find(shown, SystemTime::now()) {
                    Some(name) => Tried::In(known("bearer", name)),
                    None => Tried::Wrong,
                }
            }
            Gate::Basic(basic) => basic.glance(&visit.head.headers),
            Gate::Certificate(allowed) => certificate::glance(&visit.peer.names, allowed),
            Gate::Forward(authority) => authority.glance(visit),
        }
    }

    /// What takes time.
    async fn look(
        &self,
        visit: Visit<'_>,
        may_try: impl Fn() -> Result<(), u64> + Send,
    ) -> Result<Tried, Denied> {
        match self {
            Gate::Basic(basic) => basic.look(&visit.head.headers, may_try).await,
            Gate::Forward(authority) => authority.ask(visit).await,
            Gate::Bearer(_) | Gate::Certificate(_) => Ok(Tried::Unsure),
        }
    }

    /// Who a request says it is. Nobody has checked that.
    fn claims(&self, visit: Visit<'_>) -> Option<Box<Principal>> {
        match self {
            Gate::Basic(_) => {
                let shown = header::basic(&visit.head.headers);
                shown.map(|(user, _)| Box::new(Principal::named("basic", &user)))
            }
            Gate::Bearer(_) | Gate::Certificate(_) | Gate::Forward(_) => None,
        }
    }

    fn missing(&self) -> Denied {
        match self {
            Gate::Bearer(_) => self.challenge("no token was sent"),
            _ => self.challenge("no user name and password were sent"),
        }
    }

    fn wrong(&self) -> Denied {
        match self {
            Gate::Basic(_) => self.challenge("the user name or the password is wrong"),
            _ => self.challenge("the token is wrong, or not valid any more"),
        }
    }

    fn challenge(&self, why: &str) -> Denied {
        let challenge = match self {
            Gate::Basic(_) => r#"Basic realm="put2bits", charset="UTF-8""#,
            _ => r#"Bearer realm="put2bits""#,
        };
        let failure = Failure::new(Problem::Unauthorized, why);
        Denied { challenges: vec![HeaderValue::from_static(challenge)], ..Denied::new(failure) }
    }
}

fn known(kind: &str, name: &str) -> Admitted {
    let principal = Some(Principal::named(kind, name));
    Admitted { principal, user: Some(name.to_owned()), ..Admitted::default() }
}

fn too_many(seconds: u64) -> Denied {
    let detail = "too many attempts with wrong credentials came from this network";
    let failure = Failure::new(Problem::TooManyAttempts, detail);
    let denied = Denied::new(Failure { retry_after: Some(seconds), ..failure });
    Denied { undecided: true, ..denied }
}

/// The line of a file of tokens for this one.
///
/// # Errors
/// If the name does not fit into such a line, or the token is none: too short, or not to be sent.
pub fn token_line(name: &str, token: &[u8]) -> Result<String, String> {
    match bearer::is_name(name) {
        true => bearer::check(token).map(|()| bearer::line(name, token)).map_err(str::to_owned),
        false => Err("a name may have up to 64 letters, digits and . _ - @ +".to_owned()),
    }
}

/// The line of a file of users for this one, by Argon2id.
///
/// # Errors
/// If the name does not fit into such a line, or the system has no randomness.
pub fn user_line(user: &str, password: &[u8]) -> Result<String, String> {
    let line = format!("{user}:{}", basic::hash(password)?);
    match user.starts_with('#') || user.contains(':') || user.trim() != user {
        true => Err("a user name has no ':', no '#' at its beginning, and no blanks around it".to_owned()),
        false => basic::Users::parse(&line).map(|_| line).map_err(|bad| bad.why),
    }
}

/// A new token: 256 random bits.
///
/// # Errors
/// If the system has no randomness.
pub fn new_token() -> Result<String, getrandom::Error> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests;
