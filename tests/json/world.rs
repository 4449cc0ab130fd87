//! Small worlds: a document, the names its objects may hold, the values that may be inserted, and with
//! them every op of up to so many single edits.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::engine::{Doc, Op};
use super::model;
use super::wire::{self, Key};

/// Each world has two containers or more, where the published type's counterexamples live, and is so
/// small that all pairs of ops of two and three edits can be tried.
pub struct World {
    pub name: &'static str,
    doc: &'static str,
    /// Names free to use in the root object.
    root: &'static [&'static str],
    /// Names free to use in every other object.
    inner: &'static [&'static str],
    values: &'static [&'static str],
    /// Whether the root itself is removed, replaced, moved down and edited.
    whole: bool,
    /// Whether values are also replaced, and their texts and numbers edited.
    edits: bool,
}

pub const WORLDS: [World; 14] = [
    World {
        name: "a value and an empty object",
        doc: r#"{"a":1,"c":{}}"#,
        root: &["a", "b", "c"],
        inner: &["a"],
        values: &["{}", "2"],
        whole: false,
        edits: false,
    },
    World {
        name: "an object that holds something, and an empty one",
        doc: r#"{"a":{"a":1},"b":{}}"#,
        root: &["a", "b", "c"],
        inner: &["a", "b"],
        values: &[],
        whole: false,
        edits: false,
    },
    World {
        name: "objects within an object",
        doc: r#"{"a":{"a":{"a":1},"b":{}}}"#,
        root: &["a", "b"],
        inner: &["a", "b"],
        values: &["2"],
        whole: false,
        edits: false,
    },
    World {
        name: "two lists",
        doc: r#"[[0],[]]"#,
        root: &[],
        inner: &[],
        values: &["7"],
        whole: false,
        edits: false,
    },
    World {
        name: "neighbours between two lists",
        doc: r#"{"a":[0,1],"b":[]}"#,
        root: &[],
        inner: &[],
        values: &[],
        whole: false,
        edits: false,
    },
    World {
        name: "one list",
        doc: r#"[0,1,2]"#,
        root: &[],
        inner: &[],
        values: &["7"],
        whole: false,
        edits: false,
    },
    World {
        name: "lists within a list",
        doc: r#"[[[]],[]]"#,
        root: &[],
        inner: &[],
        values: &["[]"],
        whole: false,
        edits: false,
    },
    World {
        name: "a list and an object",
        doc: r#"{"a":[0],"b":{}}"#,
        root: &["a", "b", "c"],
        inner: &["a"],
        values: &["{}"],
        whole: false,
        edits: false,
    },
    World {
        name: "objects in a list",
        doc: r#"[{"a":0},{}]"#,
        root: &[],
        inner: &["a"],
        values: &["{}"],
        whole: false,
        edits: false,
    },
    World {
        name: "a text, a number and an object",
        doc: r#"{"a":"😀b","b":{"a":1}}"#,
        root: &["a", "b", "c"],
        inner: &["a"],
        values: &["3"],
        whole: false,
        edits: true,
    },
    World {
        name: "a text in a list in an object",
        doc: r#"{"a":[{}],"b":"b"}"#,
        root: &["a", "b"],
        inner: &["a"],
        values: &["2"],
        whole: false,
        edits: true,
    },
    World {
        name: "two lists in an object",
        doc: r#"{"a":[0],"c":[]}"#,
        root: &["a", "b", "c"],
        inner: &[],
        values: &["0"],
        whole: false,
        edits: false,
    },
    World {
        name: "the root",
        doc: r#"{"a":1,"b":{}}"#,
        root: &["a", "b"],
        inner: &["a"],
        values: &["{}"],
        whole: true,
        edits: false,
    },
    World {
        name: "a root text",
        doc: r#""b""#,
        root: &["a"],
        inner: &[],
        values: &[r#""b""#, "{}"],
        whole: true,
        edits: true,
    },
];

impl World {
    pub fn doc(&self) -> wire::Doc {
        Some(serde_json::from_str(self.doc).unwrap())
    }

    fn names(&self, path: &[Key]) -> &'static [&'static str] {
        if path.is_empty() {
            self.root
        } else {
            self.inner
        }
    }

    /// Every single edit of `doc`, as wire ops; none of them changes nothing.
    pub fn basics(&self, doc: &wire::Doc) -> Vec<Value> {
        let gaps = |doc: &wire::Doc| wire::gaps(doc, |path| self.names(path));
        let values: Vec<Value> = self
            .values
            .iter()
            .map(|value| serde_json::from_str(value).unwrap())
            .collect();
        let mut edits = Vec::new();
        for path in wire::paths(doc) {
            if path.is_empty() && !self.whole {
                continue;
            }
            edits.push(wire::remove(&path));
            if self.edits || path.is_empty() {
                edits.extend(values.iter().map(|value| wire::replace(&path, value)));
            }
            match wire::at(doc, &path) {
                Some(Value::String(text)) if self.edits => {
                    edits.push(wire::edit(&path, json!({ "es": ["é"] })));
                    if !text.is_empty() {
                        edits.push(wire::edit(&path, json!({ "es": [{ "d": 1 }] })));
                        edits.push(wire::edit(&path, json!({ "es": [1, "x"] })));
                    }
                }
                Some(Value::Number(_)) if self.edits => {
                    edits.push(wire::edit(&path, json!({ "ena": 1 })));
                }
                _ => {}
            }
            if path.is_empty() {
                continue;
            }
            let without = model::apply(doc, &wire::remove(&path)).unwrap();
            edits.extend(
                gaps(&without)
                    .into_iter()
                    .map(|gap| wire::move_to(&path, &gap)),
            );
        }
        for gap in gaps(doc) {
            edits.extend(values.iter().map(|value| wire::insert(&gap, value)));
        }
        edits.retain(|edit| !wire::same_doc(&model::apply(doc, edit).unwrap(), doc));
        edits
    }

    /// Every op of up to `edits` single edits, once each, the shorter ones first: at `n`, those that
    /// need `n` edits. Each compose on the way is told to `seen` as (document, first, then, both).
    pub fn ops(&self, edits: usize, mut seen: impl FnMut(&Doc, &Op, &Op, &Op)) -> Vec<Vec<Op>> {
        let before = Doc::read(&self.doc());
        let mut levels = vec![vec![Op::noop()]];
        let mut known: HashSet<String> = [Op::noop().text()].into();
        for _ in 0..edits {
            let mut level = Vec::new();
            for first in levels.last().into_iter().flatten() {
                let doc = model::apply(&self.doc(), &first.wire()).unwrap();
                for then in self.basics(&doc) {
                    let then = Op::read(&then).unwrap();
                    let both = first.then(&then).unwrap();
                    seen(&before, first, &then, &both);
                    if known.insert(both.text()) {
                        level.push(both);
                    }
                }
            }
            levels.push(level);
        }
        levels
    }
}
