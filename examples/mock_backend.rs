//! A whole BITS upload server to try things against:
//! `cargo run --example mock_backend -- --dir received --listen 127.0.0.1:8181`

use clap::{ArgAction, Parser};
use put2bits::bits::server::{Knobs, QUIRKS};
use put2bits::mock::{Event, FAULT_HELP, Fault, Mock, MockConfig, Storage};
use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::sync::broadcast::error::RecvError;

/// Exit code for a wrong command line. These are those of the proxy (`sysexits.h`).
const USAGE: u8 = 64;

/// Exit code for an address that is not to be had.
const UNAVAILABLE: u8 = 69;

/// Exit code for a folder that is not to be had.
const IO: u8 = 74;

/// A BITS upload server for trying things out.
#[derive(Debug, Parser)]
#[command(name = "mock_backend", version, after_long_help = help_of_words())]
struct Args {
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:8181")]
    listen: SocketAddr,
    /// Store files below this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["hash", "discard"])]
    dir: Option<PathBuf>,
    /// Make folders that are missing in the path of an upload, rather than answer 404.
    #[arg(long, requires = "dir")]
    create_dirs: bool,
    /// Drop the bytes but print their SHA-256 (the default without --dir).
    #[arg(long, conflicts_with = "discard")]
    hash: bool,
    /// Drop the bytes.
    #[arg(long)]
    discard: bool,
    #[arg(long, default_value = "strict", value_parser = preset, help = help_of_presets())]
    preset: Preset,
    /// Change one of them; may be repeated. --help lists all.
    #[arg(long, value_name = "NAME=VALUE")]
    quirk: Vec<String>,
    /// Let something go wrong; may be repeated. --help has the grammar.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Seed of the faults with a probability.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Never answer "Expect: 100-continue" with a 100.
    #[arg(long)]
    no_continue: bool,
    /// Refuse GET and HEAD of stored files with 405.
    #[arg(long)]
    no_read: bool,
    /// Body of the reply that the quirk reply-url announces.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reply: String,
    /// Print a line for every packet.
    #[arg(short, long, action = ArgAction::SetTrue)]
    verbose: bool,
}

/// A known server.
#[derive(Debug, Clone)]
struct Preset {
    name: &'static str,
    knobs: Knobs,
}

impl Args {
    fn config(self) -> Result<MockConfig, clap::Error> {
        let mut knobs = self.preset.knobs;
        for quirk in &self.quirk {
            knobs.set(quirk).map_err(|error| {
                <Args as clap::CommandFactory>::command()
                    .error(clap::error::ErrorKind::ValueValidation, error)
            })?;
        }
        let storage = match self.dir {
            Some(path) => Storage::Dir { path, create_dirs: self.create_dirs },
            None if self.discard => Storage::Discard,
            None => Storage::Hash,
        };
        Ok(MockConfig {
            knobs,
            storage,
            faults: self.fault,
            seed: self.seed,
            expect_continue: !self.no_continue,
            serve_files: !self.no_read,
            reply: self.reply.into(),
        })
    }
}

fn preset(text: &str) -> Result<Preset, String> {
    let found = Knobs::PRESETS.into_iter().find(|(name, _)| *name == text);
    let names = Knobs::PRESETS.map(|(name, _)| name).join(", ");
    found.map(|(name, make)| Preset { name, knobs: make() }).ok_or(format!("one of {names}"))
}

fn help_of_presets() -> String {
    let presets = Knobs::PRESETS.map(|(name, make)| format!("{name} ({})", profile_for(&make())));
    format!("Begin with the ways of a known server (and what suits it in put2bits): {}", presets.join(", "))
}

/// How to tell the proxy what kind of server this is.
fn profile_for(knobs: &Knobs) -> String {
    match knobs.fitting_profile().name {
        "iis" => "--profile iis or auto".to_owned(),
        name => format!("--profile {name}"),
    }
}

fn help_of_words() -> String {
    let quirks =
        QUIRKS.iter().map(|quirk| format!("  {}={}\n      {}\n", quirk.name, quirk.values, quirk.help));
    format!("Quirks:\n{}\nFaults:\n{FAULT_HELP}", quirks.collect::<String>())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let parsed = Args::try_parse().and_then(|args| {
        let (listen, verbose, preset) = (args.listen, args.verbose, args.preset.name);
        Ok((listen, verbose, preset, args.config()?))
    });
    let (listen, verbose, preset, config) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are no errors. Nothing is left to do if even this can't be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    if let Err(error) = config.storage.prepare() {
        return fail(IO, error);
    }
    let hint = format!("preset {preset}: use {}", profile_for(&config.knobs));
    let mock = match Mock::bind(listen, config).await {
        Ok(mock) => mock,
        Err(error) => return fail(UNAVAILABLE, format_args!("cannot listen on {listen}: {error}")),
    };
    let mut events = mock.events();
    // One future for all rounds of the loop, and listening before the first line is out: no signal is missed.
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        _ = &mut stop => return ExitCode::SUCCESS,
        () = std::future::ready(()) => {}
    }
    say(format_args!("listening on {}", mock.url()));
    say(hint);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) if verbose || matches!(event, Event::Published { .. }) => say(event),
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => say(format_args!("({count} lines left out)")),
                Err(RecvError::Closed) => break,
            },
            _ = &mut stop => break,
        }
    }
    say(mock.stats());
    ExitCode::SUCCESS
}

fn fail(code: u8, line: impl Display) -> ExitCode {
    // If standard error is closed, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "mock_backend: {line}");
    ExitCode::from(code)
}

/// Prints a line at once. A reader that went away is no reason to stop serving.
fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
