//! The wire form at its edges: loose reading, JSON of any shape, and that no length overflows. What strict
//! reading takes and refuses is in the corpus (`corpus/text.jsonl`, kinds `read` and `refuse`).

#![cfg(not(target_arch = "wasm32"))]

mod text;

use proptest::prelude::*;
use rejoin::text::{Bias, Loose, MAX_LEN, OpQueue, Side, Text, TextOp};
use rejoin::units::CharOffset;
use text::assert_canonical;

#[test]
fn loose_reading_tidies_up_but_still_refuses_what_is_no_component() {
    for (wire, canonical) in [
        ("[0]", "[]"),
        (r#"["",{"d":0},{"d":""},2,0]"#, "[]"),
        (r#"[1,1,"hi"]"#, r#"[2,"hi"]"#),
        (r#"[0,"a",0,"b",0]"#, r#"["ab"]"#),
    ] {
        let Loose(op) = serde_json::from_str(wire).unwrap();
        assert_canonical(&op);
        assert_eq!(serde_json::to_string(&op).unwrap(), canonical, "{wire}");
    }
    for wire in [
        "[-1]",
        "[0.5]",
        "[{}]",
        r#"[{"d":1,"x":1}]"#,
        "[2147483647,2147483647]",
        "{}",
    ] {
        assert!(serde_json::from_str::<Loose>(wire).is_err(), "{wire}");
    }
}

/// The longest ops the wire lets in, against each other: results may fit no text, but nothing panics,
/// wraps or leaves canonical form.
#[test]
fn lengths_saturate_and_then_fit_no_text() {
    let longest = |wire: &str| serde_json::from_str::<TextOp>(wire).unwrap();
    let ops = [
        longest(r#"[2147483646,"x"]"#),
        longest(r#"[{"d":2147483647}]"#),
        longest(r#"["xy",{"d":2147483647}]"#),
        longest(r#"[1,{"d":2147483646}]"#),
        TextOp::builder()
            .retain(usize::MAX)
            .retain(usize::MAX)
            .insert("y")
            .finish(),
        TextOp::builder()
            .delete(usize::MAX)
            .delete(1)
            .insert("z")
            .finish(),
    ];
    let mut text = Text::from("abc");
    let mut queue = OpQueue::new();
    for a in &ops {
        for b in &ops {
            let mut grown = a.compose(b);
            for _ in 0..4 {
                grown = grown.compose(&grown.transform(a, Side::Right)).compose(b);
            }
            for op in [&grown, &a.transform(b, Side::Left), &a.compose(b)] {
                let _ = op.map_position(CharOffset(usize::MAX), Bias::After);
                if op.base_len() > 3 {
                    let before = text.clone();
                    assert_eq!(text.apply(op).unwrap_err().code(), "op-too-long");
                    assert_eq!(op.invert(&text).unwrap_err().code(), "op-too-long");
                    assert_eq!(text, before);
                }
            }
            queue.push(grown);
        }
    }
    assert!(queue.take().base_len() > MAX_LEN);
    assert_eq!(
        TextOp::new()
            .map_position(CharOffset(usize::MAX), Bias::After)
            .0,
        usize::MAX
    );
}

/// JSON of any shape with an op's words in it.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-3i64..6).prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a😀]{0,2}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let pairs =
            proptest::collection::vec((prop_oneof!["d", "[a-f]{0,2}"], inner.clone()), 0..3);
        prop_oneof![
            3 => proptest::collection::vec(inner, 0..6).prop_map(Into::into),
            1 => pairs.prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8192, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_read_is_canonical_and_reads_back(json in any_json()) {
        if let Ok(op) = serde_json::from_value::<TextOp>(json.clone()) {
            assert_canonical(&op);
            let again = serde_json::to_value(&op).unwrap();
            prop_assert_eq!(serde_json::from_value::<TextOp>(again).unwrap(), op.clone());
            // Strict reading is loose reading of less.
            let Loose(loose) = serde_json::from_value(json).unwrap();
            prop_assert_eq!(loose, op);
        }
    }
}
