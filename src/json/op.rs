use std::fmt;
use std::hash::Hasher;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Value;
use crate::Error;
use crate::queue::Compose;
use crate::text::{Side, TextOp};

/// One atomic change of a document: the unit of send, ack and transform.
///
/// Wire form: `[{"es": [5, "abc"]}]`, the published `json1` form of a text edit at the root; `null`
/// is the op that changes nothing. The laws are [`TextOp`]'s.
///
/// ```
/// # use rejoin::json::{JsonOp, Value};
/// let op: JsonOp = serde_json::from_str(r#"[{"es":[5," world"]}]"#)?;
/// let mut value = Value::from("hello");
/// op.apply(&mut value)?;
/// assert_eq!(value.to_string(), "hello world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonOp {
    text: TextOp,
}

impl JsonOp {
    /// The op that changes nothing.
    pub fn noop() -> Self {
        Self::default()
    }

    /// An edit of the root string.
    pub fn text(edit: TextOp) -> Self {
        Self { text: edit }
    }

    /// The edit of the root string.
    pub fn as_text(&self) -> &TextOp {
        &self.text
    }

    /// Whether this op changes nothing.
    pub fn is_noop(&self) -> bool {
        self.text.is_noop()
    }

    /// How many components the op has: the measure of its cost.
    pub fn component_count(&self) -> usize {
        self.text.component_count()
    }

    /// How large `value` is after this op, in the unit of [`Value::size`]: as large as before when the op
    /// does not fit.
    pub fn target_size(&self, value: &Value) -> usize {
        match value.size().checked_sub(self.text.base_len()) {
            Some(rest) => rest.saturating_add(self.text.target_len()),
            None => value.size(),
        }
    }

    /// Changes `value` by this op.
    ///
    /// # Errors
    /// [`Error::OpTooLong`] when the op does not fit; `value` is then as it was.
    pub fn apply(&self, value: &mut Value) -> Result<(), Error> {
        value.as_text_mut().apply(&self.text)
    }

    /// This op and then `next`, as one. Law: applying the result is applying both.
    #[must_use]
    pub fn compose(&self, next: &Self) -> Self {
        Self::text(self.text.compose(&next.text))
    }

    /// This op as it must be applied after the concurrent `other`. `side` says whose insert goes first
    /// at one place: the accepted op is [`Side::Left`].
    ///
    /// Law (TP1): `a` then `b.transform(a, Right)` equals `b` then `a.transform(b, Left)`.
    #[must_use]
    pub fn transform(&self, other: &Self, side: Side) -> Self {
        Self::text(self.text.transform(&other.text, side))
    }

    /// The op that takes this one back; `before` is the value it was applied to.
    ///
    /// # Errors
    /// [`Error::OpTooLong`] when the op does not fit `before`.
    pub fn invert(&self, before: &Value) -> Result<Self, Error> {
        Ok(Self::text(self.text.invert(before.as_text())?))
    }

    /// An op that turns `before` into `after`, small where that is cheap to find.
    pub fn diff(before: &Value, after: &Value) -> Self {
        Self::text(TextOp::diff(&before.to_string(), &after.to_string()))
    }

    /// A digest of this op as sent on `base`: FNV-1a (64 bits) over the base in decimal, a colon, and
    /// the op's wire form as compact JSON. It tells a resent op from another op that a copied client id
    /// sent under the same `seq`; it is no defence against forgery.
    pub fn digest(&self, base: u64) -> Digest {
        struct Hashing(fnv::FnvHasher);

        impl std::io::Write for Hashing {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.write(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let mut hashing = Hashing(fnv::FnvHasher::default());
        let written = serde_json::to_writer(&mut hashing, &base)
            .and_then(|()| {
                hashing.0.write(b":");
                serde_json::to_writer(&mut hashing, self)
            })
            .is_ok();
        debug_assert!(written, "hashing cannot fail");
        Digest(hashing.0.finish())
    }
}

impl Compose for JsonOp {
    fn compose(&self, next: &Self) -> Self {
        self.compose(next)
    }

    fn is_noop(&self) -> bool {
        self.is_noop()
    }

    fn component_count(&self) -> usize {
        self.component_count()
    }
}

/// A 64-bit digest of an op; 16 hexadecimal digits on the wire, since JavaScript's numbers stop at 53 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(de::Error::custom("a digest has 16 hexadecimal digits"));
        }
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

impl Serialize for JsonOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Edit<'a>(&'a TextOp);

        impl Serialize for Edit<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("es", self.0)?;
                map.end()
            }
        }

        if self.is_noop() {
            return serializer.serialize_unit();
        }
        let mut seq = serializer.serialize_seq(Some(1))?;
        seq.serialize_element(&Edit(&self.text))?;
        seq.end()
    }
}

impl<'de> Deserialize<'de> for JsonOp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Edit {
            es: TextOp,
        }

        struct RootEdit;

        impl<'de> de::Visitor<'de> for RootEdit {
            type Value = JsonOp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null or [{\"es\": text op}] (this version edits text documents)")
            }

            fn visit_unit<E: de::Error>(self) -> Result<JsonOp, E> {
                Ok(JsonOp::noop())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<JsonOp, A::Error> {
                let Some(Edit { es }) = seq.next_element()? else {
                    return Err(de::Error::invalid_length(0, &self));
                };
                if seq.next_element::<de::IgnoredAny>()?.is_some() {
                    return Err(de::Error::invalid_length(2, &self));
                }
                Ok(JsonOp::text(es))
            }
        }

        deserializer.deserialize_any(RootEdit)
    }
}
