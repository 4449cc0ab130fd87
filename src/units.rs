//! Offsets with their unit in the type.
//!
//! The core and the wire count Unicode scalar values ([`CharOffset`]); JavaScript counts UTF-16 code
//! units ([`Utf16Offset`]). The conversion happens once, at the edge, against the document's own text.

use serde::{Deserialize, Serialize};

macro_rules! offset {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub usize);
    };
}

offset! {
    /// A boundary between characters, counted in Unicode scalar values from the start of the text.
    CharOffset
}
offset! {
    /// A boundary between UTF-16 code units, counted from the start of the text: what JavaScript uses.
    Utf16Offset
}
