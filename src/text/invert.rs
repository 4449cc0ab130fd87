//! The op that takes an op back.

use super::op::{Component, TextOp};
use super::rope::Text;
use crate::Error;

impl TextOp {
    /// The op that undoes `self`, given the text it was applied to: a delete does not carry what it
    /// deleted, so the text must say.
    ///
    /// # Laws
    /// *invert with the document*: `apply(apply(text, op), op.invert(text)) = text`.
    ///
    /// # Errors
    /// [`Error::OpTooLong`] when the op does not fit the text.
    ///
    /// # Cost
    /// O(k log n) for k components and a text of n scalars, and the text that comes back.
    ///
    /// ```
    /// use rejoin::text::{Text, TextOp};
    /// let before = Text::from("Hello world");
    /// let op = TextOp::builder().retain(5).delete(6).insert("!").finish();
    /// let undo = op.invert(&before)?;
    /// let mut text = before.clone();
    /// text.apply(&op)?;
    /// text.apply(&undo)?;
    /// assert_eq!(text, before);
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn invert(&self, before: &Text) -> Result<TextOp, Error> {
        before.check_fits(self)?;
        let mut out = TextOp::builder();
        let mut offset = 0;
        for component in self.components() {
            match component {
                Component::Retain(len) => {
                    out.retain(len);
                    offset += len;
                }
                Component::Insert(text) => {
                    out.delete(text.chars().count());
                }
                Component::Delete(len) => {
                    for chunk in before.chunks_in(offset..offset + len) {
                        out.insert(chunk);
                    }
                    offset += len;
                }
            }
        }
        Ok(out.finish())
    }
}
