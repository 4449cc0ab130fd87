//! rejoin: an offline-first operational transformation engine.
//!
//! People edit while offline; on reconnect their queued edits are rebased over what happened
//! meanwhile; every copy ends up the same and nothing anyone typed is lost. This crate is the engine
//! (pure state machines, no I/O) and, on `wasm32`, its JavaScript binding.

#![warn(missing_docs)]

pub mod authority;
pub mod client;
pub mod count;
pub mod error;
pub mod id;
pub mod json;
pub mod protocol;
pub mod queue;
pub mod settings;
pub mod text;
pub mod units;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use error::Error;
