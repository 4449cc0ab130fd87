//! The laws of the text op, at random and with shrinking. Each test is named after the law in the doc
//! comment of the function it tests.

#![cfg(not(target_arch = "wasm32"))]

mod text;

use proptest::prelude::*;
use rejoin::text::{Bias, OpQueue, Side, Text, TextOp};
use rejoin::units::{CharOffset, Utf16Offset};
use text::{applied, assert_canonical, concurrent, sequence};

const SIDES: [Side; 2] = [Side::Left, Side::Right];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn tp1((text, [a, b]) in concurrent()) {
        for side in SIDES {
            let a2 = a.transform(&b, side);
            let b2 = b.transform(&a, side.opposite());
            assert_canonical(&a2);
            assert_canonical(&b2);
            prop_assert_eq!(applied(&text, [&a, &b2]), applied(&text, [&b, &a2]));
            prop_assert_eq!(a.compose(&b2), b.compose(&a2));
        }
    }

    #[test]
    fn transform_over_the_identity_changes_nothing((_, [a]) in concurrent()) {
        for side in SIDES {
            prop_assert_eq!(&a.transform(&TextOp::new(), side), &a);
            prop_assert!(TextOp::new().transform(&a, side).is_noop());
        }
    }

    #[test]
    fn compose_is_apply_twice((text, [a, b]) in sequence()) {
        let both = a.compose(&b);
        assert_canonical(&both);
        prop_assert!(both.component_count() <= a.component_count() + b.component_count());
        prop_assert_eq!(applied(&text, [&both]), applied(&text, [&a, &b]));
    }

    #[test]
    fn compose_is_associative((_, [a, b, c]) in sequence()) {
        prop_assert_eq!(a.compose(&b).compose(&c), a.compose(&b.compose(&c)));
    }

    #[test]
    fn the_identity_is_neutral_in_compose((_, [a]) in sequence()) {
        prop_assert_eq!(&a.compose(&TextOp::new()), &a);
        prop_assert_eq!(&TextOp::new().compose(&a), &a);
    }

    #[test]
    fn invert_with_the_document((text, [a]) in sequence()) {
        let undo = a.invert(&Text::from(text.as_str())).unwrap();
        assert_canonical(&undo);
        prop_assert_eq!(applied(&text, [&a, &undo]), text);
    }

    #[test]
    fn map_position_commutes_with_apply((text, [op]) in concurrent(), at in 0usize..16) {
        const MARKER: &str = "\u{10ffff}";
        let at = at.min(text.chars().count());
        let plant = TextOp::builder().retain(at).insert(MARKER).finish();
        for (bias, side) in [(Bias::Before, Side::Left), (Bias::After, Side::Right)] {
            let after = applied(&text, [&plant, &op.transform(&plant, side.opposite())]);
            let found = after[..after.find(MARKER).unwrap()].chars().count();
            prop_assert_eq!(op.map_position(CharOffset(at), bias), CharOffset(found));
        }
    }

    #[test]
    fn decode_after_encode_is_the_identity((_, [op]) in concurrent()) {
        let wire = serde_json::to_string(&op).unwrap();
        prop_assert_eq!(&serde_json::from_str::<TextOp>(&wire).unwrap(), &op);
    }

    #[test]
    fn diff_leads_from_one_text_to_the_other(a in text::text(30), b in text::text(30)) {
        let op = TextOp::diff(&a, &b);
        assert_canonical(&op);
        prop_assert_eq!(applied(&a, [&op]), b);
    }

    #[test]
    fn the_queues_compose_is_sequential_compose((_, ops) in sequence::<9>()) {
        let mut queue = OpQueue::new();
        let mut all = TextOp::new();
        for op in &ops {
            let Ok(()) = queue.push(op.clone());
            all = all.compose(op);
            prop_assert_eq!(queue.compose(), Ok(all.clone()));
        }
        prop_assert_eq!(queue.take(), Ok(all.clone()));
        prop_assert!(queue.is_empty() && queue.take().is_ok_and(|op| op.is_noop()));
    }

    #[test]
    fn utf16_and_scalar_offsets_convert_both_ways(text in text::text(40)) {
        let rope = Text::from(text.as_str());
        let mut utf16 = 0;
        for (chars, c) in text.chars().enumerate() {
            prop_assert_eq!(rope.char_to_utf16(CharOffset(chars)), Ok(Utf16Offset(utf16)));
            prop_assert_eq!(rope.utf16_to_char(Utf16Offset(utf16)), Ok(CharOffset(chars)));
            if c.len_utf16() == 2 {
                let inside = rope.utf16_to_char(Utf16Offset(utf16 + 1)).unwrap_err();
                prop_assert_eq!(inside.code(), "offset-inside-pair");
            }
            utf16 += c.len_utf16();
        }
        let chars = text.chars().count();
        prop_assert_eq!((rope.len_chars(), rope.len_utf16()), (chars, utf16));
        prop_assert_eq!(rope.char_to_utf16(CharOffset(chars)), Ok(Utf16Offset(utf16)));
        prop_assert_eq!(rope.utf16_to_char(Utf16Offset(utf16)), Ok(CharOffset(chars)));
        prop_assert!(rope.char_to_utf16(CharOffset(chars + 1)).is_err());
        prop_assert!(rope.utf16_to_char(Utf16Offset(utf16 + 1)).is_err());
    }
}

/// Edits on a text that is long enough for the rope to have many nodes, against plain strings.
#[test]
fn a_long_text_edits_like_a_string() {
    let strategy = proptest::collection::vec(
        (any::<prop::sample::Index>(), 0usize..60, text::text(80)),
        200,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        ..ProptestConfig::default()
    });
    let result = runner.run(&strategy, |edits| {
        let mut rope = Text::from("a😀é한".repeat(2_000).as_str());
        let mut chars: Vec<char> = rope.to_string().chars().collect();
        for (at, delete, insert) in edits {
            let at = at.index(chars.len() + 1);
            let delete = delete.min(chars.len() - at);
            let op = TextOp::builder()
                .retain(at)
                .delete(delete)
                .insert(&insert)
                .finish();
            let undo = op.invert(&rope).unwrap();
            let before = rope.clone();
            rope.apply(&op).unwrap();
            let deleted: Vec<char> = chars.splice(at..at + delete, insert.chars()).collect();
            let range = CharOffset(at)..CharOffset(at + delete);
            prop_assert_eq!(before.slice(range).unwrap(), String::from_iter(deleted));
            let utf16 = chars[..at].iter().map(|c| c.len_utf16()).sum();
            prop_assert_eq!(rope.char_to_utf16(CharOffset(at)), Ok(Utf16Offset(utf16)));
            prop_assert_eq!(rope.utf16_to_char(Utf16Offset(utf16)), Ok(CharOffset(at)));
            let mut undone = rope.clone();
            undone.apply(&undo).unwrap();
            prop_assert_eq!(undone, before);
        }
        prop_assert_eq!(rope.len_chars(), chars.len());
        prop_assert_eq!(rope.to_string(), String::from_iter(chars));
        Ok(())
    });
    result.unwrap();
}
