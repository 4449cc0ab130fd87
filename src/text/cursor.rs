//! The one reader of components: looks at the next, takes all of it or splits some off.

use std::slice;

use super::op::{Part, TextOp};

/// A component, or what is left of one. Never empty.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    Retain(u32),
    Insert { text: &'a str, chars: u32 },
    Delete(u32),
}

impl Piece<'_> {
    pub(super) fn len(self) -> u32 {
        match self {
            Self::Retain(len) | Self::Delete(len) | Self::Insert { chars: len, .. } => len,
        }
    }
}

#[derive(Clone)]
pub(super) struct Cursor<'a> {
    parts: slice::Iter<'a, Part>,
    /// The inserted text that is not in `head` yet.
    text: &'a str,
    head: Option<Piece<'a>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(op: &'a TextOp) -> Self {
        let mut cursor = Self {
            parts: op.parts.iter(),
            text: &op.inserted,
            head: None,
        };
        cursor.advance();
        cursor
    }

    /// The next piece; `None` after the last component, where an op goes on keeping everything.
    pub(super) fn peek(&self) -> Option<Piece<'a>> {
        self.head
    }

    /// Leaves the next piece behind.
    pub(super) fn advance(&mut self) {
        #[cfg(test)]
        super::visits::count();
        self.head = self.parts.next().map(|part| match *part {
            Part::Retain(len) => Piece::Retain(len),
            Part::Delete(len) => Piece::Delete(len),
            Part::Insert { chars, bytes } => {
                let (text, rest) = self.text.split_at(bytes);
                self.text = rest;
                Piece::Insert { text, chars }
            }
        });
    }

    /// Splits the first `len` scalars off the next piece and leaves them behind; all of it when it is
    /// shorter.
    pub(super) fn take(&mut self, len: u32) -> Option<Piece<'a>> {
        let head = self.head?;
        if len >= head.len() {
            self.advance();
            return Some(head);
        }
        #[cfg(test)]
        super::visits::count();
        let (taken, rest) = match head {
            Piece::Retain(n) => (Piece::Retain(len), Piece::Retain(n - len)),
            Piece::Delete(n) => (Piece::Delete(len), Piece::Delete(n - len)),
            Piece::Insert { text, chars } => {
                let (before, after) = text.split_at(byte_offset(text, chars, len));
                (
                    Piece::Insert {
                        text: before,
                        chars: len,
                    },
                    Piece::Insert {
                        text: after,
                        chars: chars - len,
                    },
                )
            }
        };
        self.head = Some(rest);
        Some(taken)
    }
}

/// Where scalar `offset` of `text`, which has `chars` scalars, starts.
fn byte_offset(text: &str, chars: u32, offset: u32) -> usize {
    if text.len() == chars as usize {
        return offset as usize; // all ASCII
    }
    text.char_indices()
        .nth(offset as usize)
        .map_or(text.len(), |(byte, _)| byte)
}
