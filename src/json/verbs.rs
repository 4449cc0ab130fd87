//! Skeleton of the verbs, to be split into files of their own.

use super::merge::not_built;
use super::op::JsonOp;
use super::value::Value;
use crate::Error;

impl JsonOp {
    /// Changes the document. On an error nothing has changed.
    ///
    /// # Errors
    /// [`Error::MalformedOp`]
    pub fn apply(&self, doc: &mut Option<Value>) -> Result<(), Error> {
        let _ = doc;
        Err(not_built())
    }

    /// The op with the content of its removes, as `doc`, the document that it is made on, has it. Policies that
    /// restore need it.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn with_content(&self, doc: &Option<Value>) -> Result<Self, Error> {
        let _ = doc;
        Err(not_built())
    }

    /// This op and then `next`, as one.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when `next` does not fit the result of any document.
    pub fn compose(&self, next: &Self) -> Result<Self, Error> {
        let _ = next;
        Err(not_built())
    }

    /// The op that takes this one back; `before` is the document it was made on.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn invert(&self, before: &Option<Value>) -> Result<Self, Error> {
        let _ = before;
        Err(not_built())
    }
}
