//! Log lines and metrics. Only shells may use this module: the core returns values and does not log.
//!
//! Everything goes to standard error, with UTC time stamps, as text for people or as one JSON object a line. Each
//! finished upload is one line, written by [`upload_finished`]; it never holds credentials, queries or whole
//! session ids, and control characters are escaped, so that no client can forge a line. [`Metrics`] counts.

mod metrics;
mod seldom;
mod upload;

pub use metrics::{CONTENT_TYPE, ConnectionGuard, ConnectionLimit, Exposition, Metrics, Unit};
pub use seldom::Seldom;
pub use upload::{UploadEnd, UploadLine, upload_finished};

use crate::config::{LogConfig, LogFormat};
use std::env;
use std::io::{self, IsTerminal as _};
use tracing::Dispatch;
use tracing::dispatcher;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter cannot be read. `config` checks it before.
    #[error("log filter {filter:?}: {source}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody else set up logging in this process.
    #[error("logging is set up already")]
    Twice,
}

/// Sets up logging for the whole process. To be called once.
///
/// # Errors
/// If the filter can't be read, or at the second call.
pub fn init(config: &LogConfig) -> Result<(), InitError> {
    // https://no-color.org: set and not empty.
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = !plain && io::stderr().is_terminal();
    let dispatch = subscriber(config, io::stderr, colours)?;
    dispatcher::set_global_default(dispatch).map_err(|_| InitError::Twice)
}

/// What turns events into lines for `writer`.
fn subscriber<W>(config: &LogConfig, writer: W, colours: bool) -> Result<Dispatch, InitError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(&config.filter)
        .map_err(|source| InitError::Filter { filter: config.filter.clone(), source })?;
    // The default timer prints UTC.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match config.format {
        LogFormat::Text => builder.with_ansi(colours).into(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(false).with_span_list(false).into()
        }
    })
}

#[cfg(test)]
mod tests;
