//! One corpus of cases, a line each (`corpus/README.md`), run natively (`cargo test`) and as WebAssembly in
//! Node and Chrome (`wasm-pack test`). The npm package and the server run the same lines, from
//! `pkg/test/corpus.test.mjs` and `pkg/test/server.test.mjs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;

use rejoin::text::{Bias, Side, Text, TextOp};
use rejoin::units::CharOffset;
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What a line's `skip` calls this engine.
const ENGINE: &str = if cfg!(target_arch = "wasm32") {
    "wasm"
} else {
    "native"
};

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Case {
    Diamond {
        doc: String,
        left: TextOp,
        right: TextOp,
        out: String,
        swapped: Option<String>,
    },
    Apply {
        doc: String,
        op: TextOp,
        code: String,
    },
    Compose {
        doc: String,
        ops: Vec<TextOp>,
        out: TextOp,
    },
    Invert {
        doc: String,
        op: TextOp,
        out: TextOp,
    },
    Map {
        op: TextOp,
        before: Vec<usize>,
        after: Vec<usize>,
    },
    Diff {
        texts: [String; 2],
        out: TextOp,
    },
    Read {
        wire: String,
        r#as: TextOp,
    },
    Refuse {
        wire: String,
        says: String,
        /// Of the error, where the engine gives it one; natively the decoder's is serde's.
        #[serde(rename = "code")]
        _code: Option<String>,
    },
}

impl Case {
    /// Checks the case; gives its kind, to count the lines by.
    fn check(self) -> &'static str {
        match self {
            Self::Diamond {
                doc,
                left,
                right,
                out,
                swapped,
            } => {
                diamond(&doc, &left, &right, &out);
                diamond(&doc, &right, &left, &swapped.unwrap_or(out));
                "diamond"
            }
            Self::Apply { doc, op, code } => {
                let mut text = Text::from(doc.as_str());
                assert_eq!(text.apply(&op).unwrap_err().code(), code);
                assert_eq!(text, doc.as_str(), "changed by an op that was refused");
                assert_eq!(op.invert(&text).unwrap_err().code(), code);
                "apply"
            }
            Self::Compose { doc, ops, out } => {
                let all = ops.iter().fold(TextOp::new(), |all, op| all.compose(op));
                assert_eq!(all, out);
                assert_eq!(after(&doc, &ops), after(&doc, [&out]));
                "compose"
            }
            Self::Invert { doc, op, out } => {
                assert_eq!(op.invert(&Text::from(doc.as_str())).unwrap(), out);
                assert_eq!(after(&doc, [&op, &out]), doc);
                "invert"
            }
            Self::Map { op, before, after } => {
                for (bias, expected) in [(Bias::Before, before), (Bias::After, after)] {
                    let mapped = |at| op.map_position(CharOffset(at), bias).0;
                    let mapped: Vec<usize> = (0..expected.len()).map(mapped).collect();
                    assert_eq!(mapped, expected, "{bias:?}");
                }
                "map"
            }
            Self::Diff { texts, out } => {
                let [a, b] = &texts;
                assert_eq!(TextOp::diff(a, b), out);
                assert_eq!(after(a, [&out]), *b);
                "diff"
            }
            Self::Read { wire, r#as } => {
                assert_eq!(serde_json::from_str::<TextOp>(&wire).unwrap(), r#as);
                "read"
            }
            Self::Refuse { wire, says, .. } => {
                let error = serde_json::from_str::<TextOp>(&wire).unwrap_err();
                assert!(error.to_string().contains(&says), "{error}");
                "refuse"
            }
        }
    }
}

/// The text after the ops.
fn after<'a>(doc: &str, ops: impl IntoIterator<Item = &'a TextOp>) -> String {
    let mut text = Text::from(doc);
    for op in ops {
        text.apply(op).unwrap();
    }
    text.to_string()
}

/// Both ways round, and what every op that turns up must hold.
fn diamond(doc: &str, left: &TextOp, right: &TextOp, out: &str) {
    let right_after = right.transform(left, Side::Right);
    let left_after = left.transform(right, Side::Left);
    assert_eq!(after(doc, [left, &right_after]), out, "left, then right");
    assert_eq!(after(doc, [right, &left_after]), out, "right, then left");
    let there = left.compose(&right_after);
    assert_eq!(there, right.compose(&left_after), "composed");
    let back = there.invert(&Text::from(doc)).unwrap();
    assert_eq!(after(doc, [&there, &back]), doc, "and back");
    for op in [left, right, &right_after, &left_after, &there, &back] {
        let again: TextOp = serde_json::from_str(&serde_json::to_string(op).unwrap()).unwrap();
        assert_eq!(again, *op, "through the wire");
    }
    let diff = TextOp::diff(doc, out);
    assert_eq!(after(doc, [&diff]), out, "diff");
}

#[test]
fn every_line_of_the_corpus_holds() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for line in include_str!("corpus/text.jsonl").lines() {
        let mut line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        let name = line.remove("name").unwrap();
        let skip = line.remove("skip").unwrap_or_default();
        let case: Case =
            serde_json::from_value(line.into()).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(reason) = skip.get(ENGINE) {
            println!("skipped {name}: {reason}");
            continue;
        }
        // Said before it may fail: a panic in WebAssembly cannot be caught and given the name.
        println!("{name}");
        *kinds.entry(case.check()).or_default() += 1;
    }
    assert_eq!(kinds.len(), 8, "a kind has no line: {kinds:?}");
    println!("{kinds:?}");
}
