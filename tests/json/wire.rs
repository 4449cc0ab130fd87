//! Documents and ops as plain JSON, and single edits written by hand in the wire grammar: what the
//! tests give to the engine and expect from it, made without the engine's help.

use std::cmp::Ordering;

use serde_json::{Value, json};

/// A document: a JSON value, or absent.
pub type Doc = Option<Value>;

/// One step of a path. Ordered as the wire form orders children: indexes, then keys by UTF-16 code unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Index(usize),
    Name(String),
}

pub type Path = Vec<Key>;

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            (Self::Index(_), Self::Name(_)) => Ordering::Less,
            (Self::Name(_), Self::Index(_)) => Ordering::Greater,
            (Self::Name(a), Self::Name(b)) => a.encode_utf16().cmp(b.encode_utf16()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(n) => Some(Self::Index(usize::try_from(n.as_u64()?).ok()?)),
            Value::String(name) => Some(Self::Name(name.clone())),
            _ => None,
        }
    }

    pub fn wire(&self) -> Value {
        match self {
            Self::Index(index) => json!(index),
            Self::Name(name) => json!(name),
        }
    }
}

/// The value at `key` of a container of the right kind.
pub fn child<'a>(of: &'a Value, key: &Key) -> Option<&'a Value> {
    match (of, key) {
        (Value::Array(items), Key::Index(index)) => items.get(*index),
        (Value::Object(fields), Key::Name(name)) => fields.get(name),
        _ => None,
    }
}

pub fn at<'a>(doc: &'a Doc, path: &[Key]) -> Option<&'a Value> {
    path.iter().try_fold(doc.as_ref()?, child)
}

pub fn is_container(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// The keys of a container; none of anything else.
pub fn keys(of: &Value) -> Vec<Key> {
    match of {
        Value::Array(items) => (0..items.len()).map(Key::Index).collect(),
        Value::Object(fields) => fields.keys().cloned().map(Key::Name).collect(),
        _ => Vec::new(),
    }
}

/// The paths of all values of the document, parents before children.
pub fn paths(doc: &Doc) -> Vec<Path> {
    let (mut all, mut next) = (Vec::new(), 0);
    if doc.is_some() {
        all.push(Vec::new());
    }
    while let Some(path) = all.get(next).cloned() {
        let below = at(doc, &path).map(keys).unwrap_or_default();
        all.extend(below.into_iter().map(|key| joined(&path, key)));
        next += 1;
    }
    all
}

pub fn joined(path: &[Key], key: Key) -> Path {
    [path, &[key]].concat()
}

/// Every free place: list gaps, the unused ones of the names for the object at a path, or the root of
/// an absent document.
pub fn gaps<'a>(doc: &Doc, names: impl Fn(&[Key]) -> &'a [&'a str]) -> Vec<Path> {
    if doc.is_none() {
        return vec![Vec::new()];
    }
    let mut gaps = Vec::new();
    for path in paths(doc) {
        match at(doc, &path) {
            Some(Value::Array(items)) => {
                gaps.extend((0..=items.len()).map(|i| joined(&path, Key::Index(i))));
            }
            Some(Value::Object(fields)) => gaps.extend(
                names(&path)
                    .iter()
                    .filter(|name| !fields.contains_key(**name))
                    .map(|name| joined(&path, Key::Name((*name).to_owned()))),
            ),
            _ => {}
        }
    }
    gaps
}

/// An op of one component.
pub fn edit(path: &[Key], component: Value) -> Value {
    path.iter().map(Key::wire).chain([component]).collect()
}

pub fn insert(path: &[Key], value: &Value) -> Value {
    edit(path, json!({ "i": value }))
}

pub fn remove(path: &[Key]) -> Value {
    edit(path, json!({ "r": true }))
}

pub fn replace(path: &[Key], value: &Value) -> Value {
    edit(path, json!({ "r": true, "i": value }))
}

/// A move: `from` in the document before, `to` in the document after.
pub fn move_to(from: &[Key], to: &[Key]) -> Value {
    let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let (head, from, to) = (&from[..shared], &from[shared..], &to[shared..]);
    let (pick, drop) = (json!({ "p": 0 }), json!({ "d": 0 }));
    let head = head.iter().map(Key::wire);
    match (from, to) {
        ([], []) => head.chain([json!({ "p": 0, "d": 0 })]).collect(),
        ([], to) => head
            .chain([pick])
            .chain(to.iter().map(Key::wire))
            .chain([drop])
            .collect(),
        (from, []) => head
            .chain([drop])
            .chain(from.iter().map(Key::wire))
            .chain([pick])
            .collect(),
        ([first, ..], [second, ..]) => {
            let (picks, drops) = (edit(from, pick), edit(to, drop));
            let two = if first < second {
                [picks, drops]
            } else {
                [drops, picks]
            };
            head.chain(two).collect()
        }
    }
}

/// Equality of JSON values where `1` and `1.0` are one number.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

pub fn same_doc(a: &Doc, b: &Doc) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        _ => a.is_none() && b.is_none(),
    }
}

/// A document in print; `absent` is no JSON, so no value is taken for it.
pub fn show(doc: &Doc) -> String {
    doc.as_ref().map_or("absent".to_owned(), Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_utf16() {
        let name = |name: &str| Key::Name(name.to_owned());
        assert!(Key::Index(10) < name(""));
        assert!(Key::Index(2) < Key::Index(10));
        assert!(name("10") < name("2"));
        // In UTF-8 the other way round.
        assert!(name("😀") < name("\u{ff5e}"));
    }

    #[test]
    fn moves_are_written_sorted() {
        let path = |wire: Value| -> Path {
            let steps = wire.as_array().unwrap();
            steps.iter().map(|key| Key::read(key).unwrap()).collect()
        };
        let written = |from, to| move_to(&path(from), &path(to));
        assert_eq!(
            written(json!(["b"]), json!(["a", 1])),
            json!([["a", 1, { "d": 0 }], ["b", { "p": 0 }]])
        );
        assert_eq!(
            written(json!(["x", 0]), json!(["x", 2])),
            json!(["x", [0, { "p": 0 }], [2, { "d": 0 }]])
        );
        assert_eq!(
            written(json!(["x", 0]), json!(["x"])),
            json!(["x", { "d": 0 }, 0, { "p": 0 }])
        );
        assert_eq!(
            written(json!([]), json!(["x"])),
            json!([{ "p": 0 }, "x", { "d": 0 }])
        );
    }
}
