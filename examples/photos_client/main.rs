//! Uploads a file as the Photos daemon of an iPhone does, and drops the connection where you want it:
//! `cargo run --example photos_client -- movie.mov http://127.0.0.1:8080/ --drop-at 10MiB,200MiB -v`

mod args;
mod show;

use args::{Args, Job};
use clap::Parser;
use show::Show;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code for an upload that failed.
const FAILED: u8 = 1;

/// Exit code for a wrong command line. This and the next are those of the proxy (`sysexits.h`).
const USAGE: u8 = 64;

/// Exit code for a file that cannot be read.
const IO: u8 = 74;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors. Nothing is left to do if even this can't be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let verbose = args.verbose;
    let Job { phone, file } = match args.into_job() {
        Ok(job) => job,
        Err((code, line)) => return fail(code, line),
    };
    let mut show = Show::new(&file, verbose);
    let report = phone.upload(Arc::new(file), &mut |event| show.event(&event)).await;
    show.finish();
    let done = report.outcome.map(|answer| answer.status);
    let text = done.as_ref().map_or("failed".to_owned(), ToString::to_string);
    // A reader that went away does not change how the upload ended.
    let _ = writeln!(std::io::stdout(), "{text}: {}", show::summary(&report.tally));
    match done {
        Ok(_) => ExitCode::SUCCESS,
        Err(trouble) => fail(FAILED, trouble),
    }
}

fn fail(code: u8, line: impl Display) -> ExitCode {
    // If standard error is closed, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "photos_client: {line}");
    ExitCode::from(code)
}
