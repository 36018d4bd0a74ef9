//! The registry with a backend and a store in memory, on tokio's paused clock.

mod approval;
mod clock;
mod draining;
mod ending;
mod fencing;
mod placing;
mod records;
mod recovery;
mod running;
mod sessions;
mod world;

use super::*;
use crate::bits::{Destination, Event, Profile};
use crate::digest::Digests;
use crate::limits::{Limits, UploadLimits};
use crate::resumable::{Append, Version};
use crate::route::{BackendUrl, Credentials, Route};
use crate::transfer::tests::peers::{Fate, Feed, Feeder, Seen, State as Peer};
use crate::transfer::tests::{bytes, fixed, settle};
use crate::transfer::{
    Budget, Ceiling, Fed, Feeding, How, NewPart, NewUpload, Permit, Place, Report, Shared, Upload,
};
use crate::upload::DigestPlan;
use http::{HeaderValue, Method};
use std::time::{Duration, SystemTime};
use tokio::time::sleep;
use world::{World, alice, bob};

const SECOND: Duration = Duration::from_secs(1);

/// The final answer or whatever else came of a part, in short.
fn short(fed: &Fed) -> String {
    match fed {
        Fed::Finished { answer: Ok(_), offset, replayed } => {
            format!("stored {offset}{}", if *replayed { " again" } else { "" })
        }
        Fed::Finished { answer: Err(failure), offset, replayed } => {
            format!("failed {} {offset}{}", failure.problem.code(), if *replayed { " again" } else { "" })
        }
        Fed::Taken { offset } => format!("taken {offset}"),
        Fed::Refused(refusal) => format!("refused {}", refusal.failure.problem.code()),
        Fed::CutOff => "cut off".into(),
    }
}

/// Waits for what comes of a part.
async fn outcome(feeding: Feeding) -> String {
    short(&feeding.outcome.await.unwrap())
}

/// What came of a part, if something came of it without waiting.
async fn at_once(feeding: &mut Feeding) -> Option<String> {
    settle().await;
    feeding.outcome.try_recv().ok().map(|fed| short(&fed))
}
