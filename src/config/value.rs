//! Sizes and times as people write them.

use bytesize::Unit;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes, written `8MiB` (2^20 each), `8MB` (10^6 each), `1.5GiB` or as a plain integer.
///
/// Parsing is exact (no floating point) and refuses what does not fit; parts of a byte are dropped. Printing is
/// exact too, and is read back as the same size.
///
/// ```
/// use put2bits::config::Size;
/// assert_eq!("8MiB".parse::<Size>().unwrap(), Size(8 << 20));
/// assert_eq!("8MB".parse::<Size>().unwrap(), Size(8_000_000));
/// assert_eq!(Size(1536 << 20).to_string(), "1536MiB");
/// assert!("-1KiB".parse::<Size>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

/// The text is not a size, or one that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a size such as \"8MiB\", \"8MB\" or 8388608")]
pub struct NotASize;

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        size(text).map(Size).ok_or(NotASize)
    }
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim_start() {
        "" => 1,
        unit => unit.parse::<Unit>().ok()? * 1u64,
    };
    let Some((whole, part)) = number.split_once('.') else {
        return number.parse::<u64>().ok()?.checked_mul(unit);
    };
    // A part of nothing but bytes is a slip of the pen; 18 digits keep the product within 128 bits.
    if unit == 1 || part.is_empty() || part.len() > 18 {
        return None;
    }
    let scale = 10u128.pow(u32::try_from(part.len()).ok()?);
    let part = u128::from(part.parse::<u64>().ok()?) * u128::from(unit) / scale;
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(u64::try_from(part).ok()?)
}

impl fmt::Display for Size {
    /// The shortest exact form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 13] = [
            (bytesize::EIB, "EiB"),
            (bytesize::PIB, "PiB"),
            (bytesize::TIB, "TiB"),
            (bytesize::GIB, "GiB"),
            (bytesize::MIB, "MiB"),
            (bytesize::KIB, "KiB"),
            (bytesize::EB, "EB"),
            (bytesize::PB, "PB"),
            (bytesize::TB, "TB"),
            (bytesize::GB, "GB"),
            (bytesize::MB, "MB"),
            (bytesize::KB, "KB"),
            (1, "B"),
        ];
        let exact = UNITS.into_iter().filter(|(unit, _)| self.0.is_multiple_of(*unit));
        let shortest = exact.map(|(unit, name)| (self.0 / unit, name)).min_by_key(|(count, _)| *count);
        let (count, name) = shortest.filter(|(count, _)| *count > 0).unwrap_or((self.0, "B"));
        write!(f, "{count}{name}")
    }
}

/// A span of time, written with its units: `90s`, `1h30m`, `200ms`.
///
/// ```
/// use put2bits::config::Time;
/// use std::time::Duration;
/// assert_eq!("1h30m".parse::<Time>().unwrap(), Time(Duration::from_secs(5400)));
/// assert_eq!(Time(Duration::from_secs(90)).to_string(), "1m30s");
/// assert!("90".parse::<Time>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Duration);

/// The text is not a time with its unit, or one that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time with its unit, such as \"90s\" or \"1h30m\"")]
pub struct NotATime;

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        // The library takes a bare 0; here every time has its unit.
        if text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_whitespace()) {
            return Err(NotATime);
        }
        humantime::parse_duration(text).map(Time).map_err(|_| NotATime)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&humantime::format_duration(self.0).to_string().replace(' ', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("1", 1),
            ("1B", 1),
            ("8MB", 8_000_000),
            ("8MiB", 8 << 20),
            ("8 mib", 8 << 20),
            ("8M", 8_000_000),
            ("8Mi", 8 << 20),
            ("1.5GiB", 3 << 29),
            ("0.1KB", 100),
            ("18446744073709551615", u64::MAX),
            ("15EiB", 15 << 60),
            ("9007199254740993B", 9_007_199_254_740_993),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            " ",
            "MiB",
            "-1",
            "+1",
            "-8MiB",
            "8 parrots",
            "1.5",
            "1.5B",
            ".5KiB",
            "1.KiB",
            "1.2.3KiB",
            "8,5MiB",
            "18446744073709551616",
            "16EiB",
            "99999999999EiB",
            "0x10",
            "1e3",
            "8MiB x",
            "1_000",
            "NaN",
            "inf",
            "15.9999999999999999999EiB",
        ] {
            assert_eq!(text.parse::<Size>(), Err(NotASize), "{text}");
        }
    }

    #[test]
    fn sizes_print_short_and_exact() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1KiB"),
            (8 << 20, "8MiB"),
            (1 << 40, "1TiB"),
            (10_000_000_000, "10GB"),
            (30_000_000, "30MB"),
            (1_000_001, "1000001B"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    #[test]
    fn times_need_a_unit() {
        for (text, millis) in
            [("90s", 90_000), ("1h30m", 5_400_000), ("200ms", 200), ("1.5s", 1500), ("0s", 0)]
        {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(millis))), "{text}");
        }
        for text in ["", "0", "90", " 90 ", "-1s", "1 parsec", "s", "99999999999999999999s", "1h-30m"] {
            assert_eq!(text.parse::<Time>(), Err(NotATime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn sizes_are_read_back(bytes: u64) {
            prop_assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }

        #[test]
        fn round_sizes_are_read_back(count in 0u64..4096, shift in 0u32..50) {
            prop_assert_eq!(Size(count << shift).to_string().parse(), Ok(Size(count << shift)));
        }

        #[test]
        fn times_are_read_back(secs in 0u64..1 << 40, nanos in 0u32..1_000_000_000) {
            let time = Time(Duration::new(secs, nanos));
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[0-9.]{0,24} ?[KMGTPE]?i?B?") {
            let _ = text.parse::<Size>();
            let _ = text.parse::<Time>();
        }
    }
}
