//! Keys and paths: where a value is.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of an object's key, cheap to clone. Names are ordered by UTF-16 code unit, as JavaScript orders
/// strings, so that canonical forms are the same there and here.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The one name that no object may have: in JavaScript it stands for the prototype.
    pub const RESERVED: &str = "__proto__";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        utf16_order(self.as_str(), other.as_str())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares strings by UTF-16 code unit.
///
/// UTF-8 bytes order strings by scalar. The two orders differ only where a scalar beyond U+FFFF, in UTF-16 a pair
/// from the surrogates (0xD800 and up), meets one from U+E000 on; and then at the first byte that differs, the
/// lead byte: 0xF0 and up against 0xEE or 0xEF.
fn utf16_order(a: &str, b: &str) -> Ordering {
    let differing = a.bytes().zip(b.bytes()).find(|(x, y)| x != y);
    match differing {
        Some((x, y)) if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) => y.cmp(&x),
        Some((x, y)) => x.cmp(&y),
        None => a.len().cmp(&b.len()),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// One step down: into a list by index, or into an object by name. Indexes order before names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// An item of a list, counted from 0.
    Index(u32),
    /// A value of an object.
    Name(Name),
}

impl Key {
    /// The largest index of a list: 2³¹ − 1, as in the published grammar.
    pub const MAX_INDEX: u32 = i32::MAX as u32;
}

impl From<u32> for Key {
    fn from(index: u32) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::Name(Name::from(name))
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Index(index) => serializer.serialize_u32(*index),
            Self::Name(name) => serializer.serialize_str(name.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyKey;

        impl de::Visitor<'_> for AnyKey {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key: an index of a list, or a name")
            }

            fn visit_u64<E: de::Error>(self, index: u64) -> Result<Key, E> {
                let index = u32::try_from(index).ok();
                let index = index.filter(|index| *index <= Key::MAX_INDEX);
                index
                    .map(Key::Index)
                    .ok_or_else(|| E::custom("list index out of range"))
            }

            fn visit_i64<E: de::Error>(self, index: i64) -> Result<Key, E> {
                let index = u64::try_from(index);
                self.visit_u64(index.map_err(|_| E::custom("list index out of range"))?)
            }

            fn visit_f64<E: de::Error>(self, index: f64) -> Result<Key, E> {
                if index.fract() != 0.0 {
                    return Err(E::custom("a list index is an integer"));
                }
                // What does not fit becomes too large, or 0 for a negative one, which is told first.
                if index < 0.0 {
                    return Err(E::custom("list index out of range"));
                }
                self.visit_u64(index as u64)
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
                if name == Name::RESERVED {
                    return Err(E::custom("reserved key"));
                }
                Ok(Key::Name(Name::from(name)))
            }
        }

        deserializer.deserialize_any(AnyKey)
    }
}

/// A place in a document: the keys from the root down. Displays as a JSON pointer (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub Vec<Key>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.0 {
            match key {
                Key::Index(index) => write!(f, "/{index}")?,
                Key::Name(name) => {
                    let escaped = name.as_str().replace('~', "~0").replace('/', "~1");
                    write!(f, "/{escaped}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_utf16_code_unit() {
        let samples = [
            "",
            "a",
            "aa",
            "b",
            "é",
            "a😀",
            "a\u{e000}",
            "\u{d7ff}",
            "\u{e000}",
            "\u{ffff}",
            "😀",
            "😁",
            "\u{10000}",
            "\u{10ffff}",
            "\u{10ffff}a",
            "\u{f8ff}",
        ];
        for a in samples {
            for b in samples {
                let expected = a.encode_utf16().cmp(b.encode_utf16());
                assert_eq!(Name::from(a).cmp(&Name::from(b)), expected, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn paths_display_as_json_pointers() {
        let path = Path(vec!["a/b".into(), 3.into(), "~".into()]);
        assert_eq!(path.to_string(), "/a~1b/3/~0");
    }
}
