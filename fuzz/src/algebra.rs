//! The laws of the text op, on any text and ops.

use rejoin::text::{Bias, OpQueue, Side, Text, TextOp};
use rejoin::units::CharOffset;

use super::bytes::Bytes;

fn len(text: &str) -> usize {
    text.chars().count()
}

/// The text after the op, unless the op does not fit; then nothing has changed.
fn applied(before: &str, op: &TextOp) -> Option<String> {
    let mut text = Text::from(before);
    match text.apply(op) {
        Ok(()) => Some(text.to_string()),
        Err(error) => {
            assert_eq!(text, before);
            assert_eq!(
                error,
                op.invert(&text).expect_err("an op that does not fit")
            );
            None
        }
    }
}

fn map_and_invert(before: &str, op: &TextOp, after: &str) {
    let back = op.invert(&Text::from(before)).expect("the op fits");
    assert_eq!(applied(after, &back).as_deref(), Some(before));
    let changes = op.utf16_changes(&Text::from(before)).expect("the op fits");
    assert!(changes.iter().all(|change| change.from <= change.to));
    let mut last = 0;
    for at in 0..=len(before) {
        let [early, late] =
            [Bias::Before, Bias::After].map(|bias| op.map_position(CharOffset(at), bias).0);
        assert!(last <= early && early <= late && late <= len(after));
        last = early;
    }
}

/// TP1, composition, inversion, positions and diff.
pub fn algebra(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let doc = bytes.text(12);
    let (a, b) = (bytes.text_op(len(&doc)), bytes.text_op(len(&doc)));
    let a_after = a.transform(&b, Side::Left);
    let b_after = b.transform(&a, Side::Right);
    let there = a.compose(&b_after);
    let (Some(after_a), Some(after_b)) = (applied(&doc, &a), applied(&doc, &b)) else {
        return; // what does not fit may saturate; that nothing panicked is all
    };
    assert_eq!(there, b.compose(&a_after));
    let end = applied(&after_a, &b_after).expect("a transformed op fits");
    assert_eq!(applied(&after_b, &a_after).as_ref(), Some(&end));
    assert_eq!(applied(&doc, &there).as_ref(), Some(&end));
    map_and_invert(&doc, &a, &after_a);
    map_and_invert(&doc, &there, &end);
    assert_eq!(
        applied(&doc, &TextOp::diff(&doc, &end)).as_ref(),
        Some(&end)
    );

    // Then more and more ops in a row: sequentially, composed from the left, and through the queue.
    let (mut now, mut all, mut queue) = (end, there.clone(), OpQueue::new());
    queue.push(there);
    while !bytes.is_empty() {
        let op = bytes.text_op(len(&now));
        let Some(next) = applied(&now, &op) else {
            continue;
        };
        now = next;
        all = all.compose(&op);
        queue.push(op);
        if len(&now) > 1_000 {
            break;
        }
    }
    assert_eq!(queue.take(), all);
    assert_eq!(applied(&doc, &all), Some(now));
}
