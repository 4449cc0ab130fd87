//! Plain text: the op, its algebra, and the rope it edits.
//!
//! Everything here counts Unicode scalar values ("scalars", Rust's `char`s); JavaScript's UTF-16
//! offsets are converted at the edge, against the document's own [`Text`]. `docs/text-ot.md` has the
//! same in prose, with pictures.
//!
//! | file | what |
//! |---|---|
//! | `op` | [`TextOp`], [`Component`], [`Side`], [`Bias`]: data, lengths, the identity |
//! | `builder` | [`TextOpBuilder`]: the one place where components are appended, so every op is canonical |
//! | `cursor` | the one splitting reader of components |
//! | `compose`, `transform`, `invert`, `position` | the verbs: short loops over the cursor |
//! | `diff` | an op from two texts |
//! | `utf16` | [`TextChange`]: an op as editors take it |
//! | `wire` | `[5, "abc", {"d": 3}]` in and out |
//! | `rope` | [`Text`]: the document, scalars and UTF-16 both counted |
//! | `queue` | [`OpQueue`]: many pushes, one composed op |

mod builder;
mod compose;
mod cursor;
mod diff;
mod invert;
mod op;
mod position;
mod rope;
mod transform;
mod utf16;
#[cfg(test)]
mod visits;
mod wire;

pub use builder::TextOpBuilder;
pub use op::{Bias, Component, Components, MAX_LEN, Side, TextOp};
pub use rope::Text;
pub(crate) use rope::check_fits;
pub use utf16::TextChange;
pub use wire::Loose;

/// An [`OpQueue`](crate::queue::OpQueue) of text ops.
pub type OpQueue = crate::queue::OpQueue<TextOp>;
