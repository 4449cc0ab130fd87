//! The text op: what it is, and how long the texts before and after it are.

use std::fmt;

use super::builder::TextOpBuilder;
use super::cursor::{Cursor, Piece};

/// The most scalars that a text, or an op's base or target, may have: 2³¹ − 1.
///
/// [`Text::apply`](super::Text::apply) and the decoder refuse more. Below it, two lengths always add up
/// in a `u32`, on every platform; above it, lengths saturate, and no text is that long.
pub const MAX_LEN: usize = (1 << 31) - 1;

/// One atomic change of a text: what to keep, what to put in, what to take out, from the start on.
///
/// Retains and deletes together read the text before the op (the *base*); retains and inserts together
/// are the text after it (the *target*). What follows the last component is kept, so an op has no
/// trailing retain and fits any text of at least [`base_len`](Self::base_len) scalars.
///
/// **Canonical by construction.** Only the [builder](Self::builder) appends: neighbours of a kind are
/// merged, nothing is empty, at one place the insert stands before the delete, nothing trails. So two
/// ops are equal exactly when they make the same edit, and every verb returns canonical ops.
///
/// Its wire form is `[5, "abc", {"d": 3}]`: see the `Serialize` and `Deserialize` implementations.
///
/// ```
/// use rejoin::text::{Text, TextOp};
///
/// let op = TextOp::builder().retain(6).delete(5).insert("😀!").finish();
/// let mut text = Text::from("Hello world");
/// text.apply(&op)?;
/// assert_eq!(text.to_string(), "Hello 😀!");
/// assert_eq!(serde_json::to_string(&op)?, r#"[6,"😀!",{"d":5}]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct TextOp {
    pub(super) parts: Vec<Part>,
    /// The text of every insert, end to end: one allocation, however many inserts.
    pub(super) inserted: String,
    pub(super) base_len: u32,
    pub(super) target_len: u32,
}

/// A stored component. An insert's text is the next `bytes` of [`TextOp::inserted`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Retain(u32),
    Insert { chars: u32, bytes: usize },
    Delete(u32),
}

/// One element of a [`TextOp`]. Lengths are in scalars and never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component<'a> {
    /// Keep this many scalars.
    Retain(usize),
    /// Put this text in.
    Insert(&'a str),
    /// Take this many scalars out.
    Delete(usize),
}

/// Whose insert comes first when two concurrent ops insert at one place.
///
/// The two sides of one [`transform`](TextOp::transform) diamond must be given opposite sides. The
/// accepted op, the one that is already in the document's history, is `Left`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// This op's insert goes first (further to the left).
    Left,
    /// The other op's insert goes first.
    Right,
}

impl Side {
    /// The side of the other op in the same diamond.
    ///
    /// ```
    /// use rejoin::text::Side;
    /// assert_eq!(Side::Left.opposite(), Side::Right);
    /// ```
    pub fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// Which side of text inserted exactly at a position the position stays on, when it is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bias {
    /// Before the inserted text: the position stays where it is.
    Before,
    /// After the inserted text: the position is pushed along.
    After,
}

impl TextOp {
    /// The identity: keeps everything. Written `[]`.
    ///
    /// ```
    /// use rejoin::text::TextOp;
    /// assert!(TextOp::new().is_noop());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder, which appends components from the start of the text to its end.
    pub fn builder() -> TextOpBuilder {
        TextOpBuilder::new()
    }

    /// Whether the op changes nothing. Because ops are canonical, this is the same as being the identity.
    pub fn is_noop(&self) -> bool {
        self.parts.is_empty()
    }

    /// The length, in scalars, of the shortest text the op fits: what it retains and deletes.
    ///
    /// ```
    /// use rejoin::text::TextOp;
    /// let op = TextOp::builder().retain(5).insert("abc").delete(2).finish();
    /// assert_eq!((op.base_len(), op.target_len()), (7, 8));
    /// ```
    pub fn base_len(&self) -> usize {
        self.base_len as usize
    }

    /// The length, in scalars, that a text of [`base_len`](Self::base_len) scalars has after the op:
    /// what it retains and inserts.
    pub fn target_len(&self) -> usize {
        self.target_len as usize
    }

    /// The components, from the start of the text to its end.
    ///
    /// ```
    /// use rejoin::text::{Component, TextOp};
    /// let op = TextOp::builder().retain(1).delete(2).insert("x").finish();
    /// let all: Vec<_> = op.components().collect();
    /// // The insert comes first: the canonical order at one place.
    /// assert_eq!(all, [Component::Retain(1), Component::Insert("x"), Component::Delete(2)]);
    /// ```
    pub fn components(&self) -> Components<'_> {
        Components(Cursor::new(self))
    }

    /// How many components there are: what the verbs are linear in.
    pub fn component_count(&self) -> usize {
        self.parts.len()
    }
}

/// The iterator of [`TextOp::components`].
#[derive(Clone)]
pub struct Components<'a>(Cursor<'a>);

impl<'a> Iterator for Components<'a> {
    type Item = Component<'a>;

    fn next(&mut self) -> Option<Component<'a>> {
        let piece = self.0.peek()?;
        self.0.advance();
        Some(match piece {
            Piece::Retain(n) => Component::Retain(n as usize),
            Piece::Insert { text, .. } => Component::Insert(text),
            Piece::Delete(n) => Component::Delete(n as usize),
        })
    }
}

/// The wire form with Rust's string escapes: `[5, "abc", {"d": 3}]`.
impl fmt::Debug for TextOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for component in self.components() {
            match component {
                Component::Retain(n) => list.entry(&n),
                Component::Insert(text) => list.entry(&text),
                Component::Delete(n) => list.entry(&format_args!("{{\"d\": {n}}}")),
            };
        }
        list.finish()
    }
}
