//! What each system sends, as seen on the wire.

/// A version of the protocol as the systems that speak it do.
#[derive(Debug, PartialEq, Eq)]
pub struct System {
    /// For people: `iOS 17`.
    pub name: &'static str,
    /// `Upload-Draft-Interop-Version`; the RFC has none.
    pub interop: Option<u8>,
    /// The header that says "with this request the file is complete".
    pub complete: (&'static str, &'static str),
    /// `Content-Type` of a PATCH; nothing: the file's own.
    pub part_type: Option<&'static str>,
    /// Whether HEAD has a `Content-Length: 0`.
    pub head_length: bool,
    /// Whether the final answer has to say how many bytes arrived. Later versions want `Upload-Complete: ?1` instead,
    /// on answers to PATCH.
    pub final_offset: bool,
}

const COMPLETE: (&str, &str) = ("Upload-Complete", "?1");
const PARTIAL: Option<&str> = Some("application/partial-upload");

impl System {
    /// iOS 17, macOS 14.
    pub const IOS_17: System = System {
        name: "iOS 17",
        interop: Some(3),
        complete: ("Upload-Incomplete", "?0"),
        part_type: None,
        head_length: false,
        final_offset: true,
    };
    /// Never shipped by Apple.
    pub const INTEROP_4: System = System { name: "interop 4", interop: Some(4), ..System::IOS_18_0 };
    /// iOS 18.0, macOS 15.0.
    pub const IOS_18_0: System = System {
        name: "iOS 18.0",
        interop: Some(5),
        complete: COMPLETE,
        part_type: None,
        head_length: true,
        final_offset: true,
    };
    /// iOS 18.1 to 26, macOS 15.1 and later.
    pub const IOS_26: System =
        System { name: "iOS 26", interop: Some(6), part_type: PARTIAL, ..System::IOS_18_0 };
    /// Not seen from Apple.
    pub const INTEROP_7: System =
        System { name: "interop 7", interop: Some(7), final_offset: false, ..System::IOS_26 };
    /// Not reliably seen from Apple.
    pub const INTEROP_8: System = System { name: "interop 8", interop: Some(8), ..System::INTEROP_7 };
    /// What is to be expected once there is an RFC.
    pub const RFC: System = System { name: "the RFC", interop: None, ..System::INTEROP_8 };

    /// All of them.
    pub const ALL: [&'static System; 7] = [
        &System::IOS_17,
        &System::INTEROP_4,
        &System::IOS_18_0,
        &System::IOS_26,
        &System::INTEROP_7,
        &System::INTEROP_8,
        &System::RFC,
    ];

    /// The one of a release of iOS: `17`, `18.0`, `18` (18.1 and later) or `26`.
    pub fn ios(release: &str) -> Option<&'static System> {
        match release {
            "17" => Some(&System::IOS_17),
            "18.0" => Some(&System::IOS_18_0),
            "18" | "26" => Some(&System::IOS_26),
            _ => None,
        }
    }

    /// The one of an interop number from `3` to `8`, or of `rfc`.
    pub fn interop(number: &str) -> Option<&'static System> {
        if number == "rfc" {
            return Some(&System::RFC);
        }
        let number: u8 = number.parse().ok()?;
        System::ALL.into_iter().find(|system| system.interop == Some(number))
    }
}
