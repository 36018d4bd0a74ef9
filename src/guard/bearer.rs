//! Bearer tokens, by a file of their hashes.
//!
//! ```text
//! # name  hash of the token                                                        not valid from this day on (UTC)
//! alice   sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
//! phones  sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7  2027-01-01
//! ```
//!
//! A name may have several tokens: that is how one is exchanged for another while uploads are under way. A token is a
//! long random text that nobody chose, so there is nothing to guess, and a plain SHA-256 hides it as well as a slow hash
//! would. (A password that a person chose is another matter: see `basic`.)

use super::file::{BadLine, List, lines};
use sha2::{Digest, Sha256};
use std::time::SystemTime;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

/// What stands before a hash.
pub(super) const SCHEME: &str = "sha256:";

/// Shortest token for which a line is made, in bytes: 120 bits, if it is random.
const SHORTEST: usize = 20;

/// Longest name, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// All tokens of a file.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Token>);

#[derive(Debug)]
struct Token {
    name: String,
    hash: [u8; 32],
    expires: Option<SystemTime>,
}

impl Tokens {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Result<Tokens, BadLine> {
        let mut tokens: Vec<Token> = Vec::new();
        for (number, line) in lines(text) {
            let token = token(line).map_err(|why| BadLine::new(number, why))?;
            if tokens.iter().any(|other| other.hash == token.hash) {
                return Err(BadLine::new(number, "the same token stands further up, too"));
            }
            tokens.push(token);
        }
        Ok(Tokens(tokens))
    }

    /// Whose token it is. All are compared, and each takes the same time: how long it takes tells nothing of how near a
    /// guess came.
    pub(super) fn find(&self, shown: &[u8], now: SystemTime) -> Option<&str> {
        const NONE: u32 = u32::MAX;
        let hash: [u8; 32] = Sha256::digest(shown).into();
        let mut found = NONE;
        for (number, token) in (0..NONE).zip(&self.0) {
            let is_it = token.hash.ct_eq(&hash) & Choice::from(u8::from(token.is_valid(now)));
            found.conditional_assign(&number, is_it);
        }
        self.0.get(found as usize).map(|token| token.name.as_str())
    }
}

impl List for Tokens {
    fn lets_anybody_in(&self) -> bool {
        let now = SystemTime::now();
        self.0.iter().any(|token| token.is_valid(now))
    }
}

impl Token {
    fn is_valid(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

fn token(line: &str) -> Result<Token, &'static str> {
    let mut words = line.split_whitespace();
    let (name, hash, expires) = (words.next().unwrap_or_default(), words.next(), words.next());
    if !is_name(name) {
        return Err("the name may have up to 64 letters, digits and . _ - @ +");
    }
    let hash = hash.and_then(|hash| hash.strip_prefix(SCHEME)).and_then(unhex).ok_or(
        "behind the name there is no 'sha256:' with 64 hexadecimal digits (put2bits hash --token makes such a line)",
    )?;
    let expires =
        expires.map(|day| midnight(day).ok_or("the expiry is not a day such as 2027-01-01")).transpose()?;
    if words.next().is_some() {
        return Err("there is more behind the expiry");
    }
    Ok(Token { name: name.to_owned(), hash, expires })
}

/// What may be called so in a file of tokens.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
    let bytes: Vec<u8> = digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (text.len() == 64).then(|| bytes.try_into().ok())?
}

/// The first moment of a day.
fn midnight(day: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).ok()
}

/// Whether a text can be a token: long enough that nobody guesses it, and fit to be sent (RFC 6750 §2.1).
pub(super) fn check(token: &[u8]) -> Result<(), &'static str> {
    if token.len() < SHORTEST {
        return Err("a token has 20 characters at least, and nobody chose them: --generate makes one");
    }
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    match token.iter().all(fits) {
        true => Ok(()),
        false => Err("a token has letters, digits and - . _ ~ + / = only"),
    }
}

/// The line for a token.
pub(super) fn line(name: &str, token: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut line = format!("{name} {SCHEME}");
    for byte in Sha256::digest(token) {
        // Writing to a string can't fail.
        let _ = write!(line, "{byte:02x}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_token_belongs_to_its_name() {
        let text = format!(
            "# tokens\n{}\n\n{}\n  {}  \n",
            line("alice", b"a"),
            line("bob", b"b"),
            line("alice", b"c")
        );
        let (tokens, now) = (Tokens::parse(&text).unwrap(), SystemTime::now());
        for (shown, name) in
            [("a", Some("alice")), ("b", Some("bob")), ("c", Some("alice")), ("d", None), ("", None)]
        {
            assert_eq!(tokens.find(shown.as_bytes(), now), name, "{shown}");
        }
        assert_eq!(Tokens::default().find(b"a", now), None);
        let upper = line("alice", b"a").replace(SCHEME, "").to_uppercase().replace("ALICE ", "alice sha256:");
        assert_eq!(Tokens::parse(&upper).unwrap().find(b"a", now), Some("alice"));
    }

    #[test]
    fn what_can_be_a_token() {
        for (token, good) in [
            ("aB3-._~+/=aB3-._~+/=", true),
            ("aB3-._~+/=aB3-._~+/", false),
            ("hunter2", false),
            ("a token with blanks in it", false),
            ("tökentökentökentökentöken", false),
        ] {
            assert_eq!(check(token.as_bytes()).is_ok(), good, "{token}");
        }
    }

    #[test]
    fn a_token_ends_with_its_day() {
        let tokens = Tokens::parse(&format!("{} 1970-01-03", line("alice", b"a"))).unwrap();
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(tokens.find(b"a", UNIX_EPOCH + 2 * day - Duration::from_nanos(1)), Some("alice"));
        assert_eq!(tokens.find(b"a", UNIX_EPOCH + 2 * day), None);
        assert!(!tokens.lets_anybody_in() && !Tokens::default().lets_anybody_in());
        assert!(Tokens::parse(&line("alice", b"a")).unwrap().lets_anybody_in());
    }

    #[test]
    fn every_bad_line_is_told_without_what_it_says() {
        let good = line("alice", b"a");
        let hash = good.split_once(' ').unwrap().1;
        for (text, line, part) in [
            ("planted-secret".to_owned(), 1, "no 'sha256:'"),
            (format!("{good}\nbob planted-secret"), 2, "no 'sha256:'"),
            (format!("bob {}", &hash[..hash.len() - 1]), 1, "64 hexadecimal"),
            (format!("bob {hash}0"), 1, "64 hexadecimal"),
            (format!("bob {}g", &hash[..hash.len() - 1]), 1, "64 hexadecimal"),
            (format!("bob SHA256:{}", &hash[7..]), 1, "no 'sha256:'"),
            (format!("b/b {hash}"), 1, "the name"),
            (format!("{} {hash}", "n".repeat(MAX_NAME + 1)), 1, "the name"),
            (format!("{good} tomorrow"), 1, "expiry"),
            (format!("{good} 2027-13-01"), 1, "expiry"),
            (format!("{good} 2027-01-01 planted-secret"), 1, "behind the expiry"),
            (format!("\n{good}\nbob {hash}"), 3, "further up"),
        ] {
            let bad = Tokens::parse(&text).unwrap_err();
            assert_eq!(bad.line, line, "{text}");
            assert!(bad.why.contains(part) && !bad.why.contains("planted"), "{text}: {}", bad.why);
        }
    }
}
