//! An op from two documents, for snapshots and for those who only have a new value.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use imara_diff::{Algorithm, Diff, Token};

use super::key::{Key, Name};
use super::number::Number;
use super::op::{Branch, Content, Edit, JsonOp, Mark, root_key};
use super::value::{List, Object, Value};
use super::wire::normalize;
use crate::text::TextOp;

/// What moves is at least this large, in the unit of [`Value::size`]: two small values that are equal are rarely the same.
const WORTH_MOVING: usize = 3;

impl JsonOp {
    /// The op that turns `before` into `after`: small, though not always the smallest.
    ///
    /// Strings are compared scalar by scalar, objects key by key, lists item by item; an object in a list that has changed is
    /// recognised by its `id`, or by its place where as many items come as go. Integers differ by an addition, so that
    /// what others add stays. A value that goes in one place and comes in another is moved, whole and unchanged.
    ///
    /// # Laws
    /// *diff leads from one document to the other*: `apply(before, diff(before, after)) = after`.
    ///
    /// # Cost
    /// Linear for a local change; what both share is not looked into. In the worst case, long lists or strings with
    /// nothing much in common, as [`TextOp::diff`].
    ///
    /// ```
    /// # use rejoin::json::{JsonOp, Value};
    /// let value = |text| serde_json::from_str::<Option<Value>>(text);
    /// let before = value(r#"{"todo":[{"id":1,"text":"milk"},{"id":2,"text":"tea"}],"votes":3}"#)?;
    /// let after = value(r#"{"todo":[{"id":2,"text":"green tea"}],"votes":5}"#)?;
    /// let op = JsonOp::diff(&before, &after);
    /// assert_eq!(op.to_string(), r#"[["todo",0,{"r":true},"text",{"es":["green "]}],["votes",{"ena":2}]]"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn diff(before: &Option<Value>, after: &Option<Value>) -> Self {
        let mut change = Change::default();
        change.value(root_key(), root_key(), before.as_ref(), after.as_ref());
        change.find_moves();
        let Change { picks, drops } = change;
        let op = Self::from_halves(picks, drops);
        debug_assert!(normalize(&op).is_ok(), "a difference is an op");
        normalize(&op).unwrap_or_default()
    }
}

/// Both halves at one place: picks below it in the document before, drops below it in the one after.
#[derive(Default)]
struct Change {
    picks: Branch,
    drops: Branch,
}

impl Change {
    /// The value at one key before and after.
    fn value(&mut self, old_key: Key, new_key: Key, old: Option<&Value>, new: Option<&Value>) {
        let mut at = Self::default();
        match (old, new) {
            (Some(old), Some(new)) => at.same_value(old, new),
            (None, Some(new)) => at.drops.mark = Mark::Insert(new.clone()),
            (Some(old), None) => at.picks.mark = removed(old),
            (None, None) => {}
        }
        self.picks.push(old_key, 1, at.picks);
        self.drops.push(new_key, 1, at.drops);
    }

    /// A value that has changed but is the same one, if it is of the same kind.
    fn same_value(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (old, new) if old == new => {}
            (Value::String(a), Value::String(b)) => {
                let edit = TextOp::diff(&a.to_string(), &b.to_string());
                self.drops.edit = Some(Edit::Text(edit));
            }
            (Value::Number(a), Value::Number(b)) if difference(*a, *b).is_some() => {
                self.drops.edit = difference(*a, *b).map(Edit::Add);
            }
            (Value::Object(a), Value::Object(b)) => self.object(a, b),
            (Value::List(a), Value::List(b)) => self.list(a, b),
            _ => {
                self.picks.mark = removed(old);
                self.drops.mark = Mark::Insert(new.clone());
            }
        }
    }

    fn object(&mut self, old: &Object, new: &Object) {
        let (mut a, mut b) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let (old, new) = match (a.peek(), b.peek()) {
                (None, None) => break,
                (Some((x, _)), Some((y, _))) if x == y => (a.next(), b.next()),
                (Some((x, _)), Some((y, _))) if x > y => (None, b.next()),
                (None, Some(_)) => (None, b.next()),
                _ => (a.next(), None),
            };
            if let Some((name, _)) = old.or(new) {
                let key = Key::Name(name.clone());
                let value = |entry: Option<(_, _)>| entry.map(|(_, value)| value);
                self.value(key.clone(), key, value(old), value(new));
            }
        }
    }

    fn list(&mut self, old: &List, new: &List) {
        let old: Vec<&Value> = old.iter().collect();
        let new: Vec<&Value> = new.iter().collect();
        let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - start;
        let ends = old.iter().rev().zip(new.iter().rev());
        let end = ends.take(rest).take_while(|(a, b)| a == b).count();
        let (old, new) = (&old[start..old.len() - end], &new[start..new.len() - end]);
        for (gone, come) in hunks(old, new) {
            let pairs = pairs(&old[gone.clone()], &new[come.clone()]);
            let (mut a, mut b) = (gone.start, come.start);
            let ends = std::iter::once((gone.len(), come.len()));
            for (x, y) in pairs.iter().copied().chain(ends) {
                for at in a..gone.start + x {
                    let branch = Branch {
                        mark: removed(old[at]),
                        ..Branch::default()
                    };
                    self.picks.push(index(start + at), 1, branch);
                }
                for at in b..come.start + y {
                    let branch = Branch {
                        mark: Mark::Insert(new[at].clone()),
                        ..Branch::default()
                    };
                    self.drops.push(index(start + at), 1, branch);
                }
                (a, b) = (gone.start + x, come.start + y);
                if x < gone.len() && y < come.len() {
                    self.value(
                        index(start + a),
                        index(start + b),
                        Some(old[a]),
                        Some(new[b]),
                    );
                    (a, b) = (a + 1, b + 1);
                }
            }
        }
    }

    /// What goes in one place and comes in another is moved.
    fn find_moves(&mut self) {
        let mut gone = HashMap::new();
        let mut count = 0;
        removes(&mut self.picks, &mut |mark| {
            if let Mark::Remove(Content::Known(values)) = mark
                && let [value] = &**values
                && value.size() >= WORTH_MOVING
            {
                gone.entry(value.clone())
                    .or_insert_with(VecDeque::new)
                    .push_back(count);
            }
            count += 1;
        });
        let mut moved = vec![false; count as usize];
        inserts(&mut self.drops, &mut |mark| {
            if let Mark::Insert(value) = mark
                && let Some(slot) = gone.get_mut(value).and_then(VecDeque::pop_front)
            {
                moved[slot as usize] = true;
                *mark = Mark::Move(slot);
            }
        });
        let mut slot = 0;
        removes(&mut self.picks, &mut |mark| {
            *mark = match moved[slot as usize] {
                true => Mark::Move(slot),
                false => Mark::Remove(Content::Unknown),
            };
            slot += 1;
        });
    }
}

/// Every remove, in order. What is removed has nothing below it.
fn removes(branch: &mut Branch, each: &mut impl FnMut(&mut Mark)) {
    if matches!(branch.mark, Mark::Remove(_)) {
        each(&mut branch.mark);
    }
    branch
        .kids
        .iter_mut()
        .for_each(|kid| removes(&mut kid.branch, each));
}

fn inserts(branch: &mut Branch, each: &mut impl FnMut(&mut Mark)) {
    if matches!(branch.mark, Mark::Insert(_)) {
        each(&mut branch.mark);
    }
    branch
        .kids
        .iter_mut()
        .for_each(|kid| inserts(&mut kid.branch, each));
}

fn removed(value: &Value) -> Mark {
    Mark::Remove(Content::Known([value.clone()].into()))
}

fn index(index: usize) -> Key {
    Key::Index(index as u32)
}

/// What must be added to get from one integer to another.
fn difference(old: Number, new: Number) -> Option<i64> {
    let addend = new.as_safe_integer()? - old.as_safe_integer()?;
    Number::from_safe_integer(addend).map(|_| addend)
}

type Hunk = (std::ops::Range<usize>, std::ops::Range<usize>);

/// The ranges of items in which two lists differ.
fn hunks(old: &[&Value], new: &[&Value]) -> Vec<Hunk> {
    if old.is_empty() || new.is_empty() {
        return vec![(0..old.len(), 0..new.len())];
    }
    let mut ids = HashMap::new();
    let mut tokens = |values: &[&Value]| -> Vec<Token> {
        let mut id = |value: &&Value| {
            let next = ids.len() as u32;
            Token(*ids.entry((*value).clone()).or_insert(next))
        };
        values.iter().map(&mut id).collect()
    };
    let (old, new) = (tokens(old), tokens(new));
    let mut diff = Diff::default();
    diff.compute_with(Algorithm::Myers, &old, &new, ids.len() as u32);
    let range = |range: std::ops::Range<u32>| range.start as usize..range.end as usize;
    diff.hunks()
        .map(|hunk| (range(hunk.before), range(hunk.after)))
        .collect()
}

/// Items that are the same, but changed: by their ids; without any, strings, lists and objects in order, where as many
/// come as go. Ascending in both.
fn pairs(old: &[&Value], new: &[&Value]) -> Vec<(usize, usize)> {
    let places: HashMap<&Value, usize> = old
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Some((id_of(value)?, at)))
        .collect();
    let mut pairs = Vec::new();
    let mut next = 0;
    for (at, value) in new.iter().enumerate() {
        match id_of(value).and_then(|id| places.get(id)) {
            Some(&place) if place >= next => {
                pairs.push((place, at));
                next = place + 1;
            }
            _ => {}
        }
    }
    let anonymous = places.is_empty() && new.iter().all(|value| id_of(value).is_none());
    if anonymous && old.len() == new.len() {
        let alike = |at: &usize| match (old[*at], new[*at]) {
            (Value::Number(_), _) => false,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        pairs = (0..old.len()).filter(alike).map(|at| (at, at)).collect();
    }
    pairs
}

fn id_of(value: &Value) -> Option<&Value> {
    let id = value.get(&Key::Name(Name::from("id")))?;
    matches!(id, Value::String(_) | Value::Number(_)).then_some(id)
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Number(value) => value.get().to_bits().hash(state),
            Self::String(value) => value.to_string().hash(state),
            Self::List(list) => {
                list.len().hash(state);
                list.iter().for_each(|item| item.hash(state));
            }
            Self::Object(object) => {
                object.len().hash(state);
                object.iter().for_each(|entry| entry.hash(state));
            }
        }
    }
}
