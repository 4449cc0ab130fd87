//! Random documents and ops that meet often, made to shrink: a step is a choice by number among what
//! the document at hand offers, so any step fits any document, and a smaller number is a simpler choice.

use std::cmp::Ordering;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::model;
use super::wire::{self, Doc, Key, Path};

/// Names with a trap each: inherited in JavaScript, empty, like an index, out of order between UTF-8
/// and UTF-16, with the letters that path patterns treat specially.
const ODD_NAMES: [&str; 12] = [
    "toString",
    "constructor",
    "hasOwnProperty",
    "",
    "0",
    "10",
    "😀",
    "\u{ff5e}",
    "é",
    "a/b",
    "~",
    "*",
];
const PLAIN_NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A document and two concurrent ops, as the steps that make them.
#[derive(Clone, Debug)]
pub struct Case {
    pub doc: Doc,
    pub names: Vec<&'static str>,
    /// What both ops begin with: equal inserts, moves and removes.
    pub shared: Vec<Step>,
    pub left: Vec<Step>,
    pub right: Vec<Step>,
}

/// How large cases are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub depth: u32,
    pub width: usize,
    pub steps: usize,
    pub odd_names: bool,
}

/// Small documents, where two ops can hardly avoid each other.
pub const DENSE: Size = Size {
    depth: 3,
    width: 3,
    steps: 6,
    odd_names: true,
};
/// Large ones, where paths are long and lists too.
pub const LARGE: Size = Size {
    depth: 4,
    width: 6,
    steps: 16,
    odd_names: true,
};

impl Case {
    /// The single edits of both ops, each in the paths of the document it is made on.
    pub fn edits(&self) -> [Vec<Value>; 2] {
        [&self.left, &self.right].map(|own| {
            let mut doc = self.doc.clone();
            let mut edits = Vec::new();
            for step in self.shared.iter().chain(own) {
                for edit in step.on(&doc, &self.names) {
                    doc = model::apply(&doc, &edit).unwrap();
                    edits.push(edit);
                }
            }
            edits
        })
    }
}

pub fn case(size: Size) -> impl Strategy<Value = Case> {
    let steps = |max| prop_oneof![1 => Just(Vec::new()), 19 => vec(step(), 1..=max)];
    let shared = prop_oneof![4 => Just(Vec::new()), 1 => vec(step(), 1..=2)];
    (
        names(size.odd_names),
        doc(size),
        shared,
        steps(size.steps),
        steps(size.steps),
    )
        .prop_map(|(names, tree, shared, left, right)| Case {
            doc: tree.map(|tree| tree.value(&names)),
            names,
            shared,
            left,
            right,
        })
}

/// Three steps' worth of ops in sequence, for compose.
pub fn sequence(size: Size) -> impl Strategy<Value = (Doc, Vec<&'static str>, [Vec<Step>; 3])> {
    let steps = || vec(step(), 0..=size.steps / 2);
    (
        names(size.odd_names),
        doc(size),
        [steps(), steps(), steps()],
    )
        .prop_map(|(names, tree, steps)| (tree.map(|tree| tree.value(&names)), names, steps))
}

fn names(odd: bool) -> impl Strategy<Value = Vec<&'static str>> {
    let all = || {
        select(if odd {
            &ODD_NAMES[..]
        } else {
            &PLAIN_NAMES[..]
        })
    };
    prop_oneof![
        3 => Just(PLAIN_NAMES.to_vec()),
        1 => vec(all(), 1..4).prop_map(|mut odd| {
            odd.extend(["a", "b"]);
            odd.sort_unstable();
            odd.dedup();
            odd
        }),
    ]
}

/// A value whose keys are numbers, to be given names later.
#[derive(Clone, Debug)]
pub enum Tree {
    Leaf(Value),
    List(Vec<Self>),
    Object(Vec<(u8, Self)>),
}

impl Tree {
    pub fn value(&self, names: &[&str]) -> Value {
        match self {
            Self::Leaf(value) => value.clone(),
            Self::List(items) => items.iter().map(|item| item.value(names)).collect(),
            Self::Object(fields) => fields
                .iter()
                .map(|(key, tree)| {
                    let name = names[usize::from(*key) % names.len()];
                    (name.to_owned(), tree.value(names))
                })
                .collect(),
        }
    }
}

fn leaf() -> impl Strategy<Value = Tree> {
    let values = [
        json!(0),
        json!(1),
        json!(""),
        json!(null),
        json!(true),
        json!("ab"),
        json!("a😀b"),
        json!(-7),
        json!(0.5),
        json!(1e21),
        json!(9_007_199_254_740_900_i64),
        json!("한글 e\u{301}"),
    ];
    select(values.to_vec()).prop_map(Tree::Leaf)
}

fn container(depth: u32, width: usize) -> BoxedStrategy<Tree> {
    let inner = tree(depth - 1, width);
    prop_oneof![
        4 => vec(inner.clone(), 0..=width).prop_map(Tree::List),
        1 => vec(leaf(), 2 * width..4 * width).prop_map(Tree::List),
        5 => vec((0u8..4, inner), 0..=width).prop_map(Tree::Object),
    ]
    .boxed()
}

fn tree(depth: u32, width: usize) -> BoxedStrategy<Tree> {
    if depth == 0 {
        return leaf().boxed();
    }
    prop_oneof![2 => leaf(), 3 => container(depth, width)].boxed()
}

/// A document: seldom absent or one that holds nothing else.
fn doc(size: Size) -> impl Strategy<Value = Option<Tree>> {
    prop_oneof![
        1 => Just(None),
        2 => leaf().prop_map(Some),
        47 => container(size.depth, size.width).prop_map(Some),
    ]
}

/// One change, as choices by number.
#[derive(Clone, Debug)]
pub enum Step {
    Remove(u16),
    Insert(u16, Tree),
    Replace(u16, Tree),
    Move(u16, u16),
    /// A container out of its parent, then the parent into it: what makes cycles.
    Turn(u16, u16),
    /// Neighbouring items of a list, removed: which list, from where, how many.
    RemoveRun(u16, u16, u16),
    /// Neighbouring items, moved to a list, into a gap.
    MoveRun([u16; 3], u16, u16),
    Text(u16, [u8; 2], &'static str),
    Add(u16, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0u16..1000;
    let texts = select(&["", "x", "é", "😀", "xyz"][..]);
    prop_oneof![
        3 => n().prop_map(Step::Remove),
        5 => (n(), tree(2, 2)).prop_map(|(at, tree)| Step::Insert(at, tree)),
        1 => (n(), tree(2, 2)).prop_map(|(at, tree)| Step::Replace(at, tree)),
        7 => (n(), n()).prop_map(|(from, to)| Step::Move(from, to)),
        2 => (n(), n()).prop_map(|(from, to)| Step::Turn(from, to)),
        2 => (n(), n(), n()).prop_map(|(list, at, len)| Step::RemoveRun(list, at, len)),
        4 => ([n(), n(), n()], n(), n()).prop_map(|(from, to, at)| Step::MoveRun(from, to, at)),
        3 => (n(), [0u8..6, 0u8..4], texts).prop_map(|(at, cut, text)| Step::Text(at, cut, text)),
        2 => (n(), -9i64..10).prop_map(|(at, by)| Step::Add(at, by)),
    ]
}

impl Step {
    /// The wire ops of this step on `doc`, one after the other; none when `doc` has nothing to choose.
    pub fn on(&self, doc: &Doc, names: &[&str]) -> Vec<Value> {
        self.choose(doc, names).unwrap_or_default()
    }

    fn choose(&self, doc: &Doc, names: &[&str]) -> Option<Vec<Value>> {
        let edit = match self {
            Self::Remove(at) => wire::remove(&chosen(wire::paths(doc), *at)?),
            Self::Insert(at, tree) => {
                let gap = chosen(wire::gaps(doc, |_| names), *at)?;
                wire::insert(&gap, &tree.value(names))
            }
            Self::Replace(at, tree) => {
                wire::replace(&chosen(wire::paths(doc), *at)?, &tree.value(names))
            }
            Self::Move(from, to) => {
                let from = chosen(below_root(doc), *from)?;
                let without = model::apply(doc, &wire::remove(&from)).ok()?;
                wire::move_to(&from, &chosen(wire::gaps(&without, |_| names), *to)?)
            }
            Self::Turn(from, to) => return turned(doc, names, *from, *to),
            Self::RemoveRun(list, at, len) => {
                let (list, run) = run_of(doc, [*list, *at, *len])?;
                let first = wire::joined(&list, Key::Index(run.start));
                return Some(vec![wire::remove(&first); run.len()]);
            }
            Self::MoveRun(from, to, at) => return moved_run(doc, *from, *to, *at),
            Self::Text(at, [keep, delete], insert) => {
                let texts = |path: &Path| wire::at(doc, path).is_some_and(Value::is_string);
                let at = chosen(wire::paths(doc).into_iter().filter(texts).collect(), *at)?;
                let len = wire::at(doc, &at)?.as_str()?.chars().count();
                let keep = usize::from(*keep).min(len);
                let delete = usize::from(*delete).min(len - keep);
                let keep = (keep > 0).then(|| json!(keep));
                let insert = (!insert.is_empty()).then(|| json!(insert));
                let delete = (delete > 0).then(|| json!({ "d": delete }));
                if insert.is_none() && delete.is_none() {
                    return None;
                }
                let es: Value = [keep, insert, delete].into_iter().flatten().collect();
                wire::edit(&at, json!({ "es": es }))
            }
            Self::Add(at, by) => {
                let fits = |path: &Path| {
                    let number = wire::at(doc, path).and_then(Value::as_i64);
                    number.is_some_and(|n| n.abs() < 9_007_199_254_740_950)
                };
                let at = chosen(wire::paths(doc).into_iter().filter(fits).collect(), *at)?;
                if *by == 0 {
                    return None;
                }
                wire::edit(&at, json!({ "ena": by }))
            }
        };
        Some(vec![edit])
    }
}

fn below_root(doc: &Doc) -> Vec<Path> {
    let mut paths = wire::paths(doc);
    paths.retain(|path| !path.is_empty());
    paths
}

fn chosen(mut from: Vec<Path>, number: u16) -> Option<Path> {
    let index = usize::from(number).checked_rem(from.len())?;
    Some(from.swap_remove(index))
}

/// The lists of at least `len` items.
fn lists(doc: &Doc, len: usize) -> Vec<(Path, usize)> {
    let list = |path: Path| Some((wire::at(doc, &path)?.as_array()?.len(), path));
    wire::paths(doc)
        .into_iter()
        .filter_map(list)
        .filter(|(items, _)| *items >= len)
        .map(|(items, path)| (path, items))
        .collect()
}

/// A list, and at least two neighbours in it.
fn run_of(doc: &Doc, [list, at, len]: [u16; 3]) -> Option<(Path, Range<usize>)> {
    let mut lists = lists(doc, 2);
    let (list, items) = lists.swap_remove(usize::from(list).checked_rem(lists.len())?);
    let start = usize::from(at) % (items - 1);
    let len = 2 + usize::from(len) % (items - start - 1);
    Some((list, start..start + len))
}

/// Moves the items one by one, so that they stay neighbours. Their list and the one they go to are the
/// same or apart from each other, so that neither changes the path of the other.
fn moved_run(doc: &Doc, from: [u16; 3], to: u16, at: u16) -> Option<Vec<Value>> {
    let (list, run) = run_of(doc, from)?;
    let mut targets = lists(doc, 0);
    targets.retain(|(to, _)| *to == list || !(to.starts_with(&list) || list.starts_with(to)));
    let (to, items) = targets.swap_remove(usize::from(to).checked_rem(targets.len())?);
    let item = |list: &Path, index| wire::joined(list, Key::Index(index));
    let moves: Vec<_> = if to != list {
        let at = usize::from(at) % (items + 1);
        let nth = |n| wire::move_to(&item(&list, run.start), &item(&to, at + n));
        (0..run.len()).map(nth).collect()
    } else {
        let at = usize::from(at) % (items - run.len() + 1);
        let nth = |n| match at.cmp(&run.start) {
            Ordering::Less => (run.start + n, at + n),
            _ => (run.start, at + run.len() - 1),
        };
        (at != run.start)
            .then(|| {
                (0..run.len())
                    .map(nth)
                    .map(|(a, b)| wire::move_to(&item(&list, a), &item(&list, b)))
            })?
            .collect()
    };
    Some(moves)
}

fn turned(doc: &Doc, names: &[&str], from: u16, to: u16) -> Option<Vec<Value>> {
    let mut inner = below_root(doc);
    inner.retain(|path| path.len() > 1 && wire::at(doc, path).is_some_and(wire::is_container));
    let child = chosen(inner, from)?;
    let parent = &child[..child.len() - 1];
    let without = model::apply(doc, &wire::remove(&child)).ok()?;
    let mut places = wire::gaps(&without, |_| names);
    places.retain(|place| !place.starts_with(parent) && !place.is_empty());
    let place = chosen(places, to)?;
    let out = wire::move_to(&child, &place);
    let doc = model::apply(doc, &out).ok()?;
    // Where the parent is now: an item dropped before it in the same list has pushed it on.
    let mut parent = parent.to_vec();
    if let Some((Key::Index(at), above)) = place.split_last()
        && parent.len() > above.len()
        && parent.starts_with(above)
        && let Key::Index(index) = &mut parent[above.len()]
        && *at <= *index
    {
        *index += 1;
    }
    let without = model::apply(&doc, &wire::remove(&parent)).ok()?;
    let mut child = place;
    if let Some((Key::Index(at), above)) = parent.split_last()
        && child.len() > above.len()
        && child.starts_with(above)
        && let Key::Index(index) = &mut child[above.len()]
        && *at < *index
    {
        *index -= 1;
    }
    let mut places = wire::gaps(&without, |_| names);
    places.retain(|gap| gap.starts_with(&child) && gap.len() == child.len() + 1);
    let into = wire::move_to(&parent, &chosen(places, 0)?);
    Some(vec![out, into])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    /// The generator makes what the laws need to be tested on: each kind of edit, and often.
    #[test]
    fn cases_are_varied() {
        let mut runner = TestRunner::deterministic();
        let (mut edits, mut seen) = (0, std::collections::BTreeMap::new());
        let cases = case(DENSE);
        for _ in 0..500 {
            let case = cases.new_tree(&mut runner).unwrap().current();
            for edit in case.edits().concat() {
                edits += 1;
                let text = edit.to_string();
                for part in ["\"p\":", "\"r\":", "\"i\":", "\"es\":", "\"ena\":", "😀"] {
                    *seen.entry(part).or_insert(0) += usize::from(text.contains(part));
                }
                *seen.entry("root").or_insert(0) += usize::from(edit[0].is_object());
            }
            for step in case.left {
                let kind = match step {
                    Step::Turn(..) => "turn",
                    Step::MoveRun(..) => "moved run",
                    _ => continue,
                };
                let made = !step.on(&case.doc, &case.names).is_empty();
                *seen.entry(kind).or_insert(0) += usize::from(made);
            }
        }
        assert!(edits > 2_000, "{edits}");
        for (part, count) in &seen {
            assert!(*count > 30, "{part} in {count} of {edits} edits");
        }
        assert_eq!(seen.len(), 9, "{seen:?}");
    }
}
