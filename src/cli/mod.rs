//! The command line: reads arguments, runs one command, turns what came of it into an exit code.
//!
//! A command returns a `Stop` for whatever it cannot do; only [`run`] prints it, as one line on standard error.

mod args;
mod check_config;
mod demo;
mod exit;
mod hash;
mod probe_backend;
mod serve;
mod try_request;

pub use exit::Exit;

use crate::app::{self, ServeError};
use crate::config::ConfigError;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Lets one large PUT through to a server that takes uploads by Microsoft's BITS protocol only.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  put2bits demo                                       try it: no server needed
  put2bits serve --backend http://iis/uploads/        run it in front of that directory
  curl -T movie.mov http://127.0.0.1:8080/movie.mov   send a file through it
  put2bits check-config --config put2bits.toml        look at a configuration before using it
  put2bits probe-backend http://iis/uploads/          find out what kind of server that is";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy.
    Serve(serve::Args),
    /// Send a file through the proxy to a built-in BITS server, and compare what arrives.
    Demo(demo::Args),
    /// Check a configuration, and print what is in force and where each value comes from.
    CheckConfig(check_config::Args),
    /// Find out what kind of BITS server a backend is, by uploading scratch files, and print its settings.
    ProbeBackend(probe_backend::Args),
    /// Make a line for the file that says who may upload: a token or a user.
    Hash(hash::Args),
}

/// Why a command stopped: the line for standard error, if there is anything to say, and the exit code.
#[derive(Debug)]
struct Stop {
    exit: Exit,
    line: Option<String>,
}

impl Stop {
    fn new(exit: Exit, line: impl fmt::Display) -> Self {
        Stop { exit, line: Some(line.to_string()) }
    }
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Stop::new(if error.is_usage() { Exit::Usage } else { Exit::Config }, error)
    }
}

impl From<ServeError> for Stop {
    fn from(error: ServeError) -> Self {
        let exit = match error {
            ServeError::Bind { .. } | ServeError::BindAdmin { .. } | ServeError::Passed { .. } => {
                Exit::Unavailable
            }
            ServeError::Certificate { .. } | ServeError::Backend(_) | ServeError::Guard { .. } => {
                Exit::Config
            }
            ServeError::State { .. } => Exit::Io,
            ServeError::Runtime { .. } => Exit::System,
        };
        Stop::new(exit, error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        // Whoever read our output has seen enough (`| head`): nobody wants to hear of it.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Stop { exit: Exit::Io, line: None };
        }
        Stop::new(Exit::Io, error)
    }
}

/// Runs the program. The first argument is its own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Before the first secret is read.
    app::forbid_core_dumps();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` are told as errors, too, but are for standard output.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return if error.print().is_ok() { exit } else { Exit::Io }.into();
        }
    };
    let done = match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(args),
        Command::CheckConfig(args) => check_config::run(args),
        Command::ProbeBackend(args) => probe_backend::run(args),
        Command::Hash(args) => hash::run(args),
    };
    match done {
        Ok(()) => Exit::Success.into(),
        Err(Stop { exit, line }) => {
            if let Some(line) = line {
                // If standard error is closed, the exit code still tells.
                let _ = writeln!(io::stderr(), "put2bits: {line}");
            }
            exit.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn clap_finds_no_mistake_in_the_definition() {
        Cli::command().debug_assert();
    }
}
