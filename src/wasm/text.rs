use wasm_bindgen::prelude::*;

use super::convert::{from_js, malformed_op, throw, to_js};
use crate::Error;
use crate::text::{Bias, Loose, Side, Text, TextOp};
use crate::units::CharOffset;

fn op(value: JsValue) -> Result<TextOp, JsValue> {
    from_js(value, malformed_op)
}

/// `doc` after the op.
#[wasm_bindgen(js_name = textApply)]
pub fn apply(doc: &str, edit: JsValue) -> Result<String, JsValue> {
    let mut text = Text::from(doc);
    text.apply(&op(edit)?).map_err(|error| throw(&error))?;
    Ok(text.to_string())
}

/// The first op and then the second, as one.
#[wasm_bindgen(js_name = textCompose)]
pub fn compose(first: JsValue, second: JsValue) -> Result<JsValue, JsValue> {
    to_js(&op(first)?.compose(&op(second)?))
}

/// The op after a concurrent other; `side` is `"left"` or `"right"`.
#[wasm_bindgen(js_name = textTransform)]
pub fn transform(edit: JsValue, other: JsValue, side: &str) -> Result<JsValue, JsValue> {
    let side = match side {
        "left" => Side::Left,
        "right" => Side::Right,
        _ => {
            let reason = format!("side {side:?} is neither \"left\" nor \"right\"");
            return Err(throw(&Error::MalformedOp { reason }));
        }
    };
    to_js(&op(edit)?.transform(&op(other)?, side))
}

/// The op that takes this one back.
#[wasm_bindgen(js_name = textInvert)]
pub fn invert(edit: JsValue, before: &str) -> Result<JsValue, JsValue> {
    to_js(
        &op(edit)?
            .invert(&Text::from(before))
            .map_err(|error| throw(&error))?,
    )
}

/// The op in canonical form, read leniently.
#[wasm_bindgen(js_name = textNormalize)]
pub fn normalize(edit: JsValue) -> Result<JsValue, JsValue> {
    let Loose(edit) = from_js(edit, malformed_op)?;
    to_js(&edit)
}

/// Throws unless the op is well formed.
#[wasm_bindgen(js_name = textCheck)]
pub fn check(edit: JsValue) -> Result<(), JsValue> {
    op(edit).map(|_| ())
}

/// An offset in scalars, mapped through the op. With `after`, text inserted there pushes it along.
#[wasm_bindgen(js_name = textTransformPosition)]
pub fn transform_position(offset: usize, edit: JsValue, after: bool) -> Result<usize, JsValue> {
    let bias = if after { Bias::After } else { Bias::Before };
    Ok(op(edit)?.map_position(CharOffset(offset), bias).0)
}

/// An op that turns one text into the other.
#[wasm_bindgen(js_name = textDiff)]
pub fn diff(before: &str, after: &str) -> Result<JsValue, JsValue> {
    to_js(&TextOp::diff(before, after))
}
