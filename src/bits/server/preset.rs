//! Known servers as [`Knobs`], after what their documents say or what they answered on loopback.

use super::knobs::*;
use super::reply::CONTEXT_APPLICATION;
use crate::bits::Profile;
use crate::limits::MIB;
use http::header::SERVER;
use http::{HeaderMap, HeaderValue, StatusCode};

/// A preset: its name and what makes its knobs.
pub type Preset = (&'static str, fn() -> Knobs);

impl Knobs {
    /// Every preset.
    pub const PRESETS: [Preset; 6] = [
        ("strict", Knobs::strict),
        ("iis", Knobs::iis),
        ("gobits", Knobs::gobits),
        ("simplebits", Knobs::simplebits),
        ("fkadibs", Knobs::fkadibs),
        ("xenserver", Knobs::xenserver),
    ];

    /// What a client of this server does best to take it for: whether a fragment may be sent to it twice. Of
    /// servers that trim or refuse as the case may be, as of those that write a second time what is there already,
    /// a client learns the offset by sending again.
    pub fn fitting_profile(&self) -> &'static Profile {
        let server: HeaderMap = self.wire.server.iter().map(|name| (SERVER, name.clone())).collect();
        match self.fragment.overlap {
            OverlapRule::Append => &Profile::APPEND,
            OverlapRule::Refuse | OverlapRule::Trim if Profile::recognise(&server) == &Profile::IIS => {
                &Profile::IIS
            }
            OverlapRule::Refuse | OverlapRule::TrimOrRefuse => &Profile::REFUSE,
            OverlapRule::Trim | OverlapRule::Overwrite => &Profile::TRIM,
        }
    }

    /// The preset of that name.
    pub fn preset(name: &str) -> Option<Knobs> {
        Knobs::PRESETS.into_iter().find(|(known, _)| *known == name).map(|(_, make)| make())
    }

    /// A server that follows MC-BUP to the letter.
    pub fn strict() -> Knobs {
        Knobs::default()
    }

    /// Microsoft IIS with the BITS server extension and its default limits. Like the real one it does not
    /// overwrite files.
    pub fn iis() -> Knobs {
        let mut knobs = Knobs::default();
        knobs.http.missing_length = MissingLength::Status400;
        knobs.http.max_fragment = Some(FragmentLimit { bytes: 30_000_000, answer: LimitAnswer::Html404 });
        knobs.wire.pragma = true;
        knobs.wire.server = Some(HeaderValue::from_static("Microsoft-IIS/10.0"));
        knobs.wire.session_id = false;
        knobs.fragment.broken = Broken::Keep;
        knobs.publish.existing = Existing::Refuse { status: StatusCode::FORBIDDEN, at: ExistingAt::Create };
        knobs
    }

    /// gobits, a server in Go.
    pub fn gobits() -> Knobs {
        let mut knobs = Knobs::default();
        knobs.http.missing_length = MissingLength::Accept;
        knobs.wire.case = HeaderCase::Title;
        knobs.wire.code_form = CodeForm::Bare;
        knobs.wire.only_code = Some(0);
        knobs.wire.offset_on_416 = OffsetOn416::Misspelt;
        knobs.session.protocol = ProtocolMatch::LastLower;
        knobs.session.id_form = IdForm::Bare;
        knobs.session.unknown = UnknownSession::Zero400;
        knobs.session.bound_to_target = false;
        knobs.session.refuse_stray_body = false;
        knobs.fragment.overlap = OverlapRule::TrimOrRefuse;
        knobs.fragment.total_may_change = true;
        knobs.fragment.last_repeat = LastRepeat::OffsetZero;
        knobs.publish.at = PublishAt::LastFragment;
        knobs.publish.early_close = EarlyClose::DiscardAndAck;
        knobs.publish.zero_length = EmptyFile::AckOnly;
        knobs
    }

    /// SimpleBITSServer (SafeBreach-Labs), a server in Python 2. Sending a byte twice corrupts the file there.
    pub fn simplebits() -> Knobs {
        let mut knobs = Knobs::default();
        knobs.http.missing_length = MissingLength::Accept;
        knobs.wire.server = Some(HeaderValue::from_static("SimpleHTTP/0.6 Python/2.7.18"));
        knobs.wire.error_length = false;
        knobs.wire.ping_code = Some(1);
        knobs.session.id_form = IdForm::Negative;
        knobs.session.unknown = UnknownSession::Generic500;
        knobs.session.bound_to_connection = true;
        knobs.session.target_held = true;
        knobs.session.refuse_stray_body = false;
        knobs.fragment.overlap = OverlapRule::Append;
        knobs.fragment.gap = GapRule::Generic500;
        knobs.fragment.max_total = Some(TotalLimit { bytes: 100 * MIB, status: StatusCode::OK });
        knobs.fragment.total_may_change = true;
        knobs.fragment.last_repeat = LastRepeat::ByOverlap;
        knobs.publish.early_close = EarlyClose::Publish;
        knobs
    }

    /// BITSServer (fkadibs), its descendant in Python 3: many errors get no answer at all.
    pub fn fkadibs() -> Knobs {
        let mut knobs = Knobs::simplebits();
        knobs.wire.server = Some(HeaderValue::from_static("BaseHTTP/0.6 Python/3.11.7"));
        knobs.session.unknown = UnknownSession::HangUp;
        knobs.fragment.gap = GapRule::HangUp;
        knobs
    }

    /// XenServer's Transfer VM (`mod_bits`): writes anywhere, acknowledges whatever came, one session at a time.
    pub fn xenserver() -> Knobs {
        let mut knobs = Knobs::default();
        knobs.wire.context = CONTEXT_APPLICATION;
        knobs.session.limit = Some(SessionLimit { max: 1, drop_oldest: true });
        knobs.fragment.overlap = OverlapRule::Overwrite;
        knobs.fragment.gap = GapRule::Take;
        knobs.fragment.broken = Broken::Keep;
        knobs.fragment.last_repeat = LastRepeat::ByOverlap;
        knobs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_its_profile() {
        let fitting = Knobs::PRESETS.map(|(name, make)| (name, make().fitting_profile().name));
        assert_eq!(
            fitting,
            [
                ("strict", "refuse"),
                ("iis", "iis"),
                ("gobits", "refuse"),
                ("simplebits", "append"),
                ("fkadibs", "append"),
                ("xenserver", "trim"),
            ]
        );
        let mut appending = Knobs::iis();
        appending.set("overlap=append").unwrap();
        assert_eq!(appending.fitting_profile().name, "append", "what it does, not what it is called");
    }
}
