//! Told to stop, a server acknowledges what it has committed, says goodbye, and ends.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Appends, Peer, Process, Server, TestStore, insert};

/// What is on its way to the disk when the server is told to stop is acknowledged before the goodbye.
#[tokio::test]
async fn what_is_being_stored_is_acknowledged_before_the_end() {
    let store = Arc::new(TestStore::new());
    let server = Server::over(store.clone(), &[]).await;
    let address = server.address;
    let mut peers = Vec::new();
    for doc in ["a", "b"] {
        for client in ["ann", "bob"] {
            peers.push((doc, Peer::opened(address, doc, client).await.0));
        }
    }
    store.set(Appends::Wait);
    for (doc, peer) in &mut peers {
        peer.submit(doc, 1, 0, "x").await;
        // An answer from the reader: it has read the submit, too.
        peer.say(json!({"type": "ping"})).await;
        peer.hear("pong").await;
    }
    let ended = server.stop();
    for (_, peer) in &mut peers {
        assert!(peer.is_quiet(Duration::from_millis(50)).await);
    }
    store.set(Appends::Pass);
    for (doc, peer) in &mut peers {
        let mut own = 0;
        let end = loop {
            match peer.next_or_close().await {
                Ok(message) => own += usize::from(message.get("op").is_none()),
                Err(code) => break code,
            }
        };
        assert_eq!(
            (own, end),
            (1, Some(1012)),
            "acks, and the close code, in {doc}"
        );
    }
    ended.await.unwrap().unwrap();
    // Nobody listens any more.
    TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn sigterm_under_load_loses_nothing_that_was_acknowledged() {
    stopped_under_load("TERM").await;
}

#[tokio::test]
async fn sigint_under_load_loses_nothing_that_was_acknowledged() {
    stopped_under_load("INT").await;
}

/// An op that was acknowledged: its document, its text, its revision.
type Ack = (String, String, u64);

async fn stopped_under_load(signal: &str) {
    const WRITERS: usize = 6;
    let dir = tempfile::tempdir().unwrap();
    let mut server = Process::start(dir.path(), &[]);
    let (acked, mut acks) = mpsc::unbounded_channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|i| tokio::spawn(write(server.address, i, acked.clone())))
        .collect();
    drop(acked);
    let mut seen: Vec<Ack> = Vec::new();
    while seen.len() < 50 {
        seen.push(acks.recv().await.unwrap());
    }
    let told = Instant::now();
    server.signal(signal);
    for writer in writers {
        assert_eq!(writer.await.unwrap(), Some(1012));
    }
    let status = server.ended(Duration::from_secs(9));
    assert_eq!(status.code(), Some(0), "{:?}", server.log());
    assert!(told.elapsed() < Duration::from_secs(9), "within the grace");
    while let Some(ack) = acks.recv().await {
        seen.push(ack);
    }
    assert!(
        !dir.path().join("rejoin.sqlite3-wal").exists(),
        "closed cleanly"
    );
    check_log(dir.path(), &seen).await;
}

/// Submits as fast as acks come, until the connection ends; gives the close code.
async fn write(address: SocketAddr, i: usize, acked: mpsc::UnboundedSender<Ack>) -> Option<u16> {
    let doc = format!("doc-{}", i % 3);
    let (mut peer, answer) = Peer::opened(address, &doc, &format!("writer-{i}")).await;
    let mut head = answer["revision"].as_u64().unwrap();
    for seq in 1.. {
        let text = format!("<{i}:{seq}>");
        let op = insert(&text);
        let submit = json!({"type": "submit", "doc": doc, "seq": seq, "base": head, "op": op});
        if peer.send(Message::text(submit.to_string())).await.is_err() {
            // The goodbye may be there all the same.
            return loop {
                if let Err(code) = peer.next_or_close().await {
                    break code;
                }
            };
        }
        loop {
            match peer.next_or_close().await {
                Err(code) => return code,
                Ok(message) => {
                    assert_eq!(message["type"], "committed", "{message}");
                    head = message["revision"].as_u64().unwrap();
                    if message.get("op").is_none() {
                        acked.send((doc.clone(), text, head)).unwrap();
                        break;
                    }
                }
            }
        }
    }
    None
}

/// A server on the same directory has every acknowledged op: once, at the revision it was given.
async fn check_log(dir: &Path, acks: &[Ack]) {
    let server = Process::start(dir, &[]);
    let docs: BTreeSet<&String> = acks.iter().map(|(doc, _, _)| doc).collect();
    for doc in docs {
        let (mut peer, answer) = Peer::opened(server.address, doc, "reader").await;
        peer.say(json!({
            "type": "open", "doc": doc, "client": "reader", "request": 2,
            "epoch": answer["epoch"], "revision": 0, "seq": 0,
        }))
        .await;
        let head = answer["revision"].as_u64().unwrap();
        let mut log = Vec::new();
        while (log.len() as u64) < head {
            let batch = peer.hear("ops").await;
            log.extend(batch["ops"].as_array().unwrap().iter().cloned());
        }
        let text = answer["value"].as_str().unwrap();
        for (_, mark, revision) in acks.iter().filter(|(of, _, _)| of == doc) {
            assert_eq!(text.matches(mark.as_str()).count(), 1, "{mark} in {doc}");
            let op = log[*revision as usize - 1]["op"].to_string();
            assert!(
                op.contains(mark.as_str()),
                "revision {revision} is {op}, not {mark}"
            );
        }
    }
}

/// A peer that does not take its goodbye does not keep the server from ending.
#[tokio::test]
async fn a_peer_that_does_not_read_is_given_a_while_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Process::start(dir.path(), &["--grace", "2"]);
    let (_stuck, _) = Peer::opened(server.address, "a", "stuck").await;
    let (mut writer, _) = Peer::opened(server.address, "a", "writer").await;
    // More than the sockets' buffers take, less than what makes the server drop a slow reader.
    for seq in 1..=14 {
        writer.submit("a", seq, seq - 1, &"x".repeat(1 << 20)).await;
        writer.hear("committed").await;
    }
    server.signal("TERM");
    writer.is_closed(1012).await;
    assert_eq!(server.ended(Duration::from_secs(9)).code(), Some(0));
}
