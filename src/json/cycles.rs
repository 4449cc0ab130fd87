//! Cycles in a graph where every node has at most two ways on: Tarjan's strongly connected components.

/// For each node the number of the component that it is in, if that has a cycle.
///
/// # Cost
/// Linear. Not recursive: the chains are as long as the input likes.
pub(super) fn cycles_of(
    len: usize,
    ways: impl Fn(usize) -> [Option<usize>; 2],
) -> Vec<Option<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; len];
    let mut low = vec![UNSEEN; len];
    let mut component = vec![None; len];
    let mut open = vec![false; len];
    let mut stack = Vec::new();
    let mut todo: Vec<(usize, usize)> = Vec::new();
    let mut next = 0;
    for start in 0..len {
        if order[start] != UNSEEN {
            continue;
        }
        todo.push((start, 0));
        while let Some((node, way)) = todo.pop() {
            if way == 0 {
                (order[node], low[node], open[node]) = (next, next, true);
                next += 1;
                stack.push(node);
            } else if let Some(done) = ways(node)[way - 1]
                && open[done]
            {
                low[node] = low[node].min(low[done]);
            }
            if way < 2 {
                todo.push((node, way + 1));
                if let Some(target) = ways(node)[way]
                    && order[target] == UNSEEN
                {
                    todo.push((target, 0));
                }
                continue;
            }
            if low[node] == order[node] {
                let first = stack
                    .iter()
                    .rposition(|&member| member == node)
                    .unwrap_or(0);
                let cyclic = stack.len() - first > 1 || ways(node).contains(&Some(node));
                for member in stack.drain(first..) {
                    open[member] = false;
                    component[member] = cyclic.then_some(node);
                }
            }
        }
    }
    component
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
        let parts = cycles_of(8, |node| ways[node]);
        assert!(parts[0].is_some() && parts[0] == parts[1] && parts[1] == parts[2]);
        assert!(parts[4].is_some() && parts[4] == parts[5] && parts[4] != parts[0]);
        assert_eq!([parts[3], parts[6], parts[7]], [None; 3]);
    }

    #[test]
    fn a_long_chain_does_not_overflow() {
        let len = 1_000_000;
        let parts = cycles_of(len, |node| [(node + 1 < len).then_some(node + 1), None]);
        assert!(parts.iter().all(Option::is_none));
    }
}
