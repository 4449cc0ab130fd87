//! Numbers and states that nobody honest sends or stores: at every door they are refused with a code, and
//! what gets past a door (a Rust caller, a counter at its end) neither panics, wraps nor loses an edit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use rejoin::authority::{self, Authority, LastSeq, Limits, Out, PeerId};
use rejoin::client::{Effect, Entry, Inflight, Link, RejectedEdit, Replica, State, Stored};
use rejoin::count::MAX_COUNT;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::{Digest, JsonOp, Value};
use rejoin::protocol::{ClientMessage, Committed, Fate, Open, Sent, ServerMessage, Submit};
use rejoin::text::TextOp;
use rejoin::units::Utf16Offset;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The edges that counts can lie on, and over.
const EDGES: [u64; 9] = [
    0,
    1,
    2,
    MAX_COUNT - 1,
    MAX_COUNT,
    MAX_COUNT + 1,
    i64::MAX as u64,
    u64::MAX - 1,
    u64::MAX,
];

fn doc() -> DocId {
    DocId::new("doc").unwrap()
}

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn epoch() -> Epoch {
    Epoch::new("first").unwrap()
}

fn insert(text: &str) -> JsonOp {
    JsonOp::text(TextOp::builder().insert(text).finish())
}

fn by(name: &str, seq: u64) -> Committed {
    Committed {
        client: client(name),
        seq,
        op: insert("x"),
    }
}

/// A state that this version may have written.
fn state() -> State {
    State {
        format: State::FORMAT,
        doc: doc(),
        client: client("ann"),
        epoch: Some(epoch()),
        revision: 5,
        value: Value::from("theirs"),
        last_seq: 3,
        inflight: Some(Inflight {
            client: client("ann"),
            seq: 3,
            base: 4,
            op: insert("sent "),
            rebased: insert("sent "),
        }),
        pending: insert("mine "),
        inbox: vec![RejectedEdit {
            id: 1,
            seq: 2,
            revision: 4,
            op: insert("refused"),
            code: "too-large".to_owned(),
            detail: "too large".to_owned(),
        }],
        next_rejected: 2,
    }
}

fn restored(checkpoint: State, entries: Vec<Entry>) -> Result<Replica, rejoin::Error> {
    Replica::restore(Stored {
        checkpoint,
        entries,
    })
}

// ---------------------------------------------------------------------------------------------- decoding

/// Every way to put something else in the place of one number of `json`.
fn with_each_number_replaced(json: &str, by: &[&str]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // A number after a colon: the keys are what is under test, not the ops.
        if bytes[at] == b':' && bytes[at + 1].is_ascii_digit() {
            let from = at + 1;
            let len = bytes[from..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            for new in by {
                let changed = format!("{}{new}{}", &json[..from], &json[from + len..]);
                out.push(((*new).to_owned(), changed));
            }
            at = from + len;
        } else {
            at += 1;
        }
    }
    out
}

const NO_COUNTS: [&str; 8] = [
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "-1",
    "1.5",
    "\"1\"",
    "[1]",
];

#[test]
fn a_message_with_a_number_that_is_no_count_is_refused() {
    let server = [
        r#"{"type":"snapshot","doc":"d","request":1,"epoch":"e","revision":1,"value":"","fate":"none"}"#,
        r#"{"type":"ops","doc":"d","request":1,"epoch":"e","base":1,"ops":[{"client":"c","seq":1,"op":null}],"head":2,"fate":"none"}"#,
        r#"{"type":"committed","doc":"d","revision":1,"client":"c","seq":1,"op":null}"#,
        r#"{"type":"rejected","doc":"d","seq":1,"code":"x","detail":"x"}"#,
        r#"{"type":"behind","doc":"d","seq":1}"#,
        r#"{"type":"error","doc":"d","seq":1,"code":"x","detail":"x"}"#,
    ];
    let mut refused = 0;
    for json in server {
        serde_json::from_str::<ServerMessage>(json).unwrap();
        for (_, changed) in with_each_number_replaced(json, &["9007199254740991", "0"]) {
            serde_json::from_str::<ServerMessage>(&changed).unwrap();
        }
        for (_, changed) in with_each_number_replaced(json, &NO_COUNTS) {
            assert!(
                serde_json::from_str::<ServerMessage>(&changed).is_err(),
                "{changed}"
            );
            refused += 1;
        }
    }
    assert_eq!(refused, 11 * NO_COUNTS.len());

    let open = r#"{"type":"open","doc":"d","client":"c","request":1,"epoch":"e","revision":1,"seq":1,"inflight":{"client":"c","seq":1,"digest":"00000000000000ff"}}"#;
    for (_, changed) in with_each_number_replaced(open, &NO_COUNTS) {
        let bad = ClientMessage::decode(&changed).unwrap_err();
        assert_eq!(bad.error.code(), "malformed-message", "{changed}");
        assert_eq!(bad.submit, None, "{changed}");
    }
    // A submit whose seq is a count is to be answered: its author waits for it.
    for no_count in NO_COUNTS {
        let json = |seq: &str, base: &str| {
            format!(r#"{{"type":"submit","doc":"d","seq":{seq},"base":{base},"op":null}}"#)
        };
        let bad = ClientMessage::decode(&json("7", no_count)).unwrap_err();
        assert_eq!(
            (bad.error.code(), bad.submit),
            ("malformed-op", Some(7)),
            "{no_count}"
        );
        let bad = ClientMessage::decode(&json(no_count, "7")).unwrap_err();
        assert_eq!(
            (bad.error.code(), bad.submit),
            ("malformed-message", None),
            "{no_count}"
        );
    }
}

// --------------------------------------------------------------------------------------------- restoring

#[test]
fn a_state_that_was_never_written_is_not_restored() {
    assert!(restored(state(), Vec::new()).is_ok());
    type Damage = fn(&mut State);
    let damages: [(&str, Damage); 13] = [
        ("revision", |s| s.revision = MAX_COUNT + 1),
        ("revision, far", |s| s.revision = u64::MAX),
        ("last seq", |s| s.last_seq = MAX_COUNT + 1),
        ("last seq, far", |s| s.last_seq = u64::MAX),
        ("inbox number", |s| s.next_rejected = MAX_COUNT + 1),
        ("inbox number, far", |s| s.next_rejected = u64::MAX),
        ("inbox number, given", |s| s.next_rejected = 1),
        ("inbox seq", |s| s.inbox[0].seq = u64::MAX),
        ("inbox revision", |s| s.inbox[0].revision = u64::MAX),
        ("inflight seq 0", |s| s.inflight.as_mut().unwrap().seq = 0),
        ("inflight seq unused", |s| {
            s.inflight.as_mut().unwrap().seq = 4;
        }),
        ("inflight base", |s| s.inflight.as_mut().unwrap().base = 6),
        ("pending that does not fit", |s| {
            s.pending = JsonOp::text(TextOp::builder().delete(12).finish());
        }),
    ];
    for (what, damage) in damages {
        let mut damaged = state();
        damage(&mut damaged);
        let error = restored(damaged, Vec::new()).unwrap_err();
        assert_eq!(error.code(), "storage-corrupt", "{what}: {error}");
    }
}

#[test]
fn entries_that_were_never_written_are_not_replayed() {
    let idle = State {
        inflight: None,
        ..state()
    };
    let snapshot = |revision| Entry::Snapshot {
        epoch: epoch(),
        revision,
        value: Value::from(""),
        included: false,
    };
    let ops = Entry::Ops {
        ops: vec![by("bob", 1)],
        acked: false,
    };
    let rejected = Entry::Rejected {
        code: "x".to_owned(),
        detail: "x".to_owned(),
    };
    let long = JsonOp::text(TextOp::builder().delete(100).finish());
    let last_place = State {
        next_rejected: MAX_COUNT,
        ..state()
    };
    let cases = [
        (idle.clone(), vec![Entry::Freeze { seq: 3 }]),
        (idle.clone(), vec![Entry::Freeze { seq: 0 }]),
        (idle.clone(), vec![Entry::Freeze { seq: MAX_COUNT + 1 }]),
        (idle.clone(), vec![Entry::Freeze { seq: u64::MAX }]),
        (state(), vec![Entry::Freeze { seq: 4 }]),
        (state(), vec![snapshot(MAX_COUNT + 1)]),
        (state(), vec![snapshot(u64::MAX)]),
        (state(), vec![snapshot(MAX_COUNT), ops.clone()]),
        (state(), vec![Entry::Edit { op: long }]),
        (last_place, vec![rejected]),
    ];
    for (checkpoint, entries) in cases {
        let hint = format!("{entries:?}");
        let error = restored(checkpoint, entries).unwrap_err();
        assert_eq!(error.code(), "storage-corrupt", "{hint}: {error}");
    }
    assert!(restored(idle, vec![Entry::Freeze { seq: 4 }, ops]).is_ok());
}

/// Found by the fuzz target `replica`: an ack in the journal of an op that this version would have
/// transformed into another. The accepted one counts, in the confirmed value and in the view.
#[test]
fn an_ack_of_another_op_than_ours_takes_its_place() {
    let mut accepted = by("ann", 3);
    accepted.op = insert("other ");
    let ops = vec![by("bob", 1), accepted];
    let replica = restored(state(), vec![Entry::Ops { ops, acked: true }]).unwrap();
    replica.assert_invariants();
    assert_eq!(replica.value().to_string(), "other xmine theirs");
    assert_eq!(replica.status().inflight, None);
}

// -------------------------------------------------------------------------------------------- the replica

/// A replica with its storage, whose every checkpoint and entry must restore.
struct Device {
    replica: Replica,
    stored: Stored,
    faults: Vec<&'static str>,
    sent: Vec<ClientMessage>,
}

impl Device {
    fn restored(checkpoint: State) -> Self {
        Self {
            replica: restored(checkpoint.clone(), Vec::new()).unwrap(),
            stored: Stored {
                checkpoint,
                entries: Vec::new(),
            },
            faults: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn settle(&mut self) {
        self.replica.flush();
        while let Some(effect) = self.replica.poll_effect() {
            match effect {
                Effect::Persist {
                    batch,
                    checkpoint,
                    entries,
                } => {
                    if let Some(checkpoint) = checkpoint {
                        self.stored = Stored {
                            checkpoint: *checkpoint,
                            entries: Vec::new(),
                        };
                    }
                    self.stored.entries.extend(entries);
                    self.replica.persisted(batch);
                }
                Effect::Fault(error) => self.faults.push(error.code()),
                Effect::Send(message) => self.sent.push(message),
                _ => {}
            }
        }
        self.replica.assert_invariants();
        let again = Replica::restore(self.stored.clone()).unwrap();
        assert_eq!(again.state(), self.replica.state());
    }

    /// The request of the newest open.
    fn request(&self) -> u64 {
        let last = self.sent.iter().rev().find_map(|message| match message {
            ClientMessage::Open(open) => Some(open.request),
            _ => None,
        });
        last.unwrap()
    }

    fn ops(&self, base: u64, ops: Vec<Committed>, head: u64) -> ServerMessage {
        ServerMessage::Ops {
            doc: doc(),
            request: self.request(),
            epoch: epoch(),
            base,
            ops,
            head,
            fate: Fate::Unknown,
        }
    }

    /// Brought to a state of the link, at revision 5.
    fn at(link: Link, checkpoint: State) -> Self {
        let mut device = Self::restored(checkpoint);
        device.settle();
        if link == Link::Offline {
            return device;
        }
        device.replica.connected();
        device.settle();
        let answer = match link {
            Link::CatchingUp => Some(device.ops(5, vec![by("bob", 1)], 7)),
            Link::Live => Some(device.ops(5, Vec::new(), 5)),
            Link::Refused => Some(ServerMessage::Error {
                doc: Some(doc()),
                seq: None,
                code: "unknown-document".to_owned(),
                detail: String::new(),
            }),
            Link::Offline | Link::Opening => None,
        };
        if let Some(answer) = answer {
            device.replica.receive(answer);
            device.settle();
        }
        assert_eq!(device.replica.status().link, link);
        device
    }

    fn assert_kept(&self, hint: &str) {
        let kept = self.replica.value().to_string().contains("mine ");
        assert!(kept, "{hint}: the pending edit is gone");
    }
}

const LINKS: [Link; 5] = [
    Link::Offline,
    Link::Opening,
    Link::CatchingUp,
    Link::Live,
    Link::Refused,
];

/// Messages with these two counts wherever counts go.
fn hostile(request: u64, x: u64, y: u64) -> Vec<ServerMessage> {
    let mut out = Vec::new();
    for fate in [
        Fate::None,
        Fate::Unknown,
        Fate::Committed,
        Fate::Fenced,
        Fate::Forgotten,
    ] {
        for ops in [
            Vec::new(),
            vec![by("bob", y)],
            vec![by("ann", 3), by("ann", y)],
        ] {
            out.push(ServerMessage::Ops {
                doc: doc(),
                request,
                epoch: epoch(),
                base: x,
                ops,
                head: y,
                fate,
            });
        }
        out.push(ServerMessage::Snapshot {
            doc: doc(),
            request,
            epoch: epoch(),
            revision: x,
            value: Value::from("theirs"),
            fate,
        });
    }
    for op in [None, Some(insert("x")), Some(insert("sent "))] {
        out.push(ServerMessage::Committed {
            doc: doc(),
            revision: x,
            client: client("ann"),
            seq: y,
            op,
        });
    }
    out.push(ServerMessage::Rejected {
        doc: doc(),
        seq: x,
        code: "x".to_owned(),
        detail: "x".to_owned(),
    });
    out.push(ServerMessage::Behind { doc: doc(), seq: x });
    for code in ["cloned-client", "storage-unavailable"] {
        out.push(ServerMessage::Error {
            doc: Some(doc()),
            seq: Some(x),
            code: code.to_owned(),
            detail: String::new(),
        });
    }
    out
}

/// Every link state, every message, every pair of edges; then three of the messages in a row, since one
/// can prepare what another breaks.
#[test]
fn no_message_breaks_a_replica_in_any_state_of_its_link() {
    let mut received = 0;
    for link in LINKS {
        let request = match link {
            Link::Offline => 1,
            _ => Device::at(link, state()).request(),
        };
        for x in EDGES {
            for y in EDGES {
                for message in hostile(request, x, y) {
                    let hint = format!("{link:?}: {message:?}");
                    let mut device = Device::at(link, state());
                    for edge in [message, device_answer(x), device_answer(y)] {
                        device.replica.receive(edge);
                        device.settle();
                        device.assert_kept(&hint);
                    }
                    received += 1;
                }
            }
        }
    }
    assert_eq!(received, 5 * 81 * 27);
}

/// An op of bob's as a revision.
fn device_answer(revision: u64) -> ServerMessage {
    ServerMessage::Committed {
        doc: doc(),
        revision,
        client: client("bob"),
        seq: 1,
        op: Some(insert("x")),
    }
}

#[test]
fn a_batch_that_goes_past_its_own_head_is_not_believed() {
    for (base, head) in [(5, 5), (6, 5), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        let mut device = Device::at(Link::Opening, state());
        device
            .replica
            .receive(device.ops(base, vec![by("bob", 1)], head));
        device.settle();
        assert_eq!(device.faults, ["malformed-message"], "{base} {head}");
        assert_eq!(device.replica.status().link, Link::Opening);
        assert!(device.replica.needs_resync());
        device.assert_kept("a bad batch");
        // The next answer is taken as ever.
        device.replica.receive(device.ops(5, vec![by("bob", 1)], 6));
        device.settle();
        assert_eq!(device.replica.status().revision, 6);
    }
}

#[test]
fn the_last_revision_has_no_successor() {
    let mut last = state();
    last.revision = MAX_COUNT;
    let mut device = Device::restored(last);
    device.replica.connected();
    device.settle();
    let head = device.ops(MAX_COUNT, Vec::new(), MAX_COUNT);
    device.replica.receive(head);
    device.settle();
    device.replica.receive(device_answer(MAX_COUNT + 1));
    device.settle();
    assert_eq!(device.faults, ["diverged"]);
    assert_eq!(device.replica.status().revision, MAX_COUNT);
    device.assert_kept("the last revision");
}

#[test]
fn the_last_seq_has_no_successor_and_edits_stay_saved() {
    let mut last = state();
    last.last_seq = MAX_COUNT;
    last.inflight = None;
    let mut device = Device::restored(last);
    device.replica.connected();
    device.settle();
    device.replica.receive(device.ops(5, Vec::new(), 5));
    device.settle();
    device
        .replica
        .edit_text(Utf16Offset(0), 0, "more ")
        .unwrap();
    device.settle();
    assert!(device.faults.iter().all(|code| *code == "count-too-large"));
    assert!(!device.faults.is_empty());
    let status = device.replica.status();
    assert_eq!((status.inflight, status.pending), (None, true));
    assert_eq!(status.edits, status.saved_edits);
    assert_eq!(device.replica.value().to_string(), "more mine theirs");
}

#[test]
fn a_full_inbox_keeps_the_refused_edit_inflight() {
    let mut last = state();
    last.next_rejected = MAX_COUNT;
    let mut device = Device::at(Link::Live, last);
    device.replica.receive(ServerMessage::Rejected {
        doc: doc(),
        seq: 3,
        code: "x".to_owned(),
        detail: "x".to_owned(),
    });
    device.settle();
    assert_eq!(device.faults, ["count-too-large"]);
    assert_eq!(device.replica.status().inflight, Some(3));
    assert_eq!(device.replica.value().to_string(), "mine sent theirs");
}

// ------------------------------------------------------------------------------------------ the authority

fn stored(floor: u64, revision: u64, window: Vec<Committed>) -> authority::Stored {
    authority::Stored {
        doc: doc(),
        epoch: epoch(),
        floor,
        revision,
        value: Value::from("theirs"),
        window,
    }
}

#[test]
fn an_authority_loads_only_what_goes_together() {
    for (floor, revision, window) in [
        (0, 1, vec![by("bob", 1), by("bob", 2)]),
        (0, 0, vec![by("bob", 1)]),
        (6, 5, Vec::new()),
        (u64::MAX, 5, Vec::new()),
        (0, MAX_COUNT + 1, Vec::new()),
        (0, u64::MAX, vec![by("bob", 1)]),
    ] {
        let error =
            Authority::load(stored(floor, revision, window), Limits::default()).unwrap_err();
        assert_eq!(error.code(), "storage-corrupt", "{floor} {revision}");
    }
    let whole = Authority::load(
        stored(0, 2, vec![by("bob", 1), by("bob", 2)]),
        Limits::default(),
    );
    assert_eq!(whole.unwrap().head(), 2);
}

fn told(authority: &mut Authority) -> Vec<(PeerId, ServerMessage)> {
    authority.take_append();
    let mut told = Vec::new();
    for out in authority.appended() {
        if let Out::Send { peers, message } = out {
            told.extend(peers.into_iter().map(|peer| (peer, message.clone())));
        }
    }
    told
}

fn open(name: &str, request: u64, revision: u64, seq: u64, digest: Option<Digest>) -> Open {
    Open {
        doc: doc(),
        client: client(name),
        request,
        epoch: Some(epoch()),
        revision,
        seq,
        inflight: digest.map(|digest| Sent {
            client: client(name),
            seq,
            digest,
        }),
        create: None,
    }
}

#[test]
fn no_open_or_submit_breaks_an_authority_for_the_others() {
    let (eve, bob) = (PeerId(1), PeerId(2));
    for x in EDGES {
        for y in EDGES {
            for digest in [None, Some(Digest(7))] {
                for last in [None, Some(y)] {
                    let window = vec![by("bob", 1), by("bob", 2)];
                    let mut authority =
                        Authority::load(stored(3, 5, window), Limits::default()).unwrap();
                    authority.learn(
                        client("eve"),
                        last.map(|seq| LastSeq {
                            seq,
                            revision: Some(seq),
                            digest: Digest(7),
                        }),
                    );
                    authority.learn(client("bob"), None);
                    authority.open(eve, open("eve", x, y, x, digest));
                    for (seq, base) in [(x, y), (y, x), (x, x), (x, 5)] {
                        let op = JsonOp::text(TextOp::builder().delete(100).finish());
                        authority.submit(
                            eve,
                            Submit {
                                doc: doc(),
                                seq,
                                base,
                                op,
                            },
                        );
                        authority.reject(
                            eve,
                            seq,
                            &rejoin::Error::MalformedOp {
                                reason: String::new(),
                            },
                        );
                    }
                    authority.open(bob, open("bob", 1, 5, 2, None));
                    authority.submit(
                        bob,
                        Submit {
                            doc: doc(),
                            seq: 3,
                            base: 5,
                            op: insert("fine "),
                        },
                    );
                    let answers = told(&mut authority);
                    let acks = answers.iter().filter(|(peer, message)| {
                        *peer == bob
                            && matches!(
                                message,
                                ServerMessage::Committed {
                                    revision: 6,
                                    seq: 3,
                                    op: None,
                                    ..
                                }
                            )
                    });
                    assert_eq!(acks.count(), 1, "{x} {y} {digest:?} {last:?}");
                    assert_eq!(authority.value().to_string(), "fine theirs");
                    authority.close(eve);
                    authority.close(bob);
                    told(&mut authority);
                }
            }
        }
    }
}

/// Found by the corpus through the server: such an op was called too large, not too long.
#[test]
fn an_op_that_is_far_too_long_is_refused_as_that() {
    let mut authority = Authority::load(stored(0, 5, Vec::new()), Limits::default()).unwrap();
    let ann = PeerId(1);
    authority.learn(client("ann"), None);
    authority.open(ann, open("ann", 1, 5, 0, None));
    let op = JsonOp::text(TextOp::builder().retain(2_147_483_646).insert("x").finish());
    authority.submit(
        ann,
        Submit {
            doc: doc(),
            seq: 1,
            base: 5,
            op,
        },
    );
    let answers = told(&mut authority);
    assert!(
        matches!(&answers.last().unwrap().1, ServerMessage::Rejected { code, .. } if code == "op-too-long"),
        "{answers:?}"
    );
}

#[test]
fn a_document_at_the_last_revision_takes_no_more_and_says_so() {
    let mut authority = Authority::load(
        stored(MAX_COUNT - 1, MAX_COUNT - 1, Vec::new()),
        Limits::default(),
    )
    .unwrap();
    let ann = PeerId(1);
    authority.learn(client("ann"), None);
    authority.open(ann, open("ann", 1, MAX_COUNT - 1, 0, None));
    for seq in 1..=2 {
        authority.submit(
            ann,
            Submit {
                doc: doc(),
                seq,
                base: MAX_COUNT - 1,
                op: insert("x"),
            },
        );
    }
    let answers = told(&mut authority);
    let codes: Vec<serde_json::Value> = answers
        .iter()
        .map(|(_, message)| {
            let json = serde_json::to_value(message).unwrap();
            // What an authority says can be read.
            serde_json::from_value::<ServerMessage>(json.clone()).unwrap();
            json!([json["type"], json["revision"], json["code"]])
        })
        .collect();
    assert_eq!(
        codes,
        [
            json!(["ops", null, null]),
            json!(["committed", MAX_COUNT, null]),
            json!(["rejected", null, "count-too-large"]),
        ]
    );
    assert_eq!(authority.head(), MAX_COUNT);
    assert_eq!(authority.value().to_string(), "xtheirs");
}
