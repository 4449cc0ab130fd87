//! Finding the conflicts between two forms, or between what is left of them.

use super::conflict::{ConflictKind, Deed};
use super::cycles::cycles_of;
use super::form::{At, Id};
use super::standing::{Standing, State};
use super::universe::{Place, Which};

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
    Id,
    Option<Id>,
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
        (self.kind, self.deed, self.remove, self.node, self.rival)
    }
}

/// Values that both pick: RmMove, RmRescue, MoveMove. Second, the values that both move to one place, which is no
/// conflict.
pub(super) fn picks(standing: &Standing<'_, '_>) -> (Vec<Found>, Vec<Id>) {
    let removers = [0, 1].map(|which| standing.removers(which));
    let (mut found, mut same) = (Vec::new(), Vec::new());
    for node in 0..standing.universe.nodes.len() {
        if let (Some(left), Some(right)) = (moved(standing, node, 0), moved(standing, node, 1)) {
            match same_place(left, right) {
                true => same.push(node),
                false => found.push(Found::new(ConflictKind::MoveMove, node)),
            }
        }
        for which in [0, 1] {
            if let (Some(_), Some(removed)) =
                (moved(standing, node, 1 - which), removers[which][node])
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
pub(super) fn content(standing: &Standing<'_, '_>) -> Vec<Found> {
    let removers = [0, 1].map(|which| standing.removers(which));
    let mut found = Vec::new();
    for which in [0, 1] {
        let removers = &removers[1 - which];
        let mut add = |deed, node: Id, removed: Id| {
            found.push(Found {
                remove: Some((1 - which, removed)),
                deed: Some(deed),
                ..Found::new(ConflictKind::RmUnexpectedContent, node)
            });
        };
        for (node, touched) in standing.universe.nodes.iter().enumerate() {
            if let (Some(_), Some(removed)) = (touched.sides[which].edit, removers[node]) {
                add(Deed::Edit, node, removed);
            }
        }
        for (node, place) in standing.puts(which) {
            let Some(removed) = removers[place.container] else {
                continue;
            };
            if standing.universe.is_new(node) {
                add(Deed::Insert, node, removed);
            } else if removers[node].is_none() {
                add(Deed::Move, node, removed);
            }
        }
    }
    found
}

/// Blackhole: the moves of each cycle. OwnCycle: one form's moves alone, when another one of its moves was struck.
pub(super) fn cycles(standing: &Standing<'_, '_>) -> Vec<Found> {
    let moves = |which| {
        standing
            .puts(which)
            .any(|(node, _)| !standing.universe.is_new(node))
    };
    if !moves(0) && !moves(1) {
        return Vec::new();
    }
    let parts = cycles_of(standing.universe.nodes.len(), |node| {
        standing.containers(node)
    });
    let mut found: fnv::FnvHashMap<usize, [Vec<Id>; 2]> = Default::default();
    for which in [0, 1] {
        for (node, place) in standing.puts(which) {
            if let Some(part) = parts[node]
                && parts[place.container] == Some(part)
                && !standing.universe.is_new(node)
            {
                found.entry(part).or_default()[which].push(node);
            }
        }
    }
    let mut found: Vec<_> = found
        .into_values()
        .filter_map(|cycle| {
            let kind = match cycle.iter().any(Vec::is_empty) {
                true => ConflictKind::OwnCycle,
                false => ConflictKind::Blackhole,
            };
            let node = *cycle.iter().flatten().min()?;
            Some(Found {
                cycle,
                ..Found::new(kind, node)
            })
        })
        .collect();
    found.sort_by_key(|found| found.node);
    found
}

/// DropCollision: both put different values at one key, in the containers that `counts` names.
pub(super) fn collisions(standing: &Standing<'_, '_>, counts: impl Fn(Id) -> bool) -> Vec<Found> {
    let mut found = Vec::new();
    for (container, node) in standing.universe.nodes.iter().enumerate() {
        if node.drops.iter().any(Vec::is_empty) || !counts(container) {
            continue;
        }
        let name = |drop: Id, which| match standing.put(drop, which).map(|place| &place.at) {
            Some(At::Name(name)) => Some(name),
            _ => None,
        };
        let named = |which: Which| {
            let drops = node.drops[which].iter();
            drops.filter_map(move |&drop| Some((name(drop, which)?, drop)))
        };
        // Both ascend by name.
        let mut right = named(1).peekable();
        for (name, left) in named(0) {
            while right.next_if(|(other, _)| *other < name).is_some() {}
            if let Some(&(_, rival)) = right.peek().filter(|(other, _)| *other == name)
                && rival != left
            {
                found.push(Found {
                    rival: Some(rival),
                    ..Found::new(ConflictKind::DropCollision, left)
                });
            }
        }
    }
    found
}
