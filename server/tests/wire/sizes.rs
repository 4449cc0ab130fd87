//! What is too large is refused with both numbers, and nothing else suffers.

use serde_json::json;

use crate::support::{Peer, Server, insert, open};

fn submit(seq: u64, length: usize) -> serde_json::Value {
    json!({"type": "submit", "doc": "a", "seq": seq, "base": 0, "op": insert(&"x".repeat(length))})
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_connection_goes_on() {
    let server = Server::start(&["--max-message-bytes", "1000"]).await;
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    let envelope = submit(1, 0).to_string().len();
    peer.say(submit(1, 1000 - envelope)).await;
    assert_eq!(peer.hear("committed").await["revision"], 1);
    peer.say(submit(2, 1001 - envelope)).await;
    let told = peer.hear_code("rejected", "too-large").await;
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("1001") && detail.contains("1000"), "{told}");
    // It is fenced: cut down, it needs a new seq.
    peer.say(submit(2, 1)).await;
    peer.hear("behind").await;
    peer.say(submit(3, 1)).await;
    assert_eq!(peer.hear("committed").await["revision"], 2);

    let mut large = open("b", "ann");
    large["create"] = "x".repeat(1000).into();
    peer.say(large).await;
    assert_eq!(peer.hear_code("error", "too-large").await["doc"], "b");
    peer.say_text(&" ".repeat(1500)).await;
    peer.hear_code("error", "too-large").await;
    peer.say(json!({"type": "ping"})).await;
    peer.hear("pong").await;
}

/// So large that it is not read: then nothing after it can be, either.
#[tokio::test]
async fn a_message_far_over_the_limit_is_told_and_closes_the_connection() {
    let server = Server::start(&["--max-message-bytes", "1000"]).await;
    let (mut other, _) = Peer::opened(server.address, "a", "bob").await;
    for length in [2_500, 200_000] {
        let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
        peer.say(submit(1, length)).await;
        peer.hear_code("error", "too-large").await;
        peer.is_closed(1009).await;
    }
    other.submit("a", 1, 0, "undisturbed").await;
    assert_eq!(other.hear("committed").await["revision"], 1);
}

#[tokio::test]
async fn a_document_does_not_grow_over_its_limit_but_may_shrink() {
    let server = Server::start(&["--max-document-size", "10"]).await;
    let (mut peer, _) = Peer::opened(server.address, "a", "ann").await;
    // Ten scalars of four bytes each: characters are counted.
    peer.submit("a", 1, 0, &"😀".repeat(10)).await;
    peer.hear("committed").await;
    peer.submit("a", 2, 1, "x").await;
    peer.hear_code("rejected", "too-large").await;
    let op = json!([{"es": [{"d": 3}]}]);
    peer.say(json!({"type": "submit", "doc": "a", "seq": 3, "base": 1, "op": op}))
        .await;
    assert_eq!(peer.hear("committed").await["revision"], 2);
    let mut large = open("b", "ann");
    large["create"] = "x".repeat(11).into();
    peer.say(large).await;
    assert_eq!(peer.hear_code("error", "too-large").await["doc"], "b");
}
