//! `put2bits hash`

use super::{Exit, Stop};
use crate::guard;
use std::io::{self, IsTerminal as _, Read as _, Write as _};

/// What `hash` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    whose: Whose,
    /// Make up the token: 256 random bits. It is printed on standard error, and kept nowhere
    #[arg(long, requires = "token", conflicts_with = "user")]
    generate: bool,
}

/// One of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// Make a line for a token of that name: auth = "bearer"
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// Make a line for a user of that name, from a password: auth = "basic"
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  put2bits hash --token alice --generate >> tokens
  put2bits hash --user bob < password >> users

The secret is read from standard input, a line break at its end aside; the line for the auth_file of a [[route]] is \
printed. Nothing of the secret is on the command line, where other users of the machine could see it.";

/// Longest secret, in bytes: as much as a request may show.
const MAX_SECRET: usize = 1024;

/// Prints the line.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let line = match (args.whose.token, args.whose.user) {
        (Some(name), _) if args.generate => {
            let token = guard::new_token().map_err(|error| Stop::new(Exit::System, error))?;
            let line = guard::token_line(&name, token.as_bytes());
            if line.is_ok() {
                writeln!(io::stderr(), "The token, of which only the hash goes into the file: {token}")?;
            }
            line
        }
        (Some(name), _) => guard::token_line(&name, &secret("the token")?),
        // clap sees to it that one of the two is there.
        (None, user) => guard::user_line(&user.unwrap_or_default(), &secret("the password")?),
    };
    let line = line.map_err(|why| Stop::new(Exit::Usage, why))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// What standard input says.
fn secret(what: &str) -> Result<Vec<u8>, Stop> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        writeln!(io::stderr(), "Type {what}, then Enter and Ctrl-D. It is shown as you type.")?;
    }
    let mut secret = Vec::new();
    input.by_ref().take(MAX_SECRET as u64 + 2).read_to_end(&mut secret)?;
    for end in [b'\n', b'\r'] {
        if secret.last() == Some(&end) {
            secret.pop();
        }
    }
    let wrong = |why: &str| Err(Stop::new(Exit::Usage, format!("{what} on standard input {why}")));
    match secret.len() {
        0 => wrong("is empty"),
        1..=MAX_SECRET if secret.contains(&b'\n') => wrong("has more than one line"),
        1..=MAX_SECRET => Ok(secret),
        _ => wrong("has more than 1024 bytes"),
    }
}
