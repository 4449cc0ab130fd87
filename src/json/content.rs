//! What inserted and restored values are.

use std::sync::Arc;

use super::arrangement::Arrangement;
use super::form::{ABOVE, Id, Lost, Pick, misfit};
use super::key::Key;
use super::universe::{Node, Universe, Which};
use super::value::Value;
use crate::Error;

/// By node, what is known of its value: of literals, and of what was taken from the document.
#[derive(Debug)]
pub(super) struct Contents {
    values: Vec<Option<Arc<[Value]>>>,
    /// The form that took the values, and had moved parts of them out before; `None` when they are whole.
    taken_by: Option<Which>,
}

impl Contents {
    /// The literals, and what is known of what the form took away.
    pub(super) fn taken_by(universe: &Universe<'_>, which: Which) -> Self {
        let mut this = Self {
            values: vec![None; universe.nodes.len()],
            taken_by: Some(which),
        };
        for (id, node) in universe.nodes.iter().enumerate() {
            // Parents come first: what is not known yet is not part of anything known.
            if this.values[id].is_some() {
                continue;
            }
            this.values[id] = match (node.sides[which].pick, node.literal) {
                (
                    Pick::Removed(Lost {
                        values: Some(values),
                        ..
                    }),
                    _,
                ) => Some(values.into()),
                (_, Some(literal)) if universe.is_new(id) => Some([literal.clone()].into()),
                _ => continue,
            };
            this.spread(universe, id);
        }
        this
    }

    /// The values of the base document.
    pub(super) fn of_document(universe: &Universe<'_>, doc: &Option<Value>) -> Self {
        let mut this = Self {
            values: vec![None; universe.nodes.len()],
            taken_by: None,
        };
        for (id, node) in universe.nodes.iter().enumerate() {
            if let (true, Some(literal)) = (universe.is_new(id), node.literal) {
                this.values[id] = Some([literal.clone()].into());
            } else if universe.parent(id) == Some(ABOVE) {
                this.values[id] = doc.clone().map(|root| [root].into());
            } else {
                continue;
            }
            this.spread(universe, id);
        }
        this
    }

    /// What is known of the node's value, as the document or the literal has it.
    pub(super) fn value(&self, node: Id) -> Option<&Value> {
        self.values[node].as_ref()?.first()
    }

    /// Whether a part of a known value is there, and of its kind.
    pub(super) fn check_part(&self, universe: &Universe<'_>, node: Id) -> Result<(), Error> {
        let Node { kind, home, .. } = &universe.nodes[node];
        match (self.value(node), home) {
            (Some(value), _) if kind.is_some_and(|kind| !kind.is_of(value)) => {
                misfit("an inserted value is used as what it is not")
            }
            (None, Some(home))
                if self.value(home.parent).is_some() && !self.is_out(universe, node) =>
            {
                misfit("an inserted value has no such part")
            }
            _ => Ok(()),
        }
    }

    /// From a known value down to its parts.
    fn spread(&mut self, universe: &Universe<'_>, root: Id) {
        let mut todo = vec![root];
        while let Some(parent) = todo.pop() {
            let Some(value) = self.value(parent).cloned() else {
                continue;
            };
            let mut out = 0;
            for &kid in &universe.nodes[parent].kids {
                let node = &universe.nodes[kid];
                if self.is_out(universe, kid) {
                    out += node.len;
                    continue;
                }
                self.values[kid] = match (&value, node.home.as_ref().map(|home| &home.key)) {
                    (Value::List(list), Some(Key::Index(start))) => {
                        list.range(start.saturating_sub(out), node.len)
                    }
                    (Value::Object(object), Some(Key::Name(name))) => {
                        object.get(name).map(|value| [value.clone()].into())
                    }
                    _ => None,
                };
                todo.push(kid);
            }
        }
    }

    /// Whether the form that took the value above had moved this part out of it before.
    pub(super) fn is_out(&self, universe: &Universe<'_>, node: Id) -> bool {
        self.taken_by.is_some_and(|which| {
            matches!(
                universe.nodes[node].sides[which].pick,
                Pick::Moved | Pick::Removed(_)
            )
        })
    }

    /// The values of a node that is inserted on the way from one arrangement to another: without the parts that are
    /// elsewhere.
    ///
    /// # Errors
    /// [`Error::ContentUnknown`]
    pub(super) fn of(
        &self,
        universe: &Universe<'_>,
        node: Id,
        from: &Arrangement,
        to: &Arrangement,
    ) -> Result<Arc<[Value]>, Error> {
        let Some(values) = &self.values[node] else {
            return Err(Error::ContentUnknown);
        };
        if universe.nodes[node].kids.is_empty() {
            return Ok(values.clone());
        }
        let strip = |value: &Value| {
            let mut value = value.clone();
            self.strip(universe, &mut value, node, from, to);
            value
        };
        Ok(values.iter().map(strip).collect())
    }

    /// Takes out of the node's value what is elsewhere.
    fn strip(
        &self,
        universe: &Universe<'_>,
        value: &mut Value,
        node: Id,
        from: &Arrangement,
        to: &Arrangement,
    ) {
        let mut out = 0;
        let mut elsewhere = Vec::new();
        for &kid in &universe.nodes[node].kids {
            let node = &universe.nodes[kid];
            if self.is_out(universe, kid) {
                out += node.len;
                continue;
            }
            let Some(home) = &node.home else { continue };
            let key = match &home.key {
                Key::Index(start) => Key::Index(start.saturating_sub(out)),
                name => name.clone(),
            };
            if !(to.stays(kid) && (self.taken_by.is_some() || from.stays(kid))) {
                elsewhere.push((key, node.len));
            } else if !node.kids.is_empty() {
                value.update(&key, |value| self.strip(universe, value, kid, from, to));
            }
        }
        value.remove_all(&elsewhere);
    }
}
