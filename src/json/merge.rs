//! Two concurrent ops as one, and what is left of each after the other.

use super::conflict::Conflict;
use super::op::JsonOp;
use super::policy::Policy;
use crate::Error;
use crate::text::Side;

/// What comes of two concurrent ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The left op as it must be applied after the right one.
    pub left: JsonOp,
    /// The right op as it must be applied after the left one.
    pub right: JsonOp,
    /// What was resolved, and who gave way; sorted.
    pub conflicts: Vec<Conflict>,
}

impl JsonOp {
    /// Both transformed ops and the conflicts.
    ///
    /// Law (TP1): `left` then `merge.right` is `right` then `merge.left`.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when no document fits both ops.
    pub fn merge(left: &Self, right: &Self, policy: &Policy) -> Result<Merge, Error> {
        let _ = (left, right, policy);
        Err(not_built())
    }

    /// This op as it must be applied after the concurrent `other`.
    ///
    /// # Errors
    /// Those of [`merge`](Self::merge).
    pub fn transform(&self, other: &Self, side: Side, policy: &Policy) -> Result<Self, Error> {
        Ok(match side {
            Side::Left => Self::merge(self, other, policy)?.left,
            Side::Right => Self::merge(other, self, policy)?.right,
        })
    }

    /// Every conflict between the two ops as written, sorted. Swapping the arguments swaps the sides and nothing else.
    ///
    /// # Errors
    /// Those of [`merge`](Self::merge).
    pub fn conflicts(left: &Self, right: &Self) -> Result<Vec<Conflict>, Error> {
        let _ = (left, right);
        Err(not_built())
    }
}

pub(super) fn not_built() -> Error {
    Error::MalformedOp {
        reason: "not built yet".into(),
    }
}
