//! The targets of `tests/fuzz_bounded`, for libFuzzer.

#[path = "../../tests/fuzz_bounded/targets/mod.rs"]
#[allow(dead_code)]
mod targets;

/// Runs a target by its name.
///
/// # Panics
/// If the target finds a promise broken. That is what libFuzzer waits for.
pub fn run(name: &str, input: &[u8]) {
    let target = targets::TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    (target.run)(input);
}
