//! The op that leads from one arrangement of a universe to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use fnv::FnvHashMap;

use super::arrangement::{Arrangement, Seat};
use super::canonical::canonical;
use super::content::Contents;
use super::form::{ABOVE, At, Id, Times};
use super::key::Key;
use super::op::{Branch, Content, Edit, JsonOp, Mark};
use super::universe::Universe;
use super::value::Value;
use crate::Error;

/// Which document the universe is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The one before both arrangements, or one of them.
    Before,
    /// The one in the middle: `from` is before the first op, `to` after the second.
    Between,
}

/// What an op has besides picks and drops, by node.
#[derive(Default)]
pub(super) struct Extras {
    /// The edits made on the way.
    pub(super) edits: FnvHashMap<Id, Edit>,
    /// What is known of what the op removes.
    pub(super) removed: FnvHashMap<Id, Content>,
    /// When the user made them, where that is known.
    pub(super) times: FnvHashMap<Id, Times>,
}

/// The op from the document that `from` describes to the one that `to` describes.
///
/// Law: it is canonical, and what is the same in both is not in it.
///
/// # Errors
/// [`Error::ContentUnknown`] when something comes back whose content is not known; [`Error::MalformedOp`] when no
/// document fits.
pub(super) fn residual(
    universe: &Universe<'_>,
    from: &Arrangement,
    to: &Arrangement,
    contents: &Contents,
    base: Base,
    extras: Extras,
) -> Result<JsonOp, Error> {
    let still = still(universe, from, to, base);
    let mut difference = Difference {
        universe,
        from,
        to,
        contents,
        extras,
        still,
    };
    let picks = difference.picks(ABOVE);
    let drops = difference.drops(ABOVE)?;
    Ok(canonical(picks, drops))
}

struct Difference<'a, 'op> {
    universe: &'a Universe<'op>,
    from: &'a Arrangement,
    to: &'a Arrangement,
    contents: &'a Contents,
    extras: Extras,
    still: Vec<bool>,
}

impl Difference<'_, '_> {
    fn picks(&mut self, node: Id) -> Branch {
        let mut branch = Branch {
            mark: self.pick(node),
            ..Branch::default()
        };
        if branch.mark != Mark::None {
            branch.time = self.extras.times.get(&node).and_then(|times| times.left);
        }
        for &child in self.from.children(node) {
            if let Some((_, key)) = self.from.at(child) {
                let below = self.picks(child);
                branch.push(key.clone(), self.universe.nodes[child].len, below);
            }
        }
        branch
    }

    fn pick(&mut self, node: Id) -> Mark {
        let Some((container, _)) = self.from.at(node) else {
            return Mark::None;
        };
        if !self.to.has(node) {
            // What goes with its container needs no mark.
            return match self.to.has(*container) {
                true => Mark::Remove(self.extras.removed.remove(&node).unwrap_or_default()),
                false => Mark::None,
            };
        }
        match self.still[node] {
            true => Mark::None,
            false => Mark::Move(node as u32),
        }
    }

    fn drops(&mut self, node: Id) -> Result<Branch, Error> {
        let mut branch = Branch {
            mark: if self.from.at(node).is_some() && !self.still[node] {
                Mark::Move(node as u32)
            } else {
                Mark::None
            },
            edit: self.extras.edits.remove(&node),
            ..Branch::default()
        };
        for &child in self.to.children(node) {
            let Some((_, key)) = self.to.at(child) else {
                continue;
            };
            let mut below = self.drops(child)?;
            let time = self
                .extras
                .times
                .get(&child)
                .and_then(|times| times.arrived);
            if below.mark != Mark::None || below.edit.is_some() {
                below.time = time;
            }
            if !self.appears(child) {
                branch.push(key.clone(), self.universe.nodes[child].len, below);
                continue;
            }
            let values = self.contents.of(self.universe, child, self.from, self.to)?;
            for (key, value) in keys(key, values) {
                below.mark = Mark::Insert(value);
                below.time = time;
                branch.push(key, 1, std::mem::take(&mut below));
            }
        }
        Ok(branch)
    }

    /// Whether the node must be inserted: it is new, and does not come as part of its container.
    fn appears(&self, node: Id) -> bool {
        let part_of = self.universe.parent(node).filter(|_| self.to.stays(node));
        let comes_along = part_of.is_some_and(|parent| {
            !self.from.has(parent) && !self.contents.is_out(self.universe, node)
        });
        !self.from.has(node) && !comes_along
    }
}

/// The keys of neighbouring values, from `first` on.
fn keys(first: &Key, values: Arc<[Value]>) -> impl Iterator<Item = (Key, Value)> {
    let first = first.clone();
    (0..values.len()).map(move |i| {
        let key = match &first {
            Key::Index(start) => Key::Index(start + i as u32),
            name => name.clone(),
        };
        (key, values[i].clone())
    })
}

/// The nodes that are in both documents and need no move: in an object at the same key, in a list in the same
/// order with everything else that stays.
fn still(universe: &Universe<'_>, from: &Arrangement, to: &Arrangement, base: Base) -> Vec<bool> {
    let mut still: Vec<bool> = (0..universe.nodes.len())
        .map(|node| match (from.at(node), to.at(node)) {
            (Some((a, Key::Name(x))), Some((b, Key::Name(y)))) => a == b && x == y,
            (Some((a, _)), Some((b, _))) => {
                let same = match (from.seat(node), to.seat(node)) {
                    (Seat::Home, Seat::Home) => true,
                    (Seat::Put { by: x, .. }, Seat::Put { by: y, .. }) => x == y,
                    _ => false,
                };
                a == b && same
            }
            _ => false,
        })
        .collect();
    for container in 0..universe.nodes.len() {
        still_in_list(universe, from, to, base, container, &mut still);
    }
    still
}

/// Items that come to one list by different ways: they need no move if that changes no order. Those that the op before
/// had put there are asked first, each kind in the order of the places where they were taken.
fn still_in_list(
    universe: &Universe<'_>,
    from: &Arrangement,
    to: &Arrangement,
    base: Base,
    container: Id,
    still: &mut [bool],
) {
    let index = |node: Id| match to.at(node) {
        Some((list, Key::Index(index))) if *list == container => Some(*index),
        _ => None,
    };
    let children = from.children(container).iter().enumerate();
    let both: Vec<(usize, Id, u32)> = children
        .filter_map(|(at, &child)| Some((at, child, index(child)?)))
        .collect();
    let (stay, mut ask): (Vec<_>, Vec<_>) =
        both.into_iter().partition(|(_, child, _)| still[*child]);
    if ask.is_empty() {
        return;
    }
    ask.sort_by_key(|&(at, child, _)| match (from.seat(child), base) {
        (Seat::Put { .. }, Base::Between) => (false, at),
        (Seat::Put { .. }, Base::Before) => (false, child),
        _ => (true, child),
    });
    let common = Common::new(universe, from, to, container);
    let mut stay: BTreeMap<usize, u32> =
        stay.into_iter().map(|(at, _, index)| (at, index)).collect();
    for (at, child, index) in ask {
        let fits = stay
            .range(..at)
            .next_back()
            .is_none_or(|(_, before)| *before < index)
            && stay
                .range(at..)
                .next()
                .is_none_or(|(_, after)| index < *after);
        if fits && common.before(universe, child, from) == common.before(universe, child, to) {
            still[child] = true;
            stay.insert(at, index);
        }
    }
}

/// Counts the items of a list that both arrangements leave at home, those that no form touches included.
struct Common {
    /// Ascending: the start of an item that one of them takes, and how many of those are before its end.
    taken: Vec<(u32, u32)>,
}

impl Common {
    fn new(universe: &Universe<'_>, from: &Arrangement, to: &Arrangement, container: Id) -> Self {
        let mut count = 0;
        let mut taken = Vec::new();
        for &kid in &universe.nodes[container].kids {
            if let (Some(Key::Index(start)), false) = (
                universe.nodes[kid].home.as_ref().map(|home| &home.key),
                from.stays(kid) && to.stays(kid),
            ) {
                count += universe.nodes[kid].len;
                taken.push((*start, count));
            }
        }
        Self { taken }
    }

    /// How many come before the node's place, as `arrangement` has it.
    fn before(&self, universe: &Universe<'_>, node: Id, arrangement: &Arrangement) -> u32 {
        let gap = match arrangement.seat(node) {
            Seat::Put { place, .. } => match place.at {
                At::Gap { gap, .. } => gap,
                At::Name(_) => 0,
            },
            _ => match universe.nodes[node].home.as_ref().map(|home| &home.key) {
                Some(Key::Index(start)) => *start,
                _ => 0,
            },
        };
        let before = self.taken.partition_point(|(start, _)| *start < gap);
        let taken = before.checked_sub(1).map_or(0, |last| self.taken[last].1);
        gap - taken.min(gap)
    }
}
