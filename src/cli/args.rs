//! The flags that `serve` and `check-config` share.

use crate::config::{Flag, Sources};
use std::path::PathBuf;

/// Flags for the most used settings. Each wins over the environment, which wins over the file.
///
/// The values stay texts here: `config` reads them by the same rules as those of the file.
#[derive(Debug, Default, clap::Args)]
pub(super) struct ConfigArgs {
    /// Directory of the BITS server that all files go to, http or https. Instead of [[route]] tables in the file
    #[arg(long, value_name = "URL")]
    backend: Option<String>,
    /// What kind of server that is: auto, iis, refuse, trim, append or unknown [default: auto]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Address to take uploads at without TLS, or off [default: 127.0.0.1:8080; off beside a [[listener]]]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Largest file taken [default: 1TiB]
    #[arg(long, value_name = "SIZE")]
    max_upload: Option<String>,
    /// Memory for the bytes of all running uploads [default: 256MiB]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// Largest fragment [default: 8MiB]
    #[arg(long, value_name = "SIZE")]
    fragment_max: Option<String>,
    /// Where open uploads are remembered: embedded (in a file) or memory [default: embedded]
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Directory of that file [default: put2bits-state]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<String>,
    /// Address for probes and metrics, or off [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// Worker threads [default: one per processor core]
    #[arg(long, value_name = "N")]
    workers: Option<String>,
    /// Shape of the log lines: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What to log: error, warn, info, debug, trace, or a filter by module [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

/// How to set what has no flag, for the end of the help texts. Paragraphs have no line breaks: clap makes them.
pub(super) const SETTINGS: &str = "\
TLS, who may upload, and servers that want a login are set in the file; deploy/put2bits.toml has every setting.

Every setting outside [[listener]], [[backend]] and [[route]] can be given as an environment variable: PUT2BITS_ and its \
path in capitals, as in PUT2BITS_LIMITS_MAX_UPLOAD=20GiB. PUT2BITS_BACKEND and PUT2BITS_PROFILE stand for the flags of that name, \
PUT2BITS_CONFIG names the file. Flags win over variables, variables over the file, the file over the defaults.

Sizes: 8MiB is 8 × 2^20 bytes, 8MB is 8 × 10^6. Times: 90s, 1h30m. Lists: a,b,c.";

impl ConfigArgs {
    /// These flags, and the environment of the process.
    pub(super) fn into_sources(self) -> Sources {
        let flags = [
            ("--backend", "backend", self.backend),
            ("--profile", "profile", self.profile),
            ("--listen", "listen", self.listen),
            ("--max-upload", "limits.max_upload", self.max_upload),
            ("--memory", "limits.memory", self.memory),
            ("--fragment-max", "fragment.max", self.fragment_max),
            ("--store", "state.store", self.store),
            ("--state-dir", "state.dir", self.state_dir),
            ("--admin-listen", "admin.listen", self.admin_listen),
            ("--workers", "workers", self.workers),
            ("--log-format", "log.format", self.log_format),
            ("--log", "log.filter", self.log),
        ];
        let flag = |(name, key, value): (_, _, Option<_>)| value.map(|value| Flag { name, key, value });
        Sources::of_process(self.config, flags.into_iter().filter_map(flag).collect())
    }
}
