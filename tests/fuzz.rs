//! The fuzz targets (`fuzz/`) over seeded bytes: what `cargo xtask fuzz` does for hours, for a second.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../fuzz/src/lib.rs"]
#[allow(
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a target panics when something does not hold"
)]
mod targets;

use std::panic;

use targets::TARGETS;

const INPUTS: u64 = 20_000;

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = self.next() % 160;
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

#[test]
fn every_target_holds_over_seeded_bytes() {
    for (name, target) in TARGETS {
        for seed in 0..INPUTS {
            let data = Rng(seed).bytes();
            if let Err(payload) = panic::catch_unwind(|| target(&data)) {
                println!("target {name}, seed {seed}: {data:?}");
                panic::resume_unwind(payload);
            }
        }
    }
}
