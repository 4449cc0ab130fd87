//! The document and the op that every layer above works with.
//!
//! Today they are those of text documents; [`next`] holds the JSON ones, which take their place.

mod apply;
mod arrangement;
mod canonical;
mod compose;
mod conflict;
mod content;
mod cycles;
mod edit;
mod find;
mod fit;
mod form;
mod invert;
mod key;
mod merge;
mod number;
mod op;
mod policy;
mod report;
mod residual;
mod resolve;
mod standing;
mod string;
mod text_only;
mod universe;
mod value;
mod value_wire;
mod wire;

pub use text_only::{Digest, JsonOp, Value};

/// JSON documents: [`JsonOp`](next::JsonOp) over [`Value`](next::Value). An absent document is `None`.
pub mod next {
    pub use super::conflict::{Conflict, ConflictKind, Deed, Loser, Part};
    pub use super::key::{Key, Name, Path};
    pub use super::merge::Merge;
    pub use super::number::Number;
    pub use super::op::JsonOp;
    pub use super::policy::{Policy, Rule, Winner};
    pub use super::string::Str;
    pub use super::value::{List, MAX_DEPTH, Object, Value};
    pub use super::wire::{Plain, WithContent};
}
