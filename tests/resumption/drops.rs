//! Ten drops in a row in one large upload: how much is sent twice.

use crate::phone::{Leaving, Phone};
use crate::random;
use crate::service::Service;
use crate::support::{Backend, File, Settings, within};
use put2bits::limits::{GIB, KIB, MIB};

const SIZE: u64 = GIB;
const DROPS: u64 = 10;
const FRAGMENT: u64 = 8 * MIB;

/// The largest that this system lets a socket hold, in bytes: of a sender and of a receiver.
fn socket_buffers() -> u64 {
    let most = |name: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap();
        text.split_whitespace().last().unwrap().parse::<u64>().unwrap()
    };
    most("tcp_wmem") + most("tcp_rmem")
}

#[tokio::test]
async fn ten_drops_in_one_gibibyte() {
    let mut random = random();
    let backend = Backend::new(&["overlap=refuse"], &[]);
    let service = Service::start(Settings::to(&backend).set("fragment.max", &FRAGMENT.to_string())).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
    let ways = [Leaving::Reset, Leaving::Closed, Leaving::Silent];
    let (mut hanging, mut twice) = (Vec::new(), Vec::new());
    for drop in 0..DROPS {
        let how = ways[random.usize(..ways.len())];
        let mut going = match drop {
            0 => phone.begin().await.unwrap(),
            _ => phone.go_on().await.unwrap(),
        };
        let end = (drop * SIZE + random.u64(..SIZE)) / DROPS + MIB;
        within("sending", going.send_to(end)).await;
        hanging.extend(going.leave(how));
        within("an offset", phone.ask()).await;
        twice.push((how, (end - phone.told.min(end)) / KIB));
        assert!(end - phone.told <= FRAGMENT + socket_buffers(), "{how:?} at {end}: {} was told", phone.told);
    }
    let answer = within("the answer", phone.go_on().await.unwrap().finish()).await.unwrap();
    assert_eq!(answer.status, 201, "{answer}");
    backend.assert_stored("/a", phone.file);
    let more = phone.sent - SIZE;
    println!("sent twice: {} KiB in all; KiB by drop: {twice:?}", more / KIB);
    println!(
        "at most a fragment of {} KiB and {} KiB of socket buffers",
        FRAGMENT / KIB,
        socket_buffers() / KIB
    );
    assert_eq!(backend.stats().sessions_created, 1);
}
