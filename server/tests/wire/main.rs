//! The server over real sockets: in this process where a test holds its store, as the binary itself where
//! signals, files and memory matter. docs/protocol.md is what they hold it to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod codes;
mod disk;
mod files;
mod protocol;
mod sizes;
#[cfg(target_os = "linux")]
mod slow_reader;
mod start;
#[cfg(unix)]
mod stop;
mod support;
