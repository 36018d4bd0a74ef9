//! What the drafts say about each version, row by row, for the checks alone.

/// One version, as a client knows it.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    /// What `Upload-Draft-Interop-Version` says.
    pub(crate) number: Option<&'static str>,
    /// The field that says whether the file is whole, and what it says for yes and for no.
    pub(crate) marker: &'static str,
    pub(crate) whole: &'static str,
    pub(crate) partial: &'static str,
    /// A PATCH has the type `application/partial-upload` and the marker, or is refused.
    pub(crate) strict_patch: bool,
    /// A HEAD or DELETE with fields of other requests is refused.
    pub(crate) strict_head: bool,
    /// GET asks for the offset, too.
    pub(crate) get: bool,
    /// There are 104s that tell the offset.
    pub(crate) progress: bool,
    /// HEAD tells the length.
    pub(crate) length: bool,
    /// What `Upload-Limit` calls the time that is left; nothing: there is no such field.
    pub(crate) age: Option<&'static str>,
    /// Status of the answer to a PATCH that is not the last.
    pub(crate) part: u16,
    /// The last answer to the creation must have `Location`.
    pub(crate) final_location: bool,
    /// A failure of a whole upload says that it is whole.
    pub(crate) marked_failure: bool,
}

#[rustfmt::skip]
static TABLE: [Dialect; 7] = [
    Dialect { name: "3", number: Some("3"), marker: "Upload-Incomplete", whole: "?0", partial: "?1",
        strict_patch: false, strict_head: true, get: false, progress: false, length: false, age: None,
        part: 201, final_location: true, marked_failure: false },
    Dialect { name: "4", number: Some("4"), marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: false, strict_head: true, get: false, progress: false, length: false, age: None,
        part: 201, final_location: true, marked_failure: false },
    Dialect { name: "5", number: Some("5"), marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: false, strict_head: true, get: false, progress: true, length: false, age: None,
        part: 201, final_location: true, marked_failure: false },
    Dialect { name: "6", number: Some("6"), marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: true, strict_head: true, get: false, progress: true, length: true, age: Some("expires"),
        part: 201, final_location: true, marked_failure: false },
    Dialect { name: "7", number: Some("7"), marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: true, strict_head: false, get: false, progress: true, length: true, age: Some("max-age"),
        part: 204, final_location: true, marked_failure: true },
    Dialect { name: "8", number: Some("8"), marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: true, strict_head: false, get: true, progress: true, length: true, age: Some("max-age"),
        part: 204, final_location: false, marked_failure: true },
    Dialect { name: "rfc", number: None, marker: "Upload-Complete", whole: "?1", partial: "?0",
        strict_patch: true, strict_head: false, get: true, progress: true, length: true, age: Some("max-age"),
        part: 204, final_location: false, marked_failure: true },
];

impl Dialect {
    pub(crate) fn named(name: &str) -> &'static Dialect {
        TABLE.iter().find(|dialect| dialect.name == name).unwrap()
    }

    /// Another version, which says most things differently.
    pub(crate) fn other(&self) -> &'static Dialect {
        Dialect::named(if self.name == "3" { "6" } else { "3" })
    }

    /// A version with the other marker.
    pub(crate) fn other_marker(&self) -> &'static Dialect {
        Dialect::named(if self.marker == "Upload-Complete" { "3" } else { "4" })
    }

    /// `Upload-Limit` for files of at most so many bytes, kept so many seconds.
    pub(crate) fn limit(&self, max_size: u64, seconds: u64) -> Option<String> {
        self.age.map(|age| format!("min-size=0, max-size={max_size}, {age}={seconds}"))
    }
}
