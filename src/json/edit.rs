//! Edits of a value that stays the same value: texts and counters.

use super::form::misfit;
use super::number::Number;
use super::op::Edit;
use super::value::Value;
use crate::Error;
use crate::text::Side;

impl Edit {
    /// Whether it changes nothing. No canonical op has such an edit.
    pub(super) fn is_noop(&self) -> bool {
        match self {
            Self::Text(edit) => edit.is_noop(),
            Self::Add(addend) => *addend == 0,
        }
    }

    /// Whether the edit fits the value: the errors of [`apply`](Self::apply).
    pub(super) fn check_fits(&self, value: &Value) -> Result<(), Error> {
        match (self, value) {
            (Self::Text(edit), Value::String(string)) => string.check_fits(edit),
            (Self::Add(addend), Value::Number(number)) => sum(*number, *addend).map(drop),
            (Self::Text(_), _) => misfit("a text edit of what is no string"),
            (Self::Add(_), _) => misfit("an addition to what is no number"),
        }
    }

    /// Changes the value.
    pub(super) fn apply(&self, value: &mut Value) -> Result<(), Error> {
        match (self, value) {
            (Self::Text(edit), Value::String(string)) => string.apply(edit),
            (Self::Add(addend), Value::Number(number)) => {
                *number = sum(*number, *addend)?;
                Ok(())
            }
            (_, value) => self.check_fits(value),
        }
    }

    /// This edit and then `next`; `None` when nothing is left.
    pub(super) fn compose(&self, next: &Self) -> Result<Option<Self>, Error> {
        match (self, next) {
            (Self::Text(a), Self::Text(b)) => Ok(Self::text(a.compose(b))),
            (Self::Add(a), Self::Add(b)) => Self::add(a + b),
            _ => misfit("a text edit and an addition of one value"),
        }
    }

    /// This edit as it is to be made after the other.
    pub(super) fn transform(&self, other: &Self, side: Side) -> Option<Self> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Self::text(a.transform(b, side)),
            _ => Some(self.clone()),
        }
    }

    /// The edit that takes this one back.
    pub(super) fn invert(&self, before: &Value) -> Result<Option<Self>, Error> {
        match (self, before) {
            (Self::Text(edit), Value::String(string)) => {
                Ok(Self::text(edit.invert(&string.to_text())?))
            }
            (Self::Add(addend), Value::Number(_)) => Ok(Some(Self::Add(-addend))),
            (_, value) => self.check_fits(value).map(|()| None),
        }
    }

    fn text(edit: crate::text::TextOp) -> Option<Self> {
        (!edit.is_noop()).then_some(Self::Text(edit))
    }

    fn add(addend: i64) -> Result<Option<Self>, Error> {
        match Number::from_safe_integer(addend) {
            None => Err(Error::UnsafeInteger),
            Some(_) => Ok((addend != 0).then_some(Self::Add(addend))),
        }
    }
}

/// Counters stay exact: floating-point sums depend on their order, so copies would differ.
fn sum(number: Number, addend: i64) -> Result<Number, Error> {
    number
        .as_safe_integer()
        .and_then(|number| Number::from_safe_integer(number + addend))
        .ok_or(Error::UnsafeInteger)
}
