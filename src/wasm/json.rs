use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::convert::{from_js, malformed_op, throw, to_js};
use crate::Error;
use crate::json::{Conflict, JsonOp, Part, Path, Policy, Value, Winner, WithContent};
use crate::text::Side;

pub(super) fn op(value: JsValue) -> Result<JsonOp, JsValue> {
    from_js(value, malformed_op)
}

fn doc(value: JsValue) -> Result<Option<Value>, JsValue> {
    if value.is_undefined() {
        return Ok(None);
    }
    from_js(value, malformed_op).map(Some)
}

/// A document; `undefined` when it is absent.
pub(super) fn doc_to_js(doc: Option<&Value>) -> Result<JsValue, JsValue> {
    doc.map_or(Ok(JsValue::UNDEFINED), to_js)
}

fn thrown<T>(result: Result<T, Error>) -> Result<T, JsValue> {
    result.map_err(|error| throw(&error))
}

/// `before` after the op.
#[wasm_bindgen(js_name = jsonApply)]
pub fn apply(before: JsValue, edit: JsValue) -> Result<JsValue, JsValue> {
    let mut value = doc(before)?;
    thrown(op(edit)?.apply(&mut value))?;
    doc_to_js(value.as_ref())
}

/// Throws unless it is an op.
#[wasm_bindgen(js_name = jsonCheck)]
pub fn check(edit: JsValue) -> Result<(), JsValue> {
    op(edit).map(drop)
}

/// The op in canonical form, with what it says that it removes.
#[wasm_bindgen(js_name = jsonNormalize)]
pub fn normalize(edit: JsValue) -> Result<JsValue, JsValue> {
    let WithContent(edit) = from_js(edit, malformed_op)?;
    to_js(&edit.plain_with_content())
}

/// The first op and then the second, as one.
#[wasm_bindgen(js_name = jsonCompose)]
pub fn compose(first: JsValue, second: JsValue) -> Result<JsValue, JsValue> {
    to_js(&thrown(op(first)?.compose(&op(second)?))?.plain())
}

/// The op after a concurrent other, as the published type has it; `side` is `"left"` or `"right"`.
#[wasm_bindgen(js_name = jsonTransform)]
pub fn transform(edit: JsValue, other: JsValue, side: &str) -> Result<JsValue, JsValue> {
    let side = match side {
        "left" => Side::Left,
        "right" => Side::Right,
        _ => {
            let reason = format!("side {side:?} is neither \"left\" nor \"right\"");
            return Err(throw(&Error::MalformedOp { reason }));
        }
    };
    let policy = Policy::new(Winner::Json1, false);
    to_js(&thrown(op(edit)?.transform(&op(other)?, side, &policy))?.plain())
}

/// The conflicts between two ops on one document.
#[wasm_bindgen(js_name = jsonConflicts)]
pub fn conflicts(left: JsValue, right: JsValue) -> Result<JsValue, JsValue> {
    let found = thrown(JsonOp::conflicts(&op(left)?, &op(right)?))?;
    let found: Vec<Told<'_>> = found.iter().map(Told::of_ops).collect();
    to_js(&found)
}

/// The op that takes this one back.
#[wasm_bindgen(js_name = jsonInvertWithDoc)]
pub fn invert_with_doc(edit: JsValue, before: JsValue) -> Result<JsValue, JsValue> {
    to_js(&thrown(op(edit)?.invert(&doc(before)?))?.plain())
}

/// The op with what it removes.
#[wasm_bindgen(js_name = jsonMakeInvertible)]
pub fn make_invertible(edit: JsValue, before: JsValue) -> Result<JsValue, JsValue> {
    to_js(&thrown(op(edit)?.with_content(&doc(before)?))?.plain_with_content())
}

/// An op from the one document to the other.
#[wasm_bindgen(js_name = jsonDiff)]
pub fn diff(before: JsValue, after: JsValue) -> Result<JsValue, JsValue> {
    to_js(&JsonOp::diff(&doc(before)?, &doc(after)?).plain())
}

/// Where the value at a path is after the op; `null` when the op removes it.
#[wasm_bindgen(js_name = jsonTransformPosition)]
pub fn transform_position(path: JsValue, edit: JsValue) -> Result<JsValue, JsValue> {
    let path: Path = from_js(path, malformed_op)?;
    to_js(&op(edit)?.map_path(&path))
}

/// What one side did.
#[derive(Serialize)]
struct Did<'a> {
    #[serde(flatten)]
    part: &'a Part,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
}

/// A conflict as JavaScript sees it: between two ops, or between mine and theirs.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    kind: crate::json::ConflictKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Winner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    winner: Option<&'static str>,
    #[serde(flatten)]
    sides: Sides<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Sides<'a> {
    Ops {
        left: Vec<Did<'a>>,
        right: Vec<Did<'a>>,
    },
    People {
        mine: Vec<Did<'a>>,
        theirs: Vec<Did<'a>>,
    },
}

fn did(parts: &[Part]) -> Vec<Did<'_>> {
    let parts = parts.iter().map(|part| Did {
        part,
        value: part.value.as_ref(),
    });
    parts.collect()
}

impl<'a> Told<'a> {
    fn of_ops(conflict: &'a Conflict) -> Self {
        Self {
            kind: conflict.kind,
            path: None,
            policy: None,
            winner: None,
            sides: Sides::Ops {
                left: did(&conflict.left),
                right: did(&conflict.right),
            },
        }
    }

    /// A conflict that a replica resolved: what came from elsewhere was accepted, so it is `left`.
    pub(super) fn of_replica(conflict: &'a Conflict) -> Self {
        use crate::json::Loser;
        let winner = match conflict.loser {
            Some(Loser::Left) => "mine",
            Some(Loser::Right) | None => "theirs",
            Some(Loser::Both) => "neither",
        };
        Self {
            kind: conflict.kind,
            path: Some(&conflict.path),
            policy: Some(conflict.rule.winner),
            winner: Some(winner),
            sides: Sides::People {
                mine: did(&conflict.right),
                theirs: did(&conflict.left),
            },
        }
    }
}
