//! One corpus of JSON cases, a line each, run natively (`cargo test`) and as WebAssembly in Node and Chrome
//! (`wasm-pack test`).
//!
//! A document stands in a list, so that an absent one can be written: `[]`. Kinds of lines:
//! - `diamond`: `doc`, `left` and `right` with the kinds of their `conflicts`. `out` is the document after
//!   both, or one for each policy; `keep+restore` is as `keep` where it is not given, and so on. `swapped`
//!   is the same with the sides swapped, where that differs.
//! - `apply`: `op` is an op, but does not fit `doc`.
//! - `refuse`: `op` is no op: no document fits it, or it has not the form of one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};

use rejoin::json::{Conflict, JsonOp, Policy, Value, Winner};
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Case {
    Diamond {
        name: String,
        doc: Vec<Value>,
        left: JsonOp,
        right: JsonOp,
        conflicts: BTreeSet<String>,
        out: Out,
        swapped: Option<Out>,
    },
    Apply {
        name: String,
        doc: Vec<Value>,
        op: JsonOp,
    },
    Refuse {
        name: String,
        op: serde_json::Value,
    },
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Out {
    One(Vec<Value>),
    Each(BTreeMap<String, Vec<Value>>),
}

impl Out {
    fn under(&self, policy: &str) -> Option<Value> {
        let list = match self {
            Self::One(list) => list,
            Self::Each(lists) => {
                let rule = policy.split('+').next().unwrap();
                lists.get(policy).unwrap_or_else(|| &lists[rule])
            }
        };
        list.first().cloned()
    }
}

/// Every policy, and the name that its outcome has in the corpus.
const POLICIES: [(&str, Winner, bool); 8] = [
    ("keep", Winner::Keep, false),
    ("keep", Winner::Manual, false),
    ("client", Winner::Client, false),
    ("json1", Winner::Json1, false),
    ("keep+restore", Winner::Keep, true),
    ("keep+restore", Winner::Manual, true),
    ("client+restore", Winner::Client, true),
    ("json1+restore", Winner::Json1, true),
];

fn after(doc: &Option<Value>, ops: [&JsonOp; 2]) -> Option<Value> {
    let mut doc = doc.clone();
    for op in ops {
        op.apply(&mut doc).unwrap();
    }
    doc
}

fn kinds(conflicts: &[Conflict]) -> BTreeSet<String> {
    let kind = |conflict: &Conflict| format!("{:?}", conflict.kind);
    conflicts.iter().map(kind).collect()
}

/// Both ways round under every policy, composed, back again, and each op through the wire.
fn check(name: &str, doc: &Option<Value>, left: &JsonOp, right: &JsonOp, out: &Out) {
    let knowing = [left, right].map(|op| op.with_content(doc).unwrap());
    for (policy, winner, restore) in POLICIES {
        let at = format!("{name}, {policy}");
        let [left, right] = if restore {
            [&knowing[0], &knowing[1]]
        } else {
            [left, right]
        };
        let merge = JsonOp::merge(left, right, &Policy::new(winner, restore)).unwrap();
        let expected = out.under(policy);
        let one = after(doc, [left, &merge.right]);
        assert_eq!(one, expected, "{at}: left, then right");
        let other = after(doc, [right, &merge.left]);
        assert_eq!(other, expected, "{at}: right, then left");
        for (first, then) in [(left, &merge.right), (right, &merge.left)] {
            let both = first.compose(then).unwrap();
            let back = both.invert(doc).unwrap();
            assert_eq!(
                after(doc, [&both, &JsonOp::noop()]),
                expected,
                "{at}: composed"
            );
            assert_eq!(after(doc, [&both, &back]), *doc, "{at}: and back");
            for op in [first, then, &both, &back] {
                for wire in [
                    serde_json::to_string(op),
                    serde_json::to_string(&op.plain()),
                ] {
                    let again: JsonOp = serde_json::from_str(&wire.unwrap()).unwrap();
                    assert_eq!(again, *op, "{at}: through the wire");
                }
            }
        }
    }
}

#[test]
fn every_case_is_as_it_says() {
    let mut counts = BTreeMap::new();
    for line in include_str!("corpus/json.jsonl").lines() {
        let case = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let kind = match case {
            Case::Diamond {
                name,
                doc,
                left,
                right,
                conflicts,
                out,
                swapped,
            } => {
                let doc = doc.into_iter().next();
                for (one, other) in [(&left, &right), (&right, &left)] {
                    let found = JsonOp::conflicts(one, other).unwrap();
                    assert_eq!(kinds(&found), conflicts, "{name}");
                }
                check(&name, &doc, &left, &right, &out);
                check(&name, &doc, &right, &left, swapped.as_ref().unwrap_or(&out));
                "diamond"
            }
            Case::Apply { name, doc, op } => {
                let before = doc.into_iter().next();
                let mut doc = before.clone();
                assert!(op.apply(&mut doc).is_err(), "{name}");
                assert_eq!(doc, before, "{name}: changed by an op that was refused");
                assert!(op.invert(&before).is_err(), "{name}: an inverse");
                "apply"
            }
            Case::Refuse { name, op } => {
                assert!(serde_json::from_value::<JsonOp>(op).is_err(), "{name}");
                "refuse"
            }
        };
        *counts.entry(kind).or_insert(0) += 1;
    }
    let expected = BTreeMap::from([("apply", 14), ("diamond", 69), ("refuse", 25)]);
    assert_eq!(counts, expected, "the corpus is there");
}
