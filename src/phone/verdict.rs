//! What the client makes of what it is told: the checks of the protocol that a careful client makes.

use super::answer::Answer;
use super::event::Trouble;
use super::upload::Upload;
use reqwest::Url;

impl Upload<'_> {
    /// The upload resource of a 104, or why the 104 does not count.
    pub(super) fn read_104(&self, answer: &Answer) -> Result<Url, &'static str> {
        const NUMBER: &str = "upload-draft-interop-version";
        let number = answer.integer(NUMBER);
        // A number that is not one is not none.
        if number != self.phone.system.interop.map(u64::from)
            || (number.is_none() && answer.headers.contains_key(NUMBER))
        {
            return Err("the 104 has another interop number");
        }
        let location = answer.headers.get(http::header::LOCATION).and_then(|location| location.to_str().ok());
        let location = location.ok_or("the 104 has no Location")?;
        let target = &self.phone.target;
        let resource = target.join(location).map_err(|_| "the Location of the 104 is not a URL")?;
        // The headers of the app go there, too, and they may be secret.
        if resource.origin() != target.origin() {
            return Err("the Location of the 104 is on another host");
        }
        Ok(resource)
    }

    /// The offset in an answer to HEAD, if it can be true.
    pub(super) fn read_offset(&self, answer: Answer) -> Result<u64, Trouble> {
        if !answer.status.is_success() {
            return Err(Trouble::Refused(Box::new(answer)));
        }
        let (told, reached, length) = (self.told, self.tally.reached, self.content.length());
        let wrong = |why: String| Err(Trouble::Wrong(format!("the answer to HEAD is wrong: {why}")));
        let Some(offset) = answer.integer("upload-offset") else {
            return wrong("it has no Upload-Offset".to_owned());
        };
        if offset < told {
            return wrong(format!("the offset went back from {told} to {offset}"));
        }
        if offset > reached {
            return wrong(format!("the offset is {offset}, but only {reached} bytes were ever sent"));
        }
        match answer.integer("upload-length") {
            Some(other) if other != length => wrong(format!("the file has {length} bytes, not {other}")),
            _ => Ok(offset),
        }
    }

    /// Whether a final answer is the success that it may claim to be.
    pub(super) fn judge(&self, answer: Answer, early: bool, appended: bool) -> Result<Answer, Trouble> {
        if !answer.status.is_success() {
            return Err(Trouble::Refused(Box::new(answer)));
        }
        let wrong = |why: &str| Err(Trouble::Wrong(format!("the answer is {}, but {why}", answer.status)));
        if early {
            return wrong("not all of the file had been sent");
        }
        let complete = answer.boolean("upload-complete");
        if complete == Some(false) || answer.boolean("upload-incomplete") == Some(true) {
            return wrong("it says that the upload is not complete");
        }
        let (offset, system) = (answer.integer("upload-offset"), self.phone.system);
        if offset.is_some_and(|offset| offset != self.content.length()) {
            return wrong("its Upload-Offset is not the length of the file");
        }
        if self.resource.is_some() && system.final_offset && offset.is_none() {
            return wrong("it has no Upload-Offset");
        }
        if appended && !system.final_offset && complete.is_none() {
            return wrong("it has no Upload-Complete");
        }
        Ok(answer)
    }
}
