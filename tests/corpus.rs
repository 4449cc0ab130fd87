//! One corpus of diamonds, a line each, run natively (`cargo test`) and as WebAssembly in Node and Chrome
//! (`wasm-pack test`). Both ways round the diamond are checked, and what the wire form says of them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use rejoin::text::{Side, Text, TextOp};
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct Diamond {
    name: String,
    doc: String,
    left: TextOp,
    right: TextOp,
    out: String,
}

fn after(doc: &str, ops: [&TextOp; 2]) -> String {
    let mut text = Text::from(doc);
    for op in ops {
        text.apply(op).unwrap();
    }
    text.to_string()
}

#[test]
fn every_diamond_closes_on_what_it_says() {
    let mut count = 0;
    for line in include_str!("corpus/text.jsonl").lines() {
        let Diamond {
            name,
            doc,
            left,
            right,
            out,
        } = serde_json::from_str(line).unwrap();
        let right_after = right.transform(&left, Side::Right);
        let left_after = left.transform(&right, Side::Left);
        assert_eq!(
            after(&doc, [&left, &right_after]),
            out,
            "{name}: left, then right"
        );
        assert_eq!(
            after(&doc, [&right, &left_after]),
            out,
            "{name}: right, then left"
        );
        assert_eq!(
            left.compose(&right_after),
            right.compose(&left_after),
            "{name}: composed"
        );
        let there = left.compose(&right_after);
        let back = there.invert(&Text::from(doc.as_str())).unwrap();
        assert_eq!(after(&doc, [&there, &back]), doc, "{name}: and back");
        let again: TextOp = serde_json::from_str(&serde_json::to_string(&there).unwrap()).unwrap();
        assert_eq!(again, there, "{name}: through the wire");
        count += 1;
    }
    assert!(count >= 11, "the corpus is there");
}
