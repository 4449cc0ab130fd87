//! Which parts of two forms are in force, while their conflicts are resolved.

use fnv::FnvHashSet;

use super::form::{Id, Pick};
use super::universe::{Place, Universe, Which};

/// Both forms, less what was struck from them. Every strike makes less of them: a move becomes a remove, a yield or nothing, a
/// remove a yield or nothing, an insert nothing; so resolving ends.
pub(super) struct Standing<'u, 'op> {
    pub(super) universe: &'u Universe<'op>,
    picks: Vec<[State; 2]>,
    /// Whether what a form moves or inserts is put where the form says.
    puts: Vec<[bool; 2]>,
    /// The nodes from which something was struck since this was last asked.
    struck: Vec<Id>,
}

/// What is left of a form's pick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    None,
    /// `may_return`: whether the remove may give way. Not if nobody knows what it takes, nor if it was a move that lost
    /// its place.
    Removed {
        may_return: bool,
    },
    Moved,
    /// It is left to the other form; what it holds is still not taken by a remove of this form above it.
    Yields {
        moved: bool,
    },
}

/// What becomes of a move that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// The other form decides.
    Yield,
    /// The value is removed.
    Destroy,
    /// The value stays where it was.
    Stay,
}

impl<'u, 'op> Standing<'u, 'op> {
    pub(super) fn new(universe: &'u Universe<'op>) -> Self {
        let state = |pick| match pick {
            Pick::None => State::None,
            Pick::Removed(lost) => State::Removed {
                may_return: lost.may_return,
            },
            Pick::Moved => State::Moved,
        };
        let nodes = universe.nodes.iter();
        Self {
            universe,
            picks: nodes
                .clone()
                .map(|node| [0, 1].map(|which: Which| state(node.sides[which].pick)))
                .collect(),
            puts: nodes
                .map(|node| [0, 1].map(|which: Which| node.sides[which].place.is_some()))
                .collect(),
            struck: Vec::new(),
        }
    }

    pub(super) fn pick(&self, node: Id, which: Which) -> State {
        self.picks[node][which]
    }

    /// Where the form puts the node, if it does.
    pub(super) fn put(&self, node: Id, which: Which) -> Option<&'u Place> {
        let place = self.universe.nodes[node].sides[which].place.as_ref();
        place.filter(|_| self.puts[node][which])
    }

    pub(super) fn is_removed(&self, node: Id) -> bool {
        self.picks[node]
            .iter()
            .any(|state| matches!(state, State::Removed { .. }))
    }

    pub(super) fn is_moved(&self, node: Id) -> bool {
        self.picks[node].contains(&State::Moved)
    }

    /// Takes back where the form puts the node. An insert vanishes.
    pub(super) fn strike(&mut self, node: Id, which: Which, how: Strike) {
        if !std::mem::take(&mut self.puts[node][which]) {
            return;
        }
        self.struck.push(node);
        if self.universe.is_new(node) {
            return;
        }
        let other = 1 - which;
        self.picks[node][which] = match how {
            Strike::Yield => State::Yields { moved: true },
            Strike::Destroy => State::Removed { may_return: false },
            Strike::Stay => State::None,
        };
        // A move that had yielded to the one that is struck is back in force.
        if how == Strike::Stay && self.picks[node][other] == (State::Yields { moved: true }) {
            self.picks[node][other] = State::Moved;
            self.puts[node][other] = true;
        }
    }

    /// The form does not remove the node after all: it is left to the other form's move, or it stays.
    pub(super) fn keep(&mut self, node: Id, which: Which, yields: bool) {
        self.struck.push(node);
        self.picks[node][which] = match yields {
            true => State::Yields { moved: false },
            false => State::None,
        };
    }

    /// The nodes from which something was struck since the last call.
    pub(super) fn take_struck(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.struck)
    }

    /// What the node is in, as both forms together have it; two containers only while they move it apart.
    pub(super) fn containers(&self, node: Id) -> [Option<Id>; 2] {
        if self.is_removed(node) {
            return [None, None];
        }
        let put = |which| self.put(node, which).map(|place| place.container);
        match (put(0), put(1)) {
            (None, None) => [self.universe.parent(node), None],
            (left, right) => [left.or(right), left.and(right)],
        }
    }

    /// What hangs on the nodes, now that they have changed: their parts, and what is put into those.
    pub(super) fn below(&self, changed: Vec<Id>) -> Vec<Id> {
        let mut seen: FnvHashSet<Id> = changed.iter().copied().collect();
        let mut below = changed;
        let mut next = 0;
        while let Some(&node) = below.get(next) {
            next += 1;
            let touched = &self.universe.nodes[node];
            let kids = touched.kids.iter().copied();
            let put = |which: Which| {
                let drops = touched.drops[which].iter().copied();
                drops.filter(move |drop| self.puts[*drop][which])
            };
            below.extend(
                kids.chain(put(0))
                    .chain(put(1))
                    .filter(|node| seen.insert(*node)),
            );
        }
        below
    }
}
