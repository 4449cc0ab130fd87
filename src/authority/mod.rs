//! The side that decides the order: one document's state machine, for the server and the leader tab.

mod append;
mod machine;
mod window;

pub use append::{Append, Check, LastSeq, Out, PeerId, Stored};
pub use machine::Authority;
pub use window::Limits;
