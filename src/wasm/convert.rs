//! Values across the boundary: serde for everything but the hot path.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use crate::Error;

/// A JavaScript value as JSON.parse would have made it: plain objects, `null` for nothing.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| {
            throw(&Error::MalformedMessage {
                reason: error.to_string(),
            })
        })
}

/// Reads a JavaScript value; `wrong` makes the error of what is wrong with it.
pub(super) fn from_js<T: DeserializeOwned>(
    value: JsValue,
    wrong: fn(String) -> Error,
) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(|error| throw(&wrong(error.to_string())))
}

pub(super) fn malformed_message(reason: String) -> Error {
    Error::MalformedMessage { reason }
}

pub(super) fn malformed_op(reason: String) -> Error {
    Error::MalformedOp { reason }
}

pub(super) fn corrupt(reason: String) -> Error {
    Error::StorageCorrupt { reason }
}

/// The error as JavaScript sees it.
pub(super) fn throw(error: &Error) -> JsValue {
    let object = Object::new();
    set(&object, "code", &error.code().into());
    set(&object, "message", &error.to_string().into());
    for (name, value) in error.values() {
        set(&object, name, &(value as f64).into());
    }
    object.into()
}

/// Sets a property of an object made here.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    // An ordinary object takes any property.
    let _ = Reflect::set(object, &name.into(), value);
}
