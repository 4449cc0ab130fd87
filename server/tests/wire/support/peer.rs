//! One end of a WebSocket, which says exactly what a test tells it to.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rejoin::json::JsonOp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Long enough for a busy machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
pub struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    /// Connects, and says nothing.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}/sync");
        let (socket, _) = client_async(url, stream).await.unwrap();
        Self { socket }
    }

    /// Connects, and is welcome.
    pub async fn greeted(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address).await;
        peer.say(hello()).await;
        peer.hear("welcome").await;
        peer
    }

    /// Greeted, with a document open (and made, if need be). Gives the answer too.
    pub async fn opened(address: SocketAddr, doc: &str, client: &str) -> (Self, Value) {
        let mut peer = Self::greeted(address).await;
        peer.say(open(doc, client)).await;
        let answer = peer.next().await;
        assert!(
            answer["type"] == "snapshot" || answer["type"] == "ops",
            "{answer}"
        );
        (peer, answer)
    }

    /// Sends a message.
    pub async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    /// Sends text, which may be no message.
    pub async fn say_text(&mut self, text: &str) {
        self.send(Message::text(text)).await.unwrap();
    }

    /// Sends a frame of any kind; the server may have closed meanwhile.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        timeout(PATIENCE, self.socket.send(message)).await.unwrap()
    }

    /// Submits that `text` is inserted at the start.
    pub async fn submit(&mut self, doc: &str, seq: u64, base: u64, text: &str) {
        self.say(
            json!({"type": "submit", "doc": doc, "seq": seq, "base": base, "op": insert(text)}),
        )
        .await;
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        self.next_or_close()
            .await
            .unwrap_or_else(|code| panic!("closed with {code:?} instead of a message"))
    }

    /// The next message, which has this type.
    pub async fn hear(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message, which has this type and this code.
    pub async fn hear_code(&mut self, kind: &str, code: &str) -> Value {
        let message = self.hear(kind).await;
        assert_eq!(message["code"], code, "{message}");
        message
    }

    /// The next message, or how the connection ended: its close code, if one was given.
    pub async fn next_or_close(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let frame = timeout(PATIENCE, self.socket.next())
                .await
                .expect("the server says nothing");
            match frame {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The connection ends here, with this code.
    pub async fn is_closed(&mut self, code: u16) {
        match self.next_or_close().await {
            Ok(message) => panic!("{message} instead of the end"),
            Err(end) => assert_eq!(end, Some(code)),
        }
    }

    /// Whether no message comes for this long. The socket's own pings are answered meanwhile.
    pub async fn is_quiet(&mut self, wait: Duration) -> bool {
        timeout(wait, self.next_or_close()).await.is_err()
    }
}

/// The first message.
pub fn hello() -> Value {
    json!({"type": "hello", "protocol": 1})
}

/// An open of a replica that has nothing, and would create the document empty.
pub fn open(doc: &str, client: &str) -> Value {
    json!({
        "type": "open", "doc": doc, "client": client, "request": 1,
        "epoch": null, "revision": 0, "seq": 0, "create": "",
    })
}

/// The op that inserts `text` at the start.
pub fn insert(text: &str) -> Value {
    json!([{"es": [text]}])
}

/// The inflight op of an `open`, made on `base`.
pub fn sent(client: &str, seq: u64, op: &Value, base: u64) -> Value {
    let op: JsonOp = serde_json::from_value(op.clone()).unwrap();
    json!({"client": client, "seq": seq, "digest": op.digest(base)})
}
