//! put2bits
fn main() {}
