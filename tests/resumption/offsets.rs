//! P3: whoever asks all the time, through all kills, never sees an offset decrease.

use crate::phone::{Phone, Progress};
use crate::random;
use crate::service::Service;
use crate::support::{Backend, File, Settings, within};
use crate::watch::Watch;
use put2bits::limits::MIB;
use std::cell::Cell;
use std::time::Duration;

const KILLS: u64 = 12;

#[tokio::test]
async fn it_never_decreases() {
    let mut random = random();
    let backend = Backend::new(&["overlap=refuse"], &["drop-head:fragment:p=0.02"]);
    let watch = Watch::over(&backend);
    let mut service = Service::start(Settings::to(&backend).set("fragment.max", "256KiB")).await;
    let file = File::new(200 * MIB);
    let mut phone = Phone::new(service.addr, "/a", file);
    drop(phone.begin().await.unwrap());
    // It has the same URL, but nothing to send. (It fences off the other one each time, as its phone would.)
    let mut monitor = Phone::new(service.addr, "/a", file);
    monitor.url = phone.url.clone();

    let (over, asked) = (Cell::new(false), Cell::new(0));
    let uploads = async {
        phone.upload(Some(&watch)).await;
        over.set(true);
    };
    let asks = async {
        while !over.get() {
            match monitor.ask().await {
                Progress::At { offset, .. } => {
                    watch.assert_acknowledged("/a", offset);
                    asked.set(asked.get() + 1);
                }
                Progress::Gone(why) => panic!("gone: {why}"),
                Progress::Away => {}
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    let kills = async {
        for kill in 1..=KILLS {
            let bytes = (kill - 1) * file.size / KILLS + random.u64(..file.size / KILLS);
            backend.wait_for(|stats| stats.bytes_received >= bytes || stats.published > 0).await;
            service.kill().await;
        }
    };
    within("an end", async { tokio::join!(uploads, asks, kills) }).await;
    backend.assert_stored("/a", file);
    println!("{} times asked, {} times resumed; {}", asked.get(), phone.resumed, backend.stats());
    assert!(phone.gone.is_empty());
    assert!(asked.get() > KILLS);
}
