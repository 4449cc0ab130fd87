//! The document: a rope that counts scalars and UTF-16 code units.

use std::fmt;
use std::ops::Range;

use ropey::Rope;

use super::cursor::{Cursor, Piece};
use super::op::{MAX_LEN, TextOp};
use crate::Error;
use crate::units::{CharOffset, Utf16Offset};

/// A text that is edited by [`TextOp`]s: lengths and offsets in scalars and in UTF-16, both in
/// O(log n).
///
/// A clone shares its content with the original until either is edited, and then all but the path to
/// the edit: cloning is O(1), so keep as many versions as you like.
///
/// The rope crate behind it is an implementation detail; `docs/text-ot.md` says how it was chosen.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    rope: Rope,
}

impl Text {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing in it. O(1).
    pub fn is_empty(&self) -> bool {
        self.rope.len() == 0
    }

    /// The length in scalars. O(1).
    ///
    /// ```
    /// use rejoin::text::Text;
    /// let text = Text::from("a😀");
    /// assert_eq!((text.len_chars(), text.len_utf16()), (2, 3));
    /// ```
    pub fn len_chars(&self) -> usize {
        self.rope.len_chars()
    }

    /// The length in UTF-16 code units: JavaScript's `length`. O(1).
    pub fn len_utf16(&self) -> usize {
        self.rope.len_utf16()
    }

    /// The UTF-16 offset of a scalar offset. O(log n).
    ///
    /// # Errors
    /// [`Error::OffsetOutOfBounds`] past the end.
    ///
    /// ```
    /// use rejoin::text::Text;
    /// use rejoin::units::{CharOffset, Utf16Offset};
    /// let text = Text::from("a😀b");
    /// assert_eq!(text.char_to_utf16(CharOffset(2))?, Utf16Offset(3));
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn char_to_utf16(&self, offset: CharOffset) -> Result<Utf16Offset, Error> {
        self.check_offset(offset.0)?;
        let byte = self.rope.char_to_byte_idx(offset.0);
        Ok(Utf16Offset(self.rope.byte_to_utf16_idx(byte)))
    }

    /// The scalar offset of a UTF-16 offset. O(log n).
    ///
    /// # Errors
    /// [`Error::OffsetOutOfBounds`] past the end, [`Error::OffsetInsidePair`] between the halves of a
    /// surrogate pair: where that should be is the caller's to say, not to be guessed.
    ///
    /// ```
    /// use rejoin::text::Text;
    /// use rejoin::units::{CharOffset, Utf16Offset};
    /// let text = Text::from("a😀b");
    /// assert_eq!(text.utf16_to_char(Utf16Offset(3))?, CharOffset(2));
    /// assert_eq!(text.utf16_to_char(Utf16Offset(2)).unwrap_err().code(), "offset-inside-pair");
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn utf16_to_char(&self, offset: Utf16Offset) -> Result<CharOffset, Error> {
        let len = self.len_utf16();
        if offset.0 > len {
            return Err(Error::OffsetOutOfBounds {
                offset: offset.0,
                len,
                unit: "UTF-16 code units",
            });
        }
        let byte = self.rope.utf16_to_byte_idx(offset.0);
        // Inside a pair the rope gives the start of the character, which does not convert back.
        if self.rope.byte_to_utf16_idx(byte) == offset.0 {
            Ok(CharOffset(self.rope.byte_to_char_idx(byte)))
        } else {
            Err(Error::OffsetInsidePair { offset: offset.0 })
        }
    }

    /// The text between two scalar offsets. O(log n) and what is copied.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfBounds`] when the end is past the end of the text, or the start past the
    /// end of the range.
    ///
    /// ```
    /// use rejoin::text::Text;
    /// use rejoin::units::CharOffset;
    /// let text = Text::from("a😀bc");
    /// assert_eq!(text.slice(CharOffset(1)..CharOffset(3))?, "😀b");
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn slice(&self, range: Range<CharOffset>) -> Result<String, Error> {
        let (start, end) = (range.start.0, range.end.0);
        self.check_offset(end)?;
        if start > end {
            return Err(Error::OffsetOutOfBounds {
                offset: start,
                len: end,
                unit: "scalars",
            });
        }
        Ok(self.chunks_in(start..end).collect())
    }

    /// Makes the change. On an error nothing has changed.
    ///
    /// # Errors
    /// [`Error::OpTooLong`] when the op reads past the end; [`Error::TooLarge`] when the result would
    /// be longer than [`MAX_LEN`].
    ///
    /// # Cost
    /// O(k log n) for k components and a text of n scalars, and the inserted text.
    ///
    /// ```
    /// use rejoin::text::{Text, TextOp};
    /// let mut text = Text::from("abc");
    /// text.apply(&TextOp::builder().retain(1).insert("😀").delete(1).finish())?;
    /// assert_eq!(text.to_string(), "a😀c");
    ///
    /// let too_long = TextOp::builder().retain(9).insert("x").finish();
    /// assert_eq!(text.apply(&too_long).unwrap_err().code(), "op-too-long");
    /// assert_eq!(text.to_string(), "a😀c");
    /// # Ok::<(), rejoin::Error>(())
    /// ```
    pub fn apply(&mut self, op: &TextOp) -> Result<(), Error> {
        self.check_fits(op)?;
        let mut offset = 0;
        let mut cursor = Cursor::new(op);
        while let Some(piece) = cursor.peek() {
            let len = piece.len() as usize;
            match piece {
                Piece::Retain(_) => offset += len,
                Piece::Insert { text, .. } => {
                    self.rope.insert(self.rope.char_to_byte_idx(offset), text);
                    offset += len;
                }
                Piece::Delete(_) => self.rope.remove(self.byte_range(offset..offset + len)),
            }
            cursor.advance();
        }
        Ok(())
    }

    /// Whether `op` may be applied: the errors of [`apply`](Self::apply).
    pub(super) fn check_fits(&self, op: &TextOp) -> Result<(), Error> {
        check_fits(self.len_chars(), op)
    }

    /// The text in `range` (scalars, in bounds), in pieces and in order.
    pub(super) fn chunks_in(&self, range: Range<usize>) -> impl Iterator<Item = &str> {
        self.rope.slice(self.byte_range(range)).chunks()
    }

    fn byte_range(&self, chars: Range<usize>) -> Range<usize> {
        self.rope.char_to_byte_idx(chars.start)..self.rope.char_to_byte_idx(chars.end)
    }

    fn check_offset(&self, offset: usize) -> Result<(), Error> {
        let len = self.len_chars();
        if offset > len {
            return Err(Error::OffsetOutOfBounds {
                offset,
                len,
                unit: "scalars",
            });
        }
        Ok(())
    }
}

/// Whether `op` may be applied to a text of `len` scalars.
pub(crate) fn check_fits(len: usize, op: &TextOp) -> Result<(), Error> {
    if op.base_len() > len {
        return Err(Error::OpTooLong {
            base_len: op.base_len(),
            len,
        });
    }
    let size = (len - op.base_len()).saturating_add(op.target_len());
    if len.max(size) > MAX_LEN {
        return Err(Error::TooLarge {
            what: "text, in scalars",
            size,
            limit: MAX_LEN,
        });
    }
    Ok(())
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self {
            rope: Rope::from_str(text),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rope.chunks().try_for_each(|chunk| f.write_str(chunk))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.rope == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.rope == **other
    }
}
