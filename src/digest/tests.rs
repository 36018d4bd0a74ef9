use super::*;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Of `hello world`.
const SHA256: &str = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:";
const SHA512: &str =
    "sha-512=:MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==:";

fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_str(line).unwrap());
    }
    headers
}

fn read(lines: &[&str]) -> Digests {
    Digests::read(&headers(&REPR_DIGEST, lines), &REPR_DIGEST)
}

fn hashed(bytes: &[u8]) -> Digests {
    let mut hasher = Hasher::new(Algorithm::ALL);
    hasher.update(bytes);
    hasher.digests()
}

#[test]
fn known_digests() {
    let told = read(&[&format!("{SHA256}, {SHA512}")]);
    assert_eq!(told, hashed(b"hello world"));
    assert_eq!(told.field().unwrap(), &format!("{SHA256}, {SHA512}"));
    assert_eq!(
        hashed(b"").field().unwrap(),
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, \
         sha-512=:z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==:"
    );
    assert_eq!(Digests::default().field(), None);
}

#[test]
fn fields_that_tell_and_fields_that_do_not() {
    let both = [Algorithm::Sha256, Algorithm::Sha512];
    for (lines, algorithms) in [
        (&[SHA256][..], &both[..1]),
        (&[SHA512], &both[1..]),
        (&[SHA512, SHA256], &both),
        (&["md5=:AA==:, unixsum=3", SHA256], &both[..1]),
        (&["sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:;a=b"], &both[..1]),
        // The last one of a key counts.
        (&["sha-256=3", SHA256], &both[..1]),
        // Nothing that is known.
        (&[], &[]),
        (&[""], &[]),
        (&["md5=:AA==:"], &[]),
        // Malformed.
        (&["sha-256"], &[]),
        (&["sha-256=uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="], &[]),
        (&["sha-256=:AA==:"], &[]),
        (&["sha-256=(:AA==:)"], &[]),
        (&["sha-256=:****:"], &[]),
        (&["sha-256=\"AA==\"", SHA512], &[]),
        (&[SHA256, "sha-256=3"], &[]),
        (&["SHA-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:"], &[]),
        (&[SHA256, "="], &[]),
    ] {
        let digests = read(lines);
        assert_eq!(digests.algorithms().collect::<Vec<_>>(), algorithms, "{lines:?}");
        assert_eq!(digests.is_empty(), algorithms.is_empty());
    }
}

#[test]
fn promises_are_checked() {
    let (one, other) = (hashed(b"one"), hashed(b"other"));
    let only = |digests: &Digests, algorithm: Algorithm| {
        let field = digests.field().unwrap();
        let mut members = field.to_str().unwrap().split(", ");
        read(&[members.find(|member| member.starts_with(algorithm.name())).unwrap()])
    };
    let (one_256, one_512) = (only(&one, Algorithm::Sha256), only(&one, Algorithm::Sha512));
    assert_eq!(one.check(&one), Ok(()));
    assert_eq!(one_512.check(&one), Ok(()));
    assert_eq!(Digests::default().check(&one), Ok(()));
    assert_eq!(one.check(&other), Err(Algorithm::Sha256));
    assert_eq!(one_512.check(&other), Err(Algorithm::Sha512));
    // What was not computed is not proved.
    assert_eq!(one.check(&one_256), Err(Algorithm::Sha512));
    assert_eq!(one_256.check(&Digests::default()), Err(Algorithm::Sha256));
}

#[test]
fn wishes() {
    const WANT: HeaderName = HeaderName::from_static("want-repr-digest");
    for (lines, expected) in [
        (&["sha-256=1"][..], Some(Algorithm::Sha256)),
        (&["sha-512=3, sha-256=10, md5=10"], Some(Algorithm::Sha256)),
        (&["sha-512=3", "sha-256=1"], Some(Algorithm::Sha512)),
        (&["sha-256=5, sha-512=5"], Some(Algorithm::Sha256)),
        (&["sha-512=5, sha-256=5"], Some(Algorithm::Sha512)),
        (&["sha-512=0, sha-256=1"], Some(Algorithm::Sha256)),
        (&["sha-512=11, sha-256=1"], Some(Algorithm::Sha256)),
        (&["sha-512=0"], None),
        (&["sha-512=-1"], None),
        (&["sha-512"], None),
        (&["sha-512=1.0"], None),
        (&["md5=10"], None),
        (&["sha-256=1,"], None),
        (&[], None),
    ] {
        assert_eq!(wanted(&headers(&WANT, lines)), expected, "{lines:?}");
    }
}

#[test]
fn a_hasher_goes_on_after_every_length() {
    let bytes: Vec<u8> = (0..600).map(|at: u32| (at * 7 % 251) as u8).collect();
    let whole = hashed(&bytes);
    // Blocks have 64 and 128 bytes: every place in several of them.
    for cut in 0..=300 {
        let mut hasher = Hasher::new(Algorithm::ALL);
        hasher.update(&bytes[..cut]);
        let text = serde_json::to_string(&hasher.state()).unwrap();
        drop(hasher);
        let mut hasher = Hasher::restore(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(hasher.position(), cut as u64);
        assert_eq!(hasher.digests(), hashed(&bytes[..cut]), "after {cut}");
        hasher.update(&bytes[cut..]);
        assert_eq!(hasher.digests(), whole, "after {cut}");
        assert_eq!(hasher.position(), bytes.len() as u64);
    }
}

/// A record may be older than the program: what this version writes, the next one has to read.
#[test]
fn a_state_from_an_older_program_is_understood() {
    let text = include_str!("state.json");
    let mut hasher = Hasher::restore(&serde_json::from_str(text).unwrap()).unwrap();
    assert_eq!(hasher.position(), 200);
    assert_eq!(serde_json::to_string(&hasher.state()).unwrap(), text.trim());
    hasher.update(b"and the rest");
    let bytes: Vec<u8> = (0..200).chain(*b"and the rest").collect();
    assert_eq!(hasher.digests(), hashed(&bytes));
}

#[test]
fn a_damaged_state_is_not_taken() {
    for text in [
        r#"{"position":3,"sha256":""}"#,
        r#"{"position":3,"sha256":"AAAA"}"#,
        r#"{"position":3,"sha512":"not base64"}"#,
    ] {
        assert!(Hasher::restore(&serde_json::from_str(text).unwrap()).is_none(), "{text}");
    }
    // A state of one algorithm is none of another.
    let mut hasher = Hasher::new([Algorithm::Sha256]);
    hasher.update(b"abc");
    let text = serde_json::to_string(&hasher.state()).unwrap().replace("sha256", "sha512");
    assert!(Hasher::restore(&serde_json::from_str(&text).unwrap()).is_none());
}

#[test]
fn without_algorithms_it_counts() {
    let mut hasher = Hasher::new([]);
    hasher.update(b"abc");
    assert!(hasher.is_idle() && hasher.digests().is_empty());
    assert_eq!(serde_json::to_string(&hasher.state()).unwrap(), r#"{"position":3}"#);
    assert_eq!(Hasher::restore(&hasher.state()).unwrap().position(), 3);
    assert!(!Hasher::new([Algorithm::Sha512]).is_idle());
}

#[test]
fn digests_are_kept_as_text() {
    for digests in [hashed(b"abc"), Digests::default(), read(&[SHA256])] {
        let text = serde_json::to_string(&digests).unwrap();
        assert_eq!(serde_json::from_str::<Digests>(&text).unwrap(), digests);
    }
    assert_eq!(serde_json::to_string(&read(&[SHA256])).unwrap(), format!("\"{SHA256}\""));
    assert!(serde_json::from_str::<Digests>("\"sha-256=3\"").is_err());
}

proptest! {
    #[test]
    fn no_field_and_no_state_panics(
        lines in prop::collection::vec(
            prop_oneof![
                "(sha-(256|512)|md5)=[:\"?0-9A-Za-z=]{0,50}",
                prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            ],
            0..3,
        ),
        position: u64,
        state in prop::collection::vec(any::<u8>(), 208),
    ) {
        for name in [REPR_DIGEST, HeaderName::from_static("want-repr-digest")] {
            let mut headers = HeaderMap::new();
            for value in lines.iter().filter_map(|line| HeaderValue::from_str(line).ok()) {
                headers.append(&name, value);
            }
            let digests = Digests::read(&headers, &name);
            prop_assert_eq!(digests.field().is_none(), digests.is_empty());
            let _ = wanted(&headers);
        }
        for (key, size) in [("sha256", 104), ("sha512", 208)] {
            let text = BASE64_STANDARD.encode(&state[..size]);
            let state = serde_json::from_value(serde_json::json!({ "position": position, key: text })).unwrap();
            let _ = Hasher::restore(&state);
        }
    }
}
