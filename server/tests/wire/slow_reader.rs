//! A peer that does not read costs a bounded amount of memory, disturbs nobody, and is let go of.

use rejoin::json::{JsonOp, Value as Document};
use serde_json::{Value, json};

use crate::support::{Peer, Process, insert};

const MIB: u64 = 1 << 20;
/// Each op, and how many: 96 MiB in all, which no socket's buffers hold.
const OP: usize = 128 * 1024;
const PAIRS: u64 = 768;

#[tokio::test]
async fn a_slow_reader_is_bounded_let_go_of_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    // A small window and queue, so that what else would grow shows.
    let flags = ["--window", "4", "--max-queued-bytes", "1048576"];
    let server = Process::start(dir.path(), &flags);
    let (mut slow, first) = Peer::opened(server.address, "a", "slow").await;
    let (mut fast, _) = Peer::opened(server.address, "a", "fast").await;
    let (mut writer, _) = Peer::opened(server.address, "a", "writer").await;

    // A large insert and its removal, in turn: the document itself stays small.
    let mut warm = 0;
    let mut most = 0;
    for pair in 0..PAIRS {
        for step in 0..2 {
            let base = 2 * pair + step;
            let op = match step {
                0 => insert(&format!("{pair:07}{}", "x".repeat(OP))),
                _ => json!([{"es": [7, {"d": OP}]}]),
            };
            writer
                .say(json!({"type": "submit", "doc": "a", "seq": base + 1, "base": base, "op": op}))
                .await;
            assert_eq!(writer.hear("committed").await["revision"], base + 1);
            // The fast reader has each at once, whatever the slow one does.
            let news = fast.hear("committed").await;
            assert_eq!((&news["revision"], &news["op"]), (&json!(base + 1), &op));
        }
        if pair == PAIRS / 8 {
            warm = server.memory();
        } else if pair > PAIRS / 8 {
            most = most.max(server.memory());
        }
    }
    let grown = most.saturating_sub(warm);
    assert!(
        grown < 16 * MIB,
        "the server grew by {} MiB over {} MiB of ops",
        grown / MIB,
        PAIRS * OP as u64 * 7 / 8 / MIB
    );

    // What was on its way arrives in order, then the end.
    let mut document = document(&first["value"]);
    let mut revision = 0;
    let end = loop {
        match slow.next_or_close().await {
            Ok(message) => {
                revision += 1;
                assert_eq!(message["revision"], revision);
                apply(&mut document, &message["op"]);
            }
            Err(code) => break code,
        }
    };
    assert!(revision < 2 * PAIRS, "it was let go of");
    assert!(matches!(end, Some(1013) | None), "{end:?}");

    // It comes back from where it stands, and has it all.
    let mut slow = Peer::greeted(server.address).await;
    slow.say(json!({
        "type": "open", "doc": "a", "client": "slow", "request": 2,
        "epoch": first["epoch"], "revision": revision, "seq": 0,
    }))
    .await;
    while revision < 2 * PAIRS {
        let batch = slow.hear("ops").await;
        assert_eq!(batch["base"], revision);
        for op in batch["ops"].as_array().unwrap() {
            apply(&mut document, &op["op"]);
            revision += 1;
        }
    }
    let (_, now) = Peer::opened(server.address, "a", "eve").await;
    assert_eq!(now["value"], document.to_string());
    assert_eq!(now["value"].as_str().unwrap().len() as u64, 7 * PAIRS);
}

/// What a peer asks for without reading the answers waits with the peer, not in the server.
#[tokio::test]
async fn a_peer_that_asks_without_reading_waits_itself() {
    let dir = tempfile::tempdir().unwrap();
    let server = Process::start(dir.path(), &["--max-queued-messages", "1000"]);
    let (mut writer, first) = Peer::opened(server.address, "a", "writer").await;
    for seq in 1..=40 {
        writer.submit("a", seq, seq - 1, &"x".repeat(OP)).await;
        writer.hear("committed").await;
    }
    let mut greedy = Peer::greeted(server.address).await;
    let before = server.memory();
    // The whole document, 5 MiB, 60 times; and the whole log as often.
    let asked = async {
        for request in 1..=120 {
            let epoch = if request % 2 == 0 {
                Value::Null
            } else {
                first["epoch"].clone()
            };
            greedy
                .say(json!({
                    "type": "open", "doc": "a", "client": "greedy", "request": request,
                    "epoch": epoch, "revision": 0, "seq": 0,
                }))
                .await;
        }
    };
    asked.await;
    let mut most = 0;
    for seq in 41..=80 {
        writer.submit("a", seq, seq - 1, "y").await;
        writer.hear("committed").await;
        most = most.max(server.memory());
    }
    let grown = most.saturating_sub(before);
    assert!(grown < 64 * MIB, "the server grew by {} MiB", grown / MIB);
}

fn document(value: &Value) -> Document {
    serde_json::from_value(value.clone()).unwrap()
}

fn apply(document: &mut Document, op: &Value) {
    let op: JsonOp = serde_json::from_value(op.clone()).unwrap();
    op.apply(document).unwrap();
}
