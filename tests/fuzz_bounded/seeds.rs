//! The inputs that mutations begin with.
//!
//! `seeds/NAME.txt` holds those of a target: each begins after a line `=== what it is` and ends before the next. What a
//! fuzzer found once is kept there, too, and runs ever after. The session's are numbers: any bytes are a schedule. What is
//! no text is made in `binary`.

#[path = "binary.rs"]
mod binary;

/// The seeds of a target, with their names.
pub(crate) fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "ack" => texts(include_str!("seeds/ack.txt"), false),
        "config" => texts(include_str!("seeds/config.txt"), false),
        "forwarded" => texts(include_str!("seeds/forwarded.txt"), false),
        "front" => texts(include_str!("seeds/front.txt"), true),
        "h2" => binary::frames(),
        "hashes" => texts(include_str!("seeds/hashes.txt"), false),
        "host_id" => texts(include_str!("seeds/host_id.txt"), false),
        "intent" => texts(include_str!("seeds/intent.txt"), false),
        "path" => texts(include_str!("seeds/path.txt"), false),
        "proxy_header" => binary::proxy_headers(),
        "record" => texts(include_str!("seeds/record.txt"), false),
        "session" => schedules(),
        "template" => texts(include_str!("seeds/template.txt"), false),
        other => panic!("there are no seeds for {other}"),
    }
}

/// `on_the_wire`: lines end as HTTP wants it, and as text files don't.
fn texts(file: &str, on_the_wire: bool) -> Vec<(String, Vec<u8>)> {
    let seeds = file.split("=== ").filter_map(|section| section.split_once('\n'));
    let text = |text: &str| if on_the_wire { text.replace('\n', "\r\n") } else { text.trim_end().to_owned() };
    seeds.map(|(name, seed)| (name.to_owned(), text(seed).into_bytes())).collect()
}

fn schedules() -> Vec<(String, Vec<u8>)> {
    let bytes = |seed: u64| {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Of every kind, most of them long enough for more than the plan.
        (0..[40, 120, 400][rng.usize(..3)]).map(|_| rng.u8(..)).collect()
    };
    (0..64).map(|seed| (format!("schedule {seed}"), bytes(seed))).collect()
}
