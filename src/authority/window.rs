//! The newest ops of a document: what a submitted op is transformed over.

use std::collections::VecDeque;

use crate::Error;
use crate::protocol::Committed;

/// Bounds on what one document, and one client, can make an authority keep and compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many of the newest ops an op may be transformed over; one that is further back is `behind`.
    pub window_ops: usize,
    /// How many components those ops may have together.
    pub window_components: usize,
    /// How many components an op may have.
    pub op_components: usize,
    /// How large a document may grow, in the unit of [`Value::size`](crate::json::Value::size): a scalar of
    /// text, or a value.
    pub value_size: usize,
    /// How many ops one batch of a catch-up holds.
    pub batch_ops: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_ops: 1_000,
            window_components: 100_000,
            op_components: 1_000_000,
            value_size: 16 * 1024 * 1024,
            batch_ops: 500,
        }
    }
}

/// The ops of the revisions `(start, head]`.
#[derive(Debug, Default)]
pub(super) struct Window {
    ops: VecDeque<Committed>,
    components: usize,
    head: u64,
}

impl Window {
    /// The ops that end at `head`.
    pub(super) fn new(head: u64, ops: Vec<Committed>) -> Result<Self, Error> {
        if ops.len() as u64 > head {
            return Err(Error::StorageCorrupt {
                reason: format!("{} ops lead to revision {head}", ops.len()),
            });
        }
        let components = ops.iter().map(|c| c.op.component_count()).sum();
        Ok(Self {
            ops: ops.into(),
            components,
            head,
        })
    }

    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The oldest base that an op can be transformed from.
    pub(super) fn start(&self) -> u64 {
        self.head - self.ops.len() as u64
    }

    /// The ops after `base`, which lies in the window.
    pub(super) fn after(&self, base: u64) -> impl ExactSizeIterator<Item = &Committed> {
        let skip = base.saturating_sub(self.start());
        self.ops.range((skip as usize).min(self.ops.len())..)
    }

    pub(super) fn push(&mut self, committed: Committed, limits: &Limits) {
        self.components += committed.op.component_count();
        self.ops.push_back(committed);
        self.head += 1;
        while self.ops.len() > limits.window_ops || self.components > limits.window_components {
            let Some(oldest) = self.ops.pop_front() else {
                break;
            };
            self.components -= oldest.op.component_count();
        }
    }
}
