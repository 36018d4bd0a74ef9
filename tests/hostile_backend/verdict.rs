//! Whether an upload ended as its case says.

use crate::act::Act;
use crate::case::{At, Case, Expect};
use crate::client::{End, Mode};
use crate::peer::Seen;
use put2bits::error::Problem;

/// Stands in the bytes of many cases. It may not come out anywhere.
pub(crate) const MARK: &str = "EVIL";

impl Case {
    /// What the client must have been told. Gives what is wrong.
    pub(crate) fn judge(&self, mode: Mode, end: &End) -> Result<(), String> {
        if let End::Answered(answer) = end {
            let control = |byte: &u8| byte.is_ascii_control() && !b"\r\n".contains(byte);
            if answer.head.contains(MARK) || answer.head.bytes().any(|byte| control(&byte)) {
                return Err(format!("bytes of the peer in the answer: {answer}"));
            }
        }
        match (&self.expect, end) {
            (Expect::Stored, End::Answered(answer)) if answer.status == 201 => Ok(()),
            (Expect::Problems(problems), End::Answered(answer)) => {
                let code = answer.header("put2bits-error").unwrap_or("no code");
                match problems.iter().find(|problem| problem.code() == code) {
                    Some(problem) if self.is_cut_off(mode, *problem) => Err(format!("not cut off: {answer}")),
                    Some(problem) => {
                        answer.assert_problem(problem.row().status.as_u16(), code);
                        Ok(())
                    }
                    None => Err(format!("{:?} expected: {answer}", self.expect)),
                }
            }
            (Expect::Problems(problems), End::Cut)
                if problems.iter().any(|problem| self.is_cut_off(mode, *problem)) =>
            {
                Ok(())
            }
            (Expect::Stored, End::Answered(answer)) => Err(format!("not stored: {answer}")),
            (_, End::Cut) => Err("cut off".to_owned()),
            (_, End::Hung) => Err("it hangs".to_owned()),
        }
    }

    /// A client that can come back is not told what may pass; but once every byte was taken, the answer is final.
    fn is_cut_off(&self, mode: Mode, problem: Problem) -> bool {
        let is_final = matches!(self.at, At::Close | At::Evidence);
        mode == Mode::Resumable && self.cut.unwrap_or(problem.row().retry && !is_final)
    }

    /// Whether the session has to be cancelled. One that a client may come back for is not.
    pub(crate) fn is_cancelled(&self, mode: Mode, end: &End) -> bool {
        let had_session = !matches!(self.at, At::Accept | At::Create);
        let default = self.expect != Expect::Stored && had_session && self.at != At::Cancel;
        match mode {
            Mode::Resumable if matches!(end, End::Cut) => self.cancelled == Some(true),
            _ => self.cancelled.unwrap_or(default),
        }
    }

    /// How often the case must have struck.
    pub(crate) fn judge_strikes(&self, seen: &Seen) -> Result<(), String> {
        let retried = |problem: &Problem| problem.row().retry;
        let fits = match (self.times, &self.expect) {
            (Some(times), _) => seen.struck == times,
            (None, Expect::Stored) => seen.struck >= 1,
            (None, Expect::Problems(problems)) => {
                seen.struck > 1 && problems.iter().any(retried)
                    || seen.struck == 1 && !problems.iter().all(retried)
            }
        };
        if fits { Ok(()) } else { Err(format!("it struck {} times", seen.struck)) }
    }
}

/// For messages: what the peer did.
pub(crate) fn describe(act: &Act) -> String {
    format!("{:?}, {:.300?}, {:?}", act.listen, String::from_utf8_lossy(&act.say), act.then)
}
