//! What answers have to look like, in the words of the version.

use super::case::Case;
use super::client::Message;
use super::world::{EXPIRE, MAX_UPLOAD};

impl Case {
    /// A 104 that tells where the upload can be resumed: these fields, and no others.
    #[track_caller]
    pub(crate) fn assert_supported(&self, told: &Message) {
        assert_eq!(told.status, 104, "{told}");
        let limit = self.dialect.limit(MAX_UPLOAD, EXPIRE);
        let mut names = vec!["location"];
        names.extend(self.dialect.number.map(|_| "upload-draft-interop-version"));
        names.extend(limit.as_ref().map(|_| "upload-limit"));
        assert_eq!(told.names(), names, "{told}");
        assert_eq!(told.field("upload-draft-interop-version"), self.dialect.number, "{told}");
        assert_eq!(told.field("upload-limit"), limit.as_deref(), "{told}");
    }

    /// The file is stored. `created`: the URL, if this answers the creation.
    #[track_caller]
    pub(crate) fn assert_final(&self, answer: &Message, size: u64, created: Option<&str>) {
        assert_eq!((answer.status, answer.field("content-length")), (201, Some("0")), "{answer}");
        assert_eq!(answer.has("upload-offset"), size.to_string(), "{answer}");
        self.assert_marker(answer, true);
        match created {
            Some(location) if self.dialect.final_location => {
                assert_eq!(answer.field("location"), Some(location), "{answer}");
            }
            // There is nothing to go on with.
            _ => assert_eq!(answer.field("location"), None, "{answer}"),
        }
    }

    /// A part is taken, and more is to come. `created`: the URL, if this answers the creation.
    #[track_caller]
    pub(crate) fn assert_part(&self, answer: &Message, offset: u64, created: Option<&str>) {
        assert_eq!(answer.status, if created.is_some() { 201 } else { self.dialect.part }, "{answer}");
        assert_eq!(answer.has("upload-offset"), offset.to_string(), "{answer}");
        assert_eq!(answer.field("location"), created, "{answer}");
        self.assert_marker(answer, false);
        if created.is_some() {
            assert_eq!(
                answer.field("upload-limit"),
                self.dialect.limit(MAX_UPLOAD, EXPIRE).as_deref(),
                "{answer}"
            );
        }
    }

    /// The answer to HEAD.
    #[track_caller]
    pub(crate) fn assert_told(&self, told: &Message, offset: u64, length: Option<u64>, whole: bool) {
        assert_eq!(told.status, 204, "{told}");
        assert_eq!(told.field("cache-control"), Some("no-store"), "{told}");
        assert_eq!(told.has("upload-offset"), offset.to_string(), "{told}");
        self.assert_marker(told, whole);
        let length = length.filter(|_| self.dialect.length).map(|length| length.to_string());
        assert_eq!(told.field("upload-length"), length.as_deref(), "{told}");
        assert_eq!(told.field("upload-limit"), self.dialect.limit(MAX_UPLOAD, EXPIRE).as_deref(), "{told}");
        assert!(told.body.is_empty() && told.field("location").is_none(), "{told}");
    }

    /// The part begins at the wrong place.
    #[track_caller]
    pub(crate) fn assert_conflict(&self, answer: &Message, offset: u64) {
        assert_eq!(answer.status, 409, "{answer}");
        assert_eq!(answer.has("upload-offset"), offset.to_string(), "{answer}");
        self.assert_marker(answer, false);
        assert_eq!(answer.document()["type"], iana("mismatching-upload-offset"), "{answer}");
    }

    /// What was said of the length is contradictory.
    #[track_caller]
    pub(crate) fn assert_inconsistent(&self, answer: &Message) {
        self.assert_refused(answer, 400, "length_mismatch");
        assert_eq!(answer.document()["type"], iana("inconsistent-upload-length"), "{answer}");
        self.assert_marker(answer, false);
    }

    /// There is nothing to append to any more.
    #[track_caller]
    pub(crate) fn assert_completed(&self, answer: &Message) {
        self.assert_refused(answer, 400, "upload_completed");
        assert_eq!(answer.document()["type"], iana("completed-upload"), "{answer}");
    }

    /// There is no such upload. `reason`: why there is none any more.
    #[track_caller]
    pub(crate) fn assert_gone(&self, answer: &Message, reason: &str) {
        assert_eq!(answer.status, 404, "{answer}");
        assert_eq!(answer.field("put2bits-reason"), Some(reason), "{answer}");
        assert_eq!(answer.field("upload-offset"), None, "{answer}");
        assert_eq!(answer.field("location"), None, "{answer}");
    }

    /// A refusal that names its reason in a header: the app behind an upload sees nothing else.
    #[track_caller]
    pub(crate) fn assert_refused(&self, answer: &Message, status: u16, code: &str) {
        assert_eq!((answer.status, answer.field("put2bits-error")), (status, Some(code)), "{answer}");
    }

    /// A plain upload was stored: nothing reminds of resumption.
    #[track_caller]
    pub(crate) fn assert_plain(&self, answer: &Message) {
        assert_eq!(answer.status, 201, "{answer}");
        let strange = |name: &&str| name.starts_with("upload-") || *name == "location";
        assert_eq!(answer.names().into_iter().find(strange), None, "{answer}");
    }

    /// Whether the upload is whole, and not in the words of another version.
    #[track_caller]
    pub(crate) fn assert_marker(&self, answer: &Message, whole: bool) {
        let expected = if whole { self.dialect.whole } else { self.dialect.partial };
        for marker in ["Upload-Incomplete", "Upload-Complete"] {
            let expected = (marker == self.dialect.marker).then_some(expected);
            assert_eq!(answer.field(marker), expected, "{answer}");
        }
    }
}

fn iana(problem: &str) -> String {
    format!("https://iana.org/assignments/http-problem-types#{problem}")
}
