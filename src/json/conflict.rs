//! Conflicts: what they are, and how they are reported.

use serde::{Serialize, Serializer};

use super::key::Path;
use super::policy::Rule;
use super::universe::Which;
use super::value::Value;

/// Where two concurrent ops cannot both have their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ConflictKind {
    /// Both would place a value inside what the other places: a cycle, which would hang on nothing.
    Blackhole,
    /// Both put a value at one key, or make the root.
    DropCollision,
    /// Both move one value, to different places.
    MoveMove,
    /// Only while others are resolved: a value was to be put where another one now stays.
    Occupied,
    /// Only while others are resolved: moves of one op form a cycle, since another move of it was lost.
    OwnCycle,
    /// One removes what the other moves.
    RmMove,
    /// One removes a value, the other moves a part of it out.
    RmRescue,
    /// One removes a value, the other edits something in it, or puts something into it.
    RmUnexpectedContent,
}

/// One side of a merge, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loser {
    /// What the left op did does not happen.
    Left,
    /// What the right op did does not happen.
    Right,
    /// Neither happens.
    Both,
}

impl Loser {
    /// Whether the side gives way.
    pub(super) fn is(self, which: Which) -> bool {
        self == Self::Both || self == Self::from(which)
    }
}

impl From<Which> for Loser {
    fn from(which: Which) -> Self {
        if which == 0 { Self::Left } else { Self::Right }
    }
}

/// What an op did in a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// It edits a text or a counter.
    Edit,
    /// It inserts a value.
    Insert,
    /// It moves a value.
    Move,
    /// It removes a value.
    Remove,
}

/// One op's part in a conflict.
///
/// As JSON: `{"do", "at"[, "to"][, "count"]}`; the value is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What the op did.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// Where: for moves and removes in the document before both, for edits and inserts in the document after this op.
    pub at: Path,
    /// Where a move goes, in the document after this op.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Path>,
    /// How many neighbouring items of a list it concerns; the paths are those of the first.
    #[serde(skip_serializing_if = "is_one")]
    pub count: u32,
    /// The inserted value, or the removed one where it is known.
    #[serde(skip)]
    pub value: Option<Value>,
}

fn is_one(count: &u32) -> bool {
    *count == 1
}

/// A conflict between a left and a right op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What kind.
    pub kind: ConflictKind,
    /// What the left op did; several parts only in a cycle.
    pub left: Vec<Part>,
    /// What the right op did.
    pub right: Vec<Part>,
    /// Who gave way, if it was resolved.
    pub loser: Option<Loser>,
    /// The value that it is about: what [`Policy`](super::Policy) goes by.
    pub path: Path,
    /// The rule by which it was resolved.
    pub rule: Rule,
}

/// As JSON: `{"type", "left", "right"[, "loser"]}`, as the reference model has it.
impl Serialize for Conflict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: ConflictKind,
            left: &'a [Part],
            right: &'a [Part],
            #[serde(skip_serializing_if = "Option::is_none")]
            loser: Option<Loser>,
        }
        Wire {
            r#type: self.kind,
            left: &self.left,
            right: &self.right,
            loser: self.loser,
        }
        .serialize(serializer)
    }
}
