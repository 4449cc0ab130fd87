//! Many small ops as one, without paying for the whole at every push.

use super::op::TextOp;

/// A sequence of ops, each made on the result of the one before, that is wanted as one op.
///
/// Composing each new op onto one growing op costs the size of the whole each time: quadratic. The
/// queue keeps a stack of composed runs whose sizes at least halve from the bottom up, like the digits
/// of a binary counter, and composes only runs of like size.
///
/// # Laws
/// *the queue's compose is sequential compose*, to the letter: after `push(a)`, `push(b)`, `push(c)`,
/// `compose() == a.compose(b).compose(c)`.
///
/// # Cost
/// Pushing N components in all and composing them costs O(N log N), whatever the edits; memory is
/// linear in the components that are left.
///
/// ```
/// use rejoin::text::{OpQueue, TextOp};
/// let mut queue = OpQueue::new();
/// for (offset, key) in ["c", "a", "t"].into_iter().enumerate() {
///     queue.push(TextOp::builder().retain(offset).insert(key).finish());
/// }
/// assert_eq!(queue.compose(), TextOp::builder().insert("cat").finish());
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpQueue {
    /// Oldest first; each run is at least twice as heavy as the next.
    runs: Vec<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    op: TextOp,
    /// The components that were pushed into it (at least 1 an op), an upper bound of what it has now.
    weight: usize,
}

impl OpQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `op`, which was made on the text after all ops pushed before.
    pub fn push(&mut self, op: TextOp) {
        let mut run = Run {
            weight: op.component_count().max(1),
            op,
        };
        while let Some(older) = self
            .runs
            .pop_if(|older| older.weight < run.weight.saturating_mul(2))
        {
            run = Run {
                op: older.op.compose(&run.op),
                weight: older.weight.saturating_add(run.weight),
            };
        }
        self.runs.push(run);
    }

    /// All pushed ops as one; the identity when there are none. The queue is unchanged.
    ///
    /// # Cost
    /// Linear in the components of the runs.
    pub fn compose(&self) -> TextOp {
        // From the newest, smallest run on, so that the big ones are walked once.
        let mut runs = self.runs.iter().rev();
        let Some(newest) = runs.next() else {
            return TextOp::new();
        };
        runs.fold(newest.op.clone(), |all, older| older.op.compose(&all))
    }

    /// All pushed ops as one, leaving the queue empty.
    pub fn take(&mut self) -> TextOp {
        let composed = match self.runs.pop() {
            Some(newest) => self
                .runs
                .iter()
                .rev()
                .fold(newest.op, |all, older| older.op.compose(&all)),
            None => TextOp::new(),
        };
        self.clear();
        composed
    }

    /// Whether nothing was pushed since the queue was made, cleared or taken. Pushed no-ops count.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.runs.clear();
    }
}
