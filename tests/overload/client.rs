//! A client that speaks raw HTTP, also of uploads that can be resumed.

use crate::support::{Answer, File, Proxy, Upload, within};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What makes an upload one that can be resumed.
pub(crate) const RESUMABLE: &str = "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n";

/// Begins an upload that can be resumed; gives the path of its resource, too.
pub(crate) async fn create(proxy: &Proxy, path: &str, file: File) -> (Upload, String) {
    let mut upload = Upload::begin(proxy.addr, "PUT", path, file, RESUMABLE).await;
    let answer = upload.answer().await;
    assert_eq!(answer.status, 104, "{answer}");
    let location = answer.header("location").unwrap().to_owned();
    (upload, location)
}

/// Goes on with it: sends the head alone.
pub(crate) async fn append(proxy: &Proxy, location: &str, offset: u64, file: File) -> Upload {
    let lines = format!("{RESUMABLE}Upload-Offset: {offset}\r\nContent-Type: application/partial-upload\r\n");
    // What is left of a file is a file whose bytes begin later.
    Upload::begin(proxy.addr, "PATCH", location, file.rest(offset), &lines).await
}

/// The offset that the proxy tells.
pub(crate) async fn offset(proxy: &Proxy, location: &str) -> u64 {
    let request = format!("HEAD {location} HTTP/1.1\r\nHost: p\r\nUpload-Draft-Interop-Version: 6\r\n\r\n");
    let answer: Answer = crate::support::ask(proxy.addr, &request).await;
    answer.header("upload-offset").unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

/// Waits until the connection ends without one more byte; in order or not.
pub(crate) async fn ends(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let _ = within("the end of a connection", stream.read_to_end(&mut seen)).await;
    assert!(seen.is_empty(), "{:?}", String::from_utf8_lossy(&seen));
}

/// Asks until the answer is that one: what was given up is given back a moment later, and nobody tells a client when.
pub(crate) async fn until<F: Future<Output = Option<T>>, T>(what: &str, mut ask: impl FnMut() -> F) -> T {
    within(what, async {
        loop {
            if let Some(wanted) = ask().await {
                return wanted;
            }
            // Between two questions, so that the proxy has time for other things.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
