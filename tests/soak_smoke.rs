//! The soak of `benches/soak`, for a few seconds: does it work, and is nothing wrong already?

// It is a program of its own, too.
#[allow(dead_code)]
#[path = "../benches/soak/main.rs"]
mod soak;

use clap::Parser;
use std::error::Error;

#[test]
fn a_few_seconds_of_chaos() -> Result<(), Box<dyn Error>> {
    let options = soak::Options::try_parse_from(["soak", "--seconds", "5"])?;
    assert!(soak::run(&options)?, "see above");
    Ok(())
}
