//! What is fuzzed: functions that take any bytes and panic when something does not hold.
//!
//! `fuzz_targets` hands them to libFuzzer; `tests/fuzz.rs` includes this file and runs them over seeded
//! bytes in every `cargo test`, so that they never rot. A finding becomes a test with a name.

mod algebra;
mod authority;
mod bytes;
mod replica;
mod wire;

pub use algebra::algebra;
pub use authority::authority;
pub use replica::replica;
pub use wire::{message, wire};

/// A target's body.
pub type Target = fn(&[u8]);

/// All targets, by the name of their binary.
pub const TARGETS: [(&str, Target); 5] = [
    ("wire", wire),
    ("algebra", algebra),
    ("message", message),
    ("replica", replica),
    ("authority", authority),
];
