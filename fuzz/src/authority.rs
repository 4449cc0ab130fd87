//! An authority loaded from anything, that hears anything.

use std::collections::{BTreeMap, BTreeSet};

use rejoin::authority::{Append, Authority, LastSeq, Limits, Out, PeerId, Stored};
use rejoin::count::MAX_COUNT;
use rejoin::id::{ClientId, DocId};
use rejoin::json::Value;

use super::bytes::Bytes;

/// What its storage would have.
struct Log {
    value: Value,
    head: u64,
    seen: BTreeSet<(ClientId, u64)>,
    clients: BTreeMap<ClientId, Option<LastSeq>>,
}

impl Log {
    fn write(&mut self, append: Append) {
        assert_eq!(append.base, self.head);
        for committed in append.ops {
            committed
                .op
                .apply(&mut self.value)
                .expect("an accepted op fits");
            let name = (committed.client, committed.seq);
            assert!(self.seen.insert(name), "an op was accepted twice");
            self.head += 1;
        }
        let records = append.clients.into_iter();
        self.clients
            .extend(records.map(|(client, last)| (client, Some(last))));
        assert_eq!(append.head, self.head);
        assert!(self.head <= MAX_COUNT);
    }
}

/// Loads or refuses; then any peers' messages in any order. What it says to write leads to its value, no op
/// is accepted twice, and nothing is said before it was written.
pub fn authority(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let value = bytes.value();
    let limits = Limits {
        window_ops: bytes.below(6),
        window_components: 1 + bytes.below(40),
        op_components: 1 + bytes.below(8),
        value_size: bytes.below(64),
        batch_ops: bytes.below(4),
    };
    let stored = Stored {
        doc: DocId::new("doc").expect("a name"),
        epoch: bytes.epoch(),
        floor: bytes.count(2),
        revision: bytes.count(6),
        window: bytes.list(4, |b| b.committed(value.size(), 3)),
        value,
    };
    let mut log = Log {
        value: stored.value.clone(),
        head: stored.revision,
        seen: BTreeSet::new(),
        clients: BTreeMap::new(),
    };
    let mut authority = match Authority::load(stored, limits) {
        Ok(authority) => authority,
        Err(error) => return assert_eq!(error.code(), "storage-corrupt"),
    };
    while !bytes.is_empty() {
        let peer = PeerId(u64::from(bytes.byte() % 4));
        let (head, len) = (authority.head(), authority.value().size());
        match bytes.below(8) {
            0 | 1 => {
                let open = bytes.open(3, head, 2);
                let unknown = open.clients().filter(|client| !authority.knows(client));
                for client in unknown.cloned().collect::<Vec<_>>() {
                    // Storage knows what it was told; at first it may know anything.
                    let last = log.clients.entry(client.clone()).or_insert_with(|| {
                        bytes.some(|b| LastSeq {
                            seq: b.count(2),
                            revision: b.some(|b| b.count(3)),
                            digest: b.digest(),
                        })
                    });
                    authority.learn(client, *last);
                }
                authority.open(peer, open);
            }
            2..=4 => authority.submit(peer, bytes.submit(3, head, len)),
            5 => {
                let reason = String::new();
                authority.reject(peer, bytes.count(3), &rejoin::Error::MalformedOp { reason });
            }
            6 => authority.close(peer),
            _ => {
                assert!(
                    authority.appended().is_empty(),
                    "said before it was written"
                );
                if let Some(append) = authority.take_append() {
                    log.write(append);
                }
                for out in authority.appended() {
                    if let Out::Log { base, to, .. } = out {
                        assert!(base <= to && to <= log.head);
                    }
                }
            }
        }
    }
    if let Some(append) = authority.take_append() {
        log.write(append);
    }
    assert_eq!(log.head, authority.head());
    assert_eq!(&log.value, authority.value());
}
