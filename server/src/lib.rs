//! rejoin-server: the engine's authorities behind a WebSocket, over a store.
//!
//! ```text
//!  socket (one a connection) ──▶ document (one actor each) ──▶ store (SQLite, memory)
//! ```

pub mod config;
mod document;
mod http;
mod linger;
mod server;
mod socket;
pub mod store;

pub use server::{ServeError, run, serve};
