//! The op that takes an op back.

use super::arrangement::Arrangement;
use super::content::Contents;
use super::form::Form;
use super::op::JsonOp;
use super::residual::{Base, Extras, residual};
use super::universe::Universe;
use super::value::Value;
use crate::Error;

impl JsonOp {
    /// The op that undoes `self`, given the document it was applied to: a remove need not know what it removed.
    ///
    /// # Laws
    /// *invert with the document*: `apply(apply(doc, op), op.invert(doc)) = doc`.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn invert(&self, before: &Option<Value>) -> Result<Self, Error> {
        self.with_content(before)?;
        let form = Form::of(self)?;
        let universe = Universe::unite(&form, &Form::empty())?;
        let contents = Contents::of_document(&universe, before);
        let mut extras = Extras::default();
        for (id, node) in universe.nodes.iter().enumerate() {
            if let (Some(edit), None, Some(value)) =
                (node.sides[0].edit, node.literal, contents.value(id))
            {
                extras
                    .edits
                    .extend(edit.invert(value)?.map(|edit| (id, edit)));
            }
        }
        let from = Arrangement::after(&universe, 0)?;
        let to = Arrangement::base(&universe)?;
        residual(&universe, &from, &to, &contents, Base::Before, extras)
    }
}
