//! The simulator: several devices and a server, a network that loses, doubles and reorders, and a
//! seeded scheduler that crashes whom it likes. After each schedule the faults stop, everybody talks
//! until nobody has anything to say, and then the invariants of ARCHITECTURE.md are checked.
//!
//! `cargo test --test simulator` runs 2,000 schedules. From the environment:
//! - `REJOIN_SIM_SEEDS=N`, `REJOIN_SIM_FROM=K`: N schedules, from seed K on (`cargo xtask soak`);
//! - `REJOIN_SIM_SEED=K`: this one only, told step by step.
//!
//! A failing schedule is shrunk and printed as a regression test for `regressions.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod chars;
mod device;
mod regressions;
mod schedule;
mod server;
mod shrink;
mod subject;
mod world;

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use schedule::{Counts, Kind, Schedule};
use world::World;

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one schedule; the message of the failed check, if one failed.
fn outcome(schedule: &Schedule, tell: bool) -> Result<Counts, String> {
    panic::catch_unwind(AssertUnwindSafe(|| World::run(schedule, tell))).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        text.or_else(|| {
            payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
        })
        .unwrap_or_else(|| "a panic without words".to_owned())
    })
}

fn fail(seed: u64, schedule: Schedule, why: &str) -> ! {
    panic::set_hook(Box::new(|_| {}));
    let small = shrink::shrink(schedule, |candidate| outcome(candidate, false).is_err());
    let _ = panic::take_hook();
    let why_small = outcome(&small, true).err().unwrap_or_default();
    panic!(
        "seed {seed}: {why}\nshrunk: {why_small}\nadd this to regressions.rs:\n{}",
        small.as_regression(seed)
    );
}

#[test]
fn every_schedule_converges_and_loses_nothing() {
    if let Some(seed) = from_env("REJOIN_SIM_SEED") {
        let schedule = Schedule::from_seed(seed);
        if let Err(why) = outcome(&schedule, true) {
            fail(seed, schedule, &why);
        }
        return;
    }
    let seeds = from_env("REJOIN_SIM_SEEDS").unwrap_or(2_000);
    let first = from_env("REJOIN_SIM_FROM").unwrap_or(0);
    let mut counts = Counts::default();
    let (began, mut told) = (Instant::now(), Instant::now());
    for seed in first..first + seeds {
        let schedule = Schedule::from_seed(seed);
        match outcome(&schedule, false) {
            Ok(more) => counts.add(&more),
            Err(why) => fail(seed, schedule, &why),
        }
        if told.elapsed() > Duration::from_secs(2) {
            told = Instant::now();
            println!("simulator: {} of {seeds} schedules", seed - first + 1);
        }
    }
    println!(
        "simulator: {seeds} schedules from seed {first} in {:.1?}",
        began.elapsed()
    );
    println!("{counts}");
    if seeds >= 1_000 {
        for kind in Kind::ALL {
            assert!(counts.of(kind) > 0, "{kind:?} never took effect");
        }
        counts.assert_everything_happened();
    }
}
