//! Bytes as choices: what the targets build their input from. At the end all choices are the first one.

use rejoin::count::MAX_COUNT;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::{Digest, JsonOp, Value};
use rejoin::protocol::{Committed, Fate, Open, Sent, ServerMessage, Submit};
use rejoin::text::TextOp;

/// Characters of one to four bytes, a combining one among them.
const ALPHABET: [char; 8] = ['a', 'b', '\n', 'é', '한', '\u{301}', '😀', '\u{10ffff}'];

/// Where counts begin and end.
const EDGES: [u64; 5] = [
    MAX_COUNT - 1,
    MAX_COUNT,
    MAX_COUNT + 1,
    u64::MAX - 1,
    u64::MAX,
];

pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Whether something that happens once in `n` times happens.
    pub(crate) fn once_in(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    pub(crate) fn text(&mut self, max: usize) -> String {
        (0..self.below(max + 1))
            .map(|_| self.pick(&ALPHABET))
            .collect()
    }

    /// An op for a text of `len` scalars; once in a while one that does not fit.
    pub(crate) fn text_op(&mut self, len: usize) -> TextOp {
        let mut op = TextOp::builder();
        let mut left = if self.once_in(64) { usize::MAX } else { len };
        for _ in 0..self.below(7) {
            let n = match self.byte() {
                255 => 1 << 31,
                254 => left,
                n => usize::from(n % 8),
            };
            let n = n.min(left);
            match self.below(3) {
                0 => op.retain(n),
                1 => op.delete(n),
                _ => {
                    op.insert(&self.text(3));
                    continue;
                }
            };
            left -= n;
        }
        op.finish()
    }

    pub(crate) fn op(&mut self, len: usize) -> JsonOp {
        JsonOp::text(self.text_op(len))
    }

    /// Small, near `about`, or at an edge.
    pub(crate) fn count(&mut self, about: u64) -> u64 {
        match self.byte() {
            n @ 0..=7 => u64::from(n),
            n @ 240..=255 => EDGES[usize::from(n) % EDGES.len()],
            n => (about + u64::from(n % 8)).saturating_sub(3),
        }
    }

    pub(crate) fn doc(&mut self) -> DocId {
        let name = if self.once_in(32) { "other" } else { "doc" };
        DocId::new(name).expect("a name")
    }

    pub(crate) fn client(&mut self) -> ClientId {
        ClientId::new(self.pick(&["ann", "bob", "eve"])).expect("a name")
    }

    pub(crate) fn epoch(&mut self) -> Epoch {
        let name = if self.once_in(16) { "second" } else { "first" };
        Epoch::new(name).expect("a name")
    }

    pub(crate) fn value(&mut self) -> Value {
        Value::from(self.text(8).as_str())
    }

    pub(crate) fn digest(&mut self) -> Digest {
        Digest(u64::from(self.byte() % 3))
    }

    pub(crate) fn fate(&mut self) -> Fate {
        self.pick(&[
            Fate::None,
            Fate::Unknown,
            Fate::Committed,
            Fate::Fenced,
            Fate::Forgotten,
        ])
    }

    pub(crate) fn committed(&mut self, len: usize, seq: u64) -> Committed {
        Committed {
            client: self.client(),
            seq: self.count(seq),
            op: self.op(len),
        }
    }

    pub(crate) fn list<T>(&mut self, max: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(max + 1)).map(|_| item(self)).collect()
    }

    pub(crate) fn some<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| item(self))
    }

    pub(crate) fn open(&mut self, request: u64, revision: u64, seq: u64) -> Open {
        Open {
            doc: self.doc(),
            client: self.client(),
            request: self.count(request),
            epoch: self.some(Self::epoch),
            revision: self.count(revision),
            seq: self.count(seq),
            inflight: self.some(|b| Sent {
                client: b.client(),
                seq: b.count(seq),
                digest: b.digest(),
            }),
            create: self.some(Self::value),
        }
    }

    pub(crate) fn submit(&mut self, seq: u64, base: u64, len: usize) -> Submit {
        Submit {
            doc: self.doc(),
            seq: self.count(seq),
            base: self.count(base),
            op: self.op(len),
        }
    }

    /// What a server may say to a replica that stands at `revision` with `request` open.
    pub(crate) fn server_message(
        &mut self,
        request: u64,
        revision: u64,
        seq: u64,
        len: usize,
    ) -> ServerMessage {
        let doc = self.doc();
        let answered = if self.once_in(8) {
            self.count(request)
        } else {
            request
        };
        match self.below(8) {
            0 => ServerMessage::Snapshot {
                doc,
                request: answered,
                epoch: self.epoch(),
                revision: self.count(revision),
                value: self.value(),
                fate: self.fate(),
            },
            1 | 2 => ServerMessage::Ops {
                doc,
                request: answered,
                epoch: self.epoch(),
                base: self.count(revision),
                ops: self.list(3, |b| b.committed(len, seq)),
                head: self.count(revision),
                fate: self.fate(),
            },
            3 | 4 => ServerMessage::Committed {
                doc,
                revision: self.count(revision),
                client: self.client(),
                seq: self.count(seq),
                op: self.some(|b| b.op(len)),
            },
            5 => ServerMessage::Rejected {
                doc,
                seq: self.count(seq),
                code: "refused".to_owned(),
                detail: String::new(),
            },
            6 => ServerMessage::Behind {
                doc,
                seq: self.count(seq),
            },
            _ => ServerMessage::Error {
                doc: Some(doc),
                seq: self.some(|b| b.count(seq)),
                code: self
                    .pick(&["cloned-client", "storage-unavailable"])
                    .to_owned(),
                detail: String::new(),
            },
        }
    }
}
