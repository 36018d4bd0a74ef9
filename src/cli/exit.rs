//! Every exit code of the program, in one table. The numbers are those of `sysexits.h`, so that a service manager
//! can tell a mistake in the configuration, which no restart repairs, from a failure that one may.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Success = 0,
    /// It ran, and what it was to show failed: `demo` was refused, or found different bytes.
    Failed = 1,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// The address to listen on is not to be had (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// The system refused a thread, a runtime or a signal handler (`EX_OSERR`).
    System = 71,
    /// Reading or writing failed, or who read the output went away; or the file of the state directory is damaged, of a
    /// newer version, or in use (`EX_IOERR`).
    Io = 74,
    /// The configuration is wrong (`EX_CONFIG`).
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
