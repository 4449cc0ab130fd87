//! The op and the value of text documents, until [`next`](super::next) takes their place.

mod op;
mod value;

pub use op::{Digest, JsonOp};
pub use value::Value;
