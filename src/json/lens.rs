//! Looking up from a node, at what both forms have left of the way.

use fnv::FnvHashMap;

use super::form::{ABOVE, Id};
use super::standing::{Standing, State};
use super::universe::Which;

/// Answers questions about the way up from a node. Each node on the way is asked once: so all questions together are linear. For
/// one state of both forms only.
pub(super) struct Lens<'s, 'u, 'op> {
    pub(super) standing: &'s Standing<'u, 'op>,
    removers: [FnvHashMap<Id, Option<Id>>; 2],
    alive: FnvHashMap<Id, bool>,
    gone: FnvHashMap<Id, bool>,
}

enum Step<T> {
    To(Id),
    End(T),
}

impl<'s, 'u, 'op> Lens<'s, 'u, 'op> {
    pub(super) fn new(standing: &'s Standing<'u, 'op>) -> Self {
        Self {
            standing,
            removers: Default::default(),
            alive: FnvHashMap::default(),
            gone: FnvHashMap::default(),
        }
    }

    /// The nearest of the node and what it is part of that the form picks, if it removes it. So what the form moves out is not
    /// removed with what it was in.
    pub(super) fn remover(&mut self, node: Id, which: Which) -> Option<Id> {
        let standing = self.standing;
        follow(node, &mut self.removers[which], |node| {
            match standing.pick(node, which) {
                State::Removed { .. } => Step::End(Some(node)),
                State::Moved | State::Yields { .. } => Step::End(None),
                State::None => standing
                    .universe
                    .parent(node)
                    .map_or(Step::End(None), Step::To),
            }
        })
    }

    /// Whether the node hangs on the document, as both forms together have it.
    pub(super) fn is_alive(&mut self, node: Id) -> bool {
        let standing = self.standing;
        follow(node, &mut self.alive, |node| {
            match standing.containers(node)[0] {
                Some(container) => Step::To(container),
                None => Step::End(node == ABOVE),
            }
        })
    }

    /// Whether the node is dead by removes and vanished inserts alone, and not inside another move: that one is to be
    /// struck first.
    pub(super) fn is_gone(&mut self, node: Id) -> bool {
        let standing = self.standing;
        follow(node, &mut self.gone, |node| {
            let put = standing.put(node, 0).or(standing.put(node, 1));
            if node == ABOVE {
                Step::End(false)
            } else if standing.is_removed(node) || (standing.universe.is_new(node) && put.is_none())
            {
                Step::End(true)
            } else if standing.is_moved(node) {
                Step::End(false)
            } else {
                let above = put.map(|place| place.container);
                above
                    .or(standing.universe.parent(node))
                    .map_or(Step::End(true), Step::To)
            }
        })
    }
}

/// The end of the chain of steps from a node; on a cycle, the default.
fn follow<T: Copy + Default>(
    start: Id,
    known: &mut FnvHashMap<Id, T>,
    next: impl Fn(Id) -> Step<T>,
) -> T {
    let mut way = Vec::new();
    let mut node = start;
    let end = loop {
        if let Some(end) = known.get(&node) {
            break *end;
        }
        known.insert(node, T::default());
        way.push(node);
        match next(node) {
            Step::To(above) => node = above,
            Step::End(end) => break end,
        }
    };
    known.extend(way.into_iter().map(|node| (node, end)));
    end
}
