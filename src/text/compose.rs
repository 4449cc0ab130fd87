//! Two ops in sequence as one.

use super::builder::TextOpBuilder;
use super::cursor::{Cursor, Piece};
use super::op::TextOp;
use crate::queue::Compose;

impl TextOp {
    /// One op that does what `self` and then `then` do.
    ///
    /// # Laws
    /// - *compose is apply twice*: `apply(text, a.compose(b)) = apply(apply(text, a), b)`
    /// - *compose is associative*, to the letter: `a.compose(b).compose(c) == a.compose(b.compose(c))`
    /// - the identity is neutral on both sides.
    ///
    /// What `self` inserts and `then` deletes leaves no trace, so composing is not undoable. Composing
    /// changes how ties fall against a third op: ops that were sent are never composed, only pending ones.
    ///
    /// # Cost
    /// Linear in the components of both and the text they insert. The result has at most as many
    /// components as both together.
    ///
    /// ```
    /// use rejoin::text::TextOp;
    /// let typed = TextOp::builder().retain(3).insert("cat").finish();
    /// let fixed = TextOp::builder().retain(3).delete(1).insert("r").finish();
    /// assert_eq!(typed.compose(&fixed), TextOp::builder().retain(3).insert("rat").finish());
    /// ```
    pub fn compose(&self, then: &TextOp) -> TextOp {
        let mut first = Cursor::new(self);
        let mut second = Cursor::new(then);
        let mut out = TextOpBuilder::new();
        loop {
            match (first.peek(), second.peek()) {
                (None, None) => break,
                // The second op never sees what the first deleted, nor the first what the second inserts.
                (Some(deleted @ Piece::Delete(_)), _) => {
                    out.push(deleted);
                    first.advance();
                }
                (_, Some(inserted @ Piece::Insert { .. })) => {
                    out.push(inserted);
                    second.advance();
                }
                // One op has ended: it keeps the rest, so the other stands as it is.
                (Some(rest), None) => {
                    out.push(rest);
                    first.advance();
                }
                (None, Some(rest)) => {
                    out.push(rest);
                    second.advance();
                }
                (Some(kept), Some(read)) => {
                    let len = kept.len().min(read.len());
                    let kept = first.take(len);
                    second.take(len);
                    match (kept, read) {
                        (Some(kept), Piece::Retain(_)) => out.push(kept),
                        (Some(Piece::Retain(_)), Piece::Delete(_)) => out.push_delete(len),
                        _ => {} // inserted by the first, deleted by the second
                    }
                }
            }
        }
        out.finish()
    }
}

impl Compose for TextOp {
    type Error = std::convert::Infallible;

    fn compose(&self, next: &Self) -> Result<Self, Self::Error> {
        Ok(self.compose(next))
    }

    fn is_noop(&self) -> bool {
        self.is_noop()
    }

    fn component_count(&self) -> usize {
        self.component_count()
    }
}
