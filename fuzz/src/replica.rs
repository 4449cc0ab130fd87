//! A replica restored from anything, that hears anything.

use rejoin::client::{Effect, Entry, Inflight, RejectedEdit, Replica, State, Stored};
use rejoin::protocol::ClientMessage;
use rejoin::units::Utf16Offset;

use super::bytes::Bytes;

fn state(bytes: &mut Bytes<'_>) -> State {
    let value = bytes.value();
    let len = value.size();
    State {
        format: u32::from(bytes.once_in(64)) + State::FORMAT,
        doc: rejoin::id::DocId::new("doc").expect("a name"),
        client: bytes.client(),
        epoch: bytes.some(Bytes::epoch),
        revision: bytes.count(5),
        value,
        last_seq: bytes.count(6),
        inflight: bytes.some(|b| Inflight {
            client: b.client(),
            seq: b.count(3),
            base: b.count(3),
            op: b.op(len),
            rebased: b.op(len),
        }),
        pending: bytes.op(len),
        inbox: bytes.list(2, |b| RejectedEdit {
            id: b.count(1),
            seq: b.count(2),
            revision: b.count(2),
            op: b.op(len),
            code: "refused".to_owned(),
            detail: String::new(),
        }),
        next_rejected: bytes.count(12),
    }
}

fn entry(bytes: &mut Bytes<'_>, len: usize) -> Entry {
    match bytes.below(8) {
        0 => Entry::Edit { op: bytes.op(len) },
        1 => Entry::Freeze {
            seq: bytes.count(8),
        },
        2 => Entry::Unfreeze,
        3 => Entry::Ops {
            ops: bytes.list(3, |b| b.committed(len, 3)),
            acked: bytes.below(2) == 1,
        },
        4 => Entry::Snapshot {
            epoch: bytes.epoch(),
            revision: bytes.count(6),
            value: bytes.value(),
            included: bytes.below(2) == 1,
        },
        5 => Entry::Rejected {
            code: "refused".to_owned(),
            detail: String::new(),
        },
        6 => Entry::Discard { id: bytes.count(1) },
        _ => Entry::Client {
            client: bytes.client(),
        },
    }
}

/// Restores or refuses; then any events in any order. After each the invariants hold, and what was stored
/// restores to what is there.
pub fn replica(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let checkpoint = state(&mut bytes);
    let len = checkpoint.value.size();
    let mut stored = Stored {
        entries: bytes.list(4, |b| entry(b, len)),
        checkpoint,
    };
    let mut replica = match Replica::restore(stored.clone()) {
        Ok(replica) => replica,
        Err(error) => {
            assert!(matches!(error.code(), "storage-corrupt" | "storage-newer"));
            return;
        }
    };
    let mut request = 0;
    while !bytes.is_empty() {
        let (revision, len) = (replica.status().revision, replica.value().size());
        let seq = replica.status().inflight.unwrap_or(3);
        match bytes.below(12) {
            0 => replica.connected(),
            1 => replica.disconnected(),
            2 => replica.resync(),
            3 => replica.set_client(bytes.client()),
            4 => replica.discard(bytes.count(1)),
            5 => replica.persisted(bytes.count(4)),
            6 => {
                let at = bytes.below(replica.value().as_text().len_utf16() + 2);
                let (deleted, insert) = (bytes.below(4), bytes.text(3));
                // Past the end, or inside a pair: refused, and the next lines see that nothing broke.
                let _ = replica.edit_text(Utf16Offset(at), deleted, &insert);
            }
            7 => {
                let _ = replica.edit(bytes.op(len));
            }
            _ => replica.receive(bytes.server_message(request, revision, seq, len)),
        }
        replica.assert_invariants();
        replica.flush();
        while let Some(effect) = replica.poll_effect() {
            match effect {
                Effect::Persist {
                    batch,
                    checkpoint,
                    entries,
                } => {
                    if let Some(checkpoint) = checkpoint {
                        stored.checkpoint = *checkpoint;
                        stored.entries.clear();
                    }
                    stored.entries.extend(entries);
                    if !bytes.once_in(4) {
                        replica.persisted(batch);
                    }
                }
                Effect::Send(ClientMessage::Open(open)) => request = open.request,
                _ => {}
            }
        }
        replica.assert_invariants();
        if replica.value().size() > 1_000 {
            break;
        }
    }
    let again = Replica::restore(stored).expect("what was stored restores");
    assert_eq!(again.state(), replica.state());
}
