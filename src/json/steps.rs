//! An op as a view takes it: small changes, one after the other.

use std::collections::BTreeMap;

use fnv::FnvHashMap;
use serde::Serialize;

use super::key::{Key, Path};
use super::op::{Branch, Child, Edit, JsonOp, Mark};
use super::position::came_from;
use super::value::Value;
use crate::Error;
use crate::text::TextChange;

/// One change of a view. Paths are those of the document as it is when the step's turn comes; the root has the empty
/// path.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Step {
    /// A value goes; in a list `count` items from there on. With a `slot` they are put aside, the first under this
    /// number, the next under the one after it.
    Remove {
        /// Where.
        path: Path,
        /// How many list items; 1 for anything else.
        #[serde(skip_serializing_if = "is_one")]
        count: u32,
        /// Under which number they are put aside.
        #[serde(skip_serializing_if = "Option::is_none")]
        slot: Option<u32>,
    },
    /// A value comes, where none is; into a list before the item that is there.
    Add {
        /// Where.
        path: Path,
        /// A new value,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
        /// or what was put aside under this number,
        #[serde(skip_serializing_if = "Option::is_none")]
        slot: Option<u32>,
        /// and under the next ones: so many.
        #[serde(skip_serializing_if = "is_one")]
        count: u32,
    },
    /// A value takes the place of another one, in an object or as the root.
    Replace {
        /// Where.
        path: Path,
        /// The new value.
        value: Value,
    },
    /// A string is edited.
    Text {
        /// Where.
        path: Path,
        /// The replaced ranges.
        changes: Vec<TextChange>,
    },
}

fn is_one(count: &u32) -> bool {
    *count == 1
}

impl JsonOp {
    /// What the op does to `before`, step by step: removes first, the deepest and last first; then adds and edits from
    /// the top down. A new value under the key of a removed one replaces it.
    ///
    /// # Laws
    /// *The steps, one after the other, make what the op makes.*
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    ///
    /// # Cost
    /// That of applying the op, and what the steps say.
    pub fn steps(&self, before: &Option<Value>) -> Result<Vec<Step>, Error> {
        let mut walk = Walk::default();
        walk.remove_below(&self.picks, true);
        if self.drops.kids.is_empty() {
            return Ok(walk.finish());
        }
        // Each edit is told of the value that it finds in its place.
        let mut placed = before.clone();
        let bare = Self::from_halves((*self.picks).clone(), self.drops.without_edits());
        bare.apply(&mut placed)?;
        for root in &self.drops.kids {
            walk.place(root, Some(&self.picks));
            let picks = walk.source(root, Some(&self.picks), &self.drops);
            walk.change(root, picks, placed.as_ref())?;
        }
        Ok(walk.finish())
    }
}

/// The way to where the walk through an op is, and what it has told.
#[derive(Default)]
struct Walk<'op> {
    path: Path,
    /// `None` for a remove that turned out to be half of a replacement.
    steps: Vec<Option<Step>>,
    /// For each of the op's slots, the number of its first item, and what is picked below it.
    slots: BTreeMap<u32, (u32, &'op Branch)>,
    items: u32,
    /// By pick, the steps that remove a value of an object, or the root.
    removed: FnvHashMap<*const Branch, usize>,
}

impl Branch {
    fn without_edits(&self) -> Self {
        let mut bare = Self {
            mark: self.mark.clone(),
            ..Self::default()
        };
        for kid in &self.kids {
            bare.push(kid.key.clone(), kid.len, kid.branch.without_edits());
        }
        bare
    }
}

impl<'op> Walk<'op> {
    fn finish(self) -> Vec<Step> {
        self.steps.into_iter().flatten().collect()
    }

    /// Into a child and out again.
    fn enter<T>(&mut self, kid: &Child, then: impl FnOnce(&mut Self) -> T) -> T {
        self.path.0.push(kid.key.clone());
        let result = then(self);
        self.path.0.pop();
        result
    }

    /// The branch above the document is no part of the way.
    fn remove_below(&mut self, branch: &'op Branch, above: bool) {
        for kid in branch.kids.iter().rev() {
            if above {
                self.remove(kid);
            } else {
                self.enter(kid, |walk| walk.remove(kid));
            }
        }
    }

    fn remove(&mut self, kid: &'op Child) {
        self.remove_below(&kid.branch, false);
        let slot = match kid.branch.mark {
            Mark::Move(slot) => {
                let first = self.items;
                self.items += kid.len;
                self.slots.insert(slot, (first, &kid.branch));
                Some(first)
            }
            Mark::Remove(_) => None,
            Mark::None | Mark::Insert(_) => return,
        };
        if slot.is_none() && matches!(kid.key, Key::Name(_)) {
            self.removed.insert(&kid.branch, self.steps.len());
        }
        self.steps.push(Some(Step::Remove {
            path: self.path.clone(),
            count: kid.len,
            slot,
        }));
    }

    /// `picks` is what was picked from the container.
    fn place(&mut self, kid: &Child, picks: Option<&Branch>) {
        let (value, slot) = match &kid.branch.mark {
            Mark::Move(slot) => (None, self.slots.get(slot).map(|(first, _)| *first)),
            Mark::Insert(value) => (Some(value.clone()), None),
            Mark::None | Mark::Remove(_) => return,
        };
        let path = self.path.clone();
        if let (Some(value), Some(remove)) = (&value, self.removes(picks, &kid.key)) {
            let value = value.clone();
            self.steps[remove] = None;
            self.steps.push(Some(Step::Replace { path, value }));
            return;
        }
        self.steps.push(Some(Step::Add {
            path,
            value,
            slot,
            count: kid.len,
        }));
    }

    /// The step that removes what was under the name.
    fn removes(&self, picks: Option<&Branch>, key: &Key) -> Option<usize> {
        let Key::Name(_) = key else { return None };
        let removed: *const Branch = picks?.below(key)?;
        self.removed.get(&removed).copied()
    }

    /// What is picked below the value that a child of `drops` leads to.
    fn source(
        &self,
        kid: &Child,
        picks: Option<&'op Branch>,
        drops: &Branch,
    ) -> Option<&'op Branch> {
        match &kid.branch.mark {
            Mark::Move(slot) => self.slots.get(slot).map(|(_, picks)| *picks),
            Mark::None => picks?.below(&came_from(&kid.key, picks, drops)),
            Mark::Insert(_) | Mark::Remove(_) => None,
        }
    }

    /// What happens at and below a place where a value is now.
    fn change(
        &mut self,
        kid: &Child,
        picks: Option<&'op Branch>,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        let Some(value) = value else { return Ok(()) };
        if let Some(edit) = &kid.branch.edit {
            let step = edited(edit, value, &self.path)?;
            self.steps.push(Some(step));
        }
        // All that comes into a container is in its place before anything below is told.
        for kid in &kid.branch.kids {
            self.enter(kid, |walk| walk.place(kid, picks));
        }
        let drops = &kid.branch;
        for kid in drops.kids.iter().filter(|kid| !kid.branch.is_leaf()) {
            let picks = self.source(kid, picks, drops);
            self.enter(kid, |walk| walk.change(kid, picks, value.get(&kid.key)))?;
        }
        Ok(())
    }
}

fn edited(edit: &Edit, value: &Value, path: &Path) -> Result<Step, Error> {
    let path = path.clone();
    if let (Edit::Text(edit), Some(text)) = (edit, value.to_text()) {
        let changes = edit.utf16_changes(&text)?;
        return Ok(Step::Text { path, changes });
    }
    let mut value = value.clone();
    edit.apply(&mut value)?;
    Ok(Step::Replace { path, value })
}

impl JsonOp {
    /// An edit of the string at `path`.
    pub fn text_at(path: &Path, edit: crate::text::TextOp) -> Self {
        if edit.is_noop() {
            return Self::default();
        }
        let leaf = Branch {
            edit: Some(Edit::Text(edit)),
            ..Branch::default()
        };
        let root = path.0.iter().rev().fold(leaf, |below, key: &Key| {
            let mut branch = Branch::default();
            branch.push(key.clone(), 1, below);
            branch
        });
        Self::from_halves(Branch::default(), Branch::above(root))
    }
}
