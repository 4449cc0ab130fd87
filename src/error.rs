//! The one error type of the engine: what was wrong, with the values, and a stable code.

/// Everything that bad input can do to the engine. Nothing panics; nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An offset past the end of the text it addresses (both counted in `unit`).
    #[error("offset {offset} is past the end: the text has {len} {unit}")]
    OffsetOutOfBounds {
        /// The offset asked for.
        offset: usize,
        /// The length of the text.
        len: usize,
        /// The unit of both: `"scalars"` or `"UTF-16 code units"`.
        unit: &'static str,
    },
    /// A UTF-16 offset between the two halves of a surrogate pair.
    #[error("offset {offset} is inside a surrogate pair; move it by one")]
    OffsetInsidePair {
        /// The offset asked for, in UTF-16 code units.
        offset: usize,
    },
    /// A string with half a surrogate pair, which no UTF-8 text can hold.
    #[error("lone surrogate at offset {offset}; send whole characters")]
    LoneSurrogate {
        /// Where it stands, in UTF-16 code units.
        offset: usize,
    },
    /// An op that reads past the end of the document it is applied to.
    #[error("the op needs a text of at least {base_len} scalars; this one has {len}")]
    OpTooLong {
        /// The length the op needs, in scalars.
        base_len: usize,
        /// The length of the text, in scalars.
        len: usize,
    },
    /// An op that is not in the wire grammar.
    #[error("malformed op: {reason}")]
    MalformedOp {
        /// What the grammar has instead.
        reason: String,
    },
    /// Something larger than its limit.
    #[error("{what} is too large: {size} of at most {limit}")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit, in the same unit.
        limit: usize,
    },
}

impl Error {
    /// The stable code of this error: the same string in Rust, TypeScript and on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OffsetOutOfBounds { .. } => "offset-out-of-bounds",
            Self::OffsetInsidePair { .. } => "offset-inside-pair",
            Self::LoneSurrogate { .. } => "lone-surrogate",
            Self::OpTooLong { .. } => "op-too-long",
            Self::MalformedOp { .. } => "malformed-op",
            Self::TooLarge { .. } => "too-large",
        }
    }
}
