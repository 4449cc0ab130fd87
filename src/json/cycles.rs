//! Cycles in a graph where every node has at most two ways on: Tarjan's strongly connected components.

use fnv::FnvHashMap;

/// For each node on a cycle, of those that can be reached from `starts`, its component, by one of its nodes.
///
/// # Cost
/// Linear in the nodes that are reached. Not recursive: the chains are as long as the input likes.
pub(super) fn cycles_of(
    starts: impl Iterator<Item = usize>,
    ways: impl Fn(usize) -> [Option<usize>; 2],
) -> FnvHashMap<usize, usize> {
    let mut seen: FnvHashMap<usize, Visit> = FnvHashMap::default();
    let mut cyclic = FnvHashMap::default();
    let mut stack = Vec::new();
    let mut todo: Vec<(usize, usize)> = Vec::new();
    for start in starts {
        if !seen.contains_key(&start) {
            todo.push((start, 0));
        }
        while let Some((node, way)) = todo.pop() {
            if way == 0 {
                if seen.contains_key(&node) {
                    continue;
                }
                seen.insert(
                    node,
                    Visit {
                        order: seen.len(),
                        low: seen.len(),
                        open: true,
                    },
                );
                stack.push(node);
            } else if let Some(done) = ways(node)[way - 1]
                && let Some(&Visit {
                    low, open: true, ..
                }) = seen.get(&done)
                && let Some(visit) = seen.get_mut(&node)
            {
                visit.low = visit.low.min(low);
            }
            if way < 2 {
                todo.push((node, way + 1));
                todo.extend(
                    ways(node)[way]
                        .filter(|way| !seen.contains_key(way))
                        .map(|way| (way, 0)),
                );
                continue;
            }
            if seen
                .get(&node)
                .is_some_and(|visit| visit.low == visit.order)
            {
                let first = stack
                    .iter()
                    .rposition(|&member| member == node)
                    .unwrap_or(0);
                let is_cycle = stack.len() - first > 1 || ways(node).contains(&Some(node));
                for member in stack.drain(first..) {
                    if let Some(visit) = seen.get_mut(&member) {
                        visit.open = false;
                    }
                    if is_cycle {
                        cyclic.insert(member, node);
                    }
                }
            }
        }
    }
    cyclic
}

#[derive(Clone, Copy)]
struct Visit {
    order: usize,
    low: usize,
    open: bool,
}

#[cfg(test)]
mod tests {
    use super::cycles_of;

    #[test]
    fn finds_every_cycle_and_nothing_else() {
        // 0→1→2→0, 3→2, 4→5→4, 5→6, 7 alone
        let ways = [
            [Some(1), None],
            [Some(2), None],
            [Some(0), None],
            [Some(2), None],
            [Some(5), None],
            [Some(6), Some(4)],
            [None, None],
            [None, None],
        ];
        let parts = cycles_of(0..8, |node| ways[node]);
        assert_eq!(parts.len(), 5);
        assert!(parts[&0] == parts[&1] && parts[&1] == parts[&2]);
        assert!(parts[&4] == parts[&5] && parts[&4] != parts[&0]);
        assert_eq!(
            cycles_of(3..5, |node| ways[node]).len(),
            5,
            "what is reached from 3 and 4"
        );
    }

    #[test]
    fn a_long_chain_does_not_overflow() {
        let len = 1_000_000;
        let parts = cycles_of(0..len, |node| [(node + 1 < len).then_some(node + 1), None]);
        assert!(parts.is_empty());
    }
}
