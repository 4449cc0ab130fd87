//! Values in and out of JSON, or of JavaScript's values.

use std::fmt;
use std::io;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::key::Name;
use super::number::Number;
use super::string::Str;
use super::value::{List, MAX_DEPTH, Object, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::String(value) => value.serialize(serializer),
            Self::List(list) => serializer.collect_seq(list.iter()),
            Self::Object(object) => {
                serializer.collect_map(object.iter().map(|(name, value)| (name.as_str(), value)))
            }
        }
    }
}

/// Reads a value; refuses what is no JSON value (NaN, infinities), the key `__proto__`, a key twice, and nesting beyond
/// [`MAX_DEPTH`].
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueSeed { room: MAX_DEPTH }.deserialize(deserializer)
    }
}

/// Reads a value that may nest `room` deep.
#[derive(Clone, Copy)]
pub(super) struct ValueSeed {
    pub(super) room: usize,
}

impl ValueSeed {
    fn below<E: de::Error>(self) -> Result<Self, E> {
        match self.room.checked_sub(1) {
            Some(room) => Ok(Self { room }),
            None => Err(too_deep()),
        }
    }
}

pub(super) fn too_deep<E: de::Error>() -> E {
    E::custom(format_args!("nesting is limited to {MAX_DEPTH} levels"))
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::new(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(Str::from(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::List(List::from_iter(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Object::default();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let value = map.next_value_seed(below)?;
            let twice = name.clone();
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom(format_args!("the key {twice:?} twice")));
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads the name of a key.
pub(super) struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        if name == Name::RESERVED {
            return Err(E::custom("the key \"__proto__\" is reserved"));
        }
        Ok(Name::from(name))
    }
}

/// Compact JSON, numbers as JavaScript prints them.
pub(super) fn to_text(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut bytes,
        JavaScriptNumbers,
    ))?;
    // The formatter writes ASCII, and serde_json whole strings.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct JavaScriptNumbers;

impl serde_json::ser::Formatter for JavaScriptNumbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        match Number::new(value) {
            Some(number) => write!(writer, "{number}"),
            None => writer.write_all(b"null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_and_print() {
        for (text, printed) in [
            ("null", "null"),
            (
                r#"{"b":[1,-0.0,1e21,true],"a":"x"}"#,
                r#"{"a":"x","b":[1,0,1e+21,true]}"#,
            ),
            (
                r#"{"toString":{},"constructor":[]}"#,
                r#"{"constructor":[],"toString":{}}"#,
            ),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), printed);
        }
        for text in [
            r#"{"__proto__":1}"#,
            "1e999",
            r#""\ud800""#,
            r#"{"a":1,"a":2}"#,
            "",
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH)).is_ok());
        assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn sizes_are_kept_as_values_change() {
        let mut value: Value = serde_json::from_str(r#"{"ab":["x",[1,2],"yz"],"c":{}}"#).unwrap();
        let fresh = |value: &Value| {
            serde_json::from_str::<Value>(&value.to_string())
                .unwrap()
                .size()
        };
        assert_eq!(value.size(), 1 + (1 + 2 + 12) + (1 + 1 + 1));
        value.update(&"ab".into(), |list| {
            list.remove_all(&[(1.into(), 1)]);
            list.update(&0.into(), |item| *item = Value::from("long"));
        });
        assert_eq!(value.to_string(), r#"{"ab":["long","yz"],"c":{}}"#);
        assert_eq!(value.size(), fresh(&value));
        value.remove_all(&[("c".into(), 1)]);
        assert_eq!(value.size(), fresh(&value));
    }
}
