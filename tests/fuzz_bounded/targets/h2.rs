//! Bytes of a client behind the preface of HTTP/2, straight into the front.

use super::front;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;

pub(crate) fn run(input: &[u8]) -> bool {
    let answer = front::answers(&[PREFACE, input].concat());
    let (mut rest, mut answered) = (answer.as_slice(), false);
    // What comes back are whole frames, and none of them is a 500 (8 and 14: RFC 7541, appendix A). At the end of the
    // connection one may be cut.
    while let Some((head, behind)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        assert!(length <= 1 << 14 && head[3] <= 9, "no frame: {head:?}");
        let Some((payload, behind)) = behind.split_at_checked(length) else { break };
        if head[3] == HEADERS {
            assert_ne!(payload.first(), Some(&(0x80 | 14)), "a 500");
            answered = true;
        }
        rest = behind;
    }
    answered
}
