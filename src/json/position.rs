//! Where places go when the document around them changes.

use super::key::{Key, Path};
use super::op::{Branch, Child, Edit, JsonOp, Mark};
use crate::text::Bias;
use crate::units::CharOffset;

impl JsonOp {
    /// Where the value that is at `path` before the op is after it; `None` when the op removes it. A value that is not
    /// touched goes with what it is in, a moved one where it is moved.
    ///
    /// # Cost
    /// Linear in the path and the children of the op along it; in the op when a value on the path is moved.
    ///
    /// ```
    /// # use rejoin::json::{JsonOp, Path};
    /// let op: JsonOp = serde_json::from_str(r#"[["done",0,{"d":0}],["todo",[0,{"r":true}],[2,{"p":0}]]]"#)?;
    /// let at = |path: Path| op.map_path(&path).map(|path| path.to_string());
    /// assert_eq!(at(Path(vec!["todo".into(), 2.into(), "text".into()])).as_deref(), Some("/done/0/text"));
    /// assert_eq!(at(Path(vec!["todo".into(), 3.into()])).as_deref(), Some("/todo/1"));
    /// assert_eq!(at(Path(vec!["todo".into(), 0.into(), "text".into()])), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_path(&self, path: &Path) -> Option<Path> {
        self.follow(path).map(|(path, _)| path)
    }

    /// Where a position in a string goes: `offset`, in the string at `path` before the op. `bias` says on which side of text
    /// that is inserted exactly there it stays. `None` when the op removes the string.
    ///
    /// # Laws
    /// *map_position commutes with apply*: a marker planted at the position stands at the mapped one after the op.
    pub fn map_position(
        &self,
        path: &Path,
        offset: CharOffset,
        bias: Bias,
    ) -> Option<(Path, CharOffset)> {
        let (path, edit) = self.follow(path)?;
        Some(match edit {
            Some(Edit::Text(edit)) => (path, edit.map_position(offset, bias)),
            _ => (path, offset),
        })
    }

    /// Where the value goes, and what edits it.
    fn follow(&self, path: &Path) -> Option<(Path, Option<&Edit>)> {
        let root = super::op::root_key();
        let keys: Vec<&Key> = std::iter::once(&root).chain(&path.0).collect();
        let (mut at, mut picks) = (0, Some(&*self.picks));
        let (mut mapped, mut drops) = (Vec::new(), Some(&*self.drops));
        // A moved value is where it is dropped, whatever becomes of what it was in.
        if let Some((last, slot, skipped)) = self.last_move(&keys) {
            mapped = self.dropped_at(slot, skipped)?;
            drops = mapped
                .iter()
                .try_fold(&*self.drops, |branch, key| branch.below(key));
            for key in &keys[..=last] {
                picks = picks.and_then(|picks| picks.below(key));
            }
            at = last + 1;
        }
        for key in &keys[at..] {
            let kid = picks.and_then(|picks| picks.covering(key));
            if kid.is_some_and(|kid| kid.branch.mark != Mark::None) {
                return None;
            }
            let key = stays_at(key, picks, drops);
            picks = kid.map(|kid| &kid.branch);
            drops = drops.and_then(|drops| drops.below(&key));
            mapped.push(key);
        }
        let edit = drops.and_then(|drops| drops.edit.as_ref());
        mapped.remove(0);
        Some((Path(mapped), edit))
    }

    /// The deepest move on the path: how deep, its slot, and how many items of its run come before.
    fn last_move(&self, keys: &[&Key]) -> Option<(usize, u32, u32)> {
        let mut picks = &*self.picks;
        let mut last = None;
        for (depth, key) in keys.iter().enumerate() {
            let Some(kid) = picks.covering(key) else {
                break;
            };
            if let Mark::Move(slot) = kid.branch.mark {
                let skipped = match (&kid.key, key) {
                    (Key::Index(start), Key::Index(index)) => index - start,
                    _ => 0,
                };
                last = Some((depth, slot, skipped));
            }
            picks = &kid.branch;
        }
        last
    }

    /// The path at which a slot is dropped, from the container above the document on.
    fn dropped_at(&self, slot: u32, skipped: u32) -> Option<Vec<Key>> {
        fn search(branch: &Branch, slot: u32, skipped: u32, path: &mut Vec<Key>) -> bool {
            branch.kids.iter().any(|kid| {
                path.push(match &kid.key {
                    Key::Index(start) if kid.branch.mark == Mark::Move(slot) => {
                        Key::Index(start + skipped)
                    }
                    key => key.clone(),
                });
                let found =
                    kid.branch.mark == Mark::Move(slot) || search(&kid.branch, slot, skipped, path);
                if !found {
                    path.pop();
                }
                found
            })
        }
        let mut path = Vec::new();
        search(&self.drops, slot, skipped, &mut path).then_some(path)
    }
}

/// The key, after the op, of a value that stays in its container.
fn stays_at(key: &Key, picks: Option<&Branch>, drops: Option<&Branch>) -> Key {
    shifted(key, picks, drops)
}

/// The key, before the op, of a value that stays in its container and is at `key` after it.
pub(super) fn came_from(key: &Key, picks: Option<&Branch>, drops: &Branch) -> Key {
    shifted(key, Some(drops), picks)
}

/// Where what is at `key` is once the runs of `out` are taken out of the list, and then those of `into` are put in.
fn shifted(key: &Key, out: Option<&Branch>, into: Option<&Branch>) -> Key {
    let Key::Index(index) = key else {
        return key.clone();
    };
    let gone: u32 = runs(out)
        .take_while(|(start, _)| start < index)
        .map(|(_, len)| len)
        .sum();
    let mut index = index - gone.min(*index);
    for (start, len) in runs(into) {
        if start > index {
            break;
        }
        index += len;
    }
    Key::Index(index)
}

/// The runs of a list that are picked up or dropped: where they start, and how long they are.
fn runs(branch: Option<&Branch>) -> impl Iterator<Item = (u32, u32)> {
    let kids = branch.into_iter().flat_map(|branch| &branch.kids);
    let marked = kids.filter(|kid| kid.branch.mark != Mark::None);
    marked.filter_map(|kid| match kid.key {
        Key::Index(start) => Some((start, kid.len)),
        Key::Name(_) => None,
    })
}

impl Branch {
    /// The child at `key`, or the run that holds it.
    fn covering(&self, key: &Key) -> Option<&Child> {
        let after = self.kids.partition_point(|kid| kid.key <= *key);
        let kid = self.kids.get(after.checked_sub(1)?)?;
        let covers = match (&kid.key, key) {
            (Key::Index(start), Key::Index(index)) => index - start < kid.len,
            (kid, key) => kid == key,
        };
        covers.then_some(kid)
    }

    pub(super) fn below(&self, key: &Key) -> Option<&Self> {
        self.covering(key).map(|kid| &kid.branch)
    }
}
