//! The published text type's own results, recorded (`../shared/vectors`, beside the project where it is
//! developed), against the engine, natively; `pkg/test/types.test.mjs` runs the same through wasm. Where they
//! may disagree, and why, stands in `corpus/text-unicode.differences.json`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use rejoin::text::{Bias, Loose, Side, Text, TextOp};
use rejoin::units::CharOffset;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Line {
    r#fn: String,
    args: Vec<Value>,
    #[serde(default)]
    out: Value,
}

#[derive(Deserialize)]
struct Differences {
    differences: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    r#fn: Vec<String>,
    ops: Option<String>,
    engine: Option<String>,
    reason: String,
}

impl Difference {
    fn covers(&self, line: &Line) -> bool {
        let ops = match self.ops.as_deref() {
            None => true,
            Some("delete before insert") => line.args.iter().any(deletes_before_insert),
            Some(other) => panic!("no such ops: {other}"),
        };
        let engine = self.engine.as_deref().is_none_or(|e| e == "native");
        self.r#fn.contains(&line.r#fn) && ops && engine
    }
}

fn deletes_before_insert(op: &Value) -> bool {
    op.as_array()
        .is_some_and(|op| op.windows(2).any(|w| w[0].is_object() && w[1].is_string()))
}

/// An argument: the published suite passes ops that are not tidy.
fn loose(op: &Value) -> TextOp {
    let Loose(op) = serde_json::from_value(op.clone()).unwrap();
    op
}

/// A result: the published type's are in the strict grammar.
fn strict(op: &Value) -> TextOp {
    serde_json::from_value(op.clone()).unwrap()
}

fn position(at: &Value, op: &TextOp) -> Value {
    let at = CharOffset(at.as_u64().unwrap() as usize);
    op.map_position(at, Bias::Before).0.into()
}

/// The inverse that an op with the text of its deletes describes.
fn inverse_of_invertible(op: &Value) -> TextOp {
    let mut out = TextOp::builder();
    for component in op.as_array().unwrap() {
        match component {
            Value::Number(len) => out.retain(len.as_u64().unwrap() as usize),
            Value::String(text) => out.delete(text.chars().count()),
            _ => out.insert(component["d"].as_str().unwrap()),
        };
    }
    out.finish()
}

/// Ours and theirs, or nothing for what the engine does not have.
fn results(Line { r#fn, args, out }: &Line) -> Option<(Value, Value)> {
    let wire = |op: TextOp| serde_json::to_value(op).unwrap();
    Some(match (r#fn.as_str(), args.as_slice()) {
        ("normalize", [op]) => (wire(loose(op)), wire(strict(out))),
        ("compose", [a, b]) => (wire(loose(a).compose(&loose(b))), wire(strict(out))),
        ("transform", [a, b, side]) => {
            let side = match side.as_str() {
                Some("left") => Side::Left,
                Some("right") => Side::Right,
                _ => panic!("no side"),
            };
            let ours = loose(a).transform(&loose(b), side);
            (wire(ours), wire(strict(out)))
        }
        ("apply", [doc, op]) => {
            let mut text = Text::from(doc.as_str().unwrap());
            text.apply(&loose(op)).unwrap();
            (text.to_string().into(), out.clone())
        }
        ("transformPosition", [at, op]) => (position(at, &loose(op)), out.clone()),
        ("transformSelection", [selection, op]) => {
            let ours = match selection.as_array() {
                Some(ends) => ends.iter().map(|at| position(at, &loose(op))).collect(),
                None => position(selection, &loose(op)),
            };
            (ours, out.clone())
        }
        ("makeInvertible", [op, doc]) => {
            assert_eq!(strict(out), loose(op));
            let doc = Text::from(doc.as_str().unwrap());
            let inverse = loose(op).invert(&doc).unwrap();
            (wire(inverse), wire(inverse_of_invertible(out)))
        }
        _ => return None,
    })
}

#[test]
fn the_published_vectors_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    if !folder.is_dir() {
        println!("SKIPPED: the published vectors are not beside this checkout");
        return;
    }
    let Differences { differences } =
        serde_json::from_str(include_str!("corpus/text-unicode.differences.json")).unwrap();
    let mut shown = vec![0; differences.len()];
    for (file, least) in [
        ("text-unicode.jsonl", 150),
        ("text-unicode.gen.jsonl", 5_500),
    ] {
        let mut agree = 0;
        for text in fs::read_to_string(folder.join(file)).unwrap().lines() {
            let line: Line = serde_json::from_str(text).unwrap();
            match results(&line) {
                Some((ours, theirs)) if ours == theirs => agree += 1,
                results => match differences.iter().position(|d| d.covers(&line)) {
                    Some(which) => shown[which] += 1,
                    None => panic!("{text}\ngives {results:?}"),
                },
            }
        }
        println!("{file}: {agree} agree");
        assert!(agree >= least, "only {agree} lines of {file} agree");
    }
    for (difference, count) in differences.iter().zip(shown) {
        let Difference { r#fn, reason, .. } = difference;
        println!("{count} differ, of {}: {reason}", r#fn.join(", "));
        assert!(count > 0, "this difference shows nowhere: {reason}");
    }
}
