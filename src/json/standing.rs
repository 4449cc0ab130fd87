//! Which parts of two forms are in force, while their conflicts are resolved.

use super::form::{ABOVE, Id, Pick};
use super::universe::{Place, Universe, Which};

/// Both forms, less what was struck from them. Every strike makes less of them: a move becomes a remove, a yield or nothing, a
/// remove a yield or nothing, an insert nothing; so resolving ends.
pub(super) struct Standing<'u, 'op> {
    pub(super) universe: &'u Universe<'op>,
    picks: Vec<[State; 2]>,
    /// Whether what a form moves or inserts is put where the form says.
    puts: Vec<[bool; 2]>,
    /// Whether anything was struck since this was last asked.
    struck: bool,
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
            struck: false,
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

    /// Everything the form puts somewhere, and where.
    pub(super) fn puts(&self, which: Which) -> impl Iterator<Item = (Id, &'u Place)> {
        (0..self.puts.len()).filter_map(move |node| Some((node, self.put(node, which)?)))
    }

    /// Takes back where the form puts the node. An insert vanishes.
    pub(super) fn strike(&mut self, node: Id, which: Which, how: Strike) {
        if !std::mem::take(&mut self.puts[node][which]) {
            return;
        }
        self.struck = true;
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
        self.struck = true;
        self.picks[node][which] = match yields {
            true => State::Yields { moved: false },
            false => State::None,
        };
    }

    /// Whether anything was struck since the last call.
    pub(super) fn take_struck(&mut self) -> bool {
        std::mem::take(&mut self.struck)
    }

    /// For each node the nearest of it and what it is part of that the form picks, if it removes it. So what the form moves out
    /// is not removed with what it was in.
    pub(super) fn removers(&self, which: Which) -> Vec<Option<Id>> {
        let mut removers: Vec<Option<Id>> = Vec::with_capacity(self.picks.len());
        for (node, states) in self.picks.iter().enumerate() {
            // Parents come before their children.
            removers.push(match states[which] {
                State::Removed { .. } => Some(node),
                State::Moved | State::Yields { .. } => None,
                State::None => self
                    .universe
                    .parent(node)
                    .and_then(|parent| removers[parent]),
            });
        }
        removers
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

    /// Which nodes hang on the document, as both forms together have it.
    pub(super) fn alive(&self) -> Vec<bool> {
        let next = |node: Id| match self.containers(node)[0] {
            Some(container) => Step::To(container),
            None => Step::End(node == ABOVE),
        };
        self.follow(next)
    }

    /// Which nodes are dead by removes and vanished inserts alone, and not inside another move: that one is to be
    /// struck first.
    pub(super) fn gone(&self) -> Vec<bool> {
        self.follow(|node| {
            let put = self.put(node, 0).or(self.put(node, 1));
            if node == ABOVE {
                Step::End(false)
            } else if self.is_removed(node) || (self.universe.is_new(node) && put.is_none()) {
                Step::End(true)
            } else if self.is_moved(node) {
                Step::End(false)
            } else {
                let above = put
                    .map(|place| place.container)
                    .or(self.universe.parent(node));
                above.map_or(Step::End(true), Step::To)
            }
        })
    }

    /// For each node the end of the chain of steps from it; false on a cycle. Each node is visited once.
    fn follow(&self, next: impl Fn(Id) -> Step) -> Vec<bool> {
        let mut ends: Vec<Option<bool>> = vec![None; self.picks.len()];
        let mut on_way = vec![false; self.picks.len()];
        let mut way = Vec::new();
        for start in 0..ends.len() {
            let mut node = start;
            let end = loop {
                if let Some(end) = ends[node] {
                    break end;
                }
                if std::mem::replace(&mut on_way[node], true) {
                    break false;
                }
                way.push(node);
                match next(node) {
                    Step::To(above) => node = above,
                    Step::End(end) => break end,
                }
            };
            for node in way.drain(..) {
                ends[node] = Some(end);
            }
        }
        ends.into_iter().map(|end| end.unwrap_or(false)).collect()
    }
}

enum Step {
    To(Id),
    End(bool),
}
