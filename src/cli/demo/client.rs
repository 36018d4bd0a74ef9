//! The client of the demo: one PUT, and what it was told.

use super::show::Progress;
use super::source::Source;
use crate::cli::{Exit, Stop};
use http::StatusCode;
use http::header::CONTENT_LENGTH;

/// What the client was told.
pub(super) enum Answer {
    /// The file is stored.
    Stored {
        status: StatusCode,
        /// Of what was sent.
        sha256: [u8; 32],
    },
    /// It is not.
    Refused {
        status: StatusCode,
        /// `Put2bits-Error`
        code: String,
        /// What happened, for people.
        detail: String,
    },
}

/// Sends a file, as any HTTP client would.
pub(super) async fn send(url: &str, source: Source) -> Result<Answer, Stop> {
    let failed = |error: reqwest::Error| Stop::new(Exit::Failed, format!("the upload failed: {error}"));
    let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
    let progress = Progress::new(source.length());
    let length = source.length();
    let (body, hash) = source.into_body(progress.clone());
    // The HTTP client leaves a length of 0 out.
    let request = client.put(url).header(CONTENT_LENGTH, length).body(reqwest::Body::wrap(body));
    let answer = request.send().await;
    progress.finish();
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            // If the source broke off, that is the reason.
            hash.await.map_err(|error| Stop::new(Exit::Failed, error))??;
            return Err(failed(error));
        }
    };
    let status = response.status();
    if status.is_success() {
        let sha256 = hash.await.map_err(|error| Stop::new(Exit::Failed, error))??;
        return Ok(Answer::Stored { status, sha256 });
    }
    let code = response.headers().get("put2bits-error").and_then(|code| code.to_str().ok());
    let code = code.unwrap_or_default().to_owned();
    let detail = detail(&response.bytes().await.map_err(failed)?);
    Ok(Answer::Refused { status, code, detail })
}

/// The `detail` of a problem document, or its whole text if it is none.
fn detail(document: &[u8]) -> String {
    let problem = serde_json::from_slice::<serde_json::Value>(document).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map_or_else(|| String::from_utf8_lossy(document).into_owned(), str::to_owned)
}
