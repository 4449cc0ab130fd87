//! ```text
//!   confirmed ──inflight.rebased──▶ ──pending──▶ ──recent──▶ view
//!   (revision)      (sent)           (entries)   (edits since the last entry)
//! ```
//! Invariant: `view` is `confirmed` with inflight, pending and recent applied. It changes by entries
//! only, so that replaying the stored entries gives it again.

use crate::Error;
use crate::count;
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{JsonOp, Value};
use crate::protocol::Committed;
use crate::queue::OpQueue;
use crate::settings::Settings;

use super::entry::{Entry, Inflight, RejectedEdit, State};
use super::rebase::Ack;

/// The replica's document, without its connection and its journal.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) doc: DocId,
    pub(super) client: ClientId,
    pub(super) epoch: Option<Epoch>,
    pub(super) revision: u64,
    pub(super) last_seq: u64,
    pub(super) inflight: Option<Inflight>,
    pub(super) inbox: Vec<RejectedEdit>,
    pub(super) settings: Settings,
    pub(super) schema_version: Option<u64>,
    pub(super) confirmed: Option<Value>,
    pub(super) view: Option<Value>,
    pub(super) pending: OpQueue<JsonOp>,
    pub(super) recent: OpQueue<JsonOp>,
    pub(super) next_rejected: u64,
}

impl Document {
    pub(super) fn new(doc: DocId, client: ClientId, value: Value, settings: Settings) -> Self {
        Self {
            doc,
            client,
            epoch: None,
            revision: 0,
            last_seq: 0,
            inflight: None,
            inbox: Vec::new(),
            schema_version: settings.schema_version,
            settings,
            view: Some(value.clone()),
            confirmed: Some(value),
            pending: OpQueue::new(),
            recent: OpQueue::new(),
            next_rejected: 1,
        }
    }

    pub(super) fn restore(state: State) -> Result<Self, Error> {
        if state.format > State::FORMAT {
            return Err(Error::StorageNewer {
                found: state.format,
                supported: State::FORMAT,
            });
        }
        check_counts(&state)?;
        let mut view = state.value.clone();
        if let Some(inflight) = &state.inflight {
            inflight.rebased.apply(&mut view).map_err(corrupt)?;
        }
        state.pending.apply(&mut view).map_err(corrupt)?;
        let mut pending = OpQueue::new();
        pending.push(state.pending).map_err(corrupt)?;
        Ok(Self {
            schema_version: state.settings.schema_version,
            settings: state.settings,
            doc: state.doc,
            client: state.client,
            epoch: state.epoch,
            revision: state.revision,
            last_seq: state.last_seq,
            inflight: state.inflight,
            inbox: state.inbox,
            confirmed: state.value,
            view,
            pending,
            recent: OpQueue::new(),
            next_rejected: state.next_rejected,
        })
    }

    /// # Errors
    /// When the queued ops do not follow each other: never, as far as is known.
    pub(super) fn state(&self) -> Result<State, Error> {
        Ok(State {
            format: State::FORMAT,
            doc: self.doc.clone(),
            client: self.client.clone(),
            epoch: self.epoch.clone(),
            revision: self.revision,
            value: self.confirmed.clone(),
            settings: self.settings.clone(),
            last_seq: self.last_seq,
            inflight: self.inflight.clone(),
            pending: self.queued()?,
            inbox: self.inbox.clone(),
            next_rejected: self.next_rejected,
        })
    }

    /// Whether there are edits that are not inflight.
    pub(super) fn has_pending(&self) -> bool {
        !(self.pending.is_empty() && self.recent.is_empty())
    }

    /// A local edit. Its entry is made by the next [`seal`](Self::seal).
    pub(super) fn edit(&mut self, op: JsonOp) -> Result<(), Error> {
        if op.adds() {
            // Additions that are too much for one op are refused here, where there is somebody to tell.
            self.queued()?.compose(&op)?;
        }
        let before = self.view.clone();
        op.apply(&mut self.view)?;
        self.recent.push(op).inspect_err(|_| self.view = before)
    }

    /// All that is not inflight, as one op.
    fn queued(&self) -> Result<JsonOp, Error> {
        self.pending.compose()?.compose(&self.recent.compose()?)
    }

    /// The edits since the last entry, as an entry.
    pub(super) fn seal(&mut self) -> Result<Option<Entry>, Error> {
        if self.recent.is_empty() {
            return Ok(None);
        }
        let op = self.recent.compose()?;
        self.pending.push(op.clone())?;
        self.recent.clear();
        Ok((!op.is_noop()).then_some(Entry::Edit { op }))
    }

    /// Whether the pending edits amount to nothing; if so, they are forgotten.
    pub(super) fn pending_cancels_out(&mut self) -> bool {
        let noop = self.pending.compose().is_ok_and(|op| op.is_noop());
        if noop {
            self.pending.clear();
        }
        noop
    }

    /// Carries out an entry that was read, as it was when it was made.
    pub(super) fn replay(&mut self, entry: Entry) -> Result<(), Error> {
        match entry {
            Entry::Edit { op } => {
                op.apply(&mut self.view)?;
                self.pending.push(op)?;
            }
            Entry::Ops { ops, acked } => {
                let ack = if acked { Ack::Named } else { Ack::Never };
                if self.integrate(&ops, ack).count < ops.len() {
                    return Err(Error::StorageCorrupt {
                        reason: format!("the op of revision {} does not fit", self.revision + 1),
                    });
                }
            }
            Entry::Freeze { seq } => {
                count::check("a seq", seq)?;
                if seq <= self.last_seq || self.inflight.is_some() {
                    return Err(Error::StorageCorrupt {
                        reason: format!("seq {seq} was frozen out of turn"),
                    });
                }
                self.freeze(seq)?;
            }
            Entry::Unfreeze => drop(self.unfreeze()?),
            Entry::Client { client } => self.client = client,
            Entry::Discard { id } => self.inbox.retain(|edit| edit.id != id),
            Entry::Snapshot {
                epoch,
                revision,
                value,
                settings,
                included,
            } => {
                self.adopt(epoch, revision, value, settings, included)?;
            }
            Entry::Rejected { code, detail } => {
                self.reject(code, detail)?;
            }
        }
        Ok(())
    }

    /// Pending becomes inflight (I1, I4: it is sent once this is stored).
    pub(super) fn freeze(&mut self, seq: u64) -> Result<(), Error> {
        let op = self.pending.take()?;
        self.last_seq = seq;
        self.inflight = Some(Inflight {
            client: self.client.clone(),
            seq,
            base: self.revision,
            rebased: op.clone(),
            op,
        });
        Ok(())
    }

    /// Checks the invariant at the head of this file.
    ///
    /// # Panics
    /// When it does not hold.
    pub(super) fn assert_invariants(&self) {
        let mut view = self.confirmed.clone();
        let ops = self
            .inflight
            .iter()
            .map(|inflight| inflight.rebased.clone());
        for op in ops.chain([self.queued().unwrap_or_default()]) {
            assert!(op.apply(&mut view).is_ok(), "a queued op does not fit");
        }
        assert!(
            view == self.view,
            "the view is not confirmed with the queue applied"
        );
        if let Some(inflight) = &self.inflight {
            assert!(
                inflight.base <= self.revision,
                "inflight was made on a later revision"
            );
            assert!(
                inflight.seq <= self.last_seq,
                "an inflight seq was not counted"
            );
        }
    }
}

impl Inflight {
    pub(super) fn is(&self, committed: &Committed) -> bool {
        self.client == committed.client && self.seq == committed.seq
    }
}

/// Whether the counts of a stored state are counts, and go together.
fn check_counts(state: &State) -> Result<(), Error> {
    for (what, count) in [
        ("the revision", state.revision),
        ("the last seq", state.last_seq),
        ("the inbox's number", state.next_rejected),
    ] {
        count::check(what, count).map_err(corrupt)?;
    }
    let impossible = |what: &str| {
        Err(Error::StorageCorrupt {
            reason: what.to_owned(),
        })
    };
    if let Some(Inflight { seq, base, .. }) = state.inflight {
        if !(1..=state.last_seq).contains(&seq) {
            return impossible("the inflight op's seq is not among those used");
        }
        if base > state.revision {
            return impossible("the inflight op was made on a later revision");
        }
    }
    for edit in &state.inbox {
        if edit.id >= state.next_rejected {
            return impossible("a refused edit has a number that was never given");
        }
        count::check("a refused edit's seq", edit.seq).map_err(corrupt)?;
        count::check("a refused edit's revision", edit.revision).map_err(corrupt)?;
    }
    Ok(())
}

/// Whatever is wrong with what was stored, it is not what was written.
pub(super) fn corrupt(error: Error) -> Error {
    match error {
        Error::StorageCorrupt { .. } => error,
        error => Error::StorageCorrupt {
            reason: error.to_string(),
        },
    }
}
