//! One replica or two and an authority, step by step: what each message does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use rejoin::authority::{Authority, Limits, Out, PeerId};
use rejoin::client::{Effect, Entry, Link, Replica, State, Stored};
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::{Path, Value};
use rejoin::protocol::{ClientMessage, ServerMessage};
use rejoin::settings::Settings;
use rejoin::units::Utf16Offset;

/// A replica with its storage, and the messages it wants to send.
struct Device {
    replica: Replica,
    peer: PeerId,
    checkpoint: Option<State>,
    entries: Vec<Entry>,
    outbox: Vec<ClientMessage>,
    others: Vec<Effect>,
}

impl Device {
    fn new(name: &str, peer: u64) -> Self {
        Self {
            replica: Replica::new(
                doc(),
                ClientId::new(name).unwrap(),
                Value::from(""),
                Settings::default(),
            ),
            peer: PeerId(peer),
            checkpoint: None,
            entries: Vec::new(),
            outbox: Vec::new(),
            others: Vec::new(),
        }
    }

    fn insert(&mut self, at: usize, text: &str) {
        self.replica
            .edit_text(&Path::default(), Utf16Offset(at), 0, text)
            .unwrap();
    }

    fn text(&self) -> String {
        text_of(self.replica.value())
    }

    /// Flushes, stores, and carries out what follows.
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
                        self.checkpoint = Some(*checkpoint);
                        self.entries.clear();
                    }
                    self.entries.extend(entries);
                    self.replica.persisted(batch);
                }
                Effect::Send(message) => self.outbox.push(message),
                other => self.others.push(other),
            }
        }
        self.replica.assert_invariants();
    }

    /// The process dies; only what was stored is left.
    fn restart(&mut self) {
        let stored = Stored {
            checkpoint: self.checkpoint.clone().unwrap(),
            entries: self.entries.clone(),
        };
        self.replica = Replica::restore(stored).unwrap();
        self.outbox.clear();
        self.replica.assert_invariants();
    }
}

fn text_of(value: Option<&Value>) -> String {
    let text = value.and_then(Value::to_text);
    text.map(|text| text.to_string()).unwrap_or_default()
}

fn doc() -> DocId {
    DocId::new("doc").unwrap()
}

fn authority() -> Authority {
    Authority::new(
        doc(),
        Epoch::new("first").unwrap(),
        Value::from(""),
        Settings::default(),
        Limits::default(),
    )
}

/// Hands messages back and forth until nobody has anything to say.
fn exchange(authority: &mut Authority, devices: &mut [&mut Device]) {
    loop {
        let mut quiet = true;
        for device in devices.iter_mut() {
            device.settle();
            for message in std::mem::take(&mut device.outbox) {
                quiet = false;
                match message {
                    ClientMessage::Open(open) => {
                        for client in open.clients() {
                            if !authority.knows(client) {
                                authority.learn(client.clone(), None);
                            }
                        }
                        authority.open(device.peer, open);
                    }
                    ClientMessage::Submit(submit) => authority.submit(device.peer, submit),
                    other => panic!("{other:?}"),
                }
            }
        }
        authority.take_append();
        for out in authority.appended() {
            let Out::Send { peers, message } = out else {
                panic!("the log is not pruned here")
            };
            for device in devices
                .iter_mut()
                .filter(|device| peers.contains(&device.peer))
            {
                device.replica.receive(message.clone());
            }
        }
        if quiet {
            return;
        }
    }
}

#[test]
fn both_offline_then_rejoin() {
    let mut authority = authority();
    let (mut ann, mut bob) = (Device::new("ann", 1), Device::new("bob", 2));
    ann.replica.connected();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    ann.insert(0, "Hello");
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    assert_eq!(bob.text(), "Hello");

    for device in [&mut ann, &mut bob] {
        device.replica.disconnected();
        authority.close(device.peer);
    }
    ann.insert(5, " world");
    bob.insert(0, "😅 ");
    bob.settle();
    bob.restart();
    assert_eq!(
        (ann.text().as_str(), bob.text().as_str()),
        ("Hello world", "😅 Hello")
    );

    ann.replica.connected();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    assert_eq!(ann.text(), "😅 Hello world");
    assert_eq!(bob.text(), ann.text());
    assert_eq!(text_of(authority.value()), ann.text());
    let status = ann.replica.status();
    assert_eq!(
        (status.link, status.revision, status.inflight),
        (Link::Live, 3, None)
    );
    assert_eq!(
        (status.edits, status.saved_edits, status.committed_edits),
        (2, 2, 2)
    );
}

#[test]
fn an_op_that_was_committed_without_an_ack_is_not_doubled() {
    let mut authority = authority();
    let mut ann = Device::new("ann", 1);
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    ann.insert(0, "once");
    ann.settle();
    for message in std::mem::take(&mut ann.outbox) {
        if let ClientMessage::Submit(submit) = message {
            authority.submit(ann.peer, submit);
        }
    }
    authority.take_append();
    authority.appended(); // the ack is lost
    authority.close(ann.peer);
    ann.restart();
    assert_eq!(ann.replica.status().inflight, Some(1));
    ann.peer = PeerId(7);
    authority.learn(
        ClientId::new("ann").unwrap(),
        Some(rejoin::authority::LastSeq {
            seq: 1,
            revision: Some(1),
            digest: ann
                .replica
                .state()
                .unwrap()
                .inflight
                .map(|i| i.op.digest(i.base))
                .unwrap(),
        }),
    );
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    assert_eq!(
        (text_of(authority.value()).as_str(), authority.head()),
        ("once", 1)
    );
    assert_eq!(ann.replica.status().inflight, None);
}

#[test]
fn a_refused_edit_goes_to_the_inbox_and_later_edits_stay() {
    let mut authority = Authority::new(
        doc(),
        Epoch::new("first").unwrap(),
        Value::from(""),
        Settings::default(),
        Limits {
            value_size: 8,
            ..Limits::default()
        },
    );
    let mut ann = Device::new("ann", 1);
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    ann.insert(0, "far too long");
    ann.settle();
    ann.insert(12, "!");
    exchange(&mut authority, &mut [&mut ann]);
    assert_eq!(
        (ann.text().as_str(), text_of(authority.value()).as_str()),
        ("!", "!")
    );
    let refused = &ann.replica.inbox()[0];
    assert_eq!((refused.code.as_str(), refused.seq), ("too-large", 1));
    ann.settle();
    ann.restart();
    assert_eq!(ann.replica.inbox().len(), 1);
}

#[test]
fn a_copied_client_id_is_noticed_and_loses_nothing() {
    let mut authority = authority();
    let mut ann = Device::new("ann", 1);
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    ann.replica.disconnected();
    authority.close(ann.peer);
    ann.settle();
    let mut copy = Device::new("ann", 2);
    copy.checkpoint = ann.checkpoint.clone();
    copy.entries = ann.entries.clone();
    copy.restart();

    ann.insert(0, "one ");
    copy.insert(0, "two ");
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    copy.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut copy]);
    assert_eq!(copy.others.last(), Some(&Effect::Cloned));
    assert_eq!(copy.text(), "two ");
    copy.replica.set_client(ClientId::new("fresh").unwrap());
    exchange(&mut authority, &mut [&mut ann, &mut copy]);
    assert_eq!(copy.text(), ann.text());
    assert!(
        ann.text().contains("one ") && ann.text().contains("two "),
        "{}",
        ann.text()
    );
    assert_eq!(ann.text().len(), 8);
}

/// Ann's storage is copied while an op is inflight; she goes on and has it accepted, and another one after
/// it. What becomes of the copy's, once the log was pruned up to `floor`?
fn copied_while_inflight(floor: u64) -> (Authority, Device, Device) {
    let mut authority = authority();
    let (mut ann, mut copy) = (Device::new("ann", 1), Device::new("ann", 2));
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    ann.insert(0, "first ");
    ann.settle();
    copy.checkpoint = ann.checkpoint.clone();
    copy.entries = ann.entries.clone();
    copy.restart();
    exchange(&mut authority, &mut [&mut ann]);
    ann.insert(6, "second ");
    exchange(&mut authority, &mut [&mut ann]);
    assert_eq!(authority.head(), 2);

    copy.insert(6, "third ");
    authority.pruned(floor);
    copy.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut copy]);
    assert_eq!(copy.others.last(), Some(&Effect::Cloned));
    copy.replica.set_client(ClientId::new("fresh").unwrap());
    exchange(&mut authority, &mut [&mut ann, &mut copy]);
    assert_eq!(copy.text(), text_of(authority.value()));
    assert_eq!(copy.text(), ann.text());
    (authority, ann, copy)
}

#[test]
fn an_op_sent_under_a_copied_id_is_found_in_the_log() {
    let (authority, _, copy) = copied_while_inflight(0);
    assert_eq!(text_of(authority.value()), "first second third ");
    assert!(copy.replica.inbox().is_empty());
}

#[test]
fn an_op_sent_under_a_copied_id_is_not_sent_again_when_nobody_can_tell() {
    let (authority, _, mut copy) = copied_while_inflight(1);
    assert_eq!(text_of(authority.value()), "first second third ");
    copy.settle();
    copy.restart();
    let edit = &copy.replica.inbox()[0];
    assert_eq!((edit.code.as_str(), edit.seq), ("forgotten", 1));
    assert!(edit.detail.contains("\"ann\" 1"), "{}", edit.detail);
}

#[test]
fn a_catch_up_in_batches_is_rebased_over_once() {
    let mut authority = Authority::new(
        doc(),
        Epoch::new("first").unwrap(),
        Value::from(""),
        Settings::default(),
        Limits {
            batch_ops: 2,
            ..Limits::default()
        },
    );
    let (mut ann, mut bob) = (Device::new("ann", 1), Device::new("bob", 2));
    ann.replica.connected();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    bob.replica.disconnected();
    authority.close(bob.peer);
    for _ in 0..7 {
        ann.insert(0, "a");
        exchange(&mut authority, &mut [&mut ann]);
    }
    bob.insert(0, "b");
    bob.settle();
    bob.others.clear();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    assert_eq!((authority.head(), bob.text().as_str()), (8, "aaaaaaab"));
    let patches = bob.others.iter();
    let patches = patches.filter(|effect| matches!(effect, Effect::Patch(_)));
    assert_eq!(patches.count(), 1);
}

/// The authority does not know what an op that comes in removes; its author does, and both judge alike.
#[test]
fn an_edit_beats_a_remove_that_the_authority_cannot_look_into() {
    let settings: Settings =
        serde_json::from_str(r#"{"policies":[{"path":"","policy":"keep","restore":true}]}"#)
            .unwrap();
    let value: Value = serde_json::from_str(r#"{"k":{"n":"k"}}"#).unwrap();
    let life = Epoch::new("first").unwrap();
    let limits = Limits::default();
    let mut authority = Authority::new(doc(), life, value.clone(), settings.clone(), limits);
    let device = |name: &str, peer| Device {
        replica: Replica::new(
            doc(),
            ClientId::new(name).unwrap(),
            value.clone(),
            settings.clone(),
        ),
        ..Device::new(name, peer)
    };
    let (mut ann, mut bob) = (device("ann", 1), device("bob", 2));
    ann.replica.connected();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    bob.replica.disconnected();
    authority.close(bob.peer);
    let op = |json| serde_json::from_str(json).unwrap();
    ann.replica.edit(op(r#"["k","n",{"es":["x"]}]"#)).unwrap();
    exchange(&mut authority, &mut [&mut ann]);
    bob.replica.edit(op(r#"["k",{"r":true}]"#)).unwrap();
    bob.settle();
    bob.replica.connected();
    exchange(&mut authority, &mut [&mut ann, &mut bob]);
    for value in [ann.replica.value(), bob.replica.value(), authority.value()] {
        assert_eq!(value.unwrap().to_string(), r#"{"k":{"n":"xk"}}"#);
    }
    assert!(bob.replica.inbox().is_empty());
    let told = bob.others.iter();
    let told = told.filter(|effect| matches!(effect, Effect::Conflict(_)));
    assert_eq!(told.count(), 1);
}

/// What the server refuses may be what later edits stand on: they win over its undoing.
#[test]
fn what_was_edited_in_a_refused_insert_is_not_lost() {
    let value: Value = serde_json::from_str(r#"{"l":[]}"#).unwrap();
    let life = Epoch::new("first").unwrap();
    let limits = Limits {
        value_size: 30,
        ..Limits::default()
    };
    let none = Settings::default();
    let mut authority = Authority::new(doc(), life, value.clone(), none.clone(), limits);
    let mut ann = Device {
        replica: Replica::new(doc(), ClientId::new("ann").unwrap(), value, none),
        ..Device::new("ann", 1)
    };
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    let op = |json: &str| serde_json::from_str(json).unwrap();
    let long = "a card that is too large".repeat(2);
    ann.replica
        .edit(op(&format!(r#"["l",0,{{"i":{{"s":"{long}"}}}}]"#)))
        .unwrap();
    ann.settle();
    ann.replica
        .edit(op(r#"["l",0,"s",{"es":["mine: "]}]"#))
        .unwrap();
    exchange(&mut authority, &mut [&mut ann]);
    let kept: String = ann
        .replica
        .inbox()
        .iter()
        .map(|edit| edit.op.to_string())
        .collect();
    assert!(kept.contains("mine: "), "{kept}");
    let now = authority.value().unwrap().to_string();
    assert_eq!(ann.replica.value().unwrap().to_string(), now);
}

#[test]
fn stale_and_foreign_messages_change_nothing() {
    let mut authority = authority();
    let mut ann = Device::new("ann", 1);
    ann.replica.connected();
    exchange(&mut authority, &mut [&mut ann]);
    ann.insert(0, "text");
    exchange(&mut authority, &mut [&mut ann]);
    let before = ann.replica.state().unwrap();
    for json in [
        r#"{"type":"rejected","doc":"doc","seq":1,"code":"x","detail":"x"}"#,
        r#"{"type":"behind","doc":"doc","seq":9}"#,
        r#"{"type":"committed","doc":"doc","revision":1,"client":"eve","seq":1,"op":[{"es":["x"]}]}"#,
        r#"{"type":"committed","doc":"other","revision":2,"client":"eve","seq":1,"op":[{"es":["x"]}]}"#,
        r#"{"type":"snapshot","doc":"doc","request":0,"epoch":"e","revision":1,"value":"","fate":"none"}"#,
        r#"{"type":"error","doc":"doc","seq":0,"code":"cloned-client","detail":"x"}"#,
        r#"{"type":"pong"}"#,
    ] {
        ann.replica
            .receive(serde_json::from_str::<ServerMessage>(json).unwrap());
    }
    assert_eq!(ann.replica.state().unwrap(), before);
}
