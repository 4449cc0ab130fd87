//! A device: a replica, the storage that survives it, and a connection that may be dead already.

use std::collections::{BTreeMap, VecDeque};

use rejoin::authority::PeerId;
use rejoin::client::{Effect, Entry, Replica, State, Stored};
use rejoin::id::ClientId;
use rejoin::json::{JsonOp, Value};
use rejoin::protocol::{ClientMessage, Sent};
use rejoin::units::Utf16Offset;

use crate::chars::Chars;
use crate::schedule::Counts;
use crate::server::doc;
use crate::subject::{Subject, text_of};

/// A write on its way to storage: lost in a crash.
struct Write {
    batch: u64,
    checkpoint: Option<Box<State>>,
    entries: Vec<Entry>,
    /// The replica's state when the write began: what a restart after it must give.
    state: State,
    value: Option<Value>,
}

pub struct Device {
    pub name: String,
    subject: Subject,
    /// None while crashed.
    pub replica: Option<Replica>,
    /// The connection, as far as the device knows.
    pub peer: Option<PeerId>,
    /// Whether the network swallows whatever goes to it or comes from it, and nobody is told.
    pub partitioned: bool,
    pub outbox: Vec<ClientMessage>,
    pub ids: u64,
    disk: Option<Stored>,
    writes: VecDeque<Write>,
    /// Typed since the last write was begun, and typed before each write that is under way.
    typed: Vec<char>,
    typed_in: VecDeque<Vec<char>>,
    /// The bytes of each seq that was sent (I1).
    sent: BTreeMap<(ClientId, u64), String>,
    saved_edits: u64,
    committed_edits: u64,
}

impl Device {
    pub fn new(name: String, subject: Subject) -> Self {
        let mut device = Self {
            name,
            subject,
            replica: None,
            peer: None,
            partitioned: false,
            outbox: Vec::new(),
            ids: 0,
            disk: None,
            writes: VecDeque::new(),
            typed: Vec::new(),
            typed_in: VecDeque::new(),
            sent: BTreeMap::new(),
            saved_edits: 0,
            committed_edits: 0,
        };
        device.start(&mut Counts::default());
        device
    }

    /// Another device with a copy of this one's storage. Nothing if nothing is stored.
    pub fn copy(&self, name: String, chars: &mut Chars) -> Option<Self> {
        let disk = self.disk.clone()?;
        let stored = Replica::restore(disk.clone()).expect("what was stored restores");
        let state = stored.state().unwrap();
        chars.copy(&serde_json::to_string(&state.pending).unwrap());
        if let Some(inflight) = state.inflight {
            let text = serde_json::to_string(&inflight.op).unwrap();
            let sent = Sent {
                digest: inflight.op.digest(inflight.base),
                client: inflight.client,
                seq: inflight.seq,
            };
            chars.copy_inflight(sent, text);
        }
        chars.copy(&inbox(&stored, false));
        chars.copy(&inbox(&stored, true));
        let mut copy = Self::new(name, self.subject);
        copy.disk = Some(disk);
        copy.replica = None;
        copy.start(&mut Counts::default());
        Some(copy)
    }

    pub fn fresh_id(&mut self) -> ClientId {
        self.ids += 1;
        ClientId::new(format!("{}-{}", self.name, self.ids)).unwrap()
    }

    /// Starts the process, from storage if there is any.
    pub fn start(&mut self, counts: &mut Counts) {
        self.saved_edits = 0;
        self.committed_edits = 0;
        let replica = match self.disk.clone() {
            Some(stored) => {
                counts.thing("restarts from storage");
                Replica::restore(stored).expect("what was stored restores")
            }
            None => {
                let (create, settings) = (self.subject.initial(), self.subject.settings());
                Replica::new(doc(), self.fresh_id(), create, settings)
            }
        };
        replica.assert_invariants();
        self.replica = Some(replica);
    }

    /// The process dies: memory is gone, and every write that was under way.
    pub fn crash(&mut self, chars: &mut Chars) {
        self.replica = None;
        self.peer = None;
        self.outbox.clear();
        self.writes.clear();
        chars.lose(
            self.typed
                .drain(..)
                .chain(self.typed_in.drain(..).flatten()),
        );
    }

    pub fn text(&self) -> String {
        self.replica
            .as_ref()
            .map(|replica| text_of(replica.value()))
            .unwrap_or_default()
    }

    /// What is typed in the edits that were refused, or in those of which nobody knows.
    pub fn inbox(&self, forgotten: bool) -> String {
        let replica = self.replica.as_ref();
        replica.map_or_else(String::new, |replica| inbox(replica, forgotten))
    }

    pub fn insert(&mut self, at: u32, count: u32, chars: &mut Chars) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        let text = text_of(replica.value());
        let at = boundary(&text, at);
        let typed: String = (0..count).map(|_| chars.next()).collect();
        replica
            .edit_text(&self.subject.text(), Utf16Offset(at), 0, &typed)
            .unwrap();
        self.typed.extend(typed.chars());
    }

    pub fn delete(&mut self, at: u32, count: u32, chars: &mut Chars) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        let text = text_of(replica.value());
        let at = boundary(&text, at);
        let gone: String = utf16_suffix(&text, at)
            .chars()
            .take(count as usize)
            .collect();
        replica
            .edit_text(
                &self.subject.text(),
                Utf16Offset(at),
                gone.encode_utf16().count(),
                "",
            )
            .unwrap();
        chars.delete(&gone);
    }

    /// Edits something else than the text; whether there was something to do.
    pub fn edit_json(&mut self, a: u32, b: u32) -> bool {
        let Some(replica) = &mut self.replica else {
            return false;
        };
        let Some(op) = self.subject.edit(replica.value(), a, b) else {
            return false;
        };
        replica.edit(op).unwrap();
        true
    }

    /// Types and takes back: a no-op to the server.
    pub fn cancel_out(&mut self, at: u32, chars: &mut Chars) {
        let Some(replica) = &mut self.replica else {
            return;
        };
        let at = boundary(&text_of(replica.value()), at);
        let c = chars.next();
        replica
            .edit_text(&self.subject.text(), Utf16Offset(at), 0, &c.to_string())
            .unwrap();
        replica
            .edit_text(&self.subject.text(), Utf16Offset(at), c.len_utf16(), "")
            .unwrap();
        chars.delete(&c.to_string());
    }

    /// The oldest write under way becomes durable.
    pub fn write_done(&mut self) -> bool {
        let Some(write) = self.writes.pop_front() else {
            return false;
        };
        self.typed_in.pop_front();
        match (&mut self.disk, write.checkpoint) {
            (disk, Some(checkpoint)) => {
                *disk = Some(Stored {
                    checkpoint: *checkpoint,
                    entries: write.entries,
                });
            }
            (Some(disk), None) => disk.entries.extend(write.entries),
            (None, None) => panic!("the first write has no checkpoint"),
        }
        let restored =
            Replica::restore(self.disk.clone().unwrap()).expect("what was stored restores");
        // Pending may be another op of the same effect.
        let same = |mut state: State| {
            state.pending = JsonOp::noop();
            serde_json::to_string(&state).unwrap()
        };
        assert_eq!(restored.value(), write.value.as_ref());
        assert_eq!(same(restored.state().unwrap()), same(write.state));
        if let Some(replica) = &mut self.replica {
            replica.persisted(write.batch);
        }
        true
    }

    pub fn is_writing(&self) -> bool {
        !self.writes.is_empty()
    }

    /// Carries out what the replica wants. Checks I1 and I4 on the way.
    pub fn settle(&mut self, counts: &mut Counts) {
        let Some(mut replica) = self.replica.take() else {
            return;
        };
        replica.assert_invariants();
        while let Some(effect) = replica.poll_effect() {
            match effect {
                Effect::Persist {
                    batch,
                    checkpoint,
                    entries,
                } => {
                    if checkpoint.is_some() {
                        counts.thing("checkpoints");
                    }
                    let state = replica.state().unwrap();
                    self.writes.push_back(Write {
                        batch,
                        checkpoint,
                        entries,
                        state,
                        value: replica.value().cloned(),
                    });
                    self.typed_in.push_back(std::mem::take(&mut self.typed));
                }
                Effect::Send(message) => {
                    if let ClientMessage::Submit(submit) = &message {
                        let bytes = serde_json::to_string(submit).unwrap();
                        let key = (replica.client().clone(), submit.seq);
                        let first = self.sent.entry(key).or_insert_with(|| bytes.clone());
                        assert_eq!(*first, bytes, "I1: one seq, two ops");
                        assert!(self.is_frozen(submit.seq), "I4: sent before it was saved");
                    }
                    self.outbox.push(message);
                }
                Effect::Patch(patch) => {
                    if replica.status().pending {
                        counts.thing("rebases of pending edits");
                    }
                    assert!(!patch.steps.is_empty(), "a patch that changes nothing");
                }
                Effect::Rejected(edit) if edit.code == "forgotten" => {
                    counts.thing("edits of which nobody knows");
                }
                Effect::Rejected(_) => counts.thing("edits refused"),
                Effect::Cloned => {
                    counts.thing("copied ids noticed");
                    let fresh = self.fresh_id();
                    replica.set_client(fresh);
                }
                Effect::Conflict(_) => counts.thing("conflicts told"),
                Effect::Refused { .. } => {}
                Effect::Fault(error) => panic!("a fault: {error}"),
            }
        }
        let status = replica.status();
        assert!(
            self.saved_edits <= status.saved_edits,
            "savedEdits went back"
        );
        assert!(
            self.committed_edits <= status.committed_edits,
            "committedEdits went back"
        );
        self.saved_edits = status.saved_edits;
        self.committed_edits = status.committed_edits;
        self.replica = Some(replica);
    }

    fn is_frozen(&self, seq: u64) -> bool {
        let Some(disk) = &self.disk else { return false };
        disk.checkpoint
            .inflight
            .as_ref()
            .is_some_and(|inflight| inflight.seq == seq)
            || disk
                .entries
                .iter()
                .any(|e| matches!(e, Entry::Freeze { seq: s, .. } if *s == seq))
    }

    /// Whether there is nothing left to do here.
    pub fn is_at_rest(&self, value: Option<&Value>) -> bool {
        self.replica.as_ref().is_some_and(|replica| {
            let status = replica.status();
            !replica.needs_resync()
                && status.inflight.is_none()
                && !status.pending
                && self.writes.is_empty()
                && replica.value() == value
        })
    }

    pub fn assert_all_edits_counted(&self) {
        let Some(replica) = &self.replica else {
            panic!("{} is down", self.name)
        };
        let status = replica.status();
        assert_eq!(
            status.saved_edits, status.edits,
            "{}: not all edits count as saved",
            self.name
        );
        assert_eq!(
            status.committed_edits, status.edits,
            "{}: not all are decided",
            self.name
        );
    }
}

fn inbox(replica: &Replica, forgotten: bool) -> String {
    let inbox = replica.inbox().iter();
    inbox
        .filter(|edit| (edit.code == "forgotten") == forgotten)
        .map(|edit| serde_json::to_string(&edit.op).unwrap())
        .collect()
}

/// A UTF-16 offset between two scalars of `text`.
fn boundary(text: &str, at: u32) -> usize {
    let at = at as usize % (text.chars().count() + 1);
    text.chars().take(at).map(char::len_utf16).sum()
}

fn utf16_suffix(text: &str, from: usize) -> String {
    String::from_utf16(&text.encode_utf16().skip(from).collect::<Vec<_>>()).unwrap()
}
