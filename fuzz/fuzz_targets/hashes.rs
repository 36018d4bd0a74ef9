#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| put2bits_fuzz::run("hashes", input));
