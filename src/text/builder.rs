//! The builder: the one place where components are appended, and so where every op becomes canonical.

use super::cursor::Piece;
use super::op::{Part, TextOp};

/// Appends components to a [`TextOp`], from the start of the text to its end.
///
/// Anything may be appended in any order; what comes out is canonical: neighbours merged, empties
/// dropped, at one place the insert before the delete, no trailing retain. Each call costs O(1) and the
/// length of the inserted text.
///
/// Lengths saturate at `u32::MAX`, which is more than any text has ([`MAX_LEN`](super::MAX_LEN)), so
/// that an op with absurd lengths fits no text instead of overflowing.
///
/// ```
/// use rejoin::text::TextOp;
/// let op = TextOp::builder().retain(1).retain(1).delete(1).insert("").insert("hi").retain(9).finish();
/// assert_eq!(op, TextOp::builder().retain(2).insert("hi").delete(1).finish());
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextOpBuilder {
    op: TextOp,
    /// A retain that no other component follows yet: kept apart, so that it never trails.
    retain: u32,
}

impl TextOpBuilder {
    /// An empty builder: [`finish`](Self::finish) would give the identity.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the next `len` scalars.
    pub fn retain(&mut self, len: usize) -> &mut Self {
        self.push_retain(saturate(len));
        self
    }

    /// Puts `text` in here.
    pub fn insert(&mut self, text: &str) -> &mut Self {
        self.push_insert(text, saturate(text.chars().count()));
        self
    }

    /// Takes the next `len` scalars out.
    pub fn delete(&mut self, len: usize) -> &mut Self {
        self.push_delete(saturate(len));
        self
    }

    /// The op that was built; the builder is empty again.
    pub fn finish(&mut self) -> TextOp {
        self.retain = 0;
        std::mem::take(&mut self.op)
    }

    pub(super) fn push(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Retain(len) => self.push_retain(len),
            Piece::Insert { text, chars } => self.push_insert(text, chars),
            Piece::Delete(len) => self.push_delete(len),
        }
    }

    pub(super) fn push_retain(&mut self, len: u32) {
        self.retain = self.retain.saturating_add(len);
    }

    /// `chars` must be the number of scalars in `text`.
    pub(super) fn push_insert(&mut self, text: &str, chars: u32) {
        if text.is_empty() {
            return;
        }
        self.flush_retain();
        let op = &mut self.op;
        op.inserted.push_str(text);
        op.target_len = op.target_len.saturating_add(chars);
        // The insert of this place stands last, or just before a delete.
        let delete = op.parts.pop_if(|part| matches!(part, Part::Delete(_)));
        if let Some(Part::Insert {
            chars: merged,
            bytes,
        }) = op.parts.last_mut()
        {
            *merged = merged.saturating_add(chars);
            *bytes += text.len();
        } else {
            op.parts.push(Part::Insert {
                chars,
                bytes: text.len(),
            });
        }
        op.parts.extend(delete);
    }

    pub(super) fn push_delete(&mut self, len: u32) {
        if len == 0 {
            return;
        }
        self.flush_retain();
        let op = &mut self.op;
        op.base_len = op.base_len.saturating_add(len);
        if let Some(Part::Delete(merged)) = op.parts.last_mut() {
            *merged = merged.saturating_add(len);
        } else {
            op.parts.push(Part::Delete(len));
        }
    }

    /// The lengths so far with the retain that is still open: what a decoder checks.
    pub(super) fn lengths(&self) -> (u32, u32) {
        (
            self.op.base_len.saturating_add(self.retain),
            self.op.target_len.saturating_add(self.retain),
        )
    }

    fn flush_retain(&mut self) {
        let len = std::mem::take(&mut self.retain);
        if len > 0 {
            let op = &mut self.op;
            op.base_len = op.base_len.saturating_add(len);
            op.target_len = op.target_len.saturating_add(len);
            // No retain stands last in `parts`: the one before this was followed by something.
            op.parts.push(Part::Retain(len));
        }
    }
}

fn saturate(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
