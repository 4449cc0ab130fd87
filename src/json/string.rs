//! Strings: a shared `str`, or a rope once it is worth one.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::Error;
use crate::text::{Text, TextOp};

/// A string of a document. Cheap to clone; its length is known.
///
/// Short strings are one shared allocation. A string that is edited when it is longer than
/// [`ROPE_BYTES`](Self::ROPE_BYTES) becomes a rope, so that the next edit costs O(log n).
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Shared { text: Arc<str>, chars: u32 },
    Rope(Arc<Text>),
}

impl Str {
    /// From how many bytes on an edited string becomes a rope. Below it, copying the whole is faster.
    pub const ROPE_BYTES: usize = 1024;

    /// The length in scalars. O(1).
    pub fn len_chars(&self) -> usize {
        match &self.0 {
            Repr::Shared { chars, .. } => *chars as usize,
            Repr::Rope(text) => text.len_chars(),
        }
    }

    /// The string as a text: O(1) for a rope, else a copy of a short string (or of a long one that was never
    /// edited).
    pub fn to_text(&self) -> Text {
        match &self.0 {
            Repr::Shared { text, .. } => Text::from(&**text),
            Repr::Rope(text) => (**text).clone(),
        }
    }

    /// Makes the change. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`Text::apply`].
    pub fn apply(&mut self, edit: &TextOp) -> Result<(), Error> {
        if let Repr::Rope(text) = &mut self.0 {
            return Arc::make_mut(text).apply(edit);
        }
        let mut text = self.to_text();
        text.apply(edit)?;
        *self = if self.len_bytes() < Self::ROPE_BYTES {
            Self::from(&*text.to_string())
        } else {
            Self(Repr::Rope(Arc::new(text)))
        };
        Ok(())
    }

    /// Whether the edit may be applied: the errors of [`apply`](Self::apply).
    pub(super) fn check_fits(&self, edit: &TextOp) -> Result<(), Error> {
        crate::text::check_fits(self.len_chars(), edit)
    }

    fn len_bytes(&self) -> usize {
        match &self.0 {
            Repr::Shared { text, .. } => text.len(),
            Repr::Rope(text) => text.len_chars(),
        }
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        match u32::try_from(text.chars().count()) {
            Ok(chars) => Self(Repr::Shared {
                text: Arc::from(text),
                chars,
            }),
            Err(_) => Self(Repr::Rope(Arc::new(Text::from(text)))),
        }
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        if self.len_chars() != other.len_chars() {
            return false;
        }
        match (&self.0, &other.0) {
            (Repr::Shared { text: a, .. }, Repr::Shared { text: b, .. }) => a == b,
            (Repr::Rope(a), Repr::Rope(b)) => a == b,
            (Repr::Shared { text, .. }, Repr::Rope(rope))
            | (Repr::Rope(rope), Repr::Shared { text, .. }) => **rope == **text,
        }
    }
}

impl Eq for Str {}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Shared { text, .. } => f.write_str(text),
            Repr::Rope(text) => fmt::Display::fmt(text, f),
        }
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Shared { text, .. } => serializer.serialize_str(text),
            Repr::Rope(text) => serializer.serialize_str(&text.to_string()),
        }
    }
}
