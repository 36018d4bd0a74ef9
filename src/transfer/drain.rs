//! Reading what nobody wants, so that the sender can see the answer.

use crate::limits::MIB;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a refused body that are read at most.
const MOST: u64 = 256 * MIB;

/// Reads and drops the rest of a refused body, for a bounded time and number of bytes.
///
/// A client that still sends would otherwise get a reset, and often lose the answer that explains it.
pub async fn drain<B>(mut body: B, time: Duration)
where
    B: Body<Data = Bytes> + Unpin,
{
    let read = async {
        let mut left = MOST;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Both ends of the wait are fine: the client finished, or it had its time to read the answer.
    let _ = timeout(time, read).await;
}
