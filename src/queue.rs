//! Many small ops as one, without paying for the whole at every push.

/// An op that can be composed: what an [`OpQueue`] needs to know of it.
pub trait Compose: Clone + Default {
    /// What is wrong with ops that cannot follow each other.
    type Error;

    /// This op and then `next`, as one.
    ///
    /// # Errors
    /// When `next` cannot have been made on the result of this op.
    fn compose(&self, next: &Self) -> Result<Self, Self::Error>;

    /// Whether the op changes nothing.
    fn is_noop(&self) -> bool;

    /// What composing the op costs: its number of components.
    fn component_count(&self) -> usize;
}

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
/// use rejoin::queue::OpQueue;
/// use rejoin::text::TextOp;
/// let mut queue = OpQueue::new();
/// for (offset, key) in ["c", "a", "t"].into_iter().enumerate() {
///     queue.push(TextOp::builder().retain(offset).insert(key).finish())?;
/// }
/// assert_eq!(queue.compose()?, TextOp::builder().insert("cat").finish());
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpQueue<O> {
    /// Oldest first; each run is at least twice as heavy as the next.
    runs: Vec<Run<O>>,
}

#[derive(Clone, Debug)]
struct Run<O> {
    op: O,
    /// The components that were pushed into it (at least 1 an op), an upper bound of what it has now.
    weight: usize,
}

impl<O> Default for OpQueue<O> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<O: Compose> OpQueue<O> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `op`, which was made on the result of all ops pushed before. A no-op leaves no trace.
    ///
    /// # Errors
    /// When it cannot have been made on that; the queue is unchanged then.
    pub fn push(&mut self, op: O) -> Result<(), O::Error> {
        if op.is_noop() {
            return Ok(());
        }
        let mut run = Run {
            weight: op.component_count().max(1),
            op,
        };
        let mut kept = self.runs.len();
        while let Some(older) = self.runs[..kept].last()
            && older.weight < run.weight.saturating_mul(2)
        {
            run = Run {
                op: older.op.compose(&run.op)?,
                weight: older.weight.saturating_add(run.weight),
            };
            kept -= 1;
        }
        self.runs.truncate(kept);
        self.runs.push(run);
        Ok(())
    }

    /// All pushed ops as one; the identity when there are none. The queue is unchanged.
    ///
    /// # Errors
    /// When they do not follow each other, which [`push`](Self::push) finds in the most cases.
    ///
    /// # Cost
    /// Linear in the components of the runs.
    pub fn compose(&self) -> Result<O, O::Error> {
        // From the newest, smallest run on, so that the big ones are walked once.
        let mut runs = self.runs.iter().rev();
        let newest = runs.next().map(|run| run.op.clone()).unwrap_or_default();
        runs.try_fold(newest, |all, older| older.op.compose(&all))
    }

    /// All pushed ops as one, leaving the queue empty.
    ///
    /// # Errors
    /// Those of [`compose`](Self::compose); the queue is unchanged then.
    pub fn take(&mut self) -> Result<O, O::Error> {
        let all = self.compose()?;
        self.runs.clear();
        Ok(all)
    }

    /// Whether nothing but no-ops was pushed since the queue was made or taken.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.runs.clear();
    }
}
