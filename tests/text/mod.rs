//! What the text tests share: random texts and ops that meet often.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that these are test helpers"
)]

pub mod model;

use proptest::collection::vec;
use proptest::prelude::*;
use rejoin::text::{Component, Text, TextOp};

/// Characters of one to four bytes, a combining one among them; few, so that texts repeat themselves.
const ALPHABET: [char; 7] = ['a', 'b', 'c', 'é', '한', '\u{301}', '😀'];

/// A text of up to `max` scalars.
pub fn text(max: usize) -> impl Strategy<Value = String> {
    vec(proptest::sample::select(&ALPHABET[..]), 0..=max).prop_map(String::from_iter)
}

/// What to do next while walking over a text; lengths are cut to what is left of it.
#[derive(Clone, Debug)]
enum Step {
    Retain(usize),
    Insert(String),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    // Short retains on a short text: edits of two ops meet at one place, deletes overlap, inserts
    // fall into ranges that the other deletes.
    prop_oneof![
        3 => (1usize..4).prop_map(Step::Retain),
        3 => text(3).prop_map(Step::Insert),
        3 => (1usize..5).prop_map(Step::Delete),
        1 => (0usize..40).prop_map(Step::Retain),
        1 => (0usize..40).prop_map(Step::Delete),
    ]
}

/// An op that fits a text of `len` scalars.
pub fn op_on(len: usize) -> impl Strategy<Value = TextOp> {
    vec(step(), 0..10).prop_map(move |steps| {
        let mut left = len;
        let mut op = TextOp::builder();
        for step in steps {
            match step {
                Step::Retain(n) => {
                    let n = n.min(left);
                    op.retain(n);
                    left -= n;
                }
                Step::Insert(text) => {
                    op.insert(&text);
                }
                Step::Delete(n) => {
                    let n = n.min(left);
                    op.delete(n);
                    left -= n;
                }
            }
        }
        op.finish()
    })
}

/// A text and `N` concurrent ops on it.
pub fn concurrent<const N: usize>() -> impl Strategy<Value = (String, [TextOp; N])> {
    text(14).prop_flat_map(|text| {
        let len = text.chars().count();
        let ops = vec(op_on(len), N).prop_map(|ops| ops.try_into().unwrap());
        (Just(text), ops)
    })
}

/// A text and `N` ops in sequence on it.
pub fn sequence<const N: usize>() -> impl Strategy<Value = (String, [TextOp; N])> {
    // Ops are drawn for a long text and cut to what each really meets, so that shrinking stays simple.
    (text(14), vec(op_on(40), N)).prop_map(|(text, ops)| {
        let mut len = text.chars().count();
        let ops: Vec<_> = ops
            .into_iter()
            .map(|op| {
                let op = cut(&op, len);
                len = len - op.base_len() + op.target_len();
                op
            })
            .collect();
        (text, ops.try_into().unwrap())
    })
}

/// `op` made to fit a text of `len` scalars.
pub fn cut(op: &TextOp, len: usize) -> TextOp {
    let mut left = len;
    let mut out = TextOp::builder();
    for component in op.components() {
        match component {
            Component::Retain(n) => {
                out.retain(n.min(left));
                left -= n.min(left);
            }
            Component::Insert(text) => {
                out.insert(text);
            }
            Component::Delete(n) => {
                out.delete(n.min(left));
                left -= n.min(left);
            }
        }
    }
    out.finish()
}

/// The text after the ops.
pub fn applied<'a>(text: &str, ops: impl IntoIterator<Item = &'a TextOp>) -> String {
    let mut text = Text::from(text);
    for op in ops {
        text.apply(op).unwrap();
    }
    text.to_string()
}

/// The canonical form, checked from outside: nothing the library did is trusted.
pub fn assert_canonical(op: &TextOp) {
    let components: Vec<_> = op.components().collect();
    let (mut base, mut target) = (0, 0);
    for component in &components {
        match component {
            Component::Retain(n) => {
                assert!(*n > 0, "empty retain in {op:?}");
                base += n;
                target += n;
            }
            Component::Insert(text) => {
                assert!(!text.is_empty(), "empty insert in {op:?}");
                target += text.chars().count();
            }
            Component::Delete(n) => {
                assert!(*n > 0, "empty delete in {op:?}");
                base += n;
            }
        }
    }
    for pair in components.windows(2) {
        use Component::{Delete, Insert, Retain};
        assert!(
            !matches!(
                pair,
                [Retain(_), Retain(_)]
                    | [Insert(_), Insert(_)]
                    | [Delete(_), Delete(_)]
                    | [Delete(_), Insert(_)]
            ),
            "{pair:?} in {op:?}"
        );
    }
    assert!(
        !matches!(components.last(), Some(Component::Retain(_))),
        "trailing retain in {op:?}"
    );
    assert_eq!(
        (op.base_len(), op.target_len()),
        (base, target),
        "lengths of {op:?}"
    );
    assert_eq!(op.component_count(), components.len());
    assert_eq!(op.is_noop(), components.is_empty());
}
