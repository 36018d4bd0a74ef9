//! The look at what is stored: HEAD of the target.

use crate::network::{Hurt, Link, answer, no_answer};
use http::header::{CONTENT_LENGTH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, StatusCode};
use put2bits::transfer::{Answer, NoAnswer, Patience};
use std::future::pending;
use std::time::Duration;
use tokio::time::sleep;

impl Link {
    /// HEAD of the target.
    pub(crate) async fn look(&mut self, patience: Patience) -> Result<Answer, NoAnswer> {
        let (host, mut is_dead) = (self.host(), false);
        let strike = {
            let mut world = self.world.lock();
            world.inspect_host(&host, None);
            is_dead |= world.is_dead_there(&host);
            if is_dead { None } else { world.aimed(None) }
        };
        let (struck, takes) = strike.map_or((None, Duration::ZERO), |strike| strike.of_head(patience));
        sleep(takes + Duration::from_millis(5)).await;
        if !self.world.lock().lives_on() {
            return pending().await;
        }
        if is_dead {
            return Err(no_answer(Hurt::Unsent));
        }
        if let Some(got) = struck {
            return got.map(answer).map_err(no_answer);
        }
        let mut world = self.world.lock();
        let mut headers = HeaderMap::new();
        let status = match world.published.get(self.to.target.as_str()) {
            _ if !world.schedule.serves_reads => StatusCode::METHOD_NOT_ALLOWED,
            None => StatusCode::NOT_FOUND,
            Some(file) if !world.is_visible(file, &host) => {
                let older = world.schedule.older_file;
                headers.insert(CONTENT_LENGTH, HeaderValue::from(file.bytes.len()));
                headers.insert(LAST_MODIFIED, world.http_date(Duration::ZERO));
                if older { StatusCode::OK } else { StatusCode::NOT_FOUND }
            }
            Some(file) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(file.bytes.len()));
                headers.insert(LAST_MODIFIED, world.http_date(file.at));
                StatusCode::OK
            }
        };
        // What this costs when it lasts too long is the one true ambiguity of the protocol.
        if !world.schedule.gentle && world.rng.u16(0..1000) < world.weather() {
            return Err(NoAnswer::Lost("simulated".into()));
        }
        world.say(|| format!("HEAD of the target: {status}"));
        Ok(answer((status, headers)))
    }
}
