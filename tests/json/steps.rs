//! Steps, carried out on a plain document as a view would: by splices, keys and string edits.

use std::collections::BTreeMap;

use serde_json::Value;

use super::engine::{self, Op};
use super::wire::Doc;

/// The document after the steps, in their wire form.
pub fn carry_out(doc: &Doc, steps: &Value) -> Result<Doc, String> {
    let mut doc = doc.clone();
    let mut aside = BTreeMap::new();
    for step in steps.as_array().ok_or("steps are a list")? {
        carry_out_one(&mut doc, step, &mut aside)
            .ok_or_else(|| format!("step {step} does not fit"))?;
    }
    match aside.is_empty() {
        true => Ok(doc),
        false => Err("what was put aside was not put back".to_owned()),
    }
}

/// `None` when the step does not fit.
fn carry_out_one(doc: &mut Doc, step: &Value, aside: &mut BTreeMap<u64, Value>) -> Option<()> {
    let path = step["path"].as_array()?;
    let count = step.get("count").map_or(Some(1), Value::as_u64)?;
    let slot = step.get("slot").and_then(Value::as_u64);
    match step["op"].as_str()? {
        "remove" => {
            for i in 0..count {
                let value = take(doc, path)?;
                if let Some(slot) = slot {
                    aside.insert(slot + i, value);
                }
            }
        }
        "add" => {
            for i in 0..count {
                let value = match slot {
                    Some(slot) => aside.remove(&(slot + i))?,
                    None => step["value"].clone(),
                };
                put(doc, path, i as usize, value)?;
            }
        }
        // In a list, nothing is ever replaced: the same place is not the same item.
        "replace" if path.last().is_some_and(Value::is_number) && !is_counter(doc, path, step) => {
            return None;
        }
        "replace" => *at(doc, path)? = step["value"].clone(),
        "text" => {
            let text = at(doc, path)?;
            let mut units: Vec<u16> = text.as_str()?.encode_utf16().collect();
            for change in step["changes"].as_array()?.iter().rev() {
                let offset = |name: &str| change[name].as_u64().map(|offset| offset as usize);
                let insert: Vec<u16> = change["insert"].as_str()?.encode_utf16().collect();
                units.splice(offset("from")?..offset("to")?, insert);
            }
            *text = Value::from(String::from_utf16(&units).ok()?);
        }
        _ => return None,
    }
    Some(())
}

/// An item of a list that is a counter is replaced by the sum.
fn is_counter(doc: &mut Doc, path: &[Value], step: &Value) -> bool {
    at(doc, path).is_some_and(|value| value.is_number() && step["value"].is_number())
}

fn at<'a>(doc: &'a mut Doc, path: &[Value]) -> Option<&'a mut Value> {
    path.iter().try_fold(doc.as_mut()?, |value, key| match key {
        Value::String(name) => value.get_mut(name),
        index => value.get_mut(index.as_u64()? as usize),
    })
}

fn take(doc: &mut Doc, path: &[Value]) -> Option<Value> {
    let Some((last, container)) = path.split_last() else {
        return doc.take();
    };
    match at(doc, container)? {
        Value::Object(object) => object.remove(last.as_str()?),
        Value::Array(list) => {
            let index = last.as_u64()? as usize;
            (index < list.len()).then(|| list.remove(index))
        }
        _ => None,
    }
}

/// Where nothing is, or into a list `on` items further.
fn put(doc: &mut Doc, path: &[Value], on: usize, value: Value) -> Option<()> {
    let Some((last, container)) = path.split_last() else {
        return doc.replace(value).is_none().then_some(());
    };
    match at(doc, container)? {
        Value::Object(object) => object
            .insert(last.as_str()?.to_owned(), value)
            .is_none()
            .then_some(()),
        Value::Array(list) => {
            let index = last.as_u64()? as usize + on;
            (index <= list.len()).then(|| list.insert(index, value))
        }
        _ => None,
    }
}

/// A value of an object, or the root, that is removed and put anew is one replacement, whatever happens around it.
#[test]
fn a_removed_and_inserted_value_is_replaced() {
    for (doc, op, expected) in [
        (
            r#"{"a":1}"#,
            r#"["a",{"r":true,"i":2}]"#,
            r#"[{"op":"replace","path":["a"],"value":2}]"#,
        ),
        (
            "1",
            r#"[{"r":true,"i":2}]"#,
            r#"[{"op":"replace","path":[],"value":2}]"#,
        ),
        (
            r#"[0,{"a":1}]"#,
            r#"[[0,{"r":true},"a",{"i":2}],[1,"a",{"r":true}]]"#,
            r#"[{"op":"remove","path":[0]},{"op":"replace","path":[0,"a"],"value":2}]"#,
        ),
        (
            r#"[{"a":1}]"#,
            r#"[[0,{"i":7},"a",{"r":true}],[1,"a",{"i":2}]]"#,
            r#"[{"op":"add","path":[0],"value":7},{"op":"replace","path":[1,"a"],"value":2}]"#,
        ),
        (
            r#"{"x":{"a":1}}"#,
            r#"[["x",{"p":0},"a",{"r":true}],["y",{"d":0},"a",{"i":2}]]"#,
            r#"[{"op":"remove","path":["x"],"slot":0},{"op":"add","path":["y"],"slot":0},{"op":"replace","path":["y","a"],"value":2}]"#,
        ),
        // Another container now has the key of the one that lost the value.
        (
            r#"{"x":{"a":1}}"#,
            r#"[["x",{"p":0,"i":{"a":2}},"a",{"r":true}],["y",{"d":0}]]"#,
            r#"[{"op":"remove","path":["x","a"]},{"op":"remove","path":["x"],"slot":0},{"op":"add","path":["x"],"value":{"a":2}},{"op":"add","path":["y"],"slot":0}]"#,
        ),
    ] {
        let op = Op::read_text(op).unwrap();
        let doc: Value = serde_json::from_str(doc).unwrap();
        let steps = op.steps(&engine::Doc::read(&Some(doc.clone()))).unwrap();
        assert_eq!(
            steps,
            serde_json::from_str::<Value>(expected).unwrap(),
            "{doc} {}",
            op.text()
        );
    }
}
