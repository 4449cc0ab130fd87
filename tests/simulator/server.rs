//! The server: an authority, and the database that survives it.

use std::collections::{BTreeMap, HashSet};

use rejoin::Error;
use rejoin::authority::{Append, Authority, LastSeq, Limits, Out, PeerId, Stored};
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::Value;
use rejoin::protocol::{ClientMessage, Committed, Fate, Open, Sent, ServerMessage};

use crate::schedule::Counts;

pub fn doc() -> DocId {
    DocId::new("doc").unwrap()
}

pub fn initial() -> Value {
    Value::from("")
}

/// What is durable.
struct Database {
    epoch: Epoch,
    /// The value at revision 0 of this life.
    first: Value,
    ops: Vec<Committed>,
    floor: u64,
    value: Value,
    clients: BTreeMap<ClientId, LastSeq>,
    /// Each accepted op, as it was sent.
    accepted: HashSet<Sent>,
}

pub struct Server {
    database: Database,
    authority: Option<Authority>,
    appending: Option<Append>,
    /// What each peer opened with.
    opens: Vec<(PeerId, Open)>,
    limits: Limits,
    lives: u64,
}

impl Server {
    pub fn new(limits: Limits) -> Self {
        let database = Database {
            epoch: Epoch::new("life-1").unwrap(),
            first: initial(),
            ops: Vec::new(),
            floor: 0,
            value: initial(),
            clients: BTreeMap::new(),
            accepted: HashSet::new(),
        };
        Self {
            database,
            authority: None,
            appending: None,
            opens: Vec::new(),
            limits,
            lives: 1,
        }
    }

    pub fn value(&self) -> &Value {
        &self.database.value
    }

    /// Whether this very op was accepted (as far as its client's records tell).
    pub fn accepted(&self, sent: &Sent) -> bool {
        self.database.accepted.contains(sent)
    }

    fn authority(&mut self) -> &mut Authority {
        let database = &self.database;
        self.authority.get_or_insert_with(|| {
            // As few or as many of the newest ops as a host happens to load.
            let from = database.ops.len().saturating_sub(self.limits.window_ops);
            let from = from.max(database.floor as usize);
            let stored = Stored {
                doc: doc(),
                epoch: database.epoch.clone(),
                floor: database.floor,
                revision: database.ops.len() as u64,
                value: database.value.clone(),
                window: database.ops[from..].to_vec(),
            };
            Authority::load(stored, self.limits).unwrap()
        })
    }

    pub fn receive(&mut self, peer: PeerId, message: ClientMessage) {
        match message {
            ClientMessage::Open(open) => {
                self.opens.push((peer, open.clone()));
                for client in open.clients() {
                    if !self.authority().knows(client) {
                        let last = self.database.clients.get(client).copied();
                        self.authority().learn(client.clone(), last);
                    }
                }
                self.authority().open(peer, open);
            }
            ClientMessage::Submit(submit) => self.authority().submit(peer, submit),
            other => panic!("a replica does not send {other:?}"),
        }
    }

    /// A submit comes in that cannot be read.
    pub fn receive_malformed(&mut self, peer: PeerId, seq: u64) {
        let error = Error::MalformedOp {
            reason: "damaged".to_owned(),
        };
        self.authority().reject(peer, seq, &error);
    }

    pub fn close(&mut self, peer: PeerId) {
        if let Some(authority) = &mut self.authority {
            authority.close(peer);
        }
    }

    /// Begins a transaction if none is under way; then the messages that wait for nothing.
    pub fn begin_append(&mut self, counts: &mut Counts) -> Vec<(PeerId, ServerMessage)> {
        if self.appending.is_none()
            && let Some(authority) = &mut self.authority
        {
            self.appending = authority.take_append();
            if self.appending.is_none() {
                let outs = authority.appended();
                return self.expand(outs, counts);
            }
        }
        Vec::new()
    }

    pub fn is_appending(&self) -> bool {
        self.appending.is_some()
    }

    /// The transaction commits.
    pub fn append_done(&mut self, counts: &mut Counts) -> Vec<(PeerId, ServerMessage)> {
        let Some(append) = self.appending.take() else {
            return Vec::new();
        };
        self.store(append, counts);
        let outs = self
            .authority
            .as_mut()
            .map(Authority::appended)
            .unwrap_or_default();
        self.expand(outs, counts)
    }

    fn store(&mut self, append: Append, counts: &mut Counts) {
        let database = &mut self.database;
        assert_eq!(append.base, database.ops.len() as u64, "compare-and-append");
        for committed in append.ops {
            counts.thing("accepted ops");
            committed
                .op
                .apply(&mut database.value)
                .expect("an accepted op fits");
            let twice = database
                .ops
                .iter()
                .any(|op| op.client == committed.client && op.seq == committed.seq);
            assert!(
                !twice,
                "{} {} was accepted twice",
                committed.client, committed.seq
            );
            database.ops.push(committed);
        }
        assert_eq!(
            append.head,
            database.ops.len() as u64,
            "the head counts the ops"
        );
        for (client, last) in append.clients {
            if last.revision.is_some() {
                database.accepted.insert(Sent {
                    client: client.clone(),
                    seq: last.seq,
                    digest: last.digest,
                });
            }
            let before = database.clients.insert(client, last);
            assert!(
                before.is_none_or(|before| before.seq < last.seq),
                "a decided seq changed"
            );
        }
    }

    /// The transaction fails; the host drops the authority and tells its peers.
    pub fn append_fails(&mut self) -> bool {
        let failed = self.appending.take().is_some();
        if failed {
            self.authority = None;
        }
        failed
    }

    /// The process dies. Whether a transaction under way was committed, nobody was told.
    pub fn crash(&mut self, committed: bool, counts: &mut Counts) {
        self.authority = None;
        if let Some(append) = self.appending.take()
            && committed
        {
            self.store(append, counts);
        }
    }

    /// Old ops are forgotten.
    pub fn prune(&mut self, a: u32) {
        let head = self.database.ops.len() as u64;
        self.database.floor = self.database.floor.max(u64::from(a) % (head + 1));
        let floor = self.database.floor;
        if let Some(authority) = &mut self.authority {
            authority.pruned(floor);
        }
    }

    /// The document is recreated with its value: another life. Who was connected no longer is.
    pub fn new_epoch(&mut self) {
        self.lives += 1;
        self.authority = None;
        self.appending = None;
        let database = &mut self.database;
        database.epoch = Epoch::new(format!("life-{}", self.lives)).unwrap();
        database.first = database.value.clone();
        database.ops.clear();
        database.floor = 0;
    }

    fn expand(&self, outs: Vec<Out>, counts: &mut Counts) -> Vec<(PeerId, ServerMessage)> {
        let mut messages = Vec::new();
        for out in outs {
            match out {
                Out::Send { peers, message } => {
                    self.check_durable(&peers, &message);
                    messages.extend(peers.into_iter().map(|peer| (peer, message.clone())));
                }
                // Pruned meanwhile: the replica asks again.
                Out::Log { base, .. } if base < self.database.floor => {}
                Out::Log {
                    peer,
                    request,
                    base,
                    to,
                    fate,
                } => {
                    counts.thing("catch-ups from the log");
                    let ops = &self.database.ops[base as usize..to as usize];
                    for (index, batch) in ops.chunks(3).enumerate() {
                        messages.push((
                            peer,
                            ServerMessage::Ops {
                                doc: doc(),
                                request,
                                epoch: self.database.epoch.clone(),
                                base: base + 3 * index as u64,
                                ops: batch.to_vec(),
                                head: to,
                                fate,
                            },
                        ));
                    }
                }
            }
        }
        messages
    }

    /// I3: nothing that is told may be lost in a crash.
    fn check_durable(&self, peers: &[PeerId], message: &ServerMessage) {
        let head = self.database.ops.len() as u64;
        match message {
            ServerMessage::Committed {
                revision,
                client,
                seq,
                ..
            } => {
                let last = self.database.clients.get(client);
                assert!(
                    last.is_some_and(|last| last.seq >= *seq),
                    "I3: acked revision {revision} before {client} {seq} was durable"
                );
            }
            ServerMessage::Snapshot {
                revision,
                request,
                fate,
                ..
            } => {
                assert!(*revision <= head, "I3: snapshot");
                self.check_fence(peers, *request, *fate);
            }
            ServerMessage::Ops {
                base,
                ops,
                request,
                fate,
                ..
            } => {
                assert!(base + ops.len() as u64 <= head, "I3: ops");
                self.check_fence(peers, *request, *fate);
            }
            ServerMessage::Behind { seq, .. } | ServerMessage::Rejected { seq, .. } => {
                let mut opens = self.opens.iter().filter(|(peer, _)| peers.contains(peer));
                assert!(
                    opens.any(|(_, open)| self.is_decided(&open.client, *seq)),
                    "{seq} was called off before its fence was durable"
                );
            }
            _ => {}
        }
    }

    /// A late copy of what is called fenced cannot commit: storage says so.
    fn check_fence(&self, peers: &[PeerId], request: u64, fate: Fate) {
        let asked = self
            .opens
            .iter()
            .find(|(peer, open)| peers.contains(peer) && open.request == request)
            .and_then(|(_, open)| open.inflight.as_ref());
        if let (Fate::Fenced, Some(sent)) = (fate, asked) {
            assert!(
                self.is_decided(&sent.client, sent.seq),
                "{} {} was called fenced before its fence was durable",
                sent.client,
                sent.seq
            );
        }
    }

    fn is_decided(&self, client: &ClientId, seq: u64) -> bool {
        let last = self.database.clients.get(client);
        last.is_some_and(|last| last.seq >= seq)
    }

    /// The log of this life, replayed, gives the value.
    pub fn assert_consistent(&self) {
        let mut value = self.database.first.clone();
        for committed in &self.database.ops {
            committed.op.apply(&mut value).expect("the log replays");
        }
        assert!(
            value == self.database.value,
            "the log does not give the value"
        );
        if let Some(authority) = &self.authority {
            assert!(
                *authority.value() == value,
                "the authority has another value"
            );
        }
    }
}
