//! This test program as a child process: what is to be killed, or to live without a disk, runs there.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROLE: &str = "PUT2BITS_TEST_STORE_ROLE";
const DIR: &str = "PUT2BITS_TEST_STORE_DIR";

/// Lets `program` (with the arguments for this program appended) run the one test `role` as a child.
pub(crate) fn child(program: &[&OsStr], role: &str, dir: &Path) -> Command {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).args(["--exact", role, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(DIR, dir).env_remove("RUST_LOG");
    command
}

/// This program.
pub(crate) fn this() -> PathBuf {
    env::current_exe().unwrap()
}

/// The directory, if this process is a child with that role. The test of a role is to do nothing otherwise.
pub(crate) fn role(role: &str) -> Option<PathBuf> {
    (env::var(ROLE).ok()? == role).then(|| PathBuf::from(env::var_os(DIR).unwrap()))
}
