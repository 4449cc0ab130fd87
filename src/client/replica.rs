use std::collections::{BTreeMap, VecDeque};

use super::effect::{Effect, Link, Patch, Status};
use super::entry::{Entry, RejectedEdit, State, Stored};
use super::journal::Journal;
use super::state::{Document, corrupt};
use crate::Error;
use crate::count;
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{JsonOp, Path, Step, Value};
use crate::protocol::{ClientMessage, Committed, Fate, Open, Sent};
use crate::queue::OpQueue;
use crate::settings::Settings;
use crate::text::{Text, TextOp};
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
    pub(super) document: Document,
    pub(super) journal: Journal,
    pub(super) effects: VecDeque<Effect>,
    pub(super) link: Link,
    /// Counts the opens; answers to earlier ones are ignored.
    pub(super) request: u64,
    /// What the authority said of the inflight op when this subscription began.
    pub(super) fate: Fate,
    /// The head that the catch-up goes to.
    pub(super) target: u64,
    /// Accepted ops that cannot be integrated yet, by revision.
    pub(super) ahead: BTreeMap<u64, Committed>,
    /// The batch that holds the inflight op's freeze; it is sent when that is durable (I4).
    pub(super) freeze_batch: u64,
    /// Whether the inflight op went out on this subscription.
    pub(super) sent: bool,
    /// Whether a fresh client id was asked for.
    pub(super) cloned: bool,
    pub(super) edits: u64,
    /// `edits` when the inflight op was frozen.
    pub(super) inflight_edits: u64,
    pub(super) committed_edits: u64,
}

impl Replica {
    /// A replica of which nothing is stored. `create` is the value before the first contact, and what
    /// the document is created with, should it not exist.
    pub fn new(doc: DocId, client: ClientId, create: Value, settings: Settings) -> Self {
        let document = Document::new(doc, client, create, settings);
        Self::with(document, Journal::new(None))
    }

    /// The schema version that this application works on; at first that of the stored settings. An authority whose
    /// document has another one says that an upgrade is needed, and the edits wait.
    pub fn set_schema_version(&mut self, version: Option<u64>) {
        self.document.schema_version = version;
    }

    /// The document's settings; before the first contact, those to create it with.
    pub fn settings(&self) -> &Settings {
        &self.document.settings
    }

    /// The replica that was stored.
    ///
    /// # Errors
    /// [`Error::StorageNewer`] for a newer format, [`Error::StorageCorrupt`] for entries that do not fit.
    pub fn restore(stored: Stored) -> Result<Self, Error> {
        let mut document = Document::restore(stored.checkpoint)?;
        let journal = Journal::new(Some(stored.entries.len()));
        for entry in stored.entries {
            document.replay(entry).map_err(corrupt)?;
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

    /// The value as the user sees it: confirmed, with everything local on top; none when the document is absent.
    pub fn value(&self) -> Option<&Value> {
        self.document.view.as_ref()
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
    ///
    /// # Errors
    /// When the queued edits do not follow each other: never, as far as is known.
    pub fn state(&self) -> Result<State, Error> {
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

    /// Ops, each made on what the one before it makes of the value, as one; and the steps of it.
    ///
    /// # Errors
    /// Those of [`JsonOp::apply`] and [`JsonOp::compose`].
    pub fn joined(
        &self,
        ops: impl IntoIterator<Item = JsonOp>,
    ) -> Result<(JsonOp, Vec<Step>), Error> {
        let mut value = self.document.view.clone();
        let mut queue = OpQueue::new();
        for op in ops {
            op.apply(&mut value)?;
            queue.push(op)?;
        }
        let op = queue.take()?;
        let steps = op.steps(&self.document.view)?;
        Ok((op, steps))
    }

    /// The user replaced `deleted` UTF-16 code units at `at` of the string at `path` by `insert`.
    ///
    /// # Errors
    /// [`Error::OffsetOutOfBounds`], [`Error::OffsetInsidePair`], [`Error::DoesNotFit`] when there is no string;
    /// nothing has changed then.
    pub fn edit_text(
        &mut self,
        path: &Path,
        at: Utf16Offset,
        deleted: usize,
        insert: &str,
    ) -> Result<(), Error> {
        let text = self.text(path)?;
        let from = text.utf16_to_char(at)?;
        let to = text.utf16_to_char(Utf16Offset(at.0.saturating_add(deleted)))?;
        let edit = TextOp::builder()
            .retain(from.0)
            .insert(insert)
            .delete(to.0 - from.0)
            .finish();
        self.edit(JsonOp::text_at(path, edit))
    }

    /// The string at `path`.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] when there is none.
    pub fn text(&self, path: &Path) -> Result<Text, Error> {
        let value = path
            .0
            .iter()
            .fold(self.value(), |value, key| value?.get(key));
        let text = value.and_then(Value::to_text);
        text.ok_or_else(|| Error::DoesNotFit {
            reason: "there is no string",
            path: path.to_string(),
        })
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

    /// Stores what changed; with it, when nothing is inflight and the link is live, pending is frozen to
    /// be sent. The host calls it soon after edits, and after every [`receive`](Self::receive).
    pub fn flush(&mut self) {
        self.seal();
        let free = self.document.inflight.is_none();
        if free && self.link == Link::Live && !self.cloned && !self.document.pending_cancels_out() {
            match count::next("the last seq", self.document.last_seq) {
                Ok(seq) => self.freeze(seq),
                Err(error) => self.fault(error),
            }
        } else if free && !self.document.has_pending() {
            // Nothing is left to be decided: it cancelled out.
            self.committed_edits = self.edits;
        }
        let size = self.value().map_or(0, Value::size);
        if let Some((batch, entries, checkpoint)) = self.journal.next(self.edits, size) {
            let checkpoint = match checkpoint.then(|| self.document.state()).transpose() {
                Ok(state) => state.map(Box::new),
                Err(error) => return self.fault(error),
            };
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
        if let Err(error) = self.document.freeze(seq) {
            return self.fault(error);
        }
        self.journal.push(Entry::Freeze { seq });
        self.freeze_batch = self.journal.next_batch();
        self.inflight_edits = self.edits;
        self.sent = false;
    }

    pub(super) fn seal(&mut self) {
        match self.document.seal() {
            Ok(edit) => edit.into_iter().for_each(|edit| self.journal.push(edit)),
            Err(error) => self.fault(error),
        }
    }

    pub(super) fn fault(&mut self, error: Error) {
        self.effects.push_back(Effect::Fault(error));
    }

    pub(super) fn patch(&mut self, patch: Patch) {
        if !patch.op.is_noop() {
            self.effects.push_back(Effect::Patch(patch));
        }
    }

    pub(super) fn open(&mut self) {
        self.open_from(self.document.epoch.clone());
    }

    pub(super) fn open_from(&mut self, epoch: Option<Epoch>) {
        self.link = Link::Opening;
        self.request += 1;
        self.fate = Fate::None;
        self.ahead.clear();
        self.sent = false;
        let create = self
            .document
            .epoch
            .is_none()
            .then(|| self.document.confirmed.clone())
            .flatten();
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
                settings: match &create {
                    Some(_) => self.document.settings.clone(),
                    None => Settings::default(),
                },
                create,
                schema_version: self.document.schema_version,
            })));
    }

    pub(super) fn unfreeze(&mut self) {
        if self.document.inflight.is_some() {
            self.seal();
            match self.document.unfreeze() {
                Ok(patch) => {
                    self.journal.push(Entry::Unfreeze);
                    self.patch(patch);
                }
                Err(error) => self.fault(error),
            }
        }
    }

    pub(super) fn ask_for_client(&mut self) {
        if !self.cloned {
            self.cloned = true;
            self.effects.push_back(Effect::Cloned);
        }
    }
}
