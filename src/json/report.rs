//! Conflicts in terms of the two ops and their documents.

use super::arrangement::Arrangement;
use super::conflict::{Conflict, ConflictKind, Deed, Loser, Part};
use super::find::Found;
use super::form::{ABOVE, Id, Pick};
use super::key::Path;
use super::policy::Policy;
use super::universe::{Universe, Which};
use super::value::Value;

/// Tells conflicts in paths. `after` are the documents after each op alone.
pub(super) fn report<'f>(
    universe: &Universe<'_>,
    after: &[Arrangement; 2],
    policy: &Policy,
    found: impl Iterator<Item = (&'f Found, Option<Loser>)>,
) -> Vec<Conflict> {
    let reporter = Reporter {
        universe,
        after,
        policy,
    };
    let mut conflicts: Vec<Conflict> = found
        .map(|(found, loser)| reporter.conflict(found, loser))
        .collect();
    let order = |a: &Conflict, b: &Conflict| {
        let key = |c: &Conflict| (c.kind, c.loser);
        let parts = |part: &Part| (part.deed, part.at.clone(), part.to.clone());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.left.iter().map(parts).cmp(b.left.iter().map(parts)))
            .then_with(|| a.right.iter().map(parts).cmp(b.right.iter().map(parts)))
    };
    conflicts.sort_by(order);
    conflicts
}

struct Reporter<'a, 'op> {
    universe: &'a Universe<'op>,
    after: &'a [Arrangement; 2],
    policy: &'a Policy,
}

impl Reporter<'_, '_> {
    fn conflict(&self, found: &Found, loser: Option<Loser>) -> Conflict {
        let about = self.universe.path(found.node);
        Conflict {
            kind: found.kind,
            left: self.parts(found, 0),
            right: self.parts(found, 1),
            loser,
            rule: self.policy.rule(&about.0),
            path: about,
        }
    }

    fn parts(&self, found: &Found, which: Which) -> Vec<Part> {
        if matches!(found.kind, ConflictKind::Blackhole | ConflictKind::OwnCycle) {
            let moves = found.cycle[which].iter();
            let mut parts: Vec<Part> = moves.filter_map(|&node| self.part(node, which)).collect();
            parts.sort_by(|a, b| a.at.cmp(&b.at));
            return parts;
        }
        let part = match (found.remove, found.rival) {
            (Some((remover, removed)), _) if remover == which => self.part(removed, which),
            (Some(_), _) if found.deed == Some(Deed::Edit) => self.edit(found.node, which),
            (_, Some(rival)) if which == 1 => self.part(rival, which),
            _ => self.part(found.node, which),
        };
        part.into_iter().collect()
    }

    /// What the form does with the node.
    fn part(&self, node: Id, which: Which) -> Option<Part> {
        let touched = &self.universe.nodes[node];
        let touch = &touched.sides[which];
        let part = |deed, at, to, value: Option<&Value>| {
            Some(Part {
                deed,
                at,
                to,
                count: touched.len,
                value: value.cloned(),
            })
        };
        let after = || path(node, |node| self.after[which].at(node).cloned());
        let before = || self.universe.path(node);
        match touch.pick {
            Pick::Removed(lost) => part(
                Deed::Remove,
                before(),
                None,
                lost.values.and_then(<[_]>::first),
            ),
            Pick::Moved => part(Deed::Move, before(), Some(after()), None),
            Pick::None if touch.place.is_some() => {
                part(Deed::Insert, after(), None, touched.literal)
            }
            Pick::None => None,
        }
    }

    fn edit(&self, node: Id, which: Which) -> Option<Part> {
        Some(Part {
            deed: Deed::Edit,
            at: path(node, |node| self.after[which].at(node).cloned()),
            to: None,
            count: 1,
            value: None,
        })
    }
}

/// The path of a node, from where each node is on the way up.
fn path(node: Id, at: impl Fn(Id) -> Option<(Id, super::key::Key)>) -> Path {
    let mut keys = Vec::new();
    let mut node = node;
    while let Some((container, key)) = at(node) {
        // The key of the root is that in the container above the document.
        if container != ABOVE {
            keys.push(key);
        }
        node = container;
    }
    keys.reverse();
    Path(keys)
}
