//! The document and the op that every layer above works with.
//!
//! A document is a JSON value, or absent; an op is a [`JsonOp`], whatever it does. `docs/json-ot.md` has the grammar, the
//! laws and the conflicts.

mod apply;
mod arrangement;
mod canonical;
mod compose;
mod conflict;
mod content;
mod cycles;
mod diff;
mod digest;
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
mod steps;
mod string;
mod universe;
mod value;
mod value_wire;
mod wire;

pub use conflict::{Conflict, ConflictKind, Deed, Loser, Part};
pub use digest::Digest;
pub use key::{Key, Name, Path};
pub use merge::Merge;
pub use number::Number;
pub use op::JsonOp;
pub use policy::{Policy, Rule, Winner};
pub use steps::Step;
pub use string::Str;
pub use value::{List, MAX_DEPTH, Object, Value};
pub use wire::{Plain, WithContent};
