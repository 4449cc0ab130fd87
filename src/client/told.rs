//! Conflicts as the user is told of them: with the values, and where the document has them now.

use crate::json::{Conflict, Deed, JsonOp, Part, Path, Value};

/// Two concurrent ops on one value, and that value after each of them alone.
pub(super) struct Sides<'a> {
    pub(super) remote: (&'a JsonOp, &'a Option<Value>),
    pub(super) local: (&'a JsonOp, &'a Option<Value>),
    /// The remote op over the local one.
    pub(super) patch: &'a JsonOp,
}

/// Completes the conflicts between a remote op, the left one, and a local one. What a part inserts it knows; edited and
/// moved values are those of its side; a removed one is as the other side has it, so that nothing of it is lost. Each path is
/// moved to where the value is once the patch is applied over the local op.
pub(super) fn tell(conflicts: &mut [Conflict], sides: &Sides<'_>) {
    for conflict in conflicts.iter_mut() {
        for part in &mut conflict.left {
            complete(part, sides.remote, sides.local);
        }
        for part in &mut conflict.right {
            complete(part, sides.local, sides.remote);
        }
    }
    relocate(conflicts, sides.local.0);
    relocate(conflicts, sides.patch);
}

/// Moves the paths of conflicts over an op.
pub(super) fn relocate(conflicts: &mut [Conflict], op: &JsonOp) {
    for conflict in conflicts {
        conflict.path = landed(&conflict.path, op);
    }
}

fn complete(
    part: &mut Part,
    (_, own): (&JsonOp, &Option<Value>),
    (other, theirs): (&JsonOp, &Option<Value>),
) {
    let known = match part.deed {
        Deed::Insert => None,
        Deed::Edit => value_at(own, &part.at),
        Deed::Move => value_at(own, part.to.as_ref().unwrap_or(&part.at)),
        Deed::Remove => other
            .map_path(&part.at)
            .and_then(|path| value_at(theirs, &path)),
    };
    part.value = known.or_else(|| part.value.take());
}

fn value_at(value: &Option<Value>, path: &Path) -> Option<Value> {
    path.0
        .iter()
        .try_fold(value.as_ref()?, |value, key| value.get(key))
        .cloned()
}

/// Where the value goes; of one that goes away, the place where it was, as far as there is a way to it.
fn landed(path: &Path, op: &JsonOp) -> Path {
    if let Some(path) = op.map_path(path) {
        return path;
    }
    let Some((last, container)) = path.0.split_last() else {
        return path.clone();
    };
    let mut path = landed(&Path(container.to_vec()), op);
    path.0.push(last.clone());
    path
}
