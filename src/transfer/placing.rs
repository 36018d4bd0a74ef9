//! Before a session is opened: is a file of that name there?

use super::call::{Backend, Call, NoAnswer, Patience};
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use http::StatusCode;
use tokio::time::{Instant, sleep};

/// Whether the backend has a file at the destination. Asked again while trouble may pass, for `retry.create_window` at most.
///
/// # Errors
/// It cannot be found out: [`Problem::ExistsUnknown`] if the backend never tells, another one if it is in trouble.
pub async fn is_there<K: Backend>(backend: &mut K, limits: &Limits) -> Result<bool, Failure> {
    let (time, retry) = (&limits.time, &limits.retry);
    let patience = Patience { connect: time.connect, stall: time.stall, answer: time.ack };
    let deadline = Instant::now() + retry.create_window;
    let mut delay = retry.first_delay;
    loop {
        let failure = match backend.exchange(Call::Evidence, patience).await {
            Ok(answer) if answer.status.is_success() => return Ok(true),
            Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
                return Ok(false);
            }
            Ok(answer) => unknown(answer.status),
            Err(no_answer) => unanswered(no_answer),
        };
        if !failure.problem.row().retry || Instant::now() + delay >= deadline {
            return Err(failure);
        }
        sleep(delay).await;
        delay = delay.saturating_mul(2).min(retry.max_delay);
    }
}

/// An answer that says neither yes nor no.
fn unknown(status: StatusCode) -> Failure {
    let passes = matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504);
    let problem = if passes { Problem::Unavailable } else { Problem::ExistsUnknown };
    Failure::new(problem, format!("HEAD of the file was answered {}", status.as_u16()))
}

fn unanswered(no_answer: NoAnswer) -> Failure {
    let problem = match no_answer {
        NoAnswer::Unsent(_) => Problem::Unreachable,
        NoAnswer::Lost(_) => Problem::Unavailable,
        NoAnswer::TimedOut(_) => Problem::Timeout,
        NoAnswer::Impossible(_) => Problem::ExistsUnknown,
    };
    let cause = Some(no_answer.to_string());
    Failure { cause, ..Failure::new(problem, "HEAD of the file was not answered") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Answer;
    use bytes::Bytes;
    use http::HeaderMap;
    use std::time::Duration;

    /// Gives these answers, the last one for ever; 0 is none. Counts them.
    struct Script(Vec<u16>, usize);

    impl Backend for Script {
        fn go_to(&mut self, _: Option<&crate::bits::Node>) {}

        async fn exchange(&mut self, call: Call, _: Patience) -> Result<Answer, NoAnswer> {
            assert!(matches!(call, Call::Evidence));
            let status = self.0.get(self.1).or(self.0.last()).copied().unwrap();
            self.1 += 1;
            match status {
                0 => Err(NoAnswer::Unsent("refused".into())),
                status => Ok(Answer {
                    status: StatusCode::from_u16(status).unwrap(),
                    headers: HeaderMap::new(),
                    body: Bytes::new(),
                    waited: None,
                    early: false,
                }),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_known_counts() {
        let limits = Limits::default();
        for (answers, asked, expected) in [
            (&[200][..], 1, Ok(true)),
            (&[204], 1, Ok(true)),
            (&[404], 1, Ok(false)),
            (&[410], 1, Ok(false)),
            (&[503, 0, 404], 3, Ok(false)),
            (&[0, 200], 2, Ok(true)),
            (&[301], 1, Err(Problem::ExistsUnknown)),
            (&[401], 1, Err(Problem::ExistsUnknown)),
            (&[403], 1, Err(Problem::ExistsUnknown)),
            (&[405], 1, Err(Problem::ExistsUnknown)),
            (&[501], 1, Err(Problem::ExistsUnknown)),
            (&[503, 403], 2, Err(Problem::ExistsUnknown)),
        ] {
            let mut script = Script(answers.into(), 0);
            let found = is_there(&mut script, &limits).await.map_err(|failure| failure.problem);
            assert_eq!((found, script.1), (expected, asked), "{answers:?}");
        }
        for (answers, expected) in [([500], Problem::Unavailable), ([0], Problem::Unreachable)] {
            let (mut script, began) = (Script(answers.into(), 0), Instant::now());
            let found = is_there(&mut script, &limits).await.map_err(|failure| failure.problem);
            assert_eq!(found, Err(expected));
            assert!(script.1 > 2 && began.elapsed() <= limits.retry.create_window);
            assert!(began.elapsed() > Duration::from_secs(1));
        }
    }
}
