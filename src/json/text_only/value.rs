use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::Text;

/// A document's value: a root string.
///
/// On the wire and in storage it is the JSON string itself.
///
/// ```
/// # use rejoin::json::Value;
/// let value: Value = serde_json::from_str(r#""hello""#)?;
/// assert_eq!(value.as_text().len_chars(), 5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Value(Box<Text>);

impl Value {
    /// The text of the root string.
    pub fn as_text(&self) -> &Text {
        &self.0
    }

    /// The length in scalars: what limits are measured in.
    pub fn size(&self) -> usize {
        self.0.len_chars()
    }

    pub(super) fn as_text_mut(&mut self) -> &mut Text {
        &mut self.0
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Box::new(Text::from(text)))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.0.len_chars() == other.0.len_chars() && self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Value {}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RootString;

        impl de::Visitor<'_> for RootString {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string (this version edits text documents)")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::from(text))
            }
        }

        deserializer.deserialize_any(RootString)
    }
}
