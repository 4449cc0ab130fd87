//! ```text
//!            open, submit, close                take_append            appended
//!  peers ───────────────────────▶ Authority ───────────────▶ storage ───────────▶ peers
//!                     transforms, applies,       one transaction      acks, ops, refusals:
//!                     keeps answers back                              what waited for it
//! ```
//! Invariant: nothing leaves before the transaction that it speaks of is durable (I3).

use std::collections::BTreeMap;
use std::mem;

use super::append::{Append, Check, LastSeq, Out, PeerId, Stored};
use super::window::{Limits, Window};
use crate::Error;
use crate::count;
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{Digest, JsonOp, Value};
use crate::protocol::{Committed, Fate, Open, Sent, ServerMessage, Submit};
use crate::settings::Settings;
use crate::text::Side;

/// One document: accepts ops in an order that holds for everybody.
///
/// Sans-IO. The host hands in what peers send, writes what [`take_append`](Self::take_append) gives in
/// one transaction, and then sends what [`appended`](Self::appended) gives. Should a write fail, the
/// host drops the authority, and loads it again from what is durable: nobody was told anything.
#[derive(Debug)]
pub struct Authority {
    doc: DocId,
    epoch: Epoch,
    floor: u64,
    value: Option<Value>,
    settings: Settings,
    check: Option<Box<dyn Check>>,
    window: Window,
    limits: Limits,
    clients: BTreeMap<ClientId, Client>,
    peers: BTreeMap<PeerId, Peer>,
    leaving: Vec<ClientId>,
    staged: Append,
    waiting: Vec<Out>,
    releasing: Vec<Out>,
}

#[derive(Debug)]
struct Peer {
    client: ClientId,
    request: u64,
}

#[derive(Debug, Default)]
struct Client {
    last: Option<LastSeq>,
    peers: usize,
}

impl Authority {
    /// A document created now, at revision 0; its creation is durable already.
    pub fn new(doc: DocId, epoch: Epoch, value: Value, settings: Settings, limits: Limits) -> Self {
        let stored = Stored {
            doc,
            epoch,
            floor: 0,
            revision: 0,
            value: Some(value),
            settings,
            window: Vec::new(),
        };
        Self::with(stored, Window::default(), limits)
    }

    /// A document as its storage has it.
    ///
    /// # Errors
    /// [`Error::StorageCorrupt`] when its revision is no count, or before its floor, or before all the ops
    /// of the window.
    pub fn load(mut stored: Stored, limits: Limits) -> Result<Self, Error> {
        let corrupt = |reason| Error::StorageCorrupt { reason };
        count::check("the revision", stored.revision)
            .map_err(|error| corrupt(error.to_string()))?;
        if stored.floor > stored.revision {
            let Stored {
                floor, revision, ..
            } = stored;
            return Err(corrupt(format!(
                "the log begins at {floor} and ends at {revision}"
            )));
        }
        if stored.settings.policies.restores() {
            // A stored op may not say that it removed `true`; whoever applied it knew.
            for committed in &mut stored.window {
                committed.op = committed.op.held();
            }
        }
        let window = Window::new(stored.revision, mem::take(&mut stored.window))?;
        Ok(Self::with(stored, window, limits))
    }

    fn with(stored: Stored, window: Window, limits: Limits) -> Self {
        Self {
            staged: Append {
                doc: stored.doc.clone(),
                base: stored.revision,
                ops: Vec::new(),
                clients: Vec::new(),
                head: stored.revision,
            },
            doc: stored.doc,
            epoch: stored.epoch,
            floor: stored.floor,
            value: stored.value,
            settings: stored.settings,
            check: None,
            window,
            limits,
            clients: BTreeMap::new(),
            peers: BTreeMap::new(),
            leaving: Vec::new(),
            waiting: Vec::new(),
            releasing: Vec::new(),
        }
    }

    /// From now on a value must pass this check besides.
    pub fn check_with(&mut self, check: Box<dyn Check>) {
        self.check = Some(check);
    }

    /// The document's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The document's name.
    pub fn doc(&self) -> &DocId {
        &self.doc
    }

    /// The document's life.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The newest revision, durable or on its way there.
    pub fn head(&self) -> u64 {
        self.window.head()
    }

    /// The document at [`head`](Self::head); none when it is absent.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// Whether nobody has the document open.
    pub fn is_idle(&self) -> bool {
        self.peers.is_empty()
    }

    /// Tells that the log has been pruned: `floor` is the oldest base it can serve.
    pub fn pruned(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
    }

    /// Whether the record of a client is at hand. If not, the host reads it from storage and calls
    /// [`learn`](Self::learn) before it hands in an `open` that [depends](Open::clients) on it.
    pub fn knows(&self, client: &ClientId) -> bool {
        self.clients.contains_key(client)
    }

    /// What storage has on a client: its last decided op, or that there is none.
    pub fn learn(&mut self, client: ClientId, last: Option<LastSeq>) {
        self.clients
            .entry(client.clone())
            .or_insert(Client { last, peers: 0 });
        self.leaving.push(client);
    }

    /// A peer subscribes; the answer brings it up to date. Cost: the ops it missed.
    pub fn open(&mut self, peer: PeerId, open: Open) {
        if self
            .peers
            .get(&peer)
            .is_some_and(|known| known.request >= open.request)
        {
            return;
        }
        self.close(peer);
        if let (Some(theirs), Some(ours)) = (open.schema_version, self.settings.schema_version)
            && theirs != ours
        {
            let error = Error::UpgradeNeeded { theirs, ours };
            let doc = Some(self.doc.clone());
            return self.send(peer, ServerMessage::error(doc, None, &error));
        }
        if self.is_copy(&open) {
            return self.cloned(peer, &open.client, open.seq);
        }
        self.clients.entry(open.client.clone()).or_default().peers += 1;
        self.peers.insert(
            peer,
            Peer {
                client: open.client.clone(),
                request: open.request,
            },
        );

        let head = self.head();
        let served = open.epoch.as_ref() == Some(&self.epoch)
            && (self.floor..=head).contains(&open.revision);
        let fate = match &open.inflight {
            None => Fate::None,
            Some(sent) => self.fate(sent, served, sent.client == open.client),
        };
        if !served {
            self.send(
                peer,
                ServerMessage::Snapshot {
                    doc: self.doc.clone(),
                    request: open.request,
                    epoch: self.epoch.clone(),
                    revision: head,
                    value: self.value.clone(),
                    settings: self.settings.clone(),
                    fate,
                },
            );
        } else if open.revision < self.window.start() {
            self.waiting.push(Out::Log {
                peer,
                request: open.request,
                base: open.revision,
                to: head,
                fate,
            });
        } else {
            self.send_window(peer, open.request, open.revision, fate);
        }
    }

    /// Whether somebody else has used the client id of an open.
    fn is_copy(&self, open: &Open) -> bool {
        let Some(last) = self.clients.get(&open.client).and_then(|c| c.last) else {
            return false;
        };
        let own = open.inflight.as_ref();
        let own = own.filter(|sent| sent.client == open.client && sent.seq == last.seq);
        last.seq > open.seq || own.is_some_and(|sent| !last.is_of(sent.digest))
    }

    /// What became of an op that was sent. `served`: whether the replica gets all ops since its revision;
    /// `own`: whether the op may be sent again under its name.
    fn fate(&mut self, sent: &Sent, served: bool, own: bool) -> Fate {
        let last = self.clients.get(&sent.client).and_then(|c| c.last);
        match last {
            Some(last) if last.seq == sent.seq => match last.revision {
                Some(_) if last.is_of(sent.digest) => Fate::Committed,
                // Under this name there is nothing, or another op.
                _ => Fate::Fenced,
            },
            Some(last) if last.seq > sent.seq && served => Fate::Unknown,
            Some(last) if last.seq > sent.seq => Fate::Forgotten,
            _ if served && own => Fate::Unknown,
            _ => {
                // Its base, or its name, goes out of reach: a late copy must not commit.
                let (seq, digest) = (sent.seq, sent.digest);
                self.record(
                    &sent.client,
                    LastSeq {
                        seq,
                        revision: None,
                        digest,
                    },
                );
                Fate::Fenced
            }
        }
    }

    fn send_window(&mut self, peer: PeerId, request: u64, from: u64, fate: Fate) {
        let missed: Vec<Committed> = self.window.after(from).cloned().collect();
        let batch_ops = self.limits.batch_ops.max(1);
        let batches = missed.len().div_ceil(batch_ops).max(1);
        let mut missed = missed.into_iter();
        for batch in 0..batches {
            let message = ServerMessage::Ops {
                doc: self.doc.clone(),
                request,
                epoch: self.epoch.clone(),
                base: from + (batch * batch_ops) as u64,
                ops: missed.by_ref().take(batch_ops).collect(),
                head: self.head(),
                fate,
            };
            self.send(peer, message);
        }
    }

    /// A peer submits an op. It is accepted, refused or found to be known already; the answer is among
    /// what [`appended`](Self::appended) gives. Cost: linear in the op and in the ops since its base.
    pub fn submit(&mut self, peer: PeerId, submit: Submit) {
        let Some(client) = self.peers.get(&peer).map(|peer| peer.client.clone()) else {
            return self.not_open(peer, submit.seq);
        };
        if submit.seq == 0 {
            let error = Error::MalformedMessage {
                reason: "seqs start at 1".to_owned(),
            };
            return self.send(
                peer,
                ServerMessage::error(Some(self.doc.clone()), Some(0), &error),
            );
        }
        let digest = submit.op.digest(submit.base);
        if self.answered(peer, &client, submit.seq, digest) {
            return;
        }
        if !(self.window.start()..=self.head()).contains(&submit.base) {
            self.record(
                &client,
                LastSeq {
                    seq: submit.seq,
                    revision: None,
                    digest,
                },
            );
            return self.behind(peer, submit.seq);
        }
        match self.accept(&submit) {
            Ok(op) => self.commit(peer, client, submit.seq, digest, op),
            Err(error) => self.refuse(peer, &client, submit.seq, digest, &error),
        }
    }

    /// A peer submitted something that could not be read as an op: it is refused, and fenced.
    pub fn reject(&mut self, peer: PeerId, seq: u64, error: &Error) {
        let Some(client) = self.peers.get(&peer).map(|peer| peer.client.clone()) else {
            return self.not_open(peer, seq);
        };
        // A damaged copy of a decided op says nothing of who sent it: its author asks with the digest.
        let last = self.clients.get(&client).and_then(|c| c.last);
        if last.is_some_and(|l| seq < l.seq || seq == l.seq && l.revision.is_some()) {
            return;
        }
        if !self.answered(peer, &client, seq, Digest::default()) {
            self.refuse(peer, &client, seq, Digest::default(), error);
        }
    }

    /// A peer leaves, or its connection is gone.
    pub fn close(&mut self, peer: PeerId) {
        if let Some(Peer { client, .. }) = self.peers.remove(&peer) {
            if let Some(state) = self.clients.get_mut(&client) {
                state.peers -= 1;
            }
            self.leaving.push(client);
        }
    }

    /// The transaction to write, if there is anything to write. What was handed in so far waits for it.
    pub fn take_append(&mut self) -> Option<Append> {
        self.releasing.append(&mut self.waiting);
        if self.staged.ops.is_empty() && self.staged.clients.is_empty() {
            return None;
        }
        let head = self.head();
        let next = Append {
            doc: self.doc.clone(),
            base: head,
            ops: Vec::new(),
            clients: Vec::new(),
            head,
        };
        Some(mem::replace(&mut self.staged, next))
    }

    /// That transaction is durable (or there was nothing to write): what waited for it, in order.
    pub fn appended(&mut self) -> Vec<Out> {
        // A record may be forgotten only when storage has the newest of it.
        if self.staged.clients.is_empty() {
            for client in mem::take(&mut self.leaving) {
                if self.clients.get(&client).is_some_and(|c| c.peers == 0) {
                    self.clients.remove(&client);
                }
            }
        }
        mem::take(&mut self.releasing)
    }

    /// Dedupe: whether this seq was decided before. Then it is answered as it was then.
    fn answered(&mut self, peer: PeerId, client: &ClientId, seq: u64, digest: Digest) -> bool {
        let Some(last) = self.clients.get(client).and_then(|c| c.last) else {
            return false;
        };
        if seq > last.seq {
            return false;
        }
        let same = seq == last.seq && last.is_of(digest);
        match last.revision {
            _ if !same => self.cloned(peer, client, seq),
            None => self.behind(peer, seq),
            Some(revision) => self.send(
                peer,
                ServerMessage::Committed {
                    doc: self.doc.clone(),
                    revision,
                    client: client.clone(),
                    seq,
                    op: None,
                },
            ),
        }
        true
    }

    /// The op as it applies at the head (I2: op by op), after it was applied there.
    fn accept(&mut self, submit: &Submit) -> Result<JsonOp, Error> {
        count::next("the revision", self.head())?;
        let components = submit.op.component_count();
        if components > self.limits.op_components {
            return Err(Error::TooLarge {
                what: "the op's number of components",
                size: components,
                limit: self.limits.op_components,
            });
        }
        let mut op = submit.op.clone();
        let policy = &self.settings.policies;
        for accepted in self.window.after(submit.base) {
            // What it removes is known to its author, who judges as is judged here.
            if policy.restores() {
                op = op.held();
            }
            op = op.transform(&accepted.op, Side::Right, policy)?;
        }
        if policy.restores() {
            op = op.with_content(&self.value)?;
        }
        let mut after = self.value.clone();
        op.apply(&mut after)?;
        let size = |value: &Option<Value>| value.as_ref().map_or(0, Value::size);
        if size(&after) > self.limits.value_size.max(size(&self.value)) {
            return Err(Error::TooLarge {
                what: "the document's size",
                size: size(&after),
                limit: self.limits.value_size,
            });
        }
        if let Some(check) = &self.check {
            check.check(after.as_ref())?;
        }
        self.value = after;
        Ok(op)
    }

    fn commit(&mut self, peer: PeerId, client: ClientId, seq: u64, digest: Digest, op: JsonOp) {
        let committed = Committed {
            client: client.clone(),
            seq,
            op: op.clone(),
        };
        self.staged.ops.push(committed.clone());
        self.window.push(committed, &self.limits);
        let revision = self.head();
        self.staged.head = revision;
        self.record(
            &client,
            LastSeq {
                seq,
                revision: Some(revision),
                digest,
            },
        );

        let message = |op| ServerMessage::Committed {
            doc: self.doc.clone(),
            revision,
            client: client.clone(),
            seq,
            op,
        };
        let (ack, news) = (message(None), message(Some(op)));
        let others: Vec<PeerId> = self
            .peers
            .keys()
            .copied()
            .filter(|other| *other != peer)
            .collect();
        self.send(peer, ack);
        if !others.is_empty() {
            self.waiting.push(Out::Send {
                peers: others,
                message: news,
            });
        }
    }

    fn record(&mut self, client: &ClientId, last: LastSeq) {
        self.clients.entry(client.clone()).or_default().last = Some(last);
        match self
            .staged
            .clients
            .iter_mut()
            .find(|(staged, _)| staged == client)
        {
            Some((_, staged)) => *staged = last,
            None => self.staged.clients.push((client.clone(), last)),
        }
    }

    fn refuse(&mut self, peer: PeerId, client: &ClientId, seq: u64, digest: Digest, error: &Error) {
        self.record(
            client,
            LastSeq {
                seq,
                revision: None,
                digest,
            },
        );
        self.send(
            peer,
            ServerMessage::Rejected {
                doc: self.doc.clone(),
                seq,
                code: error.code().to_owned(),
                detail: error.to_string(),
            },
        );
    }

    fn behind(&mut self, peer: PeerId, seq: u64) {
        self.send(
            peer,
            ServerMessage::Behind {
                doc: self.doc.clone(),
                seq,
            },
        );
    }

    fn cloned(&mut self, peer: PeerId, client: &ClientId, seq: u64) {
        let error = Error::ClonedClient {
            client: client.to_string(),
            seq,
        };
        self.send(
            peer,
            ServerMessage::error(Some(self.doc.clone()), Some(seq), &error),
        );
    }

    fn not_open(&mut self, peer: PeerId, seq: u64) {
        let error = Error::NotOpen {
            doc: self.doc.to_string(),
        };
        self.send(
            peer,
            ServerMessage::error(Some(self.doc.clone()), Some(seq), &error),
        );
    }

    fn send(&mut self, peer: PeerId, message: ServerMessage) {
        self.waiting.push(Out::Send {
            peers: vec![peer],
            message,
        });
    }
}
