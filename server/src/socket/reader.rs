//! Reads one socket, and hands each message to the document it is for.
//!
//! ```text
//!  hello ──▶ welcome ──▶ open, submit, close, ping, in any order ──▶ end
//!    │ other version, no hello                                        │ peer gone, too slow, too
//!    ▼                                                                ▼ big, silent, shutdown
//!  error, close                                        each document: closed (drained at shutdown)
//! ```
//! A message that cannot be read is answered, and the connection goes on. Between messages the reader
//! waits until little is left to write: a peer that asks for more than it reads waits itself.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use rejoin::Error;
use rejoin::authority::PeerId;
use rejoin::id::DocId;
use rejoin::protocol::{ClientMessage, Open, ServerMessage, Submit};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::outbox::{CloseReason, Outbox};
use super::writer::Writer;
use crate::document::{Command, Peer};
use crate::server::Shared;

type End = ControlFlow<CloseReason>;

/// Serves a socket until it ends.
pub(crate) async fn serve(socket: WebSocket, server: Arc<Shared>) {
    let id = server.next_peer();
    let (sink, stream) = socket.split();
    let outbox = Arc::new(Outbox::new(server.outbox_limits()));
    let writer = Writer {
        sink,
        outbox: Arc::clone(&outbox),
        store: Arc::clone(&server.store),
        page: server.page(),
        ping: server.config.ping_interval,
    };
    let writing = tokio::spawn(writer.run());
    tracing::debug!(peer = id.0, "connected");

    let mut reader = Reader {
        peer: Peer { id, outbox },
        documents: HashMap::new(),
        server,
    };
    let reason = reader.run(stream).await;
    reader.leave(reason).await;
    reader.peer.outbox.close(reason);
    // It ends by itself: every write has a deadline.
    let _ = writing.await;
    tracing::debug!(peer = id.0, ?reason, "disconnected");
}

struct Reader {
    peer: Peer,
    documents: HashMap<DocId, mpsc::Sender<Command>>,
    server: Arc<Shared>,
}

impl Reader {
    async fn run(&mut self, mut stream: SplitStream<WebSocket>) -> CloseReason {
        let mut shutdown = self.server.shutdown.clone();
        let stopped = shutdown.wait_for(|stop| *stop);
        tokio::pin!(stopped);
        let mut greeted = false;
        loop {
            let outbox = Arc::clone(&self.peer.outbox);
            let next = async {
                outbox.calm().await;
                timeout(self.server.silence(), stream.next()).await
            };
            let message = tokio::select! {
                // Checked first: a peer that never stops sending must not hold up a shutdown.
                biased;
                _ = &mut stopped => return CloseReason::Restart,
                reason = outbox.ended() => return reason,
                message = next => match message {
                    Ok(Some(Ok(message))) => message,
                    Ok(Some(Err(error))) => return self.broken(&error),
                    Ok(None) | Err(_) => return CloseReason::Gone,
                },
            };
            let step = match message {
                Message::Text(text) if greeted => self.message(&text).await,
                Message::Text(text) => self.greet(&text).map_continue(|()| greeted = true),
                Message::Binary(_) => {
                    self.answer_error(None, None, &malformed("messages are text, not binary"));
                    End::Continue(())
                }
                Message::Close(_) => End::Break(CloseReason::Gone),
                Message::Ping(_) | Message::Pong(_) => End::Continue(()),
            };
            if let ControlFlow::Break(reason) = step {
                return reason;
            }
        }
    }

    fn greet(&self, text: &str) -> End {
        let limit = self.server.config.max_message_bytes as u64;
        let error = match ClientMessage::decode(text) {
            Ok(ClientMessage::Hello(hello)) => match hello.welcome(Some(limit)) {
                Ok(welcome) => {
                    self.answer(&welcome);
                    return End::Continue(());
                }
                Err(error) => error,
            },
            Ok(_) => malformed("the first message is hello"),
            Err(bad) => bad.error,
        };
        self.answer_error(None, None, &error);
        End::Break(CloseReason::Protocol)
    }

    async fn message(&mut self, text: &str) -> End {
        let limit = self.server.config.max_message_bytes;
        let too_large = (text.len() > limit).then_some(Error::TooLarge {
            what: "the message's size in bytes",
            size: text.len(),
            limit,
        });
        match (ClientMessage::decode(text), too_large) {
            (Ok(ClientMessage::Submit(submit)), Some(error)) => {
                self.refuse(submit.doc, submit.seq, error).await;
            }
            (Ok(ClientMessage::Open(open)), Some(error)) => {
                self.answer_error(Some(open.doc), None, &error);
            }
            (_, Some(error)) => self.answer_error(None, None, &error),
            (Ok(ClientMessage::Hello(_)), None) => {
                self.answer_error(None, None, &malformed("hello was said before"));
            }
            (Ok(ClientMessage::Open(open)), None) => self.open(open).await,
            (Ok(ClientMessage::Submit(submit)), None) => self.submit(submit).await,
            (Ok(ClientMessage::Close { doc }), None) => self.close(&doc).await,
            (Ok(ClientMessage::Ping), None) => self.answer(&ServerMessage::Pong),
            (Err(bad), None) => match (bad.doc, bad.submit) {
                (Some(doc), Some(seq)) => self.refuse(doc, seq, bad.error).await,
                (doc, seq) => self.answer_error(doc, seq, &bad.error),
            },
        }
        End::Continue(())
    }

    async fn open(&mut self, open: Open) {
        let limit = self.server.config.max_documents;
        if !self.documents.contains_key(&open.doc) && self.documents.len() >= limit {
            let error = Error::TooLarge {
                what: "the number of documents open on one connection",
                size: self.documents.len() + 1,
                limit,
            };
            return self.answer_error(Some(open.doc), None, &error);
        }
        let doc = open.doc.clone();
        let actor = self
            .documents
            .entry(doc)
            .and_modify(|actor| {
                if actor.is_closed() {
                    *actor = self.server.registry.get(&open.doc);
                }
            })
            .or_insert_with(|| self.server.registry.get(&open.doc));
        let (answered, answer) = oneshot::channel();
        let command = Command::Open {
            peer: self.peer.clone(),
            open,
            answered,
        };
        if actor.send(command).await.is_ok() {
            // One at a time, so that what is asked for at once cannot pile up in the outbox. It is never
            // sent: dropped when the answer is there.
            let _ = answer.await;
        }
    }

    async fn submit(&self, submit: Submit) {
        match self.documents.get(&submit.doc) {
            Some(actor) => {
                let peer = self.peer.clone();
                // An actor with a peer does not end.
                let _ = actor.send(Command::Submit { peer, submit }).await;
            }
            None => self.not_open(submit.doc, submit.seq),
        }
    }

    /// A submit that cannot be taken is refused by the document, which fences it.
    async fn refuse(&self, doc: DocId, seq: u64, error: Error) {
        match self.documents.get(&doc) {
            Some(actor) => {
                let peer = self.peer.clone();
                let _ = actor.send(Command::Refuse { peer, seq, error }).await;
            }
            None => self.not_open(doc, seq),
        }
    }

    async fn close(&mut self, doc: &DocId) {
        if let Some(actor) = self.documents.remove(doc) {
            let peer = self.peer.id;
            let _ = actor.send(Command::Close { peer }).await;
        }
    }

    /// Closes every document. At a shutdown, after what was read is durable and answered.
    async fn leave(&mut self, reason: CloseReason) {
        let peer: PeerId = self.peer.id;
        let mut draining = Vec::new();
        for (_, actor) in self.documents.drain() {
            if reason == CloseReason::Restart {
                let (drained, wait) = oneshot::channel();
                let _ = actor.send(Command::Drain { peer, drained }).await;
                draining.push(wait);
            } else {
                let _ = actor.send(Command::Close { peer }).await;
            }
        }
        for drained in draining {
            let _ = drained.await;
        }
    }

    /// After a message that was too large for the socket layer, the rest of the stream cannot be read.
    fn broken(&self, error: &axum::Error) -> CloseReason {
        if !is_capacity(error) {
            return CloseReason::Gone;
        }
        let limit = self.server.config.largest_frame();
        let error = Error::TooLarge {
            what: "the message's size in bytes, for this connection to go on,",
            size: limit + 1,
            limit,
        };
        self.answer_error(None, None, &error);
        CloseReason::TooBig
    }

    fn not_open(&self, doc: DocId, seq: u64) {
        let error = Error::NotOpen {
            doc: doc.to_string(),
        };
        self.answer_error(Some(doc), Some(seq), &error);
    }

    fn answer_error(&self, doc: Option<DocId>, seq: Option<u64>, error: &Error) {
        tracing::debug!(peer = self.peer.id.0, code = error.code(), %error, "refused");
        self.answer(&ServerMessage::error(doc, seq, error));
    }

    fn answer(&self, message: &ServerMessage) {
        match serde_json::to_string(message) {
            Ok(json) => self.peer.outbox.push(json.into()),
            Err(error) => tracing::error!(%error, "defect: a message cannot be encoded"),
        }
    }
}

fn malformed(reason: &str) -> Error {
    Error::MalformedMessage {
        reason: reason.into(),
    }
}

/// axum hides its socket layer's error type; its text is all there is to tell by.
fn is_capacity(error: &axum::Error) -> bool {
    error.to_string().contains("too long")
}
