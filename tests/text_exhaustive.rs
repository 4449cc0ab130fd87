//! The laws of the text op on *every* small case: all texts over an alphabet that includes a character
//! outside the BMP, and all ops and op pairs on them. Random tests find deep bugs; this leaves no corner
//! of the small world out.
//!
//! The world here is that of the test run; the `soak_` tests (`cargo test --test text_exhaustive --
//! --ignored`) are the same over a larger one. Counts are asserted, so that nothing is skipped silently.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy does not see that these are test helpers"
)]

mod text;

use std::collections::HashSet;

use rejoin::text::{Bias, OpQueue, Side, Text, TextOp};
use rejoin::units::CharOffset;
use text::assert_canonical;
use text::model::Model;

/// What texts and ops are made of.
struct World {
    letters: &'static [char],
    inserts: &'static [&'static str],
    max_len: usize,
    max_components: usize,
}

/// Three letters, one of them outside the BMP; an insert of two, so that inserts are split.
const SMALL: World = World {
    letters: &['a', 'b', '😀'],
    inserts: &["a", "😀", "😀b"],
    max_len: 4,
    max_components: 3,
};

const LARGE: World = World {
    letters: &['a', 'b', '😀'],
    inserts: &["a", "😀", "b", "😀b", "ab😀"],
    max_len: 4,
    max_components: 3,
};

impl World {
    fn texts(&self, len: usize) -> Vec<Vec<char>> {
        (0..len).fold(vec![vec![]], |texts, _| {
            let longer = |text: &Vec<char>, c: &char| [text.as_slice(), &[*c]].concat();
            texts
                .iter()
                .flat_map(|text| self.letters.iter().map(move |c| longer(text, c)))
                .collect()
        })
    }

    /// Every op of up to `max_components` components on a text of `len` characters, once each.
    fn ops(&self, len: usize) -> Vec<TextOp> {
        let mut ops = HashSet::new();
        self.extend(len, &mut Vec::new(), &mut ops);
        let mut ops: Vec<_> = ops.into_iter().collect();
        ops.sort_by_key(|op| format!("{op:?}"));
        ops
    }

    fn extend(&self, left: usize, raw: &mut Vec<Raw>, ops: &mut HashSet<TextOp>) {
        ops.insert(build(raw));
        if raw.len() == self.max_components {
            return;
        }
        let inserts = self.inserts.iter().map(|text| (Raw::Insert(text), 0));
        let rest = (1..=left).flat_map(|n| [(Raw::Retain(n), n), (Raw::Delete(n), n)]);
        for (component, used) in inserts.chain(rest) {
            raw.push(component);
            self.extend(left - used, raw, ops);
            raw.pop();
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Raw {
    Retain(usize),
    Insert(&'static str),
    Delete(usize),
}

fn build(raw: &[Raw]) -> TextOp {
    let mut op = TextOp::builder();
    for component in raw {
        match *component {
            Raw::Retain(n) => op.retain(n),
            Raw::Insert(text) => op.insert(text),
            Raw::Delete(n) => op.delete(n),
        };
    }
    op.finish()
}

/// Single ops on all texts: apply, invert, map_position, the wire form. Returns how many cases.
fn check_single_ops(world: &World) -> usize {
    let mut cases = 0;
    for len in 0..=world.max_len {
        let ops = world.ops(len);
        for op in &ops {
            assert_canonical(op);
            let wire = serde_json::to_string(op).unwrap();
            assert_eq!(&serde_json::from_str::<TextOp>(&wire).unwrap(), op);
            let model = Model::of(op, len);
            for position in 0..=len {
                for bias in [Bias::Before, Bias::After] {
                    let mapped = op.map_position(CharOffset(position), bias);
                    let expected = CharOffset(model.map_position(position, bias));
                    assert_eq!(mapped, expected, "{op:?} at {position} {bias:?}");
                }
            }
        }
        for chars in world.texts(len) {
            let before = Text::from(String::from_iter(&chars).as_str());
            for op in &ops {
                let mut text = before.clone();
                text.apply(op).unwrap();
                let after = String::from_iter(Model::of(op, len).apply(&chars));
                assert_eq!(text.to_string(), after, "{before:?} {op:?}");
                assert_eq!(text.len_utf16(), after.encode_utf16().count());
                let undo = op.invert(&before).unwrap();
                assert_canonical(&undo);
                text.apply(&undo).unwrap();
                assert_eq!(text, before, "{op:?} then {undo:?}");
                cases += 1;
            }
        }
    }
    cases
}

/// All pairs of concurrent ops: transform, both sides. Returns how many pairs, and on how many texts.
fn check_transform(world: &World) -> (usize, usize) {
    let (mut pairs, mut cases) = (0, 0);
    for len in 0..=world.max_len {
        let texts = world.texts(len);
        let ops: Vec<_> = world
            .ops(len)
            .into_iter()
            .map(|op| (Model::of(&op, len), op))
            .collect();
        for (left_model, left) in &ops {
            for (right_model, right) in &ops {
                let right2 = right.transform(left, Side::Right);
                let left2 = left.transform(right, Side::Left);
                assert_canonical(&right2);
                assert_canonical(&left2);
                let both = left.compose(&right2);
                assert_eq!(both, right.compose(&left2), "TP1 of {left:?} and {right:?}");
                let model = Model::of(&both, len);
                for text in &texts {
                    let merged = Model::merged(left_model, right_model, text);
                    assert_eq!(
                        model.apply(text),
                        merged,
                        "{left:?} and {right:?} on {text:?}"
                    );
                    cases += 1;
                }
                pairs += 1;
            }
        }
    }
    (pairs, cases)
}

/// All pairs of ops in sequence: compose. Returns how many pairs, and on how many texts.
fn check_compose(world: &World) -> (usize, usize) {
    let (mut pairs, mut cases) = (0, 0);
    for len in 0..=world.max_len {
        let texts = world.texts(len);
        for first in world.ops(len) {
            let model = Model::of(&first, len);
            let middle_len = len - first.base_len() + first.target_len();
            let middles: Vec<_> = texts.iter().map(|text| model.apply(text)).collect();
            for second in world.ops(middle_len) {
                let both = first.compose(&second);
                assert_canonical(&both);
                let (both, then) = (Model::of(&both, len), Model::of(&second, middle_len));
                for (text, middle) in texts.iter().zip(&middles) {
                    assert_eq!(
                        both.apply(text),
                        then.apply(middle),
                        "{first:?} then {second:?}"
                    );
                    cases += 1;
                }
                pairs += 1;
            }
        }
    }
    (pairs, cases)
}

/// All triples in sequence: compose is associative to the letter, and the queue agrees.
fn check_associative(world: &World) -> usize {
    let after = |len: usize, op: &TextOp| len - op.base_len() + op.target_len();
    let by_len: Vec<_> = (0..=world.max_len + 12).map(|len| world.ops(len)).collect();
    let mut triples = 0;
    for len in 0..=world.max_len {
        for a in &by_len[len] {
            let len = after(len, a);
            for b in &by_len[len] {
                let len = after(len, b);
                let ab = a.compose(b);
                let mut queue = OpQueue::new();
                let Ok(()) = queue.push(a.clone());
                let Ok(()) = queue.push(b.clone());
                for c in &by_len[len] {
                    let all = ab.compose(c);
                    assert_eq!(all, a.compose(&b.compose(c)), "{a:?}, {b:?}, {c:?}");
                    let mut queue = queue.clone();
                    let Ok(()) = queue.push(c.clone());
                    assert_eq!(queue.take().as_ref(), Ok(&all), "{a:?}, {b:?}, {c:?}");
                    triples += 1;
                }
            }
        }
    }
    triples
}

/// All pairs of texts.
fn check_diff(world: &World) -> usize {
    let texts: Vec<String> = (0..=world.max_len)
        .flat_map(|len| world.texts(len))
        .map(String::from_iter)
        .collect();
    for before in &texts {
        for after in &texts {
            let op = TextOp::diff(before, after);
            assert_canonical(&op);
            assert_eq!(text::applied(before, [&op]), *after);
            assert_eq!(op.is_noop(), before == after);
        }
    }
    texts.len() * texts.len()
}

#[test]
fn the_builder_makes_every_sequence_of_components_canonical() {
    const CHOICES: [Raw; 7] = [
        Raw::Retain(0),
        Raw::Retain(1),
        Raw::Retain(2),
        Raw::Insert(""),
        Raw::Insert("😀a"),
        Raw::Delete(0),
        Raw::Delete(1),
    ];
    let text: Vec<char> = ('a'..='z').collect();
    let mut sequences = vec![vec![]];
    for _ in 0..6 {
        sequences = sequences
            .iter()
            .flat_map(|s: &Vec<Raw>| CHOICES.map(|next| [s.as_slice(), &[next]].concat()))
            .collect();
        for raw in &sequences {
            let op = build(raw);
            assert_canonical(&op);
            // What the components say, read one by one.
            let (mut out, mut rest) = (Vec::new(), text.iter().copied());
            for component in raw {
                match *component {
                    Raw::Retain(n) => out.extend(rest.by_ref().take(n)),
                    Raw::Insert(text) => out.extend(text.chars()),
                    Raw::Delete(n) => rest.by_ref().take(n).for_each(drop),
                }
            }
            out.extend(rest);
            assert_eq!(
                Model::of(&op, text.len()).apply(&text),
                out,
                "{raw:?} became {op:?}"
            );
        }
    }
    assert_eq!(sequences.len(), 117_649);
}

#[test]
fn single_ops() {
    assert_eq!(check_single_ops(&SMALL), 25_435);
}

#[test]
fn transform_pairs() {
    assert_eq!(check_transform(&SMALL), (108_529, 5_617_027));
}

#[test]
fn compose_pairs() {
    assert_eq!(check_compose(&SMALL), (199_856, 8_933_686));
}

#[test]
fn compose_triples() {
    let world = World {
        max_len: 2,
        max_components: 2,
        ..SMALL
    };
    assert_eq!(check_associative(&world), 101_112);
}

#[test]
fn diff_pairs() {
    assert_eq!(check_diff(&LARGE), 14_641);
}

#[test]
#[ignore = "soak: the larger world"]
fn soak_transform_pairs() {
    assert_eq!(check_transform(&LARGE), (711_284, 33_614_590));
}

#[test]
#[ignore = "soak: the larger world"]
fn soak_compose_pairs() {
    assert_eq!(check_compose(&LARGE), (1_522_754, 61_640_436));
}

#[test]
#[ignore = "soak: the larger world"]
fn soak_compose_triples() {
    let world = World {
        max_len: 2,
        ..SMALL
    };
    assert_eq!(check_associative(&world), 23_176_617);
}
