//! Finding the conflicts between two forms, or between what is left of them.

use fnv::{FnvHashMap, FnvHashSet};

use super::conflict::{ConflictKind, Deed};
use super::cycles::cycles_of;
use super::form::{At, Id};
use super::key::Key;
use super::lens::Lens;
use super::standing::{Standing, State};
use super::universe::{Home, Place, Which};

/// A conflict in terms of nodes.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) kind: ConflictKind,
    /// The contested node. In a collision the left one's.
    pub(super) node: Id,
    /// In a collision the right one's.
    pub(super) rival: Option<Id>,
    /// In conflicts about a remove: who removes what, and what the other does with the node or in it.
    pub(super) remove: Option<(Which, Id)>,
    pub(super) deed: Option<Deed>,
    /// In a cycle, the moves that form it, by side.
    pub(super) cycle: [Vec<Id>; 2],
}

/// What tells a conflict from the others of a merge.
pub(super) type Identity = (
    ConflictKind,
    Option<Deed>,
    Option<(Which, Id)>,
    [Vec<Id>; 2],
);

impl Found {
    pub(super) fn new(kind: ConflictKind, node: Id) -> Self {
        Self {
            kind,
            node,
            rival: None,
            remove: None,
            deed: None,
            cycle: Default::default(),
        }
    }

    /// What tells it from the other conflicts of the same merge.
    pub(super) fn identity(&self) -> Identity {
        let mut nodes = self.cycle.clone();
        nodes[0].push(self.node);
        nodes[1].extend(self.rival);
        (self.kind, self.deed, self.remove, nodes)
    }
}

/// Where conflicts are looked for.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// Everywhere.
    All,
    /// Where something has changed: at these nodes, and in them.
    Nodes(Vec<Id>),
}

impl Scope {
    pub(super) const NOTHING: Self = Self::Nodes(Vec::new());

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nodes(nodes) if nodes.is_empty())
    }

    pub(super) fn add(&mut self, more: &[Id]) {
        if let Self::Nodes(nodes) = self {
            nodes.extend(more);
        }
    }

    /// The nodes, ascending.
    fn nodes(&self, standing: &Standing<'_, '_>) -> Vec<Id> {
        match self {
            Self::All => (0..standing.universe.nodes.len()).collect(),
            Self::Nodes(nodes) => sorted(nodes.clone()),
        }
    }

    /// What is put, by either form, from one of the nodes or into one of them, or where one of them was.
    pub(super) fn puts<'u>(&self, standing: &Standing<'u, '_>) -> Vec<(Id, Which, &'u Place)> {
        let universe = standing.universe;
        let mut nodes = self.nodes(standing);
        if let Self::Nodes(changed) = self {
            for &node in changed {
                nodes.extend(universe.nodes[node].drops.iter().flatten());
                if let Some(Home { parent, key }) = &universe.nodes[node].home {
                    nodes.extend(
                        [0, 1]
                            .into_iter()
                            .filter_map(|which| universe.dropped_at(*parent, key, which)),
                    );
                }
            }
            nodes = sorted(nodes);
        }
        let put = |node, which| Some((node, which, standing.put(node, which)?));
        let puts = |which| nodes.iter().filter_map(move |node| put(*node, which));
        puts(0).chain(puts(1)).collect()
    }
}

fn sorted(mut nodes: Vec<Id>) -> Vec<Id> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// Values that both pick: RmMove, RmRescue, MoveMove. Second, the values that both move to one place, which is no
/// conflict.
pub(super) fn picks(lens: &mut Lens<'_, '_, '_>, scope: &Scope) -> (Vec<Found>, Vec<Id>) {
    let standing = lens.standing;
    let (mut found, mut same) = (Vec::new(), Vec::new());
    for node in scope.nodes(standing) {
        let moved = [0, 1].map(|which| moved(standing, node, which));
        if let [Some(left), Some(right)] = moved {
            match same_place(left, right) {
                true => same.push(node),
                false => found.push(Found::new(ConflictKind::MoveMove, node)),
            }
        }
        for which in [0, 1] {
            if moved[1 - which].is_some()
                && let Some(removed) = lens.remover(node, which)
            {
                let kind = match removed == node {
                    true => ConflictKind::RmMove,
                    false => ConflictKind::RmRescue,
                };
                found.push(Found {
                    remove: Some((which, removed)),
                    ..Found::new(kind, node)
                });
            }
        }
    }
    (found, same)
}

fn moved<'u>(standing: &Standing<'u, '_>, node: Id, which: Which) -> Option<&'u Place> {
    match standing.pick(node, which) {
        State::Moved => standing.put(node, which),
        _ => None,
    }
}

/// Whether two moves put a node at one place: at one key, or in one list in gaps that neither tells apart.
fn same_place(a: &Place, b: &Place) -> bool {
    let same = match (&a.at, &b.at) {
        (At::Name(a), At::Name(b)) => a == b,
        (At::Gap { gap: a, hi: a_hi }, At::Gap { gap: b, hi: b_hi }) => a_hi >= b && b_hi >= a,
        _ => false,
    };
    a.container == b.container && same
}

/// RmUnexpectedContent: one edits, inserts or moves into what the other removes. What is moved within a rescue is not
/// named again.
pub(super) fn content(lens: &mut Lens<'_, '_, '_>, scope: &Scope) -> Vec<Found> {
    let standing = lens.standing;
    let mut found = Vec::new();
    let mut add = |deed, node: Id, remove: (Which, Id)| {
        found.push(Found {
            remove: Some(remove),
            deed: Some(deed),
            ..Found::new(ConflictKind::RmUnexpectedContent, node)
        });
    };
    for node in scope.nodes(standing) {
        for which in [0, 1] {
            if standing.universe.nodes[node].sides[which].edit.is_some()
                && let Some(removed) = lens.remover(node, 1 - which)
            {
                add(Deed::Edit, node, (1 - which, removed));
            }
        }
    }
    for (node, which, place) in scope.puts(standing) {
        let Some(removed) = lens.remover(place.container, 1 - which) else {
            continue;
        };
        if standing.universe.is_new(node) {
            add(Deed::Insert, node, (1 - which, removed));
        } else if lens.remover(node, 1 - which).is_none() {
            add(Deed::Move, node, (1 - which, removed));
        }
    }
    found
}

/// Blackhole: the moves of each cycle. OwnCycle: one form's moves alone, when another one of its moves was struck.
pub(super) fn cycles(lens: &mut Lens<'_, '_, '_>, scope: &Scope) -> Vec<Found> {
    let standing = lens.standing;
    let moves: Vec<_> = scope
        .puts(standing)
        .into_iter()
        .filter(|(node, ..)| !standing.universe.is_new(*node))
        .collect();
    if moves.is_empty() {
        return Vec::new();
    }
    let starts = moves
        .iter()
        .map(|(node, ..)| *node)
        .chain(scope.nodes(standing));
    let parts = cycles_of(starts, |node| standing.containers(node));
    let mut found: FnvHashMap<Id, [Vec<Id>; 2]> = FnvHashMap::default();
    for (&node, &part) in &parts {
        for which in [0, 1] {
            if let Some(place) = standing.put(node, which)
                && parts.get(&place.container) == Some(&part)
                && !standing.universe.is_new(node)
            {
                found.entry(part).or_default()[which].push(node);
            }
        }
    }
    let cycle = |cycle: [Vec<Id>; 2]| {
        let kind = match cycle.iter().any(Vec::is_empty) {
            true => ConflictKind::OwnCycle,
            false => ConflictKind::Blackhole,
        };
        let cycle = cycle.map(sorted);
        let node = *cycle.iter().flatten().min()?;
        Some(Found {
            cycle,
            ..Found::new(kind, node)
        })
    };
    let mut found: Vec<Found> = found.into_values().filter_map(cycle).collect();
    found.sort_by_key(|found| found.node);
    found
}

/// DropCollision: both put different values at one key. `live` asks for those in containers that hang on the document.
pub(super) fn collisions(lens: &mut Lens<'_, '_, '_>, scope: &Scope, live: bool) -> Vec<Found> {
    let standing = lens.standing;
    let mut found = FnvHashSet::default();
    for (node, which, place) in scope.puts(standing) {
        let At::Name(name) = &place.at else { continue };
        let key = Key::Name(name.clone());
        let Some(rival) = standing
            .universe
            .dropped_at(place.container, &key, 1 - which)
        else {
            continue;
        };
        if rival != node
            && standing.put(rival, 1 - which).is_some()
            && (!live || lens.is_alive(place.container))
        {
            found.insert(if which == 0 {
                (node, rival)
            } else {
                (rival, node)
            });
        }
    }
    let collision = |(node, rival)| Found {
        rival: Some(rival),
        ..Found::new(ConflictKind::DropCollision, node)
    };
    let mut found: Vec<Found> = found.into_iter().map(collision).collect();
    found.sort_by_key(|found| found.node);
    found
}
