//! The codes: those of docs/protocol.md, those of the engine, and those on the wire are the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Appends, Peer, Server, TestStore, hello, insert, open};

/// Codes of the engine that no server sends.
const LOCAL: &[(&str, &str)] = &[
    ("offset-out-of-bounds", "offsets of an editor are not sent"),
    ("offset-inside-pair", "likewise: the wire counts scalars"),
    (
        "lone-surrogate",
        "no JSON text that serde reads has one: malformed-op",
    ),
    ("diverged", "a replica's; it asks for a snapshot"),
    (
        "storage-corrupt",
        "a device's storage; the server's own goes to its log",
    ),
    ("storage-newer", "likewise"),
];

/// A code, what provokes it, and the answer that carries it.
struct Row {
    code: &'static str,
    answer: &'static str,
    says: Vec<Value>,
}

fn row(code: &'static str, answer: &'static str, says: Vec<Value>) -> Row {
    Row { code, answer, says }
}

fn submit(doc: &str, seq: u64, op: Value) -> Value {
    json!({"type": "submit", "doc": doc, "seq": seq, "base": 0, "op": op})
}

fn rows() -> Vec<Row> {
    let unknown = json!({
        "type": "open", "doc": "nowhere", "client": "ann", "request": 1,
        "epoch": null, "revision": 0, "seq": 0,
    });
    vec![
        row(
            "protocol-version",
            "error",
            vec![json!({"type": "hello", "protocol": 99})],
        ),
        row(
            "malformed-message",
            "error",
            vec![hello(), json!({"type": "dance"})],
        ),
        row(
            "malformed-op",
            "rejected",
            vec![hello(), open("m", "ann"), submit("m", 1, json!(7))],
        ),
        row(
            "op-too-long",
            "rejected",
            vec![
                hello(),
                open("l", "ann"),
                submit("l", 1, json!([{"es": [5, "x"]}])),
            ],
        ),
        row(
            "too-large",
            "rejected",
            vec![
                hello(),
                open("t", "ann"),
                submit("t", 1, insert(&"x".repeat(1_100))),
            ],
        ),
        row("invalid-name", "error", vec![hello(), open("", "ann")]),
        row("unknown-document", "error", vec![hello(), unknown]),
        row(
            "not-open",
            "error",
            vec![hello(), submit("n", 1, insert("x"))],
        ),
        row(
            "cloned-client",
            "error",
            vec![
                hello(),
                open("c", "ann"),
                submit("c", 1, insert("x")),
                submit("c", 1, insert("y")),
            ],
        ),
        row(
            "storage-unavailable",
            "error",
            vec![hello(), open("s", "ann"), submit("s", 1, insert("x"))],
        ),
    ]
}

#[tokio::test]
async fn every_code_of_the_protocol_is_seen_on_the_wire() {
    let store = Arc::new(TestStore::new());
    let server = Server::over(store.clone(), &["--max-message-bytes", "1000"]).await;
    let mut seen = BTreeSet::new();
    for Row { code, answer, says } in rows() {
        store.set(match code {
            "storage-unavailable" => Appends::Fail,
            _ => Appends::Pass,
        });
        let mut peer = Peer::connect(server.address).await;
        for message in says {
            peer.say(message).await;
        }
        let told = loop {
            let message = peer.next().await;
            if message.get("code").is_some() {
                break message;
            }
        };
        assert_eq!(
            (told["type"].as_str(), told["code"].as_str()),
            (Some(answer), Some(code)),
            "{told}"
        );
        assert!(!told["detail"].as_str().unwrap().is_empty());
        seen.insert(code.to_owned());
    }
    assert_eq!(seen, documented());
}

#[test]
fn the_document_has_every_code_of_the_engine() {
    let local: BTreeSet<String> = LOCAL.iter().map(|(code, _)| (*code).to_owned()).collect();
    let mut sent: BTreeSet<String> = engine().difference(&local).cloned().collect();
    // The server's own.
    sent.insert("storage-unavailable".to_owned());
    assert_eq!(sent, documented());
    assert!(
        local.is_subset(&engine()),
        "LOCAL names a code that is gone"
    );
}

/// The codes in the table of docs/protocol.md.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../../docs/protocol.md");
    let (_, section) = text.split_once("## Error codes").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

/// The codes of the engine's error type, from the one function that has them.
fn engine() -> BTreeSet<String> {
    let text = include_str!("../../../src/error.rs");
    let (_, function) = text.split_once("pub fn code(&self)").unwrap();
    let arms = function.lines().filter_map(|line| line.split_once("=> \""));
    arms.map(|(_, code)| code.split('"').next().unwrap().to_owned())
        .collect()
}
