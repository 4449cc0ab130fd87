//! What turns one document into another.

use super::op::{Branch, Content, JsonOp, Mark};
use super::value::Value;
use crate::text::TextOp;

impl JsonOp {
    /// An op that turns `before` into `after`, small where that is cheap to find.
    pub fn diff(before: &Option<Value>, after: &Option<Value>) -> Self {
        if before == after {
            return Self::noop();
        }
        if let (Some(Value::String(before)), Some(Value::String(after))) = (before, after) {
            return Self::text(TextOp::diff(&before.to_string(), &after.to_string()));
        }
        let half = |mark: Option<Mark>| {
            let mark = mark.unwrap_or_default();
            Branch::above(Branch {
                mark,
                ..Branch::default()
            })
        };
        Self::from_halves(
            half(before.as_ref().map(|_| Mark::Remove(Content::Unknown))),
            half(after.clone().map(Mark::Insert)),
        )
    }
}
