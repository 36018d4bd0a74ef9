//! Windows result codes as BITS servers send them in `BITS-Error-Code` (MC-BUP §2.2.1.2, Win32 "BITS return values").

use std::fmt;

/// A 32-bit result code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub u32);

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $value:literal; )*) => {
        impl HResult {
            $( $(#[$doc])* pub const $name: HResult = HResult($value); )*
        }
    };
}

codes! {
    /// No error; some servers send it with a 416 or with "unknown session".
    NONE = 0x0;
    /// What one server family sends for whatever went wrong.
    GENERIC = 0x1;
    /// `BG_E_SESSION_NOT_FOUND`
    SESSION_NOT_FOUND = 0x8020_001F;
    /// `BG_E_TOO_LARGE`: the file, in some documents the fragment.
    TOO_LARGE = 0x8020_0020;
    /// `BG_E_STRING_TOO_LONG`
    STRING_TOO_LONG = 0x8020_0021;
    /// `BG_E_CLIENT_SERVER_PROTOCOL_MISMATCH`
    PROTOCOL_MISMATCH = 0x8020_0022;
    /// `BG_E_SERVER_EXECUTE_ENABLE`: the directory lets scripts run, so nothing may be uploaded there.
    SERVER_EXECUTE_ENABLED = 0x8020_0023;
    /// `BG_E_PROTOCOL_NOT_AVAILABLE`
    PROTOCOL_NOT_AVAILABLE = 0x8020_0005;
    /// `BG_E_FILE_NOT_FOUND`
    BITS_FILE_NOT_FOUND = 0x8020_0029;
    /// `BG_E_INVALID_RANGE`
    INVALID_RANGE = 0x8020_002B;
    /// `BG_E_OVERLAPPING_RANGES`
    OVERLAPPING_RANGES = 0x8020_002C;
    /// `E_INVALIDARG`
    INVALID_ARGUMENT = 0x8007_0057;
    /// `E_ACCESSDENIED`
    ACCESS_DENIED = 0x8007_0005;
    /// `ERROR_DISK_FULL` as the documents write it. With status 408 and the application's context: a time-out.
    DISK_FULL_OR_TIMEOUT = 0x8007_0112;
    /// `ERROR_DISK_FULL` as Windows computes it.
    DISK_FULL = 0x8007_0070;
    /// `ERROR_FILE_NOT_FOUND`
    FILE_NOT_FOUND = 0x8007_0002;
    /// `ERROR_PATH_NOT_FOUND`
    PATH_NOT_FOUND = 0x8007_0003;
    /// `ERROR_SHARING_VIOLATION`
    SHARING_VIOLATION = 0x8007_0020;
    /// `ERROR_LOCK_VIOLATION`
    LOCK_VIOLATION = 0x8007_0021;
}

impl HResult {
    /// Reads `0x80200020`, `x80200020`, `80200020` and `0`: all of them occur.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?.trim();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let digits = digits.strip_prefix(['x', 'X']).unwrap_or(digits);
        // from_str_radix would take a sign.
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok().map(HResult)
    }

    /// Whether the severity bit says "failure".
    pub const fn is_failure(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    /// The HTTP status inside a `BG_E_HTTP_ERROR_nnn` (0x8019nnnn).
    pub const fn http_status(self) -> Option<u16> {
        let status = (self.0 & 0xFFFF) as u16;
        if self.0 >> 16 == 0x8019 && status >= 300 && status < 600 { Some(status) } else { None }
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_spelling_in_the_field() {
        for (text, code) in [
            ("0x80200020", Some(0x8020_0020)),
            ("0X8020001f", Some(0x8020_001F)),
            ("x80070112", Some(0x8007_0112)),
            ("80200020", Some(0x8020_0020)),
            (" 0x5 ", Some(5)),
            ("0", Some(0)),
            ("ff", Some(0xFF)),
            ("", None),
            ("0x", None),
            ("-1", None),
            ("+1", None),
            ("0x180200020", None),
            ("none", None),
        ] {
            assert_eq!(HResult::parse(text.as_bytes()), code.map(HResult), "{text:?}");
        }
    }

    #[test]
    fn finds_the_status_in_an_http_error() {
        assert_eq!(HResult(0x8019_0194).http_status(), Some(404));
        assert_eq!(HResult(0x8019_0000).http_status(), None);
        assert_eq!(HResult(0x8020_0194).http_status(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = HResult::parse(&bytes);
        }

        #[test]
        fn what_is_printed_is_read_back(code in any::<u32>()) {
            prop_assert_eq!(HResult::parse(HResult(code).to_string().as_bytes()), Some(HResult(code)));
        }
    }
}
