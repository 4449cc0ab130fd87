//! The JSON op: its laws at random and exhaustively, the reference model and the published `ot-json1`
//! beside it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod differential;
mod engine;
mod exhaustive;
mod laws;
mod model;
mod peer;
mod published;
mod random;
mod random_laws;
mod steps;
mod vectors;
mod wire;
mod world;
