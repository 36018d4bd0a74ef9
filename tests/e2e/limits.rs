//! Backends, or what stands in front of them, that take requests only up to a size that nobody told the proxy.

use crate::support::{Backend, File, Settings};
use put2bits::limits::MIB;

#[tokio::test]
async fn a_refused_fragment_is_sent_in_smaller_ones_and_the_size_is_remembered() {
    for answer in ["early-413", "late-413", "html-404"] {
        let backend = Backend::new(&[&format!("max-fragment=1MiB:{answer}")], &[]);
        let proxy = Settings::to(&backend).fragments_of(4 * MIB).start().await;
        let file = File::new(20 * MIB + 1);
        proxy.put("/first", file).await.finish().await.assert_stored();
        backend.assert_stored("/first", file);
        let stats = backend.stats();
        assert_eq!((stats.refusals, stats.fragment_max), (2, Some(MIB)), "{answer}: 4 MiB, 2 MiB, 1 MiB");

        let file = file.number(1);
        proxy.put("/second", file).await.finish().await.assert_stored();
        backend.assert_stored("/second", file);
        assert_eq!(backend.stats().refusals, 2, "{answer}: the second upload knows");
    }
}

#[tokio::test]
async fn a_size_that_becomes_too_large_while_it_grows() {
    for answer in ["early-413", "late-413", "html-404"] {
        let backend = Backend::new(&[&format!("max-fragment=300KiB:{answer}")], &[]);
        let proxy = Settings::to(&backend).start().await;
        let file = File::new(20 * MIB);
        proxy.put("/a", file).await.finish().await.assert_stored();
        backend.assert_stored("/a", file);
        let stats = backend.stats();
        assert!((1..=3).contains(&stats.refusals), "{answer}: {stats}");
        assert_eq!(stats.sessions_created, 1, "{answer}");
    }
}
