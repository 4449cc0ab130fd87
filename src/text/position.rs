//! Where a position goes when the text around it changes.

use super::cursor::{Cursor, Piece};
use super::op::{Bias, TextOp};
use crate::units::CharOffset;

impl TextOp {
    /// Where `position`, an offset into the text before the op, is in the text after it.
    ///
    /// A position inside deleted text goes to the end of what replaced that text; `bias` says on which
    /// side of text inserted exactly *at* the position it stays. Past the end of the op everything moves
    /// by the same amount (it is not an error: the op does not know how long the text is).
    ///
    /// # Laws
    /// *map_position commutes with apply*: plant a marker at the position, transform the op over that
    /// (the marker's side being `Left` for `Before`, `Right` for `After`), apply it: the marker stands
    /// at the mapped position.
    ///
    /// # Cost
    /// One pass over the components up to the position.
    ///
    /// ```
    /// use rejoin::text::{Bias, TextOp};
    /// use rejoin::units::CharOffset;
    /// let op = TextOp::builder().retain(2).insert("abc").finish();
    /// assert_eq!(op.map_position(CharOffset(2), Bias::Before), CharOffset(2));
    /// assert_eq!(op.map_position(CharOffset(2), Bias::After), CharOffset(5));
    /// ```
    pub fn map_position(&self, position: CharOffset, bias: Bias) -> CharOffset {
        // How much of the base is left before the position, and where that has got to in the target.
        let (mut left, mut mapped) = (position.0, 0usize);
        let mut cursor = Cursor::new(self);
        while let Some(piece) = cursor.peek() {
            let len = piece.len() as usize;
            match piece {
                Piece::Retain(_) if left < len => break,
                Piece::Retain(_) => {
                    left -= len;
                    mapped = mapped.saturating_add(len);
                }
                Piece::Insert { .. } if left == 0 && bias == Bias::Before => break,
                Piece::Insert { .. } => mapped = mapped.saturating_add(len),
                Piece::Delete(_) => left -= len.min(left),
            }
            cursor.advance();
        }
        CharOffset(mapped.saturating_add(left))
    }
}
