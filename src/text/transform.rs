//! An op rebased over a concurrent one.

use super::builder::TextOpBuilder;
use super::cursor::{Cursor, Piece};
use super::op::{Side, TextOp};

impl TextOp {
    /// What `self` still has to do after `over`, which was made on the same text, has been applied.
    ///
    /// Text that both delete is deleted once; text inserted into a range that the other deletes
    /// survives; at one place `side` decides whose insert goes first.
    ///
    /// # Laws
    /// - *TP1*: with `a2 = a.transform(b, s)` and `b2 = b.transform(a, s.opposite())`,
    ///   `a.compose(b2) == b.compose(a2)`: both ways round the diamond end in the same text.
    /// - *transform over the identity changes nothing*, and the identity stays the identity.
    ///
    /// Not a law: `a.transform(b.compose(c), s)` may put an insert that ties elsewhere than
    /// `a.transform(b, s).transform(c, s)` does. Both ends of a connection must walk the same single ops.
    ///
    /// # Cost
    /// Linear in the components of both and the text `self` inserts.
    ///
    /// ```
    /// use rejoin::text::{Side, TextOp};
    /// let theirs = TextOp::builder().insert("Oh, ").finish();
    /// let mine = TextOp::builder().retain(5).insert("!").finish();
    /// let rebased = mine.transform(&theirs, Side::Right);
    /// assert_eq!(rebased, TextOp::builder().retain(9).insert("!").finish());
    /// ```
    pub fn transform(&self, over: &TextOp, side: Side) -> TextOp {
        let mut this = Cursor::new(self);
        let mut other = Cursor::new(over);
        let mut out = TextOpBuilder::new();
        while let Some(mine) = this.peek() {
            match (mine, other.peek()) {
                // Nothing more happened: the rest stands as it is.
                (mine, None) => {
                    out.push(mine);
                    this.advance();
                }
                (Piece::Insert { .. }, Some(Piece::Insert { chars, .. }))
                    if side == Side::Right =>
                {
                    out.push_retain(chars);
                    other.advance();
                }
                (Piece::Insert { .. }, _) => {
                    out.push(mine);
                    this.advance();
                }
                (_, Some(Piece::Insert { chars, .. })) => {
                    out.push_retain(chars);
                    other.advance();
                }
                (_, Some(theirs)) => {
                    let len = mine.len().min(theirs.len());
                    other.take(len);
                    // What the other deleted is gone: neither to keep nor to delete.
                    if let (Some(mine), Piece::Retain(_)) = (this.take(len), theirs) {
                        out.push(mine);
                    }
                }
            }
        }
        out.finish()
    }
}
