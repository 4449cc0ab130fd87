//! The wire form: `[5, "abc", {"d": 3}]`, as the published `text-unicode` type has it.
//!
//! ```text
//! op        = [ component* ]            no trailing retain, no two retains in a row
//! component = n                         retain n scalars, n ≥ 1
//!           | "text"                    insert, not empty
//!           | {"d": n} | {"d": "text"}  delete n scalars (or as many as the text has), n ≥ 1
//! ```

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::builder::TextOpBuilder;
use super::op::{Component, MAX_LEN, TextOp};

/// Writes the wire form.
///
/// # Laws
/// *decode after encode is the identity*: reading back gives an equal op.
impl Serialize for TextOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.component_count()))?;
        for component in self.components() {
            match component {
                Component::Retain(len) => seq.serialize_element(&len)?,
                Component::Insert(text) => seq.serialize_element(text)?,
                Component::Delete(len) => seq.serialize_element(&Delete(len))?,
            }
        }
        seq.end()
    }
}

struct Delete(usize);

impl Serialize for Delete {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("d", &self.0)?;
        map.end()
    }
}

/// Reads the wire form, for any self-describing format (JSON, JavaScript values).
///
/// Exactly what the published type's `checkOp` accepts is accepted: an empty component, two retains in
/// a row, a trailing retain are malformed. Two inserts or two deletes in a row, and a delete before an
/// insert, are not: they are read into canonical form. Stricter than `checkOp`, which lets them pass:
/// a retain or a delete that is not a whole number (`5.0` is one, as in JavaScript), a key beside `d`,
/// a component of any other type, an op whose base or target would be longer than
/// [`MAX_LEN`](super::MAX_LEN).
///
/// ```
/// use rejoin::text::TextOp;
/// let op: TextOp = serde_json::from_str(r#"[2, {"d": "xy"}, "ab", "c"]"#)?;
/// assert_eq!(serde_json::to_string(&op)?, r#"[2,"abc",{"d":2}]"#);
/// assert!(serde_json::from_str::<TextOp>("[2]").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for TextOp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OpVisitor { strict: true })
    }
}

/// A [`TextOp`] read from components that need not be tidy: empty ones, retains in a row and a
/// trailing retain are normalised instead of refused. What the published type's `normalize` does.
///
/// ```
/// use rejoin::text::{Loose, TextOp};
/// let Loose(op) = serde_json::from_str(r#"[1, 1, "", "hi", 100]"#)?;
/// assert_eq!(op, TextOp::builder().retain(2).insert("hi").finish());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose(pub TextOp);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(OpVisitor { strict: false })
            .map(Loose)
    }
}

struct OpVisitor {
    strict: bool,
}

impl<'de> Visitor<'de> for OpVisitor {
    type Value = TextOp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text op: a list of retains, inserts and deletes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TextOp, A::Error> {
        let mut out = TextOpBuilder::new();
        let mut after_retain = false;
        while let Some(len) = seq.next_element_seed(ComponentVisitor { out: &mut out })? {
            if self.strict {
                let problem = match len {
                    Read::Nothing => Some("an empty component"),
                    Read::Retain if after_retain => Some("two retains in a row"),
                    _ => None,
                };
                if let Some(problem) = problem {
                    return Err(de::Error::custom(format_args!("{problem} in a text op")));
                }
            }
            after_retain = matches!(len, Read::Retain);
            let (base_len, target_len) = out.lengths();
            let len = base_len.max(target_len) as usize;
            if len > MAX_LEN {
                return Err(de::Error::custom(format_args!(
                    "a text op over {len} scalars, of at most {MAX_LEN}"
                )));
            }
        }
        if self.strict && after_retain {
            return Err(de::Error::custom("a trailing retain in a text op"));
        }
        Ok(out.finish())
    }
}

/// What kind of component was read.
enum Read {
    Nothing,
    Retain,
    Edit,
}

/// Reads one component into the builder.
struct ComponentVisitor<'b> {
    out: &'b mut TextOpBuilder,
}

impl<'de> DeserializeSeed<'de> for ComponentVisitor<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ComponentVisitor<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a retain (whole number), an insert (string) or a delete ({\"d\": …})")
    }

    fn visit_u64<E: de::Error>(self, len: u64) -> Result<Read, E> {
        let len = check_len(len)?;
        self.out.push_retain(len);
        Ok(if len == 0 {
            Read::Nothing
        } else {
            Read::Retain
        })
    }

    fn visit_i64<E: de::Error>(self, len: i64) -> Result<Read, E> {
        self.visit_u64(non_negative(len)?)
    }

    fn visit_f64<E: de::Error>(self, len: f64) -> Result<Read, E> {
        self.visit_u64(whole(len)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Read, E> {
        self.out.insert(text);
        Ok(if text.is_empty() {
            Read::Nothing
        } else {
            Read::Edit
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        const ONE_KEY: &str = "a delete has exactly one key, \"d\"";
        if map.next_key_seed(KeyD)?.is_none() {
            return Err(de::Error::custom(ONE_KEY));
        }
        let len = map.next_value_seed(DeleteLen)?;
        if map.next_key_seed(KeyD)?.is_some() {
            return Err(de::Error::custom(ONE_KEY));
        }
        self.out.push_delete(len);
        Ok(if len == 0 { Read::Nothing } else { Read::Edit })
    }
}

/// The key `d` and no other.
struct KeyD;

impl<'de> DeserializeSeed<'de> for KeyD {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyD {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key \"d\"")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if key == "d" {
            Ok(())
        } else {
            Err(E::unknown_field(key, &["d"]))
        }
    }
}

/// How much is deleted: a number of scalars, or the text that was there.
struct DeleteLen;

impl<'de> DeserializeSeed<'de> for DeleteLen {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for DeleteLen {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of scalars, or the deleted text")
    }

    fn visit_u64<E: de::Error>(self, len: u64) -> Result<u32, E> {
        check_len(len)
    }

    fn visit_i64<E: de::Error>(self, len: i64) -> Result<u32, E> {
        check_len(non_negative(len)?)
    }

    fn visit_f64<E: de::Error>(self, len: f64) -> Result<u32, E> {
        check_len(whole(len)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
        check_len(text.chars().count() as u64)
    }
}

fn check_len<E: de::Error>(len: u64) -> Result<u32, E> {
    match u32::try_from(len) {
        Ok(len) if len as usize <= MAX_LEN => Ok(len),
        _ => Err(E::custom(format_args!(
            "a component over {len} scalars, of at most {MAX_LEN}"
        ))),
    }
}

fn non_negative<E: de::Error>(len: i64) -> Result<u64, E> {
    u64::try_from(len)
        .map_err(|_| E::invalid_value(Unexpected::Signed(len), &"a whole number of scalars"))
}

/// JavaScript has one kind of number: 5.0 is 5. Anything past 2⁵³ is past every limit anyway.
fn whole<E: de::Error>(len: f64) -> Result<u64, E> {
    if (0.0..=9_007_199_254_740_992.0).contains(&len) && len.fract() == 0.0 {
        Ok(len as u64)
    } else {
        Err(E::invalid_value(
            Unexpected::Float(len),
            &"a whole number of scalars",
        ))
    }
}
