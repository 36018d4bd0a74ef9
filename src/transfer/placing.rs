//! Before a session is opened: is a file of that name there?

use super::call::{Backend, Call, NoAnswer, Patience};
use crate::bits::Login;
use crate::error::{Failure, Problem};
use crate::limits::Limits;
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, sleep};

/// Whether the backend has a file at the destination. Asked again while trouble may pass, for `retry.create_window` at most,
/// and once more if it asks for credentials that can be read again, as for a packet.
///
/// # Errors
/// It cannot be found out: [`Problem::ExistsUnknown`] if the backend never tells, another one if it is in trouble, or does
/// not accept the credentials: whose they are says `login`.
pub async fn is_there<K: Backend>(backend: &mut K, login: Login, limits: &Limits) -> Result<bool, Failure> {
    let (time, retry) = (&limits.time, &limits.retry);
    let patience = Patience { connect: time.connect, stall: time.stall, answer: time.ack };
    let deadline = Instant::now() + retry.create_window;
    let mut delay = retry.first_delay;
    let mut was_challenged = false;
    loop {
        let failure = match backend.exchange(Call::Evidence, patience).await {
            Ok(answer) if answer.status.is_success() => return Ok(true),
            Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
                return Ok(false);
            }
            Ok(answer) if login.can_renew(answer.status) && !was_challenged => {
                was_challenged = true;
                continue;
            }
            Ok(answer) => unknown(login, answer.status, &answer.headers),
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
fn unknown(login: Login, status: StatusCode, headers: &HeaderMap) -> Failure {
    let challenge = login.callers_challenge(status, headers).map(Box::new);
    let problem = match status.as_u16() {
        408 | 429 | 500 | 502 | 503 | 504 => Problem::Unavailable,
        _ if challenge.is_some() => Problem::CallerRefused,
        // Where nobody logs in, it is the reading of files that is closed, and uploads may be open.
        401 | 407 if login != Login::Fixed => Problem::BackendAuth,
        _ => Problem::ExistsUnknown,
    };
    let failure = Failure::new(problem, format!("HEAD of the file was answered {}", status.as_u16()));
    Failure { challenge, ..failure }
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
    use http::header::WWW_AUTHENTICATE;
    use std::time::Duration;

    /// Gives these answers, the last one for ever; 0 is none. Counts them. All of them ask for that login.
    struct Script(Vec<u16>, usize, &'static str);

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
                    headers: HeaderMap::from_iter([(WWW_AUTHENTICATE, self.2.parse().unwrap())]),
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
            let mut script = Script(answers.into(), 0, "Basic");
            let found = is_there(&mut script, Login::Fixed, &limits).await.map_err(|failure| failure.problem);
            assert_eq!((found, script.1), (expected, asked), "{answers:?}");
        }
        for (answers, expected) in [([500], Problem::Unavailable), ([0], Problem::Unreachable)] {
            let (mut script, began) = (Script(answers.into(), 0, "Basic"), Instant::now());
            let found = is_there(&mut script, Login::Fixed, &limits).await.map_err(|failure| failure.problem);
            assert_eq!(found, Err(expected));
            assert!(script.1 > 2 && began.elapsed() <= limits.retry.create_window);
            assert!(began.elapsed() > Duration::from_secs(1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_are_refused_are_whose_they_are() {
        use Login::{Callers, Renewable};
        let limits = Limits::default();
        for (login, answers, scheme, asked, expected) in [
            (Callers, &[401][..], "Basic realm=\"iis\"", 1, Err(Problem::CallerRefused)),
            // What the client cannot answer through this proxy is not put to it.
            (Callers, &[401], "NTLM", 1, Err(Problem::BackendAuth)),
            (Callers, &[407], "Basic", 1, Err(Problem::BackendAuth)),
            (Callers, &[403], "Basic", 1, Err(Problem::ExistsUnknown)),
            (Renewable, &[401, 404], "Basic", 2, Ok(false)),
            (Renewable, &[407, 200], "Basic", 2, Ok(true)),
            (Renewable, &[401, 401], "Basic", 2, Err(Problem::BackendAuth)),
            (Renewable, &[401, 503, 401], "Basic", 3, Err(Problem::BackendAuth)),
        ] {
            let mut script = Script(answers.into(), 0, scheme);
            let found = is_there(&mut script, login, &limits).await;
            let challenge = found.as_ref().err().and_then(|failure| failure.challenge.clone());
            let is_theirs = expected == Err(Problem::CallerRefused);
            assert_eq!(challenge.map(|value| *value == scheme), is_theirs.then_some(true), "{answers:?}");
            let found = found.map_err(|failure| failure.problem);
            assert_eq!((found, script.1), (expected, asked), "{login:?} {answers:?}");
        }
    }
}
