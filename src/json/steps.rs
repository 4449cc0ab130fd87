//! An op as a view takes it: small changes, one after the other.

use serde::Serialize;

use super::key::{Key, Path};
use super::op::{Branch, Child, Edit, JsonOp, Mark};
use super::value::Value;
use crate::Error;
use crate::text::TextChange;

/// One change of a view. Paths are those of the document as it is when the step's turn comes; the root has the empty
/// path.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Step {
    /// A value goes; in a list `count` items from there on. With a `slot`, they come back under that number.
    Remove {
        /// Where.
        path: Path,
        /// How many list items; 1 for anything else.
        #[serde(skip_serializing_if = "is_one")]
        count: u32,
        /// Under which number they come back.
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
        /// or what was removed under this number.
        #[serde(skip_serializing_if = "Option::is_none")]
        slot: Option<u32>,
    },
    /// A value takes the place of another one.
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
    /// the top down.
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
        let mut steps = Vec::new();
        remove(&self.picks, &mut Path::default(), &mut steps);
        if self.drops.kids.is_empty() {
            return Ok(steps);
        }
        // Each edit is told of the value that it finds in its place.
        let mut placed = before.clone();
        let bare = Self::from_halves((*self.picks).clone(), self.drops.without_edits());
        bare.apply(&mut placed)?;
        add(
            &self.drops,
            placed.as_ref(),
            &mut Path::default(),
            &mut steps,
        )?;
        Ok(steps)
    }
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

/// The path of a child; the branch above the document does not count.
fn enter<T>(path: &mut Path, kid: &Child, top: bool, then: impl FnOnce(&mut Path) -> T) -> T {
    if top {
        return then(path);
    }
    path.0.push(kid.key.clone());
    let result = then(path);
    path.0.pop();
    result
}

fn remove(branch: &Branch, path: &mut Path, steps: &mut Vec<Step>) {
    remove_below(branch, path, true, steps);
}

fn remove_below(branch: &Branch, path: &mut Path, top: bool, steps: &mut Vec<Step>) {
    for kid in branch.kids.iter().rev() {
        enter(path, kid, top, |path| {
            remove_below(&kid.branch, path, false, steps);
            let slot = match kid.branch.mark {
                Mark::Move(slot) => Some(slot),
                Mark::Remove(_) => None,
                Mark::None | Mark::Insert(_) => return,
            };
            steps.push(Step::Remove {
                path: path.clone(),
                count: kid.len,
                slot,
            });
        });
    }
}

fn add(
    branch: &Branch,
    root: Option<&Value>,
    path: &mut Path,
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    branch.kids.iter().try_for_each(|kid| {
        place(kid, path, steps);
        change(kid, root, path, steps)
    })
}

fn place(kid: &Child, path: &Path, steps: &mut Vec<Step>) {
    let (value, slot) = match &kid.branch.mark {
        Mark::Move(slot) => (None, Some(*slot)),
        Mark::Insert(value) => (Some(value.clone()), None),
        Mark::None | Mark::Remove(_) => return,
    };
    steps.push(Step::Add {
        path: path.clone(),
        value,
        slot,
    });
}

/// What happens at and below a place where a value is now.
fn change(
    kid: &Child,
    value: Option<&Value>,
    path: &mut Path,
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    let Some(value) = value else { return Ok(()) };
    if let Some(edit) = &kid.branch.edit {
        steps.push(edited(edit, value, path)?);
    }
    // All that comes into a container is in its place before anything below is told.
    for kid in &kid.branch.kids {
        enter(path, kid, false, |path| place(kid, path, steps));
    }
    kid.branch
        .kids
        .iter()
        .filter(|kid| !kid.branch.is_leaf())
        .try_for_each(|kid| {
            enter(path, kid, false, |path| {
                change(kid, value.get(&kid.key), path, steps)
            })
        })
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
