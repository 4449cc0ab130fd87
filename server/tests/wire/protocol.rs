//! docs/protocol.md, message by message.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Appends, Peer, Server, TestStore, hello, insert, open, sent};

/// Open again, as a replica that has something.
fn reopen(doc: &str, client: &str, request: u64, epoch: &Value, revision: u64) -> Value {
    json!({
        "type": "open", "doc": doc, "client": client, "request": request,
        "epoch": epoch, "revision": revision, "seq": 0,
    })
}

#[tokio::test]
async fn hello_is_answered_with_the_version_and_the_limit() {
    let server = Server::start(&["--max-message-bytes", "12345"]).await;
    let mut peer = Peer::connect(server.address).await;
    // A field of a later version is no reason to refuse.
    peer.say(json!({"type": "hello", "protocol": 1, "token": "t", "later": [1]}))
        .await;
    let welcome = peer.hear("welcome").await;
    assert_eq!(
        welcome,
        json!({"type": "welcome", "protocol": 1, "maxMessageBytes": 12345})
    );
}

#[tokio::test]
async fn another_version_is_told_and_closed() {
    let server = Server::start(&[]).await;
    for version in [0, 2, 99] {
        let mut peer = Peer::connect(server.address).await;
        peer.say(json!({"type": "hello", "protocol": version}))
            .await;
        peer.hear_code("error", "protocol-version").await;
        peer.is_closed(1002).await;
    }
}

#[tokio::test]
async fn the_first_message_is_hello() {
    let server = Server::start(&[]).await;
    for first in [
        open("a", "ann").to_string(),
        json!({"type": "ping"}).to_string(),
        "{".to_owned(),
    ] {
        let mut peer = Peer::connect(server.address).await;
        peer.say_text(&first).await;
        peer.hear_code("error", "malformed-message").await;
        peer.is_closed(1002).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_the_connection_goes_on() {
    let server = Server::start(&[]).await;
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = u64::MAX;
    let bad = [
        String::new(),
        "{".into(),
        "null".into(),
        "[]".into(),
        "\"hello\"".into(),
        r#"{"type":7}"#.into(),
        r#"{"type":"dance"}"#.into(),
        r#"{"type":"open"}"#.into(),
        r#"{"type":"open","doc":7}"#.into(),
        r#"{"type":"ping"} trailing"#.into(),
        // Half a surrogate pair, which no text can hold.
        r#"{"type":"close","doc":"\ud83d"}"#.into(),
        format!(r#"{{"type":"close","doc":{deep}}}"#),
        format!(
            r#"{{"type":"open","doc":"b","client":"ann","request":{huge},"epoch":null,"revision":0,"seq":0}}"#
        ),
        format!(r#"{{"type":"submit","doc":"a","seq":{huge},"base":0,"op":null}}"#),
        r#"{"type":"submit","doc":"a","seq":-1,"base":0,"op":null}"#.into(),
        r#"{"type":"submit","doc":"a","seq":0,"base":0,"op":null}"#.into(),
        hello().to_string(),
    ];
    for text in bad {
        peer.say_text(&text).await;
        let told = peer.hear_code("error", "malformed-message").await;
        assert!(told["detail"].as_str().unwrap().len() < 1_000, "{told}");
    }
    peer.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    peer.hear_code("error", "malformed-message").await;

    peer.say(json!({"type": "ping"})).await;
    peer.hear("pong").await;
    peer.submit("a", 1, 0, "still here").await;
    assert_eq!(peer.hear("committed").await["revision"], 1);
}

#[tokio::test]
async fn names_are_checked() {
    let server = Server::start(&[]).await;
    let mut peer = Peer::greeted(server.address).await;
    for doc in ["", &"x".repeat(257), "tab\there", "nul\0"] {
        peer.say(open(doc, "ann")).await;
        let told = peer.hear_code("error", "invalid-name").await;
        assert_eq!(told.get("doc"), None, "it is no name to speak of");
        peer.submit(doc, 3, 0, "x").await;
        assert_eq!(peer.hear_code("error", "invalid-name").await["seq"], 3);
    }
    for client in ["", "white space", "ünï", &"x".repeat(65)] {
        peer.say(open("a", client)).await;
        assert_eq!(peer.hear_code("error", "invalid-name").await["doc"], "a");
    }
    let mut message = open("a", "ann");
    message["epoch"] = "no/epoch".into();
    peer.say(message).await;
    assert_eq!(peer.hear_code("error", "invalid-name").await["doc"], "a");
    peer.say(open(&"ü".repeat(128), &"x".repeat(64))).await;
    peer.hear("snapshot").await;
}

#[tokio::test]
async fn an_unknown_document_is_told_and_others_go_on() {
    let server = Server::start(&[]).await;
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    peer.say(reopen("nowhere", "ann", 1, &Value::Null, 0)).await;
    let told = peer.hear_code("error", "unknown-document").await;
    assert_eq!(told["doc"], "nowhere");
    peer.submit("a", 1, 0, "x").await;
    peer.hear("committed").await;
    peer.say(open("nowhere", "ann")).await;
    peer.hear("snapshot").await;
}

#[tokio::test]
async fn a_malformed_op_is_refused_and_fenced_and_other_documents_go_on() {
    let server = Server::start(&[]).await;
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    peer.say(open("b", "ann")).await;
    peer.hear("snapshot").await;
    let ops = [
        "7",
        r#""text""#,
        "[]",
        r#"[{"es":[-1]}]"#,
        r#"[{"es":[1.5,"x"]}]"#,
        r#"[{"es":[5]}]"#,
        r#"[{"es":[""]}]"#,
        r#"[{"es":[{"d":0}]}]"#,
        r#"[{"es":["half \ud83d"]}]"#,
        r#"[{"es":["x"]},{"es":["y"]}]"#,
        r#"[{"i":1}]"#,
    ];
    for (seq, op) in (1..).zip(ops) {
        let text = format!(r#"{{"type":"submit","doc":"a","seq":{seq},"base":0,"op":{op}}}"#);
        peer.say_text(&text).await;
        let told = peer.hear("rejected").await;
        assert_eq!(
            (&told["code"], &told["seq"]),
            (&json!("malformed-op"), &json!(seq)),
            "{op}: {told}"
        );
        // Under its seq nothing is accepted any more, on any connection.
        peer.submit("a", seq, 0, "good").await;
        assert_eq!(peer.hear("behind").await["seq"], seq, "{op}");
        peer.submit("b", seq, seq - 1, "x").await;
        assert_eq!(peer.hear("committed").await["revision"], seq);
    }
    let seq = ops.len() as u64 + 1;
    peer.submit("a", seq, 0, "good").await;
    assert_eq!(peer.hear("committed").await["revision"], 1);
}

#[tokio::test]
async fn a_submit_needs_an_open_document() {
    let server = Server::start(&[]).await;
    let (mut peer, answer) = Peer::opened(server.address, "a", "ann").await;
    peer.submit("b", 1, 0, "x").await;
    let told = peer.hear_code("error", "not-open").await;
    assert_eq!((&told["doc"], &told["seq"]), (&json!("b"), &json!(1)));
    // Not even a bad one, which would be fenced.
    peer.say(json!({"type": "submit", "doc": "b", "seq": 1, "base": 0, "op": 7}))
        .await;
    peer.hear_code("error", "not-open").await;

    let (mut other, _) = Peer::opened(server.address, "a", "bob").await;
    peer.say(json!({"type": "close", "doc": "a"})).await;
    peer.submit("a", 1, 0, "x").await;
    peer.hear_code("error", "not-open").await;
    other.submit("a", 1, 0, "news").await;
    other.hear("committed").await;
    // What a closed document has to say is not for this peer; open again, it is.
    peer.say(reopen("a", "ann", 2, &answer["epoch"], 0)).await;
    let ops = peer.hear("ops").await;
    assert_eq!(
        (&ops["head"], &ops["ops"][0]["client"]),
        (&json!(1), &json!("bob"))
    );
    // To close what is not open is no error.
    peer.say(json!({"type": "close", "doc": "never"})).await;
    peer.say(json!({"type": "ping"})).await;
    peer.hear("pong").await;
}

#[tokio::test]
async fn one_connection_has_many_documents_and_each_its_own_revisions() {
    let server = Server::start(&["--max-documents", "2"]).await;
    let (mut ann, _) = Peer::opened(server.address, "a", "ann").await;
    ann.say(open("b", "other-name")).await;
    ann.hear("snapshot").await;
    let (mut bob, _) = Peer::opened(server.address, "b", "bob").await;
    bob.submit("b", 1, 0, "B").await;
    assert_eq!(
        bob.hear("committed").await.get("op"),
        None,
        "the author knows it"
    );
    let news = ann.hear("committed").await;
    assert_eq!(
        news,
        json!({"type": "committed", "doc": "b", "revision": 1, "client": "bob", "seq": 1, "op": insert("B")})
    );
    ann.submit("a", 1, 0, "A").await;
    let ack = ann.hear("committed").await;
    assert_eq!((&ack["doc"], &ack["revision"]), (&json!("a"), &json!(1)));
    // Made before bob's op was seen: transformed, and goes behind it.
    ann.submit("b", 1, 0, "C").await;
    assert_eq!(ann.hear("committed").await["revision"], 2);
    let news = bob.hear("committed").await;
    assert_eq!(news["op"], json!([{"es": [1, "C"]}]));

    ann.say(open("c", "ann")).await;
    assert_eq!(ann.hear_code("error", "too-large").await["doc"], "c");
    ann.say(json!({"type": "close", "doc": "a"})).await;
    ann.say(open("c", "ann")).await;
    ann.hear("snapshot").await;
}

/// From memory (the window) and from the log, a catch-up is whole, in order, and in batches.
#[tokio::test]
async fn a_long_log_comes_in_batches() {
    for window in ["5000", "10"] {
        let server = Server::start(&["--window", window]).await;
        let (mut ann, answer) = Peer::opened(server.address, "a", "ann").await;
        const OPS: u64 = 1_234;
        for seq in 1..=OPS {
            ann.submit("a", seq, seq - 1, &format!("{seq} ")).await;
        }
        for revision in 1..=OPS {
            assert_eq!(ann.hear("committed").await["revision"], revision);
        }
        for from in [0, 7, OPS - 1, OPS] {
            let mut late = Peer::greeted(server.address).await;
            let name = format!("late-{from}");
            late.say(reopen("a", &name, 9, &answer["epoch"], from))
                .await;
            let (mut base, mut batches) = (from, 0);
            while base < OPS || batches == 0 {
                let batch = late.hear("ops").await;
                assert_eq!(
                    (
                        &batch["base"],
                        &batch["head"],
                        &batch["request"],
                        &batch["fate"]
                    ),
                    (&json!(base), &json!(OPS), &json!(9), &json!("none")),
                    "window {window}, from {from}"
                );
                let ops = batch["ops"].as_array().unwrap();
                assert!(ops.len() <= 500);
                for op in ops {
                    base += 1;
                    assert_eq!(op["seq"], base);
                    assert_eq!(op["op"], insert(&format!("{base} ")));
                }
                batches += 1;
            }
            assert_eq!(base, OPS);
            assert_eq!(batches, (OPS - from).div_ceil(500).max(1));
            // And then it goes on live.
            late.submit("a", 1, OPS, "").await;
            late.hear_code("rejected", "malformed-op").await;
        }
    }
}

#[tokio::test]
async fn a_submit_that_is_sent_again_is_answered_again_and_done_once() {
    let server = Server::start(&[]).await;
    let (mut ann, answer) = Peer::opened(server.address, "a", "ann").await;
    let (mut bob, _) = Peer::opened(server.address, "a", "bob").await;
    for _ in 0..3 {
        ann.submit("a", 1, 0, "once").await;
        let ack = ann.hear("committed").await;
        assert_eq!((&ack["revision"], &ack["seq"]), (&json!(1), &json!(1)));
    }
    // On another connection, where the ack is lost: open tells, and so does a copy.
    let mut again = Peer::greeted(server.address).await;
    let mut message = reopen("a", "ann", 1, &answer["epoch"], 0);
    message["seq"] = 1.into();
    message["inflight"] = sent("ann", 1, &insert("once"), 0);
    again.say(message).await;
    let ops = again.hear("ops").await;
    assert_eq!(
        (&ops["fate"], &ops["head"]),
        (&json!("committed"), &json!(1))
    );
    again.submit("a", 1, 0, "once").await;
    assert_eq!(again.hear("committed").await["revision"], 1);

    bob.submit("a", 1, 1, "end").await;
    assert_eq!(bob.hear("committed").await["client"], "ann");
    assert_eq!(
        bob.hear("committed").await["revision"],
        2,
        "the copies made no revision"
    );
    let (_, now) = Peer::opened(server.address, "a", "eve").await;
    assert_eq!(now["value"], "endonce");
}

#[tokio::test]
async fn an_op_from_too_far_back_is_fenced() {
    let server = Server::start(&["--window", "2"]).await;
    let (mut ann, answer) = Peer::opened(server.address, "a", "ann").await;
    let (mut bob, _) = Peer::opened(server.address, "a", "bob").await;
    for seq in 1..=3 {
        ann.submit("a", seq, seq - 1, "x").await;
        ann.hear("committed").await;
        bob.hear("committed").await;
    }
    bob.submit("a", 1, 0, "late").await;
    assert_eq!(
        bob.hear("behind").await,
        json!({"type": "behind", "doc": "a", "seq": 1})
    );
    // A late copy on another connection does not commit either, and open says so.
    let mut again = Peer::greeted(server.address).await;
    let mut message = reopen("a", "bob", 1, &answer["epoch"], 3);
    message["seq"] = 1.into();
    message["inflight"] = sent("bob", 1, &insert("late"), 0);
    again.say(message).await;
    assert_eq!(again.hear("ops").await["fate"], "fenced");
    again.submit("a", 1, 0, "late").await;
    again.hear("behind").await;
    // Its content goes out under a new seq, on the head.
    again.submit("a", 2, 3, "late").await;
    assert_eq!(again.hear("committed").await["revision"], 4);
    // A base that is yet to come is as little of use.
    again.submit("a", 3, 99, "early").await;
    again.hear("behind").await;
}

/// Another life of the document: what was inflight cannot be transformed, and is fenced before it is told.
#[tokio::test]
async fn an_op_of_another_epoch_is_fenced_at_open() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Peer::opened(server.address, "a", "ann").await;
    let mut message = reopen("a", "ann", 2, &json!("another-life"), 7);
    message["seq"] = 5.into();
    message["inflight"] = sent("ann", 5, &insert("old"), 7);
    ann.say(message).await;
    let answer = ann.hear("snapshot").await;
    assert_eq!(
        (&answer["fate"], &answer["revision"]),
        (&json!("fenced"), &json!(0))
    );
    ann.submit("a", 5, 7, "old").await;
    ann.hear("behind").await;
    let (_, now) = Peer::opened(server.address, "a", "eve").await;
    assert_eq!(now["value"], "");
}

#[tokio::test]
async fn a_copied_client_id_is_told() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Peer::opened(server.address, "a", "ann").await;
    ann.submit("a", 1, 0, "mine").await;
    ann.hear("committed").await;
    // The same seq with another op; a seq before the last one.
    ann.submit("a", 1, 0, "not mine").await;
    let told = ann.hear_code("error", "cloned-client").await;
    assert_eq!((&told["doc"], &told["seq"]), (&json!("a"), &json!(1)));
    ann.submit("a", 5, 1, "more ").await;
    ann.hear("committed").await;
    ann.submit("a", 3, 1, "old").await;
    ann.hear_code("error", "cloned-client").await;
    // An open that does not know of the seqs its name has used.
    let mut copy = Peer::greeted(server.address).await;
    copy.say(open("a", "ann")).await;
    copy.hear_code("error", "cloned-client").await;
    copy.submit("a", 1, 0, "x").await;
    copy.hear_code("error", "not-open").await;
    copy.say(json!({
        "type": "open", "doc": "a", "client": "fresh", "request": 2,
        "epoch": null, "revision": 0, "seq": 0,
    }))
    .await;
    assert_eq!(copy.hear("snapshot").await["value"], "more mine");
}

/// I3. The store holds the append back: until it is durable, nobody hears of it.
#[tokio::test]
async fn an_ack_means_durable() {
    let store = Arc::new(TestStore::new());
    let server = Server::over(store.clone(), &[]).await;
    let (mut ann, _) = Peer::opened(server.address, "a", "ann").await;
    let (mut bob, _) = Peer::opened(server.address, "a", "bob").await;
    store.set(Appends::Wait);
    ann.submit("a", 1, 0, "x").await;
    assert!(ann.is_quiet(Duration::from_millis(300)).await);
    assert!(bob.is_quiet(Duration::from_millis(50)).await);
    store.set(Appends::Pass);
    ann.hear("committed").await;
    bob.hear("committed").await;
    // A refusal is a decision, too: it is fenced before it is told.
    store.set(Appends::Wait);
    ann.say(json!({"type": "submit", "doc": "a", "seq": 2, "base": 1, "op": 7}))
        .await;
    assert!(ann.is_quiet(Duration::from_millis(300)).await);
    store.set(Appends::Pass);
    ann.hear("rejected").await;
    // What the store refuses is as if it had never been: fences, too.
    store.set(Appends::Fail);
    ann.say(json!({"type": "submit", "doc": "a", "seq": 3, "base": 1, "op": 7}))
        .await;
    ann.hear_code("error", "storage-unavailable").await;
    bob.hear_code("error", "storage-unavailable").await;
    store.set(Appends::Pass);
    let mut message = open("a", "ann");
    message["request"] = 2.into();
    message["seq"] = 2.into();
    ann.say(message).await;
    assert_eq!(ann.hear("snapshot").await["revision"], 1);
    ann.submit("a", 3, 1, "y").await;
    assert_eq!(ann.hear("committed").await["revision"], 2);
}

#[tokio::test]
async fn a_connection_that_is_silent_is_closed() {
    let server = Server::start(&["--ping-interval", "0.1"]).await;
    let mut peer = Peer::greeted(server.address).await;
    // It does not read, so it does not answer the pings either.
    tokio::time::sleep(Duration::from_millis(600)).await;
    peer.is_closed(1000).await;
    // One that reads answers by itself, and stays.
    let mut peer = Peer::greeted(server.address).await;
    assert!(peer.is_quiet(Duration::from_millis(600)).await);
    peer.say(json!({"type": "ping"})).await;
    peer.hear("pong").await;
}
