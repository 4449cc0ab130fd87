//! The entries on their way to storage.

use std::collections::VecDeque;

use super::entry::Entry;
use crate::json::Value;

/// After this many entries a checkpoint takes their place, unless the document is larger than they are.
const CHECKPOINT_ENTRIES: usize = 256;

/// Numbers the batches, and knows which of them are durable.
#[derive(Debug)]
pub(super) struct Journal {
    entries: Vec<Entry>,
    /// Cost of the stored entries, in components and entries, against that of a checkpoint.
    appended: usize,
    never_stored: bool,
    last_batch: u64,
    saved_batch: u64,
    /// For each batch not durable yet: its number, and how many edits had been made.
    outstanding: VecDeque<(u64, u64)>,
    saved_edits: u64,
}

impl Journal {
    /// `stored`: how many entries storage holds; none when it holds nothing at all.
    pub(super) fn new(stored: Option<usize>) -> Self {
        Self {
            entries: Vec::new(),
            appended: stored.unwrap_or(0),
            never_stored: stored.is_none(),
            last_batch: 0,
            saved_batch: 0,
            outstanding: VecDeque::new(),
            saved_edits: 0,
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The next batch: its number, its entries, and whether a checkpoint goes in their place.
    pub(super) fn next(
        &mut self,
        edits: u64,
        value_size: usize,
    ) -> Option<(u64, Vec<Entry>, bool)> {
        if self.entries.is_empty() && !self.never_stored {
            // Edits that cancelled out need no entry; they are as saved as what came before them.
            match self.outstanding.back_mut() {
                Some((_, edits_then)) => *edits_then = edits,
                None => self.saved_edits = edits,
            }
            return None;
        }
        let mut entries = std::mem::take(&mut self.entries);
        self.appended += entries.iter().map(cost).sum::<usize>();
        let checkpoint =
            self.never_stored || self.appended > CHECKPOINT_ENTRIES.max(value_size / 8);
        if checkpoint {
            entries.clear();
            self.appended = 0;
            self.never_stored = false;
        }
        self.last_batch += 1;
        self.outstanding.push_back((self.last_batch, edits));
        Some((self.last_batch, entries, checkpoint))
    }

    /// The number that the next batch gets.
    pub(super) fn next_batch(&self) -> u64 {
        self.last_batch + 1
    }

    pub(super) fn persisted(&mut self, batch: u64) {
        while let Some(&(number, edits)) = self.outstanding.front() {
            if number > batch {
                break;
            }
            self.saved_edits = edits;
            self.saved_batch = number;
            self.outstanding.pop_front();
        }
    }

    /// The edits that were stored already when the replica was restored.
    pub(super) fn restored(&mut self, edits: u64) {
        self.saved_edits = edits;
    }

    pub(super) fn is_saved(&self, batch: u64) -> bool {
        batch <= self.saved_batch
    }

    pub(super) fn saved_edits(&self) -> u64 {
        self.saved_edits
    }
}

fn cost(entry: &Entry) -> usize {
    1 + match entry {
        Entry::Edit { op } => op.component_count(),
        Entry::Ops { ops, .. } => ops.iter().map(|c| 1 + c.op.component_count()).sum(),
        Entry::Snapshot { value, .. } => value.as_ref().map_or(0, Value::size) / 8,
        _ => 0,
    }
}
