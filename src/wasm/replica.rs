use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::{corrupt, from_js, malformed_message, malformed_op, set, throw, to_js};
use super::json::{Told, doc_to_js};
use crate::Error;
use crate::client::{Effect, Replica, State, Stored};
use crate::id::{ClientId, DocId};
use crate::json::{JsonOp, Path, Step, Value};
use crate::protocol::ServerMessage;
use crate::settings::Settings;
use crate::text::Text;
use crate::units::Utf16Offset;

/// [`Replica`], with its effects as plain objects.
#[wasm_bindgen(js_name = Replica)]
pub struct JsReplica {
    replica: Replica,
    effects: Array,
}

#[wasm_bindgen(js_class = Replica)]
impl JsReplica {
    /// A replica of which nothing is stored. `settings` may be left out.
    #[wasm_bindgen(constructor)]
    pub fn new(
        doc: &str,
        client: &str,
        create: JsValue,
        settings: JsValue,
    ) -> Result<JsReplica, JsValue> {
        let create: Value = from_js(create, malformed_message)?;
        let settings: Settings = if settings.is_undefined() {
            Settings::default()
        } else {
            from_js(settings, |reason| Error::InvalidSettings { reason })?
        };
        let (doc, client) = (doc_id(doc)?, client_id(client)?);
        Ok(Self::wrap(Replica::new(doc, client, create, settings)))
    }

    /// The schema version that the application works on.
    #[wasm_bindgen(js_name = setSchemaVersion)]
    pub fn set_schema_version(&mut self, version: Option<f64>) {
        let version = version.map(|version| version as u64);
        self.replica.set_schema_version(version);
    }

    /// The replica that was stored: `{checkpoint, entries}`.
    pub fn restore(stored: JsValue) -> Result<JsReplica, JsValue> {
        // The number comes first: what a newer format looks like is not known here.
        let format = Reflect::get(&stored, &"checkpoint".into())
            .and_then(|checkpoint| Reflect::get(&checkpoint, &"format".into()))
            .ok()
            .and_then(|format| format.as_f64())
            .ok_or_else(|| throw(&corrupt("the checkpoint has no format number".to_owned())))?;
        if format > f64::from(State::FORMAT) {
            return Err(throw(&Error::StorageNewer {
                found: format as u32,
                supported: State::FORMAT,
            }));
        }
        let stored: Stored = from_js(stored, corrupt)?;
        Ok(Self::wrap(
            Replica::restore(stored).map_err(|error| throw(&error))?,
        ))
    }

    fn wrap(replica: Replica) -> Self {
        Self {
            replica,
            effects: Array::new(),
        }
    }

    /// Replaces `deleted` UTF-16 code units at `at` of the root string by `insert`.
    pub fn edit(&mut self, at: usize, deleted: usize, insert: &str) -> Result<(), JsValue> {
        self.replica
            .edit_text(&Path::default(), Utf16Offset(at), deleted, insert)
            .map_err(|error| throw(&error))
    }

    /// The same of the string at a path.
    #[wasm_bindgen(js_name = editText)]
    pub fn edit_text(
        &mut self,
        path: JsValue,
        at: usize,
        deleted: usize,
        insert: &str,
    ) -> Result<(), JsValue> {
        let path: Path = from_js(path, malformed_op)?;
        self.replica
            .edit_text(&path, Utf16Offset(at), deleted, insert)
            .map_err(|error| throw(&error))
    }

    /// Applies ops one after the other, as one edit: all or nothing. Gives its steps.
    #[wasm_bindgen(js_name = editOps)]
    pub fn edit_ops(&mut self, ops: JsValue) -> Result<JsValue, JsValue> {
        let (op, steps) = self.joined(ops)?;
        self.replica.edit(op).map_err(|error| throw(&error))?;
        to_js(&steps)
    }

    /// The steps that [`edit_ops`](Self::edit_ops) would give.
    #[wasm_bindgen(js_name = previewOps)]
    pub fn preview_ops(&self, ops: JsValue) -> Result<JsValue, JsValue> {
        to_js(&self.joined(ops)?.1)
    }

    fn joined(&self, ops: JsValue) -> Result<(JsonOp, Vec<Step>), JsValue> {
        let ops: Vec<JsonOp> = from_js(ops, malformed_op)?;
        let joined = self.replica.joined(ops);
        joined.map_err(|error| throw(&error))
    }

    /// A connection stands.
    pub fn connected(&mut self) -> Result<(), JsValue> {
        self.replica.connected();
        self.collect()
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) -> Result<(), JsValue> {
        self.replica.disconnected();
        self.collect()
    }

    /// A message came in.
    pub fn receive(&mut self, message: JsValue) -> Result<(), JsValue> {
        let message: ServerMessage = from_js(message, malformed_message)?;
        self.replica.receive(message);
        self.collect()
    }

    /// Asks for all that is missing.
    pub fn resync(&mut self) -> Result<(), JsValue> {
        self.replica.resync();
        self.collect()
    }

    /// Whether the replica waits for something.
    #[wasm_bindgen(getter, js_name = needsResync)]
    pub fn needs_resync(&self) -> bool {
        self.replica.needs_resync()
    }

    /// Stores what changed.
    pub fn flush(&mut self) -> Result<(), JsValue> {
        self.replica.flush();
        self.collect()
    }

    /// A batch is durable.
    pub fn persisted(&mut self, batch: f64) -> Result<(), JsValue> {
        self.replica.persisted(batch as u64);
        self.collect()
    }

    /// A fresh client id.
    #[wasm_bindgen(js_name = setClient)]
    pub fn set_client(&mut self, client: &str) -> Result<(), JsValue> {
        self.replica.set_client(client_id(client)?);
        self.collect()
    }

    /// The effects since the last call, as an array of objects with a `type`.
    #[wasm_bindgen(js_name = takeEffects)]
    ///
    /// It cannot fail, but must not return a bare object: V8 up to 11.3 (Node 20) aborts the whole
    /// process when it deoptimises a caller into which it inlined a call that returns one `externref`.
    /// A `Result` returns several values, and such calls are not inlined.
    pub fn take_effects(&mut self) -> Result<Array, JsValue> {
        Ok(std::mem::take(&mut self.effects))
    }

    /// The root string.
    pub fn text(&self) -> Result<String, JsValue> {
        Ok(self.root()?.to_string())
    }

    /// A part of the root string, by UTF-16 offsets.
    pub fn slice(&self, from: usize, to: usize) -> Result<String, JsValue> {
        let text = self.root()?;
        let offset = |at| text.utf16_to_char(Utf16Offset(at));
        let part = || text.slice(offset(from)?..offset(to)?);
        part().map_err(|error: Error| throw(&error))
    }

    /// The length of the root string in UTF-16 code units.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> Result<usize, JsValue> {
        Ok(self.root()?.len_utf16())
    }

    fn root(&self) -> Result<Text, JsValue> {
        let text = self.replica.text(&Path::default());
        text.map_err(|error| throw(&error))
    }

    /// The document's value; `undefined` when it is absent.
    pub fn value(&self) -> Result<JsValue, JsValue> {
        doc_to_js(self.replica.value())
    }

    /// Where the replica stands.
    pub fn status(&self) -> Result<JsValue, JsValue> {
        to_js(&self.replica.status())
    }

    /// The whole state, as a checkpoint stores it.
    pub fn state(&self) -> Result<JsValue, JsValue> {
        to_js(&self.replica.state().map_err(|error| throw(&error))?)
    }

    /// The refused edits.
    pub fn inbox(&self) -> Result<JsValue, JsValue> {
        to_js(&self.replica.inbox())
    }

    /// The user is done with a refused edit.
    pub fn discard(&mut self, id: f64) -> Result<(), JsValue> {
        self.replica.discard(id as u64);
        self.collect()
    }

    fn collect(&mut self) -> Result<(), JsValue> {
        while let Some(effect) = self.replica.poll_effect() {
            self.effects.push(&translate(effect)?);
        }
        Ok(())
    }
}

/// An effect as an object with a `type`.
fn translate(effect: Effect) -> Result<JsValue, JsValue> {
    let object = Object::new();
    let kind = match effect {
        Effect::Persist {
            batch,
            checkpoint,
            entries,
        } => {
            set(&object, "batch", &(batch as f64).into());
            if let Some(checkpoint) = checkpoint {
                set(&object, "checkpoint", &to_js(&checkpoint)?);
            }
            set(&object, "entries", &to_js(&entries)?);
            "persist"
        }
        Effect::Send(message) => {
            set(&object, "message", &to_js(&message)?);
            "send"
        }
        Effect::Patch(patch) => match &patch.steps[..] {
            [Step::Text { path, changes }] if path.0.is_empty() => {
                set(&object, "changes", &to_js(changes)?);
                "patch"
            }
            steps => {
                set(&object, "steps", &to_js(&steps)?);
                "steps"
            }
        },
        Effect::Conflict(conflict) => {
            set(&object, "conflict", &to_js(&Told::of_replica(&conflict))?);
            "conflict"
        }
        Effect::Rejected(edit) => {
            set(&object, "edit", &to_js(&edit)?);
            "rejected"
        }
        Effect::Cloned => "cloned",
        Effect::Refused { code, detail } => {
            set(&object, "code", &code.into());
            set(&object, "detail", &detail.into());
            "refused"
        }
        Effect::Fault(error) => {
            set(&object, "error", &throw(&error));
            "fault"
        }
    };
    set(&object, "type", &kind.into());
    Ok(object.into())
}

fn doc_id(name: &str) -> Result<DocId, JsValue> {
    DocId::new(name).map_err(|error| throw(&error))
}

fn client_id(name: &str) -> Result<ClientId, JsValue> {
    ClientId::new(name).map_err(|error| throw(&error))
}
