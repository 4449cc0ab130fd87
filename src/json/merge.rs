//! Two concurrent ops as one, and what is left of each after the other.

use super::arrangement::{Arrangement, Seat};
use super::conflict::Conflict;
use super::content::Contents;
use super::find::{self, Scope};
use super::form::{At, Form, Id, Pick, Times};
use super::key::Key;
use super::lens::Lens;
use super::op::{Content, JsonOp};
use super::policy::Policy;
use super::report::report;
use super::residual::{Base, Extras, residual};
use super::resolve::{Resolved, resolve};
use super::standing::{Standing, State};
use super::universe::{Place, Universe, Which};
use super::value::Value;
use crate::Error;
use crate::text::Side;

/// What comes of two concurrent ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The left op as it must be applied after the right one.
    pub left: JsonOp,
    /// The right op as it must be applied after the left one.
    pub right: JsonOp,
    /// What was resolved, and who gave way; sorted.
    pub conflicts: Vec<Conflict>,
}

impl JsonOp {
    /// Both transformed ops and the conflicts.
    ///
    /// Both ops are rewritten into identities over their common document; conflicts are resolved as `policy` says, once; and
    /// each transformed op leads from the document after the other one to the merged document. So whatever the policy,
    /// both ways end there.
    ///
    /// # Laws
    /// *TP1*: `left` then `merge.right` is `right` then `merge.left`.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when no document fits both ops; [`Error::ContentUnknown`] when the policy restores what one
    /// removed, and that op has [no content](Self::with_content); [`Error::TooLarge`] when the merged document nests
    /// too deep.
    ///
    /// # Cost
    /// Linear in both ops, but for sorting; what is struck when conflicts are resolved is looked at again, with what hangs on it.
    pub fn merge(left: &Self, right: &Self, policy: &Policy) -> Result<Merge, Error> {
        if left.is_noop() || right.is_noop() {
            return Ok(Merge {
                left: left.clone(),
                right: right.clone(),
                conflicts: Vec::new(),
            });
        }
        if let (Some(a), Some(b)) = (left.as_untimed_text(), right.as_untimed_text()) {
            return Ok(Merge {
                left: Self::text(a.transform(b, Side::Left)),
                right: Self::text(b.transform(a, Side::Right)),
                conflicts: Vec::new(),
            });
        }
        meet(left, right, policy, |met| {
            Ok(Merge {
                left: met.rest(1)?,
                right: met.rest(0)?,
                conflicts: met.report(policy),
            })
        })
    }

    /// [`merge`](Self::merge) by someone who has `base`, the document that both ops are made on: what they remove is
    /// looked up there, where the policy asks for it.
    ///
    /// # Errors
    /// Those of [`merge`](Self::merge) and of [`with_content`](Self::with_content).
    pub fn merge_on(
        base: &Option<Value>,
        left: &Self,
        right: &Self,
        policy: &Policy,
    ) -> Result<Merge, Error> {
        if policy.restores() {
            let (left, right) = (left.with_content(base)?, right.with_content(base)?);
            return Self::merge(&left, &right, policy);
        }
        Self::merge(left, right, policy)
    }

    /// This op as it must be applied after the concurrent `other`. `side` says which of the two this one is: the accepted op is
    /// [`Side::Left`].
    ///
    /// Of what the policy restores, only what `other` removed must be known: so the authority, which knows that of all ops
    /// that it has accepted, transforms an op whose author alone knows what it removes.
    ///
    /// # Laws
    /// *transform is the half of merge*, where there is the whole.
    ///
    /// # Errors
    /// Those of [`merge`](Self::merge).
    pub fn transform(&self, other: &Self, side: Side, policy: &Policy) -> Result<Self, Error> {
        if self.is_noop() || other.is_noop() {
            return Ok(self.clone());
        }
        if let (Some(own), Some(other)) = (self.as_untimed_text(), other.as_untimed_text()) {
            return Ok(Self::text(own.transform(other, side)));
        }
        match side {
            Side::Left => meet(self, other, policy, |met| met.rest(1)),
            Side::Right => meet(other, self, policy, |met| met.rest(0)),
        }
    }

    /// Every conflict between the two ops as written, sorted.
    ///
    /// # Laws
    /// Swapping the arguments swaps the sides and nothing else.
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when no document fits both ops.
    pub fn conflicts(left: &Self, right: &Self) -> Result<Vec<Conflict>, Error> {
        let (left, right) = (Form::of(left)?, Form::of(right)?);
        let universe = Universe::unite(&left, &right)?;
        let after = [
            Arrangement::after(&universe, 0)?,
            Arrangement::after(&universe, 1)?,
        ];
        let standing = Standing::new(&universe);
        let mut lens = Lens::new(&standing);
        let mut found = find::picks(&mut lens, &Scope::All).0;
        found.extend(find::content(&mut lens, &Scope::All));
        found.extend(find::cycles(&mut lens, &Scope::All));
        found.extend(find::collisions(&mut lens, &Scope::All, false));
        Ok(report(
            &universe,
            &after,
            &Policy::default(),
            found.iter().map(|found| (found, None)),
        ))
    }
}

/// Two ops that have met, their conflicts resolved.
struct Met<'m, 'op> {
    universe: &'m Universe<'op>,
    /// The documents after either.
    after: &'m [Arrangement; 2],
    merged: &'m Arrangement,
    resolved: &'m [Resolved],
}

impl Met<'_, '_> {
    /// What is left to do where the op of side `done` is done.
    fn rest(&self, done: Which) -> Result<JsonOp, Error> {
        rest(self.universe, self.after, self.merged, done)
    }

    fn report(&self, policy: &Policy) -> Vec<Conflict> {
        let resolved = self.resolved.iter();
        report(
            self.universe,
            self.after,
            policy,
            resolved.map(|(found, loser)| (found, Some(*loser))),
        )
    }
}

fn meet<T>(
    left: &JsonOp,
    right: &JsonOp,
    policy: &Policy,
    then: impl FnOnce(&Met<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let (left, right) = (Form::of(left)?, Form::of(right)?);
    let universe = Universe::unite(&left, &right)?;
    let after = [
        Arrangement::after(&universe, 0)?,
        Arrangement::after(&universe, 1)?,
    ];
    let (standing, resolved) = resolve(&universe, policy);
    let merged = merged(&standing)?;
    then(&Met {
        universe: &universe,
        after: &after,
        merged: &merged,
        resolved: &resolved,
    })
}

/// What leads from the document after one op to the merged one.
fn rest(
    universe: &Universe<'_>,
    after: &[Arrangement; 2],
    merged: &Arrangement,
    done: Which,
) -> Result<JsonOp, Error> {
    let side = if done == 1 { Side::Left } else { Side::Right };
    let mut extras = Extras::default();
    for (id, node) in universe.nodes.iter().enumerate() {
        let edit = match (node.sides[1 - done].edit, node.sides[done].edit) {
            (None, _) => None,
            (Some(mine), None) => Some(mine.clone()),
            (Some(mine), Some(other)) => mine.transform(other, side),
        };
        extras.edits.extend(edit.map(|edit| (id, edit)));
        if let Pick::Removed(lost) = node.sides[1 - done].pick {
            // Where the other op touched what is removed, what was learned of it is not true any more.
            let untouched = node.sides[done].edit.is_none()
                && node.kids.is_empty()
                && node.drops.iter().all(Vec::is_empty);
            let content = match lost.values {
                Some(values) if untouched => Content::Known(values.into()),
                _ => Content::held(lost.may_return),
            };
            extras.removed.insert(id, content);
        }
    }
    own_times(universe, 1 - done, &mut extras);
    let contents = Contents::taken_by(universe, done);
    residual(
        universe,
        &after[done],
        merged,
        &contents,
        Base::Before,
        extras,
    )
}

/// What is left of an op keeps its times. What it did not do itself, but must do now, is as late as the latest it did.
fn own_times(universe: &Universe<'_>, own: Which, extras: &mut Extras) {
    let times = || universe.nodes.iter().map(|node| node.sides[own].times);
    let latest = times()
        .flat_map(|times| [times.left, times.arrived])
        .max()
        .flatten();
    if latest.is_none() {
        return;
    }
    extras
        .times
        .extend(times().enumerate().map(|(id, Times { left, arrived })| {
            let times = Times {
                left: left.or(arrived).or(latest),
                arrived: arrived.or(left).or(latest),
            };
            (id, times)
        }));
}

/// The document after what is left of both ops.
fn merged(standing: &Standing<'_, '_>) -> Result<Arrangement, Error> {
    let universe = standing.universe;
    let mut lens = Lens::new(standing);
    let put = |node: Id, by: Which| {
        standing.put(node, by).map(|place| Seat::Put {
            by,
            place: place.clone(),
        })
    };
    let mut seat = |node: Id| {
        if standing.is_removed(node) {
            return Seat::Nowhere;
        }
        let is_new = universe.is_new(node);
        let mut counts = |by: &Which| match (is_new, standing.put(node, *by)) {
            (true, Some(place)) => lens.is_alive(place.container),
            (false, Some(_)) => standing.pick(node, *by) == State::Moved,
            (_, None) => false,
        };
        let by = [0, 1].into_iter().find(&mut counts);
        by.and_then(|by| put(node, by)).unwrap_or(match is_new {
            true => Seat::Nowhere,
            false => Seat::Home,
        })
    };
    let places: Vec<Seat> = (0..universe.nodes.len()).map(&mut seat).collect();
    let drops = (0..universe.nodes.len())
        .map(|container| merged_drops(universe, &places, container))
        .collect();
    Arrangement::lay_out(universe, places, drops)
}

/// What both put into a container, in order.
fn merged_drops(universe: &Universe<'_>, places: &[Seat], container: Id) -> Vec<Id> {
    let mut order = DropOrder::new(universe, places, container);
    let [left, right] = [0, 1].map(|which: Which| {
        let drops = universe.nodes[container].drops[which].iter().copied();
        let here = drops.filter(|drop| {
            matches!(&places[*drop], Seat::Put { by, place } if *by == which && place.container == container)
        });
        order.restart();
        here.map(|drop| (drop, order.rank(drop))).collect::<Vec<_>>()
    });
    if right.is_empty() || left.is_empty() {
        return left
            .into_iter()
            .chain(right)
            .map(|(drop, _)| drop)
            .collect();
    }
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut drops = Vec::with_capacity(left.len() + right.len());
    while let (Some((_, a)), Some((_, b))) = (left.peek(), right.peek()) {
        let next = if right_first(a, b) {
            &mut right
        } else {
            &mut left
        };
        drops.extend(next.next().map(|(drop, _)| drop));
    }
    drops.extend(left.chain(right).map(|(drop, _)| drop));
    drops
}

/// Where a drop stands in its list: how many base items that stay come before it, and its place.
type Rank<'a> = (u32, &'a At);

/// Whether the right drop comes before the left one. First, what stays before them decides; then their gaps, if they are
/// apart; else it is a tie, and left goes first. Drops of one op keep their order. `docs/json-ot.md` shows that this
/// is a total order.
fn right_first(left: &Rank<'_>, right: &Rank<'_>) -> bool {
    match (left.1, right.1) {
        (At::Name(a), At::Name(b)) => b < a,
        (At::Gap { gap: a, .. }, At::Gap { hi, .. }) => {
            right.0 < left.0 || (right.0 == left.0 && hi < a)
        }
        _ => false,
    }
}

/// Counts through a list along ascending gaps.
struct DropOrder<'a, 'op> {
    universe: &'a Universe<'op>,
    places: &'a [Seat],
    container: Id,
    next: usize,
    gone: u32,
}

impl<'a, 'op> DropOrder<'a, 'op> {
    fn new(universe: &'a Universe<'op>, places: &'a [Seat], container: Id) -> Self {
        Self {
            universe,
            places,
            container,
            next: 0,
            gone: 0,
        }
    }

    fn restart(&mut self) {
        (self.next, self.gone) = (0, 0);
    }

    fn rank(&mut self, drop: Id) -> Rank<'a> {
        const NOWHERE: &At = &At::Gap { gap: 0, hi: 0 };
        let Seat::Put {
            place: Place { at, .. },
            ..
        } = &self.places[drop]
        else {
            return (0, NOWHERE);
        };
        let At::Gap { gap, .. } = at else {
            return (0, at);
        };
        let kids = &self.universe.nodes[self.container].kids;
        while let Some(&kid) = kids.get(self.next) {
            let node = &self.universe.nodes[kid];
            match node.home.as_ref().map(|home| &home.key) {
                Some(Key::Index(start)) if start < gap => {}
                _ => break,
            }
            if self.places[kid] != Seat::Home {
                self.gone += node.len;
            }
            self.next += 1;
        }
        (gap - self.gone.min(*gap), at)
    }
}
