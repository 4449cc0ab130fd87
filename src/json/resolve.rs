//! Resolving conflicts: losing parts are struck, stage by stage, until none conflict.

use fnv::FnvHashSet;

use super::conflict::{ConflictKind, Deed, Loser};
use super::find::{self, Found, Identity};
use super::form::{At, Id};
use super::key::Key;
use super::policy::{Policy, Rule};
use super::standing::{Standing, State, Strike};
use super::universe::{Universe, Which};

/// A conflict that was resolved, and who gave way.
pub(super) type Resolved = (Found, Loser);

/// What is left of both forms when no conflict is, and what was resolved on the way.
///
/// Stages come in a fixed order; after one that struck something it starts again. Each finds all its conflicts, judges all,
/// then strikes all: the outcome depends on the two forms and the policy only, so both sides of a diamond find the same.
///
/// The order is for quality. Picks come before content, so that a move that has lost does not collide with anything
/// and feeds nothing removed; cycles and collisions count only between what is left.
pub(super) fn resolve<'u, 'op>(
    universe: &'u Universe<'op>,
    policy: &Policy,
) -> (Standing<'u, 'op>, Vec<Resolved>) {
    let mut resolver = Resolver {
        standing: Standing::new(universe),
        policy,
        log: Vec::new(),
        seen: FnvHashSet::default(),
    };
    while resolver.round() {}
    (resolver.standing, resolver.log)
}

struct Resolver<'u, 'op, 'p> {
    standing: Standing<'u, 'op>,
    policy: &'p Policy,
    log: Vec<Resolved>,
    seen: FnvHashSet<Identity>,
}

impl Resolver<'_, '_, '_> {
    /// Whether a stage struck something.
    fn round(&mut self) -> bool {
        let stages = [
            Self::picks,
            Self::content,
            Self::cascade,
            Self::cycles,
            Self::collisions,
            Self::occupied,
        ];
        stages.into_iter().any(|stage| {
            stage(self);
            self.standing.take_struck()
        })
    }

    /// RmMove, RmRescue, MoveMove. Of two equal moves the right one yields.
    fn picks(&mut self) {
        let (found, same) = find::picks(&self.standing);
        let judged = self.judge(found);
        for node in same {
            self.standing.strike(node, 1, Strike::Yield);
        }
        for (found, loser) in judged {
            match found.remove {
                // Of what is removed only the moved value lives.
                Some((which, _)) if loser.is(which) => {
                    self.standing.keep(found.node, which, true);
                }
                _ => self.strike(&found, loser, Strike::Yield),
            }
        }
    }

    /// RmUnexpectedContent. Edits and inserts that lose need no strike: what they go into is not there.
    fn content(&mut self) {
        let found = find::content(&self.standing);
        for (found, loser) in self.judge(found) {
            match found.remove {
                Some((which, removed)) if loser.is(which) => {
                    self.standing.keep(removed, which, false);
                }
                Some((which, _)) if found.deed == Some(Deed::Move) => {
                    let how = self.rule(found.node).strike();
                    self.standing.strike(found.node, 1 - which, how);
                }
                _ => {}
            }
        }
    }

    /// Moves into what is dead.
    fn cascade(&mut self) {
        let gone = self.standing.gone();
        for which in [0, 1] {
            let moves: Vec<Id> = self
                .moves(which)
                .filter(|(_, into)| gone[*into])
                .map(|(node, _)| node)
                .collect();
            for node in moves {
                self.standing.strike(node, which, self.rule(node).strike());
            }
        }
    }

    fn moves(&self, which: Which) -> impl Iterator<Item = (Id, Id)> {
        let universe = self.standing.universe;
        let puts = self
            .standing
            .puts(which)
            .map(|(node, place)| (node, place.container));
        puts.filter(|(node, _)| !universe.is_new(*node))
    }

    /// Blackhole, and OwnCycle.
    fn cycles(&mut self) {
        let found = find::cycles(&self.standing);
        for (found, loser) in self.judge(found) {
            for which in [0, 1] {
                if loser.is(which) {
                    for &node in &found.cycle[which] {
                        self.standing.strike(node, which, self.rule(node).strike());
                    }
                }
            }
        }
    }

    /// DropCollision.
    fn collisions(&mut self) {
        let alive = self.standing.alive();
        let found = find::collisions(&self.standing, |container| alive[container]);
        for (found, loser) in self.judge(found) {
            let rule = self.rule(found.node);
            self.strike(&found, loser, rule.strike());
        }
    }

    /// What is put on a value that stays after all loses its place.
    fn occupied(&mut self) {
        let universe = self.standing.universe;
        let mut alive = None;
        let mut lost = Vec::new();
        for which in [0, 1] {
            for (node, place) in self.standing.puts(which) {
                let At::Name(name) = &place.at else { continue };
                let here = universe.kid(place.container, &Key::Name(name.clone()));
                // A part of a literal is free, or the op would not be well formed.
                let Some(here) =
                    here.filter(|here| *here != node && universe.nodes[*here].literal.is_none())
                else {
                    continue;
                };
                let leaves = self.standing.is_removed(here) || self.standing.is_moved(here);
                if !leaves && alive.get_or_insert_with(|| self.standing.alive())[place.container] {
                    lost.push((node, which));
                }
            }
        }
        for (node, which) in lost {
            let found = Found::new(ConflictKind::Occupied, node);
            self.note(&found, Loser::from(which));
            self.standing.strike(node, which, Strike::Stay);
        }
    }

    fn strike(&mut self, found: &Found, loser: Loser, how: Strike) {
        for which in [0, 1] {
            if loser.is(which) {
                let node = match (which, found.rival) {
                    (1, Some(rival)) => rival,
                    _ => found.node,
                };
                self.standing.strike(node, which, how);
            }
        }
    }

    fn rule(&self, node: Id) -> Rule {
        self.policy.rule_at(|| self.standing.universe.path(node))
    }

    /// Names the losers, all before anything is struck.
    fn judge(&mut self, found: Vec<Found>) -> Vec<Resolved> {
        let judge = |this: &mut Self, found: Found| {
            let loser = this.loser(&found);
            this.note(&found, loser);
            (found, loser)
        };
        found.into_iter().map(|found| judge(self, found)).collect()
    }

    fn loser(&self, found: &Found) -> Loser {
        if found.kind == ConflictKind::OwnCycle {
            return Loser::from(Which::from(found.cycle[0].is_empty()));
        }
        let rule = self.rule(found.node);
        match found.remove {
            None => rule.loser(found.kind, None),
            Some((which, removed)) => match self.standing.pick(removed, which) {
                State::Removed { may_return: false } => Loser::from(1 - which),
                _ => rule.loser(found.kind, Some(Loser::from(which))),
            },
        }
    }

    fn note(&mut self, found: &Found, loser: Loser) {
        if self.seen.insert(found.identity()) {
            self.log.push((found.clone(), loser));
        }
    }
}
