//! put2bits under random faults, with real processes: `cargo bench --bench soak -- --help`. See `benches/README.md`.
//!
//! | file | what it does |
//! | --- | --- |
//! | `options` | the command line |
//! | `plan` | what is uploaded, and what goes wrong when: both from the seed |
//! | `content` | files that nobody has to store |
//! | `client` | a client without resumption |
//! | `upload` | one upload to its end, with either client, and whether its file is right |
//! | `proxy`, `figures` | the program over several lives, and what its metrics tell |
//! | `backend`, `relay` | the servers, and a network that can be cut |
//! | `chaos` | what goes wrong with processes and networks |
//! | `run` | the order of things |
//! | `tally`, `report` | what came of it |

mod backend;
mod chaos;
mod client;
mod content;
mod figures;
mod options;
mod plan;
mod proxy;
mod relay;
mod report;
mod run;
mod tally;
mod upload;

use clap::Parser;
pub(crate) use options::Options;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does it and prints what came of it: whether all is well.
pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let scale = options.scale();
    println!("--seed {}", scale.seed);
    let report = run::soak(scale)?;
    if let Some(path) = &options.log {
        std::fs::File::options().create(true).append(true).open(path)?.write_all(report.log.as_bytes())?;
    }
    println!("{report}");
    Ok(report.is_good())
}
