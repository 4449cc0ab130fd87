//! What an op means, word by word from the grammar: all picks, deepest first, at paths of the document
//! before; then drops and edits, top down, at paths of the document after. Slow, and written apart from
//! the engine, which is checked against it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::wire::{Doc, Key, child};

const SAFE: i64 = 9_007_199_254_740_991;

/// The document after `op`, or why the op does not fit it.
pub fn apply(doc: &Doc, op: &Value) -> Result<Doc, String> {
    let Value::Array(descent) = op else {
        return if op.is_null() {
            Ok(doc.clone())
        } else {
            Err("an op is null or a list".to_owned())
        };
    };
    // The root hangs in an object of its own, so that it is picked and dropped like any other value.
    let root = Key::Name(String::new());
    let mut node = Node::default();
    node.descend(descent)?;
    let mut top = Value::Object(doc.iter().map(|doc| (String::new(), doc.clone())).collect());
    let mut held = HashMap::new();
    node.pick(&mut top, &root, &mut held)?;
    node.drop(&mut top, &root, &mut held)?;
    match top {
        Value::Object(mut top) => Ok(top.remove("")),
        _ => Err("the top is an object".to_owned()),
    }
}

/// The op as a tree: what it does at a path, and below it.
#[derive(Default)]
struct Node {
    component: Map<String, Value>,
    below: Vec<(Key, Self)>,
}

impl Node {
    fn descend(&mut self, descent: &[Value]) -> Result<(), String> {
        let mut here = self;
        for part in descent {
            if let Some(key) = Key::read(part) {
                here.below.push((key, Self::default()));
                here = here.below.last_mut().map(|(_, node)| node).ok_or("none")?;
                continue;
            }
            match part {
                Value::Object(component) => here.component = component.clone(),
                // A child begins with a key, so it adds a node of its own.
                Value::Array(child) => here.descend(child)?,
                _ => return Err(format!("no part of a descent: {part}")),
            }
        }
        Ok(())
    }

    fn slot(&self, half: &str) -> Option<u64> {
        self.component.get(half).and_then(Value::as_u64)
    }

    fn picks(&self) -> bool {
        self.slot("p").is_some()
            || self.component.contains_key("r")
            || self.below.iter().any(|(_, node)| node.picks())
    }

    fn pick(
        &self,
        container: &mut Value,
        key: &Key,
        held: &mut HashMap<u64, Value>,
    ) -> Result<(), String> {
        for (below, node) in self.below.iter().rev().filter(|(_, node)| node.picks()) {
            let at = child_mut(container, key).ok_or("picks below a value that is not there")?;
            node.pick(at, below, held)?;
        }
        if let Some(slot) = self.slot("p") {
            held.insert(slot, take(container, key)?);
        } else if self.component.contains_key("r") {
            take(container, key)?;
        }
        Ok(())
    }

    fn drop(
        &self,
        container: &mut Value,
        key: &Key,
        held: &mut HashMap<u64, Value>,
    ) -> Result<(), String> {
        if let Some(slot) = self.slot("d") {
            put(container, key, held.remove(&slot).ok_or("an empty slot")?)?;
        } else if let Some(value) = self.component.get("i") {
            put(container, key, value.clone())?;
        }
        if let Some(edit) = self.component.get("es") {
            let at = child_mut(container, key).ok_or("edits a text that is not there")?;
            *at = Value::String(edited(at.as_str().ok_or("not a text")?, edit)?);
        }
        if let Some(add) = self.component.get("ena") {
            let at = child_mut(container, key).ok_or("adds to a number that is not there")?;
            let (to, by) = (integer(at), integer(add));
            let sum = to.zip(by).and_then(|(to, by)| to.checked_add(by));
            let sum = sum.filter(|sum| sum.abs() <= SAFE);
            *at = Value::from(sum.ok_or("not a safe integer")?);
        }
        for (below, node) in self.below.iter().filter(|(_, node)| node.drops()) {
            let at = child_mut(container, key).ok_or("drops below a value that is not there")?;
            node.drop(at, below, held)?;
        }
        Ok(())
    }

    fn drops(&self) -> bool {
        ["d", "i", "es", "ena"]
            .iter()
            .any(|field| self.component.contains_key(*field))
            || self.below.iter().any(|(_, node)| node.drops())
    }
}

fn child_mut<'a>(of: &'a mut Value, key: &Key) -> Option<&'a mut Value> {
    match (of, key) {
        (Value::Array(items), Key::Index(index)) => items.get_mut(*index),
        (Value::Object(fields), Key::Name(name)) => fields.get_mut(name),
        _ => None,
    }
}

fn take(container: &mut Value, key: &Key) -> Result<Value, String> {
    match (container, key) {
        (Value::Array(items), Key::Index(index)) if *index < items.len() => {
            Ok(items.remove(*index))
        }
        (Value::Object(fields), Key::Name(name)) => {
            fields.remove(name).ok_or_else(|| format!("no {name:?}"))
        }
        _ => Err(format!("picks {key:?}, which is not there")),
    }
}

fn put(container: &mut Value, key: &Key, value: Value) -> Result<(), String> {
    if child(container, key).is_some() && container.is_object() {
        return Err(format!("{key:?} is taken"));
    }
    match (container, key) {
        (Value::Array(items), Key::Index(index)) if *index <= items.len() => {
            items.insert(*index, value);
        }
        (Value::Object(fields), Key::Name(name)) => {
            fields.insert(name.clone(), value);
        }
        _ => return Err(format!("drops at {key:?}, where nothing can be")),
    }
    Ok(())
}

fn integer(value: &Value) -> Option<i64> {
    let float = value.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "safe integers are exact")]
    (float.fract() == 0.0 && float.abs() <= SAFE as f64).then_some(float as i64)
}

fn edited(text: &str, edit: &Value) -> Result<String, String> {
    let (mut rest, mut out) = (text.chars(), String::new());
    for component in edit.as_array().ok_or("a text op is a list")? {
        let mut next = |n: Option<u64>| -> Result<String, String> {
            let n = n.and_then(|n| usize::try_from(n).ok()).ok_or("no count")?;
            let taken: String = rest.by_ref().take(n).collect();
            let whole = taken.chars().count() == n;
            whole.then_some(taken).ok_or("past the end".to_owned())
        };
        match component {
            Value::Number(n) => out.push_str(&next(n.as_u64())?),
            Value::String(insert) => out.push_str(insert),
            Value::Object(delete) => match delete.get("d") {
                Some(Value::String(expected)) => {
                    let deleted = next(Some(expected.chars().count() as u64))?;
                    if deleted != *expected {
                        return Err(format!("deletes {expected:?} where {deleted:?} is"));
                    }
                }
                count => drop(next(count.and_then(Value::as_u64))?),
            },
            _ => return Err(format!("no text component: {component}")),
        }
    }
    out.extend(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(doc: Value, op: Value) -> Result<Doc, String> {
        apply(&Some(doc), &op)
    }

    #[test]
    fn picks_are_in_paths_before_and_drops_in_paths_after() {
        let op = json!([[0, { "p": 0 }], [1, { "r": true }], [2, { "d": 0 }]]);
        assert_eq!(after(json!([0, 1, 2, 3]), op), Ok(Some(json!([2, 3, 0]))));
        let turned = json!(["x", { "p": 0 }, "y", { "p": 1 }]);
        let turned = json!([turned, ["y", { "d": 1 }, "x", { "d": 0 }]]);
        assert_eq!(
            after(json!({ "x": { "y": { "z": 1 } } }), turned),
            Ok(Some(json!({ "y": { "x": {}, "z": 1 } })))
        );
    }

    #[test]
    fn the_root_comes_and_goes() {
        assert_eq!(after(json!(1), json!([{ "r": true }])), Ok(None));
        assert_eq!(apply(&None, &json!([{ "i": null }])), Ok(Some(json!(null))));
        assert_eq!(after(json!(1), json!([{ "ena": 2 }])), Ok(Some(json!(3))));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (doc, op) in [
            (json!({}), json!(["x", { "r": true }])),
            (json!({ "x": 1 }), json!(["x", { "i": 2 }])),
            (json!([]), json!([1, { "i": 2 }])),
            (json!([]), json!(["x", { "i": 2 }])),
            (json!({ "x": "a" }), json!(["x", { "ena": 1 }])),
            (json!({ "x": 0.5 }), json!(["x", { "ena": 1 }])),
            (json!({ "x": SAFE }), json!(["x", { "ena": 1 }])),
            (json!("ab"), json!([{ "es": [1, { "d": "x" }] }])),
            (json!("ab"), json!([{ "es": [3, "x"] }])),
        ] {
            assert!(after(doc.clone(), op.clone()).is_err(), "{op} on {doc}");
        }
    }
}
