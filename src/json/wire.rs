//! The wire form: the published `json1` grammar, and runs.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::op::JsonOp;

/// Writes the canonical form, with runs.
impl Serialize for JsonOp {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("not built yet"))
    }
}

/// Reads the published grammar or its extension by runs, checks that some document fits, makes it canonical.
impl<'de> Deserialize<'de> for JsonOp {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom("not built yet"))
    }
}

/// An op that writes itself in the published grammar: without runs.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    op: &'a JsonOp,
    content: bool,
}

impl JsonOp {
    /// Writes in the published grammar, without runs; every remove as `r: true`.
    pub fn plain(&self) -> Plain<'_> {
        Plain {
            op: self,
            content: false,
        }
    }

    /// Writes in the published grammar; removes carry their content, where it is known.
    pub fn plain_with_content(&self) -> Plain<'_> {
        Plain {
            op: self,
            content: true,
        }
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        let _ = (self.op, self.content);
        Err(ser::Error::custom("not built yet"))
    }
}
