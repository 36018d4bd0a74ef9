//! Programs from outside.

use crate::secrets;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file or folder below `target`.
pub(crate) fn target(path: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join(path)
}

/// Whether it is there. Its absence is loud, and in CI a failure.
pub(crate) fn have(what: &str, there: bool, remedy: &str) -> bool {
    if !there {
        assert!(env::var_os("CI").is_none(), "{what} is missing: {remedy}");
        eprintln!("SKIPPED: {what} is missing: {remedy}");
    }
    there
}

/// Whether there is a program of that name.
pub(crate) fn installed(name: &str, remedy: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    have(name, env::split_paths(&folders).any(|folder| folder.join(name).is_file()), remedy)
}

/// Python with what `requirements.txt` names, if it is there.
pub(crate) fn python() -> Option<PathBuf> {
    let python = target("deploy-tools/bin/python3");
    let remedy = "python3 -m venv target/deploy-tools && \
                  target/deploy-tools/bin/pip install -r tests/deploy/requirements.txt";
    have("target/deploy-tools", python.is_file(), remedy).then_some(python)
}

/// What it prints, given `input`.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Who does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(input);
    secrets::untold(child.wait_with_output().unwrap())
}

/// The same, of a run that must succeed.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = run(command, input);
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
