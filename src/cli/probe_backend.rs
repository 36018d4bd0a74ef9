//! `put2bits probe-backend`

use super::{Exit, Stop};
use crate::app;
use crate::config::{Flag, Size, Time, one_backend, one_line};
use crate::survey::{Finding, Plan};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// What `probe-backend` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the server, as in --backend; with --config the name of a [[backend]]
    #[arg(value_name = "URL|NAME")]
    target: String,
    /// Configuration file that has a [[backend]] of that name
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Largest fragment that is tried
    #[arg(long, value_name = "SIZE", default_value = "16MiB")]
    up_to: Size,
    /// Longest time for one answer
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Time,
    #[command(flatten)]
    server: ServerArgs,
}

/// Keys of a [[backend]], for a server that is given by its URL.
#[derive(Debug, clap::Args)]
#[group(conflicts_with = "config", multiple = true)]
struct ServerArgs {
    /// What the server is shown: none, basic, bearer, header or windows
    #[arg(long, value_name = "KIND")]
    credentials: Option<String>,
    /// File with the password, token or value
    #[arg(long, value_name = "FILE")]
    credentials_file: Option<String>,
    /// Field that the value is sent in, for header
    #[arg(long, value_name = "NAME")]
    credentials_header: Option<String>,
    /// Certificates that are trusted instead of the system's (PEM)
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<String>,
    /// Name that has to be in the server's certificate
    #[arg(long, value_name = "NAME")]
    tls_name: Option<String>,
    /// SHA-256 of the one certificate that is taken
    #[arg(long, value_name = "HEX")]
    tls_pin: Option<String>,
    /// The proxy's own certificate (PEM)
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<String>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  put2bits probe-backend http://iis/uploads/
  put2bits probe-backend https://iis/uploads/ --credentials basic --credentials-file account
  put2bits probe-backend iis --config put2bits.toml --up-to 32MiB
  put2bits probe-backend http://iis/uploads/ > backend.toml

Uploads some scratch files (put2bits-probe-….bin) to that directory, breaks rules on purpose, and deletes what it has made. \
What it finds is told on standard error; the settings that follow on standard output: a [[backend]] table for the file of \
the proxy. Exit code 1: nothing can be uploaded there, and why.";

impl ServerArgs {
    fn into_flags(self) -> Vec<Flag> {
        let flags = [
            ("--credentials", "credentials", self.credentials),
            ("--credentials-file", "credentials_file", self.credentials_file),
            ("--credentials-header", "credentials_headers", self.credentials_header),
            ("--tls-ca", "tls_ca", self.tls_ca),
            ("--tls-name", "tls_name", self.tls_name),
            ("--tls-pin", "tls_pin", self.tls_pin),
            ("--tls-certificate", "tls_certificate", self.tls_certificate),
            ("--tls-key", "tls_key", self.tls_key),
        ];
        let flag = |(name, key, value): (_, _, Option<_>)| value.map(|value| Flag { name, key, value });
        flags.into_iter().filter_map(flag).collect()
    }
}

/// Examines a server, and prints what it is.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let Args { target, config, up_to, timeout, server } = args;
    let (backend, server) = one_backend(config.as_deref(), &target, server.into_flags())?;
    let mut tag = uuid::Uuid::new_v4().simple().to_string();
    tag.truncate(8);
    let plan = Plan { largest: up_to.0, patience: timeout.0, ..Plan::new(backend, server, tag) };
    let mut told = Ok(());
    let report = app::survey(&plan, |Finding { topic, text }| {
        // The first that could not be told is what is reported; the examination goes on, to clean up behind itself.
        let line = writeln!(io::stderr(), "{topic:<11} {}", one_line(text));
        told = std::mem::replace(&mut told, Ok(())).and(line);
    })?;
    let report = report.map_err(|obstacle| Stop::new(Exit::Failed, one_line(&obstacle.to_string())))?;
    told?;
    let mut stderr = io::stderr().lock();
    writeln!(stderr)?;
    report.advice().iter().try_for_each(|advice| writeln!(stderr, "{advice}"))?;
    let mut out = io::stdout().lock();
    write!(out, "{}", report.settings())?;
    Ok(out.flush()?)
}
