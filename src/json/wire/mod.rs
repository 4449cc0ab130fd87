//! The wire form: the published `json1` grammar, and runs.
//!
//! ```text
//! op        = null | descent                   null changes nothing
//! descent   = [ component? (key component?)* child* ]    no child, or two and more; ends with a component or a child
//! child     = descent that begins with a key   ascending: indexes, then names by UTF-16 code unit; none twice
//! component = { pick? drop? edit? }            not empty
//! pick      = "p": slot | "r": any             pick up for a move | remove
//!             ["n": count]                     of so many neighbouring items, 2 or more, with nothing below: a run
//! drop      = "d": slot | "i": value           drop what was picked up, all of a run | insert
//! edit      = "es": text op | "ena": integer   edit a string | add to a number
//!             ["pt": time] ["dt": time]        when the user made the pick, and the drop or the edit: milliseconds since 1970
//! ```
//!
//! A path before a pick is one in the document before the op, a path before a drop or an edit one in the document after it.
//! Slots are 0 to n − 1, each picked up once and dropped once.

mod decode;
mod encode;

pub use decode::WithContent;
pub(super) use decode::normalize;
pub use encode::{Plain, Stored};
