//! An op as JavaScript's editors take it: replaced ranges in UTF-16 offsets.

use serde::Serialize;

use super::op::{Component, TextOp};
use super::rope::Text;
use crate::Error;
use crate::units::{CharOffset, Utf16Offset};

/// One replaced range. Offsets count UTF-16 code units of the text *before* the whole op, as
/// CodeMirror's `ChangeSpec` does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextChange {
    /// Where the range begins.
    pub from: Utf16Offset,
    /// Where it ends; the same for a mere insert.
    pub to: Utf16Offset,
    /// What stands there instead.
    pub insert: String,
}

impl TextOp {
    /// The op as replaced ranges of `before`, ascending, none touching the next. O(k log n).
    ///
    /// # Errors
    /// [`Error::OpTooLong`] when the op does not fit `before`.
    ///
    /// ```
    /// use rejoin::text::{Text, TextOp};
    /// let before = Text::from("😀 hello");
    /// let op = TextOp::builder().retain(2).delete(1).insert("H").finish();
    /// let changes = op.utf16_changes(&before)?;
    /// assert_eq!((changes[0].from.0, changes[0].to.0, changes[0].insert.as_str()), (3, 4, "H"));
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn utf16_changes(&self, before: &Text) -> Result<Vec<TextChange>, Error> {
        before.check_fits(self)?;
        let mut changes: Vec<TextChange> = Vec::new();
        let mut offset = CharOffset(0);
        for component in self.components() {
            let from = before.char_to_utf16(offset)?;
            let (len, insert) = match component {
                Component::Retain(len) => {
                    offset.0 += len;
                    continue;
                }
                Component::Insert(text) => (0, text),
                Component::Delete(len) => (len, ""),
            };
            offset.0 += len;
            let to = before.char_to_utf16(offset)?;
            match changes.last_mut() {
                Some(last) if last.to == from => {
                    last.to = to;
                    last.insert.push_str(insert);
                }
                _ => changes.push(TextChange {
                    from,
                    to,
                    insert: insert.to_owned(),
                }),
            }
        }
        Ok(changes)
    }
}
