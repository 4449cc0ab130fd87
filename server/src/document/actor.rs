//! One document's task: the host of its [`Authority`].

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use futures_util::FutureExt;
use rejoin::Error;
use rejoin::authority::{Authority, Out, PeerId};
use rejoin::id::DocId;
use rejoin::protocol::{Open, ServerMessage};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::command::{Command, Peer};
use super::load::{LoadError, load};
use super::registry::{Registry, Settings};
use super::storage_unavailable;
use crate::socket::{LogRange, Outbox};
use crate::store::{Commit, Snapshot, Store, StoreError};

/// Commands that share one append at most.
const BATCH: usize = 128;

pub(super) struct Actor {
    doc: DocId,
    store: Arc<dyn Store>,
    settings: Settings,
    registry: Registry,
    /// None before the first open, and after the storage failed.
    authority: Option<Authority>,
    peers: HashMap<PeerId, Arc<Outbox>>,
    /// The revision of the stored snapshot.
    snapshot: u64,
}

impl Actor {
    pub(super) fn new(
        doc: DocId,
        store: Arc<dyn Store>,
        settings: Settings,
        registry: Registry,
    ) -> Self {
        Self {
            doc,
            store,
            settings,
            registry,
            authority: None,
            peers: HashMap::new(),
            snapshot: 0,
        }
    }

    /// Runs until nobody needs the document.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let next = mailbox.recv_many(&mut batch, BATCH);
            let received = if self.peers.is_empty() {
                timeout(self.settings.idle, next).await
            } else {
                Ok(next.await)
            };
            match received {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) if self.registry.retire(&self.doc, &mailbox) => {
                    tracing::debug!(doc = %self.doc, "document evicted");
                    return;
                }
                Err(_) => continue,
            }
            // A defect in one document's engine must not take the others, or this one's peers, along.
            let served = AssertUnwindSafe(self.serve(&mut batch))
                .catch_unwind()
                .await;
            if served.is_err() {
                batch.clear();
                tracing::error!(doc = %self.doc, "defect: the document's engine panicked");
                self.drop_authority();
            }
            if self.authority.is_none()
                && self.peers.is_empty()
                && self.registry.retire(&self.doc, &mailbox)
            {
                return;
            }
        }
    }

    async fn serve(&mut self, batch: &mut Vec<Command>) {
        // Dropped after the commit, so that whoever waits for an answer finds it in the outbox.
        let mut answered = Vec::new();
        for command in batch.drain(..) {
            match command {
                Command::Open {
                    peer,
                    open,
                    answered: done,
                } => {
                    answered.push(done);
                    self.open(peer, open).await;
                }
                Command::Submit { peer, submit } => match self.authority_of(&peer) {
                    Some(authority) => authority.submit(peer.id, submit),
                    None => self.not_open(&peer, submit.seq),
                },
                Command::Refuse { peer, seq, error } => match self.authority_of(&peer) {
                    Some(authority) => authority.reject(peer.id, seq, &error),
                    None => self.not_open(&peer, seq),
                },
                Command::Close { peer } => self.close(peer),
                Command::Drain { peer, drained } => {
                    self.commit().await;
                    self.close(peer);
                    drop(drained);
                }
            }
        }
        self.commit().await;
    }

    async fn open(&mut self, peer: Peer, open: Open) {
        if let Err(error) = self.try_open(&peer, open).await {
            let message = match error {
                LoadError::Request(error) => {
                    ServerMessage::error(Some(self.doc.clone()), None, &error)
                }
                LoadError::Store(error) => {
                    tracing::error!(
                        doc = %self.doc, code = error.code(), %error, "document cannot be opened"
                    );
                    storage_unavailable(self.doc.clone(), None)
                }
            };
            // It may have been a peer before the authority was lost; now it has nothing open.
            self.close(peer.id);
            if let Some(frame) = encode(&message) {
                peer.outbox.push(frame);
            }
        }
    }

    async fn try_open(&mut self, peer: &Peer, open: Open) -> Result<(), LoadError> {
        if self.authority.is_none() {
            let (authority, snapshot) = load(
                &*self.store,
                &self.doc,
                open.create.as_ref().map(|value| (value, &open.settings)),
                self.settings.limits,
            )
            .await?;
            self.snapshot = snapshot;
            self.authority = Some(authority);
        }
        if let Some(authority) = &mut self.authority {
            for client in open.clients() {
                if !authority.knows(client) {
                    let last = self.store.last_seq(&self.doc, client).await?;
                    authority.learn(client.clone(), last);
                }
            }
            self.peers.insert(peer.id, Arc::clone(&peer.outbox));
            authority.open(peer.id, open);
        }
        Ok(())
    }

    /// The authority, for a peer that has the document open.
    fn authority_of(&mut self, peer: &Peer) -> Option<&mut Authority> {
        let known = self.peers.contains_key(&peer.id);
        self.authority.as_mut().filter(|_| known)
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        if let Some(authority) = &mut self.authority {
            authority.close(peer);
        }
    }

    /// Makes what was accepted durable, and only then tells anybody (I3).
    async fn commit(&mut self) {
        let Some(authority) = &mut self.authority else {
            return;
        };
        if let Some(append) = authority.take_append() {
            let due = append.head - self.snapshot >= self.settings.snapshot_every;
            let snapshot = due.then(|| Snapshot {
                revision: append.head,
                value: authority.value().cloned(),
            });
            let (base, head) = (append.base, append.head);
            let commit = Commit {
                epoch: authority.epoch().clone(),
                append,
                snapshot,
            };
            if let Err(error) = self.store.append(commit).await {
                return self.append_failed(base, &error);
            }
            if due {
                self.snapshot = head;
            }
        }
        for out in authority.appended() {
            self.deliver(out);
        }
    }

    fn append_failed(&mut self, base: u64, error: &StoreError) {
        tracing::error!(doc = %self.doc, base, code = error.code(), %error, "append failed");
        self.drop_authority();
    }

    /// Nothing was acknowledged: what is durable is loaded again at the next open.
    fn drop_authority(&mut self) {
        self.authority = None;
        let message = storage_unavailable(self.doc.clone(), None);
        if let Some(frame) = encode(&message) {
            for (_, outbox) in self.peers.drain() {
                outbox.push(frame.clone());
            }
        }
    }

    fn deliver(&self, out: Out) {
        match out {
            Out::Send { peers, message } => self.send(&peers, &message),
            Out::Log {
                peer,
                request,
                base,
                to,
                fate,
            } => {
                if let (Some(outbox), Some(authority)) = (self.peers.get(&peer), &self.authority) {
                    outbox.push_log(LogRange {
                        doc: self.doc.clone(),
                        epoch: authority.epoch().clone(),
                        request,
                        base,
                        to,
                        head: to,
                        fate,
                    });
                }
            }
        }
    }

    /// Encodes once, however many peers there are.
    fn send(&self, peers: &[PeerId], message: &ServerMessage) {
        if let (
            [peer],
            ServerMessage::Ops {
                doc,
                request,
                epoch,
                base,
                ops,
                head,
                fate,
            },
        ) = (peers, message)
            && let Some(outbox) = self.peers.get(peer)
            && !outbox.is_calm()
        {
            // A catch-up that has to wait is not kept in memory: it is durable, and read when its turn
            // comes.
            return outbox.push_log(LogRange {
                doc: doc.clone(),
                epoch: epoch.clone(),
                request: *request,
                base: *base,
                to: base + ops.len() as u64,
                head: *head,
                fate: *fate,
            });
        }
        let Some(frame) = encode(message) else {
            return;
        };
        for outbox in peers.iter().filter_map(|peer| self.peers.get(peer)) {
            outbox.push(frame.clone());
        }
    }

    fn not_open(&self, peer: &Peer, seq: u64) {
        let error = Error::NotOpen {
            doc: self.doc.to_string(),
        };
        let message = ServerMessage::error(Some(self.doc.clone()), Some(seq), &error);
        if let Some(frame) = encode(&message) {
            peer.outbox.push(frame);
        }
    }
}

fn encode(message: &ServerMessage) -> Option<Utf8Bytes> {
    serde_json::to_string(message)
        .inspect_err(|error| tracing::error!(%error, "defect: a message cannot be encoded"))
        .ok()
        .map(Utf8Bytes::from)
}
