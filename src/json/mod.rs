//! The document and the op that every layer above works with.
//!
//! A document is a JSON value. Today that value is a string (plain text is a root string), and
//! [`JsonOp`] is the text edit of the root, already in the wire form it keeps when the other JSON
//! values arrive.

mod op;
mod value;

pub use op::{Digest, JsonOp};
pub use value::Value;
