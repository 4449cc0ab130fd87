//! The document and the op that every layer above works with.
//!
//! A document is a JSON [`Value`], or absent (`None`). A [`JsonOp`] changes it; plain text is a root string.
//! `docs/json-ot.md` has the same in prose, with examples.
//!
//! | file | what |
//! |---|---|
//! | `value`, `number`, `string`, `key` | JSON values: shared, with their size at hand; paths |
//! | `value_wire`, `wire` | values and ops in and out of JSON |
//! | `op` | [`JsonOp`]: picks over the document before, drops and edits over the document after |
//! | `edit`, `time` | the embedded types: texts and counters; when an edit was made |
//! | `fit`, `apply` | whether an op fits a document; changing the document |
//! | `form`, `universe` | ops rewritten from paths into identities; two of them over one document |
//! | `arrangement`, `content` | where every identity is in one document; what is known of its value |
//! | `residual`, `canonical` | the op that leads from one arrangement to another |
//! | `compose`, `invert`, `merge` | the verbs: which arrangements, and what lies between |
//! | `conflict`, `find`, `cycles` | conflicts, and where they are |
//! | `policy`, `pattern`, `standing`, `lens`, `resolve` | who gives way; what is left of both ops |
//! | `report` | conflicts told in paths |
//! | `diff`, `position` | an op from two documents; where places go |
//! | `steps` | an op as the small changes of a view |
//! | `digest` | telling one op from another |

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
mod lens;
mod merge;
mod number;
mod op;
mod pattern;
mod policy;
mod position;
mod report;
mod residual;
mod resolve;
mod standing;
mod steps;
mod string;
mod time;
mod universe;
mod value;
mod value_wire;
mod wire;

pub use conflict::{Conflict, ConflictKind, Deed, Loser, Part};
pub use digest::Digest;
pub use key::{Key, Name, Path};
pub use merge::Merge;
pub use number::Number;
pub use op::{EditTime, JsonOp};
pub use pattern::Pattern;
pub use policy::{Policy, Rule, Setting, Winner};
pub use steps::Step;
pub use string::Str;
pub use value::{List, MAX_DEPTH, Object, Value};
pub use wire::{Plain, Stored, WithContent};
