//! P12: secrets in the process, and the search that every test ends with.

use crate::support::secrets::{MARKER, find, find_in_log};
use crate::support::{Backend, File, Settings};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn the_search_knows_a_secret_in_each_of_its_forms() {
    for before in ["", "a", "ab", "abc", "alice:", "user alice:"] {
        let secret = format!("{before}{MARKER}-behind");
        for form in [
            secret.clone(),
            BASE64_STANDARD.encode(&secret),
            BASE64_URL_SAFE_NO_PAD.encode(&secret),
            secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ] {
            let text = format!("before {form} behind");
            assert!(find(text.as_bytes()).is_some_and(|found| found.contains("before")), "{form}");
            assert!(find_in_log(&text).is_some(), "{form}");
        }
    }
    assert_eq!(find(b"nothing s3cre"), None);
}

#[test]
fn the_search_knows_ids_that_open_a_door() {
    for text in [
        "session {7DF0354D-249B-430F-820D-3D2A9BEF4931}",
        "session=7df0354d-249b-430f-820d-3d2a9bef4931,",
        "PATCH /_uploads/5f3c0123456789abcdef0123456789ab",
    ] {
        assert!(find_in_log(text).is_some(), "{text}");
    }
    for text in ["session {7DF0354…", "/_uploads/…", "0123456789abcdef0123456789abcdef", "2026-11-23"] {
        assert_eq!(find_in_log(text), None, "{text}");
    }
}

/// Whoever tells a secret fails at the end of its test, wherever that is told. A file's name is no secret, so it is in the
/// log: here it has the marker.
#[tokio::test]
async fn a_test_whose_proxy_tells_a_secret_fails() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let path = format!("/{MARKER}");
    proxy.put(&path, File::new(10)).await.finish().await.assert_stored();
    proxy.upload_line(&path).await;
    let end = catch_unwind(AssertUnwindSafe(|| drop(proxy)));
    let said = end.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("a secret is in the log"), "{said}");

    let proxy = Settings::to(&backend).start().await;
    std::fs::write(proxy.home().join("kept"), BASE64_STANDARD.encode(MARKER)).unwrap();
    let said = catch_unwind(AssertUnwindSafe(|| drop(proxy))).unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("a secret was told or kept"), "{said}");
}

/// What a crashed process leaves behind would hold credentials, and pieces of files.
#[tokio::test]
async fn no_core_is_dumped() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", proxy.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{line}");
}

/// Code of others comes from one place, in the versions and with the hashes that were looked at; ours has nothing unsafe.
#[test]
fn everything_comes_from_one_registry_and_is_locked() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock = std::fs::read_to_string(lock).unwrap();
        let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
        let line =
            |package: &str, key: &str| package.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        let sources: std::collections::BTreeSet<_> =
            packages.iter().filter_map(|it| line(it, "source = ")).collect();
        assert!(sources.len() == 1 && sources.iter().all(|it| it.contains("registry+")), "{sources:?}");
        for package in packages {
            let is_ours = package.contains("name = \"put2bits");
            assert_eq!(line(package, "checksum = ").is_none(), is_ours, "{package}");
        }
    }
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    let rules = std::fs::read_to_string("deny.toml").unwrap();
    for rule in
        ["unknown-registry = \"deny\"", "unknown-git = \"deny\"", "yanked = \"deny\"", "wildcards = \"deny\""]
    {
        assert!(rules.contains(rule), "{rule}");
    }
}
