//! Users with passwords, by a file as `htpasswd -B` writes it.
//!
//! ```text
//! alice:$argon2id$v=19$m=19456,t=2,p=1$…$…
//! bob:$2y$12$…
//! ```
//!
//! People choose passwords that can be guessed, so only hashes that are slow to try are taken: Argon2id and bcrypt, within
//! bounds on both sides. Too little is no protection when the file is lost; too much is a way to occupy this program.
//!
//! The hash is worked out on a thread of its own, a few at a time and within bounds of memory (`turns`). A password that
//! was right is remembered for a while by a keyed hash, together with the line that it was right for: so a line that is
//! changed or removed counts at once.

use super::cache::Cache;
use super::file::{BadLine, File, List, lines};
use super::trouble::Trouble;
use super::turns::{NoTurn, Turns};
use super::{GuardError, Tried, header, too_many, unavailable};
use crate::access::{Admitted, Denied};
use crate::upload::Principal;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use bcrypt::HashParts;
use http::HeaderMap;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a password that was right is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Costs of bcrypt that are taken: 2^10 rounds are 50 ms or so, 2^14 a second.
const BCRYPT_COST: std::ops::RangeInclusive<u32> = 10..=14;

/// KiB of memory that bcrypt takes.
const BCRYPT_MEMORY: u32 = 8;

/// KiB of memory that Argon2id may ask for, …
const ARGON2_MEMORY: std::ops::RangeInclusive<u32> = 7168..=65536;

/// … passes over them, …
const ARGON2_PASSES: std::ops::RangeInclusive<u32> = 1..=8;

/// … and lanes.
const ARGON2_LANES: std::ops::RangeInclusive<u32> = 1..=8;

/// The users of a file.
#[derive(Debug, Default)]
pub(super) struct Users {
    hashes: HashMap<String, Arc<str>>,
    /// The hash that the password of somebody unknown is compared with: that takes as long as for anybody else.
    any: Option<Arc<str>>,
}

impl Users {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Result<Users, BadLine> {
        let mut users = Users::default();
        for (number, line) in lines(text) {
            let bad = |why: &str| BadLine::new(number, why);
            let (user, hash) =
                line.split_once(':').ok_or_else(|| bad("is not a user name, a colon and a hash"))?;
            if user.is_empty() || user.chars().any(char::is_control) {
                return Err(bad("the user name is empty, or has control characters"));
            }
            check(hash).map_err(|why| BadLine::new(number, why))?;
            let hash: Arc<str> = hash.into();
            users.any.get_or_insert_with(|| Arc::clone(&hash));
            if users.hashes.insert(user.to_owned(), hash).is_some() {
                return Err(bad("the same user stands further up, too"));
            }
        }
        Ok(users)
    }
}

impl List for Users {
    fn lets_anybody_in(&self) -> bool {
        !self.hashes.is_empty()
    }
}

/// Whether a hash is one that protects a password, and can be worked out in bounded time and memory.
fn check(hash: &str) -> Result<(), String> {
    let rest = hash.strip_prefix('$').unwrap_or_default();
    match rest.split('$').next().unwrap_or_default() {
        "2a" | "2b" | "2y" => {
            let parts: HashParts = hash.parse().map_err(|_| "the bcrypt hash is damaged".to_owned())?;
            within("the cost of the bcrypt hash", parts.get_cost(), BCRYPT_COST)
        }
        "argon2id" => {
            let damaged = "the argon2id hash is damaged";
            let parsed = PasswordHash::new(hash).map_err(|_| damaged.to_owned())?;
            let params = Params::try_from(&parsed).map_err(|_| damaged.to_owned())?;
            if parsed.version != Some(19) || parsed.hash.is_none() || parsed.salt.is_none() {
                return Err("the argon2id hash is not of version 19, or not whole".to_owned());
            }
            within("the memory (m) of the argon2id hash", params.m_cost(), ARGON2_MEMORY)?;
            within("the passes (t) of the argon2id hash", params.t_cost(), ARGON2_PASSES)?;
            within("the lanes (p) of the argon2id hash", params.p_cost(), ARGON2_LANES)
        }
        kind => {
            let name = match kind {
                "apr1" => "MD5 (apr1)",
                "1" => "MD5-crypt",
                "5" => "SHA-256-crypt",
                "6" => "SHA-512-crypt",
                "2x" | "2" => "bcrypt of a broken kind",
                "argon2i" | "argon2d" => "Argon2 of another kind than argon2id",
                _ if hash.starts_with("{SHA}") => "SHA-1",
                _ if hash.len() == 13 => "crypt or a plain password",
                _ => "a hash of an unknown kind, or a plain password",
            };
            Err(format!(
                "{name} is not taken: use bcrypt or argon2id (put2bits hash --user makes such a line)"
            ))
        }
    }
}

fn within(what: &str, value: u32, bounds: std::ops::RangeInclusive<u32>) -> Result<(), String> {
    match bounds.contains(&value) {
        true => Ok(()),
        false => Err(format!("{what} is {value}, and not from {} to {}", bounds.start(), bounds.end())),
    }
}

/// Whether it is the password of that hash. Takes its time.
fn is_right(password: &[u8], hash: &str) -> bool {
    match hash.starts_with("$argon2id$") {
        true => Argon2::default().verify_password(password, hash).is_ok(),
        // bcrypt sees 72 bytes: what is longer is nobody's, and not the same as what it begins with.
        false => password.len() <= 72 && bcrypt::verify(password, hash).unwrap_or(false),
    }
}

/// The hash of a password, with the costs that are recommended.
pub(super) fn hash(password: &[u8]) -> Result<String, String> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// KiB of memory that working out a hash takes.
fn memory(hash: &str) -> u32 {
    let params = || Params::try_from(&PasswordHash::new(hash).ok()?).ok();
    match hash.starts_with("$argon2id$") {
        // Every hash has been read before, so the largest is never needed.
        true => params().map_or(*ARGON2_MEMORY.end(), |params| params.m_cost()),
        false => BCRYPT_MEMORY,
    }
}

/// Lets the users of a file in.
#[derive(Debug)]
pub(super) struct Basic {
    pub(super) file: File<Users>,
    right: Cache<()>,
    turns: Turns,
    trouble: Trouble,
}

impl Basic {
    pub(super) fn open(path: &Path, turns: Turns) -> Result<Self, GuardError> {
        let (file, right) = (File::open(path, Users::parse)?, Cache::new(REMEMBERED)?);
        Ok(Basic { file, right, turns, trouble: Trouble::default() })
    }

    /// What can be said without working out a hash.
    pub(super) fn glance(&self, headers: &HeaderMap) -> Tried {
        let Some((user, password)) = header::basic(headers) else { return Tried::Nothing };
        let users = self.file.get();
        let Some(hash) = users.hashes.get(&user) else { return Tried::Unsure };
        let mark = self.right.mark([user.as_bytes(), &password, hash.as_bytes()]);
        match self.right.get(&mark, Instant::now()) {
            Some(()) => Tried::In(admitted(user)),
            None => Tried::Unsure,
        }
    }

    /// Works out the hash. `may_try` is asked when it is its turn: many may have failed meanwhile.
    pub(super) async fn look(
        &self,
        headers: &HeaderMap,
        may_try: impl Fn() -> Result<(), u64> + Send,
    ) -> Result<Tried, Denied> {
        let Some((user, password)) = header::basic(headers) else { return Ok(Tried::Nothing) };
        let mut turn = self.turns.take().await.map_err(|NoTurn| self.too_busy())?;
        // Another request with the same password may have been first.
        if let Tried::In(admitted) = self.glance(headers) {
            return Ok(Tried::In(admitted));
        }
        may_try().map_err(too_many)?;
        let users = self.file.get();
        let (known, any) = (users.hashes.get(&user).cloned(), users.any.clone());
        let Some(hash) = known.clone().or(any) else { return Ok(Tried::Wrong) };
        let mark = self.right.mark([user.as_bytes(), &password, hash.as_bytes()]);
        turn.with_memory(memory(&hash)).await.map_err(|NoTurn| self.too_busy())?;
        let worked_out = tokio::task::spawn_blocking(move || {
            let is_right = is_right(&password, &hash);
            // Given back when it is done, also if nobody waits for it any more.
            drop(turn);
            is_right
        });
        match worked_out.await {
            Ok(true) if known.is_some() => {
                self.right.put(mark, (), Instant::now());
                Ok(Tried::In(admitted(user)))
            }
            Ok(_) => Ok(Tried::Wrong),
            Err(_) => Err(unavailable("the password could not be checked")),
        }
    }

    fn too_busy(&self) -> Denied {
        let why = "as many passwords are being checked as may, and more wait";
        self.trouble.denies(why, &format!("{} lets in only who is known: {why}", self.file.path().display()))
    }
}

fn admitted(user: String) -> Admitted {
    Admitted { principal: Some(Principal::named("basic", &user)), user: Some(user), ..Admitted::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "secret", by bcrypt of cost 10.
    fn bcrypt_line(user: &str) -> String {
        format!("{user}:{}", bcrypt::hash("secret", 10).unwrap())
    }

    #[test]
    fn hashes_of_both_kinds_know_their_password() {
        let argon2 = hash(b"secret").unwrap();
        let bcrypt = bcrypt::hash("secret", 10).unwrap();
        for hash in [argon2.as_str(), &bcrypt, &bcrypt.replace("$2b$", "$2y$")] {
            check(hash).unwrap();
            assert!(is_right(b"secret", hash), "{hash}");
            assert!(!is_right(b"Secret", hash) && !is_right(b"", hash), "{hash}");
        }
        let long = bcrypt::hash([b'x'; 72], 10).unwrap();
        assert!(is_right(&[b'x'; 72], &long) && !is_right(&[b'x'; 73], &long));
    }

    #[test]
    fn every_bad_line_is_told_without_what_it_says() {
        let good = bcrypt_line("alice");
        let argon2 = hash(b"secret").unwrap();
        for (text, line, part) in [
            ("planted".to_owned(), 1, "a colon"),
            (format!("{good}\n:{argon2}"), 2, "user name"),
            (format!("a\tb:{argon2}"), 1, "user name"),
            (format!("{good}\n\n{good}"), 3, "further up"),
            ("bob:planted".to_owned(), 1, "plain password"),
            ("bob:$apr1$r31.....$planted/HlV6vcpxYGDu3x.".to_owned(), 1, "MD5 (apr1)"),
            ("bob:{SHA}plantedplantedplantedplan=".to_owned(), 1, "SHA-1"),
            ("bob:$6$planted$planted".to_owned(), 1, "SHA-512-crypt"),
            ("bob:$1$planted$planted".to_owned(), 1, "MD5-crypt"),
            ("bob:plantedplante".to_owned(), 1, "crypt"),
            (format!("bob:{}", argon2.replace("argon2id", "argon2i")), 1, "another kind"),
            (format!("bob:{}", argon2.replace("v=19", "v=16")), 1, "version 19"),
            (format!("bob:{}", argon2.replace("m=19456", "m=4096")), 1, "4096, and not from 7168 to 65536"),
            (format!("bob:{}", argon2.replace("m=19456", "m=1048576")), 1, "memory (m)"),
            (format!("bob:{}", argon2.replace("t=2", "t=200")), 1, "passes (t)"),
            (format!("bob:{}", argon2.rsplit_once('$').unwrap().0), 1, "not whole"),
            ("bob:$argon2id$planted".to_owned(), 1, "damaged"),
            (format!("bob:{}", bcrypt::hash("secret", 4).unwrap()), 1, "4, and not from 10 to 14"),
            (good.replace("$10$", "$31$"), 1, "31, and not"),
            ("bob:$2y$10$planted".to_owned(), 1, "damaged"),
            (good.replace("$2b$", "$2x$"), 1, "broken kind"),
        ] {
            let bad = Users::parse(&text).unwrap_err();
            assert_eq!(bad.line, line, "{text}");
            assert!(bad.why.contains(part) && !bad.why.contains("planted"), "{text}: {}", bad.why);
        }
        let users = Users::parse(&format!("# users\n{good}\nbob:{argon2}\n")).unwrap();
        assert_eq!(users.hashes.len(), 2);
    }

    fn shown(user: &str, password: &str) -> HeaderMap {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let value = http::HeaderValue::try_from(format!("Basic {encoded}")).unwrap();
        [(http::header::AUTHORIZATION, value)].into_iter().collect()
    }

    #[tokio::test]
    async fn a_right_password_is_remembered_for_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        std::fs::write(&path, format!("{}\n{}\n", bcrypt_line("alice"), bcrypt_line("bob"))).unwrap();
        let basic = Basic::open(&path, Turns::default()).unwrap();
        let alice = shown("alice", "secret");
        assert!(matches!(basic.glance(&alice), Tried::Unsure));
        let Tried::In(admitted) = basic.look(&alice, || Ok(())).await.unwrap() else { panic!() };
        assert_eq!(admitted.user.as_deref(), Some("alice"));
        assert_eq!(admitted.principal, Some(Principal::named("basic", "alice")));
        assert!(matches!(basic.glance(&alice), Tried::In(_)));
        // Somebody else's password, a wrong one, somebody unknown: even the one that everybody unknown is compared with.
        for other in [shown("bob", "secret2"), shown("alice", "wrong"), shown("eve", "secret")] {
            assert!(matches!(basic.glance(&other), Tried::Unsure));
            assert!(matches!(basic.look(&other, || Ok(())).await, Ok(Tried::Wrong)));
            assert!(matches!(basic.glance(&other), Tried::Unsure), "it is not remembered");
        }
        let turned_away = basic.look(&shown("bob", "secret"), || Err(7)).await;
        assert!(turned_away.is_err());
        // A new line, even for the same password.
        std::fs::write(&path, bcrypt_line("alice")).unwrap();
        basic.file.refresh();
        assert!(matches!(basic.glance(&alice), Tried::Unsure));
        std::fs::write(&path, "").unwrap();
        basic.file.refresh();
        assert!(matches!(basic.look(&alice, || Ok(())).await, Ok(Tried::Wrong)));
    }

    /// Not a measurement: the same work is done, whoever it is.
    #[tokio::test]
    async fn somebody_unknown_takes_as_long() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        std::fs::write(&path, format!("alice:{}", bcrypt::hash("secret", 11).unwrap())).unwrap();
        let basic = Basic::open(&path, Turns::default()).unwrap();
        let mut times = Vec::new();
        for who in ["alice", "eve", "alice", "eve"] {
            let begun = Instant::now();
            assert!(matches!(basic.look(&shown(who, "wrong"), || Ok(())).await, Ok(Tried::Wrong)));
            times.push(begun.elapsed());
        }
        let least = times.iter().min().unwrap();
        assert!(*least > Duration::from_millis(10), "a hash was worked out each time: {times:?}");
    }
}
