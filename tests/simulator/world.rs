//! The devices, the server, and the network between them.

use rejoin::Error;
use rejoin::authority::{Limits, PeerId};
use rejoin::client::{Link, Replica};
use rejoin::protocol::{ClientMessage, Fate, ServerMessage};

use crate::chars::Chars;
use crate::device::Device;
use crate::schedule::{Counts, Kind, Schedule, Step};
use crate::server::{Server, doc};

/// How often everybody may talk in turn before it counts as a livelock.
const ROUNDS: usize = 400;

#[derive(Clone)]
enum Packet {
    ToServer(PeerId, ClientMessage),
    ToDevice(PeerId, ServerMessage),
}

pub struct World {
    devices: Vec<Device>,
    server: Server,
    packets: Vec<Packet>,
    chars: Chars,
    counts: Counts,
    peers: u64,
}

impl World {
    pub fn run(schedule: &Schedule, tell: bool) -> Counts {
        let limits = Limits {
            window_ops: schedule.window as usize,
            value_size: schedule.limit as usize,
            batch_ops: 3,
            ..Limits::default()
        };
        let mut world = Self {
            devices: (0..schedule.devices)
                .map(|i| Device::new(format!("d{i}")))
                .collect(),
            server: Server::new(limits),
            packets: Vec::new(),
            chars: Chars::default(),
            counts: Counts::default(),
            peers: 0,
        };
        for step in &schedule.steps {
            if world.step(*step) {
                world.counts.step(step.kind);
            }
            world.settle();
            if tell {
                world.tell(*step);
            }
        }
        world.quiet();
        world.check();
        world.counts
    }

    fn tell(&self, Step { kind, a, b }: Step) {
        println!(
            "{kind:?} {a} {b}; server {:?}",
            self.server.value().to_string()
        );
        for device in &self.devices {
            match &device.replica {
                None => println!("    {} is down", device.name),
                Some(replica) => {
                    let state = replica.state();
                    println!(
                        "    {} {:?} as {} sees {:?}; r{} inflight {:?} pending {:?}",
                        device.name,
                        replica.status().link,
                        state.client,
                        device.text(),
                        state.revision,
                        state.inflight.map(|i| (i.seq, i.base, i.op, i.rebased)),
                        state.pending
                    );
                }
            }
        }
    }

    /// Plays a step; whether it took effect.
    fn step(&mut self, Step { kind, a, b }: Step) -> bool {
        let count = self.devices.len();
        let index = a as usize % count;
        let device = &mut self.devices[index];
        let up = device.replica.is_some();
        match kind {
            Kind::Insert if up => device.insert(b, 1 + b % 3, &mut self.chars),
            Kind::Delete if up => device.delete(b, 1 + b % 4, &mut self.chars),
            Kind::Burst if up => {
                for i in 0..40 + b % 200 {
                    device.insert(b.wrapping_mul(i + 1), 1, &mut self.chars);
                }
            }
            Kind::CancelOut if up => device.cancel_out(b, &mut self.chars),
            Kind::Flush => match &mut device.replica {
                Some(replica) => replica.flush(),
                None => return false,
            },
            Kind::WriteDone => return device.write_done(),
            Kind::Deliver => return self.take(0).map(|packet| self.deliver(packet)).is_some(),
            Kind::DeliverAny => {
                return self.take(a).map(|packet| self.deliver(packet)).is_some();
            }
            Kind::Duplicate => {
                let Some(packet) = self.packets.get(a as usize % self.packets.len().max(1)) else {
                    return false;
                };
                let packet = packet.clone();
                self.deliver(packet);
            }
            Kind::Lose => return self.take(a).is_some(),
            Kind::AppendDone => {
                if !self.server.is_appending() {
                    return false;
                }
                let messages = self.server.append_done(&mut self.counts);
                self.send(messages);
            }
            Kind::AppendFails => {
                if !self.server.append_fails() {
                    return false;
                }
                let (code, detail) = ("storage-unavailable".to_owned(), String::new());
                let error = ServerMessage::Error {
                    doc: Some(doc()),
                    seq: None,
                    code,
                    detail,
                };
                let peers = self.devices.iter().filter_map(|device| device.peer);
                self.send(peers.map(|peer| (peer, error.clone())).collect());
            }
            Kind::DeviceDisconnects => {
                if device.peer.take().is_none() {
                    return false;
                }
                if let Some(replica) = &mut device.replica {
                    replica.disconnected();
                }
            }
            // Possibly of a connection that the device gave up long ago.
            Kind::ServerDisconnects if self.peers > 0 => {
                self.server.close(PeerId(1 + u64::from(b) % self.peers));
            }
            Kind::Connect if up && device.peer.is_none() => self.connect(index),
            Kind::Partition if !device.partitioned => device.partitioned = true,
            Kind::Heal if device.partitioned => device.partitioned = false,
            Kind::CrashDevice if up => device.crash(&mut self.chars),
            Kind::CrashDevice => device.start(&mut self.counts),
            Kind::CrashServer => self.server.crash(a % 2 == 0, &mut self.counts),
            Kind::Resync => match &mut device.replica {
                Some(replica) if replica.needs_resync() => replica.resync(),
                _ => return false,
            },
            Kind::Prune => self.server.prune(b),
            Kind::NewEpoch => self.new_epoch(),
            Kind::CopyDevice if count < 6 => {
                let Some(copy) = device.copy(format!("d{count}"), &mut self.chars) else {
                    return false;
                };
                self.devices.push(copy);
            }
            Kind::Malformed => {
                let at = self.packets.iter().position(is_submit);
                let Some(Packet::ToServer(peer, ClientMessage::Submit(submit))) =
                    at.map(|at| self.packets.remove(at))
                else {
                    return false;
                };
                self.server.receive_malformed(peer, submit.seq);
            }
            // What is discarded is not looked for any more.
            Kind::Discard => {
                let Some(replica) = &mut device.replica else {
                    return false;
                };
                let Some(edit) = replica.inbox().first() else {
                    return false;
                };
                let id = edit.id;
                self.chars.delete(&serde_json::to_string(&edit.op).unwrap());
                replica.discard(id);
            }
            _ => return false,
        }
        true
    }

    fn connect(&mut self, index: usize) {
        self.peers += 1;
        let device = &mut self.devices[index];
        device.peer = Some(PeerId(self.peers));
        if let Some(replica) = &mut device.replica {
            replica.connected();
        }
    }

    /// The process that held the old life is gone, and with it the connections.
    fn new_epoch(&mut self) {
        self.server.new_epoch();
        self.packets.clear();
        for device in &mut self.devices {
            device.peer = None;
            if let Some(replica) = &mut device.replica {
                replica.disconnected();
            }
        }
    }

    fn take(&mut self, at: u32) -> Option<Packet> {
        (!self.packets.is_empty()).then(|| self.packets.remove(at as usize % self.packets.len()))
    }

    fn send(&mut self, messages: Vec<(PeerId, ServerMessage)>) {
        self.packets.extend(
            messages
                .into_iter()
                .map(|(peer, message)| Packet::ToDevice(peer, message)),
        );
    }

    fn deliver(&mut self, packet: Packet) {
        let (Packet::ToServer(peer, _) | Packet::ToDevice(peer, _)) = &packet;
        let cut_off = |device: &Device| device.partitioned && device.peer == Some(*peer);
        if self.devices.iter().any(cut_off) {
            self.counts.thing("messages swallowed by a partition");
            return;
        }
        match packet {
            Packet::ToServer(peer, message) => {
                if matches!(message, ClientMessage::Submit(_))
                    && self.devices.iter().all(|device| device.peer != Some(peer))
                {
                    self.counts.thing("submits on an old connection");
                }
                self.server.receive(peer, message);
            }
            Packet::ToDevice(peer, message) => {
                let Some(device) = self.devices.iter_mut().find(|d| d.peer == Some(peer)) else {
                    return;
                };
                let Some(replica) = &mut device.replica else {
                    return;
                };
                count_message(
                    replica.status().link,
                    replica.status().pending,
                    &message,
                    &mut self.counts,
                );
                replica.receive(message);
            }
        }
    }

    fn settle(&mut self) {
        for device in &mut self.devices {
            device.settle(&mut self.counts);
            for message in std::mem::take(&mut device.outbox) {
                // Without a connection it is as lost as on a broken one.
                if let Some(peer) = device.peer {
                    self.packets.push(Packet::ToServer(peer, message));
                }
            }
        }
        let messages = self.server.begin_append(&mut self.counts);
        self.send(messages);
    }

    /// No more faults: everybody reconnects, and talks until nobody has anything to say.
    fn quiet(&mut self) {
        for index in 0..self.devices.len() {
            let device = &mut self.devices[index];
            device.partitioned = false;
            if device.replica.is_none() {
                device.start(&mut self.counts);
            }
            if let Some(replica) = &mut device.replica {
                replica.disconnected();
            }
            self.connect(index);
        }
        for round in 0..ROUNDS {
            for device in &mut self.devices {
                if let Some(replica) = &mut device.replica {
                    if round % 10 == 9 && replica.needs_resync() {
                        replica.resync();
                    }
                    replica.flush();
                }
                device.settle(&mut self.counts);
                while device.write_done() {}
            }
            self.settle();
            for packet in std::mem::take(&mut self.packets) {
                self.deliver(packet);
            }
            self.settle();
            let messages = self.server.append_done(&mut self.counts);
            self.send(messages);
            self.settle();
            let value = self.server.value();
            let resting = self.devices.iter().all(|device| device.is_at_rest(value));
            if resting && self.packets.is_empty() {
                // Hosts flush after everything that came in.
                for device in &mut self.devices {
                    device.replica.iter_mut().for_each(Replica::flush);
                    device.settle(&mut self.counts);
                    while device.write_done() {}
                }
                return;
            }
        }
        for device in &self.devices {
            let replica = device.replica.as_ref().unwrap();
            println!(
                "{}: {:?} writing {}",
                device.name,
                replica.status(),
                device.is_writing()
            );
        }
        panic!(
            "no convergence: the server has {:?}",
            self.server.value().to_string()
        );
    }

    fn check(&mut self) {
        self.server.assert_consistent();
        let text = self.server.value().to_string();
        for device in &self.devices {
            assert_eq!(device.text(), text, "{} ended differently", device.name);
            device.assert_all_edits_counted();
        }
        let inboxes = |forgotten| -> String {
            let inboxes = self.devices.iter().map(|device| device.inbox(forgotten));
            inboxes.collect()
        };
        assert!(
            text.chars().all(Chars::is_typed),
            "nobody typed all of {text:?}"
        );
        let (found, forgotten) = (text + &inboxes(false), inboxes(true));
        self.chars
            .check(&found, &forgotten, |sent| self.server.accepted(sent));
    }
}

fn is_submit(packet: &Packet) -> bool {
    matches!(packet, Packet::ToServer(_, ClientMessage::Submit(_)))
}

/// The things that must be seen to have happened.
fn count_message(link: Link, pending: bool, message: &ServerMessage, counts: &mut Counts) {
    match message {
        ServerMessage::Behind { .. } => counts.thing("edits behind the window"),
        ServerMessage::Snapshot { fate, .. } if link == Link::Opening => {
            if *fate == Fate::Fenced {
                counts.thing("edits fenced at open");
            }
            if pending {
                counts.thing("snapshots over pending edits");
            }
        }
        ServerMessage::Ops {
            fate: Fate::Committed,
            ..
        } if link == Link::Opening => {
            counts.thing("acks by catch-up");
        }
        ServerMessage::Error { code, .. }
            if *code
                == Error::ClonedClient {
                    client: String::new(),
                    seq: 0,
                }
                .code() =>
        {
            counts.thing("known seqs submitted again");
        }
        _ => {}
    }
}
