//! Servers to talk to, and who talks to them.

mod http;
mod peer;
mod process;
mod server;
mod store;

pub use http::request;
pub use peer::{Peer, hello, insert, open, sent};
pub use process::{Process, start_refused};
pub use server::Server;
pub use store::{Appends, TestStore};
