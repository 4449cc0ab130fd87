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
use crate::text::Side;

use super::effect::Patch;
use super::entry::{Entry, Inflight, RejectedEdit, State};

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
    confirmed: Value,
    view: Value,
    pending: OpQueue<JsonOp>,
    recent: OpQueue<JsonOp>,
    next_rejected: u64,
}

/// By what the inflight op is known among accepted ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// By its client and seq, and by being the same op.
    Equal,
    /// By its client and seq: as the journal has it.
    Named,
    /// It is not among them: as the journal has it.
    Never,
}

/// What came of integrating accepted ops.
#[derive(Default)]
pub(super) struct Integrated {
    /// The change of the view.
    pub(super) patch: Patch,
    /// How many of the ops were integrated; the next one does not fit.
    pub(super) count: usize,
    /// Whether the next one goes under the inflight op's name, but is another op.
    pub(super) strange: bool,
    /// Whether the inflight op was among them.
    pub(super) acked: bool,
    /// Whether somebody else sends under this replica's client id.
    pub(super) cloned: bool,
}

impl Document {
    pub(super) fn new(doc: DocId, client: ClientId, value: Value) -> Self {
        Self {
            doc,
            client,
            epoch: None,
            revision: 0,
            last_seq: 0,
            inflight: None,
            inbox: Vec::new(),
            view: value.clone(),
            confirmed: value,
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
        pending.push(state.pending);
        Ok(Self {
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

    pub(super) fn state(&self) -> State {
        State {
            format: State::FORMAT,
            doc: self.doc.clone(),
            client: self.client.clone(),
            epoch: self.epoch.clone(),
            revision: self.revision,
            value: self.confirmed.clone(),
            last_seq: self.last_seq,
            inflight: self.inflight.clone(),
            pending: self.pending.compose().compose(&self.recent.compose()),
            inbox: self.inbox.clone(),
            next_rejected: self.next_rejected,
        }
    }

    pub(super) fn confirmed(&self) -> &Value {
        &self.confirmed
    }

    pub(super) fn view(&self) -> &Value {
        &self.view
    }

    /// Whether there are edits that are not inflight.
    pub(super) fn has_pending(&self) -> bool {
        !(self.pending.is_empty() && self.recent.is_empty())
    }

    /// A local edit. Its entry is made by the next [`seal`](Self::seal).
    pub(super) fn edit(&mut self, op: JsonOp) -> Result<(), Error> {
        op.apply(&mut self.view)?;
        self.recent.push(op);
        Ok(())
    }

    /// The edits since the last entry, as an entry.
    pub(super) fn seal(&mut self) -> Option<Entry> {
        if self.recent.is_empty() {
            return None;
        }
        let op = self.recent.take();
        self.pending.push(op.clone());
        (!op.is_noop()).then_some(Entry::Edit { op })
    }

    /// Whether the pending edits amount to nothing; if so, they are forgotten.
    pub(super) fn pending_cancels_out(&mut self) -> bool {
        let noop = self.pending.compose().is_noop();
        if noop {
            self.pending = OpQueue::new();
        }
        noop
    }

    /// Carries out an entry that was made or read. Ops are integrated by
    /// [`integrate`](Self::integrate) before their entry is made.
    pub(super) fn replay(&mut self, entry: Entry) -> Result<(), Error> {
        match entry {
            Entry::Edit { op } => {
                op.apply(&mut self.view).map_err(corrupt)?;
                self.pending.push(op);
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
                count::check("a seq", seq).map_err(corrupt)?;
                if seq <= self.last_seq || self.inflight.is_some() {
                    return Err(Error::StorageCorrupt {
                        reason: format!("seq {seq} was frozen out of turn"),
                    });
                }
                self.freeze(seq);
            }
            Entry::Unfreeze => self.unfreeze(),
            Entry::Client { client } => self.client = client,
            Entry::Discard { id } => self.inbox.retain(|edit| edit.id != id),
            Entry::Snapshot {
                epoch,
                revision,
                value,
                included,
            } => {
                self.adopt(epoch, revision, value, included)
                    .map_err(corrupt)?;
            }
            Entry::Rejected { code, detail } => {
                self.reject(code, detail).map_err(corrupt)?;
            }
        }
        Ok(())
    }

    /// Pending becomes inflight (I1, I4: it is sent once this is stored).
    pub(super) fn freeze(&mut self, seq: u64) {
        let op = self.pending.take();
        self.last_seq = seq;
        self.inflight = Some(Inflight {
            client: self.client.clone(),
            seq,
            base: self.revision,
            rebased: op.clone(),
            op,
        });
    }

    /// Inflight, which is fenced, becomes pending again.
    pub(super) fn unfreeze(&mut self) {
        if let Some(inflight) = self.inflight.take() {
            let rest = self.pending.take();
            self.pending.push(inflight.rebased);
            self.pending.push(rest);
        }
    }

    /// Accepted ops, from `revision + 1` on. The inflight op walks over them one by one, as it does at
    /// the authority (I2); what is pending is rebased once, over all of them composed.
    pub(super) fn integrate(&mut self, ops: &[Committed], acks: Ack) -> Integrated {
        let mut remote = OpQueue::new();
        let mut done = Integrated::default();
        for committed in ops {
            let named = self
                .inflight
                .as_ref()
                .filter(|inflight| inflight.is(committed));
            let same = named.is_some_and(|inflight| inflight.rebased == committed.op);
            let orphan = named.is_some_and(|inflight| inflight.client != self.client);
            let ack = match acks {
                Ack::Equal => same,
                Ack::Named => named.is_some(),
                Ack::Never => false,
            };
            if acks == Ack::Equal && named.is_some() && !same && !orphan {
                done.strange = true;
                break;
            }
            // Replayed, but written by a version that transformed otherwise: what was accepted counts, and
            // takes the place of what stands in the view.
            let other = named.filter(|_| ack && !same);
            let undo = other.and_then(|inflight| inflight.rebased.invert(&self.confirmed).ok());
            let Ok(revision) = count::next("the revision", self.revision) else {
                break;
            };
            if committed.op.apply(&mut self.confirmed).is_err() {
                break;
            }
            if ack {
                self.inflight = None;
                done.acked = true;
                if let Some(undo) = undo {
                    remote.push(undo.compose(&committed.op));
                }
            } else {
                done.cloned |= committed.client == self.client && committed.seq > self.last_seq;
                remote.push(match &mut self.inflight {
                    None => committed.op.clone(),
                    Some(inflight) => {
                        let over = committed.op.transform(&inflight.rebased, Side::Left);
                        inflight.rebased = inflight.rebased.transform(&committed.op, Side::Right);
                        over
                    }
                });
            }
            self.revision = revision;
            done.count += 1;
        }
        done.patch = self.rebase_pending(&remote.take());
        done
    }

    /// A snapshot takes the place of confirmed. What lies between the two plays the remote op.
    pub(super) fn adopt(
        &mut self,
        epoch: Epoch,
        revision: u64,
        value: Value,
        included: bool,
    ) -> Result<Patch, Error> {
        count::check("the revision", revision)?;
        let mut before = self.confirmed.clone();
        match self.inflight.take() {
            Some(inflight) if included => inflight.rebased.apply(&mut before)?,
            inflight => {
                self.inflight = inflight;
                self.unfreeze();
            }
        }
        let remote = JsonOp::diff(&before, &value);
        self.epoch = Some(epoch);
        self.revision = revision;
        self.confirmed = value;
        Ok(self.rebase_pending(&remote))
    }

    /// The inflight op goes to the inbox; what was edited on top of it stays. Content decides, not an
    /// undo: the view is made anew from confirmed and what remains (I6).
    pub(super) fn reject(&mut self, code: String, detail: String) -> Result<Patch, Error> {
        let next_rejected = count::next("the inbox's number", self.next_rejected)?;
        let Some(inflight) = self.inflight.take() else {
            return Ok(Patch::default());
        };
        let removal = inflight.rebased.invert(&self.confirmed)?;
        let pending = self.pending.take();
        let patch = self.patch(removal.transform(&pending, Side::Left));
        let pending = pending.transform(&removal, Side::Right);
        self.view = self.confirmed.clone();
        pending.apply(&mut self.view)?;
        self.pending.push(pending);
        self.inbox.push(RejectedEdit {
            id: self.next_rejected,
            seq: inflight.seq,
            revision: self.revision,
            op: inflight.rebased,
            code,
            detail,
        });
        self.next_rejected = next_rejected;
        Ok(patch)
    }

    /// Pending over a remote op that stands where pending does. Gives the change of the view.
    fn rebase_pending(&mut self, remote: &JsonOp) -> Patch {
        debug_assert!(
            self.recent.is_empty(),
            "edits are sealed before anything else happens"
        );
        if remote.is_noop() {
            return Patch::default();
        }
        let pending = self.pending.take();
        let patch = self.patch(remote.transform(&pending, Side::Left));
        self.pending.push(pending.transform(remote, Side::Right));
        // Both were checked against the values that they stand on; by TP1 the patch fits the view.
        if patch.op.apply(&mut self.view).is_err() {
            debug_assert!(false, "TP1 is broken");
        }
        patch
    }

    /// What `op` changes, as long as the view is as it was.
    fn patch(&self, op: JsonOp) -> Patch {
        let changes = op
            .as_text()
            .utf16_changes(self.view.as_text())
            .unwrap_or_default();
        Patch { op, changes }
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
        for op in ops.chain([self.pending.compose(), self.recent.compose()]) {
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
    fn is(&self, committed: &Committed) -> bool {
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

fn corrupt(error: Error) -> Error {
    Error::StorageCorrupt {
        reason: error.to_string(),
    }
}
