//! The queue over what others did.

use crate::Error;
use crate::count;
use crate::id::Epoch;
use crate::json::{Conflict, JsonOp, Policy, Value, Winner};
use crate::protocol::Committed;
use crate::queue::OpQueue;
use crate::settings::Settings;

use super::effect::Patch;
use super::entry::{Inflight, RejectedEdit};
use super::state::Document;
use super::told::{self, Sides};

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
    /// What was resolved between mine and theirs.
    pub(super) conflicts: Vec<Conflict>,
    /// Whether somebody else sends under this replica's client id.
    pub(super) cloned: bool,
}

impl Document {
    /// Accepted ops, from `revision + 1` on. The inflight op walks over them one by one, as it does at
    /// the authority (I2); what is pending is rebased once, over all of them composed.
    pub(super) fn integrate(&mut self, ops: &[Committed], acks: Ack) -> Integrated {
        let mut remote = OpQueue::new();
        let mut done = Integrated::default();
        let base = self.base();
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
            if self
                .confirm(&committed.op, ack, &mut remote, &mut done.conflicts)
                .is_err()
            {
                break;
            }
            done.acked |= ack;
            done.cloned |= !ack && committed.client == self.client && committed.seq > self.last_seq;
            done.count += 1;
        }
        match remote.take().and_then(|remote| Ok((base?, remote))) {
            Ok((base, remote)) => {
                let (patch, conflicts) = self.rebase_pending(&base, &remote);
                if !done.conflicts.is_empty()
                    && let Ok(pending) = self.pending.compose()
                {
                    told::relocate(&mut done.conflicts, &pending);
                }
                done.conflicts.extend(conflicts);
                done.patch = patch;
            }
            Err(error) => done.patch = self.strand(&error),
        }
        done
    }

    /// One accepted op: confirmed takes it in, the inflight op steps over it (or is it), and what it is to
    /// those who edit on top of that goes to `remote`. On an error nothing has changed but `remote`.
    fn confirm(
        &mut self,
        op: &JsonOp,
        ack: bool,
        remote: &mut OpQueue<JsonOp>,
        conflicts: &mut Vec<Conflict>,
    ) -> Result<(), Error> {
        let revision = count::next("the revision", self.revision)?;
        let mut after = self.confirmed.clone();
        op.apply(&mut after)?;
        match &mut self.inflight {
            None => {
                told::relocate(conflicts, op);
                remote.push(op.clone())?;
            }
            Some(inflight) if ack => {
                if inflight.rebased != *op {
                    // Replayed, but written by a version that transformed otherwise: what was accepted
                    // counts, and takes the place of what stands in the view.
                    let undo = inflight.rebased.invert(&self.confirmed)?;
                    remote.push(undo.compose(op)?)?;
                }
                self.inflight = None;
            }
            Some(inflight) => {
                let policy = &self.settings.policies;
                let mut merge = JsonOp::merge_on(&self.confirmed, op, &inflight.rebased, policy)?;
                told::relocate(conflicts, &merge.left);
                if !merge.conflicts.is_empty() {
                    let mut local = self.confirmed.clone();
                    inflight.rebased.apply(&mut local)?;
                    let sides = Sides {
                        remote: (op, &after),
                        local: (&inflight.rebased, &local),
                        patch: &merge.left,
                    };
                    told::tell(&mut merge.conflicts, &sides);
                }
                remote.push(merge.left)?;
                inflight.rebased = merge.right;
                conflicts.extend(merge.conflicts);
            }
        }
        self.confirmed = after;
        self.revision = revision;
        Ok(())
    }

    /// Inflight, which is fenced, becomes pending again.
    pub(super) fn unfreeze(&mut self) -> Result<Patch, Error> {
        let Some(Inflight { rebased, .. }) = self.inflight.take() else {
            return Ok(Patch::default());
        };
        let later = self.pending.take()?;
        self.pending.push(rebased)?;
        match self.pending.push(later.clone()) {
            Ok(()) => Ok(Patch::default()),
            Err(error) => {
                self.keep_aside(later, 0, error.code().to_owned(), error.to_string())?;
                self.remake_view()
            }
        }
    }

    /// A snapshot takes the place of confirmed. What lies between the two plays the remote op.
    pub(super) fn adopt(
        &mut self,
        epoch: Epoch,
        revision: u64,
        value: Option<Value>,
        settings: Settings,
        included: bool,
    ) -> Result<(Patch, Vec<Conflict>), Error> {
        count::check("the revision", revision)?;
        let mut before = self.confirmed.clone();
        let inflight = self.inflight.as_ref().filter(|_| included);
        if let Some(inflight) = inflight {
            inflight.rebased.apply(&mut before)?;
            self.inflight = None;
        } else {
            self.unfreeze()?;
        }
        let remote = JsonOp::diff(&before, &value);
        self.epoch = Some(epoch);
        self.revision = revision;
        self.confirmed = value;
        self.settings = settings;
        Ok(self.rebase_pending(&before, &remote))
    }

    /// The inflight op goes to the inbox; what was edited on top of it stays. Content decides, not an
    /// undo: the view is made anew from confirmed and what remains (I6). What was edited on top wins over
    /// the undoing, and brings back what it cannot do without (I7).
    pub(super) fn reject(&mut self, code: String, detail: String) -> Result<Patch, Error> {
        let Some(inflight) = &self.inflight else {
            return Ok(Patch::default());
        };
        let removal = inflight.rebased.invert(&self.confirmed)?;
        let pending = self.pending.compose()?;
        let mine_wins = Policy::new(Winner::Client, true);
        let merge = JsonOp::merge_on(&self.under_pending()?, &removal, &pending, &mine_wins)?;
        let patch = self.patch(merge.left)?;
        let (op, seq) = (inflight.rebased.clone(), inflight.seq);
        self.keep_aside(op, seq, code, detail)?;
        self.inflight = None;
        self.pending.clear();
        self.pending.push(merge.right)?;
        self.view = self.made_anew()?;
        Ok(patch)
    }

    /// Pending over a remote op; both stand on `base`. Gives the change of the view.
    fn rebase_pending(&mut self, base: &Option<Value>, remote: &JsonOp) -> (Patch, Vec<Conflict>) {
        debug_assert!(
            self.recent.is_empty(),
            "edits are sealed before anything else happens"
        );
        if remote.is_noop() {
            return Default::default();
        }
        self.try_rebase(base, remote)
            .unwrap_or_else(|error| (self.strand(&error), Vec::new()))
    }

    fn try_rebase(
        &mut self,
        base: &Option<Value>,
        remote: &JsonOp,
    ) -> Result<(Patch, Vec<Conflict>), Error> {
        let pending = self.pending.compose()?;
        let mut merge = JsonOp::merge_on(base, remote, &pending, &self.settings.policies)?;
        let patch = self.patch(merge.left)?;
        if !merge.conflicts.is_empty() {
            let sides = Sides {
                remote: (remote, &self.under_pending()?),
                local: (&pending, &self.view),
                patch: &patch.op,
            };
            told::tell(&mut merge.conflicts, &sides);
        }
        patch.op.apply(&mut self.view)?;
        self.pending.clear();
        self.pending.push(merge.right)?;
        Ok((patch, merge.conflicts))
    }

    /// Pending edits that cannot be rebased go to the inbox (I7), and the view is made anew without them: a
    /// counter that both sides brought near its limit, say, or moves that together nest too deep.
    fn strand(&mut self, error: &Error) -> Patch {
        let (code, detail) = (error.code().to_owned(), error.to_string());
        let kept = self.pending.compose().and_then(|pending| {
            if pending.is_noop() {
                return Ok(());
            }
            self.keep_aside(pending, 0, code, detail)
        });
        if kept.is_ok() {
            self.pending.clear();
        }
        self.remake_view().unwrap_or_default()
    }

    /// Puts an edit into the inbox.
    ///
    /// # Errors
    /// When there is no number left for it; nothing has changed then.
    fn keep_aside(
        &mut self,
        op: JsonOp,
        seq: u64,
        code: String,
        detail: String,
    ) -> Result<(), Error> {
        let next = count::next("the inbox's number", self.next_rejected)?;
        self.inbox.push(RejectedEdit {
            id: self.next_rejected,
            seq,
            revision: self.revision,
            op,
            code,
            detail,
        });
        self.next_rejected = next;
        Ok(())
    }

    /// The document to look up in what ops remove, when the policies ask for it.
    fn base(&self) -> Result<Option<Value>, Error> {
        if self.settings.policies.restores() {
            self.under_pending()
        } else {
            Ok(None)
        }
    }

    /// What the pending edits stand on.
    fn under_pending(&self) -> Result<Option<Value>, Error> {
        let mut base = self.confirmed.clone();
        if let Some(inflight) = &self.inflight {
            inflight.rebased.apply(&mut base)?;
        }
        Ok(base)
    }

    /// Confirmed, with all that is queued on top.
    fn made_anew(&self) -> Result<Option<Value>, Error> {
        let mut view = self.under_pending()?;
        self.pending.compose()?.apply(&mut view)?;
        Ok(view)
    }

    fn remake_view(&mut self) -> Result<Patch, Error> {
        let view = self.made_anew()?;
        let patch = self.patch(JsonOp::diff(&self.view, &view))?;
        self.view = view;
        Ok(patch)
    }

    /// What `op` changes, as long as the view is as it was.
    fn patch(&self, op: JsonOp) -> Result<Patch, Error> {
        let steps = op.steps(&self.view)?;
        Ok(Patch { op, steps })
    }
}
