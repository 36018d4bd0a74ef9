//! The command line.

use crate::{IO, USAGE};
use clap::{Parser, ValueEnum};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use put2bits::config::Size;
use put2bits::phone::{Check, Drop, File, Header, Phone, System};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  photos_client movie.mov http://127.0.0.1:8080/
      as iOS 26 does; it arrives under its own name
  photos_client movie.mov http://127.0.0.1:8080/ --drop-at 10MiB,200MiB -v
      drops the connection twice, goes on each time, and prints the exchange
  photos_client movie.mov http://127.0.0.1:8080/a.mov --ios 17 --drop-at 1GiB --drop-how silent
      as iOS 17 does when it leaves the network: the old connection stays open
  photos_client movie.mov http://127.0.0.1:8080/ --post -H 'Authorization: Bearer x' -H 'X-Filename: a.mov'
      as an app with headers of its own

Exit codes: 0 the file is stored, 1 it is not, 64 wrong command line, 74 the file cannot be read.";

/// All but what stays as it is in a path segment (RFC 3986 §2.3).
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Uploads a file as the Photos daemon of an iPhone does: resumes after broken connections, checks what it is told.
#[derive(Debug, Parser)]
#[command(name = "photos_client", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File to upload
    file: PathBuf,
    /// Where to; if it ends in a slash, the name of the file is added
    url: String,
    /// Release of iOS whose headers to send: 17, 18.0, 18 (from 18.1 on) or 26 [default: 26]
    #[arg(long, value_name = "RELEASE", value_parser = ios)]
    ios: Option<&'static System>,
    /// Number of the protocol's draft instead: 3 to 8, or rfc
    #[arg(long, value_name = "NUMBER", value_parser = interop, conflicts_with = "ios")]
    interop: Option<&'static System>,
    /// Upload by POST instead of PUT
    #[arg(long)]
    post: bool,
    /// Header of the app; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<Header>,
    /// How to ask by OPTIONS whether uploads can be resumed: as bare as in Apple's documentation, with all headers, or not
    #[arg(long, value_enum, default_value_t = CheckArg::Bare)]
    check: CheckArg,
    /// Drop the connection when the upload first gets to these places of the file
    #[arg(long, value_name = "SIZE,…", value_delimiter = ',')]
    drop_at: Vec<Size>,
    /// How: by RST, by FIN, or by sending nothing more
    #[arg(long, value_enum, default_value_t = DropArg::Reset)]
    drop_how: DropArg,
    /// How long to go on trying without getting any further
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    retry_for: Duration,
    /// How often the upload may begin anew
    #[arg(long, value_name = "N", default_value_t = 3)]
    restarts: u32,
    /// How long nothing may move on a connection
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Print the heads of requests and answers
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CheckArg {
    Bare,
    Full,
    Skip,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DropArg {
    Reset,
    Close,
    Silent,
}

/// What the command line asks for.
pub(crate) struct Job {
    pub(crate) phone: Phone,
    pub(crate) file: File,
}

impl Args {
    /// The job; or the exit code and the line that says what is wrong.
    pub(crate) fn into_job(self) -> Result<Job, (u8, String)> {
        let file = File::open(&self.file)
            .map_err(|error| (IO, format!("cannot read {}: {error}", self.file.display())))?;
        let mut phone = Phone::new(&self.target()).map_err(|error| (USAGE, error.to_string()))?;
        if let Some(system) = self.ios.or(self.interop) {
            phone.system = system;
        }
        if self.post {
            phone.method = Method::POST;
        }
        phone.content_type = self.content_type().to_owned();
        self.header.into_iter().for_each(|header| phone.add_header(header));
        phone.check = match self.check {
            CheckArg::Bare => Check::Bare,
            CheckArg::Full => Check::Full,
            CheckArg::Skip => Check::Skip,
        };
        let how = match self.drop_how {
            DropArg::Reset => Drop::Reset,
            DropArg::Close => Drop::Close,
            DropArg::Silent => Drop::Silent,
        };
        phone.drops = self.drop_at.iter().map(|size| (size.0, how)).collect();
        phone.drops.sort_unstable_by_key(|(at, _)| *at);
        (phone.retry_for, phone.idle, phone.restarts) = (self.retry_for, self.timeout, self.restarts);
        Ok(Job { phone, file })
    }

    fn target(&self) -> String {
        let name = self.file.file_name().filter(|_| self.url.ends_with('/'));
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("{}{}", self.url, utf8_percent_encode(&name, IN_A_PATH))
    }

    /// What an app would say of such a file.
    fn content_type(&self) -> &'static str {
        let extension = self.file.extension().map(|extension| extension.to_ascii_lowercase());
        match extension.as_deref().and_then(|extension| extension.to_str()) {
            Some("heic") => "image/heic",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("mov") => "video/quicktime",
            Some("mp4" | "m4v") => "video/mp4",
            _ => "application/octet-stream",
        }
    }
}

fn ios(release: &str) -> Result<&'static System, &'static str> {
    System::ios(release).ok_or("17, 18.0, 18 or 26")
}

fn interop(number: &str) -> Result<&'static System, &'static str> {
    System::interop(number).ok_or("3, 4, 5, 6, 7, 8 or rfc")
}
