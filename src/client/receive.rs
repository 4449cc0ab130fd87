//! What a replica does with what the authority sends.

use super::Replica;
use super::effect::{Effect, Link};
use super::entry::Entry;
use super::rebase::Ack;
use crate::Error;
use crate::count::MAX_COUNT;
use crate::id::{ClientId, Epoch};
use crate::json::{Conflict, JsonOp, Value};
use crate::protocol::{ClientMessage, Committed, Fate, ServerMessage, Submit};
use crate::settings::Settings;

impl Replica {
    /// A message about this document came in. Anything odd in it is an [`Effect::Fault`], and mended.
    pub fn receive(&mut self, message: ServerMessage) {
        if self.link == Link::Offline || message.doc() != Some(self.doc()) {
            return;
        }
        match message {
            ServerMessage::Snapshot {
                request,
                epoch,
                revision,
                value,
                settings,
                fate,
                ..
            } if request == self.request => {
                self.snapshot(epoch, revision, value, settings, fate);
            }
            ServerMessage::Ops {
                request,
                epoch,
                base,
                ops,
                head,
                fate,
                ..
            } if request == self.request => {
                self.ops(&epoch, base, ops, head, fate);
            }
            ServerMessage::Committed {
                revision,
                client,
                seq,
                op,
                ..
            } => {
                self.committed(revision, client, seq, op);
            }
            ServerMessage::Rejected {
                seq, code, detail, ..
            } => self.rejected(seq, code, detail),
            ServerMessage::Behind { seq, .. } => self.behind(seq),
            ServerMessage::Error {
                seq, code, detail, ..
            } => self.error(seq, code, detail),
            // Not about a document, or the answer to a question that was asked again since.
            _ => {}
        }
    }

    fn snapshot(
        &mut self,
        epoch: Epoch,
        revision: u64,
        value: Option<Value>,
        settings: Settings,
        fate: Fate,
    ) {
        if self.link != Link::Opening {
            return;
        }
        self.seal();
        if let (Fate::Forgotten, Some(inflight)) = (fate, &self.document.inflight) {
            let error = Error::Forgotten {
                client: inflight.client.to_string(),
                seq: inflight.seq,
            };
            self.reject(error.code().to_owned(), error.to_string());
        }
        let included = fate == Fate::Committed;
        match self.document.adopt(
            epoch.clone(),
            revision,
            value.clone(),
            settings.clone(),
            included,
        ) {
            Ok((patch, conflicts)) => {
                if included {
                    self.committed_edits = self.inflight_edits;
                }
                self.journal.push(Entry::Snapshot {
                    epoch,
                    revision,
                    value,
                    settings,
                    included,
                });
                self.report(conflicts);
                self.patch(patch);
                self.live();
            }
            Err(error) => self.fault(error),
        }
    }

    fn ops(&mut self, epoch: &Epoch, base: u64, ops: Vec<Committed>, head: u64, fate: Fate) {
        if self.document.epoch.as_ref() != Some(epoch) {
            return self.open();
        }
        if base
            .checked_add(ops.len() as u64)
            .is_none_or(|end| end > head.min(MAX_COUNT))
        {
            // Nothing of it can be believed. The host's patience ends, and it asks again.
            let reason = format!("{} ops on revision {base} go past {head}", ops.len());
            let error = Error::MalformedMessage { reason };
            return self.effects.push_back(Effect::Fault(error));
        }
        match self.link {
            Link::Opening => {
                if fate == Fate::Fenced {
                    self.unfreeze();
                }
                self.fate = fate;
                self.link = Link::CatchingUp;
                self.target = head;
            }
            Link::CatchingUp => self.target = self.target.max(head),
            _ => {}
        }
        for (revision, committed) in (base + 1..).zip(ops) {
            if revision > self.document.revision {
                self.ahead.insert(revision, committed);
            }
        }
        self.integrate();
    }

    fn committed(&mut self, revision: u64, client: ClientId, seq: u64, op: Option<JsonOp>) {
        if revision <= self.document.revision {
            return;
        }
        let inflight = self
            .document
            .inflight
            .as_ref()
            .filter(|i| i.client == client && i.seq == seq);
        let op = match (op, inflight) {
            (Some(op), _) => op,
            // In its turn, it is what the inflight op has become; before, that is not known yet.
            (None, Some(inflight)) if revision == self.document.revision + 1 => {
                inflight.rebased.clone()
            }
            (None, _) if self.link == Link::Live => return self.open(),
            (None, _) => return,
        };
        self.ahead.insert(revision, Committed { client, seq, op });
        self.integrate();
    }

    /// Integrates what is there without a gap: while catching up, only when all is there.
    fn integrate(&mut self) {
        let next = self.document.revision + 1;
        let run = (next..)
            .zip(self.ahead.keys())
            .take_while(|(want, have)| want == *have)
            .count() as u64;
        if self.link == Link::CatchingUp && self.document.revision + run < self.target
            || !matches!(self.link, Link::CatchingUp | Link::Live)
        {
            return;
        }
        if run > 0 {
            let rest = self.ahead.split_off(&(next + run));
            let mut ops: Vec<Committed> = std::mem::replace(&mut self.ahead, rest)
                .into_values()
                .collect();
            self.seal();
            let done = self.document.integrate(&ops, Ack::Equal);
            let fits = done.count == ops.len();
            ops.truncate(done.count);
            if !ops.is_empty() {
                self.journal.push(Entry::Ops {
                    ops,
                    acked: done.acked,
                });
            }
            if done.acked {
                self.committed_edits = self.inflight_edits;
            }
            self.report(done.conflicts);
            self.patch(done.patch);
            if done.cloned {
                self.ask_for_client();
            }
            if done.strange && self.fate != Fate::Committed {
                // Mine or a copied id's? The digest tells.
                return self.open();
            }
            if !fits {
                let revision = self.document.revision + 1;
                self.effects
                    .push_back(Effect::Fault(Error::Diverged { revision }));
                return self.open_from(None);
            }
        }
        if self.link == Link::CatchingUp && self.document.revision >= self.target {
            self.live();
        }
    }

    /// Caught up. An op that is still inflight is not in the log.
    fn live(&mut self) {
        self.link = Link::Live;
        // It was about what is inflight at open; the next one is another.
        self.fate = Fate::None;
        if self
            .document
            .inflight
            .as_ref()
            .is_some_and(|inflight| inflight.client != self.document.client)
        {
            self.unfreeze();
        }
        self.send_inflight();
    }

    pub(super) fn send_inflight(&mut self) {
        let Some(inflight) = &self.document.inflight else {
            return;
        };
        if self.link == Link::Live
            && !self.sent
            && !self.cloned
            && self.journal.is_saved(self.freeze_batch)
        {
            self.sent = true;
            self.effects
                .push_back(Effect::Send(ClientMessage::Submit(Submit {
                    doc: self.document.doc.clone(),
                    seq: inflight.seq,
                    base: inflight.base,
                    op: inflight.op.clone(),
                })));
        }
    }

    fn is_inflight(&self, seq: u64) -> bool {
        self.document
            .inflight
            .as_ref()
            .is_some_and(|i| i.seq == seq && i.client == self.document.client)
    }

    fn rejected(&mut self, seq: u64, code: String, detail: String) {
        if self.is_inflight(seq) {
            self.seal();
            self.reject(code, detail);
        }
    }

    /// The inflight op goes to the inbox.
    fn reject(&mut self, code: String, detail: String) {
        match self.document.reject(code.clone(), detail.clone()) {
            Ok(patch) => {
                self.journal.push(Entry::Rejected { code, detail });
                self.patch(patch);
                if let Some(edit) = self.document.inbox.last() {
                    self.effects.push_back(Effect::Rejected(edit.clone()));
                }
                self.committed_edits = self.inflight_edits;
            }
            Err(error) => self.fault(error),
        }
    }

    fn behind(&mut self, seq: u64) {
        if self.is_inflight(seq) {
            self.unfreeze();
            self.open();
        }
    }

    fn error(&mut self, seq: Option<u64>, code: String, detail: String) {
        if code == "cloned-client" {
            // Late news of a seq that is decided by now concerns nobody.
            if seq == Some(self.document.last_seq) {
                self.ask_for_client();
            }
            return;
        }
        self.link = Link::Refused;
        self.effects.push_back(Effect::Refused { code, detail });
    }

    fn report(&mut self, conflicts: Vec<Conflict>) {
        let conflicts = conflicts.into_iter().map(Effect::Conflict);
        self.effects.extend(conflicts);
    }
}
