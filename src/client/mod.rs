//! The side that edits: one document's replica on one device.

mod effect;
mod entry;
mod journal;
mod rebase;
mod receive;
mod replica;
mod state;
mod told;

pub use effect::{Effect, Link, Patch, Status};
pub use entry::{Entry, Inflight, RejectedEdit, State, Stored};
pub use replica::Replica;
