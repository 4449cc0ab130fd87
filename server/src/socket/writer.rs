//! Writes what an outbox holds, as fast as the socket takes it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use rejoin::protocol::{Committed, ServerMessage};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::outbox::{CloseReason, Item, LogRange, Outbox};
use crate::document::storage_unavailable;
use crate::store::{Page, Store, StoreError};

/// How long one write may take before the peer counts as gone.
const STALLED: Duration = Duration::from_secs(120);

/// How long a peer that does not read gets to take the close frame.
const CLOSING: Duration = Duration::from_secs(2);

/// Written together before a flush.
const FLUSH_BYTES: usize = 64 * 1024;

pub(super) struct Writer {
    pub(super) sink: SplitSink<WebSocket, Message>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) store: Arc<dyn Store>,
    pub(super) page: Page,
    pub(super) ping: Duration,
}

impl Writer {
    /// Runs until the outbox is closed and written, or the socket breaks; then the outbox is closed.
    pub(super) async fn run(mut self) {
        let mut ping = interval(self.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outbox = Arc::clone(&self.outbox);
            let written = tokio::select! {
                item = outbox.next() => match item {
                    Ok(item) => self.write_run(item).await,
                    Err(reason) => return self.close(reason).await,
                },
                _ = ping.tick() => self.send(Message::Ping(Default::default())).await,
            };
            if written.is_err() {
                self.outbox.close(CloseReason::Gone);
                if self.outbox.closed() == Some(CloseReason::Slow) {
                    self.close(CloseReason::Slow).await;
                }
                return;
            }
        }
    }

    /// One item and what waits behind it, up to a flush.
    async fn write_run(&mut self, first: Item) -> Result<(), ()> {
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                Item::Frame(frame) => {
                    bytes += frame.len();
                    self.feed(Message::Text(frame)).await?;
                }
                Item::Log(range) => self.write_log(range).await?,
            }
            next = if bytes < FLUSH_BYTES {
                self.outbox.pop()
            } else {
                None
            };
        }
        within(&self.outbox, self.sink.flush()).await
    }

    /// A range of the log, page by page; each is on its way before the next is read.
    async fn write_log(&mut self, range: LogRange) -> Result<(), ()> {
        let mut base = range.base;
        loop {
            let ops = match self.read(&range, base).await {
                Ok(ops) => ops,
                Err(error) => {
                    tracing::error!(doc = %range.doc, base, %error, "the log could not be read");
                    let message = storage_unavailable(range.doc, None);
                    return self.send_message(&message).await;
                }
            };
            let next = base + ops.len() as u64;
            let message = ServerMessage::Ops {
                doc: range.doc.clone(),
                epoch: range.epoch.clone(),
                request: range.request,
                base,
                ops,
                head: range.head,
                fate: range.fate,
            };
            self.send_message(&message).await?;
            if next >= range.to {
                return Ok(());
            }
            base = next;
        }
    }

    async fn read(&self, range: &LogRange, base: u64) -> Result<Vec<Committed>, StoreError> {
        let ops = self
            .store
            .ops(&range.doc, base, range.to, self.page)
            .await?;
        if ops.is_empty() && base < range.to {
            return Err(StoreError::LostAppend {
                doc: range.doc.to_string(),
                base,
            });
        }
        Ok(ops)
    }

    async fn send_message(&mut self, message: &ServerMessage) -> Result<(), ()> {
        let json = serde_json::to_string(message).map_err(drop)?;
        self.send(Message::Text(json.into())).await
    }

    async fn feed(&mut self, message: Message) -> Result<(), ()> {
        within(&self.outbox, self.sink.feed(message)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), ()> {
        within(&self.outbox, self.sink.send(message)).await
    }

    async fn close(&mut self, reason: CloseReason) {
        let frame = CloseFrame {
            code: reason.code(),
            reason: reason.text().into(),
        };
        // A peer that is gone, or does not read, does not get it.
        let _ = timeout(CLOSING, self.sink.send(Message::Close(Some(frame)))).await;
        let _ = timeout(CLOSING, self.sink.close()).await;
    }
}

/// Gives up when the peer takes nothing for too long, or when too much waits for it meanwhile.
async fn within<E>(outbox: &Outbox, write: impl Future<Output = Result<(), E>>) -> Result<(), ()> {
    tokio::select! {
        written = timeout(STALLED, write) => match written {
            Ok(Ok(())) => Ok(()),
            _ => Err(()),
        },
        () = outbox.overflowed() => Err(()),
    }
}
