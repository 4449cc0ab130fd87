use std::collections::{BTreeMap, VecDeque};

use super::effect::{Effect, Link, Patch, Status};
use super::entry::{Entry, RejectedEdit, State, Stored};
use super::journal::Journal;
use super::state::{Ack, Document};
use crate::Error;
use crate::count::{self, MAX_COUNT};
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{JsonOp, Value};
use crate::protocol::{ClientMessage, Committed, Fate, Open, Sent, ServerMessage, Submit};
use crate::text::TextOp;
use crate::units::Utf16Offset;

/// One document on one device: edited at once, stored, sent, and rebased over what others did.
///
/// Sans-IO: the host calls it with what happened, then carries out the [`Effect`]s that
/// [`poll_effect`](Self::poll_effect) gives, in order. [`Link`] draws the states of the connection.
///
/// An edit's way: [`edit`](Self::edit) → [`flush`](Self::flush) ([`Effect::Persist`]) →
/// [`persisted`](Self::persisted) ([`Effect::Send`]) → [`receive`](Self::receive) of its ack.
#[derive(Debug)]
pub struct Replica {
    document: Document,
    journal: Journal,
    effects: VecDeque<Effect>,
    link: Link,
    /// Counts the opens; answers to earlier ones are ignored.
    request: u64,
    /// What the authority said of the inflight op when this subscription began.
    fate: Fate,
    /// The head that the catch-up goes to.
    target: u64,
    /// Accepted ops that cannot be integrated yet, by revision.
    ahead: BTreeMap<u64, Committed>,
    /// The batch that holds the inflight op's freeze; it is sent when that is durable (I4).
    freeze_batch: u64,
    /// Whether the inflight op went out on this subscription.
    sent: bool,
    /// Whether a fresh client id was asked for.
    cloned: bool,
    edits: u64,
    /// `edits` when the inflight op was frozen.
    inflight_edits: u64,
    committed_edits: u64,
}

impl Replica {
    /// A replica of which nothing is stored. `create` is the value before the first contact, and what
    /// the document is created with, should it not exist.
    pub fn new(doc: DocId, client: ClientId, create: Value) -> Self {
        Self::with(Document::new(doc, client, create), Journal::new(None))
    }

    /// The replica that was stored.
    ///
    /// # Errors
    /// [`Error::StorageNewer`] for a newer format, [`Error::StorageCorrupt`] for entries that do not fit.
    pub fn restore(stored: Stored) -> Result<Self, Error> {
        let mut document = Document::restore(stored.checkpoint)?;
        let journal = Journal::new(Some(stored.entries.len()));
        for entry in stored.entries {
            document.replay(entry)?;
        }
        let mut replica = Self::with(document, journal);
        replica.inflight_edits = u64::from(replica.document.inflight.is_some());
        replica.edits = replica.inflight_edits + u64::from(replica.document.has_pending());
        replica.journal.restored(replica.edits);
        Ok(replica)
    }

    fn with(document: Document, journal: Journal) -> Self {
        Self {
            document,
            journal,
            effects: VecDeque::new(),
            link: Link::Offline,
            request: 0,
            fate: Fate::None,
            target: 0,
            ahead: BTreeMap::new(),
            freeze_batch: 0,
            sent: false,
            cloned: false,
            edits: 0,
            inflight_edits: 0,
            committed_edits: 0,
        }
    }

    /// The document's name.
    pub fn doc(&self) -> &DocId {
        &self.document.doc
    }

    /// The author of this replica's ops.
    pub fn client(&self) -> &ClientId {
        &self.document.client
    }

    /// The life of the document that the confirmed snapshot belongs to; none before the first contact.
    pub fn epoch(&self) -> Option<&Epoch> {
        self.document.epoch.as_ref()
    }

    /// The value as the user sees it: confirmed, with everything local on top.
    pub fn value(&self) -> &Value {
        self.document.view()
    }

    /// What a page may want to show.
    pub fn status(&self) -> Status {
        Status {
            link: self.link,
            revision: self.document.revision,
            inflight: self.document.inflight.as_ref().map(|inflight| inflight.seq),
            pending: self.document.has_pending(),
            edits: self.edits,
            saved_edits: self.journal.saved_edits(),
            committed_edits: self.committed_edits,
            rejected: self.document.inbox.len(),
        }
    }

    /// The whole state, as a checkpoint stores it: for export, and for looking at.
    pub fn state(&self) -> State {
        self.document.state()
    }

    /// The edits that were refused, oldest first.
    pub fn inbox(&self) -> &[RejectedEdit] {
        &self.document.inbox
    }

    /// The next thing for the host to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The user changed the value. Cost: the op's, and amortised O(log n) to queue it.
    ///
    /// # Errors
    /// Those of [`JsonOp::apply`]; nothing has changed then.
    pub fn edit(&mut self, op: JsonOp) -> Result<(), Error> {
        self.document.edit(op)?;
        self.edits += 1;
        Ok(())
    }

    /// The user replaced `deleted` UTF-16 code units at `at` by `insert`.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfBounds`], [`Error::OffsetInsidePair`]; nothing has changed then.
    pub fn edit_text(
        &mut self,
        at: Utf16Offset,
        deleted: usize,
        insert: &str,
    ) -> Result<(), Error> {
        let text = self.document.view().as_text();
        let from = text.utf16_to_char(at)?;
        let to = text.utf16_to_char(Utf16Offset(at.0.saturating_add(deleted)))?;
        let edit = TextOp::builder()
            .retain(from.0)
            .insert(insert)
            .delete(to.0 - from.0)
            .finish();
        self.edit(JsonOp::text(edit))
    }

    /// A connection stands, and the peers have greeted each other.
    pub fn connected(&mut self) {
        self.open();
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.link = Link::Offline;
        self.ahead.clear();
    }

    /// The host suspects that a message was lost: asks for all that is missing.
    pub fn resync(&mut self) {
        if self.link != Link::Offline {
            self.open();
        }
    }

    /// Whether this replica waits for something; the host calls [`resync`](Self::resync) when that takes
    /// too long.
    pub fn needs_resync(&self) -> bool {
        match self.link {
            Link::Offline => false,
            Link::Live => self.document.inflight.is_some() || !self.ahead.is_empty(),
            Link::Opening | Link::CatchingUp | Link::Refused => !self.cloned,
        }
    }

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
                fate,
                ..
            } if request == self.request => {
                self.snapshot(epoch, revision, value, fate);
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

    /// Stores what changed; with it, when nothing is inflight and the link is live, pending is frozen to
    /// be sent. The host calls it soon after edits, and after every [`receive`](Self::receive).
    pub fn flush(&mut self) {
        self.seal();
        let free = self.document.inflight.is_none();
        if free && self.link == Link::Live && !self.cloned && !self.document.pending_cancels_out() {
            match count::next("the last seq", self.document.last_seq) {
                Ok(seq) => self.freeze(seq),
                Err(error) => self.effects.push_back(Effect::Fault(error)),
            }
        } else if free && !self.document.has_pending() {
            // Nothing is left to be decided: it cancelled out.
            self.committed_edits = self.edits;
        }
        if let Some((batch, entries, checkpoint)) =
            self.journal.next(self.edits, self.value().size())
        {
            let checkpoint = checkpoint.then(|| Box::new(self.document.state()));
            self.effects.push_back(Effect::Persist {
                batch,
                checkpoint,
                entries,
            });
        }
    }

    /// A batch, and all before it, is durable.
    pub fn persisted(&mut self, batch: u64) {
        self.journal.persisted(batch);
        self.send_inflight();
    }

    /// A fresh client id, after [`Effect::Cloned`]. What was sent under the old one is looked for in the
    /// log, and sent again under this one if it is not there.
    pub fn set_client(&mut self, client: ClientId) {
        if !self.journal.is_saved(self.freeze_batch) {
            // Never sent: nobody knows it by the old name.
            self.unfreeze();
        }
        self.seal();
        self.document.client = client.clone();
        self.journal.push(Entry::Client { client });
        self.cloned = false;
        self.resync();
    }

    /// The user is done with a refused edit.
    pub fn discard(&mut self, id: u64) {
        if self.document.inbox.iter().any(|edit| edit.id == id) {
            self.seal();
            self.document.inbox.retain(|edit| edit.id != id);
            self.journal.push(Entry::Discard { id });
        }
    }

    /// Checks what must always hold, at the cost of the document: for tests.
    ///
    /// # Panics
    /// When it does not hold.
    pub fn assert_invariants(&self) {
        self.document.assert_invariants();
        assert!(self.committed_edits <= self.edits && self.journal.saved_edits() <= self.edits);
    }

    fn freeze(&mut self, seq: u64) {
        self.document.freeze(seq);
        self.journal.push(Entry::Freeze { seq });
        self.freeze_batch = self.journal.next_batch();
        self.inflight_edits = self.edits;
        self.sent = false;
    }

    fn seal(&mut self) {
        if let Some(edit) = self.document.seal() {
            self.journal.push(edit);
        }
    }

    fn patch(&mut self, patch: Patch) {
        if !patch.op.is_noop() {
            self.effects.push_back(Effect::Patch(patch));
        }
    }

    fn open(&mut self) {
        self.open_from(self.document.epoch.clone());
    }

    fn open_from(&mut self, epoch: Option<Epoch>) {
        self.link = Link::Opening;
        self.request += 1;
        self.fate = Fate::None;
        self.ahead.clear();
        self.sent = false;
        let create = self
            .document
            .epoch
            .is_none()
            .then(|| self.document.confirmed().clone());
        // What is not durable yet was never sent, and a crash would forget its seq: to be told of it,
        // the authority might fence it, and so lose the record of the one before.
        let inflight = self.document.inflight.as_ref();
        let sent = inflight.filter(|_| self.journal.is_saved(self.freeze_batch));
        self.effects
            .push_back(Effect::Send(ClientMessage::Open(Open {
                doc: self.document.doc.clone(),
                client: self.document.client.clone(),
                request: self.request,
                epoch,
                revision: self.document.revision,
                seq: self.document.last_seq,
                inflight: sent.map(|inflight| Sent {
                    client: inflight.client.clone(),
                    seq: inflight.seq,
                    digest: inflight.op.digest(inflight.base),
                }),
                create,
            })));
    }

    fn snapshot(&mut self, epoch: Epoch, revision: u64, value: Value, fate: Fate) {
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
        match self
            .document
            .adopt(epoch.clone(), revision, value.clone(), included)
        {
            Ok(patch) => {
                if included {
                    self.committed_edits = self.inflight_edits;
                }
                self.journal.push(Entry::Snapshot {
                    epoch,
                    revision,
                    value,
                    included,
                });
                self.patch(patch);
                self.live();
            }
            Err(error) => self.effects.push_back(Effect::Fault(error)),
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

    fn send_inflight(&mut self) {
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

    fn unfreeze(&mut self) {
        if self.document.inflight.is_some() {
            self.seal();
            self.document.unfreeze();
            self.journal.push(Entry::Unfreeze);
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
            Err(error) => self.effects.push_back(Effect::Fault(error)),
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

    fn ask_for_client(&mut self) {
        if !self.cloned {
            self.cloned = true;
            self.effects.push_back(Effect::Cloned);
        }
    }
}
