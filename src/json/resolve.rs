//! Resolving conflicts: losing parts are struck, stage by stage, until none conflict.

use fnv::FnvHashSet;

use super::conflict::{ConflictKind, Deed, Loser};
use super::find::{self, Found, Identity, Scope};
use super::form::{At, Id, Times};
use super::key::Key;
use super::lens::Lens;
use super::op::EditTime;
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
/// A stage looks again only where something has changed since it last did: at what was struck, and what hangs on it.
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
        scopes: std::array::from_fn(|_| Scope::All),
    };
    while resolver.round() {}
    (resolver.standing, resolver.log)
}

struct Resolver<'u, 'op, 'p> {
    standing: Standing<'u, 'op>,
    policy: &'p Policy,
    log: Vec<Resolved>,
    seen: FnvHashSet<Identity>,
    /// Where each stage has still to look.
    scopes: [Scope; 6],
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
        for (at, stage) in stages.into_iter().enumerate() {
            let scope = std::mem::replace(&mut self.scopes[at], Scope::NOTHING);
            if scope.is_nothing() {
                continue;
            }
            stage(self, &scope);
            let struck = self.standing.take_struck();
            if !struck.is_empty() {
                let changed = self.standing.below(struck);
                self.scopes.iter_mut().for_each(|scope| scope.add(&changed));
                return true;
            }
        }
        false
    }

    /// RmMove, RmRescue, MoveMove. Of two equal moves the right one yields.
    fn picks(&mut self, scope: &Scope) {
        let (found, same) = find::picks(&mut Lens::new(&self.standing), scope);
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
    fn content(&mut self, scope: &Scope) {
        let found = find::content(&mut Lens::new(&self.standing), scope);
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
    fn cascade(&mut self, scope: &Scope) {
        let mut lens = Lens::new(&self.standing);
        let mut lost = scope.puts(&self.standing);
        lost.retain(|(node, _, place)| {
            !self.standing.universe.is_new(*node) && lens.is_gone(place.container)
        });
        for (node, which, _) in lost {
            self.standing.strike(node, which, self.rule(node).strike());
        }
    }

    /// Blackhole, and OwnCycle.
    fn cycles(&mut self, scope: &Scope) {
        let found = find::cycles(&mut Lens::new(&self.standing), scope);
        for (found, loser) in self.judge(found) {
            for which in [0, 1] {
                if loser.is(which) {
                    for &node in &found.cycle[which] {
                        let how = self.rule(node).strike();
                        self.standing.strike(node, which, how);
                    }
                }
            }
        }
    }

    /// DropCollision.
    fn collisions(&mut self, scope: &Scope) {
        let found = find::collisions(&mut Lens::new(&self.standing), scope, true);
        for (found, loser) in self.judge(found) {
            let rule = self.rule(found.node);
            self.strike(&found, loser, rule.strike());
        }
    }

    /// What is put on a value that stays after all loses its place.
    fn occupied(&mut self, scope: &Scope) {
        let standing = &self.standing;
        let mut lens = Lens::new(standing);
        let mut lost = scope.puts(standing);
        lost.retain(|(node, _, place)| {
            let At::Name(name) = &place.at else {
                return false;
            };
            let here = standing
                .universe
                .kid(place.container, &Key::Name(name.clone()));
            // A part of a literal is not in the way, or the op would not be well formed.
            here.is_some_and(|here| {
                here != *node
                    && standing.universe.nodes[here].literal.is_none()
                    && !standing.is_removed(here)
                    && !standing.is_moved(here)
                    && lens.is_alive(place.container)
            })
        });
        for (node, which, _) in lost {
            self.note(
                &Found::new(ConflictKind::Occupied, node),
                Loser::from(which),
            );
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
            None => rule.loser(found.kind, None, self.times(found)),
            Some((which, removed)) => match self.standing.pick(removed, which) {
                State::Removed { may_return: false } => Loser::from(1 - which),
                _ => rule.loser(found.kind, Some(Loser::from(which)), self.times(found)),
            },
        }
    }

    /// When each side did its part.
    fn times(&self, found: &Found) -> [Option<EditTime>; 2] {
        let times = |node: Id, which: Which| self.standing.universe.nodes[node].sides[which].times;
        [0, 1].map(|which| {
            let in_cycle = found.cycle[which]
                .iter()
                .map(|node| times(*node, which).left)
                .max();
            let node = match (found.remove, found.rival) {
                (Some((remover, removed)), _) if remover == which => removed,
                (None, Some(rival)) if which == 1 => rival,
                _ => found.node,
            };
            let Times { left, arrived } = times(node, which);
            in_cycle.unwrap_or(match found.deed {
                Some(Deed::Edit) if found.remove.is_some_and(|(remover, _)| remover != which) => {
                    arrived
                }
                _ => left.or(arrived),
            })
        })
    }

    fn note(&mut self, found: &Found, loser: Loser) {
        if self.seen.insert(found.identity()) {
            self.log.push((found.clone(), loser));
        }
    }
}
