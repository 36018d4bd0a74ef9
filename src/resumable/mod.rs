//! The IETF protocol *Resumable Uploads for HTTP*, as far as heads of messages go.
//!
//! Pure: no socket, clock, randomness, runtime or logging, and no look at a body. It neither knows which uploads exist nor
//! how far they are: it says what a request wants, and how an answer is put.
//!
//! | file | what it has |
//! | --- | --- |
//! | `version` | the table of what differs between the drafts; all others ask it |
//! | `field` | the fields, read and written |
//! | `intent` | what a head wants, or the refusal |
//! | [`reply`] | the heads of the answers |
//! | `settings` | what an operator decides |
//!
//! # An upload from iOS 26 that is interrupted once
//!
//! ```
//! use http::Request;
//! use put2bits::resumable::{self, Mode, OnResource, Settings, reply};
//! use std::time::Duration;
//!
//! let settings = Settings::default();
//! let limits = reply::Announced { max_size: 1_000_000_000, age: Some(Duration::from_secs(3600)) };
//!
//! // The file, as one request. Two fields say that its sender could go on with it later.
//! let put = Request::put("/photos/a.mov")
//!     .header("upload-draft-interop-version", "6")
//!     .header("upload-complete", "?1")
//!     .body(())?;
//! let creation = resumable::creation(&put.into_parts().0, Some(486_285_949), Mode::On, &settings)?;
//! let creation = creation.ok_or("a plain upload")?;
//! assert_eq!(creation.length, Some(486_285_949));
//!
//! // The 104 says where, before the first byte is read.
//! let location = reply::location(&settings, "97213f15").ok_or("not a URL")?;
//! let headers = reply::supported(creation.version, &location, &limits);
//! assert_eq!(headers["location"], "/_uploads/97213f15");
//! assert_eq!(headers["upload-draft-interop-version"], "6");
//! assert_eq!(headers["upload-limit"], "min-size=0, max-size=1000000000, expires=3600");
//!
//! // The connection breaks. How far did it come?
//! let head = Request::head("/_uploads/97213f15")
//!     .header("upload-draft-interop-version", "6")
//!     .header("content-length", "0")
//!     .body(())?;
//! assert_eq!(reply::upload_id(&settings, head.uri().path()), Some("97213f15"));
//! let wanted = resumable::on_resource(&head.into_parts().0, Some(0), creation.version)?;
//! assert_eq!(wanted, OnResource::Offset(creation.version));
//! let told = reply::Told { offset: 87_188_440, length: creation.length, finished: false };
//! let (status, headers) = reply::offset(creation.version, &told, &limits);
//! assert_eq!(status, 204);
//! assert_eq!(headers["upload-offset"], "87188440");
//! assert_eq!(headers["upload-complete"], "?0");
//!
//! // The rest, as one request.
//! let patch = Request::patch("/_uploads/97213f15")
//!     .header("upload-draft-interop-version", "6")
//!     .header("upload-complete", "?1")
//!     .header("upload-offset", "87188440")
//!     .header("content-type", "application/partial-upload")
//!     .body(())?;
//! let wanted = resumable::on_resource(&patch.into_parts().0, Some(399_097_509), creation.version)?;
//! let OnResource::Append(append) = wanted else { return Err("not an append".into()) };
//! assert!(append.complete && append.offset == 87_188_440);
//!
//! // The answer that the PUT would have had, and what the protocol adds.
//! let mut headers = http::HeaderMap::new();
//! reply::finish(append.version, http::StatusCode::CREATED, &mut headers, 486_285_949, None);
//! assert_eq!(headers["upload-offset"], "486285949");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod field;
mod intent;
pub mod reply;
mod settings;
mod version;

pub use intent::{Append, Creation, OnResource, allowed, creation, on_resource, spoken, version};
pub use settings::{Mode, Settings};
pub use version::Version;

/// The type of the body of an append, from version 6 on.
const PARTIAL_UPLOAD: &str = "application/partial-upload";
