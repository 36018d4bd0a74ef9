#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| put2bits_fuzz::run("host_id", input));
