//! The `put2bits` program. All of it is in the library: see `put2bits::cli`.
fn main() -> std::process::ExitCode {
    put2bits::cli::run(std::env::args_os())
}
