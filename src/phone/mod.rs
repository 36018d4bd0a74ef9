//! A client that behaves as the Photos daemon of an iPhone does, for trying things out: the other end to
//! [`mock`](crate::mock).
//!
//! ```text
//!   OPTIONS ──► PUT, and the 104 beside it ──► answer ──► checked ──► done
//!                    │ the connection breaks, or is dropped on purpose
//!                    ├── a 104 came: HEAD ──► PATCH from the offset told ──► answer, or it breaks again
//!                    │                └ 404: the upload begins anew
//!                    └── none came: the upload begins anew
//! ```
//!
//! Each [`System`] has headers of its own. A 104 with another number than its own is ignored, an answer of 4xx or 5xx
//! is final, only a broken connection is a reason to go on: that is what real devices were seen to do.
//!
//! It speaks HTTP/1.1 over plain TCP, by hand: it has to hear interim answers while it writes, and to break off at a
//! given byte. Its table of systems is written apart from the proxy's own, so that each can prove the other wrong.
//!
//! ```no_run
//! # async fn send() -> Result<(), Box<dyn std::error::Error>> {
//! use put2bits::phone::{Drop, File, Phone, System};
//! use std::sync::Arc;
//!
//! let mut phone = Phone::new("http://127.0.0.1:8080/movie.mov")?;
//! phone.system = &System::IOS_17;
//! phone.drops = vec![(10 << 20, Drop::Reset)];
//! let file = File::open("movie.mov".as_ref())?;
//! let report = phone.upload(Arc::new(file), &mut |event| println!("{event:?}")).await;
//! println!("{} after {} requests", report.outcome?.status, report.tally.attempts);
//! # Ok(())
//! # }
//! ```

mod answer;
mod connection;
mod content;
mod event;
mod exchange;
mod outgoing;
mod patience;
mod request;
mod system;
mod upload;
mod verdict;

pub use answer::Answer;
pub use content::{Content, File};
pub use event::{Event, Report, Tally, Trouble};
pub use request::{BadHeader, Header};
pub use system::System;

use http::Method;
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;

/// Hears what happens, as it happens.
pub type Observer<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// How an upload is to be made. The fields may be changed before it begins.
#[derive(Debug, Clone)]
pub struct Phone {
    target: Url,
    /// Of the request that begins the upload: PUT or POST.
    pub method: Method,
    /// Whose headers to send.
    pub system: &'static System,
    /// Type of the file.
    pub content_type: String,
    headers: Vec<Header>,
    /// How to ask whether uploads can be resumed.
    pub check: Check,
    /// Places in the file, in bytes, in rising order: just before each of them the connection is dropped once.
    pub drops: Vec<(u64, Drop)>,
    /// How long to go on trying without getting any further.
    pub retry_for: Duration,
    /// How often an upload may begin anew.
    pub restarts: u32,
    /// How long nothing may move before the connection counts as broken.
    pub idle: Duration,
}

/// The request before the upload that asks what the server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Check {
    /// No such request.
    Skip,
    /// Without the headers of the app and the system's number, as in Apple's documentation.
    #[default]
    Bare,
    /// With both.
    Full,
}

/// How a connection is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Drop {
    /// By RST: as when an app is ended.
    #[default]
    Reset,
    /// By FIN, although the body is not complete.
    Close,
    /// It stays open and nothing comes any more: as when the phone leaves the network.
    Silent,
}

/// Not a URL to upload to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a URL to upload to: {1}")]
pub struct BadTarget(String, String);

impl Phone {
    /// An upload to that URL as the newest known system makes it, without any mishap.
    ///
    /// # Errors
    /// Not an `http` URL with a host.
    pub fn new(target: &str) -> Result<Phone, BadTarget> {
        let bad = |why: &str| BadTarget(target.to_owned(), why.to_owned());
        let url = Url::parse(target).map_err(|error| bad(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(bad("only http:// is spoken here"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("give credentials as a header"));
        }
        Ok(Phone {
            target: url,
            method: Method::PUT,
            system: &System::IOS_26,
            content_type: "application/octet-stream".to_owned(),
            headers: Vec::new(),
            check: Check::default(),
            drops: Vec::new(),
            retry_for: Duration::from_secs(60),
            restarts: 3,
            idle: Duration::from_secs(60),
        })
    }

    /// Adds a header of the app, to go with each request. It takes the place of a default.
    pub fn add_header(&mut self, header: Header) {
        if header.name.eq_ignore_ascii_case("Content-Type") {
            self.content_type = header.value;
        } else {
            self.headers.push(header);
        }
    }

    /// Uploads, and goes on until there is a final answer or no hope.
    pub async fn upload(&self, content: Arc<dyn Content>, observer: Observer<'_>) -> Report {
        upload::Upload::new(self, content, observer).run().await
    }
}
