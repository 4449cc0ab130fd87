//! The last touch of every op: runs joined, slots numbered.

use fnv::FnvHashMap;

use super::key::Key;
use super::op::{Branch, Child, JsonOp, Mark};

/// The canonical op of two halves whose moves have any distinct slots.
pub(super) fn canonical(mut picks: Branch, mut drops: Branch) -> JsonOp {
    let (mut taken_after, mut put_after) = Default::default();
    neighbours(&picks, &mut taken_after);
    neighbours(&drops, &mut put_after);
    // What follows the same value where it was and where it comes is one run with it.
    taken_after.retain(|moved, first| put_after.get(moved) == Some(first));
    join(&mut picks, &taken_after);
    join(&mut drops, &taken_after);
    number(&mut picks, &mut drops);
    JsonOp::from_halves(picks, drops)
}

/// For each moved item the moved item directly before it, if neither has anything below.
fn neighbours(branch: &Branch, after: &mut FnvHashMap<u32, u32>) {
    for pair in branch.kids.windows(2) {
        if let (Mark::Move(a), Mark::Move(b)) = (&pair[0].branch.mark, &pair[1].branch.mark)
            && adjoin(&pair[0], &pair[1])
        {
            after.insert(*b, *a);
        }
    }
    for kid in &branch.kids {
        neighbours(&kid.branch, after);
    }
}

/// Whether two children are neighbouring items, or runs, of one time and with nothing below.
fn adjoin(a: &Child, b: &Child) -> bool {
    let neighbours = match (&a.key, &b.key) {
        (Key::Index(start), Key::Index(next)) => start.checked_add(a.len) == Some(*next),
        _ => false,
    };
    let alike = a.branch.time == b.branch.time;
    neighbours && alike && a.branch.is_leaf() && b.branch.is_leaf()
}

fn join(branch: &mut Branch, moved_along: &FnvHashMap<u32, u32>) {
    branch.kids.dedup_by(|next, last| {
        let joins = match (&last.branch.mark, &next.branch.mark) {
            (Mark::Remove(_), Mark::Remove(_)) => adjoin(last, next),
            (Mark::Move(_), Mark::Move(next)) => moved_along.contains_key(next),
            _ => false,
        };
        if joins {
            last.len += next.len;
            if let (Mark::Remove(all), Mark::Remove(more)) =
                (&mut last.branch.mark, &next.branch.mark)
            {
                *all = all.join(more);
            }
        }
        joins
    });
    for kid in &mut branch.kids {
        join(&mut kid.branch, moved_along);
    }
}

/// Numbers the slots in the order in which the wire form names them.
pub(super) fn number(picks: &mut Branch, drops: &mut Branch) {
    let mut slots = FnvHashMap::default();
    number_below(Some(picks), Some(drops), &mut slots);
}

fn number_below<'a>(
    mut picks: Option<&'a mut Branch>,
    mut drops: Option<&'a mut Branch>,
    slots: &mut FnvHashMap<u32, u32>,
) {
    for mark in [mark(&mut picks), mark(&mut drops)].into_iter().flatten() {
        if let Mark::Move(slot) = mark {
            let next = slots.len() as u32;
            *slot = *slots.entry(*slot).or_insert(next);
        }
    }
    let mut picks = kids(picks).iter_mut().peekable();
    let mut drops = kids(drops).iter_mut().peekable();
    loop {
        let (pick, drop) = match (picks.peek(), drops.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) if a.key == b.key => (picks.next(), drops.next()),
            (Some(a), Some(b)) if a.key > b.key => (None, drops.next()),
            (None, Some(_)) => (None, drops.next()),
            _ => (picks.next(), None),
        };
        number_below(
            pick.map(|kid| &mut kid.branch),
            drop.map(|kid| &mut kid.branch),
            slots,
        );
    }
}

fn mark<'b>(branch: &'b mut Option<&mut Branch>) -> Option<&'b mut Mark> {
    branch.as_mut().map(|branch| &mut branch.mark)
}

fn kids(branch: Option<&mut Branch>) -> &mut [Child] {
    branch.map_or(&mut [], |branch| &mut branch.kids)
}
