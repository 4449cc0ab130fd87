//! Two ops in sequence as one.

use super::arrangement::Arrangement;
use super::content::Contents;
use super::form::{At, Form, Pick, Times, misfit};
use super::key::Key;
use super::op::{Content, Edit, JsonOp};
use super::residual::{Base, Extras, residual};
use super::universe::Universe;
use crate::Error;
use crate::queue::Compose;

impl JsonOp {
    /// One op that does what `self` and then `next` do.
    ///
    /// Both are seen from the document between them: one form takes back what `self` did, the other does what `next`
    /// does, and the op from the one end to the other is their composition.
    ///
    /// # Laws
    /// *compose is apply twice*: `apply(doc, a.compose(b)) = apply(apply(doc, a), b)`.
    ///
    /// What the ops have learned of the content they remove is forgotten, as it may be that of the document between: it is
    /// [held](Self::held), to be [told again](Self::with_content).
    ///
    /// # Errors
    /// [`Error::MalformedOp`] when `next` fits the result of no document; [`Error::UnsafeInteger`] when two additions are
    /// too much for one. Never for ops that were applied in sequence to one document.
    pub fn compose(&self, next: &Self) -> Result<Self, Error> {
        if self.is_noop() || next.is_noop() {
            let op = if self.is_noop() { next } else { self };
            return Ok(op.clone());
        }
        if let (Some(a), Some(b)) = (self.as_untimed_text(), next.as_untimed_text()) {
            return Ok(Self::text(a.compose(b)));
        }
        let (back, forth) = (Form::undoing(self)?, Form::of(next)?);
        let universe = Universe::unite(&back, &forth)?;
        let contents = Contents::taken_by(&universe, 0);
        check_sequence(&universe, &contents)?;
        let before = Arrangement::after(&universe, 0)?;
        let after = Arrangement::after(&universe, 1)?;
        let mut extras = Extras::default();
        for (id, node) in universe.nodes.iter().enumerate() {
            let edit = match (node.sides[0].edit, node.sides[1].edit) {
                (None, None) => None,
                (Some(edit), None) | (None, Some(edit)) => Some(edit.clone()),
                (Some(first), Some(second)) => first.compose(second)?,
            };
            extras.edits.extend(edit.map(|edit: Edit| (id, edit)));
            // Of two moves of one value, or an insert and its edit, the later time counts.
            let [first, second] = [0, 1].map(|which| node.sides[which].times);
            extras.times.insert(
                id,
                Times {
                    left: first.arrived.max(second.left),
                    arrived: first.left.max(second.arrived),
                },
            );
            let may_return = match node.sides[1].pick {
                Pick::Removed(lost) => lost.may_return,
                _ => node.may_return,
            };
            extras.removed.insert(id, Content::held(may_return));
        }
        residual(&universe, &before, &after, &contents, Base::Between, extras)
    }
}

/// Whether the second op fits what the first is known to leave behind.
fn check_sequence(universe: &Universe<'_>, contents: &Contents) -> Result<(), Error> {
    for (id, node) in universe.nodes.iter().enumerate() {
        for which in [0, 1] {
            for &drop in &node.drops[which] {
                let touch = &universe.nodes[drop].sides[which];
                let Some(At::Name(name)) = touch.place.as_ref().map(|place| &place.at) else {
                    continue;
                };
                // What the first op took from here is not here; what the second puts here finds no other.
                let here = universe.kid(id, &Key::Name(name.clone()));
                if here.is_some_and(|here| universe.nodes[here].sides[which].pick == Pick::None) {
                    return misfit(match which {
                        0 => "the second op uses a value that the first one took",
                        _ => "the second op drops a value on one that is still there",
                    });
                }
            }
        }
        contents.check_part(universe, id)?;
    }
    Ok(())
}

impl Compose for JsonOp {
    type Error = Error;

    fn compose(&self, next: &Self) -> Result<Self, Error> {
        self.compose(next)
    }

    fn is_noop(&self) -> bool {
        self.is_noop()
    }

    fn component_count(&self) -> usize {
        self.component_count()
    }
}
